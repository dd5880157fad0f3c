/*
 * ringbuf_test.c: chunks pass through the ring whole and in order, in both policies; a full ring drops; two
 * threads at once lose and tear nothing (the thread sanitizer watches this one); and a ring whose other side
 * lies is refused or skipped, never followed out of bounds.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cuflight/event.h"
#include "wire/chunk_read.h"
#include "wire/ringbuf.h"

static const struct ring_config config = {
	.slot_count = 2,
	.slot_size = 4096,
	.page_count = 2,
	.page_size = 4096,
	.permanent_size = 8192,
	.chunk_size = 65536,
};

static struct ring make_ring(void)
{
	struct ring r;
	void *memory = aligned_alloc(4096, ring_size(&config));

	assert_non_null(memory);
	memset(memory, 0, ring_size(&config));
	assert_int_equal(ring_init(&r, memory, &config), 0);
	store_release(&r.header->state, RING_RECORDING);
	return r;
}

/* A chunk of `size` bytes whose content is known from its sequence number. No columns: the ring does not
 * look. */
static void make_chunk(uint8_t *out, uint32_t size, uint64_t sequence)
{
	struct chunk_header h = {.magic = CHUNK_MAGIC,
				 .version = CHUNK_VERSION,
				 .header_size = sizeof(h),
				 .size = size,
				 .count = 1,
				 .sequence = sequence};

	memcpy(out, &h, sizeof(h));
	memset(out + sizeof(h), (int)(sequence & 0xff), size - sizeof(h));
}

static uint32_t chunk_size(uint64_t sequence)
{
	return 96 + (uint32_t)(sequence * 7919 % 1500) * 8;
}

static void expect_chunk(const uint8_t *got, ptrdiff_t size, uint64_t sequence)
{
	uint8_t *want = malloc(chunk_size(sequence));

	assert_int_equal(size, chunk_size(sequence));
	make_chunk(want, chunk_size(sequence), sequence);
	assert_memory_equal(got, want, (size_t)size);
	free(want);
}

static void chunks_pass_in_order(void **unused)
{
	struct ring r = make_ring(), reader;
	uint8_t out[16384], in[16384];
	uint64_t got = 0;
	size_t need;

	(void)unused;
	assert_int_equal(ring_open(&reader, r.header, r.size), 0);
	assert_int_equal(ring_get(&reader, in, sizeof(in), &need), 0);
	for (uint64_t i = 0; i < 500; i++) {
		make_chunk(out, chunk_size(i), i);
		while (ring_put(&r, out, chunk_size(i), NULL)) {
			expect_chunk(in, ring_get(&reader, in, sizeof(in), &need), got);
			got++;
		}
	}
	while (ring_fill(&reader)) {
		ptrdiff_t size = ring_get(&reader, in, sizeof(in), &need);

		if (size)
			expect_chunk(in, size, got++);
	}
	assert_int_equal(got, 500);
	free(r.header);
}

static void drain_keeps_the_oldest(void **unused)
{
	struct ring r = make_ring();
	uint8_t out[16384], in[16384];
	size_t need;
	uint64_t put = 0;

	(void)unused;
	make_chunk(out, 16384, 0);
	assert_int_equal(ring_put(&r, out, 16392, NULL), -E2BIG); /* more than a quarter; not read */
	for (;; put++) {
		make_chunk(out, 8192, put);
		if (ring_put(&r, out, 8192, NULL))
			break;
	}
	assert_int_equal(put, 8);
	assert_int_equal(ring_put(&r, out, 8192, NULL), -ENOSPC);
	for (uint64_t i = 0; i < put; i++) {
		struct chunk_header h;

		assert_int_equal(ring_get(&r, in, sizeof(in), &need), 8192);
		memcpy(&h, in, sizeof(h));
		assert_int_equal(h.sequence, i);
	}
	assert_int_equal(ring_put(&r, out, 8192, NULL), 0);
	free(r.header);
}

static void flight_keeps_the_newest(void **unused)
{
	struct ring r = make_ring();
	uint8_t out[16384], in[16384];
	uint64_t overwritten, gone = 0, first = 0;
	ptrdiff_t size;
	size_t need;

	(void)unused;
	r.header->policy = RING_FLIGHT;
	for (uint64_t i = 0; i < 1000; i++) {
		make_chunk(out, chunk_size(i), i);
		assert_int_equal(ring_put(&r, out, chunk_size(i), &overwritten), 0);
		gone += overwritten;
	}
	while ((size = ring_get(&r, in, sizeof(in), &need)) > 0) {
		struct chunk_header h;

		memcpy(&h, in, sizeof(h));
		if (!first)
			first = h.sequence;
		expect_chunk(in, size, h.sequence);
		assert_int_equal(h.sequence, first);
		first++;
	}
	assert_int_equal(size, 0);
	assert_int_equal(first, 1000);
	assert_true(gone > 900 && gone < 1000);
	free(r.header);
}

