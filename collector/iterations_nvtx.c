/*
 * iterations_nvtx.c: iterations made from NVTX ranges when the recording is read, for one that was made
 * without saying what an iteration is. The same ranges count as under CUFLIGHT_ITERATION=nvtx:.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/iterations.h"
#include "collector/nvtx_ranges.h"

/* A range that matches: an iteration, or a mark, which begins one. */
struct found {
	struct iteration i;
	uint32_t domain;
	bool pushed, mark;
};

struct finder {
	struct report_run *run;
	struct nvtx_ranges *ranges;
	struct pattern pattern;
	uint32_t source;
	struct found *items;
	size_t count, capacity;
};

static bool matches(const struct finder *f, const struct nvtx_range *range)
{
	size_t length;
	const char *text = texts_get(f->run->texts, range->name, &length);

	if (!glob_matches(f->pattern.glob, text, length))
		return false;
	text = texts_get(f->run->texts, range->domain, &length);
	return f->pattern.any_domain || glob_matches(f->pattern.domain, text, length);
}

static int add(void *context, const struct nvtx_range *range)
{
	struct finder *f = context;

	if (!matches(f, range))
		return 0;
	if (f->count == f->capacity) {
		size_t capacity = f->capacity ? f->capacity * 2 : 256;
		struct found *grown = realloc(f->items, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		f->items = grown;
		f->capacity = capacity;
	}
	f->items[f->count++] = (struct found){
		.i = {.process = range->process->index,
		      .thread = range->thread,
		      .source = f->source,
		      .start = range->start,
		      .end = range->end},
		.domain = range->domain,
		.pushed = !range->start_end && !range->mark,
		.mark = range->mark,
	};
	return 0;
}

/* By thread and way, so that what lies within another comes behind it. */
static int by_thread(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->i.process != y->i.process)
		return x->i.process < y->i.process ? -1 : 1;
	if (x->i.thread != y->i.thread)
		return x->i.thread < y->i.thread ? -1 : 1;
	if (x->pushed != y->pushed)
		return x->pushed ? 1 : -1;
	if (x->mark != y->mark)
		return x->mark ? 1 : -1;
	if (x->pushed && x->domain != y->domain)
		return x->domain < y->domain ? -1 : 1;
	if (x->i.start != y->i.start)
		return x->i.start < y->i.start ? -1 : 1;
	return (y->i.end > x->i.end) - (y->i.end < x->i.end);
}

static bool same_line(const struct found *x, const struct found *y)
{
	return x->i.process == y->i.process && x->i.thread == y->i.thread && x->pushed == y->pushed &&
	       x->mark == y->mark && (!x->pushed || x->domain == y->domain);
}

/* Drop pushed ranges within others; let marks end with the next. Returns how many are left. */
static size_t settle(const struct finder *f, struct iteration *out)
{
	const struct found *before = NULL;
	size_t count = 0;

	for (size_t n = 0; n < f->count; n++) {
		const struct found *x = &f->items[n];
		bool follows = before && same_line(before, x);

		if (x->pushed && follows && x->i.start < before->i.end)
			continue;
		if (x->mark && follows)
			out[count - 1].end = x->i.start;
		out[count] = x->i;
		if (x->mark)
			out[count].end = f->run->trace->processes[x->i.process]->last_time;
		count++;
		before = x;
	}
	return count;
}

static int by_start(const void *a, const void *b)
{
	const struct iteration *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

static void number(struct iteration *items, size_t count)
{
	uint64_t next = 0;

	if (count)
		qsort(items, count, sizeof(*items), by_start);
	for (size_t i = 0; i < count; i++) {
		if (i && items[i].process != items[i - 1].process)
			next = 0;
		items[i].number = next++;
	}
}

static bool parse(struct iteration_rule *rule, const char *pattern)
{
	char text[sizeof(rule->text)];

	return (size_t)snprintf(text, sizeof(text), "nvtx:%s", pattern) < sizeof(text) &&
	       iteration_rule_parse(rule, text);
}

bool iterations_is_pattern(const char *text)
{
	struct iteration_rule rule;

	return parse(&rule, text);
}

/* ---- as a report, which is how columns are read ---- */

static void free_state(void *state)
{
	struct finder *f = state;

	nvtx_ranges_free(f->ranges);
	free(f->items);
	free(f);
}

static int begin(struct report_run *run, const char *argument, void **state)
{
	struct finder *f = calloc(1, sizeof(*f));
	struct iteration_rule rule;

	if (!f)
		return -ENOMEM;
	*state = f;
	f->run = run;
	if (!parse(&rule, argument))
		return -EINVAL;
	f->pattern = rule.pattern;
	f->source = texts_add(run->texts, rule.text, strlen(rule.text));
	f->ranges = nvtx_ranges_new(add, f);
	return f->source == TEXT_NONE || !f->ranges ? -ENOMEM : 0;
}

static int batch(void *state, const struct report_batch *b)
{
	struct finder *f = state;

	return nvtx_ranges_batch(f->ranges, b);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	struct finder *f = state;
	uint64_t open;

	(void)note;
	(void)note_size;
	*table = (struct table){.rows = 0};
	return nvtx_ranges_end(f->ranges, &open);
}

static const struct report_need needs[] = {{EVENT_NVTX, NVTX_RANGE_FIELDS, nvtx_range_fields}, {.kind = 0}};
static const struct report finder = {
	.name = "iterations",
	.arguments = "",
	.needs = needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};

int iterations_from_nvtx(struct iterations *it, struct report_run *run, const char *pattern)
{
	struct report_job job = {.report = &finder, .argument = pattern};
	struct iteration *items = NULL;
	struct finder *f;
	size_t failed, count;
	int err;

	memset(it, 0, sizeof(*it));
	err = report_run(run, &job, 1, &failed);
	f = job.state;
	if (!err)
		items = malloc((f->count + 1) * sizeof(*items));
	if (!err && !items)
		err = -ENOMEM;
	if (!err) {
		if (f->count)
			qsort(f->items, f->count, sizeof(*f->items), by_thread);
		count = settle(f, items);
		number(items, count);
		err = iterations_take(it, run->trace, items, count);
	}
	report_run_free(&job, 1);
	return err;
}
