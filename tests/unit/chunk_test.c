/*
 * chunk_test.c: what goes into a chunk comes out of it, for every kind and for values at the edges; and a
 * chunk that was damaged anywhere is refused or decoded to something, never read out of bounds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/chunk_read.h"
#include "wire/chunk_write.h"
#include "wire/crc32.h"

#define ROWS 3000

static const uint16_t kinds[] = {EVENT_KERNEL, EVENT_MEMCPY, EVENT_MEMSET, EVENT_API,	    EVENT_OVERHEAD,
				 EVENT_NVTX,   EVENT_CLOCK,  EVENT_LOST,   EVENT_ITERATION, EVENT_WINDOW};

static uint64_t seed = 1;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1du;
}

/* How wild the values are. */
enum mix { LOOP, NOISE, EXTREME, CONSTANT };

static void make_row(const struct schema *s, enum mix mix, uint32_t i, uint64_t *row)
{
	for (uint32_t f = 0; f < s->n_fields; f++) {
		switch (mix) {
		case LOOP:
			row[f] = f < s->n_static ? (i % 17) * (f + 1) % 5
						 : (uint64_t)i * 1000 + random64() % 100;
			break;
		case NOISE:
			row[f] = f < s->n_static ? random64() % 40 : random64() % 100000;
			break;
		case EXTREME:
			row[f] = random64() % 3 ? random64() : random64() % 2 ? 0 : UINT64_MAX;
			break;
		case CONSTANT:
			row[f] = 7;
			break;
		}
	}
}

static ptrdiff_t seal(struct chunk_writer *w, uint8_t **chunk)
{
	struct chunk_origin origin = {
		.process = 77, .sequence = 5, .generation = 2, .lost = 9, .flags = CHUNK_CLOCK_STEP};
	size_t bound = chunk_writer_bound(w);

	*chunk = malloc(bound);
	assert_non_null(*chunk);
	return chunk_writer_seal(w, &origin, *chunk, bound);
}

static void round_trip(uint16_t kind, enum mix mix, uint32_t rows)
{
	const struct schema *s = schema_find(kind);
	struct chunk_writer *w = chunk_writer_new(kind, ROWS);
	struct chunk_decoder *d = chunk_decoder_new();
	uint64_t(*given)[SCHEMA_MAX_FIELDS] = calloc(rows, sizeof(*given));
	uint16_t fields[SCHEMA_MAX_FIELDS];
	struct chunk_header h;
	struct batch b;
	uint8_t *chunk;
	ptrdiff_t size;

	assert_non_null(s);
	assert_non_null(w);
	assert_non_null(d);
	/* Twice with the same writer: nothing may be left over from the first chunk. */
	for (int again = 0; again < 2; again++) {
		for (uint32_t i = 0; i < rows; i++) {
			make_row(s, mix, i, given[i]);
			assert_int_equal(chunk_writer_add(w, given[i]), 0);
		}
		assert_int_equal(chunk_writer_count(w), rows);
		size = seal(w, &chunk);
		assert_true(size > 0);
		assert_int_equal(size % CHUNK_ALIGN, 0);
		assert_int_equal(chunk_check(chunk, (size_t)size, &h), 0);
		assert_int_equal(h.kind, kind);
		assert_int_equal(h.count, rows);
		assert_int_equal(h.process, 77);
		assert_int_equal(h.sequence, 5);
		assert_int_equal(h.lost, 9);
		/* All columns at once, backwards, so that the order of asking cannot matter. */
		for (uint32_t f = 0; f < s->n_fields; f++)
			fields[f] = s->fields[s->n_fields - 1 - f].field;
		assert_int_equal(chunk_decode(d, chunk, (size_t)size, fields, s->n_fields, &b), 0);
		for (uint32_t i = 0; i < rows; i++)
			for (uint32_t f = 0; f < s->n_fields; f++)
				assert_int_equal(batch_value(&b, s->n_fields - 1u - f, i), given[i][f]);
		/* Each column alone. */
		for (uint32_t f = 0; f < s->n_fields; f++) {
			assert_int_equal(chunk_decode(d, chunk, (size_t)size, &s->fields[f].field, 1, &b), 0);
			for (uint32_t i = 0; i < rows; i++)
				assert_int_equal(batch_value(&b, 0, i), given[i][f]);
		}
		free(chunk);
	}
	free(given);
	chunk_decoder_free(d);
	chunk_writer_free(w);
}

