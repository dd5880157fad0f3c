/*
 * inject_capture_test.c: edges into iterations and windows, and what the gate keeps: the order of edges on
 * several threads, nesting, explicit numbers, work launched in a window and run after it, NVTX in pairs,
 * more windows than are remembered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "libinject/capture.h"
#include "libinject/edges.h"
#include "libinject/gate.h"
#include "libinject/iterations.h"
#include "libinject/late.h"
#include "libinject/names.h"
#include "libinject/recorder.h"
#include "libinject/trigger.h"
#include "libinject/writers.h"
#include "wire/chunk_read.h"

#define MS 1000000ll

__attribute__((visibility("default"), used)) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0"; /* starting anew gives up a parent's memory on purpose */
}

static void start(char **environment)
{
	const struct ring_config layout = {
		.page_count = 2, .page_size = 8192, .permanent_size = 1 << 20, .chunk_size = 4 << 20};
	void *memory = aligned_alloc(4096, ring_size(&layout));

	assert_non_null(memory);
	memset(memory, 0, ring_size(&layout));
	assert_int_equal(ring_init(&recorder.ring, memory, &layout), 0);
	names_forget();
	assert_int_equal(names_start(), 0);
	recorder.state = RECORDER_ON;
	config_read(&config, environment);
	assert_null(config.bad.variable);
	writers_forget();
	capture_start();
	iterations_start();
	edges_start();
	late_start();
	trigger_start();
	gate_known(INT64_MAX);
	capture_time(0);
}

static int teardown(void **state)
{
	(void)state;
	recorder.state = RECORDER_IDLE;
	free(recorder.ring.header);
	return 0;
}

/* What a thread wrote, as it is read off its page. */
static void told(uint32_t thread, int64_t time, uint8_t type, int64_t number)
{
	struct page_item item = {.record = {.type = type, .flags = PAGE_PAYLOAD},
				 .payload = (uint64_t)number};

	edges_see(&item, thread, time);
}

static void nvtx(uint32_t thread, int64_t time, uint8_t type, const char *text)
{
	struct page_item item = {.record = {.type = type, .flags = PAGE_INLINE_TEXT},
				 .text = text,
				 .text_length = text ? (uint32_t)strlen(text) : 0};

	edges_see(&item, thread, time);
}

static bool keeps_api(int64_t time, uint64_t correlation)
{
	uint64_t row[API_FIELDS] = {
		[API_THREAD] = 7, [API_START] = (uint64_t)time, [API_CORRELATION] = correlation};

	iterations_api(7, time, correlation);
	return gate_keeps(EVENT_API, row);
}

static bool keeps_kernel(int64_t time, uint64_t correlation)
{
	uint64_t row[KERNEL_FIELDS] = {[KERNEL_START] = (uint64_t)time, [KERNEL_CORRELATION] = correlation};

	return gate_keeps(EVENT_KERNEL, row);
}

struct found {
	uint64_t start, duration, number, first, last;
};

/* Rows of a kind that were published. */
static uint32_t rows(uint16_t kind, struct found *out, uint32_t capacity)
{
	static const uint16_t fields[] = {FIELD_START, FIELD_DURATION, FIELD_NUMBER, FIELD_FIRST_CORRELATION,
					  FIELD_LAST_CORRELATION};
	static uint8_t chunk[1 << 20];
	struct chunk_decoder *d = chunk_decoder_new();
	uint32_t n = 0;
	struct batch b;
	ptrdiff_t size;
	size_t need;

	writers_publish(true);
	while ((size = ring_get(&recorder.ring, chunk, sizeof(chunk), &need)) > 0) {
		assert_int_equal(chunk_decode(d, chunk, (size_t)size, fields, 5, &b), 0);
		for (uint32_t i = 0; b.header.kind == kind && i < b.count; i++) {
			assert_true(n < capacity);
			out[n++] = (struct found){
				(uint64_t)batch_value(&b, 0, i), (uint64_t)batch_value(&b, 1, i),
				(uint64_t)batch_value(&b, 2, i), (uint64_t)batch_value(&b, 3, i),
				(uint64_t)batch_value(&b, 4, i)};
		}
	}
	chunk_decoder_free(d);
	return n;
}

static void test_marks(void **state)
{
	char *environment[] = {"CUFLIGHT_ITERATION=mark", NULL};
	struct found r[8] = {0};

	(void)state;
	start(environment);
	told(7, 30 * MS, PAGE_ITERATION_MARK, -1); /* read before an earlier one of another thread */
	told(7, 40 * MS, PAGE_ITERATION_MARK, 10);
	told(7, 50 * MS, PAGE_ITERATION_END, -1);
	told(7, 55 * MS, PAGE_ITERATION_END, -1); /* nothing is open */
	told(8, 10 * MS, PAGE_ITERATION_BEGIN, -1);
	told(8, 12 * MS, PAGE_ITERATION_BEGIN, -1); /* inside */
	told(8, 14 * MS, PAGE_ITERATION_END, -1);
	told(8, 20 * MS, PAGE_ITERATION_END, -1);
	edges_apply();
	assert_true(keeps_api(29 * MS, 4)); /* in none, and kept: nothing was asked for */
	keeps_api(31 * MS, 6);
	keeps_api(39 * MS, 7);
	keeps_api(30 * MS, 5);
	keeps_api(40 * MS, 8);
	iterations_publish(60 * MS, true);
	assert_int_equal(rows(EVENT_ITERATION, r, 8), 3);
	/* By thread, the order of the first that was seen. */
	assert_int_equal(r[0].number, 0);
	assert_int_equal(r[0].start, 10 * MS);
	assert_int_equal(r[0].duration, 10 * MS);
	assert_int_equal(r[0].first, 0);
	assert_int_equal(r[1].number, 1);
	assert_int_equal(r[1].duration, 10 * MS);
	assert_int_equal(r[1].first, 5);
	assert_int_equal(r[1].last, 7);
	assert_int_equal(r[2].number, 10);
	assert_int_equal(r[2].first, 8);
	assert_int_equal(recorder.ring.header->iteration, 10);
}

