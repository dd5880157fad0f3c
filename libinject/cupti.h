/*
 * cupti.h: CUPTI in this process: set up inside cuInit, flushed and stopped by the helper.
 */
#ifndef INJECT_CUPTI_H
#define INJECT_CUPTI_H

#include <stdbool.h>
#include <stdint.h>

#include "libinject/cupti_api.h"

/*
 * Find libcupti, subscribe, register the buffer callbacks, enable the kinds. Inside cuInit, once a process,
 * the ring being there. What goes wrong is told in the fact "recording" and the log; NVTX goes on.
 */
void cupti_start(void);
/* Does CUPTI deliver records here? */
bool cupti_is_on(void);
/* Completed buffers come back; force: unfinished ones too, allowed after cupti_disable() only. Also counts
   what CUPTI dropped. Helper thread, no lock held. */
void cupti_flush(bool force);
/* Switch all kinds off. */
void cupti_disable(void);
/* Clock of the activity records; NULL when CUPTI is off. */
int (*cupti_clock(void))(uint64_t *);
/* Name of an API function, as CUPTI spells it; NULL if it has none. domain: enum cupti_domain. */
const char *cupti_api_name(uint32_t domain, uint32_t cbid);
/* In a forked child: the parent's CUPTI is never called again. */
void cupti_forget(void);

/* Sizes of activity records by kind, learned by stepping through a scratch buffer. */
void cupti_learn_strides(const struct cupti_api *api, uint16_t *strides, uint32_t kinds);

#endif
