/*
 * drain.c: the pages in the order in which they were taken, so that a thread's records stay in order.
 */
#include "libinject/drain.h"

#include <stdlib.h>
#include <string.h>

#include "libinject/facts.h"
#include "libinject/pages.h"
#include "libinject/recorder.h"
#include "libinject/writers.h"
#include "wire/page.h"

struct taken {
	struct ring_page *page;
	uint64_t order;
	uint32_t index;
};

static struct taken taken[RING_MAX_PAGES];
/* The latest time read from each page: a new clock sample may move the scale by some ns, time never goes
   back on a thread. */
static int64_t latest[RING_MAX_PAGES];

static int by_order(const void *a, const void *b)
{
	const struct taken *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static void add(const struct page_item *item, uint32_t thread, int64_t time)
{
	const struct page_record *r = &item->record;
	uint64_t row[NVTX_ROW_FIELDS];

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
	if (item->text)
		writers_add_text(EVENT_NVTX, row, NVTX_ROW_NAME, item->text, item->text_length, false);
	else
		writers_add(EVENT_NVTX, row, false);
}

static uint64_t drain(const struct timeline *timeline, struct ring_page *page, uint32_t index)
{
	/* Before the records: a page that is left gets no more of them. */
	bool left = load_acquire(&page->state) == PAGE_LEFT; /* partner: leave() in pages.c */
	uint32_t offset = page->consumed, before = offset, thread = page->thread;
	struct page_item item;
	int more;

	while ((more = page_next(page, recorder.ring.page_size, &offset, &item)) == 1) {
		int64_t time = timeline_from_ticks(timeline, item.record.ticks);

		if (time < latest[index])
			time = latest[index];
		latest[index] = time;
		add(&item, thread, time);
	}
	if (more)
		recorder_lose(LOSS_BAD_RECORD, 1);
	if (offset != before)
		threads_seen(thread);
	store_relaxed(&page->consumed, offset);
	if (left) {
		latest[index] = 0;
		pages_release(page);
	}
	return offset - before;
}

uint64_t drain_pages(const struct timeline *timeline)
{
	const struct ring *r = &recorder.ring;
	uint32_t count = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < r->page_count; i++) {
		struct ring_page *page = page_at(r->pages, r->page_size, i);
		uint32_t state = load_acquire(&page->state);

		/* Thread and order are there when a first record is. Partner: page_commit(). */
		if (state == PAGE_FREE || (state == PAGE_OWNED && !load_acquire(&page->used)))
			continue;
		taken[count++] = (struct taken){.page = page, .order = page->order, .index = i};
	}
	qsort(taken, count, sizeof(taken[0]), by_order);
	for (uint32_t i = 0; i < count; i++)
		bytes += drain(timeline, taken[i].page, taken[i].index);
	return bytes;
}

void drain_forget(void)
{
	memset(latest, 0, sizeof(latest));
}
