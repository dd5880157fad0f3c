/*
 * cupti_record.c: CUPTI's activity structs by byte offset, from NVIDIA's cupti_activity.h. A field that a
 * CUDA version appended is read only when the record's stride reaches it; tests/unit/cupti_record_test.c
 * compares every offset with the headers at hand.
 */
#include "wire/cupti_record.h"

#include <errno.h>
#include <string.h>

static uint32_t u32(const uint8_t *record, uint32_t offset)
{
	uint32_t v;

	memcpy(&v, record + offset, sizeof(v));
	return v;
}

static uint64_t u64(const uint8_t *record, uint32_t offset)
{
	uint64_t v;

	memcpy(&v, record + offset, sizeof(v));
	return v;
}

static uint16_t u16(const uint8_t *record, uint32_t offset)
{
	uint16_t v;

	memcpy(&v, record + offset, sizeof(v));
	return v;
}

/* A field that not every version has: 0 where the record is too short for it. */
static uint32_t u32_if(const uint8_t *record, uint32_t stride, uint32_t offset)
{
	return offset + 4 <= stride ? u32(record, offset) : 0;
}

int record_next(struct record_walk *walk, const uint8_t **record, uint32_t *kind, uint32_t *stride)
{
	if (walk->size - walk->offset < sizeof(uint32_t))
		return 0;
	*kind = u32(walk->bytes, (uint32_t)walk->offset);
	if (!*kind)
		return 0;
	if (*kind >= walk->stride_count || walk->strides[*kind] < 2 * sizeof(uint32_t) ||
	    walk->strides[*kind] > walk->size - walk->offset)
		return -EBADMSG;
	*record = walk->bytes + walk->offset;
	*stride = walk->strides[*kind];
	walk->offset += *stride;
	return 1;
}

/* Start and duration from CUPTI's start and end. */
static int set_times(uint64_t start, uint64_t end, uint64_t *row_start, uint64_t *row_duration)
{
	*row_start = start;
	*row_duration = end >= start ? end - start : 0;
	if (!start || !end)
		return RECORD_NO_TIME;
	return end >= start ? RECORD_OK : RECORD_BAD_TIME;
}

/* CUpti_ActivityKernel8 (11.8, 200 bytes) to Kernel11 (13.1, 224). */
static int kernel_row(const uint8_t *r, uint32_t stride, struct record_row *out)
{
	uint64_t *row = out->row;

	out->event = EVENT_KERNEL;
	out->name_pointer = u64(r, 104);
	row[KERNEL_NAME] = 0;
	row[KERNEL_DEVICE] = u32(r, 40);
	row[KERNEL_CONTEXT] = u32(r, 44);
	row[KERNEL_STREAM] = u32(r, 48);
	row[KERNEL_GRAPH_NODE] = u64(r, 144);
	row[KERNEL_GRAPH_EXEC] = u32(r, 156);
	row[KERNEL_GRID_X] = u32(r, 52);
	row[KERNEL_GRID_Y] = u32(r, 56);
	row[KERNEL_GRID_Z] = u32(r, 60);
	row[KERNEL_BLOCK_X] = u32(r, 64);
	row[KERNEL_BLOCK_Y] = u32(r, 68);
	row[KERNEL_BLOCK_Z] = u32(r, 72);
	row[KERNEL_REGISTERS] = u16(r, 6);
	row[KERNEL_STATIC_SHARED] = u32(r, 76);
	row[KERNEL_DYNAMIC_SHARED] = u32(r, 80);
	row[KERNEL_LOCAL_PER_THREAD] = u32(r, 84);
	row[KERNEL_LOCAL_TOTAL] = stride >= 200 ? u64(r, 192) : u32(r, 88);
	row[KERNEL_SHARED_EXECUTED] = u32(r, 140);
	row[KERNEL_SHARED_LIMIT_CONFIG] = u32(r, 152);
	row[KERNEL_LAUNCH_TYPE] = r[136];
	row[KERNEL_CACHE_CONFIG] = r[4];
	row[KERNEL_CHANNEL] = u32_if(r, stride, 168);
	row[KERNEL_CHANNEL_TYPE] = u32_if(r, stride, 172);
	row[KERNEL_CLUSTER_X] = u32_if(r, stride, 176);
	row[KERNEL_CLUSTER_Y] = u32_if(r, stride, 180);
	row[KERNEL_CLUSTER_Z] = u32_if(r, stride, 184);
	row[KERNEL_CLUSTER_POLICY] = u32_if(r, stride, 188);
	row[KERNEL_MAX_CLUSTER_SIZE] = u32_if(r, stride, 200);
	row[KERNEL_MAX_ACTIVE_CLUSTERS] = u32_if(r, stride, 204);
	row[KERNEL_PRIORITY] = u32_if(r, stride, 216);
	row[KERNEL_CORRELATION] = u32(r, 92);
	row[KERNEL_GRID_ID] = u64(r, 96);
	return set_times(u64(r, 16), u64(r, 24), &row[KERNEL_START], &row[KERNEL_DURATION]);
}

