/* Between the parts of the injection library: probe.c (commands), buffers.c, callbacks.c. */
#ifndef GPU_PROBE_PROBE_H
#define GPU_PROBE_PROBE_H

#define GPU_PROBE_LIBRARY
#include "cupti_api.h"
#include "probe_client.h"
#include "recording.h"

#include <stdatomic.h>

extern struct cupti_api cupti;
extern uint32_t strides[CUPTI_KINDS];

/* buffers.c: memory for CUPTI's records. The two callbacks are what cuptiActivityRegisterCallbacks takes. */
enum buffer_fill { FILL_NONE, FILL_ZERO, FILL_DIRTY };

void CUPTIAPI buffers_request(uint8_t **buffer, size_t *size, size_t *max_records);
void CUPTIAPI buffers_complete(CUcontext context, uint32_t stream_id, uint8_t *buffer, size_t size,
			       size_t valid);
void buffers_configure(size_t size);
void buffers_fill(enum buffer_fill fill);
void buffers_peek(void); /* one REC_LIVE frame for each buffer that CUPTI holds */
void buffers_counts(struct probe_counts *counts);

/* callbacks.c: the subscriber's function, and the API call in progress on this thread (all 0: none known). */
void CUPTIAPI callbacks_handler(void *data, CUpti_CallbackDomain domain, CUpti_CallbackId cbid,
				const void *event);
struct rec_api callbacks_current(void);
uint64_t callbacks_count(void);

#endif