/* A ring that was drained for a while and then left alone keeps the newest, from where the chunks really lie.
 */
static void drain_turns_into_flight(void **unused)
{
	struct ring r = make_ring();
	uint8_t out[16384], in[16384];
	uint64_t next = 0;
	ptrdiff_t size;
	size_t need;

	(void)unused;
	for (uint64_t i = 0; i < 300; i++) {
		if (i == 150)
			r.header->policy = RING_FLIGHT;
		make_chunk(out, chunk_size(i), i);
		assert_int_equal(ring_put(&r, out, chunk_size(i), NULL), 0);
		if (i < 150)
			expect_chunk(in, ring_get(&r, in, sizeof(in), &need), i);
	}
	while ((size = ring_get(&r, in, sizeof(in), &need)) > 0) {
		struct chunk_header h;

		memcpy(&h, in, sizeof(h));
		expect_chunk(in, size, h.sequence);
		next = h.sequence + 1;
	}
	assert_int_equal(size, 0);
	assert_int_equal(next, 300);
	free(r.header);
}

#define CROSSING 20000

static void *produce(void *argument)
{
	struct ring *r = argument;
	uint8_t out[16384];

	for (uint64_t i = 0; i < CROSSING; i++) {
		make_chunk(out, chunk_size(i), i);
		while (ring_put(r, out, chunk_size(i), NULL))
			sched_yield();
	}
	return NULL;
}

static void two_threads_tear_nothing(void **unused)
{
	struct ring r = make_ring(), reader;
	uint8_t in[16384];
	pthread_t thread;
	size_t need;

	(void)unused;
	assert_int_equal(ring_open(&reader, r.header, r.size), 0);
	assert_int_equal(pthread_create(&thread, NULL, produce, &r), 0);
	for (uint64_t got = 0; got < CROSSING;) {
		ptrdiff_t size = ring_get(&reader, in, sizeof(in), &need);

		if (size)
			expect_chunk(in, size, got++);
		else
			sched_yield();
	}
	pthread_join(thread, NULL);
	free(r.header);
}

static void permanent_records_pass(void **unused)
{
	struct ring r = make_ring();
	struct {
		struct permanent_string s;
		char text[8];
	} record = {.s = {.h = {.size = 32, .kind = PERMANENT_STRING}, .length = 8}, .text = "kernel_a"};
	uint64_t offset = 0;
	uint8_t buf[4096];
	uint32_t records, put = 0, got = 0;

	(void)unused;
	while (!ring_put_permanent(&r, &record, sizeof(record)))
		put++;
	assert_int_equal(put, 8192 / 32);
	assert_int_equal(r.header->permanent_strings, put);
	while (ring_get_permanent(&r, &offset, buf, 1000, &records) > 0) {
		assert_memory_equal(buf, &record, sizeof(record));
		got += records;
	}
	assert_int_equal(got, put);
	free(r.header);
}

static void losses_are_counted(void **unused)
{
	struct ring r = make_ring();

	(void)unused;
	ring_lose(&r, LOSS_NO_SLOT, 5, 100);
	ring_lose(&r, LOSS_NO_SLOT, 2, 200);
	assert_int_equal(r.header->losses[LOSS_NO_SLOT].count, 7);
	assert_int_equal(r.header->losses[LOSS_NO_SLOT].first, 100);
	assert_int_equal(r.header->losses[LOSS_NO_SLOT].last, 200);
	for (uint32_t cause = 0; cause < LOSS_CAUSES + 2; cause++) {
		assert_non_null(loss_cause_name(cause));
		assert_non_null(loss_cause_key(cause));
	}
	assert_string_equal(loss_cause_key(LOSS_RING_FULL), "ring_full");
	assert_false(loss_cause_is_loss(LOSS_BAD_TIME));
	free(r.header);
}

/* A collector that writes all over the ring must not make the helper write or loop outside it. */
static void the_producer_believes_nothing(void **unused)
{
	struct ring r = make_ring();
	uint8_t out[16384];
	struct {
		struct permanent_fact f;
		uint8_t text[48];
	} fact = {.f.h = {.size = sizeof(fact), .kind = PERMANENT_FACT}};

	(void)unused;
	srand(2);
	for (int i = 0; i < 100000; i++) {
		uint64_t wild = ((uint64_t)rand() << 32 | (uint64_t)rand()) >> rand() % 60;

		switch (rand() % 5) {
		case 0:
			r.header->tail = wild;
			break;
		case 1:
			r.header->head = r.header->floor = wild;
			break;
		case 2:
			r.header->permanent_used = wild;
			break;
		case 3:
			r.header->policy = (uint32_t)rand() % 2;
			break;
		case 4:
			memset(r.chunks + rand() % 65000, rand(), 500);
			break;
		}
		make_chunk(out, chunk_size((uint64_t)i), (uint64_t)i);
		ring_put(&r, out, chunk_size((uint64_t)i), NULL);
		assert_true(r.head - r.floor <= r.chunk_size);
		ring_put_permanent(&r, &fact, sizeof(fact));
		assert_true(r.permanent_used <= r.permanent_size);
	}
	free(r.header);
}

