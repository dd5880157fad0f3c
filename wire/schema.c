/*
 * schema.c: the tables of schema.h. A field may be added to the end of a kind's static or dynamic fields at
 * any time.
 */
#include "wire/schema.h"

#include <stdio.h>

#define STATIC(f)                                                                                            \
	{                                                                                                    \
		FIELD_##f, ENC_SITE, false                                                                   \
	}
#define LANE(f)                                                                                              \
	{                                                                                                    \
		FIELD_##f, ENC_SITE, true                                                                    \
	}
#define DYNAMIC(f, encoding)                                                                                 \
	{                                                                                                    \
		FIELD_##f, encoding, false                                                                   \
	}
#define TIMES DYNAMIC(START, ENC_START), DYNAMIC(DURATION, ENC_DURATION)

static const struct schema_field kernel_fields[] = {
	STATIC(NAME),
	LANE(DEVICE),
	LANE(CONTEXT),
	LANE(STREAM),
	STATIC(GRAPH_NODE),
	STATIC(GRAPH_EXEC),
	STATIC(GRID_X),
	STATIC(GRID_Y),
	STATIC(GRID_Z),
	STATIC(BLOCK_X),
	STATIC(BLOCK_Y),
	STATIC(BLOCK_Z),
	STATIC(REGISTERS),
	STATIC(STATIC_SHARED),
	STATIC(DYNAMIC_SHARED),
	STATIC(LOCAL_PER_THREAD),
	STATIC(LOCAL_TOTAL),
	STATIC(SHARED_EXECUTED),
	STATIC(SHARED_LIMIT_CONFIG),
	STATIC(LAUNCH_TYPE),
	STATIC(CACHE_CONFIG),
	STATIC(CHANNEL),
	STATIC(CHANNEL_TYPE),
	STATIC(CLUSTER_X),
	STATIC(CLUSTER_Y),
	STATIC(CLUSTER_Z),
	STATIC(CLUSTER_POLICY),
	STATIC(MAX_CLUSTER_SIZE),
	STATIC(MAX_ACTIVE_CLUSTERS),
	STATIC(PRIORITY),
	TIMES,
	DYNAMIC(CORRELATION, ENC_STEP),
	DYNAMIC(GRID_ID, ENC_STEP),
};

static const struct schema_field memcpy_fields[] = {
	STATIC(COPY_KIND),
	STATIC(SRC_KIND),
	STATIC(DST_KIND),
	STATIC(FLAGS),
	LANE(DEVICE),
	LANE(CONTEXT),
	LANE(STREAM),
	STATIC(SRC_DEVICE),
	STATIC(SRC_CONTEXT),
	STATIC(DST_DEVICE),
	STATIC(DST_CONTEXT),
	STATIC(GRAPH_NODE),
	STATIC(GRAPH_EXEC),
	STATIC(CHANNEL),
	STATIC(CHANNEL_TYPE),
	STATIC(COPY_COUNT),
	TIMES,
	DYNAMIC(CORRELATION, ENC_STEP),
	DYNAMIC(BYTES, ENC_LAST),
};

static const struct schema_field memset_fields[] = {
	LANE(DEVICE),
	LANE(CONTEXT),
	LANE(STREAM),
	STATIC(VALUE),
	STATIC(MEMORY_KIND),
	STATIC(FLAGS),
	STATIC(GRAPH_NODE),
	STATIC(GRAPH_EXEC),
	STATIC(CHANNEL),
	STATIC(CHANNEL_TYPE),
	TIMES,
	DYNAMIC(CORRELATION, ENC_STEP),
	DYNAMIC(BYTES, ENC_LAST),
};

static const struct schema_field api_fields[] = {
	STATIC(API_DOMAIN),
	STATIC(CBID),
	STATIC(NAME),
	LANE(THREAD),
	STATIC(RETURN),
	TIMES,
	DYNAMIC(CORRELATION, ENC_STEP),
};

static const struct schema_field overhead_fields[] = {
	STATIC(OVERHEAD_KIND), STATIC(OBJECT_KIND), LANE(OBJECT), TIMES, DYNAMIC(CORRELATION, ENC_LAST),
};

