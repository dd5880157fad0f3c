/* Between the parts of the injection library: probe.c, commands.c, buffers.c, callbacks.c. */
#ifndef GPU_PROBE_PROBE_H
#define GPU_PROBE_PROBE_H

#define GPU_PROBE_LIBRARY
#include "cupti_api.h"
#include "probe_client.h"
#include "recording.h"

#include <stdatomic.h>

#define EXPORT	  __attribute__((visibility("default")))
#define NOT_CUPTI (-1000) /* a command failed for a reason that is not a CUptiResult */

/* probe.c. Functions that take an argument are commands and return as commands.c says. */
extern struct cupti_api cupti; /* its library is set once `arm` succeeded */
extern int probe_registered;   /* before that no flush: FlushAll crashes where CUPTI could not start */

int probe_arm(const char *argument);
int probe_flush_every(const char *argument);
void probe_sample_clocks(void);
probe_counts_fn probe_get_counts;

/* commands.c */
probe_do_fn probe_do;
void commands_disable_all(void);

/* buffers.c: memory for CUPTI's records. The two callbacks are what cuptiActivityRegisterCallbacks takes. */
enum buffer_fill { FILL_NONE, FILL_ZERO, FILL_DIRTY };

void CUPTIAPI buffers_request(uint8_t **buffer, size_t *size, size_t *max_records);
void CUPTIAPI buffers_complete(CUcontext context, uint32_t stream_id, uint8_t *buffer, size_t size,
			       size_t valid);
void buffers_configure(size_t size);
void buffers_fill(enum buffer_fill fill);
void buffers_peek(void); /* one REC_LIVE frame for each buffer that CUPTI holds */
void buffers_counts(struct probe_counts *counts);
int buffers_wait(int ms); /* until CUPTI holds none, at most that long; how many it still holds */

/* callbacks.c: the subscriber's function, and the API call in progress on this thread (all 0: none known). */
void CUPTIAPI callbacks_handler(void *data, CUpti_CallbackDomain domain, CUpti_CallbackId cbid,
				const void *event);
struct rec_api callbacks_current(void);
uint64_t callbacks_count(void);

#endif
