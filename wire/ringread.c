/*
 * ringread.c: the collector's side of a ring. Whatever the process wrote, nothing is read outside the mapping
 * and nothing loops without end.
 */
#include "wire/ringbuf.h"

#include <errno.h>
#include <string.h>

#include "wire/chunk_read.h"

#define FUTEX_OWNER_DIED_BIT 0x40000000u /* FUTEX_OWNER_DIED of linux/futex.h */

/* The span to read: [*tail, *head), bounded by the ring's size. */
static void ring_span(const struct ring *r, uint64_t *tail, uint64_t *head)
{
	uint64_t floor;

	*head = load_acquire(&r->header->head); /* partner: the store_release in ring_put */
	*tail = load_relaxed(&r->header->tail);
	floor = load_acquire(&r->header->floor); /* partner: the store_release in ring_make_room */
	if (*tail < floor)
		*tail = floor;
	if (*tail > *head || *head - *tail > r->chunk_size)
		*tail = *head;
}

uint64_t ring_fill(const struct ring *r)
{
	uint64_t tail, head;

	ring_span(r, &tail, &head);
	return head - tail;
}

/* One attempt at the chunk at the tail: its size, 0 (none), -EAGAIN (something was skipped: look again) or an
 * error. */
static ptrdiff_t ring_try_get(struct ring *r, uint8_t *buf, size_t capacity, size_t *need)
{
	struct ring_header *h = r->header;
	struct chunk_header header;
	const uint8_t *at;
	uint64_t tail, head, to_end, left;
	uint32_t magic = 0;

	ring_span(r, &tail, &head);
	left = head - tail;
	if (!left) {
		store_release(&h->tail, tail); /* partner: the acquire in ring_put */
		return 0;
	}
	at = r->chunks + tail % r->chunk_size;
	to_end = r->chunk_size - tail % r->chunk_size;
	if (to_end >= sizeof(magic))
		memcpy(&magic, at, sizeof(magic));
	if (magic == CHUNK_FILL && to_end <= left) {
		store_release(&h->tail, tail + to_end);
		return -EAGAIN;
	}
	if (magic != CHUNK_MAGIC || to_end < sizeof(header) || left < sizeof(header))
		goto bad;
	memcpy(&header, at, sizeof(header));
	if (header.magic != CHUNK_MAGIC || header.size < sizeof(header) || header.size % CHUNK_ALIGN ||
	    header.size > CHUNK_MAX_SIZE || header.size > to_end || header.size > left)
		goto bad;
	if (header.size > capacity) {
		*need = header.size;
		return -ENOBUFS;
	}
	memcpy(buf, &header, sizeof(header)); /* the copy that was checked, not a second reading */
	memcpy(buf + sizeof(header), at + sizeof(header), header.size - sizeof(header));
	/* FLIGHT: the producer moves floor before it overwrites, so a floor that has not passed us says that
	 * the copy is good. */
	fence_full();
	if (load_acquire(&h->floor) > tail)
		return -EAGAIN;
	store_release(&h->tail, tail + header.size); /* partner: the acquire in ring_put */
	return header.size;
bad:
	/* Below a moved floor the bytes are being rewritten, which is no fault. */
	if (load_acquire(&h->floor) > tail)
		return -EAGAIN;
	*need = left;
	store_release(&h->tail, head);
	return -EBADMSG;
}

ptrdiff_t ring_get(struct ring *r, void *buf, size_t capacity, size_t *need)
{
	ptrdiff_t got = -EAGAIN;

	/* A process that moves its positions for ever must not hold us here: nothing now, more at the next
	 * call. */
	for (int tries = 0; got == -EAGAIN && tries < 64; tries++)
		got = ring_try_get(r, buf, capacity, need);
	return got == -EAGAIN ? 0 : got;
}

ptrdiff_t ring_get_permanent(struct ring *r, uint64_t *offset, void *buf, size_t capacity, uint32_t *records)
{
	uint64_t used =
		load_acquire(&r->header->permanent_used); /* partner: the release in ring_put_permanent */
	size_t copied = 0;

	*records = 0;
	if (used > r->permanent_size || *offset > used)
		return -EBADMSG;
	while (*offset < used) {
		struct permanent_header h;

		if (used - *offset < sizeof(h))
			return copied ? (ptrdiff_t)copied : -EBADMSG;
		memcpy(&h, r->permanent + *offset, sizeof(h));
		if (h.size < sizeof(h) || h.size % 8 || h.size > used - *offset)
			return copied ? (ptrdiff_t)copied : -EBADMSG;
		if (h.size > capacity - copied) {
			if (!copied)
				return -ENOBUFS;
			break;
		}
		memcpy((uint8_t *)buf + copied, &h, sizeof(h));
		memcpy((uint8_t *)buf + copied + sizeof(h), r->permanent + *offset + sizeof(h),
		       h.size - sizeof(h));
		copied += h.size;
		*offset += h.size;
		(*records)++;
	}
	return (ptrdiff_t)copied;
}

bool ring_owner_died(const struct ring *r)
{
	return load_acquire(&r->header->liveness) & FUTEX_OWNER_DIED_BIT;
}
