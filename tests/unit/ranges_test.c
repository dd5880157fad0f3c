/*
 * ranges_test.c: the grammar of ranges, iterations, captures and triggers: what is understood as documented,
 * what is refused, and that no text at all is read beyond its end or into a struct that is not whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/config.h"
#include "wire/ranges.h"

static void test_ranges(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{"7", "7"},
		{"0", "0"},
		{"100-150,300-350", "100-150,300-350"},
		{"300-350,100-150", "100-150,300-350"},
		{"100-", "100-"},
		{"10-19,15-30,31", "10-31"},
		{"5-,3", "3,5-"},
		{"5-,7-9", "5-"},
		{"1,2,3", "1-3"},
		{" 1 - 2 , 5 ", "1-2,5"},
		{"18446744073709551615", "18446744073709551615-"},
	};
	struct ranges r;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(ranges_parse(&r, cases[i].text));
		ranges_print(&r, text, sizeof(text));
		assert_string_equal(text, cases[i].printed);
	}
	assert_true(ranges_parse(&r, "10-19,30"));
	assert_null(ranges_find(&r, 9));
	assert_ptr_equal(ranges_find(&r, 10), &r.range[0]);
	assert_ptr_equal(ranges_find(&r, 19), &r.range[0]);
	assert_null(ranges_find(&r, 20));
	assert_ptr_equal(ranges_next(&r, 20), &r.range[1]);
	assert_null(ranges_next(&r, 31));
	ranges_print(&r, text, 6); /* what does not fit is left out whole */
	assert_string_equal(text, "10-19");
}

static void test_ranges_refused(void **state)
{
	static const char *const cases[] = {"",
					    ",",
					    "-",
					    "-5",
					    "5-3",
					    "a",
					    "5,",
					    ",5",
					    "1--2",
					    "1-2-3",
					    "1;2",
					    "0x10",
					    "1e3",
					    "5 6",
					    "1-2x",
					    "18446744073709551616",
					    "1-99999999999999999999",
					    "\xff"};
	struct ranges r;
	char many[1024] = "1";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(ranges_parse(&r, cases[i]));
	for (int i = 1; i < RANGES_MAX; i++)
		strcat(many, ",3");
	assert_true(ranges_parse(&r, many));
	strcat(many, ",3");
	assert_false(ranges_parse(&r, many));
}

static bool matches(const char *glob, const char *text)
{
	return glob_matches(glob, text, strlen(text));
}

static void test_glob(void **state)
{
	(void)state;
	assert_true(matches("iteration *", "iteration 12"));
	assert_true(matches("iteration *", "iteration "));
	assert_false(matches("iteration *", "iteration"));
	assert_true(matches("*", ""));
	assert_true(matches("", ""));
	assert_false(matches("", "a"));
	assert_true(matches("a*b*c", "axxbyybzc"));
	assert_false(matches("a*b*c", "axxbyybz"));
	assert_true(matches("?", "x"));
	assert_false(matches("?", ""));
	assert_true(matches("[Executor] step *", "[Executor] step 3")); /* brackets are only brackets */
	assert_true(matches("a\\*", "a*"));
	assert_false(matches("a\\*", "ab"));
	assert_false(matches("\\?", "x"));
	assert_true(matches("a\\", "a\\"));
	assert_true(matches("*******************a", "bbbbbbbba"));
	assert_true(glob_matches("ab", "abc", 2)); /* no terminator needed */
}

