/*
 * drain.h: NVTX records off the thread pages into rows. Helper thread only (or whoever took over at exit).
 */
#ifndef INJECT_DRAIN_H
#define INJECT_DRAIN_H

#include <stdint.h>

#include "wire/timeline.h"

/* Read what was published on every page, up to a moment (CLOCK_MONOTONIC ns) before which everything was.
 * Returns the bytes read. */
uint64_t drain_pages(const struct timeline *timeline, int64_t until);
/* Free pages that their threads have left and whose records are all published. */
void drain_release(void);
void drain_forget(void);

#endif
