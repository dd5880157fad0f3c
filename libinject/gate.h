/*
 * gate.h: which records are kept when not all are wanted. Coarse, with a margin: what is kept is a superset
 * of what belongs to the windows; the exact cut is made at reading. Helper thread only.
 */
#ifndef INJECT_GATE_H
#define INJECT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/page.h"

/* active false: everything is kept, and nothing else here needs to be called. */
void gate_start(bool active);
bool gate_is_active(void);
/* Every edge before `time` (CLOCK_MONOTONIC ns) is known by now. */
void gate_known(int64_t time);
/* Records are wanted from here on; or no longer. Times ascend, and are not after gate_known()'s. */
void gate_open(int64_t time);
void gate_close(int64_t time);

/* Is this row kept? API calls have to be shown here in any case: they teach which work was launched when. */
bool gate_keeps(uint16_t kind, const uint64_t *row);
bool gate_keeps_time(int64_t time);
void gate_nvtx_forget(void); /* by gate_start() */
/* The same for an NVTX event. Of a push, a start and what ends them both are kept, or neither. */
bool gate_keeps_nvtx(const struct page_item *item, uint32_t thread, int64_t time);

#endif
