/*
 * late_calls.h: the latest API calls and GPU work of the process by correlation id, as far as finding
 * iterations in them needs. Helper thread only.
 */
#ifndef INJECT_LATE_CALLS_H
#define INJECT_LATE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

enum call_class {
	CALL_OTHER = 0,
	CALL_LAUNCH, /* of kernels or graphs */
	CALL_WAIT,   /* records or waits for an event, waits for a stream or a device */
};

struct call {
	uint64_t correlation; /* 0: empty */
	int64_t start, end;   /* of the API call; start 0: its record has not come */
	uint64_t key;	      /* of the work that it launched: graph or stream, 0: none that matters */
	uint32_t thread;
	uint8_t class; /* enum call_class */
};

/* Make room, or give it back. False: no memory. */
bool late_calls_start(void);
void late_calls_stop(void);
/* The entry of a correlation id, made if it is missing; an older one gives way. NULL: older than all. */
struct call *late_call(uint64_t correlation);
/* The nearest earlier or later call of the same thread (step -1 or 1), or NULL. */
struct call *late_call_near(const struct call *call, int step);
uint32_t late_call_class(uint32_t domain, uint32_t cbid);

#endif