static void every_kind_round_trips(void **unused)
{
	(void)unused;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		round_trip(kinds[k], LOOP, ROWS);
		round_trip(kinds[k], NOISE, ROWS);
		round_trip(kinds[k], EXTREME, 500);
		round_trip(kinds[k], CONSTANT, 100);
		round_trip(kinds[k], LOOP, 1);
	}
}

static void times_of_the_header_span_the_records(void **unused)
{
	struct chunk_writer *w = chunk_writer_new(EVENT_KERNEL, 8);
	uint64_t row[SCHEMA_MAX_FIELDS] = {0};
	struct chunk_header h;
	uint8_t *chunk;
	ptrdiff_t size;

	(void)unused;
	row[KERNEL_START] = 500, row[KERNEL_DURATION] = 100;
	chunk_writer_add(w, row);
	row[KERNEL_START] = 300, row[KERNEL_DURATION] = 50;
	chunk_writer_add(w, row);
	row[KERNEL_START] = 550, row[KERNEL_DURATION] = 10;
	chunk_writer_add(w, row);
	size = seal(w, &chunk);
	assert_int_equal(chunk_check(chunk, (size_t)size, &h), 0);
	assert_int_equal(h.first_time, 300);
	assert_int_equal(h.last_time, 600);
	free(chunk);
	chunk_writer_free(w);
}

static void a_full_writer_says_so(void **unused)
{
	struct chunk_writer *w = chunk_writer_new(EVENT_API, 2);
	uint64_t row[SCHEMA_MAX_FIELDS] = {0};

	(void)unused;
	assert_false(chunk_writer_full(w));
	assert_int_equal(chunk_writer_add(w, row), 0);
	assert_int_equal(chunk_writer_add(w, row), 0);
	assert_true(chunk_writer_full(w));
	assert_int_equal(chunk_writer_add(w, row), -ENOSPC);
	chunk_writer_free(w);
	assert_null(chunk_writer_new(EVENT_PERMANENT, 10));
	assert_null(chunk_writer_new(EVENT_KERNEL, 0));
	assert_null(chunk_writer_new(EVENT_KERNEL, CHUNK_MAX_RECORDS + 1));
}

static void texts_come_back(void **unused)
{
	struct chunk_writer *w = chunk_writer_new(EVENT_NVTX, 1000);
	struct chunk_decoder *d = chunk_decoder_new();
	static const uint16_t name = FIELD_NAME;
	uint64_t row[SCHEMA_MAX_FIELDS] = {0};
	char text[32], *big = malloc(70000);
	uint32_t again;
	struct batch b;
	uint8_t *chunk;
	ptrdiff_t size;
	size_t length;

	(void)unused;
	memset(big, 'x', 70000);
	for (int i = 0; i < 500; i++) {
		int n = snprintf(text, sizeof(text), "iteration %d", i % 250);

		row[NVTX_ROW_NAME] = chunk_writer_text(w, text, (size_t)n);
		assert_true(row[NVTX_ROW_NAME] & TEXT_LOCAL);
		assert_int_equal(chunk_writer_add(w, row), 0);
	}
	again = chunk_writer_text(w, "iteration 7", 11);
	assert_int_equal(again, TEXT_LOCAL | 7);
	row[NVTX_ROW_NAME] = chunk_writer_text(w, big, 70000);
	chunk_writer_add(w, row);
	assert_int_equal(chunk_writer_text(w, "", 0), 0);
	size = seal(w, &chunk);
	assert_int_equal(chunk_decode(d, chunk, (size_t)size, &name, 1, &b), 0);
	assert_int_equal(b.dict_count, 251);
	for (uint32_t i = 0; i < 500; i++) {
		int n = snprintf(text, sizeof(text), "iteration %u", i % 250);
		const char *got = chunk_decoder_text(d, (uint32_t)batch_value(&b, 0, i), &length);

		assert_int_equal(length, n);
		assert_memory_equal(got, text, length);
	}
	assert_non_null(chunk_decoder_text(d, (uint32_t)batch_value(&b, 0, 500), &length));
	assert_int_equal(length, 65535);
	assert_null(chunk_decoder_text(d, TEXT_LOCAL | 251, &length));
	assert_null(chunk_decoder_text(d, 3, &length));
	free(chunk);
	free(big);
	chunk_decoder_free(d);
	chunk_writer_free(w);
}

