/*
 * correlations.h: what is known about the API call behind a correlation id: a number that the caller gives
 * each call by its thread and start. Made in a pass of its own over the API calls, before GPU work is read.
 *
 * A runtime call and the driver call in it have the same id; the runtime call counts. CUPTI's ids are 32 bits
 * wide: after 4,294,967,296 calls of a process they begin again, and of two calls with the same id the one
 * that is later in the file counts.
 */
#ifndef COLLECTOR_CORRELATIONS_H
#define COLLECTOR_CORRELATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/trace_read.h"

struct correlations;

/* value_of: 1 to 0x7fffffff. 0 or -errno; damaged chunks are left out. */
int correlations_new(const struct trace *trace,
		     uint32_t (*value_of)(void *context, const struct trace_process *p, uint32_t thread,
					  int64_t start),
		     void *context, struct correlations **out);
void correlations_free(struct correlations *c);
/* The value of the call with this id, 0: it is not in the file. *runtime (or NULL): it is a runtime call. */
uint32_t correlations_get(const struct correlations *c, const struct trace_process *p, uint64_t correlation,
			  bool *runtime);

#endif
