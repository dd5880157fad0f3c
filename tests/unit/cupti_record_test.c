/*
 * cupti_record_test.c: CUPTI's records are read at the right offsets. Where the CUDA headers are at hand,
 * records are made with NVIDIA's own structs; a record is also cut to the sizes of older versions, and
 * buffers of nonsense are walked.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/cupti_record.h"

#if __has_include(<cupti.h>) && __has_include(<cuda.h>)
#define HAVE_CUPTI 1
#include <cuda.h>
#include <cupti.h>
#endif

static void unknown_kinds_and_short_records_give_no_row(void **unused)
{
	uint8_t bytes[256] = {0};
	struct record_row row;
	union record_fact fact;
	uint64_t name;

	(void)unused;
	assert_int_equal(record_to_row(bytes, 250, 64, &row), RECORD_UNKNOWN);
	assert_int_equal(record_to_row(bytes, 3, 200, &row), RECORD_UNKNOWN);
	assert_int_equal(record_to_row(bytes, ACTIVITY_KERNEL, 100, &row), RECORD_UNKNOWN);
	assert_int_equal(record_to_row(bytes, ACTIVITY_DEVICE, 184, &row), RECORD_FACT);
	assert_int_equal(record_to_fact(bytes, ACTIVITY_DEVICE, 100, &fact, &name), -EINVAL);
	assert_int_equal(record_to_fact(bytes, ACTIVITY_KERNEL, 216, &fact, &name), -EINVAL);
}

static void times_are_judged(void **unused)
{
	uint64_t bytes[27] = {0};
	struct record_row row;

	(void)unused;
	assert_int_equal(record_to_row((uint8_t *)bytes, ACTIVITY_KERNEL, 216, &row), RECORD_NO_TIME);
	bytes[2] = 100; /* start */
	assert_int_equal(record_to_row((uint8_t *)bytes, ACTIVITY_KERNEL, 216, &row), RECORD_NO_TIME);
	bytes[3] = 90;
	assert_int_equal(record_to_row((uint8_t *)bytes, ACTIVITY_KERNEL, 216, &row), RECORD_BAD_TIME);
	assert_int_equal(row.row[KERNEL_DURATION], 0);
	bytes[3] = 130;
	assert_int_equal(record_to_row((uint8_t *)bytes, ACTIVITY_KERNEL, 216, &row), RECORD_OK);
	assert_int_equal(row.row[KERNEL_START], 100);
	assert_int_equal(row.row[KERNEL_DURATION], 30);
}

static void buffers_are_walked_to_the_first_zero(void **unused)
{
	uint16_t strides[64] = {[ACTIVITY_RUNTIME] = 40, [ACTIVITY_KERNEL] = 216};
	_Alignas(8) uint8_t bytes[600] = {0};
	struct record_walk walk = {
		.bytes = bytes, .size = sizeof(bytes), .strides = strides, .stride_count = 64};
	const uint8_t *record;
	uint32_t kind, stride;

	(void)unused;
	bytes[0] = ACTIVITY_RUNTIME;
	bytes[40] = ACTIVITY_KERNEL;
	bytes[256] = ACTIVITY_RUNTIME;
	assert_int_equal(record_next(&walk, &record, &kind, &stride), 1);
	assert_int_equal(kind, ACTIVITY_RUNTIME);
	assert_int_equal(record_next(&walk, &record, &kind, &stride), 1);
	assert_int_equal(kind, ACTIVITY_KERNEL);
	assert_int_equal(stride, 216);
	assert_ptr_equal(record, bytes + 40);
	assert_int_equal(record_next(&walk, &record, &kind, &stride), 1);
	assert_int_equal(record_next(&walk, &record, &kind, &stride), 0);
	bytes[296] = 63; /* no stride known */
	assert_int_equal(record_next(&walk, &record, &kind, &stride), -EBADMSG);
	bytes[296] = 200; /* beyond the table */
	assert_int_equal(record_next(&walk, &record, &kind, &stride), -EBADMSG);
	bytes[296] = ACTIVITY_KERNEL;
	walk.size = 500; /* cut off */
	assert_int_equal(record_next(&walk, &record, &kind, &stride), -EBADMSG);
}

#ifdef HAVE_CUPTI

