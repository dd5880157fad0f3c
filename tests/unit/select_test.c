/*
 * select_test.c: what belongs to an iteration or a capture window, on small recordings whose answers are
 * known: GPU work where its call began, however late it ran; calls of a thread with and without iterations of
 * its own; the runtime call before the driver call in it; work without a call; two processes, ranks, session
 * windows; what is cut when nothing is asked for; and, on invented ones, that all parts together are the
 * whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/iterations.h"
#include "collector/reports/reports.h"
#include "collector/select.h"
#include "collector/spans.h"
#include "recording.h"

enum { DRIVER = 1, RUNTIME = 2 };

static void put_kernel(struct recording *r, uint64_t process, uint64_t correlation, uint64_t start)
{
	uint64_t row[KERNEL_FIELDS] = {[KERNEL_NAME] = 1,
				       [KERNEL_GRID_X] = correlation, /* a site of its own */
				       [KERNEL_START] = start,
				       [KERNEL_DURATION] = 5,
				       [KERNEL_CORRELATION] = correlation};

	recording_rows(r, process, EVENT_KERNEL, row, KERNEL_FIELDS, 1);
}

static void put_call(struct recording *r, uint64_t process, uint64_t domain, uint64_t thread,
		     uint64_t correlation, uint64_t start)
{
	uint64_t row[API_FIELDS] = {[API_DOMAIN] = domain,	     [API_NAME] = 1,
				    [API_THREAD] = thread,	     [API_START] = start,
				    [API_CORRELATION] = correlation, [API_DURATION] = 4};

	recording_rows(r, process, EVENT_API, row, API_FIELDS, 1);
}

static void put_iteration(struct recording *r, uint64_t process, uint64_t thread, uint64_t number,
			  uint64_t start, uint64_t end, uint64_t first, uint64_t last)
{
	uint64_t row[ITERATION_FIELDS] = {
		[ITERATION_SOURCE] = 1,
		[ITERATION_THREAD] = thread,
		[ITERATION_START] = start,
		[ITERATION_DURATION] = end - start,
		[ITERATION_NUMBER] = number,
		[ITERATION_FIRST_CORRELATION] = first,
		[ITERATION_LAST_CORRELATION] = last,
	};

	recording_rows(r, process, EVENT_ITERATION, row, ITERATION_FIELDS, 1);
}

/* name: the text reference. */
static void put_window(struct recording *r, uint64_t process, uint64_t number, uint64_t name, uint64_t start,
		       uint64_t end)
{
	uint64_t row[WINDOW_FIELDS] = {[WINDOW_NAME] = name,
				       [WINDOW_START] = start,
				       [WINDOW_DURATION] = end - start,
				       [WINDOW_NUMBER] = number};

	recording_rows(r, process, EVENT_WINDOW, row, WINDOW_FIELDS, 1);
}

static void put_range(struct recording *r, uint64_t process, uint64_t thread, uint64_t name, uint64_t start,
		      uint64_t end)
{
	uint64_t rows[2][NVTX_ROW_FIELDS] = {
		{[NVTX_ROW_TYPE] = NVTX_PUSH,
		 [NVTX_ROW_THREAD] = thread,
		 [NVTX_ROW_NAME] = name,
		 [NVTX_ROW_START] = start},
		{[NVTX_ROW_TYPE] = NVTX_POP, [NVTX_ROW_THREAD] = thread, [NVTX_ROW_START] = end},
	};

	recording_rows(r, process, EVENT_NVTX, rows[0], NVTX_ROW_FIELDS, 2);
}

static void begin(struct recording *r)
{
	recording_begin(r);
	for (uint64_t process = 1; process <= 2; process++) {
		recording_string(r, process, "name", STRING_OTHER);
		recording_string(r, process, "step one", STRING_NVTX_REGISTERED);
		recording_string(r, process, "7", STRING_OTHER);
	}
}

