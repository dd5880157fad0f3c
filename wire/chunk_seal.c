/*
 * chunk_seal.c: the open chunk of a writer into bytes: columns cut into planes, each plane compressed on its
 * own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "wire/chunk_writer.h"
#include "wire/crc32.h"
#include "wire/predict.h"

/* Level 1 has Huffman literals, which is where noise planes gain; higher levels find nothing more in them. */
#define ZSTD_LEVEL 1
/* Shorter streams than this gain nothing from a frame of their own. */
#define MIN_PACK 24

/* Site index, every field and lane at eight planes, the dictionary. */
#define MAX_STREAMS ((SCHEMA_MAX_FIELDS + 2) * 8 + 1)

struct seal {
	struct chunk_stream streams[MAX_STREAMS];
	uint32_t n;
	uint64_t raw;
	uint8_t *at, *end; /* where stream bytes go */
	ZSTD_CCtx *packer;
	uint8_t *plane;
};

static ZSTD_CCtx *packer_new(void)
{
	ZSTD_CCtx *packer = ZSTD_createCCtx();

	if (packer) {
		ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, ZSTD_LEVEL);
		ZSTD_CCtx_setParameter(packer, ZSTD_c_contentSizeFlag, 0); /* the directory knows it */
	}
	return packer;
}

void chunk_writer_free_packer(struct chunk_writer *w)
{
	ZSTD_freeCCtx(w->packer);
	w->packer = NULL;
}

/* Append one stream; bytes are copied or compressed. */
static int seal_stream(struct seal *s, struct chunk_stream stream, const void *bytes, size_t size)
{
	stream.raw = stream.stored = (uint32_t)size;
	stream.codec = CODEC_NONE;
	if (size > (size_t)(s->end - s->at))
		return -ENOSPC;
	if (size >= MIN_PACK) {
		size_t packed = ZSTD_compress2(s->packer, s->at, size - 1, bytes, size);

		/* An error here means that it did not get smaller. */
		if (!ZSTD_isError(packed)) {
			stream.stored = (uint32_t)packed;
			stream.codec = CODEC_ZSTD;
		}
	}
	if (stream.codec == CODEC_NONE && size)
		memcpy(s->at, bytes, size);
	s->at += stream.stored;
	s->raw += size;
	s->streams[s->n++] = stream;
	return 0;
}

/* One column: only the planes that hold something, at least one. */
static int seal_column(struct seal *s, uint16_t field, uint8_t encoding, const uint64_t *values, uint32_t n)
{
	uint64_t any = 0;
	int planes = 0;

	for (uint32_t i = 0; i < n; i++)
		any |= values[i];
	while (planes < 8 && any >> (8 * planes))
		planes++;
	if (!planes) {
		s->streams[s->n++] = (struct chunk_stream){
			.field = field, .encoding = encoding, .codec = CODEC_ZERO, .planes = 1, .raw = n};
		s->raw += n;
		return 0;
	}
	for (int p = 0; p < planes; p++) {
		struct chunk_stream stream = {
			.field = field, .encoding = encoding, .plane = (uint8_t)p, .planes = (uint8_t)planes};
		int err;

		for (uint32_t i = 0; i < n; i++)
			s->plane[i] = (uint8_t)(values[i] >> (8 * p));
		err = seal_stream(s, stream, s->plane, n);
		if (err)
			return err;
	}
	return 0;
}

/* A column of the site table, `column` within the site's values; constant when all sites agree. */
static int seal_site_column(struct seal *s, struct chunk_writer *w, uint16_t field, uint32_t column)
{
	uint32_t stride = w->schema->n_static + 1u;
	uint64_t first = w->site_values[column], before = 0, differ = 0;

	for (uint32_t i = 0; i < w->sites; i++) {
		uint64_t v = w->site_values[(size_t)i * stride + column];

		differ |= v ^ first;
		w->scratch[i] = zigzag(v - before);
		before = v;
	}
	if (!differ) {
		s->streams[s->n++] =
			(struct chunk_stream){.field = field, .encoding = ENC_CONST, .value = first};
		return 0;
	}
	return seal_column(s, field, ENC_SITE, w->scratch, w->sites);
}

static int seal_dictionary(struct seal *s, struct chunk_writer *w)
{
	struct chunk_stream stream = {.field = FIELD_DICT, .encoding = ENC_BYTES, .planes = 1};
	size_t lengths = w->text_count * sizeof(uint32_t), size = sizeof(uint32_t) + lengths + w->text_used;
	uint8_t *bytes, *to;
	int err;

	if (!w->text_count)
		return 0;
	bytes = to = malloc(size);
	if (!bytes)
		return -ENOMEM;
	memcpy(to, &w->text_count, sizeof(uint32_t));
	to += sizeof(uint32_t);
	for (uint32_t i = 0; i < w->text_count; i++, to += sizeof(uint32_t))
		memcpy(to, &w->texts[i].length, sizeof(uint32_t));
	memcpy(to, w->text_bytes, w->text_used);
	err = seal_stream(s, stream, bytes, size);
	free(bytes);
	return err;
}

