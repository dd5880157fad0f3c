/*
 * inject_strides_test.c: a real libcupti tells the sizes of its records without a GPU or a driver, and they
 * are those of the structs in its version's headers. CUFLIGHT_CUPTI names another library to ask.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "wire/config.h"
#include "libinject/cupti.h"
#include "libinject/cupti_find.h"
#include "libinject/recorder.h"
#include "wire/cupti_record.h"

static struct cupti_api api;
static uint32_t version;

/* Sizes of CUpti_ActivityKernel, Memcpy, MemcpyPtoP and Memset as cupti_activity.h of each version has them.
 */
static const struct {
	uint32_t least; /* cuptiGetVersion; 12.0 answers 18 as 11.8 does */
	uint16_t kernel, memcpy, peer, memset;
} known[] = {
	{130100, 224, 96, 96, 88}, {130000, 216, 96, 96, 88}, {26, 208, 96, 96, 88},
	{19, 208, 88, 96, 88},	   {18, 200, 88, 96, 88},
};

static void test_strides(void **state)
{
	uint16_t strides[RING_MAX_STRIDES] = {0};
	uint32_t kinds = 0;
	size_t i = 0;

	(void)state;
	cupti_learn_strides(&api, strides, RING_MAX_STRIDES);
	for (uint32_t kind = 0; kind < RING_MAX_STRIDES; kind++) {
		kinds += strides[kind] != 0;
		assert_int_equal(strides[kind] % 8, 0);
	}
	print_message("CUPTI %u: sizes of %u kinds, kernel %u\n", version, kinds, strides[ACTIVITY_KERNEL]);
	assert_true(kinds > 30);
	while (i < sizeof(known) / sizeof(known[0]) && version < known[i].least)
		i++;
	if (i == sizeof(known) / sizeof(known[0]) || version >= 130200)
		return; /* a version whose headers have not been seen */
	if (version != 18 || strides[ACTIVITY_KERNEL] != 208)
		assert_int_equal(strides[ACTIVITY_KERNEL], known[i].kernel);
	assert_int_equal(strides[ACTIVITY_MEMCPY], known[i].memcpy);
	assert_int_equal(strides[ACTIVITY_MEMCPY_PEER], known[i].peer);
	assert_int_equal(strides[ACTIVITY_MEMSET], known[i].memset);
	assert_int_equal(strides[ACTIVITY_RUNTIME], 40);
	assert_int_equal(strides[ACTIVITY_DRIVER], 40);
	assert_int_equal(strides[ACTIVITY_STREAM], 24);
}

static void test_api_names(void **state)
{
	const char *name = NULL;

	(void)state;
	assert_int_equal(api.callback_name(DOMAIN_DRIVER, 307, &name), 0);
	assert_string_equal(name, "cuLaunchKernel");
	assert_int_equal(api.callback_name(DOMAIN_RUNTIME, 211, &name), 0);
	assert_string_equal(name, "cudaLaunchKernel_v7000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_strides), cmocka_unit_test(test_api_names)};
	char path[PATH_MAX];

	config_read(&config, environ);
	if (cupti_find(&api, path, sizeof(path))) {
		printf("skipped: %s\n", path);
		return 77;
	}
	api.get_version(&version);
	printf("%s\n", path);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
