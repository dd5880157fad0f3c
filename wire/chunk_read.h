/*
 * chunk_read.h: a chunk in, columns out. Trusts nothing: every size, offset and index in the chunk is
 * checked, so that a damaged or hostile chunk gives an error and never a crash, an endless loop or more
 * memory than CHUNK_MAX_RAW asks for.
 */
#ifndef WIRE_CHUNK_READ_H
#define WIRE_CHUNK_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuflight/chunk.h"
#include "cuflight/event.h"

/*
 * Look at the header of the chunk that starts at p, with `available` bytes to read. Copies it to *out.
 * 0; -EAGAIN: not all of it is there yet (out is set if the header is whole); -EBADMSG: not a chunk, or sizes
 * that cannot be; -EPROTONOSUPPORT: a newer version (out->size may be used to skip it).
 */
int chunk_peek(const void *p, size_t available, struct chunk_header *out);
/* chunk_peek and the checksum: 0, or as above, or -EILSEQ for a wrong checksum. */
int chunk_check(const void *p, size_t available, struct chunk_header *out);

/*
 * Decoded columns of one chunk. Static columns have one value a site, dynamic ones one a record: read them
 * through batch_value(), or, faster, go by site. Owned by the decoder; valid until its next decode.
 */
struct batch_column {
	uint16_t field;
	bool by_site;  /* values[site[i]], else values[i] */
	bool constant; /* values[0] for all */
	const uint64_t *values;
};

struct batch {
	struct chunk_header header;
	uint32_t count;
	uint32_t sites;	      /* >= 1 when count > 0 */
	const uint32_t *site; /* count entries; every one < sites */
	const struct batch_column
		*columns; /* in the order asked for; values NULL: the chunk has no such column */
	uint32_t column_count;
	uint32_t dict_count; /* the chunk's own texts */
};

static inline uint64_t batch_value(const struct batch *b, uint32_t column, uint32_t record)
{
	const struct batch_column *c = &b->columns[column];

	if (!c->values)
		return 0;
	return c->values[c->constant ? 0 : c->by_site ? b->site[record] : record];
}

struct chunk_decoder;

struct chunk_decoder *chunk_decoder_new(void); /* NULL: no memory. One a thread. */
void chunk_decoder_free(struct chunk_decoder *d);

/*
 * Decode the fields asked for (enum event_field, at most SCHEMA_MAX_FIELDS). The whole chunk must be at p and
 * should have passed chunk_check() (it is safe without). FIELD_START, FIELD_DURATION and FIELD_SITE may be
 * asked for like any other. 0; -EBADMSG: the chunk contradicts itself; -ENOMEM; -EINVAL: too many fields;
 * -EPROTONOSUPPORT.
 */
int chunk_decode(struct chunk_decoder *d, const void *p, size_t size, const uint16_t *fields, uint32_t n,
		 struct batch *out);

/*
 * Text of the chunk's own dictionary, for a reference with TEXT_LOCAL. Not terminated; valid as long as the
 * batch. NULL when there is no such text.
 */
const char *chunk_decoder_text(const struct chunk_decoder *d, uint32_t reference, size_t *length);

/*
 * The bytes of a raw chunk (FIELD_RAW). *bytes is owned by the decoder, 8-byte aligned, valid until its next
 * decode.
 */
int chunk_decode_raw(struct chunk_decoder *d, const void *p, size_t size, const void **bytes, size_t *length);

#endif
