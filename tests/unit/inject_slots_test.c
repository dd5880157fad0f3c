/*
 * inject_slots_test.c: CUPTI always gets a zeroed buffer that nobody else has; completed ones are read in
 * order; what went into discard buffers is counted record by record; records become rows with the right
 * names, also when an address names another kernel later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "libinject/activity.h"
#include "wire/config.h"
#include "libinject/decode.h"
#include "libinject/names.h"
#include "libinject/recorder.h"
#include "libinject/writers.h"
#include "wire/chunk_read.h"
#include "wire/cupti_record.h"

/* Every test starts as a forked child does, which gives up its parent's memory on purpose. */
__attribute__((visibility("default"), used)) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

#define SLOTS	  4
#define SLOT_SIZE (32u << 10)
#define STRIDE	  216 /* CUDA 13.0's kernel record */
#define MANY	  40

static void make_ring(void)
{
	const struct ring_config layout = {.slot_count = SLOTS,
					   .slot_size = SLOT_SIZE,
					   .permanent_size = 64 << 10,
					   .chunk_size = 1 << 20};
	void *memory = aligned_alloc(4096, ring_size(&layout));

	assert_non_null(memory);
	memset(memory, 0, ring_size(&layout));
	assert_int_equal(ring_init(&recorder.ring, memory, &layout), 0);
	recorder.ring.header->strides[ACTIVITY_KERNEL] = STRIDE;
	names_forget();
	assert_int_equal(names_start(), 0);
	recorder.state = RECORDER_ON;
	config_read(&config, NULL);
	activity_start();
	decode_forget();
	writers_forget();
}

static int setup(void **state)
{
	(void)state;
	make_ring();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	recorder.state = RECORDER_IDLE;
	free(recorder.ring.header);
	return 0;
}

static uint64_t lost(enum loss_cause cause)
{
	return recorder.ring.header->losses[cause].count;
}

static uint8_t *request(size_t *size)
{
	uint8_t *buffer;
	size_t records = 77;

	activity_buffer_requested(&buffer, size, &records);
	assert_int_equal(records, 0);
	assert_non_null(buffer);
	assert_int_equal((uintptr_t)buffer % 8, 0);
	for (size_t i = 0; i < *size; i++)
		assert_int_equal(buffer[i], 0);
	return buffer;
}

static size_t put_kernels(uint8_t *buffer, uint32_t n, const char *name, uint64_t start)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *record = buffer + (size_t)i * STRIDE;
		uint32_t kind = ACTIVITY_KERNEL, correlation = i;
		uint64_t begin = start + i * 100, end = begin + 50;

		memcpy(record, &kind, 4);
		memcpy(record + 16, &begin, 8);
		memcpy(record + 24, &end, 8);
		memcpy(record + 92, &correlation, 4);
		memcpy(record + 104, &name, 8);
	}
	return (size_t)n * STRIDE;
}

static void test_distinct(void **state)
{
	uint8_t *buffers[MANY];
	size_t sizes[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		buffers[i] = request(&sizes[i]);
		memset(buffers[i], i + 1, sizes[i]); /* it is ours to the last byte */
	}
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(buffers[i][0], i + 1);
		assert_int_equal(buffers[i][sizes[i] - 1], i + 1);
	}
	/* All back, dirty: what is handed out again is zeroed. */
	for (int i = 0; i < MANY; i++)
		activity_buffer_completed(NULL, 0, buffers[i], sizes[i], sizes[i]);
	for (int i = 0; i < MANY - SLOTS; i++)
		request(&sizes[i]);
}

static void test_order_and_release(void **state)
{
	uint8_t *buffers[SLOTS];
	const uint8_t *bytes;
	uint64_t first, second;
	size_t size, valid;

	(void)state;
	for (int i = 0; i < SLOTS; i++)
		buffers[i] = request(&size);
	assert_int_equal(size, SLOT_SIZE);
	assert_false(activity_pending());
	assert_int_equal(activity_next(&bytes, &valid, &first), -1);
	activity_buffer_completed(NULL, 0, buffers[2], size, 48);
	activity_buffer_completed(NULL, 0, buffers[0], size, 56);
	assert_true(activity_pending());
	assert_int_equal(activity_next(&bytes, &valid, &first), 2);
	assert_ptr_equal(bytes, buffers[2]);
	assert_int_equal(valid, 48);
	memset(buffers[2], 1, valid);
	activity_read(2);
	assert_int_equal(activity_next(&bytes, &valid, &second), 0);
	activity_read(0);
	assert_int_equal(activity_next(&bytes, &valid, &second), -1);
	/* Not free before what was read is published. */
	activity_release(first);
	assert_int_equal(recorder.ring.header->slots[2].state, SLOT_READ);
	activity_release(second);
	assert_int_equal(recorder.ring.header->slots[2].state, SLOT_FREE);
	assert_int_equal(recorder.ring.header->slots[0].state, SLOT_READ);
	activity_release(UINT64_MAX);
	request(&size);
	request(&size);
	assert_int_equal(lost(LOSS_NO_SLOT), 0);
}