/* A report of what is selected, one column of its rows, joined by blanks. Freed by the caller. */
static char *column(const struct recording *r, const struct report *report, const char *name,
		    const struct select_request *q)
{
	struct report_job job = {.report = report, .argument = ""};
	struct cell cells[TABLE_MAX_COLUMNS];
	struct trace *trace = recording_open(r);
	struct report_run run;
	char *text = NULL;
	size_t length, failed, at = 0;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(report_run_open(&run, trace), 0);
	assert_int_equal(select_begin(&run, q), 0);
	assert_int_equal(report_run(&run, &job, 1, &failed), 0);
	while (strcmp(job.table.columns[at].name, name))
		at++;
	for (uint64_t i = 0; i < job.table.rows; i++) {
		char buf[64];

		memset(cells, 0, sizeof(cells));
		job.table.row(job.table.context, i, cells);
		if (cells[at].type == CELL_TEXT)
			fprintf(out, "%s%.*s", i ? " " : "", (int)cells[at].length, cells[at].text);
		else
			fprintf(out, "%s%s", i ? " " : "",
				table_number(&cells[at], job.table.columns[at].kind, buf));
	}
	fclose(out);
	select_tell(&run);
	report_run_free(&job, 1);
	report_run_close(&run);
	trace_close(trace);
	return text;
}

/* Correlation ids of the GPU work that is selected, which the kernels have as their grid too. */
static void assert_work(const struct recording *r, const struct select_request *q, const char *expected)
{
	char *got = column(r, &report_cuda_gpu_trace, "GrdX", q);

	assert_string_equal(got, expected);
	free(got);
}

/* Valid until the next call. */
static const struct select_request *ask(const char *text)
{
	static struct select_request q;

	q = (struct select_request){.all = false};
	assert_true(select_parse_iterations(&q, text));
	return &q;
}

static void test_launched(void **state)
{
	struct recording r;

	(void)state;
	begin(&r);
	put_iteration(&r, 1, 5, 0, 100, 200, 0, 0);
	put_iteration(&r, 1, 5, 1, 200, 300, 0, 0);
	put_call(&r, 1, RUNTIME, 5, 10, 99); /* before */
	put_call(&r, 1, RUNTIME, 5, 11, 100);
	/* Began in 0, and the driver call in it in 1, which comes first in the file. */
	put_call(&r, 1, DRIVER, 5, 12, 201);
	put_call(&r, 1, RUNTIME, 5, 12, 199);
	put_call(&r, 1, RUNTIME, 5, 13, 200);
	put_call(&r, 1, DRIVER, 5, 14, 299);
	put_call(&r, 1, RUNTIME, 5, 15, 300);  /* after */
	put_call(&r, 1, RUNTIME, 77, 16, 250); /* a thread without iterations: by time */
	/* They all run much later, in an order of their own. */
	for (uint64_t c = 10; c <= 16; c++)
		put_kernel(&r, 1, c, 2000 - c * 10);
	recording_end(&r, 1);
	assert_work(&r, ask("1"), "16 14 13");
	assert_work(&r, ask("0-1"), "16 14 13 12 11");
	assert_work(&r, ask("2-"), "");
	assert_work(&r, &(struct select_request){.all = false}, "16 15 14 13 12 11 10");
	recording_done(&r);
}

/* Two threads of a process, each with iterations of its own, which overlap. */
static void test_threads(void **state)
{
	struct recording r;

	(void)state;
	begin(&r);
	put_iteration(&r, 1, 5, 0, 100, 200, 0, 0);
	put_iteration(&r, 1, 6, 1, 150, 250, 0, 0);
	put_iteration(&r, 1, 6, 1, 150, 250, 0, 0); /* there twice: saved from a dead process */
	put_call(&r, 1, RUNTIME, 5, 1, 160);
	put_call(&r, 1, RUNTIME, 6, 2, 160);
	put_call(&r, 1, RUNTIME, 6, 3, 120); /* thread 6 is in none then */
	put_call(&r, 1, RUNTIME, 5, 4, 220);
	put_call(&r, 1, RUNTIME, 9, 5, 160); /* both go on: the later */
	for (uint64_t c = 1; c <= 5; c++)
		put_kernel(&r, 1, c, 1000 + c);
	recording_end(&r, 1);
	assert_work(&r, ask("0"), "1");
	assert_work(&r, ask("1"), "2 5");
	recording_done(&r);
}

