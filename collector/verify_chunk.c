/*
 * verify_chunk.c: is what a chunk holds what a chunk of its kind may hold?
 */
#include "collector/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cuflight/ring.h"
#include "wire/ringbuf.h"
#include "wire/schema.h"

int verify_note(struct verify *v, const struct chunk_header *h, uint64_t at)
{
	if (v->noted_count == v->noted_capacity) {
		size_t capacity = v->noted_capacity ? v->noted_capacity * 2 : 1024;
		struct file_index_entry *grown = realloc(v->noted, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		v->noted = grown;
		v->noted_capacity = capacity;
	}
	v->noted[v->noted_count++] = (struct file_index_entry){
		.offset = at,
		.process = h->process,
		.first_time = h->first_time,
		.last_time = h->last_time,
		.size = h->size,
		.count = h->count,
		.kind = h->kind,
		.flags = h->flags,
		.lost = h->lost,
	};
	return 0;
}

int verify_index(struct verify *v, const struct chunk_header *h, uint64_t at)
{
	struct file_index_entry e;
	const void *bytes;
	size_t size, n, wrong = 0;
	uint64_t first = 0;
	int err = chunk_decode_raw(v->decoder, v->bytes, h->size, &bytes, &size);

	if (err == -ENOMEM)
		return err;
	if (err || size % sizeof(e)) {
		verify_problem(v, at, "an index that cannot be read");
		return 0;
	}
	n = size / sizeof(e);
	for (size_t i = 0; i < n; i++) {
		memcpy(&e, (const char *)bytes + i * sizeof(e), sizeof(e));
		/* Both were zeroed whole; there is no padding. */
		if (v->indexed + i < v->noted_count && !memcmp(&e, &v->noted[v->indexed + i], sizeof(e)))
			continue;
		if (!wrong++)
			first = e.offset;
	}
	if (wrong)
		verify_problem(v, at,
			       "entries of the index that are not what the file has: %zu, the first for "
			       "offset %" PRIu64,
			       wrong, first);
	v->indexed += n;
	return 0;
}

static void check_permanent(struct verify *v, struct verify_process *p, const struct chunk_header *h,
			    const uint8_t *bytes, size_t size, uint64_t at)
{
	uint64_t strings = h->first_string ? h->first_string - 1 : p->strings;
	uint32_t count = 0;

	for (size_t i = 0; i < size; count++) {
		struct permanent_header r;
		struct permanent_loss loss;

		if (size - i < sizeof(r))
			break;
		memcpy(&r, bytes + i, sizeof(r));
		if (r.size < sizeof(r) || r.size % CHUNK_ALIGN || r.size > size - i) {
			verify_problem(v, at, "permanent record %u has the size %u, which cannot be", count,
				       r.size);
			return;
		}
		strings += r.kind == PERMANENT_STRING;
		p->strings = strings > p->strings ? strings : p->strings;
		if (r.kind == PERMANENT_LOSS && r.size >= sizeof(loss)) {
			memcpy(&loss, bytes + i, sizeof(loss));
			if (loss_cause_is_loss(loss.cause))
				p->losses += loss.count;
		}
		i += r.size;
	}
	if (count != h->count)
		verify_problem(v, at, "%u permanent records; the header says %u", count, h->count);
}

/* A column of text references: each names a text that is there. */
static void check_text(struct verify *v, const struct verify_process *p, const struct batch *b,
		       uint32_t column, uint64_t at)
{
	for (uint32_t i = 0; i < b->count; i++) {
		uint64_t reference = batch_value(b, column, i);
		size_t length;

		if (!reference)
			continue;
		if (reference & TEXT_LOCAL && reference <= UINT32_MAX
			    ? chunk_decoder_text(v->decoder, (uint32_t)reference, &length) != NULL
			    : reference <= p->strings)
			continue;
		verify_problem(v, at, "record %u, field %u: there is no text %" PRIu64, i,
			       b->columns[column].field, reference);
		return;
	}
}

/* Times lie in the span that the header states, which selections rely on. */
static void check_times(struct verify *v, const struct batch *b, uint32_t start, int duration, uint64_t at)
{
	for (uint32_t i = 0; i < b->count; i++) {
		int64_t from = (int64_t)batch_value(b, start, i);
		uint64_t length = duration < 0 ? 0 : batch_value(b, (uint32_t)duration, i);

		if (from >= b->header.first_time && from <= b->header.last_time &&
		    length <= (uint64_t)b->header.last_time - (uint64_t)from)
			continue;
		verify_problem(v, at,
			       "record %u (%" PRId64 " + %" PRIu64
			       " ns) lies outside its chunk's span of time",
			       i, from, length);
		return;
	}
}

static void check_losses(struct verify_process *p, const struct batch *b, uint32_t cause, uint32_t count)
{
	for (uint32_t i = 0; i < b->count; i++)
		if (loss_cause_is_loss((uint32_t)batch_value(b, cause, i)))
			p->losses += batch_value(b, count, i);
}

static int check_columns(struct verify *v, struct verify_process *p, const struct schema *s,
			 const struct chunk_header *h, uint64_t at)
{
	uint16_t fields[SCHEMA_MAX_FIELDS];
	struct batch b;
	int err, start;

	for (uint32_t i = 0; i < s->n_fields; i++)
		fields[i] = s->fields[i].field;
	err = chunk_decode(v->decoder, v->bytes, h->size, fields, s->n_fields, &b);
	if (err == -ENOMEM)
		return err;
	if (err) {
		verify_problem(v, at, "a chunk of %s that cannot be decoded", s->name);
		return 0;
	}
	for (uint32_t i = 0; i < s->n_fields; i++)
		if (schema_is_text(fields[i]))
			check_text(v, p, &b, i, at);
	start = schema_index(s, FIELD_START);
	if (start >= 0)
		check_times(v, &b, (uint32_t)start, schema_index(s, FIELD_DURATION), at);
	if (s->kind == EVENT_LOST)
		check_losses(p, &b, (uint32_t)schema_index(s, FIELD_CAUSE),
			     (uint32_t)schema_index(s, FIELD_COUNT));
	return 0;
}

int verify_chunk(struct verify *v, struct verify_process *p, const struct chunk_header *h, uint64_t at)
{
	const struct schema *s = schema_find(h->kind);
	const void *bytes;
	size_t size;
	int err;

	if (s)
		return check_columns(v, p, s, h, at);
	/* A kind that a later version added: its checksum was right, and that is all that can be said. */
	if (h->kind != EVENT_PERMANENT)
		return 0;
	err = chunk_decode_raw(v->decoder, v->bytes, h->size, &bytes, &size);
	if (err == -ENOMEM)
		return err;
	if (err)
		verify_problem(v, at, "permanent records that cannot be unpacked");
	else
		check_permanent(v, p, h, bytes, size, at);
	return 0;
}

void verify_free(struct verify *v)
{
	chunk_decoder_free(v->decoder);
	free(v->bytes);
	free(v->processes);
	free(v->noted);
}
