/*
 * iteration.h: edges of iterations, as application threads tell them: the program's own marks
 * (cuflight/cuflight.h) and the wrapped Python method. What becomes of them is iterations.h.
 */
#ifndef INJECT_ITERATION_H
#define INJECT_ITERATION_H

#include <stdbool.h>
#include <stdint.h>

enum iteration_edge_kind {
	EDGE_BEGIN,
	EDGE_END,
	EDGE_MARK, /* ends the one before, if one is open, and begins the next */
};

/*
 * An edge on the calling thread, now. number: of the iteration that begins, -1 to count on. Any application
 * thread: no lock, allocation or system call but for a thread's first record and for a page that is full.
 */
void iteration_edge(enum iteration_edge_kind kind, int64_t number);
/* Under CUFLIGHT_ITERATION=auto: what to call the rule behind these edges; `text` stays where it is. */
void iteration_edge_source(const char *text);
const char *iteration_edge_source_text(void);

/* cudaProfilerStart (or Stop) was called on this thread. Inside CUPTI's callback. */
void iteration_profiler_edge(bool start);

#endif