static void kernels_of_the_headers(void **unused)
{
	CUpti_ActivityKernel10 k = {.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
				    .registersPerThread = 40,
				    .start = 1000,
				    .end = 1500};
	struct record_row row;
	uint64_t *r = row.row;

	(void)unused;
	k.cacheConfig.both = 0x21;
	k.deviceId = 1, k.contextId = 2, k.streamId = 3;
	k.gridX = 4, k.gridY = 5, k.gridZ = 6, k.blockX = 7, k.blockY = 8, k.blockZ = 9;
	k.staticSharedMemory = 10, k.dynamicSharedMemory = 11, k.localMemoryPerThread = 12,
	k.localMemoryTotal_v2 = 1ull << 40;
	k.correlationId = 13, k.gridId = -14, k.name = (const char *)0x1234;
	k.launchType = 1, k.sharedMemoryExecuted = 15, k.graphNodeId = 1ull << 50, k.shmemLimitConfig = 1,
	k.graphId = 16;
	k.channelID = 17, k.channelType = CUPTI_CHANNEL_TYPE_COMPUTE, k.clusterX = 18, k.clusterY = 19,
	k.clusterZ = 20;
	k.clusterSchedulingPolicy = 21, k.maxPotentialClusterSize = 22, k.maxActiveClusters = 23;
	assert_int_equal(record_to_row((uint8_t *)&k, k.kind, sizeof(k), &row), RECORD_OK);
	assert_int_equal(row.event, EVENT_KERNEL);
	assert_int_equal(row.name_pointer, 0x1234);
	assert_int_equal(r[KERNEL_CACHE_CONFIG], 0x21);
	assert_int_equal(r[KERNEL_REGISTERS], 40);
	assert_int_equal(r[KERNEL_START], 1000);
	assert_int_equal(r[KERNEL_DURATION], 500);
	assert_int_equal(r[KERNEL_DEVICE], 1);
	assert_int_equal(r[KERNEL_CONTEXT], 2);
	assert_int_equal(r[KERNEL_STREAM], 3);
	for (int i = 0; i < 6; i++)
		assert_int_equal(r[KERNEL_GRID_X + i], 4 + i);
	assert_int_equal(r[KERNEL_STATIC_SHARED], 10);
	assert_int_equal(r[KERNEL_DYNAMIC_SHARED], 11);
	assert_int_equal(r[KERNEL_LOCAL_PER_THREAD], 12);
	assert_int_equal(r[KERNEL_LOCAL_TOTAL], 1ull << 40);
	assert_int_equal(r[KERNEL_CORRELATION], 13);
	assert_int_equal((int64_t)r[KERNEL_GRID_ID], -14);
	assert_int_equal(r[KERNEL_LAUNCH_TYPE], 1);
	assert_int_equal(r[KERNEL_SHARED_EXECUTED], 15);
	assert_int_equal(r[KERNEL_SHARED_LIMIT_CONFIG], 1);
	assert_int_equal(r[KERNEL_GRAPH_NODE], 1ull << 50);
	assert_int_equal(r[KERNEL_GRAPH_EXEC], 16);
	assert_int_equal(r[KERNEL_CHANNEL], 17);
	assert_int_equal(r[KERNEL_CHANNEL_TYPE], CUPTI_CHANNEL_TYPE_COMPUTE);
	assert_int_equal(r[KERNEL_CLUSTER_X], 18);
	assert_int_equal(r[KERNEL_CLUSTER_Y], 19);
	assert_int_equal(r[KERNEL_CLUSTER_Z], 20);
	assert_int_equal(r[KERNEL_CLUSTER_POLICY], 21);
	assert_int_equal(r[KERNEL_MAX_CLUSTER_SIZE], 22);
	assert_int_equal(r[KERNEL_MAX_ACTIVE_CLUSTERS], 23);

	/* CUDA 11.8's record ends before the cluster sizes: they must not be read from the next one. */
	assert_int_equal(record_to_row((uint8_t *)&k, k.kind, 200, &row), RECORD_OK);
	assert_int_equal(r[KERNEL_CLUSTER_POLICY], 21);
	assert_int_equal(r[KERNEL_LOCAL_TOTAL], 1ull << 40);
	assert_int_equal(r[KERNEL_MAX_CLUSTER_SIZE], 0);
	assert_int_equal(r[KERNEL_MAX_ACTIVE_CLUSTERS], 0);
}

