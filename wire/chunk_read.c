/*
 * chunk_read.c: the columns of a chunk, decoded. The encodings are described in chunk.h; the arithmetic is
 * predict.h's.
 */
#include "wire/chunk_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "wire/predict.h"
#include "wire/schema.h"

/* Columns held at once: those asked for, and those that others depend on. */
enum { COLUMN_DURATION = SCHEMA_MAX_FIELDS, COLUMN_LANE, COLUMNS };

/* Memory that only grows, so that steady decoding allocates nothing. */
struct room {
	void *bytes;
	size_t size;
};

struct chunk_decoder {
	ZSTD_DCtx *unpacker;
	struct room values[COLUMNS]; /* uint64_t */
	struct room site;	     /* uint32_t a record */
	struct room contexts;	     /* uint32_t */
	struct room states;	     /* uint64_t a site: a predictor's memory */
	struct room known;	     /* uint8_t a site: the predictor has a value */
	struct room ends;	     /* uint64_t a lane */
	struct room plane;	     /* bytes of one plane */
	struct room raw;	     /* a raw chunk, or the dictionary */
	struct batch_column columns[SCHEMA_MAX_FIELDS];
	struct room dict_ends; /* uint32_t a text: where it ends in dict_bytes */
	const char *dict_bytes;
	uint32_t dict_count;
};

/* The chunk being decoded, its directory checked. */
struct reading {
	struct chunk_header h;
	const uint8_t *chunk;
	const uint8_t *directory;
	uint64_t body; /* offset of the first stream's bytes */
	struct chunk_decoder *d;
	bool have_site, have_duration;
	const uint64_t *duration;
};

static int room_for(struct room *room, size_t size)
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

static struct chunk_stream stream_at(const struct reading *r, uint32_t i)
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
		struct chunk_stream stream = stream_at(r, i);

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
static int find_stream(const struct reading *r, uint16_t field, uint32_t *index, uint64_t *offset)
{
	*offset = r->body;
	for (uint32_t i = 0; i < r->h.streams; i++) {
		struct chunk_stream stream = stream_at(r, i);

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
static int load_column(const struct reading *r, uint32_t index, uint64_t offset, uint32_t n,
		       struct room *room, bool *constant)
{
	struct chunk_stream first = stream_at(r, index);
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
		struct chunk_stream stream = stream_at(r, index + p);

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

/* Which site each record belongs to; needed by nearly every other column, decoded once. */
static int decode_sites(struct reading *r)
{
	struct chunk_decoder *d = r->d;
	uint32_t n = r->h.count, index, a = 0, b = 0;
	uint32_t *site, *contexts;
	const uint64_t *symbols;
	uint64_t offset;
	bool constant;
	int err;

	if (r->have_site)
		return 0;
	if (!r->h.sites || find_stream(r, FIELD_SITE, &index, &offset) ||
	    stream_at(r, index).encoding != ENC_SITE_INDEX)
		return -EBADMSG;
	err = room_for(&d->site, n * sizeof(*site));
	if (!err)
		err = room_for(&d->contexts, CHUNK_CONTEXTS * sizeof(*contexts));
	if (!err)
		err = load_column(r, index, offset, n, &d->values[COLUMN_LANE], &constant);
	if (err)
		return err;
	site = d->site.bytes;
	contexts = d->contexts.bytes;
	symbols = d->values[COLUMN_LANE].bytes; /* lanes come later, if at all */
	memset(contexts, 0, CHUNK_CONTEXTS * sizeof(*contexts));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t *context = &contexts[context_slot(a, b)];
		uint64_t symbol = symbols[i];

		if (symbol) {
			if (symbol > r->h.sites)
				return -EBADMSG;
			*context = (uint32_t)symbol - 1;
		}
		a = b;
		b = site[i] = *context;
	}
	r->have_site = true;
	return 0;
}

/* Per-site memory of a predictor, cleared. */
static int fresh_states(struct reading *r, uint64_t **states, uint8_t **known)
{
	int err = room_for(&r->d->states, r->h.sites * sizeof(**states));

	if (!err)
		err = room_for(&r->d->known, r->h.sites);
	if (err)
		return err;
	*states = memset(r->d->states.bytes, 0, r->h.sites * sizeof(**states));
	*known = memset(r->d->known.bytes, 0, r->h.sites);
	return 0;
}

static int decode_duration(struct reading *r, uint64_t *v)
{
	const uint32_t *site = r->d->site.bytes;
	uint64_t *mean;
	uint8_t *known;
	int err = fresh_states(r, &mean, &known);

	if (err)
		return err;
	for (uint32_t i = 0; i < r->h.count; i++) {
		uint32_t s = site[i];

		if (known[s]) {
			v[i] = unzigzag(v[i]) + mean_predict(mean[s]);
			mean[s] = mean_next(mean[s], v[i]);
		} else {
			v[i] = unzigzag(v[i]);
			mean[s] = mean_first(v[i]);
			known[s] = 1;
		}
	}
	return 0;
}

static int decode_step(struct reading *r, uint64_t *v)
{
	const uint32_t *site = r->d->site.bytes;
	uint64_t last = 0, *step;
	uint8_t *known;
	int err = fresh_states(r, &step, &known);

	if (err)
		return err;
	for (uint32_t i = 0; i < r->h.count; i++) {
		step[site[i]] += unzigzag(v[i]);
		v[i] = last += step[site[i]];
	}
	return 0;
}

static int decode_last(struct reading *r, uint64_t *v)
{
	const uint32_t *site = r->d->site.bytes;
	uint64_t *last;
	uint8_t *known;
	int err = fresh_states(r, &last, &known);

	if (err)
		return err;
	for (uint32_t i = 0; i < r->h.count; i++)
		v[i] = last[site[i]] += unzigzag(v[i]);
	return 0;
}

static void decode_site_values(uint64_t *v, uint32_t n)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < n; i++)
		v[i] = before += unzigzag(v[i]);
}