static void test_discarded(void **state)
{
	uint8_t *buffer = NULL;
	size_t size = 0;

	(void)state;
	for (int i = 0; i <= SLOTS; i++)
		buffer = request(&size);
	assert_true(size < SLOT_SIZE * 4);
	activity_buffer_completed(NULL, 0, buffer, size, put_kernels(buffer, 7, "x", 1000));
	assert_int_equal(lost(LOSS_NO_SLOT), 7);
	/* It can be used again. */
	buffer = request(&size);
	activity_buffer_completed(NULL, 0, buffer, size, 0);
	assert_int_equal(lost(LOSS_NO_SLOT), 7);
	assert_false(activity_pending());
}

/* The kernels' names, taken from what was published. */
static void names_of(const char **names, uint32_t expected)
{
	static const uint16_t fields[] = {FIELD_NAME};
	static uint8_t permanent[64 << 10], chunk[1 << 20];
	struct chunk_decoder *d = chunk_decoder_new();
	uint64_t offset = 0;
	uint32_t records, seen = 0;
	struct batch b;
	ptrdiff_t n;
	size_t need;

	ring_get_permanent(&recorder.ring, &offset, permanent, sizeof(permanent), &records);
	while ((n = ring_get(&recorder.ring, chunk, sizeof(chunk), &need)) > 0) {
		assert_int_equal(chunk_decode(d, chunk, (size_t)n, fields, 1, &b), 0);
		assert_int_equal(b.header.kind, EVENT_KERNEL);
		for (uint32_t i = 0; i < b.count; i++) {
			uint64_t reference = batch_value(&b, 0, i);
			uint8_t *at = permanent;

			while (--reference)
				at += ((struct permanent_header *)at)->size;
			assert_true(seen < expected);
			names[seen++] = (char *)(at + sizeof(struct permanent_string));
		}
	}
	assert_int_equal(seen, expected);
	chunk_decoder_free(d);
}

static void test_names_by_address(void **state)
{
	static struct timeline timeline;
	static char name[] = "first kernel";
	const char *names[9] = {NULL};
	uint8_t *buffer;
	size_t size;

	(void)state;
	buffer = request(&size);
	activity_buffer_completed(NULL, 0, buffer, size, put_kernels(buffer, 4, name, 1000));
	decode_buffers(&timeline);
	strcpy(name, "2nd one here");
	buffer = request(&size);
	activity_buffer_completed(NULL, 0, buffer, size, put_kernels(buffer, 5, name, 2000));
	decode_buffers(&timeline);
	writers_publish(true);
	names_of(names, 9);
	for (int i = 0; i < 9; i++)
		assert_memory_equal(names[i], i < 4 ? "first kernel" : "2nd one here", 12);
	assert_int_equal(recorder.ring.header->records_gpu, 9);
}

static void test_bad_records(void **state)
{
	static struct timeline timeline;
	uint8_t *buffer;
	uint32_t kind = 99, event = 36;
	size_t size, valid, slot;

	(void)state;
	recorder.ring.header->strides[event] = 56; /* a kind that is not asked for */
	buffer = request(&size);
	valid = put_kernels(buffer, 4, NULL, 1000);
	memset(buffer + 24, 0, 8);		    /* the first never ended */
	memset(buffer + STRIDE + 24, 1, 1);	    /* the second ... */
	memset(buffer + STRIDE + 25, 0, 7);	    /* ... ended before it started */
	memcpy(buffer + 3 * STRIDE, &event, 4);	    /* the fourth is something else, */
	memcpy(buffer + 3 * STRIDE + 56, &kind, 4); /* and what follows cannot be stepped over */
	activity_buffer_completed(NULL, 0, buffer, size, valid);
	decode_buffers(&timeline);
	assert_int_equal(lost(LOSS_NO_TIME), 1);
	assert_int_equal(lost(LOSS_BAD_TIME), 1);
	assert_int_equal(lost(LOSS_UNKNOWN_KIND), 1);
	assert_int_equal(lost(LOSS_BAD_RECORD), 1);
	assert_int_equal(recorder.ring.header->records_gpu, 2);
	/* The slot is back in use when its records are published. */
	slot = (size_t)(buffer - recorder.ring.slots) / SLOT_SIZE;
	decode_release();
	assert_int_equal(recorder.ring.header->slots[slot].state, SLOT_READ);
	writers_publish(true);
	decode_release();
	for (int i = 0; i < SLOTS; i++)
		assert_ptr_not_equal(request(&size), NULL);
	assert_int_equal(size, SLOT_SIZE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_distinct),	     TEST(test_order_and_release), TEST(test_discarded),
		TEST(test_names_by_address), TEST(test_bad_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
