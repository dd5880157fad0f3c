/*
 * capture.c: four conditions and their conjunction.
 */
#include "libinject/capture.h"

#include <stdio.h>
#include <string.h>

#include "libinject/clock.h"
#include "libinject/gate.h"
#include "libinject/names.h"
#include "libinject/recorder.h"
#include "libinject/writers.h"

static struct {
	/* What was asked for. */
	uint32_t kind; /* enum capture_kind; CAPTURE_ITERATIONS counts as CAPTURE_ALL with ranges */
	struct ranges ranges;
	int64_t begin, end; /* by delay and duration; end INT64_MAX: none */
	uint32_t limit;	    /* windows, 0: none */
	bool gated;

	/* How things stand. */
	bool due;   /* between begin and end */
	bool asked; /* the capture's own condition */
	bool in_range;
	bool near;	    /* a range may have begun, but nobody knows yet */
	bool open;	    /* all of them: a window */
	bool gate;	    /* the gate's state: open near a window too */
	struct range range; /* the one that is open */
	uint32_t nested;    /* NVTX ranges of CAPTURE_NVTX that are open */

	/* The window that is open or comes next. */
	uint64_t window;
	int64_t window_start;
	char name[EDGE_NAME];
	const char *source;
} capture;

static void describe(void)
{
	static const char *const ends[] = {
		[CAPTURE_REPEAT] = "", [CAPTURE_STOP] = ":stop", [CAPTURE_STOP_EXIT] = ":stop-exit"};
	const struct capture_rule *rule = &config.capture;
	char text[1024];

	if (rule->kind != CAPTURE_ALL) {
		if (rule->end == CAPTURE_REPEAT && rule->windows)
			names_fact_format("capture", "%s:repeat:%u", rule->text, rule->windows);
		else
			names_fact_format("capture", "%s%s", rule->text, ends[rule->end]);
	}
	if (capture.ranges.count) {
		ranges_print(&capture.ranges, text, sizeof(text));
		names_fact("ranges", text, strlen(text));
	}
	if (config.delay_ms)
		names_fact_format("delay", "%u ms", config.delay_ms);
	if (config.duration_ms)
		names_fact_format("duration", "%u ms", config.duration_ms);
}

static const char *source_name(void)
{
	if (capture.kind != CAPTURE_ALL)
		return config.ranges_foreign ? "cudaProfilerApi" : config.capture.text;
	if (capture.ranges.count)
		return "ranges";
	return config.duration_ms ? "duration" : "delay";
}

/* Windows that a command opens and closes are the collector's to record: they span processes. */
static bool is_collectors(void)
{
	return capture.kind == CAPTURE_CONTROL || capture.kind == CAPTURE_SIGNAL;
}

static void put_window(int64_t end)
{
	const char *source = source_name();
	uint64_t row[WINDOW_FIELDS] = {
		[WINDOW_SOURCE] = names_string(STRING_OTHER, 0, source, strlen(source)),
		[WINDOW_START] = (uint64_t)capture.window_start,
		[WINDOW_DURATION] = (uint64_t)(end - capture.window_start),
		[WINDOW_NUMBER] = capture.window,
	};

	writers_add_text(EVENT_WINDOW, row, WINDOW_NAME, capture.name, strlen(capture.name), false);
}

static void open_window(int64_t time)
{
	capture.open = true;
	/* An edge that was found late may lie before the delay was over. */
	capture.window_start = time > capture.begin ? time : capture.begin;
	if (capture.kind == CAPTURE_PROFILER_API)
		strcpy(capture.name, "cudaProfilerApi");
	else if (capture.kind == CAPTURE_ALL && capture.ranges.count)
		range_print(&capture.range, capture.name, sizeof(capture.name));
}

static void close_window(int64_t time)
{
	capture.open = false;
	if (is_collectors())
		return;
	put_window(time > capture.window_start ? time : capture.window_start);
	capture.window++;
}

/* After any of the conditions may have changed. */
static void settle(int64_t time)
{
	bool in_range = capture.in_range || !capture.ranges.count, asked;

	asked = capture.due && capture.asked && !(capture.limit && capture.window == capture.limit);
	if (asked && in_range && !capture.open)
		open_window(time);
	else if (!(asked && in_range) && capture.open)
		close_window(time);
	asked &= !(capture.limit && capture.window == capture.limit) && (in_range || capture.near);
	if (asked != capture.gate) {
		capture.gate = asked;
		if (asked)
			gate_open(time);
		else
			gate_close(time);
	}
}

