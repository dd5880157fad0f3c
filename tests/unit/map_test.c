/*
 * map_test.c: a map holds what was put and not removed, through growing and removing in clusters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector/map.h"

#define KEYS 4096

static void test_random_use(void **state)
{
	static uint64_t held[KEYS]; /* value + 1, 0: not there */
	struct map m = {.entries = NULL};
	uint64_t x = 88172645463325252u;

	(void)state;
	memset(held, 0, sizeof(held));
	assert_null(map_find(&m, 1));
	map_remove(&m, 1);
	for (int step = 0; step < 200000; step++) {
		uint64_t key, i;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		i = x % KEYS;
		key = i % 2 ? i : i << 40;
		if (x >> 60 < 9) {
			assert_int_equal(map_put(&m, key, x >> 8), 0);
			held[i] = (x >> 8) + 1;
		} else {
			map_remove(&m, key);
			held[i] = 0;
		}
		if (step % 5000 == 0) {
			size_t count = 0;

			for (uint64_t k = 0; k < KEYS; k++) {
				uint64_t *value = map_find(&m, k % 2 ? k : k << 40);

				assert_int_equal(value ? *value + 1 : 0, held[k]);
				count += held[k] != 0;
			}
			assert_int_equal(m.count, count);
		}
	}
	map_free(&m);
	assert_null(map_find(&m, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_use)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
