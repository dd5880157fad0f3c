/*
 * nvtx_ranges.h: pushes, pops, starts and ends made into ranges. A pop closes the latest open push of its
 * thread and domain; an end closes the start with its id, of the same process, on whatever thread, and also
 * if it comes first in the file (threads' records are stored in the order in which their pages were full).
 *
 * Of a selection (select.h) all records are fed, and the ranges that began in it are emitted.
 *
 * A range that nobody closed ends with the last event of its process, as in nsys. A pop or end without its
 * beginning is dropped.
 */
#ifndef COLLECTOR_NVTX_RANGES_H
#define COLLECTOR_NVTX_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/report.h"

struct nvtx_range {
	const struct trace_process *process;
	bool start_end; /* or push and pop, or a mark */
	bool mark;	/* start is its time */
	bool open;	/* nobody closed it */
	uint32_t thread, end_thread;
	uint32_t domain, name;		 /* text numbers; domain 0: the default one */
	bool registered;		 /* name is a string that the program registered */
	int64_t start, end;		 /* ns */
	uint64_t id;			 /* of start and end */
	uint64_t flags, category, color; /* enum nvtx_flag */
	uint64_t payload_type, payload;
};

struct nvtx_ranges;

/* emit is called for each range when it is closed, and for marks; its error is passed on. */
struct nvtx_ranges *nvtx_ranges_new(int (*emit)(void *context, const struct nvtx_range *range),
				    void *context);
void nvtx_ranges_free(struct nvtx_ranges *r);
/* The columns that nvtx_ranges_batch() expects, in this order. */
extern const uint16_t nvtx_range_fields[];
#define NVTX_RANGE_FIELDS 11
int nvtx_ranges_batch(struct nvtx_ranges *r, const struct report_batch *batch); /* 0 or -errno */
/* Emit what is still open. *open: how many. */
int nvtx_ranges_end(struct nvtx_ranges *r, uint64_t *open);

#endif