/* CUpti_ActivityMemcpy5 (11.6, 88 bytes) and Memcpy6 (12.8, 96). */
static int memcpy_row(const uint8_t *r, uint32_t stride, struct record_row *out)
{
	uint64_t *row = out->row;

	out->event = EVENT_MEMCPY;
	row[MEMCPY_COPY_KIND] = r[4];
	row[MEMCPY_SRC_KIND] = r[5];
	row[MEMCPY_DST_KIND] = r[6];
	row[MEMCPY_FLAGS] = r[7];
	row[MEMCPY_DEVICE] = u32(r, 32);
	row[MEMCPY_CONTEXT] = u32(r, 36);
	row[MEMCPY_STREAM] = u32(r, 40);
	row[MEMCPY_SRC_DEVICE] = row[MEMCPY_SRC_CONTEXT] = 0;
	row[MEMCPY_DST_DEVICE] = row[MEMCPY_DST_CONTEXT] = 0;
	row[MEMCPY_GRAPH_NODE] = u64(r, 64);
	row[MEMCPY_GRAPH_EXEC] = u32(r, 72);
	row[MEMCPY_CHANNEL] = u32_if(r, stride, 76);
	row[MEMCPY_CHANNEL_TYPE] = u32_if(r, stride, 80);
	row[MEMCPY_COPY_COUNT] = stride >= 96 ? u32(r, 88) : 0;
	row[MEMCPY_CORRELATION] = u32(r, 44);
	row[MEMCPY_BYTES] = u64(r, 8);
	return set_times(u64(r, 16), u64(r, 24), &row[MEMCPY_START], &row[MEMCPY_DURATION]);
}

/* CUpti_ActivityMemcpyPtoP4 (11.6, 96 bytes). */
static int memcpy_peer_row(const uint8_t *r, uint32_t stride, struct record_row *out)
{
	uint64_t *row = out->row;
	int status = memcpy_row(r, stride, out);

	row[MEMCPY_SRC_DEVICE] = u32(r, 44);
	row[MEMCPY_SRC_CONTEXT] = u32(r, 48);
	row[MEMCPY_DST_DEVICE] = u32(r, 52);
	row[MEMCPY_DST_CONTEXT] = u32(r, 56);
	row[MEMCPY_CORRELATION] = u32(r, 60);
	row[MEMCPY_GRAPH_NODE] = u64(r, 72);
	row[MEMCPY_GRAPH_EXEC] = u32(r, 80);
	row[MEMCPY_CHANNEL] = u32_if(r, stride, 84);
	row[MEMCPY_CHANNEL_TYPE] = u32_if(r, stride, 88);
	row[MEMCPY_COPY_COUNT] = 0;
	return status;
}

/* CUpti_ActivityMemset4 (11.6, 88 bytes). */
static int memset_row(const uint8_t *r, uint32_t stride, struct record_row *out)
{
	uint64_t *row = out->row;

	out->event = EVENT_MEMSET;
	row[MEMSET_DEVICE] = u32(r, 32);
	row[MEMSET_CONTEXT] = u32(r, 36);
	row[MEMSET_STREAM] = u32(r, 40);
	row[MEMSET_VALUE] = u32(r, 4);
	row[MEMSET_MEMORY_KIND] = u16(r, 50);
	row[MEMSET_FLAGS] = u16(r, 48);
	row[MEMSET_GRAPH_NODE] = u64(r, 64);
	row[MEMSET_GRAPH_EXEC] = u32(r, 72);
	row[MEMSET_CHANNEL] = u32_if(r, stride, 76);
	row[MEMSET_CHANNEL_TYPE] = u32_if(r, stride, 80);
	row[MEMSET_CORRELATION] = u32(r, 44);
	row[MEMSET_BYTES] = u64(r, 8);
	return set_times(u64(r, 16), u64(r, 24), &row[MEMSET_START], &row[MEMSET_DURATION]);
}

/* CUpti_ActivityAPI (40 bytes in every version). domain: CUpti_CallbackDomain. */
static int api_row(const uint8_t *r, uint64_t domain, struct record_row *out)
{
	uint64_t *row = out->row;

	out->event = EVENT_API;
	row[API_DOMAIN] = domain;
	row[API_CBID] = u32(r, 4);
	row[API_NAME] = 0;
	row[API_THREAD] = u32(r, 28);
	row[API_RETURN] = u32(r, 36);
	row[API_CORRELATION] = u32(r, 32);
	return set_times(u64(r, 8), u64(r, 16), &row[API_START], &row[API_DURATION]);
}