static void raw_bytes_come_back(void **unused)
{
	struct chunk_origin origin = {.process = 3};
	struct chunk_decoder *d = chunk_decoder_new();
	uint8_t bytes[5000], out[6000];
	const void *got;
	size_t length;
	ptrdiff_t size;

	(void)unused;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i / 100);
	size = chunk_write_raw(EVENT_PERMANENT, 12, bytes, sizeof(bytes), &origin, out, sizeof(out));
	assert_true(size > 0 && size < 1000);
	assert_int_equal(chunk_decode_raw(d, out, (size_t)size, &got, &length), 0);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(got, bytes, length);
	size = chunk_write_raw(EVENT_PERMANENT, 0, bytes, 0, &origin, out, sizeof(out));
	assert_true(size > 0);
	assert_int_equal(chunk_decode_raw(d, out, (size_t)size, &got, &length), 0);
	assert_int_equal(length, 0);
	assert_int_equal(chunk_write_raw(EVENT_PERMANENT, 0, bytes, sizeof(bytes), &origin, out, 100),
			 -ENOSPC);
	chunk_decoder_free(d);
}

static void a_reader_skips_what_it_does_not_know(void **unused)
{
	struct chunk_writer *w = chunk_writer_new(EVENT_API, 10);
	struct chunk_decoder *d = chunk_decoder_new();
	static const uint16_t fields[] = {FIELD_RETURN, FIELD_CBID};
	uint64_t row[SCHEMA_MAX_FIELDS] = {[API_CBID] = 211, [API_RETURN] = 5};
	struct chunk_stream *streams;
	struct chunk_header h;
	struct batch b;
	uint8_t *chunk;
	ptrdiff_t size;

	(void)unused;
	chunk_writer_add(w, row);
	size = seal(w, &chunk);
	memcpy(&h, chunk, sizeof(h));
	streams = (void *)(chunk + h.header_size);
	for (uint32_t i = 0; i < h.streams; i++)
		if (streams[i].field == FIELD_RETURN)
			streams[i].encoding = 200;
	assert_int_equal(chunk_decode(d, chunk, (size_t)size, fields, 2, &b), 0);
	assert_null(b.columns[0].values);
	assert_int_equal(batch_value(&b, 0, 0), 0);
	assert_int_equal(batch_value(&b, 1, 0), 211);
	((struct chunk_header *)chunk)->version = CHUNK_VERSION + 1;
	assert_int_equal(chunk_decode(d, chunk, (size_t)size, fields, 2, &b), -EPROTONOSUPPORT);
	free(chunk);
	chunk_decoder_free(d);
	chunk_writer_free(w);
}

static void damage_is_noticed(void **unused)
{
	struct chunk_decoder *d = chunk_decoder_new();
	uint16_t fields[SCHEMA_MAX_FIELDS];

	(void)unused;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct schema *s = schema_find(kinds[k]);
		struct chunk_writer *w = chunk_writer_new(kinds[k], 200);
		uint64_t row[SCHEMA_MAX_FIELDS];
		struct chunk_header h;
		struct batch b;
		uint8_t *chunk, *copy;
		ptrdiff_t size;

		for (uint32_t i = 0; i < 200; i++) {
			make_row(s, LOOP, i, row);
			chunk_writer_add(w, row);
		}
		size = seal(w, &chunk);
		copy = malloc((size_t)size);
		for (uint32_t f = 0; f < s->n_fields; f++)
			fields[f] = s->fields[f].field;
		for (int i = 0; i < 3000; i++) {
			size_t at = random64() % (size_t)size;

			memcpy(copy, chunk, (size_t)size);
			copy[at] ^= (uint8_t)(1 + random64() % 255);
			assert_int_not_equal(chunk_check(copy, (size_t)size, &h), 0);
			/* Whoever decodes without checking gets an error or nonsense; the sanitizers watch
			 * for worse. */
			chunk_decode(d, copy, (size_t)size, fields, s->n_fields, &b);
		}
		for (size_t cut = 0; cut < (size_t)size; cut += 7)
			assert_int_not_equal(chunk_check(chunk, cut, &h), 0);
		free(copy);
		free(chunk);
		chunk_writer_free(w);
	}
	chunk_decoder_free(d);
}

