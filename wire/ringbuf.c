/*
 * ringbuf.c: laying out and opening a ring, and its producer's side. The consumer's side is ringread.c.
 */
#include "wire/ringbuf.h"

#include <errno.h>
#include <string.h>

#define PAGE_BYTES 4096ull

/* The smallest chunk region: a quarter of it must hold a chunk of some use. */
#define MIN_CHUNK_REGION (64ull << 10)

static bool whole_pages(uint64_t size)
{
	return size % PAGE_BYTES == 0;
}

size_t ring_size(const struct ring_config *c)
{
	uint64_t size = RING_HEADER_SIZE;

	if (c->slot_count > RING_MAX_SLOTS || c->page_count > RING_MAX_PAGES)
		return 0;
	if (!whole_pages(c->slot_size) || !whole_pages(c->page_size) || !whole_pages(c->permanent_size) ||
	    !whole_pages(c->chunk_size))
		return 0;
	if ((c->slot_count && !c->slot_size) || (c->page_count && !c->page_size) || !c->permanent_size ||
	    c->chunk_size < MIN_CHUNK_REGION || c->permanent_size > RING_MAX_SIZE ||
	    c->chunk_size > RING_MAX_SIZE)
		return 0;
	size += c->permanent_size + (uint64_t)c->page_count * c->page_size +
		(uint64_t)c->slot_count * c->slot_size + c->chunk_size;
	return size <= RING_MAX_SIZE ? size : 0;
}

/* Addresses from a header whose regions were checked. */
static void ring_view(struct ring *r, void *memory, size_t size, const struct ring_region *regions)
{
	uint8_t *base = memory;

	r->header = memory;
	r->size = size;
	r->permanent = base + regions[REGION_PERMANENT].offset;
	r->permanent_size = regions[REGION_PERMANENT].size;
	r->pages = base + regions[REGION_PAGES].offset;
	r->slots = base + regions[REGION_SLOTS].offset;
	r->chunks = base + regions[REGION_CHUNKS].offset;
	r->chunk_size = regions[REGION_CHUNKS].size;
}

int ring_init(struct ring *r, void *memory, const struct ring_config *c)
{
	struct ring_header *h = memory;
	uint64_t at = RING_HEADER_SIZE;
	const uint64_t sizes[] = {
		[REGION_PERMANENT] = c->permanent_size,
		[REGION_PAGES] = (uint64_t)c->page_count * c->page_size,
		[REGION_SLOTS] = (uint64_t)c->slot_count * c->slot_size,
		[REGION_CHUNKS] = c->chunk_size,
	};
	size_t size = ring_size(c);

	if (!size)
		return -EINVAL;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		h->regions[i].offset = at;
		h->regions[i].size = sizes[i];
		at += sizes[i];
	}
	h->abi = RING_ABI;
	h->header_size = RING_HEADER_SIZE;
	h->total_size = size;
	h->slot_count = c->slot_count;
	h->slot_size = c->slot_size;
	h->page_count = c->page_count;
	h->page_size = c->page_size;
	h->state = RING_SETUP;
	h->magic = RING_MAGIC;

	ring_view(r, memory, size, h->regions);
	r->slot_count = c->slot_count;
	r->slot_size = c->slot_size;
	r->page_count = c->page_count;
	r->page_size = c->page_size;
	r->head = r->floor = r->permanent_used = 0;
	return 0;
}

static bool region_fits(const struct ring_region *region, uint64_t total)
{
	return region->offset >= RING_HEADER_SIZE && region->offset <= total &&
	       region->size <= total - region->offset && whole_pages(region->offset) &&
	       whole_pages(region->size);
}

int ring_open(struct ring *r, void *memory, size_t size)
{
	struct ring_header *h = memory;
	struct ring_region regions[REGION_CHUNKS + 1];
	uint32_t abi, page_count, page_size, slot_count, slot_size;
	uint64_t total;

	if (size < RING_HEADER_SIZE || load_relaxed(&h->magic) != RING_MAGIC)
		return -EBADMSG;
	/* Partner: the store_release by which the process leaves RING_SETUP. */
	if (load_acquire(&h->state) == RING_SETUP)
		return -EAGAIN;
	abi = load_relaxed(&h->abi);
	if (abi != RING_ABI)
		return -EPROTONOSUPPORT;
	total = load_relaxed(&h->total_size);
	if (load_relaxed(&h->header_size) != RING_HEADER_SIZE || total > size)
		return -EBADMSG;
	/* One copy, checked and used: the process may change its mind in between. */
	for (unsigned int i = 0; i <= REGION_CHUNKS; i++) {
		regions[i].offset = load_relaxed(&h->regions[i].offset);
		regions[i].size = load_relaxed(&h->regions[i].size);
		if (!region_fits(&regions[i], total))
			return -EBADMSG;
	}
	page_count = load_relaxed(&h->page_count);
	page_size = load_relaxed(&h->page_size);
	slot_count = load_relaxed(&h->slot_count);
	slot_size = load_relaxed(&h->slot_size);
	if (page_count > RING_MAX_PAGES || (uint64_t)page_count * page_size > regions[REGION_PAGES].size ||
	    slot_count > RING_MAX_SLOTS || (uint64_t)slot_count * slot_size > regions[REGION_SLOTS].size ||
	    (page_count && page_size < PAGE_BYTES) || (slot_count && slot_size < PAGE_BYTES) ||
	    regions[REGION_CHUNKS].size < MIN_CHUNK_REGION)
		return -EBADMSG;

	ring_view(r, memory, size, regions);
	r->page_count = page_count;
	r->page_size = page_size;
	r->slot_count = slot_count;
	r->slot_size = slot_size;
	return 0;
}

