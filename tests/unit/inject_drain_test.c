/*
 * inject_drain_test.c: pages are read in the order in which they were taken, whatever their places; a page is
 * free again once its thread has left it and all was read; time does not go back on a page; a damaged page
 * is counted and left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cuflight/event.h"
#include "libinject/drain.h"
#include "libinject/facts.h"
#include "libinject/names.h"
#include "libinject/pages.h"
#include "libinject/recorder.h"
#include "libinject/writers.h"
#include "wire/chunk_read.h"
#include "wire/config.h"
#include "wire/page.h"

#define PAGES	  4
#define PAGE_SIZE 8192u

static struct timeline timeline; /* without samples: ticks are nanoseconds */

/* Every test starts as a forked child does, which gives up its parent's memory on purpose. */
__attribute__((visibility("default"), used)) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static int setup(void **state)
{
	const struct ring_config layout = {.page_count = PAGES,
					   .page_size = PAGE_SIZE,
					   .permanent_size = 64 << 10,
					   .chunk_size = 1 << 20};
	void *memory = aligned_alloc(4096, ring_size(&layout));

	(void)state;
	assert_non_null(memory);
	memset(memory, 0, ring_size(&layout));
	assert_int_equal(ring_init(&recorder.ring, memory, &layout), 0);
	names_forget();
	assert_int_equal(names_start(), 0);
	recorder.state = RECORDER_ON;
	config_read(&config, NULL);
	pages_start();
	writers_forget();
	drain_forget();
	threads_forget();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	recorder.state = RECORDER_IDLE;
	free(recorder.ring.header);
	return 0;
}

static struct ring_page *page(uint32_t index)
{
	return page_at(recorder.ring.pages, PAGE_SIZE, index);
}

static struct ring_page *take(uint32_t index, uint64_t order)
{
	struct ring_page *p = page(index);

	p->state = PAGE_OWNED;
	p->thread = 7;
	p->order = order;
	return p;
}

static void mark(struct ring_page *p, uint64_t ticks)
{
	struct page_record *r = page_reserve(p, PAGE_SIZE, 0);

	assert_non_null(r);
	r->type = NVTX_MARK;
	r->ticks = ticks;
	page_commit(p, r);
}

/* The times of what was published, in its order. */
static uint32_t times(uint64_t *out, uint32_t capacity)
{
	static const uint16_t fields[] = {FIELD_START, FIELD_THREAD};
	static uint8_t chunk[1 << 20];
	struct chunk_decoder *d = chunk_decoder_new();
	uint32_t n = 0;
	struct batch b;
	ptrdiff_t size;
	size_t need;

	writers_publish(true);
	while ((size = ring_get(&recorder.ring, chunk, sizeof(chunk), &need)) > 0) {
		assert_int_equal(chunk_decode(d, chunk, (size_t)size, fields, 2, &b), 0);
		for (uint32_t i = 0; b.header.kind == EVENT_NVTX && i < b.count; i++) {
			assert_true(n < capacity);
			assert_int_equal(batch_value(&b, 1, i), 7);
			out[n++] = batch_value(&b, 0, i);
		}
	}
	chunk_decoder_free(d);
	return n;
}

static void test_order(void **state)
{
	uint64_t seen[8] = {0};

	(void)state;
	mark(take(0, 12), 300);
	mark(take(1, 11), 200);
	mark(take(2, 13), 400);
	mark(take(3, 10), 100);
	assert_int_equal(drain_pages(&timeline, INT64_MAX), 4 * PAGE_SLOT);
	assert_int_equal(times(seen, 8), 4);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(seen[i], 100 * (i + 1));
	assert_int_equal(drain_pages(&timeline, INT64_MAX), 0);
}

static void test_release(void **state)
{
	struct ring_page *p = take(1, 1);
	uint64_t seen[8] = {0};

	(void)state;
	mark(p, 100);
	drain_pages(&timeline, INT64_MAX);
	assert_int_equal(p->state, PAGE_OWNED); /* more may come */
	mark(p, 200);
	p->state = PAGE_LEFT;
	drain_pages(&timeline, INT64_MAX);
	drain_release();
	assert_int_equal(p->state, PAGE_LEFT); /* what was read is not published */
	writers_publish(true);
	drain_release();
	assert_int_equal(p->state, PAGE_FREE);
	assert_int_equal(p->used, 0);
	/* Left without a record. */
	take(2, 2)->state = PAGE_LEFT;
	drain_pages(&timeline, INT64_MAX);
	drain_release();
	assert_int_equal(page(2)->state, PAGE_FREE);
	assert_int_equal(times(seen, 8), 2);
}

static void test_time(void **state)
{
	struct ring_page *p = take(0, 1);
	uint64_t seen[8] = {0};

	(void)state;
	mark(p, 1000);
	mark(p, 990);
	mark(p, 1010);
	drain_pages(&timeline, INT64_MAX);
	p->state = PAGE_LEFT;
	drain_pages(&timeline, INT64_MAX);
	writers_publish(true);
	drain_release();
	mark(take(0, 2), 500); /* another thread's time */
	drain_pages(&timeline, INT64_MAX);
	assert_int_equal(times(seen, 8), 4);
	assert_int_equal(seen[1], 1000);
	assert_int_equal(seen[2], 1010);
	assert_int_equal(seen[3], 500);
}

static void test_damage(void **state)
{
	struct ring_page *p = take(0, 1);
	uint64_t seen[8] = {0};

	(void)state;
	mark(p, 100);
	((struct page_record *)(p + 1))->slots = 200;
	mark(take(1, 2), 200);
	drain_pages(&timeline, INT64_MAX);
	assert_int_equal(recorder.ring.header->losses[LOSS_BAD_RECORD].count, 1);
	assert_int_equal(times(seen, 8), 1);
	assert_int_equal(seen[0], 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_order), TEST(test_release), TEST(test_time),
					   TEST(test_damage)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
