/*
 * variables.c: what the variables are for. Their values and defaults are wire/config.c's to know.
 */
#include "collector/variables.h"

#include <string.h>
#include <unistd.h>

#include "collector/message.h"
#include "wire/config.h"

#define PREFIX	      "CUFLIGHT_"
#define MAX_VARIABLES 64

static const struct {
	const char *name, *meaning;
} meanings[] = {
	{"CUFLIGHT_DIR", "session directory, absolute"},
	{"CUFLIGHT_CUPTI", "the libcupti to use, a file or its directory"},
	{"CUFLIGHT_MODE", "what gives way when the ring is full: new records, or the oldest"},
	{"CUFLIGHT_CLOCK", "clock of NVTX events"},
	{"CUFLIGHT_GATE", "how records outside the recorded ranges are held back"},
	{"CUFLIGHT_RANGES", "which iterations to record"},
	{"CUFLIGHT_ITERATION", "what an iteration is"},
	{"CUFLIGHT_CAPTURE", "what switches recording on and off"},
	{"CUFLIGHT_TRIGGER", "what is worth a recording by itself"},
	{"CUFLIGHT_DELAY", "record only after this time"},
	{"CUFLIGHT_DURATION", "record only for this time"},
	{"CUFLIGHT_SLOTS", "activity buffers"},
	{"CUFLIGHT_SLOT_SIZE", "size of each"},
	{"CUFLIGHT_PAGES", "pages for NVTX events; each thread that records holds one"},
	{"CUFLIGHT_PAGE_SIZE", "size of each"},
	{"CUFLIGHT_NAMES_SIZE", "names, facts and other permanent records"},
	{"CUFLIGHT_RING_SIZE", "compressed records: how much a flight recording holds"},
	{"CUFLIGHT_FLUSH", "how often CUPTI is asked for completed records"},
	{"CUFLIGHT_PUBLISH", "how long a record may wait until it is published"},
	{"CUFLIGHT_DEVICE_BUFFER_SIZE", "bytes of each of CUPTI's buffers in GPU memory"},
	{"CUFLIGHT_DEVICE_BUFFER_LIMIT", "how many of them a context may have"},
	{"CUFLIGHT_LIB", "libcuflight.so, where it is not beside cuflight (cuflight only)"},
};

const char *variable_meaning(const char *name)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (!strcmp(meanings[i].name, name))
			return meanings[i].meaning;
	return NULL;
}

void variables_print(FILE *out)
{
	struct config_variable v;

	fputs("Variables that recorded processes and cuflight read. Sizes take K, M, G; durations need ms or "
	      "s.\n"
	      "docs/inside.md says more.\n\n",
	      out);
	for (size_t i = 0; config_variable(i, &v); i++) {
		const char *meaning = variable_meaning(v.name);

		fprintf(out, "  %s\n      %s\n      ", v.name, meaning ? meaning : "");
		if (*v.values)
			fprintf(out, "%s%s%s; ", v.values, *v.standard ? "; default " : "", v.standard);
		fprintf(out, "as in %s\n", v.example);
	}
	fprintf(out, "  CUFLIGHT_LIB\n      %s\n", variable_meaning("CUFLIGHT_LIB"));
}

void variables_note_unknown(void)
{
	const char *bare[MAX_VARIABLES + 1];
	size_t n = 0;

	for (; n < sizeof(meanings) / sizeof(meanings[0]) && n < MAX_VARIABLES; n++)
		bare[n] = meanings[n].name + strlen(PREFIX);
	bare[n] = NULL;
	for (char **entry = environ; *entry; entry++) {
		char name[64];
		const char *near;

		if (strncmp(*entry, PREFIX, strlen(PREFIX)))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*entry, "="), *entry);
		if (variable_meaning(name))
			continue;
		/* Other programs may have variables of such names: only what looks like one of ours is told.
		 */
		near = nearest_name(name + strlen(PREFIX), bare);
		if (near)
			message("no variable %s is known; did you mean " PREFIX
				"%s? (cuflight help variables)",
				name, near);
	}
}
