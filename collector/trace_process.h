/*
 * trace_process.h: what a trace file's permanent records say about its processes. For trace_read.c; others
 * read the result (trace_read.h).
 */
#ifndef COLLECTOR_TRACE_PROCESS_H
#define COLLECTOR_TRACE_PROCESS_H

#include "collector/trace_read.h"

/* Memory for texts that lives as long as the trace. */
struct trace_memory {
	struct trace_memory *next;
	size_t used, size;
	char bytes[];
};
void trace_memory_free(struct trace_memory *m);

/*
 * Before a chunk's records: the number of its first string as its header has it (0: not said; they go on from
 * those before, unless some of those were damaged). 0 or -ENOMEM.
 */
int trace_process_number_strings(struct trace_process *p, uint64_t first);
/* In place of a damaged chunk with so many records. */
void trace_process_missing(struct trace_process *p, uint32_t records);
/* Take the records of one EVENT_PERMANENT chunk. 0; -EBADMSG: the rest of the chunk cannot be read; -ENOMEM.
 */
int trace_process_take(struct trace *t, struct trace_process *p, const void *bytes, size_t size);
/* Add a LOST event's count; counts for nothing once final counters came. */
void trace_process_lost(struct trace_process *p, uint64_t cause, uint64_t count, int64_t first, int64_t last);
void trace_process_free(struct trace_process *p); /* what it owns, not p */

#endif
