/*
 * select.c: the request or the recording's own facts into a cut for each process, and the judging of records.
 */
#include "collector/select.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/command.h"
#include "collector/correlations.h"
#include "collector/iterations.h"
#include "collector/message.h"
#include "collector/spans.h"
#include "collector/windows.h"

/* What of a process is shown: what all that is set here agrees on. */
struct cut {
	bool nothing;
	bool by_iterations, by_windows;
	struct ranges ranges;
	struct spans windows; /* its own and the session's that are wanted */
};

struct selection {
	const struct trace *trace;
	struct texts *texts;
	struct select_request request;
	struct iterations iterations;
	struct windows windows;
	struct correlations *calls; /* 1 outside, 2 inside */
	struct cut *cuts;	    /* by process */
	uint64_t matched_iterations, matched_windows;
	uint64_t by_range, by_time; /* GPU work whose call is not in the file */
};

enum { OUTSIDE = 1, INSIDE = 2 };

/* -------------------------------------------------------------------------------------------- request */

bool select_parse_iterations(struct select_request *q, const char *text)
{
	const char *at = strchr(text, '@');
	char ranges[1024], *end;
	size_t length = at ? (size_t)(at - text) : strlen(text);

	if (length >= sizeof(ranges))
		return false;
	memcpy(ranges, text, length);
	ranges[length] = 0;
	q->by_iterations = true;
	q->by_only = at;
	if (at) {
		if (at[1] < '0' || at[1] > '9')
			return false;
		q->only = strtoull(at + 1, &end, 10);
		if (*end)
			return false;
	}
	return ranges_parse(&q->iterations, ranges);
}

int select_option(struct select_request *q, const char *command, int option, const char *value)
{
	switch (option) {
	case SELECT_ITERATIONS:
		if (!select_parse_iterations(q, value))
			return fail_usage(command, "--iterations %s: not ranges like 10-19,30-40 or 10-19@3",
					  value);
		break;
	case SELECT_WINDOW:
		q->window = value;
		break;
	case SELECT_NVTX:
		if (!iterations_is_pattern(value))
			return fail_usage(command, "--nvtx %s: not a pattern like \"step *@engine\"", value);
		q->nvtx = value;
		break;
	case SELECT_ALL:
		q->all = true;
		break;
	default:
		break;
	}
	return 0;
}

/* Is this the process that @N names? A rank if any process has that rank, else a pid. */
static bool is_only(const struct selection *s, const struct trace_process *p)
{
	char rank[24];
	bool is_rank = false;

	snprintf(rank, sizeof(rank), "%" PRIu64, s->request.only);
	for (uint32_t i = 0; i < s->trace->process_count && !is_rank; i++) {
		const char *fact = trace_fact(s->trace->processes[i], "rank", NULL);

		is_rank = fact && !strcmp(fact, rank);
	}
	if (is_rank) {
		const char *fact = trace_fact(p, "rank", NULL);

		return fact && !strcmp(fact, rank);
	}
	return p->pid == s->request.only;
}

/* ----------------------------------------------------------------------------------------------- cuts */

/* NULL: every window. A word of digits is a number. */
static bool is_wanted(const struct selection *s, const struct window *w, const char *wanted)
{
	const char *name;
	size_t length;
	char *end;

	if (!wanted)
		return true;
	if (*wanted && wanted[strspn(wanted, "0123456789")] == 0)
		return strtoull(wanted, &end, 10) == w->number;
	name = texts_get(s->texts, w->name, &length);
	return glob_matches(wanted, name, length) ||
	       (strlen(wanted) == length && !memcmp(wanted, name, length));
}

/* The windows that hold for a process. Returns how many. */
static ptrdiff_t add_windows(struct selection *s, const struct trace_process *p, struct cut *cut,
			     const char *wanted)
{
	ptrdiff_t count = 0;
	int err = 0;

	for (size_t i = 0; i < s->windows.count && !err; i++) {
		const struct window *w = &s->windows.items[i];

		if ((w->process != TRACE_SESSION && w->process != p->index) || !is_wanted(s, w, wanted))
			continue;
		count++;
		if (w->end > w->start)
			err = spans_add(&cut->windows, w->start, w->end - 1, (uint32_t)i);
	}
	if (!err)
		err = spans_sort(&cut->windows);
	return err ? err : count;
}

static uint64_t count_iterations(const struct selection *s, const struct trace_process *p,
				 const struct ranges *ranges)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->iterations.count; i++)
		count += s->iterations.items[i].process == p->index &&
			 (!ranges || ranges_find(ranges, s->iterations.items[i].number));
	return count;
}

static int cut_as_asked(struct selection *s, const struct trace_process *p, struct cut *cut)
{
	ptrdiff_t windows = 0;
	uint64_t iterations = 0;

	cut->nothing = s->request.by_only && !is_only(s, p);
	if (cut->nothing)
		return 0;
	if (s->request.by_iterations) {
		cut->by_iterations = true;
		cut->ranges = s->request.iterations;
		iterations = count_iterations(s, p, &cut->ranges);
		cut->nothing = !iterations;
	}
	if (s->request.window) {
		cut->by_windows = true;
		windows = add_windows(s, p, cut, s->request.window);
		if (windows < 0)
			return (int)windows;
		cut->nothing |= !windows;
	}
	s->matched_iterations += iterations;
	s->matched_windows += (uint64_t)windows;
	return 0;
}

