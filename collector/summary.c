/*
 * summary.c: runs the reports that the screen is made of, in one pass, and shows the first rows of each.
 */
#include "collector/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "collector/iteration_summary.h"
#include "collector/message.h"
#include "collector/reports/reports.h"
#include "collector/select.h"
#include "wire/ringbuf.h"

#define LINES	  24
#define WIDTH	  100
#define LABEL	  10 /* width of the first column */
#define MAX_CELLS 12

enum {
	JOB_KERNELS,
	JOB_COPY_TIME,
	JOB_COPY_SIZE,
	JOB_API,
	JOB_NVTX,
	JOB_BUSY,
	JOBS,
};

/* Positions in the rows of the sums (sum_table.h); sizes have no share in front. */
enum {
	CELL_SHARE,
	CELL_TOTAL,
	CELL_COUNT,
	CELL_AVERAGE,
	CELL_TIME_NAME = 8,
	CELL_RANGE_NAME = 9,
	CELL_SIZE_TOTAL = 0,
	CELL_SIZE_NAME = 7,
};

struct summary {
	FILE *out;
	const struct trace *trace;
	struct report_run run;
	struct report_job jobs[JOBS];
	struct iteration_summary iterations;
	int lines; /* printed */
};

/* One line: a label, then text, cut at the screen's width. */
static void line(struct summary *s, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void line(struct summary *s, const char *label, const char *format, ...)
{
	char plain[512], *text = NULL;
	size_t size = 0, length = 0, width = 0;
	FILE *escaped = open_memstream(&text, &size);
	va_list args;

	if (!escaped)
		return;
	va_start(args, format);
	vsnprintf(plain, sizeof(plain), format, args);
	va_end(args);
	/* Names come from the recorded program: nothing in them may reach the terminal as a command. */
	print_escaped(escaped, plain, strlen(plain));
	fclose(escaped);
	while (length < size && width < WIDTH - LABEL) {
		length++;
		while (length < size && (text[length] & 0xc0) == 0x80)
			length++;
		width++;
	}
	fprintf(s->out, "%-*s%.*s\n", LABEL, label, (int)length, text);
	free(text);
	s->lines++;
}

/* "1.23 ms" */
static const char *show_time(double ns, char buf[24])
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	int unit = 0;

	while (ns >= 1000 && unit < 3) {
		ns /= 1000;
		unit++;
	}
	snprintf(buf, 24, "%.*f %s", unit ? 3 - (ns >= 10) - (ns >= 100) : 0, ns, units[unit]);
	return buf;
}

/* "1.23 GB", powers of 1000 as in nsys */
static const char *show_bytes(double bytes, char buf[24])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	int unit = 0;

	while (bytes >= 1000 && unit < 4) {
		bytes /= 1000;
		unit++;
	}
	snprintf(buf, 24, "%.*f %s", unit ? 3 - (bytes >= 10) - (bytes >= 100) : 0, bytes, units[unit]);
	return buf;
}

static void get_row(const struct summary *s, int job, uint64_t index, struct cell *cells)
{
	memset(cells, 0, MAX_CELLS * sizeof(*cells));
	s->jobs[job].table.row(s->jobs[job].table.context, index, cells);
}

static uint64_t row_count(const struct summary *s, int job)
{
	return s->jobs[job].table.rows;
}

/* ------------------------------------------------------------------------------------------ parts */

static void print_file(struct summary *s)
{
	const struct trace *t = s->trace;
	uint64_t records = t->session.records;
	char size[24], time[24];

	for (uint32_t i = 0; i < t->process_count; i++)
		records += t->processes[i]->records;
	line(s, "file", "%s: %s, %" PRIu64 " records over %s%s", t->path, show_bytes((double)t->size, size),
	     records,
	     t->first_time <= t->last_time ? show_time((double)(t->last_time - t->first_time), time) : "0 s",
	     t->indexed ? "" : " (not complete)");
	if (trace_is_simulated(t))
		line(s, "", "SIMULATED GPU: times are modelled, not measured");
}

static void print_processes(struct summary *s, uint32_t limit)
{
	const struct trace *t = s->trace;
	uint32_t shown = t->process_count <= limit ? t->process_count : limit - 1;

	for (uint32_t i = 0; i < shown; i++) {
		const struct trace_process *p = t->processes[i];
		const char *rank = trace_fact(p, "rank", NULL), *end = trace_fact(p, "end", NULL);
		const char *status = trace_fact(p, "end_status", NULL);

		line(s, i ? "" : "process", "%.40s (%u)%s%.10s: %.20s%s%.20s, %" PRIu64 " records",
		     trace_process_name(p), p->pid, rank ? ", rank " : "", rank ? rank : "",
		     end ? end : "running", status ? ", " : "", status ? status : "", p->records);
	}
	if (shown < t->process_count)
		line(s, "", "and %u more: cuflight info %s", t->process_count - shown, t->path);
}

static bool is_gpu_work(uint16_t kind)
{
	return kind == EVENT_KERNEL || kind == EVENT_MEMCPY || kind == EVENT_MEMSET;
}