static void crc_is_the_common_one(void **unused)
{
	(void)unused;
	/* The check value of CRC-32/ISO-HDLC, as every catalogue gives it. */
	assert_int_equal(crc32_update(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_update(crc32_update(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(crc32_update(0, "", 0), 0);
}

static void schemas_are_sound(void **unused)
{
	char buf[16];

	(void)unused;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct schema *s = schema_find(kinds[k]);

		assert_int_equal(s->fields[s->n_static].field, FIELD_START);
		if (s->has_duration)
			assert_int_equal(s->fields[s->n_static + 1].field, FIELD_DURATION);
		for (int f = 0; f < s->n_fields; f++) {
			assert_int_equal(s->fields[f].encoding == ENC_SITE, f < s->n_static);
			assert_int_equal(schema_index(s, s->fields[f].field), f); /* no field twice */
		}
		assert_int_equal(schema_index(s, 9999), -1);
	}
	/* Rows are filled by position elsewhere. */
	assert_int_equal(schema_index(schema_find(EVENT_KERNEL), FIELD_NAME), KERNEL_NAME);
	assert_int_equal(schema_index(schema_find(EVENT_KERNEL), FIELD_PRIORITY), KERNEL_PRIORITY);
	assert_int_equal(schema_index(schema_find(EVENT_KERNEL), FIELD_CLUSTER_X), KERNEL_CLUSTER_X);
	assert_int_equal(schema_index(schema_find(EVENT_KERNEL), FIELD_GRID_ID), KERNEL_GRID_ID);
	assert_int_equal(schema_index(schema_find(EVENT_MEMCPY), FIELD_GRAPH_NODE), MEMCPY_GRAPH_NODE);
	assert_int_equal(schema_index(schema_find(EVENT_MEMCPY), FIELD_BYTES), MEMCPY_BYTES);
	assert_int_equal(schema_index(schema_find(EVENT_MEMSET), FIELD_MEMORY_KIND), MEMSET_MEMORY_KIND);
	assert_int_equal(schema_index(schema_find(EVENT_MEMSET), FIELD_CHANNEL_TYPE), MEMSET_CHANNEL_TYPE);
	assert_int_equal(schema_index(schema_find(EVENT_API), FIELD_RETURN), API_RETURN);
	assert_int_equal(schema_index(schema_find(EVENT_OVERHEAD), FIELD_OBJECT), OVERHEAD_OBJECT);
	assert_int_equal(schema_index(schema_find(EVENT_NVTX), FIELD_PAYLOAD_TYPE), NVTX_ROW_PAYLOAD_TYPE);
	assert_int_equal(schema_index(schema_find(EVENT_NVTX), FIELD_PAYLOAD), NVTX_ROW_PAYLOAD);
	assert_int_equal(schema_index(schema_find(EVENT_CLOCK), FIELD_ERROR), CLOCK_ERROR);
	assert_int_equal(schema_index(schema_find(EVENT_LOST), FIELD_COUNT), LOST_COUNT);
	assert_int_equal(schema_index(schema_find(EVENT_ITERATION), FIELD_LAST_CORRELATION),
			 ITERATION_LAST_CORRELATION);
	assert_int_equal(schema_index(schema_find(EVENT_WINDOW), FIELD_NUMBER), WINDOW_NUMBER);
	assert_null(schema_find(0xffff));
	assert_string_equal(schema_kind_name(EVENT_KERNEL, buf), "kernel");
	assert_string_equal(schema_kind_name(0x1234, buf), "kind 0x1234");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_round_trips),
		cmocka_unit_test(times_of_the_header_span_the_records),
		cmocka_unit_test(a_full_writer_says_so),
		cmocka_unit_test(texts_come_back),
		cmocka_unit_test(raw_bytes_come_back),
		cmocka_unit_test(a_reader_skips_what_it_does_not_know),
		cmocka_unit_test(damage_is_noticed),
		cmocka_unit_test(crc_is_the_common_one),
		cmocka_unit_test(schemas_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
