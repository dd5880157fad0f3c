/*
 * report_test.c: reports on small recordings whose answers are known: ranges are matched across threads,
 * chunks and domains; a driver call within a runtime call is not counted twice; versions, unknown copies,
 * names without a text; GPUs that processes number differently; how long GPUs were busy, against counting
 * every nanosecond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/reports/reports.h"
#include "recording.h"

static void assert_report(struct recording *r, const struct report *report, const char *argument,
			  const char *expected)
{
	char *got = recording_report(r, report, argument, NULL);

	/* Without the header, which table_test.c looks at. */
	assert_string_equal(strchr(got, '\n') + 1, expected);
	free(got);
}

/* ---------------------------------------------------------------------------------------------- NVTX */

enum { PUSH = NVTX_PUSH, POP = NVTX_POP, START = NVTX_START, END = NVTX_END, MARK = NVTX_MARK };

struct event {
	uint64_t type, thread, domain, name, time, id;
};

static void put_events(struct recording *r, uint64_t process, const struct event *events, size_t count)
{
	uint64_t rows[32][NVTX_ROW_FIELDS] = {{0}};

	for (size_t i = 0; i < count; i++) {
		rows[i][NVTX_ROW_TYPE] = events[i].type;
		rows[i][NVTX_ROW_THREAD] = events[i].thread;
		rows[i][NVTX_ROW_DOMAIN] = events[i].domain;
		rows[i][NVTX_ROW_NAME] = events[i].name;
		rows[i][NVTX_ROW_START] = events[i].time;
		rows[i][NVTX_ROW_RANGE_ID] = events[i].id;
	}
	recording_rows(r, process, EVENT_NVTX, rows[0], NVTX_ROW_FIELDS, count);
}

static void nvtx_begin(struct recording *r)
{
	recording_begin(r);
	for (uint64_t process = 1; process <= 2; process++) {
		recording_string(r, process, "dom", STRING_NVTX_DOMAIN);
		recording_string(r, process, "x", STRING_NVTX_REGISTERED);
		recording_string(r, process, "y", STRING_NVTX_REGISTERED);
	}
}

#define PUT(r, process, ...)                                                                                 \
	do {                                                                                                 \
		const struct event events[] = {__VA_ARGS__};                                                 \
		put_events(r, process, events, sizeof(events) / sizeof(events[0]));                          \
	} while (0)

static void test_nvtx_stacks(void **state)
{
	struct recording r;

	(void)state;
	nvtx_begin(&r);
	/* Threads and domains have stacks of their own; a pop needs no name. Marks count for nothing. */
	PUT(&r, 1, {PUSH, 5, 0, 2, 100, 0}, {PUSH, 6, 0, 2, 110, 0}, {PUSH, 5, 1, 2, 120, 0},
	    {MARK, 5, 0, 3, 125, 0}, {POP, 5, 0, 0, 200, 0}, {PUSH, 5, 1, 3, 210, 0}, {POP, 6, 0, 0, 310, 0});
	/* In a later chunk; a pop too many. */
	PUT(&r, 1, {POP, 5, 1, 0, 220, 0}, {POP, 5, 1, 0, 320, 0}, {POP, 5, 1, 0, 900, 0});
	/* The same thread id in another process. */
	PUT(&r, 2, {POP, 5, 0, 0, 50, 0}, {PUSH, 5, 0, 2, 60, 0}, {POP, 5, 0, 0, 67, 0});
	recording_end(&r, 1);
	assert_report(&r, &report_nvtx_sum, "",
		      "59.4,307,3,102.3,100.0,7,200,96.5,PushPop,x\n"
		      "38.7,200,1,200.0,200.0,200,200,0.0,PushPop,dom:x\n"
		      "1.9,10,1,10.0,10.0,10,10,0.0,PushPop,dom:y\n");
	recording_done(&r);
}

static void test_nvtx_start_end(void **state)
{
	struct recording r;

	(void)state;
	nvtx_begin(&r);
	/* The end's thread filled its page first. An end without a start; ids are of a process. */
	PUT(&r, 1, {END, 6, 0, 0, 500, 77}, {END, 6, 0, 0, 600, 99});
	PUT(&r, 2, {START, 5, 0, 2, 10, 77}, {END, 9, 0, 0, 30, 77});
	PUT(&r, 1, {START, 5, 0, 2, 100, 77}, {START, 5, 1, 3, 150, 78}, {END, 7, 1, 0, 160, 78});
	recording_end(&r, 1);
	assert_report(&r, &report_nvtx_sum, "",
		      "97.7,420,2,210.0,210.0,20,400,268.7,StartEnd,x\n"
		      "2.3,10,1,10.0,10.0,10,10,0.0,StartEnd,dom:y\n");
	recording_done(&r);
}

