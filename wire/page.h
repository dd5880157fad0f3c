/*
 * page.h: how an application thread appends NVTX records to its page, and how the helper reads them.
 * cuflight/ring.h has the layout.
 *
 * The writing side is inline: it takes no lock, calls nothing and allocates nothing.
 */
#ifndef WIRE_PAGE_H
#define WIRE_PAGE_H

#include <stdint.h>
#include <string.h>

#include "cuflight/ring.h"
#include "wire/atomic.h"

#define PAGE_SLOT 32u
/* Longest text a record holds; the rest is cut and counted (LOSS_TEXT_CUT). */
#define PAGE_MAX_TEXT 4064u

static inline struct ring_page *page_at(uint8_t *pages, uint32_t page_size, uint32_t index)
{
	return (struct ring_page *)(pages + (size_t)index * page_size);
}

/*
 * Room for a record of `bytes` after its struct page_record in the page, or NULL when it does not fit. The
 * caller fills it and calls page_commit(). Owner thread only.
 */
static inline struct page_record *page_reserve(struct ring_page *page, uint32_t page_size, uint32_t bytes)
{
	uint32_t need = (uint32_t)(sizeof(struct page_record) + bytes + PAGE_SLOT - 1) & ~(PAGE_SLOT - 1);
	uint32_t used = load_relaxed(&page->used);
	struct page_record *record;

	if (need > page_size - sizeof(*page) - used)
		return NULL;
	record = (struct page_record *)((uint8_t *)(page + 1) + used);
	record->slots = (uint16_t)(need / PAGE_SLOT);
	return record;
}

/* Publish the reserved record. Partner: page_next()'s acquire. */
static inline void page_commit(struct ring_page *page, const struct page_record *record)
{
	store_release(&page->used, load_relaxed(&page->used) + record->slots * PAGE_SLOT);
}

/* A record read from a page, whatever its writer did: all lengths are within the page. */
struct page_item {
	struct page_record record; /* copied */
	uint64_t payload;
	uint64_t range_id;
	const char *text; /* in the page; NULL unless PAGE_INLINE_TEXT */
	uint32_t text_length;
};

/*
 * The record at *offset (bytes after the page's header), advancing it. 1: item is set; 0: none yet; -EBADMSG:
 * damaged, *offset is set to the end of what is published.
 */
int page_next(const struct ring_page *page, uint32_t page_size, uint32_t *offset, struct page_item *item);

/* The item as a row of EVENT_NVTX. The name is 0 if the item brings its text. time: CLOCK_MONOTONIC ns. */
void page_row(const struct page_item *item, uint32_t thread, int64_t time, uint64_t *row);

#endif
