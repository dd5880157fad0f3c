/*
 * clock.h: the ticks that application threads stamp records with, and samples in which all clocks are read
 * together.
 */
#ifndef INJECT_CLOCK_H
#define INJECT_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "cuflight/ring.h"
#include "libinject/recorder.h"

/* Which enum ring_clock_source this machine and CUFLIGHT_CLOCK allow. Reads a file; not for a record path. */
uint32_t clock_choose(uint32_t wanted);
/* "tsc", "cntvct", "clock_monotonic". */
const char *clock_source_name(uint32_t source);

/* CLOCK_MONOTONIC, ns. */
static inline int64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static inline uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
	if (likely(recorder.clock_source == CLOCK_SOURCE_TSC))
		return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	if (likely(recorder.clock_source == CLOCK_SOURCE_CNTVCT)) {
		uint64_t ticks;

		__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
		return ticks;
	}
#endif
	return (uint64_t)clock_now();
}

/*
 * Read all clocks, a few times over, and keep the reading that took least. cupti: cuptiGetTimestamp, or NULL.
 * Returns its error bound: the time between the first clock read and the last, ns.
 */
int64_t clock_sample(struct ring_clock *sample, int (*cupti)(uint64_t *));

#endif
