/*
 * format_write.h: makes the trace file of format_rows.c: every kind of record with loops, noise, values at
 * the edges and constants; texts of all sorts; what later versions may add. Prints what went in as it goes.
 */
#ifndef TESTS_FORMAT_WRITE_H
#define TESTS_FORMAT_WRITE_H

#include <errno.h>
#include <stdlib.h>

#include "collector/trace_write.h"
#include "format_print.h"
#include "wire/chunk_write.h"
#include "wire/crc32.h"

#define MAX_STRINGS 16
#define MAX_LOCALS  64

struct text {
	const char *bytes;
	size_t length;
};

struct process {
	uint64_t id, sequence[2]; /* its own, the collector's */
	struct text strings[MAX_STRINGS];
	uint32_t string_count;
};

static struct trace_writer out;
static struct process *writing;
static struct text locals[MAX_LOCALS]; /* of the chunk being written */

static void die(const char *what, int err)
{
	fprintf(stderr, "format_rows: %s: %s\n", what, strerror(-err));
	exit(2);
}

/* Where the text of a reference is that was written, for format_text(). */
static const char *written_text(uint64_t reference, size_t *length)
{
	uint64_t local = reference & ~(uint64_t)TEXT_LOCAL;
	const struct text *text = NULL;

	if (reference & TEXT_LOCAL)
		text = local < MAX_LOCALS && locals[local].bytes ? &locals[local] : NULL;
	else if (reference && reference <= writing->string_count)
		text = &writing->strings[reference - 1];
	*length = text ? text->length : 0;
	return text ? text->bytes : NULL;
}

/* ------------------------------------------------------------------------------------------- values */

enum mix { LOOP, NOISE, EXTREME, CONSTANT, MIXES };

static uint64_t random64(void)
{
	static uint64_t seed = 88172645463325252u;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1du;
}

static const uint64_t edges[] = {
	0, 1, 255, 256, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX, UINT64_MAX - 1,
};

static uint64_t value(enum mix mix, bool is_static, uint32_t field, uint32_t i)
{
	switch (mix) {
	case LOOP:
		return is_static ? (i % 17) * (field + 1) % 5 : (uint64_t)i * 1000 + random64() % 100;
	case NOISE:
		return random64() % (is_static ? 40 : 100000);
	case EXTREME:
		return random64() % 2 ? random64() : edges[random64() % (sizeof(edges) / sizeof(edges[0]))];
	default:
		return 7;
	}
}

/* Some of every sort: none, permanent, the chunk's own, and references to nothing. */
static uint64_t some_reference(struct chunk_writer *w, const struct process *p, uint32_t n)
{
	static const struct text own[] = {{"step 17", 7},
					  {"quote \" \\ \n\x01\x7f", 12},
					  {"Gr\xc3\xbc\xc3\x9f\x65", 7},
					  {"\xf0\x9f\x9a\x80 go", 7},
					  {"\xff\xc3(\xed\xa0\x80\xc0\xaf", 8},
					  {"nul\0 inside", 11}};
	const struct text *text;
	uint32_t reference;

	n %= 15;
	if (n < 6) {
		text = &own[n];
		reference = chunk_writer_text(w, text->bytes, text->length);
		locals[reference & ~TEXT_LOCAL] = *text;
		return reference;
	}
	return n == 6 ? 0 : n == 7 ? 4000000 : n == 8 ? TEXT_LOCAL | 5000 : 1 + random64() % p->string_count;
}

/* ------------------------------------------------------------------------------------------ writing */

/* Take the finished bytes into the file. */
static void put_chunk(const void *bytes, ptrdiff_t size)
{
	struct chunk_header h;
	size_t room;
	void *at;
	int err;

	if (size <= 0)
		die("chunk", (int)size);
	at = trace_writer_room(&out, (size_t)size, &room);
	if (!at)
		die("room", -ENOMEM);
	memcpy(at, bytes, (size_t)size);
	memcpy(&h, at, sizeof(h));
	err = trace_writer_take(&out, &h);
	if (err)
		die("write", err);
}

static struct chunk_origin origin(struct process *p, uint16_t flags)
{
	return (struct chunk_origin){.process = p->id,
				     .sequence = p->sequence[flags & CHUNK_BY_COLLECTOR]++,
				     .flags = flags,
				     .lost = flags ? 0 : 3};
}