static void test_without_call(void **state)
{
	struct recording r;

	(void)state;
	begin(&r);
	put_iteration(&r, 1, 5, 0, 100, 200, 50, 59);
	put_iteration(&r, 1, 5, 1, 200, 300, 60, 69);
	put_kernel(&r, 1, 60, 150); /* by correlation */
	put_kernel(&r, 1, 59, 250);
	put_kernel(&r, 1, 80, 260); /* by time */
	put_kernel(&r, 1, 0, 120);
	recording_end(&r, 1);
	assert_work(&r, ask("0"), "0 59");
	assert_work(&r, ask("1"), "60 80");
	recording_done(&r);
}

/* CUPTI's ids begin again after 2^32 calls; the later call in the file counts. */
static void test_repeated_id(void **state)
{
	struct recording r;

	(void)state;
	begin(&r);
	put_iteration(&r, 1, 5, 0, 100, 200, 0, 0);
	put_iteration(&r, 1, 5, 1, 200, 300, 0, 0);
	put_call(&r, 1, RUNTIME, 5, 0xffffffff, 110);
	put_call(&r, 1, RUNTIME, 5, 1, 120);
	put_call(&r, 1, RUNTIME, 5, 0xffffffff, 210);
	put_kernel(&r, 1, 0xffffffff, 220);
	put_kernel(&r, 1, 1, 230);
	recording_end(&r, 1);
	assert_work(&r, ask("0"), "1");
	assert_work(&r, ask("1"), "4294967295");
	recording_done(&r);
}

static void test_processes(void **state)
{
	struct recording r;

	(void)state;
	begin(&r);
	for (uint64_t p = 1; p <= 2; p++) {
		recording_fact(&r, p, "pid", p == 1 ? "100" : "1");
		recording_fact(&r, p, "rank", p == 1 ? "0" : "1");
		put_iteration(&r, p, 5, 3, 100 * p, 100 * p + 50, 0, 0);
		put_call(&r, p, RUNTIME, 5, p, 120);
		put_call(&r, p, RUNTIME, 5, 10 * p, 220);
		put_kernel(&r, p, p, 1000 + p);
		put_kernel(&r, p, 10 * p, 1010 + p);
	}
	recording_end(&r, 1);
	assert_work(&r, ask("3"), "1 20");
	assert_work(&r, ask("3@0"), "1");
	assert_work(&r, ask("3@1"), "20"); /* a rank rather than a pid */
	assert_work(&r, ask("3@100"), "1");
	assert_work(&r, ask("3@55"), "");
	recording_done(&r);
}

static void test_windows(void **state)
{
	struct recording r;

	(void)state;
	begin(&r);
	recording_string(&r, 0, "label", STRING_OTHER);
	put_window(&r, 1, 0, 2, 100, 200);
	put_window(&r, 1, 1, 3, 300, 400);
	put_window(&r, 0, 0, 1, 500, 600);
	for (uint64_t p = 1; p <= 2; p++)
		for (uint64_t t = 50; t < 700; t += 100) {
			put_call(&r, p, RUNTIME, 5, p * 1000 + t + 50, t + 50);
			put_kernel(&r, p, p * 1000 + t + 50, 5000 + p * 1000 + t);
		}
	recording_end(&r, 1);
	assert_work(&r, &(struct select_request){.window = "0"}, "1100 1500 2500");
	assert_work(&r, &(struct select_request){.window = "1"}, "1300");
	assert_work(&r, &(struct select_request){.window = "step*"}, "1100");
	assert_work(&r, &(struct select_request){.window = "label"}, "1500 2500");
	assert_work(&r, &(struct select_request){.window = "7"}, ""); /* a number, not the name */
	recording_done(&r);
}

