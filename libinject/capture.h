/*
 * capture.h: when to record: delay, duration, capture and ranges, which all have to agree, into windows and
 * the gate. Helper thread only.
 */
#ifndef INJECT_CAPTURE_H
#define INJECT_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "libinject/edges.h"

/* For the ring just made; publishes the facts about it. Not the helper's: before it starts. */
void capture_start(void);
/* Are calls of cudaProfilerStart and Stop of interest? */
bool capture_wants_profiler_api(void);

/* Time has come to `time`: delay and duration. Before each edge, and when all edges up to it are known. */
void capture_time(int64_t time);
void capture_edge(const struct edge *edge);
/* What the collector wants, as of `time`. */
void capture_wanted(int64_t time);
void capture_iteration_began(uint64_t number, int64_t time);
void capture_iteration_ended(uint64_t number, int64_t time);
/*
 * Where iterations are found only some time after they happened: no iteration before `number` is still to be
 * told. If a range begins within the next `lead` or goes on, everything is kept from `time` on.
 */
void capture_near(uint64_t number, uint64_t lead, int64_t time);
/* Iterations are known at once from here on. */
void capture_found(int64_t time);
/* The process ends: an open window is closed. */
void capture_end(int64_t time);

#endif