static void set_crc(uint8_t *chunk, size_t size)
{
	const size_t at = offsetof(struct chunk_header, crc);
	uint32_t crc = 0;

	memcpy(chunk + at, &crc, sizeof(crc));
	crc = crc32_update(0, chunk, size);
	memcpy(chunk + at, &crc, sizeof(crc));
}

/*
 * What a later version may add to a chunk: eight bytes to its header, a constant column and one of an unknown
 * encoding. Returns the new size.
 */
static ptrdiff_t grow_chunk(uint8_t *chunk, ptrdiff_t size)
{
	const struct chunk_stream more[] = {
		{.field = 999, .encoding = ENC_CONST, .value = 77},
		{.field = 998, .encoding = 77, .codec = CODEC_ZERO, .planes = 1, .raw = 5},
	};
	struct chunk_header h;
	uint8_t *directory = chunk + sizeof(h) + 8, *end;

	memcpy(&h, chunk, sizeof(h));
	memmove(directory, chunk + sizeof(h), (size_t)size - sizeof(h));
	memset(chunk + sizeof(h), 0xaa, 8);
	end = directory + h.streams * sizeof(more[0]);
	memmove(end + sizeof(more), end, (size_t)(chunk + size + 8 - end));
	memcpy(end, more, sizeof(more));
	h.header_size += 8;
	h.streams += 2;
	h.raw_size += 5;
	h.size = (uint32_t)(size + 8 + (ptrdiff_t)sizeof(more));
	memcpy(chunk, &h, sizeof(h));
	set_crc(chunk, h.size);
	return h.size;
}

enum variant { AS_IT_IS, GROWN, NEWER };

static void put_rows(uint16_t kind, enum mix mix, uint32_t rows, enum variant variant)
{
	const struct schema *s = schema_find(kind);
	struct chunk_writer *w = chunk_writer_new(kind, rows);
	uint64_t(*given)[SCHEMA_MAX_FIELDS] = calloc(rows, sizeof(*given));
	struct chunk_origin o = origin(writing, 0);
	ptrdiff_t size;
	uint8_t *chunk;

	if (!w || !given)
		die("rows", -ENOMEM);
	memset(locals, 0, sizeof(locals));
	for (uint32_t i = 0; i < rows; i++) {
		for (uint32_t f = 0; f < s->n_fields; f++)
			given[i][f] =
				schema_is_text(s->fields[f].field)
					? some_reference(w, writing,
							 mix == LOOP ? i % 5 * (f + 3) : (uint32_t)random64())
					: value(mix, f < s->n_static, f, i);
		if (chunk_writer_add(w, given[i]))
			die("row", -ENOMEM);
	}
	size = (ptrdiff_t)chunk_writer_bound(w);
	chunk = malloc((size_t)size + 8 + 2 * sizeof(struct chunk_stream));
	if (!chunk)
		die("chunk", -ENOMEM);
	size = chunk_writer_seal(w, &o, chunk, (size_t)size);
	if (variant == GROWN && size > 0)
		size = grow_chunk(chunk, size);
	if (variant == NEWER && size > 0) {
		((struct chunk_header *)(void *)chunk)->version = CHUNK_VERSION + 1;
		set_crc(chunk, (size_t)size);
	}
	put_chunk(chunk, size);
	for (uint32_t i = 0; i < rows && variant != NEWER; i++)
		print_row(writing->id, s, given[i]);
	free(chunk);
	free(given);
	chunk_writer_free(w);
}