void capture_start(void)
{
	int64_t born = recorder.ring.header->created_monotonic;

	memset(&capture, 0, sizeof(capture));
	capture.kind = config.capture.kind;
	capture.ranges = config.ranges;
	if (capture.kind == CAPTURE_ITERATIONS) {
		capture.kind = CAPTURE_ALL;
		if (!capture.ranges.count) {
			capture.ranges.count = 1;
			capture.ranges.range[0] = (struct range){0, UINT64_MAX};
		}
	}
	capture.begin = born + config.delay_ms * 1000000ll;
	capture.end = config.duration_ms ? capture.begin + config.duration_ms * 1000000ll : INT64_MAX;
	capture.limit = is_collectors() ? 0 : config.capture.windows;
	capture.asked = capture.kind == CAPTURE_ALL;
	capture.near = config.iteration.kind == ITERATION_AUTO || config.iteration.kind == ITERATION_GRAPH ||
		       config.iteration.kind == ITERATION_D2H;
	capture.gated =
		capture.kind != CAPTURE_ALL || capture.ranges.count || config.delay_ms || config.duration_ms;
	describe();
	gate_start(capture.gated);
}

bool capture_wants_profiler_api(void)
{
	return capture.kind == CAPTURE_PROFILER_API || config.ranges_foreign;
}

void capture_time(int64_t time)
{
	if (!capture.gated)
		return;
	if (time == INT64_MAX) /* the end: all that happened has */
		time = clock_now();
	if (!capture.due && time >= capture.begin && time < capture.end) {
		capture.due = true;
		settle(capture.begin);
	}
	if (capture.due && time >= capture.end) {
		capture.due = false;
		settle(capture.end);
	}
}

/* TensorRT-LLM brackets its ranges with these calls itself: then they say when, not the numbers. */
static void yield_to_profiler_api(int64_t time)
{
	if (!config.ranges_foreign || capture.kind == CAPTURE_PROFILER_API)
		return;
	capture.asked = false;
	settle(time);
	capture.kind = CAPTURE_PROFILER_API;
	capture.ranges.count = 0;
	capture.near = false;
}

void capture_edge(const struct edge *edge)
{
	switch (edge->type) {
	case EDGE_PROFILER_START:
		yield_to_profiler_api(edge->time);
		if (capture.kind == CAPTURE_PROFILER_API)
			capture.asked = true;
		break;
	case EDGE_PROFILER_STOP:
		if (capture.kind == CAPTURE_PROFILER_API)
			capture.asked = false;
		break;
	case EDGE_WINDOW_BEGIN:
		if (!capture.nested++)
			memcpy(capture.name, edge->name, sizeof(capture.name));
		capture.asked = true;
		break;
	case EDGE_WINDOW_END:
		capture.nested -= capture.nested != 0;
		capture.asked = capture.nested != 0;
		break;
	default:
		return;
	}
	settle(edge->time);
}

void capture_wanted(int64_t time)
{
	if (!is_collectors())
		return;
	capture.asked = load_acquire(&recorder.ring.header->wanted) & WANTED_RECORD;
	settle(time);
}

void capture_iteration_began(uint64_t number, int64_t time)
{
	const struct range *range;

	if (!capture.ranges.count)
		return;
	if (capture.in_range && number > capture.range.last) { /* its last one never came */
		capture.in_range = false;
		settle(time);
	}
	range = ranges_find(&capture.ranges, number);
	if (!range || capture.in_range)
		return;
	capture.range = *range;
	capture.in_range = true;
	settle(time);
}

void capture_iteration_ended(uint64_t number, int64_t time)
{
	if (!capture.in_range || number != capture.range.last)
		return;
	capture.in_range = false;
	settle(time);
}

void capture_near(uint64_t number, uint64_t lead, int64_t time)
{
	const struct range *next = ranges_next(&capture.ranges, number);
	bool near = next && (number >= next->first || next->first - number <= lead);

	if (!capture.ranges.count || capture.near == near)
		return;
	capture.near = near;
	settle(time);
}

void capture_found(int64_t time)
{
	if (!capture.near)
		return;
	capture.near = false;
	settle(time);
}

void capture_end(int64_t time)
{
	if (capture.open)
		close_window(time);
}
