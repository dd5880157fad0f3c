/*
 * drain.h: NVTX records off the thread pages into rows. Helper thread only (or whoever took over at exit).
 */
#ifndef INJECT_DRAIN_H
#define INJECT_DRAIN_H

#include <stdint.h>

#include "wire/timeline.h"

/* Read what was published on every page, and free pages that their threads have left. Returns the bytes
   read. */
uint64_t drain_pages(const struct timeline *timeline);
void drain_forget(void);

#endif
