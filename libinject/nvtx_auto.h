/*
 * nvtx_auto.h: which NVTX ranges are iterations when nobody says: those of engines that are known, else the
 * outermost name that repeats. Helper thread only.
 */
#ifndef INJECT_NVTX_AUTO_H
#define INJECT_NVTX_AUTO_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/page.h"
#include "wire/ranges.h"

/* For the ring just made. */
void nvtx_auto_start(void);
/*
 * Look at an NVTX event. The pattern of the rule that was decided on, once, with what is to be called its
 * source; else NULL. Iterations of the past have been told (iterations.h) then; if this event begins one, it
 * has not.
 */
const struct pattern *nvtx_auto_see(const struct page_item *item, uint32_t thread, int64_t time,
				    const char **source);
/* No more will come, and nothing was decided: the best there is, if it is any good. */
void nvtx_auto_finish(void);
void nvtx_auto_stop(void);

#endif
