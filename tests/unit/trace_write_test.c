/*
 * trace_write_test.c: what the trace writer leaves is whole chunks in every case: completed with an index (of
 * more than one chunk, too), ended at --max-size, cut off by a limit in the middle of a write. What was taken
 * and is not in the file was reported, and closing chunks and the index find room even then.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector/trace_write.h"
#include "cuflight/event.h"
#include "wire/chunk_read.h"
#include "wire/chunk_write.h"

#define RECORDS 3u /* in each chunk, as its header says */

struct reported {
	uint64_t chunks, records;
};

static void on_lost(void *context, const struct file_index_entry *chunk)
{
	struct reported *r = context;

	r->chunks++;
	r->records += chunk->count;
}

/* A chunk of `size` bytes of payload that does not compress. */
static size_t make_chunk(uint8_t *out, size_t capacity, size_t payload, uint64_t sequence)
{
	struct chunk_origin origin = {.process = 7, .sequence = sequence};
	uint8_t *bytes = malloc(payload);
	uint32_t random = (uint32_t)sequence * 2654435761u + 1;
	ptrdiff_t size;

	for (size_t i = 0; i < payload; i++) {
		random = random * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(random >> 24);
	}
	size = chunk_write_raw(EVENT_PERMANENT, RECORDS, bytes, payload, &origin, out, capacity);
	assert_true(size > 0);
	free(bytes);
	return (size_t)size;
}

static int put(struct trace_writer *w, size_t payload, uint64_t sequence)
{
	struct chunk_header h;
	size_t room, size;
	uint8_t *at = trace_writer_room(w, chunk_raw_bound(payload), &room);

	assert_non_null(at);
	assert_true(room >= chunk_raw_bound(payload));
	size = make_chunk(at, room, payload, sequence);
	assert_int_equal(chunk_peek(at, size, &h), 0);
	return trace_writer_take(w, &h);
}

static int closing(struct trace_writer *w, size_t payload, uint64_t sequence)
{
	size_t capacity = chunk_raw_bound(payload);
	uint8_t *chunk = malloc(capacity);
	int err = trace_writer_closing(w, chunk, make_chunk(chunk, capacity, payload, sequence));

	free(chunk);
	return err;
}

struct found {
	uint64_t chunks, index_chunks, entries;
	bool footer;
};

/* Walk the file; every chunk must be whole and every index entry right. */
static struct found walk(int fd)
{
	struct found f = {0};
	struct file_header header;
	struct file_footer footer;
	struct chunk_decoder *d = chunk_decoder_new();
	struct stat st;
	uint64_t *offsets, at = sizeof(header);
	const uint8_t *p;