/* Records are missing: what remains of one kind may cover less time than what remains of another. */
static bool lost_any(const struct trace *t)
{
	for (uint32_t i = 0; i <= t->process_count; i++) {
		const struct trace_process *p = i < t->process_count ? t->processes[i] : &t->session;

		for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
			if (p->losses[cause].count && loss_cause_is_loss(cause))
				return true;
	}
	return false;
}

static double recorded_span(const struct trace *t)
{
	return t->first_time <= t->last_time ? (double)t->last_time - (double)t->first_time : 0;
}

/* The time of which a GPU is active for some share: the recorded time, or, where records are missing, the
 * time that has GPU records. */
static double gpu_span(const struct trace *t)
{
	int64_t first = INT64_MAX, last = INT64_MIN;

	if (!lost_any(t))
		return recorded_span(t);
	for (size_t i = 0; i < t->chunk_count; i++) {
		const struct trace_chunk *c = &t->chunks[i];

		if (!is_gpu_work(c->kind))
			continue;
		first = c->first_time < first ? c->first_time : first;
		last = c->last_time > last ? c->last_time : last;
	}
	return last > first ? (double)last - (double)first : 0;
}

static void print_gpus(struct summary *s, uint64_t limit)
{
	const struct trace *t = s->trace;
	uint64_t count = row_count(s, JOB_BUSY), shown = count <= limit ? count : limit - 1;
	double span = gpu_span(t);
	struct cell cells[MAX_CELLS];
	char label[16], busy[24], whole[24];

	for (uint64_t i = 0; i < shown; i++) {
		const struct trace_device *device;

		get_row(s, JOB_BUSY, i, cells);
		device = gpus_device(s->run.gpus, (uint32_t)cells[0].number);
		snprintf(label, sizeof(label), "GPU %u", (uint32_t)cells[0].number);
		if (s->run.selection)
			line(s, label, "%.48s: active for %s", device ? device->name : "unknown device",
			     show_time((double)cells[1].number, busy));
		else
			line(s, label, "%.48s: active %.1f%% (%s of %s%s)",
			     device ? device->name : "unknown device",
			     span > 0 ? 100 * (double)cells[1].number / span : 100.0,
			     show_time((double)cells[1].number, busy), show_time(span, whole),
			     lost_any(t) ? " that have GPU records" : "");
	}
	if (shown < count)
		line(s, "", "and %" PRIu64 " more", count - shown);
}

/* Rows of a summary by time: share (of all rows' time, or of `whole` ns), total, count, average, name. */
static void print_top(struct summary *s, int job, const char *label, int name_cell, uint64_t limit,
		      double whole)
{
	uint64_t count = row_count(s, job);
	struct cell cells[MAX_CELLS];
	char total[24], average[24];

	for (uint64_t i = 0; i < count && i < limit; i++) {
		get_row(s, job, i, cells);
		line(s, i ? "" : label, "%5.1f%%  %9s  %9" PRIu64 " x  %9s  %.*s",
		     whole > 0 ? 100 * (double)cells[CELL_TOTAL].number / whole : cells[CELL_SHARE].real,
		     show_time((double)cells[CELL_TOTAL].number, total), cells[CELL_COUNT].number,
		     show_time(cells[CELL_AVERAGE].real, average),
		     (int)(cells[name_cell].length < 200 ? cells[name_cell].length : 200),
		     cells[name_cell].text);
	}
}

/* Bytes moved by the operation of this name. */
static double bytes_of(const struct summary *s, const struct cell *name)
{
	struct cell cells[MAX_CELLS];

	for (uint64_t i = 0; i < row_count(s, JOB_COPY_SIZE); i++) {
		get_row(s, JOB_COPY_SIZE, i, cells);
		if (cells[CELL_SIZE_NAME].length == name->length &&
		    !memcmp(cells[CELL_SIZE_NAME].text, name->text, name->length))
			return (double)cells[CELL_SIZE_TOTAL].number;
	}
	return 0;
}

static void print_copies(struct summary *s, uint64_t limit)
{
	struct cell cells[MAX_CELLS];
	char total[24], moved[24], rate[24];

	for (uint64_t i = 0; i < row_count(s, JOB_COPY_TIME) && i < limit; i++) {
		double bytes, ns;

		get_row(s, JOB_COPY_TIME, i, cells);
		bytes = bytes_of(s, &cells[CELL_TIME_NAME]);
		ns = (double)cells[CELL_TOTAL].number;
		line(s, i ? "" : "copies", "%.*s: %" PRIu64 " x, %s in %s, %s/s",
		     (int)cells[CELL_TIME_NAME].length, cells[CELL_TIME_NAME].text, cells[CELL_COUNT].number,
		     show_bytes(bytes, moved), show_time(ns, total),
		     show_bytes(ns > 0 ? bytes / ns * 1e9 : 0, rate));
	}
}