/* Header, directory and padding around the stream bytes that end at s->at. Returns the chunk's size. */
static ptrdiff_t seal_finish(struct seal *s, struct chunk_header *h, const struct chunk_origin *origin,
			     uint8_t *out, uint8_t *body)
{
	size_t directory = s->n * sizeof(s->streams[0]), bytes = (size_t)(s->at - body);
	size_t size = sizeof(*h) + directory + bytes,
	       padded = (size + CHUNK_ALIGN - 1) & ~(size_t)(CHUNK_ALIGN - 1);

	memmove(out + sizeof(*h) + directory, body, bytes);
	memcpy(out + sizeof(*h), s->streams, directory);
	memset(out + size, 0, padded - size);
	h->magic = CHUNK_MAGIC;
	h->version = CHUNK_VERSION;
	h->header_size = sizeof(*h);
	h->size = (uint32_t)padded;
	h->flags = origin->flags;
	h->process = origin->process;
	h->sequence = origin->sequence;
	h->generation = origin->generation;
	h->lost = origin->lost;
	h->first_string = origin->first_string;
	h->streams = s->n;
	h->raw_size = s->raw;
	h->crc = 0;
	memcpy(out, h, sizeof(*h));
	h->crc = crc32_update(0, out, padded);
	memcpy(out + offsetof(struct chunk_header, crc), &h->crc, sizeof(h->crc));
	return (ptrdiff_t)padded;
}

size_t chunk_writer_bound(const struct chunk_writer *w)
{
	size_t n_dynamic = w->schema->n_fields - w->schema->n_static;

	return sizeof(struct chunk_header) + MAX_STREAMS * sizeof(struct chunk_stream) + CHUNK_ALIGN +
	       w->count * (1 + n_dynamic) * sizeof(uint64_t) +
	       (size_t)w->sites * (w->schema->n_static + 1u) * sizeof(uint64_t) +
	       (w->text_count + 1) * sizeof(uint32_t) + w->text_used;
}

/* The streams of the columns, in the order in which a reader needs them. */
static int seal_columns(struct seal *s, struct chunk_writer *w)
{
	const struct schema *schema = w->schema;
	uint64_t *starts = w->residuals;
	int err = seal_column(s, FIELD_SITE, ENC_SITE_INDEX, w->symbols, w->count);

	/* Now the first time is known: the lanes' first records count from it. FIELD_START is the first
	 * dynamic field. */
	for (uint32_t i = 0; i < w->lane_count; i++) {
		uint64_t *first = &starts[w->lanes[i].first_record];

		*first = zigzag(*first - (uint64_t)w->first_time);
	}
	for (uint32_t f = 0; !err && f < schema->n_static; f++)
		err = seal_site_column(s, w, schema->fields[f].field, f);
	if (!err)
		err = seal_site_column(s, w, FIELD_LANE, schema->n_static);
	for (uint32_t f = schema->n_static; !err && f < schema->n_fields; f++)
		err = seal_column(s, schema->fields[f].field, schema->fields[f].encoding,
				  w->residuals + (size_t)(f - schema->n_static) * w->max_records, w->count);
	return err ? err : seal_dictionary(s, w);
}

ptrdiff_t chunk_writer_seal(struct chunk_writer *w, const struct chunk_origin *origin, void *out,
			    size_t capacity)
{
	struct seal s = {.n = 0};
	struct chunk_header h = {.kind = w->schema->kind, .count = w->count, .sites = w->sites};
	uint8_t *body = (uint8_t *)out + sizeof(h) + MAX_STREAMS * sizeof(struct chunk_stream);
	ptrdiff_t err;

	if (!w->count)
		return 0;
	if (capacity < chunk_writer_bound(w)) {
		err = -ENOSPC;
		goto out;
	}
	if (!w->packer)
		w->packer = packer_new();
	if (!w->packer) {
		err = -ENOMEM;
		goto out;
	}
	s.packer = w->packer;
	s.plane = w->plane;
	s.at = body;
	s.end = (uint8_t *)out + capacity - CHUNK_ALIGN;
	h.first_time = w->first_time;
	h.last_time = w->last_time;
	err = seal_columns(&s, w);
	if (!err)
		err = seal_finish(&s, &h, origin, out, body);
out:
	chunk_writer_reset(w);
	return err;
}

size_t chunk_raw_bound(size_t size)
{
	return sizeof(struct chunk_header) + sizeof(struct chunk_stream) + size + CHUNK_ALIGN;
}

ptrdiff_t chunk_write_raw(uint16_t kind, uint32_t count, const void *bytes, size_t size,
			  const struct chunk_origin *origin, void *out, size_t capacity)
{
	struct chunk_stream stream = {.field = FIELD_RAW, .encoding = ENC_BYTES, .planes = 1};
	struct chunk_header h = {.kind = kind, .count = count};
	struct seal s = {.n = 0};
	uint8_t *body = (uint8_t *)out + sizeof(h) + sizeof(stream);
	ptrdiff_t err;

	if (capacity < chunk_raw_bound(size) || size > CHUNK_MAX_SIZE / 2)
		return -ENOSPC;
	s.packer = packer_new();
	if (!s.packer)
		return -ENOMEM;
	s.at = body;
	s.end = body + size;
	err = seal_stream(&s, stream, bytes, size);
	if (!err)
		err = seal_finish(&s, &h, origin, out, body);
	ZSTD_freeCCtx(s.packer);
	return err;
}