/* Values as they are (ENC_PLAIN) and a column that is missing, neither of which chunk_write.c makes. */
static void put_plain(void)
{
	static const struct chunk_stream streams[] = {
		{.field = FIELD_SITE, .encoding = ENC_SITE_INDEX, .codec = CODEC_ZERO, .planes = 1, .raw = 3},
		{.field = FIELD_COUNT, .encoding = ENC_CONST, .value = 1u << 31},
		{.field = FIELD_CAUSE, .encoding = ENC_PLAIN, .planes = 1, .raw = 3, .stored = 3},
		{.field = FIELD_START, .encoding = ENC_PLAIN, .plane = 0, .planes = 2, .raw = 3, .stored = 3},
		{.field = FIELD_START, .encoding = ENC_PLAIN, .plane = 1, .planes = 2, .raw = 3, .stored = 3},
	};
	static const uint8_t bytes[16] = {1, 5, 13, 0xe8, 0x05, 0xff, 0x03, 0x00, 0xff};
	const uint64_t rows[3][LOST_FIELDS] = {
		{1, 1000, 0, 1u << 31}, {5, 5, 0, 1u << 31}, {13, 65535, 0, 1u << 31}};
	struct chunk_origin o = origin(writing, CHUNK_CLOCK_STEP);
	struct chunk_header h = {.magic = CHUNK_MAGIC,
				 .version = CHUNK_VERSION,
				 .header_size = sizeof(h),
				 .size = sizeof(h) + sizeof(streams) + sizeof(bytes),
				 .kind = EVENT_LOST,
				 .flags = o.flags,
				 .count = 3,
				 .first_time = 5,
				 .last_time = 65535,
				 .process = o.process,
				 .sequence = o.sequence,
				 .streams = sizeof(streams) / sizeof(streams[0]),
				 .sites = 1,
				 .raw_size = 12};
	uint8_t chunk[sizeof(h) + sizeof(streams) + sizeof(bytes)];

	memcpy(chunk, &h, sizeof(h));
	memcpy(chunk + sizeof(h), streams, sizeof(streams));
	memcpy(chunk + sizeof(h) + sizeof(streams), bytes, sizeof(bytes));
	set_crc(chunk, sizeof(chunk));
	put_chunk(chunk, sizeof(chunk));
	for (int i = 0; i < 3; i++)
		print_row(writing->id, schema_find(EVENT_LOST), rows[i]);
}

/* -------------------------------------------------------------------------------- permanent records */

static uint64_t records[32768]; /* of the chunk being made */
static size_t records_size;
static uint32_t records_count;

/* Append one; `record` is a struct of `size` bytes without its header filled in. */
static void add_record(void *record, size_t size, uint16_t kind, const char *text, size_t length)
{
	struct permanent_header *h = record;
	uint8_t *at = (uint8_t *)records + records_size;

	*h = (struct permanent_header){.size = (uint32_t)((size + length + 7) & ~(size_t)7), .kind = kind};
	memcpy(at, record, size);
	memset(at + size, 0, h->size - size);
	memcpy(at + size, text, length);
	records_size += h->size;
	records_count++;
}

static void add_string(const char *text, size_t length, uint16_t class)
{
	struct permanent_string s = {
		.pointer = random64(), .length = (uint32_t)length, .string_class = class};

	add_record(&s, sizeof(s), PERMANENT_STRING, text, length);
	writing->strings[writing->string_count++] = (struct text){text, length};
}

static void add_fact(const char *key, const char *text, size_t length)
{
	struct permanent_fact f = {.key_length = (uint32_t)strlen(key), .value_length = (uint32_t)length};
	char both[256];

	memcpy(both, key, f.key_length);
	memcpy(both + f.key_length, text, length);
	add_record(&f, sizeof(f), PERMANENT_FACT, both, f.key_length + length);
}

static void add_things(void)
{
	struct permanent_device d = {.device = 3,
				     .compute_major = 9,
				     .compute_minor = 0,
				     .multiprocessors = 132,
				     .memory = 85899345920u,
				     .bandwidth = 3352320000u,
				     .core_clock = 1980000,
				     .max_threads_per_multiprocessor = 2048,
				     .l2_cache = 52428800,
				     .uuid = {0xfe, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xff},
				     .name_length = 11};
	struct permanent_context c = {.context = 1, .device = 3, .null_stream = 7, .api = 1};
	struct permanent_stream s = {.context = 1, .stream = 13, .priority = -5, .flag = 2};
	struct permanent_thread t = {.thread = 4242, .name_length = 6};
	struct permanent_loss l = {.cause = 3, .count = UINT64_MAX, .first = 5, .last = INT64_MAX};
	struct permanent_category g = {.domain = 4, .category = 17, .name_length = 5};
	struct permanent_header later = {0};

	add_record(&d, sizeof(d), PERMANENT_DEVICE, "Some GPU \xe2\x84", 11);
	add_record(&c, sizeof(c), PERMANENT_CONTEXT, "", 0);
	add_record(&s, sizeof(s), PERMANENT_STREAM, "", 0);
	add_record(&t, sizeof(t), PERMANENT_THREAD, "worker", 6);
	add_record(&l, sizeof(l), PERMANENT_LOSS, "", 0);
	add_record(&g, sizeof(g), PERMANENT_CATEGORY, "fetch", 5);
	add_record(&later, sizeof(later), 99, "of a later version", 18);
}

