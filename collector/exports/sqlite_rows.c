/*
 * sqlite_rows.c: events as rows of nsys's tables. Times are ns since the recording began. Parameters are
 * bound in the order in which sqlite_tables.c lists the columns that are written.
 */
#include <errno.h>
#include <string.h>

#include "collector/exports/sqlite_export.h"
#include "collector/memory_kinds.h"

enum {
	START,
	DURATION,
	CORRELATION,
	FIRST, /* of a kind's own */
};
#define COMMON FIELD_START, FIELD_DURATION, FIELD_CORRELATION

static const uint16_t kernel_fields[] = {
	COMMON,
	FIELD_GRID_ID,
	FIELD_NAME,
	FIELD_DEVICE,
	FIELD_CONTEXT,
	FIELD_STREAM,
	FIELD_LAUNCH_TYPE,
	FIELD_CACHE_CONFIG,
	FIELD_REGISTERS,
	FIELD_GRID_X,
	FIELD_GRID_Y,
	FIELD_GRID_Z,
	FIELD_BLOCK_X,
	FIELD_BLOCK_Y,
	FIELD_BLOCK_Z,
	FIELD_STATIC_SHARED,
	FIELD_DYNAMIC_SHARED,
	FIELD_LOCAL_PER_THREAD,
	FIELD_LOCAL_TOTAL,
	FIELD_SHARED_EXECUTED,
	FIELD_GRAPH_NODE,
	FIELD_SHARED_LIMIT_CONFIG,
	FIELD_GRAPH_EXEC,
	FIELD_CLUSTER_X,
	FIELD_CLUSTER_Y,
	FIELD_CLUSTER_Z,
	FIELD_CLUSTER_POLICY,
	FIELD_MAX_CLUSTER_SIZE,
	FIELD_MAX_ACTIVE_CLUSTERS,
};
static const uint16_t memcpy_fields[] = {
	COMMON,		  FIELD_BYTES,	     FIELD_DEVICE,     FIELD_CONTEXT,	 FIELD_STREAM,
	FIELD_COPY_KIND,  FIELD_SRC_KIND,    FIELD_DST_KIND,   FIELD_SRC_DEVICE, FIELD_SRC_CONTEXT,
	FIELD_DST_DEVICE, FIELD_DST_CONTEXT, FIELD_GRAPH_NODE, FIELD_COPY_COUNT,
};
static const uint16_t memset_fields[] = {COMMON,       FIELD_BYTES, FIELD_DEVICE,     FIELD_CONTEXT,
					 FIELD_STREAM, FIELD_VALUE, FIELD_GRAPH_NODE, FIELD_MEMORY_KIND};
static const uint16_t api_fields[] = {COMMON, FIELD_API_DOMAIN, FIELD_THREAD, FIELD_NAME, FIELD_RETURN};
static const uint16_t overhead_fields[] = {COMMON, FIELD_OVERHEAD_KIND, FIELD_OBJECT_KIND, FIELD_OBJECT};

#define NEED(kind, fields)                                                                                   \
	{                                                                                                    \
		kind, sizeof(fields) / sizeof((fields)[0]), fields                                           \
	}
const struct report_need sqlite_needs[] = {
	NEED(EVENT_KERNEL, kernel_fields),
	NEED(EVENT_MEMCPY, memcpy_fields),
	NEED(EVENT_MEMSET, memset_fields),
	NEED(EVENT_API, api_fields),
	NEED(EVENT_OVERHEAD, overhead_fields),
	{EVENT_NVTX, NVTX_RANGE_FIELDS, nvtx_range_fields},
	{.kind = 0},
};

/* A row being bound: one parameter after another. */
struct row {
	sqlite3_stmt *statement;
	int at;
	const struct report_batch *b;
	uint32_t record, site;
};

static void put(struct row *r, uint64_t value)
{
	sqlite3_bind_int64(r->statement, ++r->at, (sqlite3_int64)value);
}

/* NULL for 0: nsys's way to say that there is none. */
static void put_unless_0(struct row *r, uint64_t value)
{
	++r->at;
	if (value)
		sqlite3_bind_int64(r->statement, r->at, (sqlite3_int64)value);
	else
		sqlite3_bind_null(r->statement, r->at);
}

static uint64_t fixed(const struct row *r, unsigned int column)
{
	return report_static(r->b, column, r->site);
}

static uint64_t value(const struct row *r, unsigned int column)
{
	return r->b->column[column].values[r->record];
}

