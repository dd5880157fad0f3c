/*
 * progress.c: two reaches a kind, written in turn, so that one of them is whole at every moment.
 */
#include "wire/progress.h"

#define BEING_WRITTEN UINT64_MAX

static struct ring_progress *find(struct ring_header *h, uint32_t kind)
{
	for (uint32_t i = 0; i < RING_PROGRESS_KINDS; i++) {
		uint32_t there = load_relaxed(&h->progress[i].kind);

		if (!there)
			store_relaxed(&h->progress[i].kind, kind);
		if (!there || there == kind)
			return &h->progress[i];
	}
	return NULL;
}

/* Does it count, and how far does it reach? */
static uint64_t counting(const struct ring_reach *reach, uint64_t head)
{
	return load_relaxed(&reach->head) <= head ? load_relaxed(&reach->position) : 0;
}

static void store(struct ring *r, uint32_t kind, uint64_t position, uint64_t head)
{
	struct ring_progress *p = find(r->header, kind);
	struct ring_reach *reach;

	if (!p)
		return;
	/* Not the one that is true now. */
	reach = &p->reach[counting(&p->reach[0], r->head) > counting(&p->reach[1], r->head)];
	store_relaxed(&reach->head, BEING_WRITTEN);
	fence_full(); /* in this order, whenever the process is killed */
	store_relaxed(&reach->position, position);
	store_release(&reach->head, head);
}

void progress_promise(struct ring *r, uint32_t kind, uint64_t position)
{
	store(r, kind, position, r->head + 1);
}

void progress_skip(struct ring *r, uint32_t kind, uint64_t position)
{
	store(r, kind, position, r->head);
}

void progress_take(struct ring_page *page, uint32_t chunk, uint32_t offset)
{
	uint64_t *newer = &page->taken[load_relaxed(&page->taken[1]) > load_relaxed(&page->taken[0])];
	uint64_t value = (uint64_t)chunk << 32 | offset;

	/* The one before says what is published while this chunk is not. */
	if (load_relaxed(newer) >> 32 != chunk)
		newer = &page->taken[newer == &page->taken[0]];
	store_relaxed(newer, value);
}

uint64_t progress_position(const struct ring_header *copy, uint32_t kind)
{
	for (uint32_t i = 0; kind && i < RING_PROGRESS_KINDS; i++) {
		const struct ring_progress *p = &copy->progress[i];
		uint64_t a, b;

		if (p->kind != kind)
			continue;
		a = counting(&p->reach[0], copy->head);
		b = counting(&p->reach[1], copy->head);
		return a > b ? a : b;
	}
	return 0;
}

uint32_t progress_offset(const struct ring_page *copy, uint64_t chunks)
{
	uint64_t best = 0;

	for (int i = 0; i < 2; i++)
		if (copy->taken[i] >> 32 <= chunks && copy->taken[i] > best)
			best = copy->taken[i];
	return (uint32_t)best;
}
