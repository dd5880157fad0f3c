/*
 * chunk_read.c: a chunk's directory, bytes and texts. Its columns' predictions are undone in chunk_columns.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/chunk_reading.h"

int room_for(struct room *room, size_t size)
{
	void *bytes;

	if (size <= room->size)
		return 0;
	size += size / 2;
	bytes = realloc(room->bytes, size);
	if (!bytes)
		return -ENOMEM;
	room->bytes = bytes;
	room->size = size;
	return 0;
}

struct chunk_decoder *chunk_decoder_new(void)
{
	struct chunk_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->unpacker = ZSTD_createDCtx();
	if (!d->unpacker) {
		free(d);
		return NULL;
	}
	return d;
}

void chunk_decoder_free(struct chunk_decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < COLUMNS; i++)
		free(d->values[i].bytes);
	free(d->site.bytes);
	free(d->contexts.bytes);
	free(d->states.bytes);
	free(d->known.bytes);
	free(d->ends.bytes);
	free(d->plane.bytes);
	free(d->raw.bytes);
	free(d->dict_ends.bytes);
	ZSTD_freeDCtx(d->unpacker);
	free(d);
}

struct chunk_stream reading_stream(const struct reading *r, uint32_t i)
{
	struct chunk_stream stream;

	memcpy(&stream, r->directory + i * sizeof(stream), sizeof(stream));
	return stream;
}

static uint32_t stream_stored(const struct chunk_stream *stream)
{
	return stream->encoding == ENC_CONST ? 0 : stream->stored;
}

/* Check the header and that every stream lies within the chunk. */
static int reading_open(struct reading *r, struct chunk_decoder *d, const void *p, size_t size)
{
	uint64_t at, raw = 0;
	int err = chunk_peek(p, size, &r->h);

	if (err)
		return err == -EAGAIN ? -EBADMSG : err;
	r->d = d;
	r->chunk = p;
	r->directory = r->chunk + r->h.header_size;
	r->body = at = r->h.header_size + (uint64_t)r->h.streams * sizeof(struct chunk_stream);
	for (uint32_t i = 0; i < r->h.streams; i++) {
		struct chunk_stream stream = reading_stream(r, i);

		if (stream.encoding == ENC_CONST)
			continue;
		at += stream.stored;
		raw += stream.raw;
		if (at > r->h.size || raw > CHUNK_MAX_RAW)
			return -EBADMSG;
	}
	d->dict_count = 0;
	return 0;
}

/* The first stream of a field: its index and the offset of its bytes, or -ENOENT. */
int reading_find(const struct reading *r, uint16_t field, uint32_t *index, uint64_t *offset)
{
	*offset = r->body;
	for (uint32_t i = 0; i < r->h.streams; i++) {
		struct chunk_stream stream = reading_stream(r, i);

		if (stream.field == field) {
			*index = i;
			return 0;
		}
		*offset += stream_stored(&stream);
	}
	return -ENOENT;
}

/* One stream's bytes: exactly `size` of them, to out. */
static int unpack(const struct reading *r, const struct chunk_stream *stream, uint64_t offset, void *out,
		  size_t size)
{
	const uint8_t *bytes = r->chunk + offset;

	if (stream->raw != size)
		return -EBADMSG;
	switch (stream->codec) {
	case CODEC_NONE:
		if (stream->stored != size)
			return -EBADMSG;
		memcpy(out, bytes, size);
		return 0;
	case CODEC_ZERO:
		memset(out, 0, size);
		return 0;
	case CODEC_ZSTD:
		return ZSTD_decompressDCtx(r->d->unpacker, out, size, bytes, stream->stored) == size
			       ? 0
			       : -EBADMSG;
	default:
		return -EPROTONOSUPPORT;
	}
}

/*
 * The integers of a column whose planes begin at stream `index`: n of them, as stored (not yet predicted). A
 * column that is constant gives its value once and sets *constant.
 */
