/*
 * page.c: reading a thread page. Writing it is inline in page.h.
 */
#include "wire/page.h"

#include <errno.h>

#include "wire/schema.h"

int page_next(const struct ring_page *page, uint32_t page_size, uint32_t *offset, struct page_item *item)
{
	uint32_t used = load_acquire(&page->used); /* partner: page_commit() */
	const uint8_t *bytes = (const uint8_t *)(page + 1), *at;
	uint32_t size, extra = 0;

	if (used > page_size - sizeof(*page))
		used = (uint32_t)(page_size - sizeof(*page));
	if (*offset >= used)
		return 0;
	if (used - *offset < sizeof(item->record))
		goto bad;
	at = bytes + *offset;
	memcpy(&item->record, at, sizeof(item->record));
	size = item->record.slots * PAGE_SLOT;
	if (!size || size > used - *offset)
		goto bad;
	at += sizeof(item->record);
	extra = size - (uint32_t)sizeof(item->record);
	item->payload = item->range_id = 0;
	item->text = NULL;
	item->text_length = 0;
	if (item->record.flags & PAGE_PAYLOAD) {
		if (extra < sizeof(item->payload))
			goto bad;
		memcpy(&item->payload, at, sizeof(item->payload));
		at += sizeof(item->payload);
		extra -= sizeof(item->payload);
	}
	if (item->record.flags & PAGE_RANGE_ID) {
		if (extra < sizeof(item->range_id))
			goto bad;
		memcpy(&item->range_id, at, sizeof(item->range_id));
		at += sizeof(item->range_id);
		extra -= sizeof(item->range_id);
	}
	if (item->record.flags & PAGE_INLINE_TEXT) {
		if (item->record.text > extra)
			goto bad;
		item->text = (const char *)at;
		item->text_length = item->record.text;
	}
	*offset += size;
	return 1;
bad:
	*offset = used;
	return -EBADMSG;
}

void page_row(const struct page_item *item, uint32_t thread, int64_t time, uint64_t *row)
{
	const struct page_record *r = &item->record;

	row[NVTX_ROW_TYPE] = r->type;
	row[NVTX_ROW_THREAD] = thread;
	row[NVTX_ROW_DOMAIN] = r->domain;
	row[NVTX_ROW_NAME] = r->flags & PAGE_INLINE_TEXT ? 0 : r->text;
	row[NVTX_ROW_FLAGS] =
		r->flags & (NVTX_HAS_COLOR | NVTX_HAS_PAYLOAD | NVTX_HAS_CATEGORY | NVTX_TEXT_CUT);
	row[NVTX_ROW_CATEGORY] = r->category;
	row[NVTX_ROW_COLOR] = r->color;
	row[NVTX_ROW_PAYLOAD_TYPE] = r->payload_type;
	row[NVTX_ROW_START] = (uint64_t)time;
	row[NVTX_ROW_RANGE_ID] = item->range_id;
	row[NVTX_ROW_PAYLOAD] = item->payload;
}
