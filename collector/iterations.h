/*
 * iterations.h: the iterations of a recording: as they were recorded, or made from its NVTX ranges; and which
 * of them a moment, a thread or a correlation id belongs to. What is then done with that is select.h's and
 * the per-iteration table's.
 *
 * A moment belongs to at most one iteration of its process. A thread that has iterations of its own is in one
 * of those or in none; any other thread is in whichever iteration goes on in the process. Of several that
 * overlap it is the one that began last.
 */
#ifndef COLLECTOR_ITERATIONS_H
#define COLLECTOR_ITERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/report.h"
#include "wire/ranges.h"

#define ITERATION_NONE UINT32_MAX

struct iteration {
	uint32_t process; /* index */
	uint32_t thread;
	uint32_t source; /* text number */
	uint64_t number; /* per process */
	int64_t start, end;
	uint64_t first, last; /* correlation ids, 0: not known */
};

struct iterations {
	struct iteration *items; /* by process, then start */
	size_t count;
	struct iterations_process *processes;
	uint32_t process_count;
};

/* Those recorded, whose source matches the glob (NULL: all). 0 or -errno; free also after an error. */
int iterations_read(struct iterations *it, struct report_run *run, const char *source);
/*
 * Made from NVTX: "GLOB" or "GLOB@DOMAIN", as in CUFLIGHT_ITERATION=nvtx:. Of pushed ranges the outermost on
 * their thread count; from a matching mark to the thread's next is one too. Numbered from 0 in each process
 * by their starts. -EINVAL: no such pattern.
 */
int iterations_from_nvtx(struct iterations *it, struct report_run *run, const char *pattern);
/* Is this a pattern for iterations_from_nvtx()? */
bool iterations_is_pattern(const char *text);
void iterations_free(struct iterations *it);

/* Index of the iteration in which this moment of the thread lies, or ITERATION_NONE. */
uint32_t iterations_at(const struct iterations *it, const struct trace_process *p, uint32_t thread,
		       int64_t time);
/* By time alone, for what has no thread. */
uint32_t iterations_at_time(const struct iterations *it, const struct trace_process *p, int64_t time);
/* The one between whose first and last correlation ids this one lies, or ITERATION_NONE. */
uint32_t iterations_with(const struct iterations *it, const struct trace_process *p, uint64_t correlation);

/* For iterations_nvtx.c: sort, drop what is there twice, index. Takes the items. */
int iterations_take(struct iterations *it, const struct trace *t, struct iteration *items, size_t count);

#endif
