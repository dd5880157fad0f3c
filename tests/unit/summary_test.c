/*
 * summary_test.c: the screen at the end of a recording fits a terminal whatever was recorded, says what was
 * lost and also that nothing was, and lets no name do anything to the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/summary.h"
#include "recording.h"

/* The screen, to be freed. Checks its size. */
static char *summary(const struct recording *r)
{
	char *text = NULL;
	size_t length, lines = 0, width = 0;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(summary_print(r->path, out), 0);
	fclose(out);
	for (const char *c = text; *c; c++) {
		if (*c == '\n') {
			assert_true(width <= 100);
			width = 0;
			lines++;
		} else {
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
			width += (*c & 0xc0) != 0x80;
		}
	}
	assert_true(lines > 2 && lines <= 24);
	return text;
}

static void assert_says(const char *text, const char *expected)
{
	if (!strstr(text, expected))
		fail_msg("no \"%s\" in:\n%s", expected, text);
}

static void put_kernels(struct recording *r, uint64_t process, uint64_t device, uint64_t names)
{
	uint64_t rows[64][KERNEL_FIELDS] = {{0}};

	for (uint64_t i = 0; i < names; i++) {
		rows[i][KERNEL_NAME] = i + 1;
		rows[i][KERNEL_DEVICE] = device;
		rows[i][KERNEL_START] = 1000 + i * 2000;
		rows[i][KERNEL_DURATION] = 1000;
	}
	recording_rows(r, process, EVENT_KERNEL, rows[0], KERNEL_FIELDS, names);
}

static void test_nothing(void **state)
{
	struct recording r;
	char *text;

	(void)state;
	recording_begin(&r);
	recording_end(&r, 1);
	text = summary(&r);
	assert_says(text, "losses    none\n");
	assert_says(text, "cuflight report ");
	free(text);
	recording_done(&r);
}

static void test_one(void **state)
{
	uint64_t copy[MEMCPY_FIELDS] = {
		[MEMCPY_COPY_KIND] = 1, [MEMCPY_START] = 500, [MEMCPY_DURATION] = 100, [MEMCPY_BYTES] = 2000};
	struct permanent_loss losses[] = {{.h.kind = PERMANENT_LOSS, .cause = LOSS_RING_FULL, .count = 5},
					  {.h.kind = PERMANENT_LOSS, .cause = LOSS_TEXT_CUT, .count = 2}};
	struct recording r;
	char *text;

	(void)state;
	recording_begin(&r);
	recording_string(&r, 1, "_Z6kernelIiEvT_", STRING_KERNEL);
	recording_fact(&r, 1, "pid", "4242");
	recording_fact(&r, 1, "exe", "/usr/bin/python3");
	recording_fact(&r, 1, "rank", "3");
	recording_fact(&r, 1, "end", "killed");
	recording_device(&r, 1, 0, 1, "Simulated Thing");
	put_kernels(&r, 1, 0, 1);
	recording_rows(&r, 1, EVENT_MEMCPY, copy, MEMCPY_FIELDS, 1);
	for (int i = 0; i < 2; i++)
		recording_permanent(&r, 1, &losses[i], sizeof(losses[i]), "", 0);
	recording_end(&r, 1);
	text = summary(&r);
	assert_says(text, "python3 (4242), rank 3: killed, 2 records\n");
	assert_says(text, "SIMULATED GPU");
	/* 500 to 600 and 1000 to 2000, of 500 to 2000. */
	assert_says(text,
		    "GPU 0     Simulated Thing: active 73.3% (1.100 us of 1.500 us that have GPU records)\n");
	assert_says(text, "100.0%   1.000 us          1 x   1.000 us  kernel\n");
	assert_says(text, "Host-to-Device]: 1 x, 2.000 kB in 100 ns, 20.00 GB/s\n");
	assert_says(text, "losses    5 records: 5 ring full");
	assert_says(text, "          2 kept with their NVTX text cut\n");
	free(text);
	recording_done(&r);
}

