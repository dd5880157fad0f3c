/*
 * rescue.h: what a process has in its slots and pages, written into the trace file as chunks of the
 * collector's (CHUNK_SALVAGED). wire/salvage.h reads it; here is where it goes.
 */
#ifndef COLLECTOR_RESCUE_H
#define COLLECTOR_RESCUE_H

#include <stdint.h>

#include "collector/facts.h"
#include "collector/trace_write.h"
#include "wire/salvage.h"

struct rescue {
	struct trace_writer *writer;
	uint64_t process;
	uint32_t generation;
	uint64_t sequence;	  /* of the next chunk that the collector writes about the process */
	uint64_t records;	  /* written */
	struct ring_loss *losses; /* LOSS_CAUSES of them, added to */
	struct facts *facts;	  /* devices, contexts and streams are added */
};

/* Write all that the copy yields. 0 or -ENOMEM; what could not be written is counted. */
int rescue_write(struct rescue *r, const struct salvage *copy);

#endif
