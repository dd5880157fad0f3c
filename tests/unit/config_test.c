/*
 * config_test.c: the variables are read as documented; a malformed one is named with its text and an
 * example, and leaves the others alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "collector/variables.h"
#include "wire/config.h"

static struct config c;

static void read_one(char *entry)
{
	char *environment[] = {"PATH=/bin", entry, "HOME=/root", NULL};

	config_read(&c, environment);
}

static void test_defaults(void **state)
{
	char *empty[] = {NULL};

	(void)state;
	config_read(&c, empty);
	assert_null(c.bad.variable);
	assert_int_equal(c.slots, 8);
	assert_int_equal(c.slot_size, 512 << 10);
	assert_int_equal(c.ring_size, 8 << 20);
	assert_int_equal(c.flush_ms, 100);
	assert_int_equal(c.mode, MODE_UNSET);
	assert_false(c.dir_given);
	assert_string_equal(c.dir, "/tmp");
	config_read(&c, NULL);
	assert_int_equal(c.slots, 8);
}

static void test_budget(void **state)
{
	struct ring_config layout;

	(void)state;
	config_read(&c, NULL);
	config_ring(&c, &layout);
	assert_true(ring_size(&layout) > 0);
	assert_true(ring_size(&layout) <= 17u << 20); /* with the helper's heap below 20 MB */
}

static void test_values(void **state)
{
	(void)state;
	read_one("CUFLIGHT_SLOT_SIZE=1M");
	assert_int_equal(c.slot_size, 1 << 20);
	read_one("CUFLIGHT_SLOT_SIZE=256k");
	assert_int_equal(c.slot_size, 256 << 10);
	read_one("CUFLIGHT_SLOT_SIZE=100000"); /* whole pages */
	assert_int_equal(c.slot_size, 102400);
	read_one("CUFLIGHT_RING_SIZE=1G");
	assert_true(c.ring_size == 1ull << 30);
	read_one("CUFLIGHT_PUBLISH=2s");
	assert_int_equal(c.publish_ms, 2000);
	read_one("CUFLIGHT_FLUSH=50ms");
	assert_int_equal(c.flush_ms, 50);
	read_one("CUFLIGHT_MODE=flight");
	assert_int_equal(c.mode, MODE_FLIGHT);
	read_one("CUFLIGHT_CLOCK=monotonic");
	assert_int_equal(c.clock, CLOCK_GETTIME);
	read_one("CUFLIGHT_DIR=/some/where");
	assert_true(c.dir_given);
	assert_string_equal(c.dir, "/some/where");
	read_one("XDG_RUNTIME_DIR=/run/user/7");
	assert_false(c.dir_given);
	assert_string_equal(c.dir, "/run/user/7");
	assert_null(c.bad.variable);
}

static void test_ignored(void **state)
{
	static char *const entries[] = {"CUFLIGHT_SLOTS=",     "CUFLIGHT_SLOTSX=3", "CUFLIGHT_BUILD=/x",
					"XCUFLIGHT_SLOTS=bad", "CUFLIGHT_",	    "CUFLIGHT_SLOTS"};

	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		read_one(entries[i]);
		assert_null(c.bad.variable);
		assert_int_equal(c.slots, 8);
	}
}

