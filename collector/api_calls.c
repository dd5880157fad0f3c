/*
 * api_calls.c: a set of correlation ids for each process, as bits: they count up, so a recording's are dense.
 */
#include "collector/api_calls.h"

#include <errno.h>
#include <stdlib.h>

#include "collector/map.h"

#define PAGE_BITS 512u

struct page {
	uint64_t bits[PAGE_BITS / 64];
};

struct id_set {
	struct map pages; /* id / PAGE_BITS -> the address of its page */
};

struct api_calls {
	uint32_t process_count;
	struct id_set sets[];
};

static struct page *find_page(const struct id_set *s, uint64_t id)
{
	const uint64_t *known = map_find(&s->pages, id / PAGE_BITS);

	return known ? (struct page *)(uintptr_t)*known : NULL;
}

static int add(struct id_set *s, uint64_t id)
{
	struct page *page = find_page(s, id);

	if (!page) {
		page = calloc(1, sizeof(*page));
		if (!page || map_put(&s->pages, id / PAGE_BITS, (uintptr_t)page)) {
			free(page);
			return -ENOMEM;
		}
	}
	page->bits[id % PAGE_BITS / 64] |= UINT64_C(1) << id % 64;
	return 0;
}

static int read_chunk(struct id_set *s, struct trace_reader *r, const struct trace_chunk *chunk)
{
	static const uint16_t fields[] = {FIELD_API_DOMAIN, FIELD_CORRELATION};
	struct batch b;
	int err = trace_reader_load(r, chunk);

	if (!err)
		err = chunk_decode(r->decoder, r->bytes, chunk->size, fields, 2, &b);
	if (err) /* damaged: whoever reads the calls themselves tells it */
		return err == -ENOMEM ? err : 0;
	for (uint32_t i = 0; i < b.count && !err; i++)
		if (batch_value(&b, 0, i) == API_RUNTIME)
			err = add(s, batch_value(&b, 1, i));
	return err;
}

int api_calls_new(const struct trace *trace, struct api_calls **out)
{
	struct api_calls *calls = calloc(1, sizeof(*calls) + trace->process_count * sizeof(calls->sets[0]));
	struct trace_reader reader;
	int err;

	*out = NULL;
	if (!calls)
		return -ENOMEM;
	calls->process_count = trace->process_count;
	err = trace_reader_init(&reader, trace);
	for (size_t i = 0; i < trace->chunk_count && !err; i++) {
		const struct trace_chunk *chunk = &trace->chunks[i];

		if (chunk->kind == EVENT_API && chunk->process != TRACE_SESSION)
			err = read_chunk(&calls->sets[chunk->process], &reader, chunk);
	}
	trace_reader_free(&reader);
	if (err)
		api_calls_free(calls);
	else
		*out = calls;
	return err;
}

void api_calls_free(struct api_calls *calls)
{
	if (!calls)
		return;
	for (uint32_t i = 0; i < calls->process_count; i++) {
		struct map *pages = &calls->sets[i].pages;

		for (size_t p = 0; p < pages->capacity; p++)
			if (pages->entries[p].used)
				free((struct page *)(uintptr_t)pages->entries[p].value);
		map_free(pages);
	}
	free(calls);
}

bool api_calls_nested(const struct api_calls *calls, const struct trace_process *p, uint64_t domain,
		      uint64_t correlation)
{
	const struct page *page =
		domain == API_DRIVER ? find_page(&calls->sets[p->index], correlation) : NULL;

	return page && page->bits[correlation % PAGE_BITS / 64] >> correlation % 64 & 1;
}
