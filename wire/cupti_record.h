/*
 * cupti_record.h: CUPTI activity records into rows (schema.h), from the bytes alone: used by the helper on
 * buffers just completed, and again by a collector on the slots of a dead process. Calls nothing of CUPTI.
 *
 * Layouts: structs of one kind are strictly prefix-compatible over CUDA 11.8 to 13.x for the fields read here
 * (cupti_activity.h of these versions); a field lies within a record if the record's stride, learned from the
 * library in the process, covers it.
 */
#ifndef WIRE_CUPTI_RECORD_H
#define WIRE_CUPTI_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "wire/schema.h"

/* CUpti_ActivityKind values read here (cupti_activity.h). */
enum activity_kind {
	ACTIVITY_MEMCPY = 1,
	ACTIVITY_MEMSET = 2,
	ACTIVITY_DRIVER = 4,
	ACTIVITY_RUNTIME = 5,
	ACTIVITY_DEVICE = 8,
	ACTIVITY_CONTEXT = 9,
	ACTIVITY_KERNEL = 10, /* CONCURRENT_KERNEL */
	ACTIVITY_OVERHEAD = 17,
	ACTIVITY_MEMCPY_PEER = 22, /* MEMCPY2 */
	ACTIVITY_STREAM = 37,
};

/* Why a record gave no row. */
enum record_status {
	RECORD_OK = 0, /* row is filled; a duration below zero was set to 0 if *status says RECORD_BAD_TIME */
	RECORD_FACT = 1,     /* device, context, stream: not a row; read it with record_fact() */
	RECORD_NO_TIME = 2,  /* start or end is zero */
	RECORD_BAD_TIME = 3, /* end < start: row is filled, with duration 0 */
	RECORD_UNKNOWN = 4,  /* a kind not known here */
};

struct record_walk {
	const uint8_t *bytes;
	size_t size;
	size_t offset;
	const uint16_t *strides; /* by kind, bytes, 0 unknown; count of them */
	uint32_t stride_count;
};

/*
 * The next record of a buffer: 1 with *record, *kind and *stride set; 0 at the end (all bytes read, or the
 * first kind 0); -EBADMSG: a kind of unknown stride, or a record cut off by the buffer's end: nothing after
 * it can be read.
 */
int record_next(struct record_walk *walk, const uint8_t **record, uint32_t *kind, uint32_t *stride);

/* Text in the process is named by its pointer; times are CUPTI's, unconverted. */
struct record_row {
	uint16_t event;	       /* enum event_kind */
	uint64_t name_pointer; /* KERNEL_NAME's text (kernel), 0 else; the row's name field is left 0 */
	uint64_t row[SCHEMA_MAX_FIELDS];
};

/* Translate one record. Returns an enum record_status. */
int record_to_row(const uint8_t *record, uint32_t kind, uint32_t stride, struct record_row *out);

/* Device, context and stream records as permanent records. name_pointer: the device's name in the process,
 * not yet in out. */
union record_fact {
	struct permanent_header h;
	struct permanent_device device;
	struct permanent_context context;
	struct permanent_stream stream;
};
/* 0 or -EINVAL when the kind is none of them or the stride is too short. */
int record_to_fact(const uint8_t *record, uint32_t kind, uint32_t stride, union record_fact *out,
		   uint64_t *name_pointer);

#endif