static void test_as_recorded(void **state)
{
	struct recording r;

	(void)state;
	begin(&r);
	recording_fact(&r, 1, "ranges", "1");
	recording_fact(&r, 2, "ranges", "5"); /* it never came to that */
	for (uint64_t i = 0; i < 3; i++) {
		put_iteration(&r, 1, 5, i, 100 * i, 100 * i + 100, 0, 0);
		put_call(&r, 1, RUNTIME, 5, i + 1, 100 * i + 10);
		put_kernel(&r, 1, i + 1, 1000 + i);
	}
	put_kernel(&r, 2, 9, 1010);
	recording_end(&r, 1);
	assert_work(&r, &(struct select_request){.all = false}, "2 9");
	assert_work(&r, &(struct select_request){.all = true}, "1 2 3 9");
	assert_work(&r, ask("2"), "3");
	recording_done(&r);

	/* Capture and ranges agree. */
	begin(&r);
	recording_fact(&r, 1, "ranges", "1-2");
	recording_fact(&r, 1, "capture", "cudaProfilerApi:repeat");
	put_window(&r, 1, 0, 0, 150, 1000);
	for (uint64_t i = 0; i < 4; i++) {
		put_iteration(&r, 1, 5, i, 100 * i, 100 * i + 100, 0, 0);
		for (uint64_t c = 0; c < 2; c++) {
			put_call(&r, 1, RUNTIME, 5, 10 * i + c + 1, 100 * i + 60 * c);
			put_kernel(&r, 1, 10 * i + c + 1, 1000 + 10 * i + c);
		}
	}
	recording_end(&r, 1);
	assert_work(&r, &(struct select_request){.all = false}, "12 21 22");
	recording_done(&r);
}

static void test_ranges_and_calls(void **state)
{
	struct recording r;
	char *got;

	(void)state;
	begin(&r);
	put_iteration(&r, 1, 5, 0, 100, 200, 0, 0);
	put_iteration(&r, 1, 5, 1, 200, 300, 0, 0);
	/* It begins in 0; its end is not in the selection but ends it all the same. */
	put_range(&r, 1, 5, 1, 150, 290);
	put_range(&r, 1, 5, 2, 210, 220);
	put_call(&r, 1, RUNTIME, 5, 1, 150);
	put_call(&r, 1, RUNTIME, 5, 2, 250);
	put_call(&r, 1, RUNTIME, 5, 3, 260);
	recording_end(&r, 1);
	got = column(&r, &report_nvtx_sum, "Total Time", ask("0"));
	assert_string_equal(got, "140");
	free(got);
	got = column(&r, &report_nvtx_sum, "Range", ask("1"));
	assert_string_equal(got, "step one");
	free(got);
	got = column(&r, &report_cuda_api_sum, "Num Calls", ask("1"));
	assert_string_equal(got, "2");
	free(got);
	recording_done(&r);
}

/* Iterations from NVTX: the outermost counts; other threads' marks end only their own. */
static void test_from_nvtx(void **state)
{
	struct select_request q = *ask("1");
	struct recording r;

	(void)state;
	begin(&r);
	put_range(&r, 1, 5, 2, 100, 200);
	put_range(&r, 1, 6, 1, 100, 900); /* another name */
	put_range(&r, 1, 5, 2, 300, 400);
	put_call(&r, 1, RUNTIME, 5, 1, 110);
	put_call(&r, 1, RUNTIME, 5, 2, 310);
	put_call(&r, 1, RUNTIME, 6, 3, 390);
	put_call(&r, 1, RUNTIME, 6, 4, 410);
	for (uint64_t c = 1; c <= 4; c++)
		put_kernel(&r, 1, c, 1000 + c);
	recording_end(&r, 1);
	q.nvtx = "step *";
	assert_work(&r, &q, "2 3");
	q.nvtx = "no such*";
	assert_work(&r, &q, "");
	recording_done(&r);
}

