/*
 * gpus.h: the GPUs of a recording. A process numbers the devices it may see from 0; two processes' device 0
 * may be different GPUs. Here every GPU has one number for all: the processes' own where they agree.
 */
#ifndef COLLECTOR_GPUS_H
#define COLLECTOR_GPUS_H

#include <stdint.h>

#include "collector/trace_read.h"

struct gpu {
	uint32_t number;
	const struct trace_device *device; /* as one of the processes described it */
};

struct gpus {
	struct gpu *items; /* in the order of their numbers */
	uint32_t count;
	uint32_t **numbers; /* of each process's devices, in the order of trace_process.devices */
	uint32_t process_count;
	const struct trace *trace;
};

struct gpus *gpus_new(const struct trace *trace); /* NULL: no memory */
void gpus_free(struct gpus *g);
/* The number of a process's device; the device's own where nothing is known about it. */
uint32_t gpus_number(const struct gpus *g, const struct trace_process *p, uint32_t device);
/* What is known about a GPU, or NULL. */
const struct trace_device *gpus_device(const struct gpus *g, uint32_t number);

#endif
