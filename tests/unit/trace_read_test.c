/*
 * trace_read_test.c: a recording is read with and without its index, and up to its last whole chunk wherever
 * it was cut; an index that lies is not believed; permanent records arrive as they were written; a newer or
 * foreign file is refused in words; losses come from the final counters, or from LOST events while there are
 * none.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/trace_read.h"
#include "recording.h"

#define KERNELS 100

static void make(struct recording *r, int with_index)
{
	uint64_t rows[KERNELS][KERNEL_FIELDS] = {{0}};

	recording_begin(r);
	recording_fact(r, 0, "command", "train");
	recording_string(r, 11, "_Z1av", STRING_KERNEL);
	recording_string(r, 11, "second", STRING_API);
	recording_fact(r, 11, "pid", "1234");
	recording_fact(r, 11, "exe", "/usr/bin/python3.11");
	recording_fact(r, 11, "end", "running");
	recording_fact(r, 11, "end", "exited");
	recording_device(r, 11, 0, 5, "A GPU");
	for (uint64_t i = 0; i < KERNELS; i++) {
		rows[i][KERNEL_NAME] = 1;
		rows[i][KERNEL_START] = 1000 * i + 500;
		rows[i][KERNEL_DURATION] = 100 + i;
	}
	recording_rows(r, 11, EVENT_KERNEL, rows[0], KERNEL_FIELDS, KERNELS / 2);
	recording_rows(r, 22, EVENT_KERNEL, rows[KERNELS / 2], KERNEL_FIELDS, KERNELS / 2);
	recording_end(r, with_index);
}

/* `end`: of the chunks that are whole. */
static void assert_content(const struct trace *t, uint64_t end)
{
	const struct trace_process *p;
	struct trace_reader reader;
	size_t length;

	assert_int_equal(t->process_count, 2);
	p = t->processes[0];
	assert_int_equal(p->id, 11);
	assert_int_equal(p->pid, 1234);
	assert_int_equal(p->string_count, 2);
	assert_string_equal(trace_string(p, 1)->text, "_Z1av");
	assert_string_equal(trace_string(p, 2)->text, "second");
	assert_null(trace_string(p, 0));
	assert_null(trace_string(p, 3));
	assert_string_equal(trace_fact(p, "end", &length), "exited");
	assert_int_equal(length, 6);
	assert_null(trace_fact(p, "nothing", NULL));
	assert_string_equal(trace_process_name(p), "python3.11");
	assert_string_equal(trace_fact(&t->session, "command", NULL), "train");
	assert_int_equal(p->device_count, 1);
	assert_string_equal(p->devices[0].name, "A GPU");
	assert_int_equal(p->records, KERNELS / 2);
	assert_int_equal(p->first_time, 500);
	assert_int_equal(t->last_time, 1000 * 99 + 500 + 199);
	assert_false(trace_is_simulated(t));
	assert_int_equal(trace_reader_init(&reader, t), 0);
	for (size_t i = 0; i < t->chunk_count && t->chunks[i].offset < end; i++)
		assert_int_equal(trace_reader_load(&reader, &t->chunks[i]), 0);
	trace_reader_free(&reader);
}

static void test_index_and_walk(void **state)
{
	(void)state;
	for (int with_index = 0; with_index < 2; with_index++) {
		struct recording r;
		struct trace *t;

		make(&r, with_index);
		t = recording_open(&r);
		assert_int_equal(t->indexed, with_index);
		assert_int_equal(t->unread, 0);
		assert_content(t, t->size);
		trace_close(t);
		recording_done(&r);
	}
}

/* Cut after every byte: never an error, never more than was whole. */
static void test_cut(void **state)
{
	struct recording r;
	struct trace *t;
	uint64_t size, before = 0;
	char why[256];

	(void)state;
	make(&r, 0);
	t = recording_open(&r);
	size = t->size;
	trace_close(t);
	for (uint64_t n = size; n-- > sizeof(struct file_header);) {
		uint64_t records = 0;

		assert_int_equal(ftruncate(r.fd, (off_t)n), 0);
		t = recording_open(&r);
		for (size_t i = 0; i < t->chunk_count; i++)
			records += t->chunks[i].offset + t->chunks[i].size <= n;
		assert_int_equal(records, t->chunk_count);
		assert_false(t->damaged);
		assert_true(n == size - 1 || records <= before);
		before = records;
		trace_close(t);
	}
	for (uint64_t n = sizeof(struct file_header); n-- > 0;) {
		assert_int_equal(ftruncate(r.fd, (off_t)n), 0);
		assert_int_equal(trace_open(&t, r.path, why, sizeof(why)), -EBADMSG);
		assert_null(t);
		assert_true(*why);
	}
	recording_done(&r);
}

static void overwrite(struct recording *r, uint64_t at, const void *bytes, size_t size)
{
	assert_int_equal(pwrite(r->fd, bytes, size, (off_t)at), size);
}

