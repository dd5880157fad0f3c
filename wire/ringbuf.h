/*
 * ringbuf.h: laying out, opening, writing and reading the ring of cuflight/ring.h. Knows nothing of
 * processes, files or CUPTI.
 */
#ifndef WIRE_RINGBUF_H
#define WIRE_RINGBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuflight/chunk.h"
#include "cuflight/event.h"
#include "cuflight/ring.h"
#include "wire/atomic.h"

struct ring_config {
	uint32_t slot_count;	 /* at most RING_MAX_SLOTS; 0: NVTX only */
	uint32_t slot_size;	 /* multiple of 4096 */
	uint32_t page_count;	 /* at most RING_MAX_PAGES */
	uint32_t page_size;	 /* multiple of 4096 */
	uint64_t permanent_size; /* multiples of 4096 */
	uint64_t chunk_size;
};

/* One side's view: addresses and sizes taken once, checked, and never read from shared memory again. */
struct ring {
	struct ring_header *header;
	uint8_t *permanent;
	uint8_t *pages;
	uint8_t *slots;
	uint8_t *chunks;
	uint64_t permanent_size;
	uint64_t chunk_size;
	uint32_t page_count, page_size;
	uint32_t slot_count, slot_size;
	size_t size; /* of the mapping */

	/* The producer's own positions: what it publishes in the header, it never reads back from there. */
	uint64_t head;
	uint64_t floor;
	uint64_t permanent_used;
};

/* Bytes that ring_init() needs, or 0 when the configuration cannot be. */
size_t ring_size(const struct ring_config *config);
/* Write the header of a fresh, zeroed mapping of ring_size() bytes. state stays RING_SETUP; identity is the
 * caller's. */
int ring_init(struct ring *r, void *memory, const struct ring_config *config);
/* Take the view of somebody else's ring. -EBADMSG: not a ring, or regions that overlap or do not fit;
   -EAGAIN: still in set-up; -EPROTONOSUPPORT: another ABI. */
int ring_open(struct ring *r, void *memory, size_t size);

/* ---- producer: the helper thread only ---- */

/* Publish one chunk (size a multiple of 8). 0, or -ENOSPC: dropped (the caller counts it), -E2BIG: larger
   than a quarter of the ring. In FLIGHT policy old chunks make room; *overwritten, if not NULL, gets the
   number of records that went. */
int ring_put(struct ring *r, const void *chunk, size_t size, uint64_t *overwritten);
/* Append a permanent record (header included, size a multiple of 8) and publish it. 0 or -ENOSPC. */
int ring_put_permanent(struct ring *r, const void *record, size_t size);
/* Count a loss. now: CLOCK_MONOTONIC ns. Any thread. */
void ring_lose(struct ring *r, enum loss_cause cause, uint64_t count, int64_t now);

/* ---- consumer: the collector ---- */

/*
 * Copy the next chunk to buf and advance. Returns its size; 0: none; -ENOBUFS: capacity is too small (*need
 * says how much); -EBADMSG: what lies there is not a chunk: everything up to head is skipped (and *need says
 * how many bytes were). The chunk's checksum is not looked at.
 */
ptrdiff_t ring_get(struct ring *r, void *buf, size_t capacity, size_t *need);
/* Bytes published and not yet taken. */
uint64_t ring_fill(const struct ring *r);
/* Copy permanent records from *offset on: whole records only. Returns bytes copied, 0: none, -EBADMSG.
 *Advances *offset; *records and strings count what was copied. */
ptrdiff_t ring_get_permanent(struct ring *r, uint64_t *offset, void *buf, size_t capacity, uint32_t *records);
/* Has the helper ended without good-bye? */
bool ring_owner_died(const struct ring *r);

/* Name of a cause for people: "no free buffer slot", ... Never NULL. Short name for scripts: "no_slot". */
const char *loss_cause_name(uint32_t cause);
const char *loss_cause_key(uint32_t cause);
/* Is this cause a record that is missing from the file (true), or one that was kept though not whole (false)?
 */
bool loss_cause_is_loss(uint32_t cause);

#endif