static uint64_t random_state = 88172645463325252u;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

/* Against looking at every span. */
static void test_spans(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct spans s = {.items = NULL};
		struct span all[40];
		uint32_t count = (uint32_t)below(40);

		for (uint32_t i = 0; i < count; i++) {
			int64_t first = (int64_t)below(100), last = first + (int64_t)below(30);

			all[i] = (struct span){first, last, i};
			assert_int_equal(spans_add(&s, first, last, i), 0);
		}
		assert_int_equal(spans_sort(&s), 0);
		for (int64_t at = -1; at < 140; at++) {
			uint32_t best = SPANS_NONE;

			for (uint32_t i = 0; i < count; i++)
				if (all[i].first <= at && all[i].last >= at &&
				    (best == SPANS_NONE || all[i].first >= all[best].first))
					best = i;
			assert_int_equal(spans_find(&s, at), best);
		}
		spans_free(&s);
	}
}

static uint64_t work(const struct recording *r, const struct select_request *q)
{
	char *got = column(r, &report_cuda_gpu_trace, "GrdX", q);
	uint64_t count = *got != 0;

	for (const char *c = got; *c; c++)
		count += *c == ' ';
	free(got);
	return count;
}

/* Every piece of GPU work is in one iteration or in none: the parts are the whole. */
static void test_parts(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		uint64_t sum = 0, expected[10] = {0}, kernels = 30 + below(60);
		struct recording r;

		begin(&r);
		for (uint64_t i = 0; i < 10; i++)
			put_iteration(&r, 1, 5, i, 1000 + 100 * i, 1000 + 100 * i + 80, 0, 0);
		for (uint64_t c = 1; c <= kernels; c++) {
			uint64_t start = 900 + below(1200), into = start - 1000;

			put_call(&r, 1, RUNTIME, 5 + below(2), c, start);
			put_kernel(&r, 1, c, 900 + below(2000));
			if (start >= 1000 && into < 1000 && into % 100 < 80)
				expected[into / 100]++;
		}
		recording_end(&r, 1);
		for (uint64_t i = 0; i < 10; i++) {
			struct select_request q = {.by_iterations = true,
						   .iterations = {.count = 1, .range = {{i, i}}}};
			uint64_t got = work(&r, &q);

			assert_int_equal(got, expected[i]);
			sum += got;
		}
		assert_int_equal(work(&r, ask("0-")), sum);
		assert_int_equal(work(&r, &(struct select_request){.all = true}), kernels);
		recording_done(&r);
	}
}

static void test_request(void **state)
{
	struct select_request q = {.all = false};

	(void)state;
	assert_true(select_parse_iterations(&q, "10-19,30-40@4242"));
	assert_true(q.by_only);
	assert_int_equal(q.only, 4242);
	assert_int_equal(q.iterations.count, 2);
	for (const char *const *bad = (const char *const[]){"", "x", "5-3", "1@", "1@x", "1@2x", "@3", NULL};
	     *bad; bad++)
		assert_false(select_parse_iterations(&q, *bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launched),     cmocka_unit_test(test_threads),
		cmocka_unit_test(test_without_call), cmocka_unit_test(test_repeated_id),
		cmocka_unit_test(test_processes),    cmocka_unit_test(test_windows),
		cmocka_unit_test(test_as_recorded),  cmocka_unit_test(test_ranges_and_calls),
		cmocka_unit_test(test_from_nvtx),    cmocka_unit_test(test_spans),
		cmocka_unit_test(test_parts),	     cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