/* Whatever byte of index or footer is wrong, the chunks are found by walking. */
static void test_bad_index(void **state)
{
	struct recording r;
	struct trace *t;
	struct file_footer footer;
	uint64_t size;

	(void)state;
	make(&r, 1);
	t = recording_open(&r);
	size = t->size;
	trace_close(t);
	assert_int_equal(pread(r.fd, &footer, sizeof(footer), (off_t)(size - sizeof(footer))),
			 sizeof(footer));
	for (uint64_t at = footer.index_offset; at < size; at++) {
		uint8_t byte, wrong;

		assert_int_equal(pread(r.fd, &byte, 1, (off_t)at), 1);
		wrong = byte ^ 0x55;
		overwrite(&r, at, &wrong, 1);
		t = recording_open(&r);
		/* The footer's reserved bytes mean nothing. */
		assert_true(!t->indexed || (at >= size - 16 && at < size - 8));
		assert_content(t, footer.index_offset);
		trace_close(t);
		overwrite(&r, at, &byte, 1);
	}
	recording_done(&r);
}

/* An index whose checksum is right and that says what is not so. */
static void test_lying_index(void **state)
{
	(void)state;
	for (int lie = 0; lie < 5; lie++) {
		struct chunk_origin origin = {.flags = CHUNK_BY_COLLECTOR};
		struct file_index_entry entries[32] = {0};
		struct file_footer footer = {.magic = FILE_FOOTER_MAGIC};
		size_t count, capacity = chunk_raw_bound(sizeof(entries));
		uint8_t *index = malloc(capacity);
		struct recording r;
		struct trace *t;
		ptrdiff_t size;

		make(&r, 0);
		t = recording_open(&r);
		count = t->chunk_count;
		for (size_t i = 0; i < count; i++)
			entries[i] = (struct file_index_entry){
				.offset = t->chunks[i].offset,
				.process = t->chunks[i].process == TRACE_SESSION
						   ? 0
						   : t->processes[t->chunks[i].process]->id,
				.first_time = t->chunks[i].first_time,
				.last_time = t->chunks[i].last_time,
				.size = t->chunks[i].size,
				.count = t->chunks[i].count,
				.kind = t->chunks[i].kind,
			};
		footer.index_offset = t->size;
		trace_close(t);
		if (lie == 1)
			count--; /* leaves out the last chunk */
		else if (lie == 2)
			entries[3].offset += 8;
		else if (lie == 3)
			entries[count - 1].size += 64; /* beyond the chunks */
		else if (lie == 4)
			memmove(&entries[2], &entries[3], (--count - 2) * sizeof(entries[0]));
		size = chunk_write_raw(EVENT_INDEX, (uint32_t)count, entries, count * sizeof(entries[0]),
				       &origin, index, capacity);
		assert_true(size > 0);
		overwrite(&r, footer.index_offset, index, (size_t)size);
		footer.file_size = footer.index_offset + (uint64_t)size + sizeof(footer);
		overwrite(&r, footer.index_offset + (uint64_t)size, &footer, sizeof(footer));
		t = recording_open(&r);
		assert_int_equal(t->indexed, lie == 0);
		assert_content(t, footer.index_offset);
		trace_close(t);
		recording_done(&r);
		free(index);
	}
}

static void test_damage(void **state)
{
	struct recording r;
	struct trace_reader reader;
	struct trace *t;
	uint32_t zero = 0, ones = ~0u;
	int bad = 0;

	(void)state;
	make(&r, 0);
	t = recording_open(&r);
	/* Within a chunk: found when it is loaded. */
	overwrite(&r, t->chunks[t->chunk_count - 1].offset + 140, &ones, 4);
	assert_int_equal(trace_reader_init(&reader, t), 0);
	for (size_t i = 0; i < t->chunk_count; i++)
		bad += trace_reader_load(&reader, &t->chunks[i]) == -EILSEQ;
	assert_int_equal(bad, 1);
	trace_reader_free(&reader);
	/* A chunk's beginning: what follows cannot be found. */
	overwrite(&r, t->chunks[3].offset, &zero, 4);
	trace_close(t);
	t = recording_open(&r);
	assert_int_equal(t->chunk_count, 3);
	assert_true(t->damaged && t->unread);
	trace_close(t);
	recording_done(&r);
}

static void test_refused(void **state)
{
	struct recording r;
	struct trace *t;
	uint32_t version = FILE_VERSION + 1;
	char why[256];

	(void)state;
	make(&r, 1);
	overwrite(&r, offsetof(struct file_header, version), &version, sizeof(version));
	assert_int_equal(trace_open(&t, r.path, why, sizeof(why)), -EPROTONOSUPPORT);
	assert_non_null(strstr(why, "newer"));
	overwrite(&r, 0, "SQLite f", 8);
	assert_int_equal(trace_open(&t, r.path, why, sizeof(why)), -EBADMSG);
	assert_non_null(strstr(why, "not a cuflight recording"));
	recording_done(&r);
	assert_int_equal(trace_open(&t, "/nonexistent/file", why, sizeof(why)), -ENOENT);
	assert_int_equal(trace_open(&t, "/", why, sizeof(why)), -EINVAL);
}

