/*
 * samples_test.c: count, sum, extremes, median and deviation are those of all values, however they are
 * spread: compared with sorting them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collector/samples.h"

#define MAX_VALUES 20000

static uint64_t values[MAX_VALUES];

static uint64_t random64(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void assert_summary(size_t n)
{
	struct samples s = {.window = NULL};
	struct samples_summary got;
	uint64_t total = 0;
	double mean, squares = 0;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(samples_add(&s, values[i]), 0);
		total += values[i];
	}
	/* Twice: summing up must not change anything. */
	samples_summarise(&s, &got);
	samples_summarise(&s, &got);
	samples_free(&s);
	qsort(values, n, sizeof(values[0]), compare);
	mean = (double)total / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += ((double)values[i] - mean) * ((double)values[i] - mean);
	assert_int_equal(got.count, n);
	assert_int_equal(got.total, total);
	assert_int_equal(got.min, values[0]);
	assert_int_equal(got.max, values[n - 1]);
	assert_int_equal(got.median2, values[(n - 1) / 2] + values[n / 2]);
	assert_true(fabs(got.mean - mean) <= 1e-9 * mean);
	assert_true(fabs(got.deviation - (n > 1 ? sqrt(squares / (double)(n - 1)) : 0)) <=
		    1e-6 * got.deviation);
}

static void test_spreads(void **state)
{
	static const size_t counts[] = {1, 2, 3, 10, 1023, 1024, 1025, 1026, 5000, MAX_VALUES};

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		for (int spread = 0; spread < 8; spread++) {
			for (size_t i = 0; i < counts[c]; i++) {
				uint64_t r = random64();

				switch (spread) {
				case 0: /* all equal */
					values[i] = 12345;
					break;
				case 1: /* a kernel: within a percent */
					values[i] = 12000 + r % 240;
					break;
				case 2: /* two shapes of it */
					values[i] = (i % 2 ? 2000 : 9000000) + r % 100;
					break;
				case 3: /* any size */
					values[i] = r >> (r % 50 + 14);
					break;
				case 4: /* nearly all outside the window that the first ones suggest */
					values[i] = i < 1024 ? 5 : 1000000 + r % 1000000;
					break;
				case 5:
					values[i] = i;
					break;
				case 6:
					values[i] = counts[c] - i;
					break;
				default: /* around zero */
					values[i] = r % 3;
				}
			}
			assert_summary(counts[c]);
		}
	}
}

static void test_extremes(void **state)
{
	struct samples s = {.window = NULL};
	struct samples_summary got;

	(void)state;
	samples_summarise(&s, &got);
	assert_int_equal(got.count, 0);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(samples_add(&s, UINT64_MAX - (uint64_t)(i % 2)), 0);
	samples_summarise(&s, &got);
	assert_int_equal(got.count, 3000);
	assert_true(got.total == UINT64_MAX && got.max == UINT64_MAX && got.min == UINT64_MAX - 1);
	samples_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spreads),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