static void copies_of_the_headers(void **unused)
{
	CUpti_ActivityMemcpy6 m = {.kind = CUPTI_ACTIVITY_KIND_MEMCPY,
				   .copyKind = 2,
				   .srcKind = 3,
				   .dstKind = 1,
				   .flags = 1,
				   .bytes = 4096};
	CUpti_ActivityMemcpyPtoP4 p = {
		.kind = CUPTI_ACTIVITY_KIND_MEMCPY2, .copyKind = 10, .bytes = 1 << 20, .start = 5, .end = 9};
	CUpti_ActivityMemset4 s = {
		.kind = CUPTI_ACTIVITY_KIND_MEMSET, .value = 255, .bytes = 77, .start = 5, .end = 9};
	struct record_row row;
	uint64_t *r = row.row;

	(void)unused;
	m.start = 10, m.end = 30, m.deviceId = 1, m.contextId = 2, m.streamId = 3, m.correlationId = 4,
	m.graphNodeId = 5, m.graphId = 6;
	m.channelID = 7, m.channelType = CUPTI_CHANNEL_TYPE_ASYNC_MEMCPY, m.copyCount = 8;
	assert_int_equal(record_to_row((uint8_t *)&m, m.kind, sizeof(m), &row), RECORD_OK);
	assert_int_equal(row.event, EVENT_MEMCPY);
	assert_int_equal(r[MEMCPY_COPY_KIND], 2);
	assert_int_equal(r[MEMCPY_SRC_KIND], 3);
	assert_int_equal(r[MEMCPY_DST_KIND], 1);
	assert_int_equal(r[MEMCPY_FLAGS], 1);
	assert_int_equal(r[MEMCPY_DEVICE], 1);
	assert_int_equal(r[MEMCPY_CONTEXT], 2);
	assert_int_equal(r[MEMCPY_STREAM], 3);
	assert_int_equal(r[MEMCPY_CORRELATION], 4);
	assert_int_equal(r[MEMCPY_GRAPH_NODE], 5);
	assert_int_equal(r[MEMCPY_GRAPH_EXEC], 6);
	assert_int_equal(r[MEMCPY_CHANNEL], 7);
	assert_int_equal(r[MEMCPY_CHANNEL_TYPE], CUPTI_CHANNEL_TYPE_ASYNC_MEMCPY);
	assert_int_equal(r[MEMCPY_COPY_COUNT], 8);
	assert_int_equal(r[MEMCPY_BYTES], 4096);
	assert_int_equal(r[MEMCPY_DURATION], 20);
	assert_int_equal(record_to_row((uint8_t *)&m, m.kind, 88, &row), RECORD_OK); /* Memcpy5 */
	assert_int_equal(r[MEMCPY_COPY_COUNT], 0);

	p.deviceId = 1, p.contextId = 2, p.streamId = 3, p.srcDeviceId = 4, p.srcContextId = 5,
	p.dstDeviceId = 6, p.dstContextId = 7;
	p.correlationId = 8, p.graphNodeId = 9, p.graphId = 10, p.channelID = 11,
	p.channelType = CUPTI_CHANNEL_TYPE_ASYNC_MEMCPY;
	assert_int_equal(record_to_row((uint8_t *)&p, p.kind, sizeof(p), &row), RECORD_OK);
	assert_int_equal(row.event, EVENT_MEMCPY);
	assert_int_equal(r[MEMCPY_SRC_DEVICE], 4);
	assert_int_equal(r[MEMCPY_SRC_CONTEXT], 5);
	assert_int_equal(r[MEMCPY_DST_DEVICE], 6);
	assert_int_equal(r[MEMCPY_DST_CONTEXT], 7);
	assert_int_equal(r[MEMCPY_CORRELATION], 8);
	assert_int_equal(r[MEMCPY_GRAPH_NODE], 9);
	assert_int_equal(r[MEMCPY_GRAPH_EXEC], 10);
	assert_int_equal(r[MEMCPY_CHANNEL], 11);
	assert_int_equal(r[MEMCPY_COPY_COUNT], 0);

	s.deviceId = 1, s.contextId = 2, s.streamId = 3, s.correlationId = 4, s.flags = 1, s.memoryKind = 3,
	s.graphNodeId = 5, s.graphId = 6;
	s.channelID = 7, s.channelType = CUPTI_CHANNEL_TYPE_COMPUTE;
	assert_int_equal(record_to_row((uint8_t *)&s, s.kind, sizeof(s), &row), RECORD_OK);
	assert_int_equal(row.event, EVENT_MEMSET);
	assert_int_equal(r[MEMSET_VALUE], 255);
	assert_int_equal(r[MEMSET_BYTES], 77);
	assert_int_equal(r[MEMSET_CORRELATION], 4);
	assert_int_equal(r[MEMSET_FLAGS], 1);
	assert_int_equal(r[MEMSET_MEMORY_KIND], 3);
	assert_int_equal(r[MEMSET_GRAPH_NODE], 5);
	assert_int_equal(r[MEMSET_GRAPH_EXEC], 6);
	assert_int_equal(r[MEMSET_CHANNEL], 7);
	assert_int_equal(r[MEMSET_CHANNEL_TYPE], CUPTI_CHANNEL_TYPE_COMPUTE);
}