int reading_load(const struct reading *r, uint32_t index, uint64_t offset, uint32_t n, struct room *room,
		 bool *constant)
{
	struct chunk_stream first = reading_stream(r, index);
	uint64_t *values;
	uint8_t *plane;
	int err = room_for(room, (n ? n : 1) * sizeof(*values));

	if (!err)
		err = room_for(&r->d->plane, n);
	if (err)
		return err;
	values = room->bytes;
	plane = r->d->plane.bytes;
	*constant = first.encoding == ENC_CONST;
	if (*constant) {
		values[0] = first.value;
		return 0;
	}
	if (!first.planes || first.planes > 8 || first.planes > r->h.streams - index)
		return -EBADMSG;
	for (uint32_t p = 0; p < first.planes; p++) {
		struct chunk_stream stream = reading_stream(r, index + p);

		if (stream.field != first.field || stream.encoding != first.encoding || stream.plane != p)
			return -EBADMSG;
		err = unpack(r, &stream, offset, plane, n);
		if (err)
			return err;
		offset += stream.stored;
		if (!p)
			for (uint32_t i = 0; i < n; i++)
				values[i] = plane[i];
		else
			for (uint32_t i = 0; i < n; i++)
				values[i] |= (uint64_t)plane[i] << (8 * p);
	}
	return 0;
}

static int decode_dictionary(struct reading *r)
{
	struct chunk_decoder *d = r->d;
	struct chunk_stream stream;
	const uint8_t *lengths;
	uint32_t index, count, *ends;
	uint64_t offset;
	size_t left;
	int err;

	if (reading_find(r, FIELD_DICT, &index, &offset))
		return 0;
	stream = reading_stream(r, index);
	if (stream.encoding != ENC_BYTES || stream.raw < sizeof(count))
		return -EBADMSG;
	err = room_for(&d->raw, stream.raw);
	if (!err)
		err = unpack(r, &stream, offset, d->raw.bytes, stream.raw);
	if (err)
		return err;
	memcpy(&count, d->raw.bytes, sizeof(count));
	if (count > (stream.raw - sizeof(count)) / sizeof(count))
		return -EBADMSG;
	err = room_for(&d->dict_ends, count * sizeof(*ends));
	if (err)
		return err;
	lengths = (const uint8_t *)d->raw.bytes + sizeof(count);
	ends = d->dict_ends.bytes;
	left = stream.raw - (1 + (size_t)count) * sizeof(count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t length;

		memcpy(&length, lengths + i * sizeof(length), sizeof(length));
		if (length > left)
			return -EBADMSG;
		left -= length;
		ends[i] = (i ? ends[i - 1] : 0) + length;
	}
	d->dict_bytes = (const char *)lengths + count * sizeof(count);
	d->dict_count = count;
	return 0;
}

int chunk_decode(struct chunk_decoder *d, const void *p, size_t size, const uint16_t *fields, uint32_t n,
		 struct batch *out)
{
	struct reading r = {.have_site = false};
	int err;

	if (n > SCHEMA_MAX_FIELDS)
		return -EINVAL;
	err = reading_open(&r, d, p, size);
	if (err)
		return err;
	for (uint32_t i = 0; i < n; i++)
		d->columns[i] = (struct batch_column){.field = fields[i]};
	for (uint32_t i = 0; i < n && !err && r.h.count; i++)
		err = reading_field(&r, fields[i], &d->values[i], &d->columns[i]);
	/* Whoever reads static columns goes through `site`, so it is there even if nothing else needed it. */
	if (!err && r.h.count)
		err = reading_sites(&r);
	if (!err)
		err = decode_dictionary(&r);
	if (err)
		return err;
	*out = (struct batch){.header = r.h,
			      .count = r.h.count,
			      .sites = r.h.sites,
			      .site = d->site.bytes,
			      .columns = d->columns,
			      .column_count = n,
			      .dict_count = d->dict_count};
	return 0;
}

const char *chunk_decoder_text(const struct chunk_decoder *d, uint32_t reference, size_t *length)
{
	uint32_t index = reference & ~TEXT_LOCAL, start;
	const uint32_t *ends = d->dict_ends.bytes;

	if (!(reference & TEXT_LOCAL) || index >= d->dict_count)
		return NULL;
	start = index ? ends[index - 1] : 0;
	*length = ends[index] - start;
	return d->dict_bytes + start;
}

int chunk_decode_raw(struct chunk_decoder *d, const void *p, size_t size, const void **bytes, size_t *length)
{
	struct reading r = {.have_site = false};
	struct chunk_stream stream;
	uint64_t offset;
	uint32_t index;
	int err = reading_open(&r, d, p, size);

	if (err)
		return err;
	if (reading_find(&r, FIELD_RAW, &index, &offset))
		return -EBADMSG;
	stream = reading_stream(&r, index);
	if (stream.encoding != ENC_BYTES)
		return -EBADMSG;
	err = room_for(&d->raw, stream.raw ? stream.raw : 1);
	if (!err)
		err = unpack(&r, &stream, offset, d->raw.bytes, stream.raw);
	*bytes = d->raw.bytes;
	*length = stream.raw;
	return err;
}
