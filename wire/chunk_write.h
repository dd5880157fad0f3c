/*
 * chunk_write.h: rows in, one sealed chunk out. One writer holds the open chunk of one kind of one process.
 *
 * Threads: a writer belongs to one thread at a time. Memory: everything is allocated by chunk_writer_new()
 * and when a chunk has more sites than ever before; adding a row to a known site allocates nothing.
 */
#ifndef WIRE_CHUNK_WRITE_H
#define WIRE_CHUNK_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/schema.h"

struct chunk_writer;

/* What the header needs to know about the producer. */
struct chunk_origin {
	uint64_t process;
	uint64_t sequence;
	uint32_t generation;
	uint32_t lost;	       /* since the previous chunk */
	uint16_t flags;	       /* enum chunk_flag */
	uint64_t first_string; /* EVENT_PERMANENT only */
};

/* A writer of one kind, or NULL when there is no memory or no schema. max_records: 1 to CHUNK_MAX_RECORDS. */
struct chunk_writer *chunk_writer_new(uint16_t kind, uint32_t max_records);
void chunk_writer_free(struct chunk_writer *w); /* NULL is fine */

/*
 * Add a row (schema.h: uint64_t in the kind's order). 0, or -ENOSPC when the chunk is full (seal it and add
 * again), or -ENOMEM.
 */
int chunk_writer_add(struct chunk_writer *w, const uint64_t *row);

/*
 * Must the chunk be sealed before the next row? A row whose text references were made while this was false
 * can be added: ask first, then make the references, then add.
 */
bool chunk_writer_full(const struct chunk_writer *w);

/*
 * A reference for text that is not in the permanent region: equal texts get the same reference. Valid until
 * the chunk is sealed. Length is cut at 65,535 bytes. Returns 0 (no text) when there is no memory.
 */
uint32_t chunk_writer_text(struct chunk_writer *w, const char *text, size_t length);

uint32_t chunk_writer_count(const struct chunk_writer *w);
/* An upper bound of the size of the chunk that would be sealed now, bytes. */
size_t chunk_writer_bound(const struct chunk_writer *w);

/*
 * Seal: writes the chunk to out (capacity: at least chunk_writer_bound()) and empties the writer. Returns the
 * chunk's size, 0 when there is nothing to seal, or -ENOSPC, -ENOMEM, -EIO (compression failed), in which
 * case the rows are gone.
 */
ptrdiff_t chunk_writer_seal(struct chunk_writer *w, const struct chunk_origin *origin, void *out,
			    size_t capacity);

/*
 * A chunk of raw bytes (FIELD_RAW): permanent records, index entries. `count` goes into the header as it is.
 * out needs chunk_raw_bound(size). Returns the chunk's size or -errno.
 */
size_t chunk_raw_bound(size_t size);
ptrdiff_t chunk_write_raw(uint16_t kind, uint32_t count, const void *bytes, size_t size,
			  const struct chunk_origin *origin, void *out, size_t capacity);

#endif