static void calls_and_facts_of_the_headers(void **unused)
{
	CUpti_ActivityAPI a = {.kind = CUPTI_ACTIVITY_KIND_RUNTIME,
			       .cbid = 211,
			       .start = 7,
			       .end = 9,
			       .threadId = 55,
			       .correlationId = 6};
	CUpti_ActivityOverhead3 o = {
		.kind = CUPTI_ACTIVITY_KIND_OVERHEAD, .start = 7, .end = 9, .correlationId = 3};
	CUpti_ActivityDevice5 d = {.kind = CUPTI_ACTIVITY_KIND_DEVICE,
				   .globalMemoryBandwidth = 3,
				   .globalMemorySize = 1ull << 37};
	CUpti_ActivityContext3 c = {
		.kind = CUPTI_ACTIVITY_KIND_CONTEXT, .contextId = 1, .deviceId = 2, .nullStreamId = 7};
	CUpti_ActivityStream s = {
		.kind = CUPTI_ACTIVITY_KIND_STREAM, .contextId = 1, .streamId = 9, .flag = 2};
	struct record_row row;
	union record_fact fact;
	uint64_t name, *r = row.row;

	(void)unused;
	a.returnValue = 2;
	assert_int_equal(record_to_row((uint8_t *)&a, a.kind, sizeof(a), &row), RECORD_OK);
	assert_int_equal(r[API_DOMAIN], CUPTI_CB_DOMAIN_RUNTIME_API);
	assert_int_equal(r[API_CBID], 211);
	assert_int_equal(r[API_THREAD], 55);
	assert_int_equal(r[API_CORRELATION], 6);
	assert_int_equal(r[API_RETURN], 2);
	assert_int_equal(record_to_row((uint8_t *)&a, CUPTI_ACTIVITY_KIND_DRIVER, sizeof(a), &row),
			 RECORD_OK);
	assert_int_equal(r[API_DOMAIN], CUPTI_CB_DOMAIN_DRIVER_API);

	o.overheadKind = CUPTI_ACTIVITY_OVERHEAD_CUPTI_BUFFER_FLUSH;
	o.objectKind = CUPTI_ACTIVITY_OBJECT_THREAD;
	o.objectId.pt.threadId = 99;
	assert_int_equal(record_to_row((uint8_t *)&o, o.kind, sizeof(o), &row), RECORD_OK);
	assert_int_equal(r[OVERHEAD_KIND], CUPTI_ACTIVITY_OVERHEAD_CUPTI_BUFFER_FLUSH);
	assert_int_equal(r[OVERHEAD_OBJECT], 99);
	assert_int_equal(r[OVERHEAD_CORRELATION], 3);

	d.id = 4, d.computeCapabilityMajor = 9, d.numMultiprocessors = 132, d.coreClockRate = 1980000,
	d.name = (char *)0x77;
	d.l2CacheSize = 50 << 20, d.maxWarpsPerMultiprocessor = 64, d.numThreadsPerWarp = 32;
	memset(&d.uuid, 0xab, sizeof(d.uuid));
	assert_int_equal(record_to_fact((uint8_t *)&d, d.kind, sizeof(d), &fact, &name), 0);
	assert_int_equal(name, 0x77);
	assert_int_equal(fact.device.device, 4);
	assert_int_equal(fact.device.compute_major, 9);
	assert_int_equal(fact.device.multiprocessors, 132);
	assert_int_equal(fact.device.memory, 1ull << 37);
	assert_int_equal(fact.device.bandwidth, 3);
	assert_int_equal(fact.device.core_clock, 1980000);
	assert_int_equal(fact.device.l2_cache, 50 << 20);
	assert_int_equal(fact.device.max_threads_per_multiprocessor, 2048);
	assert_int_equal(fact.device.uuid[15], 0xab);
	assert_int_equal(record_to_fact((uint8_t *)&c, c.kind, sizeof(c), &fact, &name), 0);
	assert_int_equal(fact.context.context, 1);
	assert_int_equal(fact.context.device, 2);
	assert_int_equal(fact.context.null_stream, 7);
	s.priority = (uint32_t)-5;
	assert_int_equal(record_to_fact((uint8_t *)&s, s.kind, sizeof(s), &fact, &name), 0);
	assert_int_equal(fact.stream.stream, 9);
	assert_int_equal(fact.stream.priority, -5);
	assert_int_equal(fact.stream.flag, 2);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_kinds_and_short_records_give_no_row),
		cmocka_unit_test(times_are_judged),
		cmocka_unit_test(buffers_are_walked_to_the_first_zero),
#ifdef HAVE_CUPTI
		cmocka_unit_test(kernels_of_the_headers),
		cmocka_unit_test(copies_of_the_headers),
		cmocka_unit_test(calls_and_facts_of_the_headers),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