	assert_int_equal(fstat(fd, &st), 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	memcpy(&header, p, sizeof(header));
	assert_memory_equal(header.magic, FILE_MAGIC, 8);
	assert_int_equal(header.session, 99);
	offsets = calloc((size_t)st.st_size / 96 + 1, sizeof(*offsets));
	while (at < (uint64_t)st.st_size) {
		struct chunk_header h;

		if ((uint64_t)st.st_size - at == sizeof(footer)) {
			memcpy(&footer, p + at, sizeof(footer));
			assert_memory_equal(footer.magic, FILE_FOOTER_MAGIC, 8);
			assert_int_equal(footer.file_size, st.st_size);
			f.footer = true;
			break;
		}
		assert_int_equal(chunk_check(p + at, (size_t)((uint64_t)st.st_size - at), &h), 0);
		if (h.kind == EVENT_INDEX) {
			const struct file_index_entry *e;
			const void *bytes;
			size_t size;

			assert_int_equal(chunk_decode_raw(d, p + at, h.size, &bytes, &size), 0);
			e = bytes;
			assert_true(f.entries + size / sizeof(*e) <= f.chunks);
			for (size_t i = 0; i < size / sizeof(*e); i++, f.entries++)
				assert_int_equal(e[i].offset, offsets[f.entries]);
			f.index_chunks++;
		} else {
			assert_int_equal(f.index_chunks, 0);
			offsets[f.chunks++] = at;
		}
		at += h.size;
	}
	munmap((void *)p, (size_t)st.st_size);
	free(offsets);
	chunk_decoder_free(d);
	return f;
}

static int make_file(void)
{
	char path[] = "/tmp/trace-write-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void a_finished_file_has_its_index(void **state)
{
	struct trace_writer w = {.session = 99};
	int fd = make_file();
	struct found f;

	(void)state;
	assert_int_equal(trace_writer_open(&w, fd), 0);
	for (uint64_t i = 0; i < 500; i++)
		assert_int_equal(put(&w, 10 + i * 13 % 9000, i), 0);
	/* Larger than all room there is so far. */
	assert_int_equal(put(&w, 3 << 20, 500), 0);
	assert_int_equal(closing(&w, 100, 501), 0);
	assert_int_equal(trace_writer_finish(&w), 0);
	trace_writer_close(&w);
	f = walk(fd);
	assert_int_equal(f.chunks, 502);
	assert_int_equal(f.entries, 502);
	assert_int_equal(f.index_chunks, 1);
	assert_true(f.footer);
	close(fd);
}

static void a_long_index_has_several_chunks(void **state)
{
	struct trace_writer w = {.session = 99};
	int fd = make_file();
	uint8_t chunk[1024];
	struct chunk_header h;
	struct found f;
	size_t size = make_chunk(chunk, sizeof(chunk), 8, 0);

	(void)state;
	assert_int_equal(chunk_peek(chunk, size, &h), 0);
	assert_int_equal(trace_writer_open(&w, fd), 0);
	for (uint64_t i = 0; i < 140000; i++) {
		size_t room;

		memcpy(trace_writer_room(&w, size, &room), chunk, size);
		assert_int_equal(trace_writer_take(&w, &h), 0);
	}
	assert_int_equal(trace_writer_finish(&w), 0);
	trace_writer_close(&w);
	f = walk(fd);
	assert_int_equal(f.entries, 140000);
	assert_int_equal(f.index_chunks, 3);
	assert_true(f.footer);
	close(fd);
}

static void what_was_flushed_can_be_walked(void **state)
{
	struct trace_writer w = {.session = 99};
	int fd = make_file();
	struct found f;

	(void)state;
	assert_int_equal(trace_writer_open(&w, fd), 0);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(put(&w, 500, i), 0);
	assert_int_equal(trace_writer_flush(&w), 0);
	assert_int_equal(put(&w, 500, 10), 0); /* taken, not flushed: the collector is killed here */
	trace_writer_close(&w);
	f = walk(fd);
	assert_int_equal(f.chunks, 10);
	assert_false(f.footer);
	close(fd);
}

static void max_size_is_kept(void **state)
{
	const uint64_t limit = 256 << 10;

	(void)state;
	for (size_t payload = 8; payload < 40000; payload = payload * 3 + 1) {
		struct reported reported = {0};
		struct trace_writer w = {
			.session = 99, .max_size = limit, .lost = on_lost, .lost_context = &reported};
		int fd = make_file(), err = 0;
		uint64_t taken = 0;
		struct stat st;
		struct found f;

		assert_int_equal(trace_writer_open(&w, fd), 0);
		while (!(err = put(&w, payload, taken)))
			taken++;
		assert_int_equal(err, TRACE_FULL);
		assert_int_equal(put(&w, 8, taken), TRACE_FULL); /* none that is smaller slips in behind */
		assert_int_equal(closing(&w, 1000, 0), 0);
		assert_int_equal(trace_writer_finish(&w), 0);
		trace_writer_close(&w);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true((uint64_t)st.st_size <= limit);
		assert_true((uint64_t)st.st_size > limit / 2);
		f = walk(fd);
		assert_int_equal(f.chunks, taken + 1);
		assert_int_equal(f.entries, taken + 1);
		assert_int_equal(reported.chunks, 0);
		assert_true(f.footer);
		close(fd);
	}
}

/* A limit on the file's size stands for a full disk: a write comes back short, then fails. */
static void a_failed_write_leaves_whole_chunks(void **state)
{
	struct rlimit before, limited;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (rlim_t bytes = 40000; bytes < 400000; bytes += 7717) {
		struct reported reported = {0};
		struct trace_writer w = {.session = 99, .lost = on_lost, .lost_context = &reported};
		int fd = make_file(), err = 0;
		uint64_t taken = 0;
		struct found f;

		assert_int_equal(trace_writer_open(&w, fd), 0);
		limited = before;
		limited.rlim_cur = bytes;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
		for (uint64_t i = 0; i < 4000 && !err; i++) {
			err = put(&w, 300, i);
			taken += !err;
			if (!err && i % 50 == 49)
				err = trace_writer_flush(&w);
		}
		assert_int_equal(err, -EFBIG);
		assert_int_equal(closing(&w, 2000, 0), 0);
		assert_int_equal(trace_writer_finish(&w), 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		trace_writer_close(&w);
		f = walk(fd);
		assert_int_equal(f.chunks, taken - reported.chunks + 1);
		assert_int_equal(f.entries, f.chunks);
		assert_int_equal(reported.records, reported.chunks * RECORDS);
		assert_true(f.footer);
		assert_true(reported.chunks > 0);
		close(fd);
	}
}

static void no_room_for_an_index_is_no_harm(void **state)
{
	struct rlimit before, limited;
	struct trace_writer w = {.session = 99};
	int fd = make_file();
	struct found f;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(trace_writer_open(&w, fd), 0);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(put(&w, 500, i), 0);
	assert_int_equal(trace_writer_flush(&w), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limited = before;
	limited.rlim_cur = w.size + 200;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
	assert_int_equal(trace_writer_finish(&w), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	trace_writer_close(&w);
	f = walk(fd);
	assert_int_equal(f.chunks, 10);
	assert_false(f.footer);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finished_file_has_its_index),
		cmocka_unit_test(a_long_index_has_several_chunks),
		cmocka_unit_test(what_was_flushed_can_be_walked),
		cmocka_unit_test(max_size_is_kept),
		cmocka_unit_test(a_failed_write_leaves_whole_chunks),
		cmocka_unit_test(no_room_for_an_index_is_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
