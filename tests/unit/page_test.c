/*
 * page_test.c: NVTX records pass through a thread page whole, between threads too, and a page of nonsense is
 * left at its end.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cuflight/event.h"
#include "wire/page.h"

#define SIZE (1u << 20)

static struct ring_page *make_page(void)
{
	struct ring_page *page = aligned_alloc(64, SIZE);

	assert_non_null(page);
	memset(page, 0, SIZE);
	return page;
}

/* Record n: its payload, range id and text depend on n. */
static int append(struct ring_page *page, uint32_t n)
{
	char text[64];
	uint32_t length = (uint32_t)snprintf(text, sizeof(text), "range %u%.*s", n, (int)(n % 30),
					     "abcdefghijklmnopqrstuvwxyzabcdef");
	uint8_t flags =
		(n & 1 ? PAGE_PAYLOAD : 0) | (n & 2 ? PAGE_RANGE_ID : 0) | (n & 4 ? PAGE_INLINE_TEXT : 0);
	uint32_t bytes = (flags & PAGE_PAYLOAD ? 8 : 0) + (flags & PAGE_RANGE_ID ? 8 : 0) +
			 (flags & PAGE_INLINE_TEXT ? length : 0);
	struct page_record *r = page_reserve(page, SIZE, bytes);
	uint64_t payload = n * 3, range = n * 5;
	uint8_t *at;

	if (!r)
		return 0;
	at = (uint8_t *)(r + 1);
	r->type = NVTX_PUSH;
	r->flags = flags;
	r->domain = n;
	r->ticks = n;
	r->text = flags & PAGE_INLINE_TEXT ? length : 7;
	if (flags & PAGE_PAYLOAD)
		memcpy(at, &payload, 8), at += 8;
	if (flags & PAGE_RANGE_ID)
		memcpy(at, &range, 8), at += 8;
	if (flags & PAGE_INLINE_TEXT)
		memcpy(at, text, length);
	page_commit(page, r);
	return 1;
}

static void expect(const struct page_item *item, uint32_t n)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "range %u%.*s", n, (int)(n % 30),
			      "abcdefghijklmnopqrstuvwxyzabcdef");

	assert_int_equal(item->record.ticks, n);
	assert_int_equal(item->record.domain, n);
	assert_int_equal(item->payload, n & 1 ? n * 3 : 0);
	assert_int_equal(item->range_id, n & 2 ? n * 5 : 0);
	if (n & 4) {
		assert_int_equal(item->text_length, length);
		assert_memory_equal(item->text, text, (size_t)length);
	} else {
		assert_null(item->text);
		assert_int_equal(item->record.text, 7);
	}
}

static void records_pass(void **unused)
{
	struct ring_page *page = make_page();
	struct page_item item;
	uint32_t offset = 0, put = 0, got = 0;

	(void)unused;
	assert_int_equal(page_next(page, SIZE, &offset, &item), 0);
	while (append(page, put))
		put++;
	assert_true(put > 10000);
	while (page_next(page, SIZE, &offset, &item) == 1)
		expect(&item, got++);
	assert_int_equal(got, put);
	free(page);
}

static void *write_all(void *page)
{
	for (uint32_t n = 0; append(page, n); n++)
		;
	return NULL;
}

static void records_pass_between_threads(void **unused)
{
	struct ring_page *page = make_page();
	struct page_item item;
	uint32_t offset = 0, got = 0;
	pthread_t thread;
	int done = 0;

	(void)unused;
	assert_int_equal(pthread_create(&thread, NULL, write_all, page), 0);
	while (!done) {
		if (SIZE - load_acquire(&page->used) < 256) {
			pthread_join(thread, NULL);
			done = 1;
		}
		while (page_next(page, SIZE, &offset, &item) == 1)
			expect(&item, got++);
	}
	assert_true(got > 10000);
	free(page);
}

static void nonsense_is_left(void **unused)
{
	struct ring_page *page = make_page();
	struct page_item item;

	(void)unused;
	srand(3);
	for (int i = 0; i < 20000; i++) {
		uint32_t offset = 0;
		int more = 1;

		page->used = (uint32_t)rand() >> rand() % 31;
		for (int j = 0; j < 30; j++)
			((uint8_t *)(page + 1))[rand() % 2000] = (uint8_t)rand();
		for (int steps = 0; more == 1; steps++) {
			assert_true(steps <= (int)(SIZE / PAGE_SLOT));
			more = page_next(page, SIZE, &offset, &item);
			if (more == 1 && item.text && item.text_length)
				assert_in_range((uintptr_t)item.text + item.text_length, (uintptr_t)page,
						(uintptr_t)page + SIZE);
		}
	}
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_pass),
		cmocka_unit_test(records_pass_between_threads),
		cmocka_unit_test(nonsense_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