/* Start and end of an event, in ns since the recording began. */
static void put_times(struct sqlite_export *x, struct row *r)
{
	uint64_t start = value(r, START) - (uint64_t)x->run->trace->origin;

	put(r, start);
	put(r, start + value(r, DURATION));
}

/* What kernels, copies and sets begin with; the columns are given because their order differs. */
static void put_place(struct sqlite_export *x, struct row *r, unsigned int device, unsigned int context,
		      unsigned int stream)
{
	const struct trace_process *p = r->b->process;

	put_times(x, r);
	put(r, gpus_number(x->run->gpus, p, (uint32_t)fixed(r, device)));
	put(r, fixed(r, context));
	put(r, fixed(r, stream));
	put(r, sqlite_correlation(p, value(r, CORRELATION)));
	put(r, x->global_pids[p->index]);
}

static int kernel_row(struct sqlite_export *x, struct row *r)
{
	enum {
		GRID_ID = FIRST,
		NAME,
		DEVICE,
		CONTEXT,
		STREAM,
		LAUNCH_TYPE,
		CACHE_CONFIG,
		REGISTERS,
		LOCAL_TOTAL = REGISTERS + 10,
		SHARED_EXECUTED,
		GRAPH_NODE,
		LIMIT_CONFIG,
		GRAPH_EXEC,
		CLUSTER_X,
		MAX_ACTIVE_CLUSTERS = CLUSTER_X + 5
	};
	struct texts *texts = x->run->texts;
	uint32_t name = texts_resolve(texts, r->b->process, r->b->decoder, fixed(r, NAME));

	if (name == TEXT_NONE || texts_spell(texts, name, TEXT_DEMANGLED) == TEXT_NONE)
		return -ENOMEM;
	put_place(x, r, DEVICE, CONTEXT, STREAM);
	put(r, texts_spell(texts, name, TEXT_DEMANGLED));
	put(r, texts_spell(texts, name, TEXT_BASE));
	put(r, name);
	put(r, fixed(r, LAUNCH_TYPE) + 1); /* CUPTI counts from 0, nsys has 0 for unknown */
	put(r, fixed(r, CACHE_CONFIG) >> 4 & 15);
	for (unsigned int c = REGISTERS; c <= LOCAL_TOTAL; c++)
		put(r, fixed(r, c));
	put(r, value(r, GRID_ID));
	put(r, fixed(r, SHARED_EXECUTED));
	put_unless_0(r, fixed(r, GRAPH_NODE));
	put(r, fixed(r, LIMIT_CONFIG));
	put_unless_0(r, fixed(r, GRAPH_EXEC));
	for (unsigned int c = CLUSTER_X; c <= MAX_ACTIVE_CLUSTERS; c++)
		put(r, fixed(r, c));
	return 0;
}

static int memcpy_row(struct sqlite_export *x, struct row *r)
{
	enum {
		BYTES = FIRST,
		DEVICE,
		CONTEXT,
		STREAM,
		COPY_KIND,
		SRC_KIND,
		DST_KIND,
		SRC_DEVICE,
		SRC_CONTEXT,
		DST_DEVICE,
		DST_CONTEXT,
		GRAPH_NODE,
		COPY_COUNT
	};
	const struct trace_process *p = r->b->process;
	bool peer = fixed(r, SRC_CONTEXT) || fixed(r, DST_CONTEXT);

	put_place(x, r, DEVICE, CONTEXT, STREAM);
	put(r, value(r, BYTES));
	put(r, copy_kind_label(fixed(r, COPY_KIND)) ? fixed(r, COPY_KIND) : 0);
	put(r, memory_kind_number(fixed(r, SRC_KIND)));
	put(r, memory_kind_number(fixed(r, DST_KIND)));
	if (peer) {
		put(r, gpus_number(x->run->gpus, p, (uint32_t)fixed(r, SRC_DEVICE)));
		put(r, fixed(r, SRC_CONTEXT));
		put(r, gpus_number(x->run->gpus, p, (uint32_t)fixed(r, DST_DEVICE)));
		put(r, fixed(r, DST_CONTEXT));
	} else {
		for (int i = 0; i < 4; i++)
			put_unless_0(r, 0);
	}
	put_unless_0(r, fixed(r, GRAPH_NODE));
	put(r, fixed(r, COPY_COUNT));
	return 0;
}