/* Iterations 1 and 2 of 5, 10 ms each, three calls in each; their kernels run much later. */
static void test_ranges(void **state)
{
	char *environment[] = {"CUFLIGHT_RANGES=1-2", "CUFLIGHT_ITERATION=nvtx:step *", NULL};
	struct found r[8] = {0};

	(void)state;
	start(environment);
	capture_time(recorder.ring.header->created_monotonic + 1);
	for (int i = 0; i < 5; i++) {
		nvtx(7, (10 * i + 10) * MS, NVTX_PUSH, "step 1");
		nvtx(7, (10 * i + 11) * MS, NVTX_PUSH, "step inside");
		nvtx(7, (10 * i + 12) * MS, NVTX_POP, NULL);
		nvtx(7, (10 * i + 20) * MS - 1, NVTX_POP, NULL);
	}
	edges_apply();
	for (uint64_t i = 0; i < 5; i++)
		for (uint64_t k = 0; k < 3; k++)
			assert_int_equal(keeps_api((int64_t)(10 * i + 13 + k) * MS, 3 * i + k + 1),
					 i == 1 || i == 2);
	for (uint64_t c = 1; c <= 15; c++)
		assert_int_equal(keeps_kernel(1000 * MS, c), c >= 4 && c <= 9);
	assert_false(keeps_kernel(5 * MS, 5)); /* before the window: it cannot have been launched in it */
	iterations_publish(100 * MS, true);
	assert_int_equal(rows(EVENT_WINDOW, r, 8), 1);
	assert_int_equal(r[0].start, 20 * MS);
	assert_int_equal(r[0].duration, 20 * MS - 1);
}

/* The last of a range never comes: numbers jump. */
static void test_jump(void **state)
{
	char *environment[] = {"CUFLIGHT_RANGES=1-5,9", "CUFLIGHT_ITERATION=mark", NULL};
	struct found r[8] = {0};

	(void)state;
	start(environment);
	told(7, 10 * MS, PAGE_ITERATION_MARK, 1);
	told(7, 20 * MS, PAGE_ITERATION_MARK, 8);
	told(7, 30 * MS, PAGE_ITERATION_MARK, 9);
	told(7, 40 * MS, PAGE_ITERATION_MARK, 10);
	edges_apply();
	assert_int_equal(rows(EVENT_WINDOW, r, 8), 2);
	assert_int_equal(r[0].start, 10 * MS);
	assert_int_equal(r[0].duration, 10 * MS);
	assert_int_equal(r[1].start, 30 * MS);
	assert_int_equal(r[1].number, 1);
}

static bool keeps(uint8_t type, int64_t time, uint64_t id)
{
	struct page_item item = {.record = {.type = type}, .range_id = id};

	return gate_keeps_nvtx(&item, 7, time);
}

static void test_pairs(void **state)
{
	(void)state;
	start(NULL);
	gate_start(true);
	gate_known(1000 * MS);
	gate_open(100 * MS);
	gate_close(200 * MS);
	assert_false(keeps(NVTX_PUSH, 50 * MS, 0));
	assert_false(keeps(NVTX_START, 60 * MS, 1));
	assert_true(keeps(NVTX_PUSH, 150 * MS, 0));
	assert_true(keeps(NVTX_START, 150 * MS, 2));
	assert_false(keeps(NVTX_END, 150 * MS, 1)); /* its start was not kept */
	assert_true(keeps(NVTX_PUSH, 160 * MS, 0));
	assert_true(keeps(NVTX_POP, 250 * MS, 0)); /* ... its push was */
	assert_true(keeps(NVTX_POP, 300 * MS, 0));
	assert_false(keeps(NVTX_POP, 310 * MS, 0)); /* the first one's */
	assert_false(keeps(NVTX_POP, 320 * MS, 0)); /* nobody's */
	assert_true(keeps(NVTX_END, 400 * MS, 2));
	assert_false(keeps(NVTX_MARK, 400 * MS, 0));
}

static void test_many_windows(void **state)
{
	(void)state;
	start(NULL);
	gate_start(true);
	gate_known(INT64_MAX);
	for (int i = 1; i <= 1000; i++) {
		gate_open(100 * i * MS);
		assert_true(keeps_api((100 * i + 5) * MS, (uint64_t)(2 * i)));
		gate_close((100 * i + 10) * MS);
		assert_false(keeps_api((100 * i + 50) * MS, (uint64_t)(2 * i + 1)));
	}
	/* What was launched in any of them is kept, of what was not only the oldest is. */
	for (int i = 1; i <= 1000; i++)
		assert_true(keeps_kernel(1000000 * MS, (uint64_t)(2 * i)));
	for (int i = 800; i < 1000; i++)
		assert_false(keeps_kernel(1000000 * MS, (uint64_t)(2 * i + 1)));
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_marks), TEST(test_ranges), TEST(test_jump),
					   TEST(test_pairs), TEST(test_many_windows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
