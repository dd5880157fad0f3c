/*
 * watch.h: the processes that CMD starts, looked at from outside: which of them loaded CUDA's driver library
 * and have no ring, and why. Only for explaining; recording does not depend on it.
 */
#ifndef COLLECTOR_WATCH_H
#define COLLECTOR_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/drain.h"

struct watched;

struct watch {
	const char *library; /* absolute path of libcuflight.so */
	struct watched *seen;
	size_t count, capacity;
	uint64_t scans;
	int64_t next; /* CLOCK_MONOTONIC ns: when to look again */
};

/* Look at the descendants if it is time: it takes a twentieth of one CPU at most, later a hundredth. */
void watch_step(struct watch *w, const struct drain *drain);

/*
 * Tell which processes loaded CUDA and could not be recorded, and add that to the session's facts. Returns
 * how many.
 */
size_t watch_explain(const struct watch *w, const struct drain *drain, struct facts *facts);

void watch_free(struct watch *w);

#endif