static void test_iteration(void **state)
{
	static const char *const refused[] = {"",
					      "Auto",
					      "nvtx",
					      "nvtx:",
					      "nvtx:@d",
					      "python:",
					      "python:m",
					      "python:m:f",
					      "python:m:C.",
					      "python:m:.f",
					      "python::C.f",
					      "python:m:C.f:x",
					      "python:m n:C.f",
					      "graph:",
					      "d2h,mark"};
	struct iteration_rule r;

	(void)state;
	assert_true(iteration_rule_parse(&r, "auto") && r.kind == ITERATION_AUTO);
	assert_true(iteration_rule_parse(&r, "graph") && r.kind == ITERATION_GRAPH);
	assert_true(iteration_rule_parse(&r, "d2h") && r.kind == ITERATION_D2H);
	assert_true(iteration_rule_parse(&r, "mark") && r.kind == ITERATION_MARK);
	assert_true(iteration_rule_parse(&r, "nvtx:iteration *") && r.kind == ITERATION_NVTX);
	assert_string_equal(r.pattern.glob, "iteration *");
	assert_true(r.pattern.any_domain);
	assert_string_equal(r.text, "nvtx:iteration *");
	assert_true(iteration_rule_parse(&r, "nvtx:step@en*"));
	assert_string_equal(r.pattern.glob, "step");
	assert_string_equal(r.pattern.domain, "en*");
	assert_false(r.pattern.any_domain);
	assert_true(iteration_rule_parse(&r, "nvtx:a\\@b@"));
	assert_string_equal(r.pattern.glob, "a\\@b");
	assert_string_equal(r.pattern.domain, "");
	assert_false(r.pattern.any_domain);
	assert_true(iteration_rule_parse(&r, "python:vllm.v1.worker:GPUModelRunner.execute_model"));
	assert_string_equal(r.python, "vllm.v1.worker:GPUModelRunner.execute_model");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(iteration_rule_parse(&r, refused[i]));
}

static void test_capture(void **state)
{
	static const struct {
		const char *text;
		uint32_t kind, end, windows;
	} cases[] = {
		{"all", CAPTURE_ALL, CAPTURE_REPEAT, 0},
		{"cudaProfilerApi", CAPTURE_PROFILER_API, CAPTURE_REPEAT, 0},
		{"cudaProfilerApi:repeat", CAPTURE_PROFILER_API, CAPTURE_REPEAT, 0},
		{"cudaProfilerApi:repeat:3", CAPTURE_PROFILER_API, CAPTURE_REPEAT, 3},
		{"cudaProfilerApi:stop", CAPTURE_PROFILER_API, CAPTURE_STOP, 1},
		{"nvtx:a:b@c:stop-exit", CAPTURE_NVTX, CAPTURE_STOP_EXIT, 1},
		{"iterations:stop", CAPTURE_ITERATIONS, CAPTURE_STOP, 1},
		{"control", CAPTURE_CONTROL, CAPTURE_REPEAT, 0},
		{"signal:repeat:2", CAPTURE_SIGNAL, CAPTURE_REPEAT, 2},
	};
	static const char *const refused[] = {"",
					      "All",
					      "all:stop",
					      "cudaprofilerapi",
					      "nvtx:",
					      "nvtx::stop",
					      "control:2",
					      "control:repeat:0",
					      "control:repeat:99999999999",
					      ":stop",
					      ":repeat:1",
					      "repeat:1"};
	struct capture_rule r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(capture_rule_parse(&r, cases[i].text));
		assert_int_equal(r.kind, cases[i].kind);
		assert_int_equal(r.end, cases[i].end);
		assert_int_equal(r.windows, cases[i].windows);
	}
	assert_true(capture_rule_parse(&r, "nvtx:a:b@c:stop-exit"));
	assert_string_equal(r.pattern.glob, "a:b");
	assert_string_equal(r.pattern.domain, "c");
	assert_string_equal(r.text, "nvtx:a:b@c");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(capture_rule_parse(&r, refused[i]));
}

static void test_triggers(void **state)
{
	static const char *const refused[] = {"",
					      "iteration",
					      "iteration>",
					      "iteration>2",
					      "iteration>1x",
					      "iteration>0.5x",
					      "idle>2x",
					      "idle>0ms",
					      "exit,",
					      "exit exit",
					      "iteration>2.x",
					      "iteration>-2x",
					      "exit,exit,exit,exit,exit",
					      "idle>1us"};
	struct triggers t;

	(void)state;
	assert_true(triggers_parse(&t, "iteration>2.0x,iteration>50ms,idle>0.5s,exit"));
	assert_int_equal(t.count, 4);
	assert_int_equal(t.trigger[0].kind, TRIGGER_ITERATION_TIMES);
	assert_int_equal(t.trigger[0].value, 2000);
	assert_int_equal(t.trigger[1].kind, TRIGGER_ITERATION_NS);
	assert_int_equal(t.trigger[1].value, 50000000);
	assert_int_equal(t.trigger[2].kind, TRIGGER_IDLE_NS);
	assert_int_equal(t.trigger[2].value, 500000000);
	assert_int_equal(t.trigger[3].kind, TRIGGER_EXIT);
	assert_true(triggers_parse(&t, "iteration>1.25x"));
	assert_int_equal(t.trigger[0].value, 1250);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(triggers_parse(&t, refused[i]));
}