/* Bytes and records of the chunk (or filling) at floor. The other side can write there too: 0 if it makes no
 * sense. */
static uint64_t ring_oldest(const struct ring *r, uint64_t *records)
{
	const struct chunk_header *old = (const void *)(r->chunks + r->floor % r->chunk_size);
	uint64_t to_end = r->chunk_size - r->floor % r->chunk_size;
	uint32_t size;

	if (load_relaxed(&old->magic) == CHUNK_FILL)
		return to_end;
	if (to_end < sizeof(*old))
		return 0;
	size = load_relaxed(&old->size);
	if (size < sizeof(*old) || size % CHUNK_ALIGN || size > to_end || size > r->head - r->floor)
		return 0;
	*records += load_relaxed(&old->count);
	return size;
}

/* Give up the oldest chunks until `need` bytes are free. Returns the records that went. */
static uint64_t ring_make_room(struct ring *r, uint64_t need)
{
	struct ring_header *h = r->header;
	uint64_t records = 0;

	while (r->head + need - r->floor > r->chunk_size) {
		uint64_t size = ring_oldest(r, &records);

		r->floor = size ? r->floor + size : r->head;
	}
	/* Partner: a reader's acquire after it copied. The bytes change only after this. */
	store_release(&h->floor, r->floor);
	fence_full();
	return records;
}

int ring_put(struct ring *r, const void *chunk, size_t size, uint64_t *overwritten)
{
	struct ring_header *h = r->header;
	uint64_t to_end = r->chunk_size - r->head % r->chunk_size;
	uint64_t fill = size > to_end ? to_end : 0;

	if (overwritten)
		*overwritten = 0;
	if (size > r->chunk_size / 4)
		return -E2BIG;
	if (load_relaxed(&h->policy) != RING_FLIGHT) {
		/* Partner: the collector's store_release in ring_get. What lies below floor it will not ask
		 * for. */
		uint64_t tail = load_acquire(&h->tail);

		if (tail < r->floor)
			tail = r->floor;
		if (tail > r->head) /* nonsense from the other side: nothing is free then */
			return -ENOSPC;
		if (fill + size > r->chunk_size - (r->head - tail))
			return -ENOSPC;
		/* What goes now was taken; floor follows, so that it stands right when the policy changes. */
		ring_make_room(r, fill + size);
	} else {
		uint64_t gone = ring_make_room(r, fill + size);

		if (overwritten)
			*overwritten = gone;
	}
	if (fill) {
		/* Chunks are multiples of 8 bytes, so the gap is at least 8: room for the magic, which says
		 * all there is to say. */
		uint32_t magic = CHUNK_FILL;

		memcpy(r->chunks + r->head % r->chunk_size, &magic, sizeof(magic));
		r->head += fill;
	}
	memcpy(r->chunks + r->head % r->chunk_size, chunk, size);
	r->head += size;
	store_release(&h->head, r->head); /* partner: the collector's acquire in ring_get */
	return 0;
}

int ring_put_permanent(struct ring *r, const void *record, size_t size)
{
	struct ring_header *h = r->header;
	const struct permanent_header *p = record;

	if (size > r->permanent_size - r->permanent_used)
		return -ENOSPC;
	memcpy(r->permanent + r->permanent_used, record, size);
	if (p->kind == PERMANENT_STRING)
		store_relaxed(&h->permanent_strings, load_relaxed(&h->permanent_strings) + 1);
	r->permanent_used += size;
	store_release(&h->permanent_used, r->permanent_used); /* partner: the acquire in ring_get_permanent */
	return 0;
}

void ring_lose(struct ring *r, enum loss_cause cause, uint64_t count, int64_t now)
{
	struct ring_loss *loss = &r->header->losses[cause];

	__atomic_fetch_add(&loss->count, count, __ATOMIC_RELAXED);
	if (!load_relaxed(&loss->first))
		store_relaxed(&loss->first, now);
	store_relaxed(&loss->last, now);
}
