/*
 * chunk_columns.c: from residuals back to values. The encodings are described in chunk.h; the arithmetic is
 * predict.h's.
 */
#include <errno.h>
#include <string.h>

#include "wire/chunk_reading.h"
#include "wire/predict.h"

/* Which site each record belongs to; needed by nearly every other column, decoded once. */
int reading_sites(struct reading *r)
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
	if (!r->h.sites || reading_find(r, FIELD_SITE, &index, &offset) ||
	    reading_stream(r, index).encoding != ENC_SITE_INDEX)
		return -EBADMSG;
	err = room_for(&d->site, n * sizeof(*site));
	if (!err)
		err = room_for(&d->contexts, CHUNK_CONTEXTS * sizeof(*contexts));
	if (!err)
		err = reading_load(r, index, offset, n, &d->values[COLUMN_LANE], &constant);
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
		err = reading_find(r, FIELD_LANE, &index, &offset) ? -EBADMSG : 0;
	if (!err)
		err = reading_load(r, index, offset, r->h.sites, &d->values[COLUMN_LANE], &constant);
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
int reading_field(struct reading *r, uint16_t field, struct room *room, struct batch_column *column)
{
	struct chunk_stream stream;
	uint64_t offset;
	uint32_t index;
	int err;

	*column = (struct batch_column){.field = field};
	if (reading_find(r, field, &index, &offset))
		return 0;
	stream = reading_stream(r, index);
	if (stream.encoding > ENC_LAST || stream.encoding == ENC_BYTES || stream.encoding == ENC_SITE_INDEX)
		return 0;
	if (encoding_needs_sites(stream.encoding)) {
		err = reading_sites(r);
		if (err)
			return err;
	}
	column->by_site = stream.encoding == ENC_SITE;
	err = reading_load(r, index, offset, column->by_site ? r->h.sites : r->h.count, room,
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
	err = reading_field(r, FIELD_DURATION, &r->d->values[COLUMN_DURATION], &column);
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