/* What is left open lasts until the last event of its process, and the report says so. */
static void test_nvtx_open(void **state)
{
	struct recording r;
	char note[256], *text;

	(void)state;
	nvtx_begin(&r);
	PUT(&r, 1, {PUSH, 5, 0, 2, 100, 0}, {START, 5, 0, 3, 200, 8}, {MARK, 5, 0, 3, 1000, 0});
	PUT(&r, 2, {MARK, 5, 0, 3, 9000, 0});
	recording_end(&r, 1);
	text = recording_report(&r, &report_nvtx_sum, "", note);
	assert_string_equal(strchr(text, '\n') + 1, "52.9,900,1,900.0,900.0,900,900,0.0,PushPop,x\n"
						    "47.1,800,1,800.0,800.0,800,800,0.0,StartEnd,y\n");
	assert_non_null(strstr(note, "2 ranges"));
	free(text);
	recording_done(&r);
}

/* ----------------------------------------------------------------------------------------------- API */

static void put_call(struct recording *r, uint64_t process, uint64_t domain, uint64_t name, uint64_t duration,
		     uint64_t correlation)
{
	uint64_t row[API_FIELDS] = {0};

	row[API_DOMAIN] = domain;
	row[API_NAME] = name;
	row[API_START] = 100;
	row[API_DURATION] = duration;
	row[API_CORRELATION] = correlation;
	recording_rows(r, process, EVENT_API, row, API_FIELDS, 1);
}

static void test_api(void **state)
{
	static const char *const names[] = {"cudaMalloc_v3020", "cuMemAlloc_v2", "cudaMalloc_v3020_ptsz",
					    "cudaThing_v12000", "_v3020"};
	struct recording r;

	(void)state;
	recording_begin(&r);
	for (uint64_t process = 1; process <= 2; process++)
		for (size_t i = 0; i < 5; i++)
			recording_string(&r, process, names[i], STRING_API);
	put_call(&r, 1, 1, 2, 50, 7); /* made by the next */
	put_call(&r, 1, 2, 1, 100, 7);
	put_call(&r, 1, 1, 2, 40, 8); /* the program's own */
	put_call(&r, 2, 1, 2, 30, 7); /* of another process */
	put_call(&r, 1, 2, 3, 10, 9);
	put_call(&r, 1, 2, 4, 9, 10);
	put_call(&r, 1, 2, 5, 8, 11);
	put_call(&r, 1, 2, 99, 7, UINT64_C(1) << 40);
	recording_end(&r, 1);
	assert_report(&r, &report_cuda_api_sum, "",
		      "49.0,100,1,100.0,100.0,100,100,0.0,cudaMalloc\n"
		      "34.3,70,2,35.0,35.0,30,40,7.1,cuMemAlloc_v2\n"
		      "4.9,10,1,10.0,10.0,10,10,0.0,cudaMalloc_v3020_ptsz\n"
		      "4.4,9,1,9.0,9.0,9,9,0.0,cudaThing_v12000\n"
		      "3.9,8,1,8.0,8.0,8,8,0.0,_v3020\n"
		      "3.4,7,1,7.0,7.0,7,7,0.0,[unknown]\n");
	recording_done(&r);
}

/* ----------------------------------------------------------------------------------------- GPU work */

static void put_kernel(struct recording *r, uint64_t process, uint64_t name, uint64_t device, uint64_t stream,
		       uint64_t start, uint64_t duration)
{
	uint64_t row[KERNEL_FIELDS] = {0};

	row[KERNEL_NAME] = name;
	row[KERNEL_DEVICE] = device;
	row[KERNEL_STREAM] = stream;
	row[KERNEL_START] = start;
	row[KERNEL_DURATION] = duration;
	row[KERNEL_CORRELATION] = 3;
	recording_rows(r, process, EVENT_KERNEL, row, KERNEL_FIELDS, 1);
}

static void test_kernels(void **state)
{
	struct recording r;

	(void)state;
	recording_begin(&r);
	recording_string(&r, 1, "_ZN1A1kILi1EEEvPf", STRING_KERNEL);
	recording_string(&r, 1, "_ZN1B1kILi2EEEvPf", STRING_KERNEL);
	recording_string(&r, 2, "_ZN1B1kILi2EEEvPf", STRING_KERNEL);
	put_kernel(&r, 1, 1, 0, 7, 1000, 10);
	put_kernel(&r, 1, 2, 0, 7, 2000, 5);
	put_kernel(&r, 2, 1, 0, 7, 500, 5); /* the same kernel under another reference */
	recording_end(&r, 1);
	assert_report(&r, &report_cuda_gpu_kern_sum, "",
		      "50.0,10,1,10.0,10.0,10,10,0.0,void A::k<(int)1>(float *)\n"
		      "50.0,10,2,5.0,5.0,5,5,0.0,void B::k<(int)2>(float *)\n");
	assert_report(&r, &report_cuda_gpu_kern_sum, "base", "100.0,20,3,6.7,5.0,5,10,2.9,k\n");
	assert_report(&r, &report_cuda_gpu_kern_sum, "mangled",
		      "50.0,10,1,10.0,10.0,10,10,0.0,_ZN1A1kILi1EEEvPf\n"
		      "50.0,10,2,5.0,5.0,5,5,0.0,_ZN1B1kILi2EEEvPf\n");
	recording_done(&r);
}

