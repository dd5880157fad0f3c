/*
 * timeline_test.c: stamps of three clocks land on CLOCK_MONOTONIC, through drift, and a clock that was set is
 * flagged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/timeline.h"

#define START  1000000000000
#define EPOCH  1700000000000000000
#define PERIOD 100000000 /* 100 ms */

/* The clocks at `mono` of a machine with a 2.6 GHz TSC; `ahead` is how far the realtime clock has been slewed
 * or set. */
static struct ring_clock clocks(int64_t mono, int64_t ahead)
{
	return (struct ring_clock){.ticks = 12345 + (uint64_t)(mono - START) * 13 / 5,
				   .monotonic = mono,
				   .realtime = EPOCH + mono - START + ahead,
				   .cupti = (uint64_t)(EPOCH + mono - START + ahead)};
}

static int64_t difference(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static void ticks_are_interpolated(void **unused)
{
	struct timeline t;

	(void)unused;
	timeline_init(&t);
	assert_int_equal(timeline_from_ticks(&t, 99), 99);
	for (int i = 0; i < 200; i++) {
		struct ring_clock c = clocks(START + (int64_t)i * PERIOD, 0);

		timeline_add(&t, &c, 50);
	}
	for (int64_t mono = START + 150ll * PERIOD; mono < START + 205ll * PERIOD; mono += 7777777) {
		struct ring_clock c = clocks(mono, 0);

		assert_true(difference(timeline_from_ticks(&t, c.ticks), mono) <= 2);
	}
	/* Older than all samples kept: extrapolated, not lost. */
	assert_true(difference(timeline_from_ticks(&t, clocks(START, 0).ticks), START) <= 100);
}

static void a_steady_shift_keeps_differences_exact(void **unused)
{
	struct timeline t;
	bool step;

	(void)unused;
	timeline_init(&t);
	for (int i = 0; i < 100; i++) {
		/* Reading noise of up to 40 ns must not move the shift. */
		struct ring_clock c = clocks(START + (int64_t)i * PERIOD, 0);

		c.cupti += (uint64_t)(i * 7919 % 41);
		assert_false(timeline_add(&t, &c, 50));
	}
	for (int64_t i = 0; i < 90; i++) {
		uint64_t a = clocks(START + i * PERIOD, 0).cupti + 12345, b = a + PERIOD + 3;

		assert_int_equal(timeline_from_cupti(&t, b, &step) - timeline_from_cupti(&t, a, NULL),
				 PERIOD + 3);
		assert_false(step);
	}
}

static void slewing_is_followed(void **unused)
{
	struct timeline t;

	(void)unused;
	timeline_init(&t);
	/* 400 ppm: 40 us in each period. */
	for (int64_t i = 0; i < 50; i++) {
		struct ring_clock c = clocks(START + i * PERIOD, i * 40000);

		assert_false(timeline_add(&t, &c, 50));
	}
	for (int64_t i = 0; i < 50; i++) {
		struct ring_clock c = clocks(START + i * PERIOD + PERIOD / 2, i * 40000 + 20000);

		assert_true(difference(timeline_from_cupti(&t, c.cupti, NULL), c.monotonic) <= 20000 + 100);
	}
}

static void a_clock_that_was_set_is_flagged(void **unused)
{
	struct timeline t;
	struct ring_clock c;
	bool step;

	(void)unused;
	timeline_init(&t);
	for (int64_t i = 0; i < 10; i++) {
		c = clocks(START + i * PERIOD, 0);
		assert_false(timeline_add(&t, &c, 50));
	}
	c = clocks(START + 10ll * PERIOD, 1000000000);
	assert_true(timeline_add(&t, &c, 50));
	timeline_from_cupti(&t, clocks(START + 9ll * PERIOD + 5000, 0).cupti, &step);
	assert_true(step);
	timeline_from_cupti(&t, clocks(START + 8ll * PERIOD + 5000, 0).cupti, &step);
	assert_false(step);
	c = clocks(START + 11ll * PERIOD, 1000000000);
	assert_false(timeline_add(&t, &c, 50));
	assert_int_equal(timeline_from_cupti(&t, c.cupti, &step), c.monotonic);
	assert_false(step);
}

/* On a busy machine a sample may be read with the thread losing the processor in between. The next good one
 * mends it, and neither is a clock that was set. */
static void a_bad_sample_does_not_last(void **unused)
{
	struct timeline t;
	struct ring_clock c;

	(void)unused;
	timeline_init(&t);
	c = clocks(START, 0);
	c.cupti += 800000;
	assert_false(timeline_add(&t, &c, 1000000));
	c = clocks(START + PERIOD, 0);
	assert_false(timeline_add(&t, &c, 50));
	c = clocks(START + PERIOD + 5000, 0);
	assert_int_equal(timeline_from_cupti(&t, c.cupti, NULL), c.monotonic);
	/* And a bad one later changes nothing. */
	c = clocks(START + 2ll * PERIOD, 0);
	c.cupti += 800000;
	assert_false(timeline_add(&t, &c, 1000000));
	c = clocks(START + 2ll * PERIOD + 900000, 0);
	assert_int_equal(timeline_from_cupti(&t, c.cupti, NULL), c.monotonic);
	/* A steady drift of small errors must not grow into a large one: the shift's own error counts, not
	 * the last sample's. */
	for (int64_t i = 3; i < 60; i++) {
		c = clocks(START + i * PERIOD, i * 60);
		timeline_add(&t, &c, 50);
		c = clocks(START + i * PERIOD + 777, i * 60);
		assert_true(difference(timeline_from_cupti(&t, c.cupti, NULL), c.monotonic) <= 200);
	}
}

/* NVTX may be recorded long before CUDA starts: samples without CUPTI's clock say nothing about its stamps.
 */
static void samples_before_cupti_do_not_count(void **unused)
{
	struct timeline t;
	struct ring_clock c;

	(void)unused;
	timeline_init(&t);
	for (int64_t i = 0; i < 5; i++) {
		c = clocks(START + i * PERIOD, 0);
		c.cupti = 0;
		timeline_add(&t, &c, 50);
	}
	c = clocks(START + 5ll * PERIOD, 0);
	assert_false(timeline_add(&t, &c, 50));
	c = clocks(START + 4ll * PERIOD + 777, 0);
	assert_int_equal(timeline_from_cupti(&t, c.cupti, NULL), c.monotonic);
}

static void a_sample_from_the_past_is_ignored(void **unused)
{
	struct timeline t;
	struct ring_clock c = clocks(START + PERIOD, 0), old = clocks(START, 0);

	(void)unused;
	timeline_init(&t);
	timeline_add(&t, &c, 50);
	timeline_add(&t, &old, 50);
	assert_int_equal(t.count, 1);
	assert_int_equal(timeline_error(&t), 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_interpolated),
		cmocka_unit_test(a_steady_shift_keeps_differences_exact),
		cmocka_unit_test(slewing_is_followed),
		cmocka_unit_test(a_clock_that_was_set_is_flagged),
		cmocka_unit_test(a_bad_sample_does_not_last),
		cmocka_unit_test(samples_before_cupti_do_not_count),
		cmocka_unit_test(a_sample_from_the_past_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