static const struct schema_field nvtx_fields[] = {
	STATIC(NVTX_TYPE),
	LANE(THREAD),
	STATIC(DOMAIN),
	STATIC(NAME),
	STATIC(FLAGS),
	STATIC(CATEGORY),
	STATIC(COLOR),
	STATIC(PAYLOAD_TYPE),
	DYNAMIC(START, ENC_START),
	DYNAMIC(RANGE_ID, ENC_STEP),
	DYNAMIC(PAYLOAD, ENC_LAST),
};

static const struct schema_field clock_fields[] = {
	DYNAMIC(START, ENC_START),     DYNAMIC(TICKS, ENC_STEP), DYNAMIC(REALTIME, ENC_STEP),
	DYNAMIC(CUPTI_TIME, ENC_STEP), DYNAMIC(ERROR, ENC_LAST),
};

static const struct schema_field lost_fields[] = {
	STATIC(CAUSE),
	TIMES,
	DYNAMIC(COUNT, ENC_LAST),
};

static const struct schema_field iteration_fields[] = {
	STATIC(SOURCE),
	LANE(THREAD),
	TIMES,
	DYNAMIC(NUMBER, ENC_STEP),
	DYNAMIC(FIRST_CORRELATION, ENC_STEP),
	DYNAMIC(LAST_CORRELATION, ENC_STEP),
};

static const struct schema_field window_fields[] = {
	STATIC(SOURCE),
	STATIC(NAME),
	TIMES,
	DYNAMIC(NUMBER, ENC_STEP),
};

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define SCHEMA(kind, name, fields, dynamic, duration)                                                        \
	{                                                                                                    \
		kind, COUNT(fields) - (dynamic), COUNT(fields), duration, name, fields                       \
	}

static const struct schema schemas[] = {
	SCHEMA(EVENT_KERNEL, "kernel", kernel_fields, 4, true),
	SCHEMA(EVENT_MEMCPY, "memcpy", memcpy_fields, 4, true),
	SCHEMA(EVENT_MEMSET, "memset", memset_fields, 4, true),
	SCHEMA(EVENT_API, "api", api_fields, 3, true),
	SCHEMA(EVENT_OVERHEAD, "overhead", overhead_fields, 3, true),
	SCHEMA(EVENT_NVTX, "nvtx", nvtx_fields, 3, false),
	SCHEMA(EVENT_CLOCK, "clock", clock_fields, 5, false),
	SCHEMA(EVENT_LOST, "lost", lost_fields, 3, true),
	SCHEMA(EVENT_ITERATION, "iteration", iteration_fields, 5, true),
	SCHEMA(EVENT_WINDOW, "window", window_fields, 3, true),
};

/* Row positions are used by number elsewhere: the tables must have as many fields as the enums. */
_Static_assert(COUNT(kernel_fields) == KERNEL_FIELDS && COUNT(memcpy_fields) == MEMCPY_FIELDS, "row layouts");
_Static_assert(COUNT(memset_fields) == MEMSET_FIELDS && COUNT(api_fields) == API_FIELDS, "row layouts");
_Static_assert(COUNT(overhead_fields) == OVERHEAD_FIELDS && COUNT(nvtx_fields) == NVTX_ROW_FIELDS,
	       "row layouts");
_Static_assert(COUNT(clock_fields) == CLOCK_FIELDS && COUNT(lost_fields) == LOST_FIELDS, "row layouts");
_Static_assert(COUNT(iteration_fields) == ITERATION_FIELDS && COUNT(window_fields) == WINDOW_FIELDS,
	       "row layouts");
_Static_assert(KERNEL_FIELDS <= SCHEMA_MAX_FIELDS, "a row holds every kind");

const struct schema *schema_find(uint16_t kind)
{
	for (size_t i = 0; i < COUNT(schemas); i++)
		if (schemas[i].kind == kind)
			return &schemas[i];
	return NULL;
}

int schema_index(const struct schema *s, uint16_t field)
{
	for (int i = 0; i < s->n_fields; i++)
		if (s->fields[i].field == field)
			return i;
	return -1;
}

bool schema_is_text(uint16_t field)
{
	return field == FIELD_NAME || field == FIELD_DOMAIN || field == FIELD_SOURCE;
}

const char *schema_kind_name(uint16_t kind, char buf[16])
{
	const struct schema *s = schema_find(kind);

	if (s)
		return s->name;
	if (kind == EVENT_PERMANENT)
		return "permanent";
	if (kind == EVENT_INDEX)
		return "index";
	snprintf(buf, 16, "kind 0x%04x", kind);
	return buf;
}
