/*
 * schema.h: which fields each kind of event has, in which order a row holds them, and how each is predicted.
 * The writer needs it; a reader does not (chunks describe themselves), except to know which fields are text.
 */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuflight/chunk.h"
#include "cuflight/event.h"

#define SCHEMA_MAX_FIELDS 40

struct schema_field {
	uint16_t field;	  /* enum event_field */
	uint8_t encoding; /* ENC_SITE for static fields, else how it is predicted */
	bool lane;	  /* static field that names the record's time line */
};

/*
 * A row is an array of uint64_t in the order of `fields`: the static fields first (n_static of them), then
 * the dynamic ones. Every kind has FIELD_START as its first dynamic field; a kind with has_duration has
 * FIELD_DURATION next.
 */
struct schema {
	uint16_t kind;
	uint8_t n_static;
	uint8_t n_fields;
	bool has_duration;
	const char *name;
	const struct schema_field *fields;
};

/* The schema of a columnar kind, or NULL for kinds that have none (permanent, index, unknown). */
const struct schema *schema_find(uint16_t kind);
/* Row position of a field, or -1. */
int schema_index(const struct schema *s, uint16_t field);
/* Do a column's values refer to text? */
bool schema_is_text(uint16_t field);
/* "kernel", "memcpy", ...; "kind 0x0123" is written to buf for kinds unknown. Never NULL. */
const char *schema_kind_name(uint16_t kind, char buf[16]);

/*
 * Row layouts, for those who fill rows by position. Checked against the tables by tests/unit/schema_test.c.
 */
enum row_kernel {
	KERNEL_NAME,
	KERNEL_DEVICE,
	KERNEL_CONTEXT,
	KERNEL_STREAM,
	KERNEL_GRAPH_NODE,
	KERNEL_GRAPH_EXEC,
	KERNEL_GRID_X,
	KERNEL_GRID_Y,
	KERNEL_GRID_Z,
	KERNEL_BLOCK_X,
	KERNEL_BLOCK_Y,
	KERNEL_BLOCK_Z,
	KERNEL_REGISTERS,
	KERNEL_STATIC_SHARED,
	KERNEL_DYNAMIC_SHARED,
	KERNEL_LOCAL_PER_THREAD,
	KERNEL_LOCAL_TOTAL,
	KERNEL_SHARED_EXECUTED,
	KERNEL_SHARED_LIMIT_CONFIG,
	KERNEL_LAUNCH_TYPE,
	KERNEL_CACHE_CONFIG,
	KERNEL_CHANNEL,
	KERNEL_CHANNEL_TYPE,
	KERNEL_CLUSTER_X,
	KERNEL_CLUSTER_Y,
	KERNEL_CLUSTER_Z,
	KERNEL_CLUSTER_POLICY,
	KERNEL_MAX_CLUSTER_SIZE,
	KERNEL_MAX_ACTIVE_CLUSTERS,
	KERNEL_PRIORITY,
	KERNEL_START,
	KERNEL_DURATION,
	KERNEL_CORRELATION,
	KERNEL_GRID_ID,
	KERNEL_FIELDS,
};

enum row_memcpy {
	MEMCPY_COPY_KIND,
	MEMCPY_SRC_KIND,
	MEMCPY_DST_KIND,
	MEMCPY_FLAGS, /* 1: asynchronous */
	MEMCPY_DEVICE,
	MEMCPY_CONTEXT,
	MEMCPY_STREAM,
	MEMCPY_SRC_DEVICE, /* peer copies only, else 0 */
	MEMCPY_SRC_CONTEXT,
	MEMCPY_DST_DEVICE,
	MEMCPY_DST_CONTEXT,
	MEMCPY_GRAPH_NODE,
	MEMCPY_GRAPH_EXEC,
	MEMCPY_CHANNEL,
	MEMCPY_CHANNEL_TYPE,
	MEMCPY_COPY_COUNT,
	MEMCPY_START,
	MEMCPY_DURATION,
	MEMCPY_CORRELATION,
	MEMCPY_BYTES,
	MEMCPY_FIELDS,
};

enum row_memset {
	MEMSET_DEVICE,
	MEMSET_CONTEXT,
	MEMSET_STREAM,
	MEMSET_VALUE,
	MEMSET_MEMORY_KIND,
	MEMSET_FLAGS,
	MEMSET_GRAPH_NODE,
	MEMSET_GRAPH_EXEC,
	MEMSET_CHANNEL,
	MEMSET_CHANNEL_TYPE,
	MEMSET_START,
	MEMSET_DURATION,
	MEMSET_CORRELATION,
	MEMSET_BYTES,
	MEMSET_FIELDS,
};

enum row_api {
	API_DOMAIN,
	API_CBID,
	API_NAME,
	API_THREAD,
	API_RETURN,
	API_START,
	API_DURATION,
	API_CORRELATION,
	API_FIELDS,
};

enum row_overhead {
	OVERHEAD_KIND,
	OVERHEAD_OBJECT_KIND,
	OVERHEAD_OBJECT,
	OVERHEAD_START,
	OVERHEAD_DURATION,
	OVERHEAD_CORRELATION,
	OVERHEAD_FIELDS,
};

enum row_nvtx {
	NVTX_ROW_TYPE,
	NVTX_ROW_THREAD,
	NVTX_ROW_DOMAIN,
	NVTX_ROW_NAME,
	NVTX_ROW_FLAGS,
	NVTX_ROW_CATEGORY,
	NVTX_ROW_COLOR,
	NVTX_ROW_PAYLOAD_TYPE,
	NVTX_ROW_START,
	NVTX_ROW_RANGE_ID,
	NVTX_ROW_PAYLOAD,
	NVTX_ROW_FIELDS,
};

enum row_clock {
	CLOCK_START,
	CLOCK_TICKS,
	CLOCK_REALTIME_NS,
	CLOCK_CUPTI,
	CLOCK_ERROR,
	CLOCK_FIELDS,
};

enum row_lost {
	LOST_CAUSE,
	LOST_START,
	LOST_DURATION,
	LOST_COUNT,
	LOST_FIELDS,
};

enum row_iteration {
	ITERATION_SOURCE,
	ITERATION_THREAD,
	ITERATION_START,
	ITERATION_DURATION,
	ITERATION_NUMBER,
	ITERATION_FIRST_CORRELATION,
	ITERATION_LAST_CORRELATION,
	ITERATION_FIELDS,
};

enum row_window {
	WINDOW_SOURCE,
	WINDOW_NAME,
	WINDOW_START,
	WINDOW_DURATION,
	WINDOW_NUMBER,
	WINDOW_FIELDS,
};

#endif
