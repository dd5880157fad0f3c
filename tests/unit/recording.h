/*
 * recording.h: for tests: a small trace file in memory, made of permanent records and rows, and what
 * `cuflight report` says of it.
 */
#ifndef TESTS_UNIT_RECORDING_H
#define TESTS_UNIT_RECORDING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/facts.h"
#include "collector/report.h"
#include "collector/trace_write.h"
#include "wire/chunk_write.h"

struct recording {
	int fd;
	char path[64];
	struct trace_writer w;
	uint64_t sequence;
};

static inline void recording_begin(struct recording *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = memfd_create("recording", MFD_CLOEXEC);
	snprintf(r->path, sizeof(r->path), "/proc/self/fd/%d", r->fd);
	assert_int_equal(trace_writer_open(&r->w, r->fd), 0);
}

static inline void recording_put(struct recording *r, const void *chunk, size_t size)
{
	struct chunk_header h;
	size_t room;
	void *at = trace_writer_room(&r->w, size, &room);

	assert_non_null(at);
	memcpy(at, chunk, size);
	memcpy(&h, chunk, sizeof(h));
	assert_int_equal(trace_writer_take(&r->w, &h), 0);
}

/* One permanent record as a chunk: a struct and the text after it. The record's size is filled in. */
static inline void recording_permanent(struct recording *r, uint64_t process, const void *record,
				       size_t fixed, const char *text, size_t length)
{
	struct chunk_origin origin = {.process = process, .sequence = r->sequence++};
	size_t size = (fixed + length + 7) & ~(size_t)7, capacity = chunk_raw_bound(size);
	uint8_t *bytes = calloc(1, size), *chunk = malloc(capacity);
	ptrdiff_t n;

	memcpy(bytes, record, fixed);
	memcpy(bytes + fixed, text, length);
	((struct permanent_header *)bytes)->size = (uint32_t)size;
	n = chunk_write_raw(EVENT_PERMANENT, 1, bytes, size, &origin, chunk, capacity);
	assert_true(n > 0);
	recording_put(r, chunk, (size_t)n);
	free(bytes);
	free(chunk);
}

static inline void recording_string(struct recording *r, uint64_t process, const char *text,
				    uint16_t string_class)
{
	struct permanent_string s = {
		.h.kind = PERMANENT_STRING, .length = (uint32_t)strlen(text), .string_class = string_class};

	recording_permanent(r, process, &s, sizeof(s), text, strlen(text));
}

static inline void recording_fact(struct recording *r, uint64_t process, const char *key, const char *value)
{
	struct permanent_fact f = {.h.kind = PERMANENT_FACT,
				   .key_length = (uint32_t)strlen(key),
				   .value_length = (uint32_t)strlen(value)};
	char both[512];

	assert_true(strlen(key) + strlen(value) < sizeof(both));
	strcat(strcpy(both, key), value);
	recording_permanent(r, process, &f, sizeof(f), both, strlen(both));
}

static inline void recording_device(struct recording *r, uint64_t process, uint32_t device, uint8_t uuid,
				    const char *name)
{
	struct permanent_device d = {
		.h.kind = PERMANENT_DEVICE, .device = device, .name_length = (uint32_t)strlen(name)};

	d.uuid[3] = uuid;
	recording_permanent(r, process, &d, sizeof(d), name, strlen(name));
}

/* Rows of one kind as one chunk. */
static inline void recording_rows(struct recording *r, uint64_t process, uint16_t kind, const uint64_t *rows,
				  size_t width, size_t count)
{
	struct chunk_writer *w = chunk_writer_new(kind, CHUNK_MAX_RECORDS);
	struct chunk_origin origin = {.process = process, .sequence = r->sequence++};
	void *chunk;
	ptrdiff_t n;

	assert_non_null(w);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(chunk_writer_add(w, rows + i * width), 0);
	chunk = malloc(chunk_writer_bound(w));
	n = chunk_writer_seal(w, &origin, chunk, chunk_writer_bound(w));
	assert_true(n > 0);
	recording_put(r, chunk, (size_t)n);
	free(chunk);
	chunk_writer_free(w);
}

static inline void recording_end(struct recording *r, int with_index)
{
	assert_int_equal(trace_writer_flush(&r->w), 0);
	if (with_index)
		assert_int_equal(trace_writer_finish(&r->w), 0);
	trace_writer_close(&r->w);
}

static inline struct trace *recording_open(const struct recording *r)
{
	struct trace *trace;
	char why[256];

	if (trace_open(&trace, r->path, why, sizeof(why)))
		fail_msg("%s", why);
	return trace;
}

/* A report as CSV, to be freed. */
static inline char *recording_report(const struct recording *r, const struct report *report,
				     const char *argument, char *note)
{
	struct report_job job = {.report = report, .argument = argument};
	struct trace *trace = recording_open(r);
	struct report_run run;
	char *text = NULL;
	size_t length, failed;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(report_run_open(&run, trace), 0);
	assert_int_equal(report_run(&run, &job, 1, &failed), 0);
	assert_int_equal(run.bad_chunks, 0);
	assert_int_equal(table_format("csv")->print(&job.table, out), 0);
	fclose(out);
	if (note)
		strcpy(note, job.note);
	report_run_free(&job, 1);
	report_run_close(&run);
	trace_close(trace);
	return text;
}

static inline void recording_done(struct recording *r)
{
	close(r->fd);
}

#endif