/* Write what was added as one chunk, and print it; `first` is the number of its first string. */
static void put_records(uint32_t first)
{
	struct chunk_origin o = origin(writing, CHUNK_BY_COLLECTOR);
	size_t capacity = chunk_raw_bound(records_size);
	uint8_t *chunk = malloc(capacity);

	if (!chunk)
		die("chunk", -ENOMEM);
	put_chunk(chunk, chunk_write_raw(EVENT_PERMANENT, records_count, records, records_size, &o, chunk,
					 capacity));
	for (size_t at = 0; at < records_size;) {
		const struct permanent_header *h = (const void *)((uint8_t *)records + at);

		print_permanent(writing->id, h, h->kind == PERMANENT_STRING ? first++ : 0);
		at += h->size;
	}
	free(chunk);
	records_size = records_count = 0;
}

/* ------------------------------------------------------------------------------------------ the file */

static const uint16_t all_kinds[] = {EVENT_KERNEL, EVENT_MEMCPY,    EVENT_MEMSET, EVENT_API,   EVENT_OVERHEAD,
				     EVENT_NVTX,   EVENT_ITERATION, EVENT_WINDOW, EVENT_CLOCK, EVENT_LOST};

static void put_strings(const struct text *texts, uint32_t n)
{
	uint32_t first = writing->string_count + 1;

	for (uint32_t i = 0; i < n; i++)
		add_string(texts[i].bytes, texts[i].length, (uint16_t)(i % 5));
	put_records(first);
}

static void put_process(uint64_t id, bool first, uint32_t rows)
{
	static char wide[60000];
	const struct text texts[] = {{"_Z6decodePfi", 12},
				     {wide, 500},
				     {"", 0},
				     {"not \xfe UTF-8", 11},
				     {"\xe6\xbc\xa2\xe5\xad\x97", 6},
				     {"cudaLaunchKernel", 16}};
	struct process p = {.id = id};
	uint8_t unknown[256];
	struct chunk_origin o;

	memset(wide, 'x', sizeof(wide));
	writing = &p;
	add_fact("pid", first ? "1000" : "1001", 4);
	add_fact("argv", "prog\0-v\0Gr\xc3\xbc\xc3\x9f\x65", 16);
	put_records(1);
	put_strings(texts + !first, 5);
	add_things();
	put_records(1);
	o = origin(&p, CHUNK_BY_COLLECTOR);
	put_chunk(unknown, chunk_write_raw(0x1001, 1, "a later kind", 12, &o, unknown, sizeof(unknown)));
	for (size_t k = 0; k < sizeof(all_kinds) / sizeof(all_kinds[0]); k++) {
		for (int mix = 0; mix < MIXES; mix++)
			put_rows(all_kinds[k], (enum mix)mix, rows, AS_IT_IS);
		put_rows(all_kinds[k], LOOP, 1, GROWN);
		put_rows(all_kinds[k], NOISE, rows, GROWN);
		put_rows(all_kinds[k], NOISE, rows, NEWER);
	}
	put_plain();
	add_fact("pid", "2000", 4);
	put_records(1);
	/* Numbers go on where they were. */
	put_strings(texts, 3);
	put_rows(EVENT_KERNEL, NOISE, rows, AS_IT_IS);
	put_strings(&(struct text){wide, sizeof(wide)}, 1);
}

static void write_file(int fd, uint32_t rows)
{
	int err;

	out.session = 0x8000000000000001u;
	err = trace_writer_open(&out, fd);
	if (err)
		die("open", err);
	put_process(0, true, 3);
	put_process(UINT64_MAX - 1, true, rows);
	put_process(2, false, rows);
	err = trace_writer_finish(&out);
	if (err)
		die("finish", err);
	trace_writer_close(&out);
}

#endif