/*
 * What the process was told to record. Where it has no iteration or window of that at all (it was killed in
 * the first one) nothing is cut: better too much than nothing.
 */
static int cut_as_recorded(struct selection *s, const struct trace_process *p, struct cut *cut)
{
	const char *ranges = trace_fact(p, "ranges", NULL), *capture = trace_fact(p, "capture", NULL);
	bool windowed = (capture && strncmp(capture, "iterations", 10)) || trace_fact(p, "delay", NULL) ||
			trace_fact(p, "duration", NULL);
	ptrdiff_t windows;

	cut->by_iterations =
		ranges && ranges_parse(&cut->ranges, ranges) && count_iterations(s, p, &cut->ranges);
	/* Ranges that found no iterations: another profiler's own calls may have made the windows. */
	if (windowed || (ranges && !cut->by_iterations)) {
		windows = add_windows(s, p, cut, NULL);
		if (windows < 0)
			return (int)windows;
		cut->by_windows = windows;
	}
	return 0;
}

static bool is_cut(const struct selection *s, const struct trace_process *p)
{
	const struct cut *cut = &s->cuts[p->index];

	return cut->nothing || cut->by_iterations || cut->by_windows;
}

/* --------------------------------------------------------------------------------------------- judging */

enum select_rule select_rule(uint16_t kind)
{
	switch (kind) {
	case EVENT_NVTX:
	case EVENT_ITERATION:
	case EVENT_WINDOW:
		return SELECT_WHOLE;
	case EVENT_API:
	case EVENT_OVERHEAD:
		return SELECT_CALL;
	default:
		return SELECT_LAUNCH;
	}
}

static bool is_in_windows(const struct cut *cut, int64_t time)
{
	return !cut->by_windows || spans_find(&cut->windows, time) != SPANS_NONE;
}

static bool is_in_ranges(const struct selection *s, const struct cut *cut, uint32_t iteration)
{
	return iteration != ITERATION_NONE &&
	       ranges_find(&cut->ranges, s->iterations.items[iteration].number);
}

bool select_call(const struct selection *s, const struct trace_process *p, uint32_t thread, int64_t start)
{
	const struct cut *cut = &s->cuts[p->index];

	if (cut->nothing)
		return false;
	if (cut->by_iterations && !is_in_ranges(s, cut,
						thread ? iterations_at(&s->iterations, p, thread, start)
						       : iterations_at_time(&s->iterations, p, start)))
		return false;
	return is_in_windows(cut, start);
}

bool select_launch(struct selection *s, const struct trace_process *p, uint64_t correlation, int64_t start)
{
	const struct cut *cut = &s->cuts[p->index];
	uint32_t known, iteration;

	if (!is_cut(s, p))
		return true;
	if (cut->nothing)
		return false;
	known = correlations_get(s->calls, p, correlation, NULL);
	if (known)
		return known == INSIDE;
	iteration = cut->by_iterations ? iterations_with(&s->iterations, p, correlation) : ITERATION_NONE;
	if (iteration != ITERATION_NONE) {
		s->by_range++;
		return is_in_ranges(s, cut, iteration) &&
		       is_in_windows(cut, s->iterations.items[iteration].start);
	}
	s->by_time++;
	return select_call(s, p, 0, start);
}

static uint32_t value_of(void *context, const struct trace_process *p, uint32_t thread, int64_t start)
{
	return select_call(context, p, thread, start) ? INSIDE : OUTSIDE;
}

/* -------------------------------------------------------------------------------------- begin and end */

static int make_cuts(struct selection *s, bool asked)
{
	int err = 0;

	for (uint32_t i = 0; i < s->trace->process_count && !err; i++)
		err = (asked ? cut_as_asked : cut_as_recorded)(s, s->trace->processes[i], &s->cuts[i]);
	return err;
}

static bool has_cuts(const struct selection *s)
{
	for (uint32_t i = 0; i < s->trace->process_count; i++)
		if (is_cut(s, s->trace->processes[i]))
			return true;
	return false;
}

int select_begin(struct report_run *run, const struct select_request *q)
{
	bool asked = q->by_iterations || q->window;
	struct selection *s;
	int err;

	if (q->all && !asked)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->trace = run->trace;
	s->texts = run->texts;
	s->request = *q;
	err = q->nvtx ? iterations_from_nvtx(&s->iterations, run, q->nvtx)
		      : iterations_read(&s->iterations, run, NULL);
	if (!err)
		err = windows_read(&s->windows, run);
	s->cuts = calloc(run->trace->process_count + 1, sizeof(*s->cuts));
	if (!s->cuts)
		err = -ENOMEM;
	if (!err)
		err = make_cuts(s, asked);
	if (!err && (asked || has_cuts(s)))
		err = correlations_new(run->trace, value_of, s, &s->calls);
	run->selection = s;
	if (err || (!asked && !has_cuts(s)))
		select_end(run);
	return err;
}