static int memset_row(struct sqlite_export *x, struct row *r)
{
	enum { BYTES = FIRST, DEVICE, CONTEXT, STREAM, VALUE, GRAPH_NODE, MEMORY_KIND };

	put_place(x, r, DEVICE, CONTEXT, STREAM);
	put(r, fixed(r, VALUE));
	put(r, value(r, BYTES));
	put_unless_0(r, fixed(r, GRAPH_NODE));
	put(r, memory_kind_number(fixed(r, MEMORY_KIND)));
	return 0;
}

/* 1: no row, the call is part of another one. */
static int api_row(struct sqlite_export *x, struct row *r)
{
	enum { DOMAIN = FIRST, THREAD, NAME, RETURN };
	const struct trace_process *p = r->b->process;
	uint64_t domain = fixed(r, DOMAIN), correlation = value(r, CORRELATION);
	uint32_t name;

	if (api_calls_nested(x->calls, p, domain, correlation))
		return 1;
	name = texts_resolve(x->run->texts, p, r->b->decoder, fixed(r, NAME));
	if (name == TEXT_NONE)
		return -ENOMEM;
	put_times(x, r);
	put(r, domain == API_DRIVER ? NSYS_CLASS_DRIVER : NSYS_CLASS_RUNTIME);
	put(r, sqlite_global_tid(x, p, fixed(r, THREAD)));
	put(r, sqlite_correlation(p, correlation));
	put(r, name);
	put(r, fixed(r, RETURN));
	return 0;
}

static int overhead_row(struct sqlite_export *x, struct row *r)
{
	enum { KIND = FIRST, OBJECT_KIND, OBJECT, OF_THREAD = 2 /* CUPTI_ACTIVITY_OBJECT_THREAD */ };
	const struct trace_process *p = r->b->process;
	const char *label;
	uint32_t type = sqlite_overhead_type(fixed(r, KIND), &label);
	uint32_t name = texts_add(x->run->texts, label, strlen(label));

	if (name == TEXT_NONE)
		return -ENOMEM;
	put_times(x, r);
	put(r, NSYS_CLASS_OVERHEAD);
	put(r, sqlite_global_tid(x, p, fixed(r, OBJECT_KIND) == OF_THREAD ? fixed(r, OBJECT) : 0));
	put(r, sqlite_correlation(p, value(r, CORRELATION)));
	put(r, name);
	put(r, type);
	return 0;
}

static int rows(struct sqlite_export *x, const struct report_batch *b, enum sqlite_table table,
		int (*fill)(struct sqlite_export *x, struct row *r))
{
	for (uint32_t i = 0; i < b->count; i++) {
		struct row r = {
			.statement = sqlite_insert(x, table), .b = b, .record = i, .site = b->site[i]};
		int err = r.statement ? fill(x, &r) : sqlite_error(x);

		if (err == 1)
			continue;
		if (!err)
			err = sqlite_add(x, r.statement);
		if (err)
			return err;
	}
	return 0;
}

int sqlite_rows_batch(struct sqlite_export *x, const struct report_batch *b)
{
	switch (b->kind) {
	case EVENT_KERNEL:
		return rows(x, b, TABLE_KERNEL, kernel_row);
	case EVENT_MEMCPY:
		return rows(x, b, TABLE_MEMCPY, memcpy_row);
	case EVENT_MEMSET:
		return rows(x, b, TABLE_MEMSET, memset_row);
	case EVENT_API:
		return rows(x, b, TABLE_RUNTIME, api_row);
	case EVENT_OVERHEAD:
		return rows(x, b, TABLE_OVERHEAD, overhead_row);
	default:
		return nvtx_ranges_batch(x->ranges, b);
	}
}

/* ---------------------------------------------------------------------------------------------- NVTX */

/* Parameters of NVTX_EVENTS, from 1. */
enum nvtx_parameter {
	NVTX_AT_START = 1,
	NVTX_AT_END,
	NVTX_AT_TYPE,
	NVTX_AT_RANGE_ID,
	NVTX_AT_CATEGORY,
	NVTX_AT_COLOR,
	NVTX_AT_TEXT,
	NVTX_AT_THREAD,
	NVTX_AT_END_THREAD,
	NVTX_AT_TEXT_ID,
	NVTX_AT_DOMAIN,
	NVTX_AT_UINT64,
	NVTX_AT_INT64,
	NVTX_AT_DOUBLE,
	NVTX_AT_UINT32,
	NVTX_AT_INT32,
	NVTX_AT_FLOAT,
};

