/*
 * select.h: which part of a recording is shown: iterations, capture windows. GPU work belongs to the
 * iteration and window in which the API call that launched it started, on the thread that made it; never by
 * GPU time. API calls and NVTX ranges belong by their own start. docs/reports.md says the same to users.
 *
 * What is recorded reaches a margin beyond what was asked for. Without a request, each process is cut to what
 * its recording was to hold (its facts "ranges" and "capture").
 */
#ifndef COLLECTOR_SELECT_H
#define COLLECTOR_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/report.h"
#include "wire/ranges.h"

/* Zeroed: nothing asked for. The texts are the caller's. */
struct select_request {
	bool by_iterations;
	struct ranges iterations;
	bool by_only; /* @PID or @RANK */
	uint64_t only;
	const char *window; /* number or name */
	const char *nvtx;   /* iterations are these ranges, as for iterations_from_nvtx() */
	bool all;	    /* the margin too */
};

/* "10-19,30-40" or "10-19@3". False: malformed. */
bool select_parse_iterations(struct select_request *q, const char *text);

/* The options that commands share: for their tables, their switch and their --help. */
enum {
	SELECT_ITERATIONS = 512,
	SELECT_WINDOW,
	SELECT_NVTX,
	SELECT_ALL,
};
#define SELECT_OPTIONS                                                                                       \
	{"iterations", required_argument, NULL, SELECT_ITERATIONS},                                          \
		{"window", required_argument, NULL, SELECT_WINDOW},                                          \
		{"nvtx", required_argument, NULL, SELECT_NVTX},                                              \
	{                                                                                                    \
		"all", no_argument, NULL, SELECT_ALL                                                         \
	}
#define SELECT_USAGE                                                                                         \
	"      --iterations RANGES    only iterations 10-19, or 10-19,30-40, or 100-; with @N those of "     \
	"the\n"                                                                                              \
	"                             process with pid or rank N alone\n"                                    \
	"      --window N|NAME        only capture window N (from 0), or those of that name (* and ? "       \
	"match)\n"                                                                                           \
	"      --nvtx GLOB[@DOMAIN]   iterations are these NVTX ranges, numbered from 0\n"                   \
	"      --all                  also what was recorded beside the ranges or windows asked for\n"

/* 0 (taken or not one of these), or EXIT_USAGE with a message. */
int select_option(struct select_request *q, const char *command, int option, const char *value);

struct selection;

/*
 * Prepare; sets run->selection, which is NULL if everything is to be shown. 0 or -errno, -EINVAL: --nvtx is
 * no pattern.
 */
int select_begin(struct report_run *run, const struct select_request *q);
void select_end(struct report_run *run);
/* "iterations 10-19 (CUFLIGHT_RANGES of the recording)": how a selection by the recording's facts cuts. */
void select_describe(const struct report_run *run, char *out, size_t size);
/* Tell on stderr what the selection is, that it matched nothing, and what had to be guessed. */
void select_tell(const struct report_run *run);

/* What a kind's records are judged by. */
enum select_rule {
	SELECT_WHOLE,  /* not by record: NVTX (nvtx_ranges.h asks for each range), iterations, windows */
	SELECT_CALL,   /* by start and thread */
	SELECT_LAUNCH, /* by the call with the correlation id */
};
enum select_rule select_rule(uint16_t kind);
/* thread 0: not known, by time alone. */
bool select_call(const struct selection *s, const struct trace_process *p, uint32_t thread, int64_t start);
/* start: when it began on the GPU, for work whose call is not in the file. */
bool select_launch(struct selection *s, const struct trace_process *p, uint64_t correlation, int64_t start);

#endif
