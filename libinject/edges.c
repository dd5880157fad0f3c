/*
 * edges.c: collecting edges, sorting them, handing them on.
 */
#include "libinject/edges.h"

#include <stdlib.h>
#include <string.h>

#include "cuflight/event.h"
#include "libinject/capture.h"
#include "libinject/iteration.h"
#include "libinject/iterations.h"
#include "libinject/nvtx_auto.h"
#include "libinject/nvtx_match.h"
#include "libinject/recorder.h"

static struct edge *edges; /* grows */
static uint32_t count, capacity;
static struct nvtx_matcher iterations, windows;
static const char *source; /* of iterations found by NVTX */
static bool marks;	   /* edges that threads told count */

void edges_start(void)
{
	const struct iteration_rule *rule = &config.iteration;

	count = capacity = 0;
	edges = NULL; /* a parent's is not touched */
	source = rule->text;
	marks = rule->kind == ITERATION_AUTO || rule->kind == ITERATION_MARK ||
		rule->kind == ITERATION_PYTHON;
	nvtx_match_start(&iterations, rule->kind == ITERATION_NVTX ? &rule->pattern : NULL);
	if (rule->kind == ITERATION_AUTO)
		nvtx_auto_start();
	nvtx_match_start(&windows, config.capture.kind == CAPTURE_NVTX ? &config.capture.pattern : NULL);
}

void edges_add(const struct edge *edge)
{
	if (count == capacity) {
		uint32_t more = capacity ? capacity * 2 : 64;
		struct edge *larger = realloc(edges, more * sizeof(*larger));

		if (!larger) {
			recorder_lose(LOSS_NO_MEMORY, 1);
			return;
		}
		edges = larger;
		capacity = more;
	}
	edges[count] = *edge;
	edges[count].order = count;
	count++;
}

static void see_told(const struct page_item *item, struct edge *e)
{
	uint8_t type = item->record.type;

	e->number = (int64_t)item->payload;
	if (type == PAGE_PROFILER_START || type == PAGE_PROFILER_STOP) {
		e->type = type == PAGE_PROFILER_START ? EDGE_PROFILER_START : EDGE_PROFILER_STOP;
		edges_add(e);
	} else if (marks && type <= PAGE_ITERATION_MARK && iterations_claim(RULE_TOLD, e->time)) {
		e->type = (uint8_t)(EDGE_ITERATION_BEGIN + (type - PAGE_ITERATION_BEGIN));
		e->source = config.iteration.kind == ITERATION_AUTO ? iteration_edge_source_text()
								    : config.iteration.text;
		edges_add(e);
	}
}

static void see_iteration(const struct page_item *item, struct edge *e)
{
	enum match match = nvtx_match(&iterations, item, &e->thread);

	if (match == MATCH_NONE)
		return;
	e->source = source;
	e->type = match == MATCH_BEGIN ? EDGE_ITERATION_BEGIN
		  : match == MATCH_END ? EDGE_ITERATION_END
				       : EDGE_ITERATION_MARK;
	edges_add(e);
}

/* Under `auto`: may this event decide what an iteration is? */
static void see_auto(const struct page_item *item, const struct edge *e)
{
	const struct pattern *pattern = nvtx_auto_see(item, e->thread, e->time, &source);

	if (!pattern)
		return;
	nvtx_match_start(&iterations, pattern);
	iterations_claim(RULE_NVTX, e->time);
}

static void see_window(const struct page_item *item, struct edge *e)
{
	enum match match = nvtx_match(&windows, item, &e->thread);
	const char *text;
	size_t length;

	if (match != MATCH_BEGIN && match != MATCH_END)
		return;
	e->type = match == MATCH_BEGIN ? EDGE_WINDOW_BEGIN : EDGE_WINDOW_END;
	text = nvtx_match_text(item, &length);
	if (length >= EDGE_NAME)
		length = EDGE_NAME - 1;
	memcpy(e->name, text, length);
	edges_add(e);
}

void edges_see(const struct page_item *item, uint32_t thread, int64_t time)
{
	struct edge e = {.time = time, .thread = thread, .number = -1};

	if (item->record.type >= PAGE_EDGE_FIRST) {
		see_told(item, &e);
		return;
	}
	if (iterations_rule() == RULE_NONE && config.iteration.kind == ITERATION_AUTO)
		see_auto(item, &e);
	if (iterations.pattern)
		see_iteration(item, &e);
	e.thread = thread;
	if (windows.pattern)
		see_window(item, &e);
}

static int by_time(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void edges_apply(void)
{
	if (!count)
		return;
	qsort(edges, count, sizeof(*edges), by_time);
	for (uint32_t i = 0; i < count; i++) {
		capture_time(edges[i].time);
		if (edges[i].type <= EDGE_ITERATION_MARK)
			iterations_edge(&edges[i]);
		else
			capture_edge(&edges[i]);
	}
	count = 0;
}