/* A domain's number within its process: 0 is the default one; the first use of another adds its row. */
static int domain_number(struct sqlite_export *x, const struct nvtx_range *range, uint64_t *number)
{
	const struct trace_process *p = range->process;
	uint64_t key = (uint64_t)p->index << 32 | range->domain, *known;
	sqlite3_stmt *s;
	int err;

	*number = 0;
	if (!range->domain)
		return 0;
	known = map_find(&x->domains, key);
	if (known) {
		*number = *known;
		return 0;
	}
	*number = ++x->domain_count[p->index];
	err = map_put(&x->domains, key, *number);
	s = err ? NULL : sqlite_insert(x, TABLE_NVTX);
	if (!s)
		return err ? err : sqlite_error(x);
	sqlite3_bind_int64(s, NVTX_AT_START, range->start - x->run->trace->origin);
	sqlite3_bind_int64(s, NVTX_AT_TYPE, NSYS_NVTX_DOMAIN);
	sqlite_bind_string(x, s, NVTX_AT_TEXT, range->domain);
	sqlite3_bind_int64(s, NVTX_AT_THREAD, (sqlite3_int64)sqlite_global_tid(x, p, range->thread));
	sqlite3_bind_int64(s, NVTX_AT_DOMAIN, (sqlite3_int64)*number);
	return sqlite_add(x, s);
}

/* nvtxPayloadType_t: 1 uint64, 2 int64, 3 double, 4 uint32, 5 int32, 6 float. */
static void bind_payload(sqlite3_stmt *s, uint64_t type, uint64_t payload)
{
	double real;
	float single;

	switch (type) {
	case 1:
		sqlite3_bind_int64(s, NVTX_AT_UINT64, (sqlite3_int64)payload);
		break;
	case 2:
		sqlite3_bind_int64(s, NVTX_AT_INT64, (sqlite3_int64)payload);
		break;
	case 3:
		memcpy(&real, &payload, sizeof(real));
		sqlite3_bind_double(s, NVTX_AT_DOUBLE, real);
		break;
	case 4:
		sqlite3_bind_int64(s, NVTX_AT_UINT32, (uint32_t)payload);
		break;
	case 5:
		sqlite3_bind_int64(s, NVTX_AT_INT32, (int32_t)payload);
		break;
	case 6:
		memcpy(&single, &payload, sizeof(single));
		sqlite3_bind_double(s, NVTX_AT_FLOAT, (double)single);
		break;
	default:
		break;
	}
}

int sqlite_rows_range(void *context, const struct nvtx_range *range)
{
	struct sqlite_export *x = context;
	const struct trace_process *p = range->process;
	int64_t origin = x->run->trace->origin;
	uint64_t domain;
	sqlite3_stmt *s;
	int err = domain_number(x, range, &domain);

	s = err ? NULL : sqlite_insert(x, TABLE_NVTX);
	if (!s)
		return err ? err : sqlite_error(x);
	sqlite3_bind_int64(s, NVTX_AT_START, range->start - origin);
	if (!range->mark)
		sqlite3_bind_int64(s, NVTX_AT_END, range->end - origin);
	sqlite3_bind_int64(s, NVTX_AT_TYPE,
			   range->mark	      ? NSYS_NVTX_MARK
			   : range->start_end ? NSYS_NVTX_START_END
					      : NSYS_NVTX_PUSH_POP);
	if (range->start_end)
		sqlite3_bind_int64(s, NVTX_AT_RANGE_ID, (sqlite3_int64)range->id);
	if (range->flags & NVTX_HAS_CATEGORY)
		sqlite3_bind_int64(s, NVTX_AT_CATEGORY, (sqlite3_int64)range->category);
	if (range->flags & NVTX_HAS_COLOR)
		sqlite3_bind_int64(s, NVTX_AT_COLOR, (sqlite3_int64)range->color);
	sqlite_bind_string(x, s, NVTX_AT_TEXT, range->name);
	sqlite3_bind_int64(s, NVTX_AT_THREAD, (sqlite3_int64)sqlite_global_tid(x, p, range->thread));
	if (range->start_end && range->end_thread != range->thread)
		sqlite3_bind_int64(s, NVTX_AT_END_THREAD,
				   (sqlite3_int64)sqlite_global_tid(x, p, range->end_thread));
	if (range->registered)
		sqlite3_bind_int64(s, NVTX_AT_TEXT_ID, range->name);
	sqlite3_bind_int64(s, NVTX_AT_DOMAIN, (sqlite3_int64)domain);
	if (range->flags & NVTX_HAS_PAYLOAD)
		bind_payload(s, range->payload_type, range->payload);
	return sqlite_add(x, s);
}
