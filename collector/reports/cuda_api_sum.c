/*
 * cuda_api_sum.c: CUDA calls by name, runtime and driver. A driver call that a runtime call made is part of
 * it and not counted again (api_calls.h).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/api_calls.h"
#include "collector/reports/reports.h"
#include "collector/sum_table.h"

enum {
	NAME,
	DOMAIN,
	DURATION,
	CORRELATION,
};
static const uint16_t fields[] = {FIELD_NAME, FIELD_API_DOMAIN, FIELD_DURATION, FIELD_CORRELATION};

struct api_sum {
	struct sum_table sum;
	struct api_calls *calls;
};

static void free_state(void *state)
{
	struct api_sum *s = state;

	sum_table_free(&s->sum);
	api_calls_free(s->calls);
	free(s);
}

static int begin(struct report_run *run, const char *argument, void **state)
{
	struct api_sum *s;
	int err;

	if (*argument)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->sum = (struct sum_table){.texts = run->texts, .count_name = "Num Calls", .name_name = "Name"};
	err = api_calls_new(run->trace, &s->calls);
	if (err) {
		free_state(s);
		return err;
	}
	*state = s;
	return 0;
}

/*
 * nsys shows cudaMalloc_v3020 as cudaMalloc: it drops a version of four digits, and keeps longer ones.
 * Returns the length without it.
 */
static size_t without_version(const char *name, size_t length)
{
	if (length <= 6 || name[length - 6] != '_' || name[length - 5] != 'v')
		return length;
	for (size_t i = length - 4; i < length; i++)
		if (!isdigit((unsigned char)name[i]))
			return length;
	return length - 6;
}

static struct sum_group *group_of(struct api_sum *s, const struct report_batch *b, uint64_t reference)
{
	struct texts *texts = b->run->texts;
	uint32_t name = texts_resolve(texts, b->process, b->decoder, reference), shown;
	const char *text;
	size_t length;

	if (name == TEXT_NONE)
		return NULL;
	text = texts_get(texts, name, &length);
	shown = texts_add(texts, text, without_version(text, length));
	/* Versions of a call have rows of their own, as in nsys. */
	return shown == TEXT_NONE ? NULL : sum_table_group(&s->sum, name, shown, NULL);
}

static int batch(void *state, const struct report_batch *b)
{
	struct api_sum *s = state;
	int err = sum_table_sites(&s->sum, b->sites);

	for (uint32_t i = 0; i < b->sites && !err; i++)
		s->sum.by_site[i] = NULL;
	for (uint32_t i = 0; i < b->count && !err; i++) {
		struct sum_group **group = &s->sum.by_site[b->site[i]];

		if (api_calls_nested(s->calls, b->process, report_static(b, DOMAIN, b->site[i]),
				     b->column[CORRELATION].values[i]))
			continue;
		/* Not before a call of it is counted: a call that is only made by others has no row. */
		if (!*group)
			*group = group_of(s, b, report_static(b, NAME, b->site[i]));
		err = *group ? samples_add(&(*group)->samples, b->column[DURATION].values[i]) : -ENOMEM;
	}
	return err;
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	struct api_sum *s = state;

	(void)note;
	(void)note_size;
	sum_table_end(&s->sum, table);
	return 0;
}

static const struct report_need needs[] = {{EVENT_API, 4, fields}, {.kind = 0}};

const struct report report_cuda_api_sum = {
	.name = "cuda_api_sum",
	.old_name = "cudaapisum",
	.title = "CUDA API Summary",
	.arguments = "",
	.data = "CUDA trace data",
	.help = "One row a function of the CUDA runtime or driver. Time: its share of the time in all of "
		"them,\n"
		"not of the run. Driver calls that a runtime call made are part of that.",
	.needs = needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};