static void test_malformed(void **state)
{
	static const struct {
		char *entry;
		const char *variable;
	} cases[] = {
		{"CUFLIGHT_SLOTS=many", "CUFLIGHT_SLOTS"},
		{"CUFLIGHT_SLOTS=8 ", "CUFLIGHT_SLOTS"},
		{"CUFLIGHT_SLOTS=-1", "CUFLIGHT_SLOTS"},
		{"CUFLIGHT_SLOTS=1", "CUFLIGHT_SLOTS"},
		{"CUFLIGHT_SLOTS=65", "CUFLIGHT_SLOTS"},
		{"CUFLIGHT_SLOTS=99999999999999999999999", "CUFLIGHT_SLOTS"},
		{"CUFLIGHT_SLOT_SIZE=1Q", "CUFLIGHT_SLOT_SIZE"},
		{"CUFLIGHT_SLOT_SIZE=1MB", "CUFLIGHT_SLOT_SIZE"},
		{"CUFLIGHT_SLOT_SIZE=K", "CUFLIGHT_SLOT_SIZE"},
		{"CUFLIGHT_RING_SIZE=18446744073709551615G", "CUFLIGHT_RING_SIZE"},
		{"CUFLIGHT_RING_SIZE=17179869184G", "CUFLIGHT_RING_SIZE"},
		{"CUFLIGHT_RING_SIZE=1K", "CUFLIGHT_RING_SIZE"},
		{"CUFLIGHT_FLUSH=100", "CUFLIGHT_FLUSH"},
		{"CUFLIGHT_FLUSH=1m", "CUFLIGHT_FLUSH"},
		{"CUFLIGHT_PUBLISH=18446744073709551s", "CUFLIGHT_PUBLISH"},
		{"CUFLIGHT_MODE=fly", "CUFLIGHT_MODE"},
		{"CUFLIGHT_MODE=flightx", "CUFLIGHT_MODE"},
		{"CUFLIGHT_CLOCK=TSC", "CUFLIGHT_CLOCK"},
		{"CUFLIGHT_DIR=relative/path", "CUFLIGHT_DIR"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = strchr(cases[i].entry, '=') + 1;

		read_one(cases[i].entry);
		assert_non_null(c.bad.variable);
		assert_string_equal(c.bad.variable, cases[i].variable);
		assert_string_equal(c.bad.text, text);
		/* The example is for this variable, and it is well formed. */
		assert_int_equal(strncmp(c.bad.example, cases[i].variable, strlen(cases[i].variable)), 0);
		read_one((char *)c.bad.example);
		assert_null(c.bad.variable);
	}
}

static void test_first_is_told(void **state)
{
	char *environment[] = {"CUFLIGHT_SLOTS=x", "CUFLIGHT_FLUSH=y", "CUFLIGHT_PAGES=16", NULL};

	(void)state;
	config_read(&c, environment);
	assert_string_equal(c.bad.variable, "CUFLIGHT_SLOTS");
	assert_int_equal(c.pages, 16);
}

static void test_long(void **state)
{
	static char entry[5000] = "CUFLIGHT_DIR=/";

	(void)state;
	memset(entry + 14, 'x', sizeof(entry) - 15);
	read_one(entry);
	assert_string_equal(c.bad.variable, "CUFLIGHT_DIR");
	assert_int_equal(strlen(c.bad.text), sizeof(c.bad.text) - 1);
}

static void test_complaints(void **state)
{
	static const struct {
		char *entry;
		const char *complaint;
	} cases[] = {
		{"CUFLIGHT_RING_SIZE=64", "CUFLIGHT_RING_SIZE=64 is below 256K (256K to 1G)"},
		{"CUFLIGHT_SLOTS=65", "CUFLIGHT_SLOTS=65 is above 64 (2 to 64)"},
		{"CUFLIGHT_FLUSH=5ms", "CUFLIGHT_FLUSH=5ms is below 10ms (10ms to 10s)"},
		{"CUFLIGHT_SLOT_SIZE=1Q", "CUFLIGHT_SLOT_SIZE=1Q is not understood; an example: "
					  "CUFLIGHT_SLOT_SIZE=512K (32K to 16M)"},
		{"CUFLIGHT_DIR=here", "CUFLIGHT_DIR=here is not understood; an example: "
				      "CUFLIGHT_DIR=/run/user/1000/cuflight-1000"},
		{"TLLM_PROFILE_START_STOP=x", "TLLM_PROFILE_START_STOP=x is not understood; an example: "
					      "TLLM_PROFILE_START_STOP=100-150"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_one(cases[i].entry);
		assert_non_null(c.bad.variable);
		config_complaint(&c, text, sizeof(text));
		assert_string_equal(text, cases[i].complaint);
	}
}

/* Every variable can be explained, and its default is one that it takes. */
static void test_variables(void **state)
{
	struct config_variable v;
	char entry[128];
	size_t i;

	(void)state;
	for (i = 0; config_variable(i, &v); i++) {
		assert_non_null(variable_meaning(v.name));
		snprintf(entry, sizeof(entry), "%s=%s", v.name, v.standard);
		read_one(entry);
		assert_null(c.bad.variable);
	}
	assert_true(i > 15);
}

static void test_lookup(void **state)
{
	char *environment[] = {"AB=1", "A=2", "A=3", NULL};

	(void)state;
	assert_string_equal(config_lookup(environment, "A"), "2");
	assert_null(config_lookup(environment, "B"));
	assert_null(config_lookup(NULL, "A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),   cmocka_unit_test(test_budget),
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_complaints), cmocka_unit_test(test_variables),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_first_is_told),
		cmocka_unit_test(test_long),	   cmocka_unit_test(test_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