/* The variables: the malformed one is named, TensorRT-LLM's counts where ours is not set. */
static void test_variables(void **state)
{
	char *both[] = {"TLLM_PROFILE_START_STOP=1-2", "CUFLIGHT_RANGES=10-19", NULL};
	char *tllm[] = {"TLLM_PROFILE_START_STOP=1-2", "CUFLIGHT_RANGES=", NULL};
	char *bad_tllm[] = {"TLLM_PROFILE_START_STOP=x", NULL};
	char *bad[][2] = {{"CUFLIGHT_RANGES=9-1"},   {"CUFLIGHT_ITERATION=steps"}, {"CUFLIGHT_CAPTURE=some"},
			  {"CUFLIGHT_TRIGGER=slow"}, {"CUFLIGHT_DELAY=30"},	   {"CUFLIGHT_DURATION=0s"},
			  {"CUFLIGHT_GATE=cupti"}};
	static struct config c;

	(void)state;
	config_read(&c, both);
	assert_true(c.ranges_given && !c.ranges_foreign);
	assert_int_equal(c.ranges.range[0].first, 10);
	config_read(&c, tllm);
	assert_true(!c.ranges_given && c.ranges_foreign);
	assert_int_equal(c.ranges.range[0].last, 2);
	config_read(&c, bad_tllm);
	assert_string_equal(c.bad.variable, "TLLM_PROFILE_START_STOP");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *example[] = {NULL, NULL};
		size_t length = strcspn(bad[i][0], "=");

		config_read(&c, bad[i]);
		assert_non_null(c.bad.variable);
		assert_int_equal(strlen(c.bad.variable), length);
		assert_memory_equal(c.bad.variable, bad[i][0], length);
		assert_string_equal(c.bad.text, bad[i][0] + length + 1);
		example[0] = (char *)c.bad.example;
		config_read(&c, example);
		assert_null(c.bad.variable);
	}
}

/* Any text at all: each parser ends, and what it accepts can be used. The copy has no spare byte: a sanitizer
   sees who reads on. */
static void test_nonsense(void **state)
{
	static const char *const words[] = {"1",
					    "-",
					    ",",
					    "nvtx:",
					    "@",
					    "*",
					    "python:",
					    "a:B.c",
					    ":stop",
					    ":repeat",
					    ":repeat:",
					    "9",
					    "iteration>",
					    "x",
					    "ms",
					    "exit",
					    "idle>",
					    ".",
					    "\\",
					    "\xff",
					    " ",
					    "control",
					    "18446744073709551615"};
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct iteration_rule iteration;
		struct capture_rule capture;
		struct triggers triggers;
		struct ranges ranges;
		char text[256] = "", *copy;
		int parts = rand_r(&seed) % 9;

		for (int k = 0; k < parts; k++)
			strcat(text, words[(size_t)rand_r(&seed) % (sizeof(words) / sizeof(words[0]))]);
		copy = strdup(text);
		assert_non_null(copy);
		if (ranges_parse(&ranges, copy)) {
			char printed[4096];
			struct ranges again;

			ranges_print(&ranges, printed, sizeof(printed));
			assert_true(ranges_parse(&again, printed));
			assert_int_equal(again.count, ranges.count);
		}
		if (iteration_rule_parse(&iteration, copy) && iteration.kind == ITERATION_NVTX)
			glob_matches(iteration.pattern.glob, copy, strlen(copy));
		if (capture_rule_parse(&capture, copy))
			assert_true(capture.kind <= CAPTURE_SIGNAL);
		if (triggers_parse(&triggers, copy))
			assert_in_range(triggers.count, 1, TRIGGERS_MAX);
		free(copy);
	}
}

static void test_long(void **state)
{
	static char text[8192];
	struct iteration_rule iteration;
	struct capture_rule capture;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "nvtx:", 5);
	assert_false(iteration_rule_parse(&iteration, text));
	assert_false(capture_rule_parse(&capture, text));
	text[5 + PATTERN_MAX - 1] = '\0';
	assert_true(iteration_rule_parse(&iteration, text));
	assert_true(capture_rule_parse(&capture, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),	  cmocka_unit_test(test_ranges_refused),
		cmocka_unit_test(test_glob),	  cmocka_unit_test(test_iteration),
		cmocka_unit_test(test_capture),	  cmocka_unit_test(test_triggers),
		cmocka_unit_test(test_variables), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
