/*
 * chunk_writer.h: the writer's inside, shared by chunk_write.c (rows come in) and chunk_seal.c (bytes go
 * out). For no one else.
 */
#ifndef WIRE_CHUNK_WRITER_H
#define WIRE_CHUNK_WRITER_H

#include "wire/chunk_write.h"

/* A chunk with this much text of its own is full, whatever its records. */
#define MAX_TEXT_BYTES (1u << 20)

/* Flags in a site's first state word. */
#define GAP_KNOWN      1u
#define DURATION_KNOWN 2u

struct writer_lane {
	uint64_t key; /* hash of the lane's fields; 64 bits over a handful of lanes: a clash is not a concern,
			 and costs only size */
	uint64_t end; /* of its last record */
	uint32_t first_record;
};

struct writer_text {
	uint32_t hash;
	uint32_t length;
	size_t offset;
};

struct chunk_writer {
	const struct schema *schema;
	uint32_t max_records;
	uint32_t count;
	int64_t first_time, last_time;

	uint64_t *symbols;   /* ENC_SITE_INDEX, one a record */
	uint64_t *residuals; /* max_records for each dynamic field, field after field */
	uint64_t *scratch;   /* max_records: a site column, while sealing */
	uint8_t *plane;	     /* max_records: one plane, while sealing */

	uint32_t *contexts; /* CHUNK_CONTEXTS */
	uint32_t before, previous;
	uint64_t last[SCHEMA_MAX_FIELDS]; /* ENC_STEP: the previous record's values */

	uint32_t sites, site_capacity;
	uint64_t *site_values; /* n_static values and the lane, a site */
	uint64_t *site_states; /* chunk_writer_states() words a site */
	uint32_t *site_table, site_table_size;

	struct writer_lane *lanes;
	uint32_t lane_count, lane_capacity;

	struct writer_text *texts;
	uint32_t text_count;
	char *text_bytes;
	size_t text_used, text_size;
	uint32_t *text_table, text_table_size;

	void *packer; /* ZSTD_CCtx, made at the first seal */
};

/* Flags, then one word a dynamic field. */
static inline uint32_t chunk_writer_states(const struct chunk_writer *w)
{
	return 1u + w->schema->n_fields - w->schema->n_static;
}

void chunk_writer_reset(struct chunk_writer *w);
void chunk_writer_free_packer(struct chunk_writer *w);

#endif
