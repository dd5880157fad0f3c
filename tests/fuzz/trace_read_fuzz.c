/*
 * trace_read_fuzz.c: any bytes as a trace file: opened, every chunk loaded, every report run and printed in
 * every form. An even first byte: the rest is the file. An odd one: the rest is patches (24-bit offset,
 * value) to a good file, since a fuzzer alone hardly finds one. Nothing may crash the reader, keep it busy
 * without end, or make it read beyond what it holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/facts.h"
#include "collector/reports/reports.h"
#include "collector/trace_write.h"
#include "wire/chunk_write.h"
#include "wire/crc32.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static int input = -1;
static char input_path[64];
static FILE *null;
static uint8_t *good; /* a whole file */
static size_t good_size;

static void take(struct trace_writer *w, void *chunk, size_t size)
{
	struct chunk_header h;
	size_t room;

	memcpy(&h, chunk, sizeof(h));
	memcpy(trace_writer_room(w, size, &room), chunk, size);
	trace_writer_take(w, &h);
}

/* Forty records of a kind, with every field in use. */
static void take_kind(struct trace_writer *w, uint16_t kind, uint64_t sequence)
{
	struct chunk_writer *c = chunk_writer_new(kind, 64);
	struct chunk_origin origin = {.process = 7, .sequence = sequence};
	const struct schema *schema = schema_find(kind);
	uint64_t row[SCHEMA_MAX_FIELDS];
	size_t bound;
	void *chunk;

	for (uint64_t i = 0; i < 40; i++) {
		for (int f = 0; f < schema->n_fields; f++)
			row[f] = f < schema->n_static ? (i * 7 + (uint64_t)f) % 5 : 1000 * i + (uint64_t)f;
		if (kind == EVENT_NVTX)
			row[NVTX_ROW_NAME] =
				i % 2 ? chunk_writer_text(c, "local text", 5 + i % 5) : 1 + i % 3;
		chunk_writer_add(c, row);
	}
	bound = chunk_writer_bound(c);
	chunk = malloc(bound);
	take(w, chunk, (size_t)chunk_writer_seal(c, &origin, chunk, bound));
	free(chunk);
	chunk_writer_free(c);
}

static void make_good(void)
{
	static const uint16_t kinds[] = {EVENT_KERNEL, EVENT_MEMCPY, EVENT_MEMSET,
					 EVENT_API,    EVENT_NVTX,   EVENT_LOST};
	/* Two strings: what text references 1 and 2 mean. */
	static const struct {
		struct permanent_string s;
		char text[24];
	} strings[] = {{{{48, PERMANENT_STRING, 0}, 0, 17, STRING_KERNEL, 0}, "_Z4demoILi3EEvPT_"},
		       {{{48, PERMANENT_STRING, 0}, 0, 16, STRING_API, 0}, "cudaMalloc_v3020"}};
	struct chunk_origin origin = {.process = 7, .sequence = 7};
	struct trace_writer w = {.session = 1};
	struct facts facts = {.bytes = NULL};
	uint8_t raw[1024];
	size_t size;
	void *chunk;

	trace_writer_open(&w, input);
	facts_add(&facts, "pid", "77", 2);
	chunk = facts_chunk(&facts, 7, 0, 0, &size);
	take(&w, chunk, size);
	free(chunk);
	facts_free(&facts);
	size = (size_t)chunk_write_raw(EVENT_PERMANENT, 2, strings, sizeof(strings), &origin, raw,
				       sizeof(raw));
	take(&w, raw, size);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		take_kind(&w, kinds[i], i);
	trace_writer_finish(&w);
	good_size = w.size;
	good = malloc(good_size);
	if (pread(input, good, good_size, 0) != (ssize_t)good_size)
		abort();
	trace_writer_close(&w);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	input = memfd_create("input", 0);
	null = fopen("/dev/null", "w");
	snprintf(input_path, sizeof(input_path), "/proc/self/fd/%d", input);
	if (input < 0 || !null)
		return 1;
	make_good();
	return 0;
}

/* Checksums that a fuzzer cannot guess are put right, so that what lies behind them is reached. */
static void mend_checksums(uint8_t *bytes, size_t size)
{
	size_t at = sizeof(struct file_header);

	while (at < size && size - at >= sizeof(struct chunk_header)) {
		struct chunk_header h;

		memcpy(&h, bytes + at, sizeof(h));
		if (h.magic != CHUNK_MAGIC || h.size < sizeof(h) || h.size > size - at)
			return;
		h.crc = 0;
		memcpy(bytes + at + offsetof(struct chunk_header, crc), &h.crc, sizeof(h.crc));
		h.crc = crc32_update(0, bytes + at, h.size);
		memcpy(bytes + at + offsetof(struct chunk_header, crc), &h.crc, sizeof(h.crc));
		at += h.size;
	}
}

static void run_reports(const struct trace *trace)
{
	struct report_job jobs[8];
	struct report_run run;
	size_t count = 0, failed;

	for (size_t i = 0; report_list[i] && count < 7; i++)
		jobs[count++] = (struct report_job){.report = report_list[i], .argument = ""};
	jobs[count++] = (struct report_job){.report = &report_gpu_busy, .argument = ""};
	if (report_run_open(&run, trace))
		return;
	if (!report_run(&run, jobs, count, &failed))
		for (size_t i = 0; i < count; i++)
			table_format(table_format_names[i % 5])->print(&jobs[i].table, null);
	report_run_free(jobs, count);
	report_run_close(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace *trace;
	char why[256];
	uint8_t *copy;

	if (!size || size > 1 << 20)
		return 0;
	copy = malloc(size + good_size);
	if (!copy)
		return 0;
	if (*data & 1) {
		memcpy(copy, good, good_size);
		for (const uint8_t *p = data + 1; p + 4 <= data + size; p += 4)
			copy[(p[0] | p[1] << 8 | p[2] << 16) % good_size] = p[3];
		size = good_size;
	} else {
		memcpy(copy, data + 1, --size);
	}
	mend_checksums(copy, size);
	if (ftruncate(input, 0) || pwrite(input, copy, size, 0) != (ssize_t)size)
		abort();
	free(copy);
	if (trace_open(&trace, input_path, why, sizeof(why)))
		return 0;
	run_reports(trace);
	trace_close(trace);
	return 0;
}