/*
 * CUpti_ActivityOverhead (11.8, 40 bytes) to Overhead3 (12.4, 56). The object is a union whose member the
 * object kind tells: process id, then thread id; or device, context, stream.
 */
static int overhead_row(const uint8_t *r, uint32_t stride, struct record_row *out)
{
	static const uint8_t object_offset[] = {12, 12, 16, 12, 16, 20}; /* by CUpti_ActivityObjectKind */
	uint64_t *row = out->row;
	uint32_t object_kind = u32(r, 8);

	out->event = EVENT_OVERHEAD;
	row[OVERHEAD_KIND] = u32(r, 4);
	row[OVERHEAD_OBJECT_KIND] = object_kind;
	row[OVERHEAD_OBJECT] = u32(r, object_kind < sizeof(object_offset) ? object_offset[object_kind] : 12);
	row[OVERHEAD_CORRELATION] = u32_if(r, stride, 40);
	return set_times(u64(r, 24), u64(r, 32), &row[OVERHEAD_START], &row[OVERHEAD_DURATION]);
}

/* The shortest layout read of each kind; a shorter record is not one we know. */
static const uint8_t shortest[] = {
	[ACTIVITY_MEMCPY] = 80,	 [ACTIVITY_MEMSET] = 80,   [ACTIVITY_DRIVER] = 40,
	[ACTIVITY_RUNTIME] = 40, [ACTIVITY_DEVICE] = 144,  [ACTIVITY_CONTEXT] = 16,
	[ACTIVITY_KERNEL] = 160, [ACTIVITY_OVERHEAD] = 40, [ACTIVITY_MEMCPY_PEER] = 88,
	[ACTIVITY_STREAM] = 24,
};

static bool layout_known(uint32_t kind, uint32_t stride)
{
	return kind < sizeof(shortest) && shortest[kind] && stride >= shortest[kind];
}

int record_to_row(const uint8_t *record, uint32_t kind, uint32_t stride, struct record_row *out)
{
	out->name_pointer = 0;
	if (!layout_known(kind, stride))
		return RECORD_UNKNOWN;
	switch (kind) {
	case ACTIVITY_KERNEL:
		return kernel_row(record, stride, out);
	case ACTIVITY_MEMCPY:
		return memcpy_row(record, stride, out);
	case ACTIVITY_MEMCPY_PEER:
		return memcpy_peer_row(record, stride, out);
	case ACTIVITY_MEMSET:
		return memset_row(record, stride, out);
	case ACTIVITY_DRIVER:
		return api_row(record, 1, out);
	case ACTIVITY_RUNTIME:
		return api_row(record, 2, out);
	case ACTIVITY_OVERHEAD:
		return overhead_row(record, stride, out);
	default:
		return RECORD_FACT;
	}
}

int record_to_fact(const uint8_t *r, uint32_t kind, uint32_t stride, union record_fact *out,
		   uint64_t *name_pointer)
{
	*name_pointer = 0;
	if (!layout_known(kind, stride))
		return -EINVAL;
	switch (kind) {
	case ACTIVITY_DEVICE: /* CUpti_ActivityDevice4 (11.6) and Device5 (12.?), the same up to isMigUuid */
		out->device = (struct permanent_device){
			.h = {.size = sizeof(out->device), .kind = PERMANENT_DEVICE},
			.device = u32(r, 112),
			.compute_major = u32(r, 104),
			.compute_minor = u32(r, 108),
			.multiprocessors = u32(r, 44),
			.memory = u64(r, 16),
			.bandwidth = u64(r, 8),
			.core_clock = u32(r, 36),
			.max_threads_per_multiprocessor = u32(r, 52) * u32(r, 32),
			.l2_cache = u32(r, 28),
		};
		memcpy(out->device.uuid, r + 120, sizeof(out->device.uuid));
		*name_pointer = u64(r, 136);
		return 0;
	case ACTIVITY_CONTEXT:
		out->context = (struct permanent_context){
			.h = {.size = sizeof(out->context), .kind = PERMANENT_CONTEXT},
			.context = u32(r, 4),
			.device = u32(r, 8),
			.api = u16(r, 12),
			.null_stream = u16(r, 14),
		};
		return 0;
	case ACTIVITY_STREAM:
		out->stream = (struct permanent_stream){
			.h = {.size = sizeof(out->stream), .kind = PERMANENT_STREAM},
			.context = u32(r, 4),
			.stream = u32(r, 8),
			.priority = (int32_t)u32(r, 12),
			.flag = u32(r, 16),
		};
		return 0;
	default:
		return -EINVAL;
	}
}
