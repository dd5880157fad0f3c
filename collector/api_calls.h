/*
 * api_calls.h: which driver calls were made by a runtime call. CUPTI gives both the same correlation id; as
 * in nsys, the runtime call stands for both and only driver calls that the program made itself are shown.
 */
#ifndef COLLECTOR_API_CALLS_H
#define COLLECTOR_API_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/trace_read.h"

/* FIELD_API_DOMAIN: CUpti_CallbackDomain. */
enum api_domain {
	API_DRIVER = 1,
	API_RUNTIME = 2,
};

struct api_calls;

/*
 * Read the correlation ids of all runtime calls of a recording: a pass of its own over two columns, because a
 * driver call's record comes before that of the call which made it, and maybe in an earlier chunk. 0 or
 * -errno.
 */
int api_calls_new(const struct trace *trace, struct api_calls **out);
void api_calls_free(struct api_calls *calls);
/* Was this call made by another one that is recorded too? */
bool api_calls_nested(const struct api_calls *calls, const struct trace_process *p, uint64_t domain,
		      uint64_t correlation);

#endif
