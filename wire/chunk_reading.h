/*
 * chunk_reading.h: the decoder's inside, shared by chunk_read.c (directory and bytes) and chunk_columns.c
 * (undoing the predictions). For no one else.
 */
#ifndef WIRE_CHUNK_READING_H
#define WIRE_CHUNK_READING_H

#include <zstd.h>

#include "wire/chunk_read.h"
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

/* Make `room` hold at least size bytes. 0 or -ENOMEM. */
int room_for(struct room *room, size_t size);

/* Directory entry i. */
struct chunk_stream reading_stream(const struct reading *r, uint32_t i);
/* The first stream of a field: its index and the offset of its bytes, or -ENOENT. */
int reading_find(const struct reading *r, uint16_t field, uint32_t *index, uint64_t *offset);
/*
 * The integers of a column whose planes begin at stream `index`: n of them, as stored (not yet predicted). A
 * column that is constant gives its value once and sets *constant.
 */
int reading_load(const struct reading *r, uint32_t index, uint64_t offset, uint32_t n, struct room *room,
		 bool *constant);

/* Which site each record belongs to, into the decoder's `site`; done once. */
int reading_sites(struct reading *r);
/* Decode one field into `column`; left without values where the chunk has no such column or its encoding is
 * not known. */
int reading_field(struct reading *r, uint16_t field, struct room *room, struct batch_column *column);

#endif
