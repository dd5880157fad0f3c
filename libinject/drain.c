/*
 * drain.c: the pages in the order in which they were taken, so that a thread's records stay in order.
 */
#include "libinject/drain.h"

#include <stdlib.h>
#include <string.h>

#include "libinject/capture.h"
#include "libinject/edges.h"
#include "libinject/facts.h"
#include "libinject/gate.h"
#include "libinject/pages.h"
#include "libinject/recorder.h"
#include "libinject/trigger.h"
#include "libinject/writers.h"
#include "wire/page.h"
#include "wire/progress.h"

struct taken {
	struct ring_page *page;
	uint64_t order;
	uint32_t index;
};

static struct taken taken[RING_MAX_PAGES];
/* The latest time read from each page: a new clock sample may move the scale by some ns, time never goes
   back on a thread. */
static int64_t latest[RING_MAX_PAGES];
/* The NVTX chunk that a page's last record went into, 0: none yet; and the pages that their threads left and
   that wait for this chunk. */
static uint32_t last_chunk[RING_MAX_PAGES];
static bool waits[RING_MAX_PAGES];

static int by_order(const void *a, const void *b)
{
	const struct taken *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static void add(const struct page_item *item, uint32_t thread, int64_t time)
{
	uint64_t row[NVTX_ROW_FIELDS];

	page_row(item, thread, time, row);
	if (item->text)
		writers_add_text(EVENT_NVTX, row, NVTX_ROW_NAME, item->text, item->text_length, false);
	else
		writers_add(EVENT_NVTX, row, false);
}

/* A page's edges are looked at first: what one thread writes may depend
   on the edge of another. */
static void look(const struct timeline *timeline, const struct ring_page *page, uint32_t index, int64_t until)
{
	uint32_t offset = page->consumed, thread = page->thread;
	int64_t before = latest[index];
	struct page_item item;

	while (page_next(page, recorder.ring.page_size, &offset, &item) == 1) {
		int64_t time = timeline_from_ticks(timeline, item.record.ticks);

		if (time < before)
			time = before;
		if (time > until)
			break;
		before = time;
		edges_see(&item, thread, time);
	}
	if (before > latest[index])
		trigger_activity(before);
}

static uint64_t drain(const struct timeline *timeline, struct ring_page *page, uint32_t index, int64_t until)
{
	/* Before the records: a page that is left gets no more of them. */
	bool left = load_acquire(&page->state) == PAGE_LEFT; /* partner: leave() in pages.c */
	uint32_t offset = page->consumed, before = offset, thread = page->thread;
	struct page_item item;
	bool all = true;
	int more;

	while ((more = page_next(page, recorder.ring.page_size, &offset, &item)) == 1) {
		int64_t time = timeline_from_ticks(timeline, item.record.ticks);

		if (time < latest[index])
			time = latest[index];
		if (time > until) {
			all = false;
			offset -= item.record.slots * PAGE_SLOT;
			break;
		}
		latest[index] = time;
		if (item.record.type < PAGE_EDGE_FIRST && gate_keeps_nvtx(&item, thread, time))
			add(&item, thread, time);
		last_chunk[index] = writers_nvtx_chunk();
		progress_take(page, last_chunk[index], offset);
	}
	if (more < 0)
		recorder_lose(LOSS_BAD_RECORD, 1);
	if (offset != before)
		threads_seen(thread);
	store_relaxed(&page->consumed, offset);
	waits[index] = left && all;
	return offset - before;
}

void drain_release(void)
{
	const struct ring *r = &recorder.ring;

	for (uint32_t i = 0; i < r->page_count; i++)
		if (waits[i] && last_chunk[i] < writers_nvtx_chunk()) {
			waits[i] = false;
			latest[i] = 0;
			last_chunk[i] = 0;
			pages_release(page_at(r->pages, r->page_size, i));
		}
}

uint64_t drain_pages(const struct timeline *timeline, int64_t until)
{
	const struct ring *r = &recorder.ring;
	uint32_t count = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < r->page_count; i++) {
		struct ring_page *page = page_at(r->pages, r->page_size, i);
		uint32_t state = load_acquire(&page->state);

		/* Thread and order are there when a first record is. Partner: page_commit(). */
		if (state == PAGE_FREE || waits[i] || (state == PAGE_OWNED && !load_acquire(&page->used)))
			continue;
		taken[count++] = (struct taken){.page = page, .order = page->order, .index = i};
	}
	qsort(taken, count, sizeof(taken[0]), by_order);
	for (uint32_t i = 0; i < count; i++)
		look(timeline, taken[i].page, taken[i].index, until);
	edges_apply();
	capture_time(until);
	for (uint32_t i = 0; i < count; i++)
		bytes += drain(timeline, taken[i].page, taken[i].index, until);
	return bytes;
}

void drain_forget(void)
{
	memset(latest, 0, sizeof(latest));
	memset(last_chunk, 0, sizeof(last_chunk));
	memset(waits, 0, sizeof(waits));
}
