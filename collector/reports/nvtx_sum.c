/*
 * nvtx_sum.c: NVTX ranges by domain and text.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/nvtx_ranges.h"
#include "collector/reports/reports.h"
#include "collector/sum_table.h"

struct nvtx_sum {
	struct texts *texts;
	struct nvtx_ranges *ranges;
	struct sum_table sum;
	struct map names; /* domain << 32 | name -> text number of "domain:name" */
};

/* "name" in the default domain, "domain:name" in others. */
static uint32_t shown_name(struct nvtx_sum *s, const struct nvtx_range *range)
{
	uint64_t key = (uint64_t)range->domain << 32 | range->name, *known;
	const char *domain, *name;
	size_t domain_length, length;
	uint32_t number;
	char *joined;

	if (!range->domain)
		return range->name;
	known = map_find(&s->names, key);
	if (known)
		return (uint32_t)*known;
	domain = texts_get(s->texts, range->domain, &domain_length);
	name = texts_get(s->texts, range->name, &length);
	joined = malloc(domain_length + length + 1);
	if (!joined)
		return TEXT_NONE;
	memcpy(joined, domain, domain_length);
	joined[domain_length] = ':';
	memcpy(joined + domain_length + 1, name, length);
	number = texts_add(s->texts, joined, domain_length + 1 + length);
	free(joined);
	if (number != TEXT_NONE && map_put(&s->names, key, number))
		return TEXT_NONE;
	return number;
}

static int add(void *context, const struct nvtx_range *range)
{
	struct nvtx_sum *s = context;
	struct sum_group *group;
	uint32_t name;

	if (range->mark)
		return 0;
	name = shown_name(s, range);
	if (name == TEXT_NONE)
		return -ENOMEM;
	group = sum_table_group(&s->sum, (uint64_t)range->start_end << 32 | name, name,
				range->start_end ? "StartEnd" : "PushPop");
	return group ? samples_add(&group->samples, (uint64_t)(range->end - range->start)) : -ENOMEM;
}

static void free_state(void *state)
{
	struct nvtx_sum *s = state;

	nvtx_ranges_free(s->ranges);
	sum_table_free(&s->sum);
	map_free(&s->names);
	free(s);
}

static int begin(struct report_run *run, const char *argument, void **state)
{
	struct nvtx_sum *s;

	if (*argument)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->texts = run->texts;
	s->sum = (struct sum_table){
		.texts = run->texts, .count_name = "Instances", .name_name = "Range", .has_style = true};
	s->ranges = nvtx_ranges_new(add, s);
	if (!s->ranges) {
		free_state(s);
		return -ENOMEM;
	}
	*state = s;
	return 0;
}

static int batch(void *state, const struct report_batch *b)
{
	struct nvtx_sum *s = state;

	return nvtx_ranges_batch(s->ranges, b);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	struct nvtx_sum *s = state;
	uint64_t open;
	int err = nvtx_ranges_end(s->ranges, &open);

	if (err)
		return err;
	if (open)
		snprintf(note, note_size,
			 "%" PRIu64
			 " range%s not closed when the recording ended; counted up to the last event "
			 "of the process",
			 open, open == 1 ? " was" : "s were");
	sum_table_end(&s->sum, table);
	return 0;
}

static const struct report_need needs[] = {{EVENT_NVTX, NVTX_RANGE_FIELDS, nvtx_range_fields}, {.kind = 0}};

const struct report report_nvtx_sum = {
	.name = "nvtx_sum",
	.old_name = "nvtxsum",
	.title = "NVTX Range Summary",
	.arguments = "",
	.data = "NV Tools Extension (NVTX) data",
	.help = "One row a range, as domain:text. Style: PushPop (of one thread) or StartEnd. Time: share of "
		"the\n"
		"time in all ranges; nested ranges count in each.",
	.needs = needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};
