/*
 * chunk_fuzz.c: any bytes as a chunk. An even first byte: the rest is the chunk. An odd one: the rest is
 * patches (16-bit offset, value) to a good chunk, since a fuzzer alone hardly finds one. The checksum is not
 * asked for: it would never get past it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/chunk_read.h"
#include "wire/chunk_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A chunk of a few NVTX rows, with sites, lanes, a dictionary and every encoding. */
static size_t good_chunk(uint8_t **out)
{
	struct chunk_writer *w = chunk_writer_new(EVENT_NVTX, 64);
	struct chunk_origin origin = {.process = 1};
	uint64_t row[SCHEMA_MAX_FIELDS] = {0};
	size_t bound, size;

	for (uint32_t i = 0; i < 64; i++) {
		row[NVTX_ROW_TYPE] = 1 + i % 5;
		row[NVTX_ROW_THREAD] = i % 3;
		row[NVTX_ROW_NAME] = chunk_writer_text(w, "abcdefgh", 1 + i % 8);
		row[NVTX_ROW_START] = 1000 * i + i * i;
		row[NVTX_ROW_RANGE_ID] = i;
		row[NVTX_ROW_PAYLOAD] = i * i * i;
		chunk_writer_add(w, row);
	}
	bound = chunk_writer_bound(w);
	*out = malloc(bound);
	size = (size_t)chunk_writer_seal(w, &origin, *out, bound);
	chunk_writer_free(w);
	return size;
}

static void decode_all(const uint8_t *data, size_t size)
{
	static struct chunk_decoder *d;
	uint16_t fields[SCHEMA_MAX_FIELDS];
	struct chunk_header h;
	const void *bytes;
	struct batch b;
	size_t length;
	uint64_t sum = 0;

	if (!d)
		d = chunk_decoder_new();
	chunk_check(data, size, &h);
	if (chunk_peek(data, size, &h))
		return;
	if (!chunk_decode_raw(d, data, size, &bytes, &length))
		for (size_t i = 0; i < length; i++)
			sum += ((const uint8_t *)bytes)[i];
	for (uint16_t k = 0; k < 0x1000; k++) {
		const struct schema *s = schema_find(k);

		if (!s || (k != h.kind && k != EVENT_KERNEL && k != EVENT_NVTX))
			continue;
		for (uint32_t f = 0; f < s->n_fields; f++)
			fields[f] = s->fields[f].field;
		if (chunk_decode(d, data, size, fields, s->n_fields, &b))
			continue;
		for (uint32_t f = 0; f < s->n_fields; f++) {
			for (uint32_t i = 0; i < b.count; i++) {
				const char *text =
					chunk_decoder_text(d, (uint32_t)batch_value(&b, f, i), &length);

				for (size_t j = 0; text && j < length; j++)
					sum += (uint8_t)text[j];
			}
		}
	}
	if (sum == 0x5eed5eed5eed)
		abort(); /* keeps the reads above from being optimised away; no input of this size sums to it
			  */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *good, *patched;
	static size_t good_size;

	if (!good) {
		good_size = good_chunk(&good);
		patched = malloc(good_size);
	}
	if (!size)
		return 0;
	if (!(data[0] & 1)) {
		decode_all(data + 1, size - 1);
		return 0;
	}
	memcpy(patched, good, good_size);
	for (size_t i = 1; i + 3 <= size; i += 3)
		patched[(data[i] | data[i + 1] << 8) % good_size] = data[i + 2];
	decode_all(patched, good_size);
	return 0;
}