/* One line for records that are missing, one for those that were kept though not whole. */
static void print_causes(struct summary *s, const uint64_t *sums, bool missing)
{
	char text[400] = "";
	uint64_t sum = 0;
	size_t used = 0;

	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++) {
		if (!sums[cause] || loss_cause_is_loss(cause) != missing)
			continue;
		sum += sums[cause];
		if (used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRIu64 " %s",
						 used ? "; " : "", sums[cause], loss_cause_name(cause));
	}
	if (missing && sum)
		line(s, "losses", "%" PRIu64 " records: %s", sum, text);
	else if (missing)
		line(s, "losses", "none");
	else if (sum)
		line(s, "", "%s", text);
}

static void print_losses(struct summary *s)
{
	const struct trace *t = s->trace;
	uint64_t sums[LOSS_CAUSES] = {0};

	for (uint32_t i = 0; i <= t->process_count; i++) {
		const struct trace_process *p = i < t->process_count ? t->processes[i] : &t->session;

		for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
			sums[cause] += p->losses[cause].count;
	}
	print_causes(s, sums, true);
	print_causes(s, sums, false);
}

/* A path as a shell reads it back. */
static void print_next(struct summary *s)
{
	const char *path = s->trace->path;
	char quoted[4 * 256 + 3];
	size_t n = 0;

	if (path[strcspn(path, " \t\n\"'\\$`*?[]{}()<>|&;!~#")] && strlen(path) < 256) {
		quoted[n++] = '\'';
		for (const char *c = path; *c; c++) {
			if (*c == '\'') {
				memcpy(quoted + n, "'\\''", 4);
				n += 4;
			} else {
				quoted[n++] = *c;
			}
		}
		quoted[n++] = '\'';
		quoted[n] = 0;
		path = quoted;
	}
	line(s, "next", "cuflight %s %s", *s->iterations.iterations ? "iterations" : "report", path);
}

/* Which part is summed up; how long iterations took. Returns how many lines. */
static int print_iterations(struct summary *s)
{
	int before = s->lines;
	char text[256];

	if (*s->iterations.iterations)
		line(s, "iteration", "%s", s->iterations.iterations);
	if (*s->iterations.windows)
		line(s, "windows", "%s", s->iterations.windows);
	if (s->run.selection) {
		select_describe(&s->run, text, sizeof(text));
		line(s, "below", "%s", text);
	}
	return s->lines - before;
}

static void print_all(struct summary *s)
{
	const char *shares = s->run.selection ? "of kernel, API, NVTX time" : "of kernel, API, recorded time";
	double recorded = s->run.selection ? 0 : recorded_span(s->trace);
	int left;

	print_file(s);
	print_processes(s, 3);
	print_gpus(s, print_iterations(s) ? 2 : 4);
	/* Heading, copies 3, API 3, NVTX 2, losses 2, damage, next: 13; kernels get what is left. */
	left = LINES - s->lines - 13;
	if (row_count(s, JOB_KERNELS) + row_count(s, JOB_API) + row_count(s, JOB_NVTX))
		line(s, "", " share      total        count        mean  (%s)", shares);
	print_top(s, JOB_KERNELS, "kernels", CELL_TIME_NAME, left > 8 ? 8 : (uint64_t)left, 0);
	print_copies(s, 3);
	print_top(s, JOB_API, "API", CELL_TIME_NAME, 3, 0);
	print_top(s, JOB_NVTX, "NVTX", CELL_RANGE_NAME, 2, recorded);
	print_losses(s);
	if (s->run.bad_chunks)
		line(s, "damaged", "%" PRIu64 " chunks with %" PRIu64 " records could not be read",
		     s->run.bad_chunks, s->run.bad_records);
	print_next(s);
}

int summary_print(const char *path, FILE *out)
{
	struct summary s = {.out = out};
	struct trace *trace;
	char why[512];
	size_t failed;
	int err;

	if (trace_open(&trace, path, why, sizeof(why)))
		return fail("%s", why);
	s.trace = trace;
	s.jobs[JOB_KERNELS] = (struct report_job){.report = &report_cuda_gpu_kern_sum, .argument = "base"};
	s.jobs[JOB_COPY_TIME] = (struct report_job){.report = &report_cuda_gpu_mem_time_sum, .argument = ""};
	s.jobs[JOB_COPY_SIZE] = (struct report_job){.report = &report_cuda_gpu_mem_size_sum, .argument = ""};
	s.jobs[JOB_API] = (struct report_job){.report = &report_cuda_api_sum, .argument = ""};
	s.jobs[JOB_NVTX] = (struct report_job){.report = &report_nvtx_sum, .argument = ""};
	s.jobs[JOB_BUSY] = (struct report_job){.report = &report_gpu_busy, .argument = ""};
	err = report_run_open(&s.run, trace);
	if (!err)
		err = iteration_summary(&s.run, &s.iterations);
	if (!err)
		err = select_begin(&s.run, &(struct select_request){.all = false});
	if (!err)
		err = report_run(&s.run, s.jobs, JOBS, &failed);
	if (!err)
		print_all(&s);
	report_run_free(s.jobs, JOBS);
	report_run_close(&s.run);
	trace_close(trace);
	return err ? fail("%s: %s", path, strerror(-err)) : 0;
}