static void impossible_layouts_are_refused(void **unused)
{
	struct ring_config c = config;
	struct ring r = make_ring(), view;

	(void)unused;
	c.slot_count = RING_MAX_SLOTS + 1;
	assert_int_equal(ring_size(&c), 0);
	c = config;
	c.chunk_size = 65537;
	assert_int_equal(ring_size(&c), 0);
	c.chunk_size = 4096;
	assert_int_equal(ring_size(&c), 0);

	assert_int_equal(ring_open(&view, r.header, 4096), -EBADMSG);
	r.header->state = RING_SETUP;
	assert_int_equal(ring_open(&view, r.header, r.size), -EAGAIN);
	r.header->state = RING_RECORDING;
	r.header->abi = 99;
	assert_int_equal(ring_open(&view, r.header, r.size), -EPROTONOSUPPORT);
	r.header->abi = RING_ABI;
	assert_int_equal(ring_open(&view, r.header, r.size - 4096), -EBADMSG);
	for (int i = 0; i <= REGION_CHUNKS; i++) {
		struct ring_region keep = r.header->regions[i];

		r.header->regions[i].offset = UINT64_MAX - 4095;
		assert_int_equal(ring_open(&view, r.header, r.size), -EBADMSG);
		r.header->regions[i] = keep;
		r.header->regions[i].size = UINT64_MAX - 4095;
		assert_int_equal(ring_open(&view, r.header, r.size), -EBADMSG);
		r.header->regions[i] = keep;
		r.header->regions[i].offset = 0; /* over the header */
		assert_int_equal(ring_open(&view, r.header, r.size), -EBADMSG);
		r.header->regions[i] = keep;
	}
	r.header->page_count = 3;
	assert_int_equal(ring_open(&view, r.header, r.size), -EBADMSG);
	r.header->page_count = 2;
	assert_int_equal(ring_open(&view, r.header, r.size), 0);
	free(r.header);
}

static void lies_lead_nowhere(void **unused)
{
	struct ring r = make_ring();
	uint8_t out[16384], in[16384], buf[64];
	uint64_t offset = 0;
	uint32_t records;
	size_t need;

	(void)unused;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		/* Positions and bytes of somebody hostile. */
		switch (rand() % 6) {
		case 0:
			r.header->head = ((uint64_t)rand() << 32 | (uint64_t)rand()) >> rand() % 60;
			break;
		case 1:
			r.header->tail = ((uint64_t)rand() << 32 | (uint64_t)rand()) >> rand() % 60;
			break;
		case 2:
			r.header->floor = ((uint64_t)rand() << 32 | (uint64_t)rand()) >> rand() % 60;
			break;
		case 3:
			make_chunk(out, chunk_size((uint64_t)i), (uint64_t)i);
			((struct chunk_header *)out)->size = (uint32_t)rand() >> rand() % 31;
			memcpy(r.chunks + (uint32_t)rand() % (65536 - 96) / 8 * 8, out, 96);
			break;
		case 4:
			r.header->permanent_used = (uint64_t)rand() >> rand() % 31;
			((uint32_t *)r.permanent)[rand() % 100] = (uint32_t)rand() >> rand() % 31;
			break;
		}
		ring_get(&r, in, sizeof(in), &need);
		assert_true(ring_fill(&r) <= r.chunk_size);
		offset = (uint64_t)rand() % 200;
		ring_get_permanent(&r, &offset, buf, sizeof(buf), &records);
	}
	/* And it goes on when the other side behaves again. */
	r.header->tail = r.header->floor = 0;
	make_chunk(out, 8192, 1);
	assert_int_equal(ring_put(&r, out, 8192, NULL), 0);
	assert_int_equal(ring_get(&r, in, sizeof(in), &need), 8192);
	free(r.header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_pass_in_order),
		cmocka_unit_test(drain_keeps_the_oldest),
		cmocka_unit_test(flight_keeps_the_newest),
		cmocka_unit_test(two_threads_tear_nothing),
		cmocka_unit_test(permanent_records_pass),
		cmocka_unit_test(losses_are_counted),
		cmocka_unit_test(impossible_layouts_are_refused),
		cmocka_unit_test(drain_turns_into_flight),
		cmocka_unit_test(lies_lead_nowhere),
		cmocka_unit_test(the_producer_believes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