static int load_duration(struct reading *r);

/* Starts need the lanes and the durations of the records before. */
static int decode_start(struct reading *r, uint64_t *v)
{
	struct chunk_decoder *d = r->d;
	const uint32_t *site = d->site.bytes;
	uint64_t *mean, *lanes, *ends, offset, lane_max = 0;
	uint32_t index;
	uint8_t *known;
	bool constant;
	int err = load_duration(r);

	if (!err)
		err = find_stream(r, FIELD_LANE, &index, &offset) ? -EBADMSG : 0;
	if (!err)
		err = load_column(r, index, offset, r->h.sites, &d->values[COLUMN_LANE], &constant);
	if (err)
		return err;
	lanes = d->values[COLUMN_LANE].bytes;
	if (constant)
		for (uint32_t s = 1; s < r->h.sites; s++)
			lanes[s] = lanes[0];
	else
		decode_site_values(lanes, r->h.sites);
	for (uint32_t s = 0; s < r->h.sites; s++)
		lane_max = lanes[s] > lane_max ? lanes[s] : lane_max;
	if (lane_max >= r->h.sites)
		return -EBADMSG;
	/* ends: the lane's last end, then whether it has one. */
	err = room_for(&d->ends, (lane_max + 1) * 2 * sizeof(*ends));
	if (!err)
		err = fresh_states(r, &mean, &known);
	if (err)
		return err;
	ends = memset(d->ends.bytes, 0, (lane_max + 1) * 2 * sizeof(*ends));
	for (uint32_t i = 0; i < r->h.count; i++) {
		uint32_t s = site[i];
		uint64_t *end = &ends[lanes[s] * 2], gap;

		if (!end[1]) {
			v[i] = unzigzag(v[i]) + (uint64_t)r->h.first_time;
			end[1] = 1;
		} else if (known[s]) {
			gap = unzigzag(v[i]) + mean_predict(mean[s]);
			v[i] = end[0] + gap;
			mean[s] = mean_next(mean[s], gap);
		} else {
			gap = unzigzag(v[i]);
			v[i] = end[0] + gap;
			mean[s] = mean_first(gap);
			known[s] = 1;
		}
		end[0] = v[i] + (r->duration ? r->duration[i] : 0);
	}
	return 0;
}

/* Undo the prediction of a loaded column. -ENOENT: an encoding that is not known here. */
static int decode_column(struct reading *r, uint8_t encoding, uint64_t *v)
{
	switch (encoding) {
	case ENC_PLAIN:
		return 0;
	case ENC_DURATION:
		return decode_duration(r, v);
	case ENC_START:
		return decode_start(r, v);
	case ENC_STEP:
		return decode_step(r, v);
	case ENC_LAST:
		return decode_last(r, v);
	default:
		return -ENOENT;
	}
}

static bool encoding_needs_sites(uint8_t encoding)
{
	return encoding != ENC_CONST && encoding != ENC_PLAIN;
}

/* Decode one field into `column`; left without values where the chunk has no such column or its encoding is
 * not known. */
static int decode_field(struct reading *r, uint16_t field, struct room *room, struct batch_column *column)
{
	struct chunk_stream stream;
	uint64_t offset;
	uint32_t index;
	int err;

	*column = (struct batch_column){.field = field};
	if (find_stream(r, field, &index, &offset))
		return 0;
	stream = stream_at(r, index);
	if (stream.encoding > ENC_LAST || stream.encoding == ENC_BYTES || stream.encoding == ENC_SITE_INDEX)
		return 0;
	if (encoding_needs_sites(stream.encoding)) {
		err = decode_sites(r);
		if (err)
			return err;
	}
	column->by_site = stream.encoding == ENC_SITE;
	err = load_column(r, index, offset, column->by_site ? r->h.sites : r->h.count, room,
			  &column->constant);
	if (err)
		return err;
	if (column->by_site)
		decode_site_values(room->bytes, r->h.sites);
	else if (!column->constant)
		err = decode_column(r, stream.encoding, room->bytes);
	column->values = room->bytes;
	return err;
}

/* Durations of all records, if the chunk has any: asked for or not. */
static int load_duration(struct reading *r)
{
	struct batch_column column;
	uint64_t *v;
	int err;

	if (r->have_duration)
		return 0;
	err = decode_field(r, FIELD_DURATION, &r->d->values[COLUMN_DURATION], &column);
	if (err)
		return err;
	v = r->d->values[COLUMN_DURATION].bytes;
	if (column.values && column.by_site)
		return -EBADMSG;
	if (column.values && column.constant)
		for (uint32_t i = 1; i < r->h.count; i++)
			v[i] = v[0];
	r->have_duration = true;
	r->duration = column.values ? v : NULL;
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

	if (find_stream(r, FIELD_DICT, &index, &offset))
		return 0;
	stream = stream_at(r, index);
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
		err = decode_field(&r, fields[i], &d->values[i], &d->columns[i]);
	/* Whoever reads static columns goes through `site`, so it is there even if nothing else needed it. */
	if (!err && r.h.count)
		err = decode_sites(&r);
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
	if (find_stream(&r, FIELD_RAW, &index, &offset))
		return -EBADMSG;
	stream = stream_at(&r, index);
	if (stream.encoding != ENC_BYTES)
		return -EBADMSG;
	err = room_for(&d->raw, stream.raw ? stream.raw : 1);
	if (!err)
		err = unpack(&r, &stream, offset, d->raw.bytes, stream.raw);
	*bytes = d->raw.bytes;
	*length = stream.raw;
	return err;
}