void select_end(struct report_run *run)
{
	struct selection *s = run->selection;

	run->selection = NULL;
	if (!s)
		return;
	for (uint32_t i = 0; s->cuts && i < s->trace->process_count; i++)
		spans_free(&s->cuts[i].windows);
	free(s->cuts);
	correlations_free(s->calls);
	iterations_free(&s->iterations);
	windows_free(&s->windows);
	free(s);
}

/* --------------------------------------------------------------------------------------------- telling */

/* What there is, for somebody who asked for something else. */
static void tell_iterations(const struct selection *s)
{
	const struct trace *t = s->trace;
	char asked[512];

	ranges_print(&s->request.iterations, asked, sizeof(asked));
	if (!s->iterations.count && s->request.nvtx) {
		message("note: no NVTX range matches %s: nothing is selected", s->request.nvtx);
		return;
	}
	if (!s->iterations.count) {
		message("note: %s has no iterations: nothing is selected; --nvtx GLOB makes them from its "
			"NVTX "
			"ranges",
			t->path);
		return;
	}
	if (s->request.by_only)
		message("note: no iteration %s of a process with rank or pid %" PRIu64
			": nothing is selected",
			asked, s->request.only);
	else
		message("note: no iteration %s: nothing is selected", asked);
	for (uint32_t i = 0; i < t->process_count; i++) {
		uint64_t low = UINT64_MAX, high = 0;

		for (size_t n = 0; n < s->iterations.count; n++) {
			const struct iteration *x = &s->iterations.items[n];

			if (x->process != i)
				continue;
			low = x->number < low ? x->number : low;
			high = x->number > high ? x->number : high;
		}
		if (low <= high)
			message("note: %s (%" PRIu32 ") has iterations %" PRIu64 " to %" PRIu64,
				trace_process_name(t->processes[i]), t->processes[i]->pid, low, high);
	}
}

static void tell_windows(const struct selection *s)
{
	message("note: no window %s: nothing is selected%s", s->request.window,
		s->windows.count ? "" : "; there are none");
	for (size_t i = 0; i < s->windows.count && i < 10; i++)
		message("note: there is window %" PRIu64 " \"%s\"", s->windows.items[i].number,
			texts_get(s->texts, s->windows.items[i].name, NULL));
}

/* The words for the cut of a process that was made by its facts. */
static void describe(const struct selection *s, const struct trace_process *p, char *out, size_t size)
{
	const struct cut *cut = &s->cuts[p->index];
	const char *capture = trace_fact(p, "capture", NULL);
	char ranges[256] = "";

	if (cut->by_iterations)
		ranges_print(&cut->ranges, ranges, sizeof(ranges));
	if (cut->by_iterations && cut->by_windows)
		snprintf(out, size,
			 "iterations %s within the capture windows (CUFLIGHT_RANGES and _CAPTURE of the "
			 "recording)",
			 ranges);
	else if (cut->by_iterations)
		snprintf(out, size, "iterations %s (CUFLIGHT_RANGES of the recording)", ranges);
	else
		snprintf(out, size, "the capture windows (CUFLIGHT_CAPTURE%s%.100s of the recording)",
			 capture ? "=" : "", capture ? capture : "");
}

void select_describe(const struct report_run *run, char *out, size_t size)
{
	const struct selection *s = run->selection;
	const struct trace_process *first = NULL;
	char other[512];
	size_t used;

	for (uint32_t i = 0; i < s->trace->process_count; i++) {
		const struct trace_process *p = s->trace->processes[i];

		if (!is_cut(s, p))
			continue;
		describe(s, p, first ? other : out, first ? sizeof(other) : size);
		if (first && strcmp(out, other)) {
			used = strlen(out);
			snprintf(out + used, size - used, ", other processes by theirs");
			return;
		}
		first = p;
	}
}

static void tell_recorded(const struct report_run *run)
{
	const struct selection *s = run->selection;
	char text[512];

	select_describe(run, text, sizeof(text));
	message("note: %s; --all shows the margin too", text);
	for (uint32_t i = 0; i < s->trace->process_count; i++) {
		const struct trace_process *p = s->trace->processes[i];

		if (is_cut(s, p) || !(trace_fact(p, "ranges", NULL) || trace_fact(p, "capture", NULL)))
			continue;
		message("note: a process that ended before its first iteration or window was complete is "
			"shown "
			"whole");
		return;
	}
}

void select_tell(const struct report_run *run)
{
	const struct selection *s = run->selection;

	if (!s)
		return;
	if (s->request.by_iterations || s->request.window) {
		if (s->request.by_iterations && !s->matched_iterations)
			tell_iterations(s);
		else if (s->request.window && !s->matched_windows)
			tell_windows(s);
	} else {
		tell_recorded(run);
	}
	if (s->by_range)
		message("note: %" PRIu64
			" GPU operations were launched by calls that are not in the file; their "
			"correlation ids say in which iteration",
			s->by_range);
	if (s->by_time)
		message("note: %" PRIu64
			" GPU operations were launched by calls that are not in the file; judged by "
			"when they ran",
			s->by_time);
}
