/*
 * trigger.h: noticing what CUFLIGHT_TRIGGER asks for. The process tells in its ring's header and in a fact; a
 * collector saves what led up to it. Helper thread only.
 */
#ifndef INJECT_TRIGGER_H
#define INJECT_TRIGGER_H

#include <stdint.h>

/* For the ring just made. */
void trigger_start(void);
/* An iteration ended. */
void trigger_iteration(uint64_t number, int64_t start, int64_t end);
/* Something happened at `time`: a call, GPU work, an NVTX event. */
void trigger_activity(int64_t time);
/* All that happened before this time was shown here, as far as it was delivered: is the process idle? */
void trigger_idle(int64_t time);
/* The process ends in order. */
void trigger_exit(int64_t now);

#endif
