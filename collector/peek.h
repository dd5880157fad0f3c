/*
 * peek.h: a copy of what a ring holds at one moment, for `cuflight dump`: its process goes on as before, and
 * nothing is taken from it.
 */
#ifndef COLLECTOR_PEEK_H
#define COLLECTOR_PEEK_H

#include <stdint.h>

#include "collector/drain.h"

/*
 * Write what the rings of all sources hold now, chunks and what lies in slots and pages, and end them. The
 * processes are asked to publish what they have first; one that does not within 200 ms is taken as it is.
 * since: CLOCK_MONOTONIC ns, chunks that end before it are left out.
 */
void peek_all(struct drain *d, int64_t since);

#endif
