/*
 * page.c: reading a thread page. Writing it is inline in page.h.
 */
#include "wire/page.h"

#include <errno.h>

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