static void test_bad_argument(void **state)
{
	struct report_job job = {.report = &report_cuda_gpu_kern_sum, .argument = "full"};
	struct report_run run;
	struct recording r;
	struct trace *trace;
	size_t failed;

	(void)state;
	recording_begin(&r);
	recording_end(&r, 1);
	trace = recording_open(&r);
	assert_int_equal(report_run_open(&run, trace), 0);
	assert_int_equal(report_run(&run, &job, 1, &failed), -EINVAL);
	report_run_free(&job, 1);
	report_run_close(&run);
	trace_close(trace);
	recording_done(&r);
}

/* Two processes whose device 0 is not the same GPU, and one whose device 1 is the first one's 0. */
static void test_gpus(void **state)
{
	struct recording r;
	struct trace *trace;
	struct gpus *g;

	(void)state;
	recording_begin(&r);
	recording_device(&r, 1, 0, 0xa, "GPU A");
	recording_device(&r, 2, 0, 0xb, "GPU B");
	recording_device(&r, 3, 0, 0xb, "GPU B");
	recording_device(&r, 3, 1, 0xa, "GPU A");
	recording_end(&r, 1);
	trace = recording_open(&r);
	g = gpus_new(trace);
	assert_int_equal(g->count, 2);
	assert_int_equal(gpus_number(g, trace->processes[0], 0), 0);
	assert_int_equal(gpus_number(g, trace->processes[1], 0), 1);
	assert_int_equal(gpus_number(g, trace->processes[2], 0), 1);
	assert_int_equal(gpus_number(g, trace->processes[2], 1), 0);
	assert_int_equal(gpus_number(g, trace->processes[2], 9), 9);
	assert_string_equal(gpus_device(g, 1)->name, "GPU B");
	assert_null(gpus_device(g, 2));
	gpus_free(g);
	trace_close(trace);
	recording_done(&r);
}

#define SPAN 4000

/* Random work of 2 processes, 2 GPUs, 5 streams, in any order in the file; a bit for every nanosecond. */
static void test_busy(void **state)
{
	static uint8_t busy[2][SPAN + 200];
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20; round++) {
		uint64_t sums[2] = {0}, rows[60][KERNEL_FIELDS];
		struct recording r;
		char expected[64], *got;

		memset(busy, 0, sizeof(busy));
		recording_begin(&r);
		for (int chunk = 0; chunk < 8; chunk++) {
			memset(rows, 0, sizeof(rows));
			for (int i = 0; i < 60; i++) {
				uint64_t gpu, start, duration;

				random = random * 1664525 + 1013904223;
				gpu = random >> 20 & 1;
				/* Either in no order, or in order with streams that run apart. */
				start = round % 2 ? random >> 8 & 2047
						  : (uint64_t)(chunk * 400 + i * 6) + (random >> 24 & 127);
				duration = round % 3 ? random >> 12 & 15 : random >> 12 & 127;
				rows[i][KERNEL_DEVICE] = gpu;
				rows[i][KERNEL_STREAM] = random >> 28 & 3;
				rows[i][KERNEL_START] = 10 + start;
				rows[i][KERNEL_DURATION] = duration;
				memset(&busy[gpu][start], 1, duration);
			}
			recording_rows(&r, 1 + (uint64_t)chunk % 2, EVENT_KERNEL, rows[0], KERNEL_FIELDS, 60);
		}
		recording_end(&r, 1);
		for (int gpu = 0; gpu < 2; gpu++)
			for (size_t i = 0; i < sizeof(busy[0]); i++)
				sums[gpu] += busy[gpu][i];
		snprintf(expected, sizeof(expected), "0,%llu\n1,%llu\n", (unsigned long long)sums[0],
			 (unsigned long long)sums[1]);
		got = recording_report(&r, &report_gpu_busy, "", NULL);
		assert_string_equal(strchr(got, '\n') + 1, expected);
		free(got);
		recording_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nvtx_stacks), cmocka_unit_test(test_nvtx_start_end),
		cmocka_unit_test(test_nvtx_open),   cmocka_unit_test(test_api),
		cmocka_unit_test(test_kernels),	    cmocka_unit_test(test_bad_argument),
		cmocka_unit_test(test_gpus),	    cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