static void test_losses(void **state)
{
	uint64_t lost[2][LOST_FIELDS] = {{LOSS_RING_FULL, 100, 50, 7}, {LOSS_RING_FULL, 300, 50, 3}};
	struct permanent_loss l = {.h.kind = PERMANENT_LOSS, .cause = LOSS_NO_SLOT, .count = 9};
	struct recording r;
	struct trace *t;

	(void)state;
	for (int final = 0; final < 2; final++) {
		recording_begin(&r);
		recording_rows(&r, 5, EVENT_LOST, lost[0], LOST_FIELDS, 2);
		if (final)
			recording_permanent(&r, 5, &l, sizeof(l), "", 0);
		recording_end(&r, 1);
		t = recording_open(&r);
		assert_int_equal(t->processes[0]->losses_final, final);
		assert_int_equal(t->processes[0]->losses[LOSS_RING_FULL].count, final ? 0 : 10);
		assert_int_equal(t->processes[0]->losses[LOSS_NO_SLOT].count, final ? 9 : 0);
		if (!final) {
			assert_int_equal(t->processes[0]->losses[LOSS_RING_FULL].first, 100);
			assert_int_equal(t->processes[0]->losses[LOSS_RING_FULL].last, 350);
		}
		trace_close(t);
		recording_done(&r);
	}
}

/* Permanent records that claim more than there is. */
static void test_hostile_permanent(void **state)
{
	struct permanent_string s = {.h.kind = PERMANENT_STRING, .length = UINT32_MAX};
	struct permanent_fact f = {.h.kind = PERMANENT_FACT, .key_length = UINT32_MAX, .value_length = 8};
	struct permanent_device d = {.h.kind = PERMANENT_DEVICE, .name_length = 0x80000000u};
	struct permanent_header unknown = {.kind = 999};
	struct recording r;
	struct trace *t;

	(void)state;
	recording_begin(&r);
	recording_string(&r, 1, "good", STRING_OTHER);
	recording_permanent(&r, 1, &s, sizeof(s), "text", 4);
	recording_permanent(&r, 1, &f, sizeof(f), "text", 4);
	recording_permanent(&r, 1, &d, sizeof(d), "text", 4);
	recording_permanent(&r, 1, &s, 16, "", 0);
	recording_permanent(&r, 1, &unknown, sizeof(unknown), "", 0);
	/* Nobody knows which number this one has. */
	recording_string(&r, 1, "after", STRING_OTHER);
	recording_end(&r, 1);
	t = recording_open(&r);
	assert_int_equal(t->bad_chunks, 4);
	assert_int_equal(t->processes[0]->string_count, 1);
	assert_string_equal(trace_string(t->processes[0], 1)->text, "good");
	trace_close(t);
	recording_done(&r);
}

/* One string as a chunk that says which it is; 0: it does not. */
static void put_numbered(struct recording *r, const char *text, uint64_t first)
{
	struct chunk_origin origin = {.process = 1, .sequence = r->sequence++, .first_string = first};
	struct permanent_string s = {.h = {.size = 32, .kind = PERMANENT_STRING},
				     .length = (uint32_t)strlen(text)};
	uint8_t bytes[32] = {0}, chunk[512];
	ptrdiff_t n;

	memcpy(bytes, &s, sizeof(s));
	memcpy(bytes + sizeof(s), text, s.length);
	n = chunk_write_raw(EVENT_PERMANENT, 1, bytes, sizeof(bytes), &origin, chunk, sizeof(chunk));
	assert_true(n > 0);
	recording_put(r, chunk, (size_t)n);
}

static void assert_string(const struct trace *t, uint64_t reference, const char *expected)
{
	const struct trace_string *s = trace_string(t->processes[0], reference);

	if (!expected)
		assert_null(s);
	else
		assert_string_equal(s ? s->text : "(none)", expected);
}

/* A damaged chunk costs its own names, and those after it that do not say which they are. */
static void test_numbered_strings(void **state)
{
	struct recording r;
	struct trace *t;

	(void)state;
	recording_begin(&r);
	put_numbered(&r, "one", 1);
	put_numbered(&r, "two", 2);
	put_numbered(&r, "three", 0);
	put_numbered(&r, "four", 4);
	put_numbered(&r, "again", 1);
	put_numbered(&r, "five", 5);
	put_numbered(&r, "never", 1000000);
	recording_end(&r, 1);
	t = recording_open(&r);
	overwrite(&r, t->chunks[1].offset + t->chunks[1].size - 1, "X", 1);
	trace_close(t);
	t = recording_open(&r);
	assert_int_equal(t->bad_chunks, 1);
	assert_string(t, 1, "one");
	assert_string(t, 2, NULL);
	assert_string(t, 3, NULL);
	assert_string(t, 4, "four");
	assert_string(t, 5, "five");
	assert_int_equal(t->processes[0]->string_count, 5);
	trace_close(t);
	recording_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_and_walk),	 cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bad_index),	 cmocka_unit_test(test_lying_index),
		cmocka_unit_test(test_damage),		 cmocka_unit_test(test_refused),
		cmocka_unit_test(test_losses),		 cmocka_unit_test(test_hostile_permanent),
		cmocka_unit_test(test_numbered_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
