/*
 * cmd_status.c: `cuflight status`: what is being recorded right now.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/message.h"
#include "collector/options.h"
#include "collector/request.h"

const char status_usage[] = "Usage: cuflight status [--watch] [--json] [SESSION]\n"
			    "\n"
			    "What is being recorded right now: sessions, their processes with rank and "
			    "device, the iteration each is in,\n"
			    "records and records a second, how full its ring is, and what was lost.\n"
			    "\n"
			    "  -w, --watch          again every second, until Ctrl-C\n"
			    "      --json           one JSON object a session and line\n"
			    "\n"
			    "SESSION as for `cuflight start`; default: all of yours.\n"
			    "\n"
			    "Exit status: 0, or 1 if nothing is being recorded.\n";

struct status_options {
	bool watch, json;
};

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static long long number_of(json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

/* Names come from processes: no control characters to the terminal. */
static void print_text(const char *text, int width)
{
	int length = (int)strlen(text);

	print_escaped(stdout, text, (size_t)(length < width ? length : width));
	printf("%*s ", length < width ? width - length : 0, "");
}

static void print_process(json_t *p)
{
	printf("  %8lld  ", number_of(p, "pid"));
	print_text(text_of(p, "name"), 20);
	print_text(text_of(p, "rank"), 4);
	print_text(text_of(p, "device"), 24);
	print_text(text_of(p, "state"), 10);
	printf("%9lld %12lld %11.0f %4.0f%% %9lld\n", number_of(p, "iteration"), number_of(p, "records"),
	       json_number_value(json_object_get(p, "records_per_second")),
	       json_number_value(json_object_get(p, "ring_fill")) * 100, number_of(p, "lost"));
}

static void print_session(json_t *s)
{
	json_t *window = json_object_get(s, "window"), *process;
	size_t i;

	fputs("session ", stdout);
	print_escaped(stdout, text_of(s, "session"), strlen(text_of(s, "session")));
	fputs("\nfile    ", stdout);
	print_escaped(stdout, text_of(s, "file"), strlen(text_of(s, "file")));
	printf(", %.1f MB\n", (double)number_of(s, "file_bytes") / 1e6);
	if (json_is_object(window)) {
		printf("window  %lld, ", number_of(window, "number"));
		print_escaped(stdout, text_of(window, "name"), strlen(text_of(window, "name")));
		printf(", open for %.1f s\n", json_number_value(json_object_get(window, "seconds")));
	}
	printf("  %8s  %-20s %-4s %-24s %-10s%10s %12s %11s %5s %9s\n", "pid", "name", "rank", "device",
	       "state", "iteration", "records", "records/s", "ring", "lost");
	json_array_foreach(json_object_get(s, "processes"), i, process) print_process(process);
}

static int show(const char *dir, const struct status_options *o)
{
	struct session_request request = {
		.magic = SESSION_REQUEST_MAGIC, .abi = SESSION_ABI, .operation = SESSION_STATUS};
	char last[1024], *text = NULL;
	json_t *status;
	int err = request_send(dir, &request, &text, last, sizeof(last));

	if (err || !text) {
		free(text);
		return fail("%s: %s", dir, last);
	}
	if (o->json) {
		puts(text);
	} else {
		status = json_loads(text, 0, NULL);
		if (status)
			print_session(status);
		json_decref(status);
	}
	free(text);
	return 0;
}

static int show_all(const char *wanted, const struct status_options *o)
{
	static struct live_session sessions[REQUEST_SESSIONS];
	char dir[SESSION_PATH];
	int status = 0;
	size_t n;

	if (wanted) {
		status = request_session(wanted, dir, sizeof(dir));
		return status ? status : show(dir, o);
	}
	n = request_find(sessions, REQUEST_SESSIONS);
	if (!n)
		return fail("nothing is being recorded");
	for (size_t i = 0; i < n; i++)
		status |= show(sessions[i].dir, o);
	return status;
}

int command_status(int argc, char **argv)
{
	static const struct option options[] = {
		{"watch", no_argument, NULL, 'w'}, {"json", no_argument, NULL, 'j'}, {0}};
	struct status_options o = {0};
	int c, status;

	while ((c = next_option(argc, argv, "w", options)) != -1) {
		if (c == 'w')
			o.watch = true;
		else if (c == 'j')
			o.json = true;
		else
			return EXIT_USAGE;
	}
	if (argc - optind > 1)
		return fail_usage("status", "one session, or none for all");
	do {
		if (o.watch && !o.json && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		status = show_all(argv[optind], &o);
		if (fflush(stdout))
			return EXIT_FAILURE;
	} while (o.watch && !status && !sleep(1));
	return status;
}
