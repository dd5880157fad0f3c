/*
 * activity.h: the buffers that CUPTI fills: slots of the ring's shared memory.
 *
 * A slot goes FREE -> OUT (handed to CUPTI, on whatever thread it asks) -> FULL (completed, mostly on CUPTI's
 * own thread) -> READ by the helper -> zeroed and FREE once its records are published: until then they would
 * die with the process. Nothing here locks; asking for a buffer makes no system call.
 */
#ifndef INJECT_ACTIVITY_H
#define INJECT_ACTIVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The two callbacks of cuptiActivityRegisterCallbacks(). */
void activity_buffer_requested(uint8_t **buffer, size_t *size, size_t *max_records);
void activity_buffer_completed(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid);

/* Before the callbacks are registered. */
void activity_start(void);
/* In a forked child: what CUPTI still does there is nothing to us. */
void activity_forget(void);
/* Has CUPTI ever asked for a buffer? */
bool activity_seen(void);

/* Is a completed buffer waiting to be read? */
bool activity_pending(void);
/* Helper: the slot that was completed first, or -1. *bytes and *valid: its records; *position: of the first
   (ring.h, "Nothing twice"). */
int activity_next(const uint8_t **bytes, size_t *valid, uint64_t *position);
/* Helper: its records were read. */
void activity_read(int slot);
/* Helper: what was read and lies before this position is published. */
void activity_release(uint64_t position);
/* Helper: so few slots are free that those read should be released soon. */
bool activity_scarce(void);
/* Helper: touch all slots now, so that no application thread takes the page faults. */
void activity_prefault(void);

#endif