/* Sixteen processes on sixteen GPUs, sixty kernels with names that no terminal should get, every cause of
 * loss. */
static void test_crowd(void **state)
{
	uint64_t iteration[ITERATION_FIELDS] = {[ITERATION_DURATION] = 1000000};
	uint64_t window[WINDOW_FIELDS] = {[WINDOW_NAME] = 1, [WINDOW_DURATION] = 1000};
	char name[300];
	struct recording r;
	char *text;

	(void)state;
	recording_begin(&r);
	for (uint64_t p = 1; p <= 16; p++) {
		snprintf(name, sizeof(name), "/very/long/path/%0200d\x1b[31m\n\t\xff", (int)p);
		recording_fact(&r, p, "exe", name);
		recording_fact(&r, p, "end", name);
		for (int i = 0; i < 60; i++) {
			snprintf(name, sizeof(name), "\x1b[%dm\xc3\xa9%0150d\n", i, i);
			recording_string(&r, p, name, STRING_KERNEL);
		}
		snprintf(name, sizeof(name), "GPU \x1b]0;title\x07 %0100d", (int)p);
		recording_device(&r, p, 0, (uint8_t)p, name);
		put_kernels(&r, p, 0, 60);
		recording_rows(&r, p, EVENT_ITERATION, iteration, ITERATION_FIELDS, 1);
		recording_rows(&r, p, EVENT_WINDOW, window, WINDOW_FIELDS, 1);
		recording_fact(&r, p, "ranges", "0");
		for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++) {
			struct permanent_loss l = {
				.h.kind = PERMANENT_LOSS, .cause = cause, .count = UINT64_MAX / 1000};

			recording_permanent(&r, p, &l, sizeof(l), "", 0);
		}
	}
	recording_end(&r, 0);
	text = summary(&r);
	assert_says(text, "(not complete)");
	assert_says(text, "and 14 more: cuflight info");
	free(text);
	recording_done(&r);
}

/* Iterations and windows have a line each; what they were to be is what is summed up. */
static void test_iterations(void **state)
{
	uint64_t rows[20][ITERATION_FIELDS] = {{0}}, window[WINDOW_FIELDS] = {0};
	struct recording r;
	char *text;

	(void)state;
	recording_begin(&r);
	recording_string(&r, 1, "mark \x1b[31m", STRING_OTHER);
	recording_fact(&r, 1, "ranges", "3-4");
	for (uint64_t i = 0; i < 20; i++) {
		rows[i][ITERATION_SOURCE] = 1;
		rows[i][ITERATION_NUMBER] = i;
		rows[i][ITERATION_START] = 1000000 + i * 2000000;
		rows[i][ITERATION_DURATION] = i == 17 ? 1900000 : 1000000;
	}
	recording_rows(&r, 1, EVENT_ITERATION, rows[0], ITERATION_FIELDS, 20);
	window[WINDOW_NAME] = 1;
	window[WINDOW_START] = 7000000;
	window[WINDOW_DURATION] = 3000000;
	recording_rows(&r, 1, EVENT_WINDOW, window, WINDOW_FIELDS, 1);
	put_kernels(&r, 1, 0, 1);
	recording_end(&r, 1);
	text = summary(&r);
	assert_says(text, "iteration 20: median 1.000 ms, p99 1.900 ms, slowest 17: 1.900 ms (1.90 x)\n");
	assert_says(text, "windows   1: 0 \"mark \\x1b[31m\" 3.0 ms\n");
	assert_says(text, "below     iterations 3-4 (CUFLIGHT_RANGES of the recording)\n");
	assert_says(text, "next      cuflight iterations ");
	assert_null(strstr(text, "GPU 0")); /* the kernel is of none of them */
	free(text);
	recording_done(&r);
}

static void test_no_file(void **state)
{
	(void)state;
	assert_int_equal(summary_print("/nonexistent/file", stderr), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_one),
		cmocka_unit_test(test_crowd),	cmocka_unit_test(test_iterations),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
