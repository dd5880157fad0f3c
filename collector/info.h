/*
 * info.h: what `cuflight info` counted, for its two forms of output.
 */
#ifndef COLLECTOR_INFO_H
#define COLLECTOR_INFO_H

#include <stdint.h>

#include "collector/trace_read.h"

#define INFO_KINDS 32

struct info_kind {
	uint16_t kind; /* enum event_kind */
	uint64_t records, chunks, bytes;
};

struct info_process {
	struct info_kind kinds[INFO_KINDS];
	size_t kind_count;
	uint64_t clock_samples, clock_steps; /* steps: chunks flagged so */
	uint64_t clock_error;		     /* ns, the largest */
};

struct info {
	struct trace *trace;
	struct info_process session, *processes; /* as the trace's */
};

/* One JSON object on stdout. 0 or -ENOMEM. */
int info_print_json(const struct info *info);

#endif
