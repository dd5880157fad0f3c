/*
 * nvtx_ranges.c: a stack for each thread and domain, a table of started ranges for each process.
 */
#include "collector/nvtx_ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/map.h"
#include "collector/select.h"

const uint16_t nvtx_range_fields[NVTX_RANGE_FIELDS] = {
	FIELD_NVTX_TYPE, FIELD_THREAD,	     FIELD_DOMAIN, FIELD_NAME,	   FIELD_FLAGS,	  FIELD_CATEGORY,
	FIELD_COLOR,	 FIELD_PAYLOAD_TYPE, FIELD_START,  FIELD_RANGE_ID, FIELD_PAYLOAD,
};
enum {
	TYPE,
	THREAD,
	DOMAIN,
	NAME,
	FLAGS,
	CATEGORY,
	COLOR,
	PAYLOAD_TYPE,
	START,
	RANGE_ID,
	PAYLOAD,
};

struct stack {
	struct nvtx_range *items;
	size_t count, capacity;
};

/* Starts without their ends, or ends without their starts: index into `waiting` by process and id. */
struct waiting {
	struct map *by_id; /* one a process */
	uint32_t process_count;
	struct nvtx_range *items;
	uint32_t *unused; /* indexes of items that are free */
	size_t count, capacity, unused_count;
};

/* What a site's records have in common. */
struct site {
	uint32_t type;
	uint32_t stack; /* pushes and pops */
	struct nvtx_range range;
};

struct nvtx_ranges {
	int (*emit)(void *context, const struct nvtx_range *range);
	void *context;
	const struct selection *selection;
	struct map threads; /* process << 32 | thread -> index */
	struct map stacks;  /* thread's index << 32 | domain -> index */
	struct stack *all_stacks;
	size_t stack_count, stack_capacity;
	struct waiting starts, ends;
	struct site *sites;
	size_t site_capacity;
};

struct nvtx_ranges *nvtx_ranges_new(int (*emit)(void *context, const struct nvtx_range *range), void *context)
{
	struct nvtx_ranges *r = calloc(1, sizeof(*r));

	if (r) {
		r->emit = emit;
		r->context = context;
	}
	return r;
}

static void waiting_free(struct waiting *w)
{
	for (uint32_t i = 0; i < w->process_count; i++)
		map_free(&w->by_id[i]);
	free(w->by_id);
	free(w->items);
	free(w->unused);
}

void nvtx_ranges_free(struct nvtx_ranges *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->stack_count; i++)
		free(r->all_stacks[i].items);
	free(r->all_stacks);
	map_free(&r->threads);
	map_free(&r->stacks);
	waiting_free(&r->starts);
	waiting_free(&r->ends);
	free(r->sites);
	free(r);
}

/* ------------------------------------------------------------------------------------- push and pop */

static int find_stack(struct nvtx_ranges *r, const struct nvtx_range *of, uint32_t *index)
{
	uint64_t key = (uint64_t)of->process->index << 32 | of->thread, thread;
	uint64_t *known = map_find(&r->threads, key);

	thread = known ? *known : r->threads.count;
	if (!known && map_put(&r->threads, key, thread))
		return -ENOMEM;
	key = thread << 32 | of->domain;
	known = map_find(&r->stacks, key);
	if (known) {
		*index = (uint32_t)*known;
		return 0;
	}
	if (r->stack_count == r->stack_capacity) {
		size_t capacity = r->stack_capacity ? r->stack_capacity * 2 : 16;
		struct stack *grown = realloc(r->all_stacks, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		r->all_stacks = grown;
		r->stack_capacity = capacity;
	}
	if (map_put(&r->stacks, key, r->stack_count))
		return -ENOMEM;
	r->all_stacks[r->stack_count] = (struct stack){.items = NULL};
	*index = (uint32_t)r->stack_count++;
	return 0;
}

static int push(struct stack *s, const struct nvtx_range *range)
{
	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 8;
		struct nvtx_range *grown = realloc(s->items, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->items = grown;
		s->capacity = capacity;
	}
	s->items[s->count++] = *range;
	return 0;
}

static bool is_selected(const struct nvtx_ranges *r, const struct nvtx_range *range)
{
	return !r->selection || select_call(r->selection, range->process, range->thread, range->start);
}

/* Close and emit. A clock that was corrected between the two readings must not make a range end early. */
static int finish(struct nvtx_ranges *r, struct nvtx_range *range, int64_t end, uint32_t end_thread)
{
	range->end = end > range->start ? end : range->start;
	range->end_thread = end_thread;
	if (!is_selected(r, range))
		return 0;
	return r->emit(r->context, range);
}

static int pop(struct nvtx_ranges *r, struct stack *s, const struct nvtx_range *at)
{
	if (!s->count)
		return 0;
	return finish(r, &s->items[--s->count], at->start, at->thread);
}

/* ------------------------------------------------------------------------------------ start and end */

/* The map of a process's ids, or NULL: no memory. */
static struct map *waiting_of(struct waiting *w, const struct trace_process *p)
{
	if (p->index >= w->process_count) {
		struct map *grown = realloc(w->by_id, (p->index + 1) * sizeof(*grown));

		if (!grown)
			return NULL;
		memset(grown + w->process_count, 0, (p->index + 1 - w->process_count) * sizeof(*grown));
		w->by_id = grown;
		w->process_count = p->index + 1;
	}
	return &w->by_id[p->index];
}

static int wait_for(struct waiting *w, const struct nvtx_range *range)
{
	struct map *map = waiting_of(w, range->process);
	uint32_t index;

	if (!map)
		return -ENOMEM;
	if (!w->unused_count && w->count == w->capacity) {
		size_t capacity = w->capacity ? w->capacity * 2 : 64;
		struct nvtx_range *items = realloc(w->items, capacity * sizeof(*items));
		uint32_t *unused;

		if (items)
			w->items = items;
		unused = realloc(w->unused, capacity * sizeof(*unused));
		if (unused)
			w->unused = unused;
		if (!items || !unused)
			return -ENOMEM;
		w->capacity = capacity;
	}
	index = w->unused_count ? w->unused[--w->unused_count] : (uint32_t)w->count++;
	w->items[index] = *range;
	return map_put(map, range->id, index);
}

/* Take out who waits for this id. True: *found is set. */
static bool take_waiting(struct waiting *w, const struct nvtx_range *of, struct nvtx_range *found)
{
	struct map *map = of->process->index < w->process_count ? &w->by_id[of->process->index] : NULL;
	uint64_t *index = map ? map_find(map, of->id) : NULL;

	if (!index)
		return false;
	*found = w->items[*index];
	w->unused[w->unused_count++] = (uint32_t)*index;
	map_remove(map, of->id);
	return true;
}

static int start(struct nvtx_ranges *r, struct nvtx_range *range)
{
	struct nvtx_range end;

	if (take_waiting(&r->ends, range, &end))
		return finish(r, range, end.start, end.thread);
	return wait_for(&r->starts, range);
}

static int end(struct nvtx_ranges *r, const struct nvtx_range *range)
{
	struct nvtx_range started;

	if (take_waiting(&r->starts, range, &started))
		return finish(r, &started, range->start, range->thread);
	return wait_for(&r->ends, range);
}

/* --------------------------------------------------------------------------------------------- batch */

static int read_site(struct nvtx_ranges *r, const struct report_batch *b, uint32_t i, struct site *site)
{
	struct texts *texts = b->run->texts;
	const struct trace_string *name = trace_string(b->process, report_static(b, NAME, i));

	*site = (struct site){
		.type = (uint32_t)report_static(b, TYPE, i),
		.range = {.process = b->process,
			  .thread = (uint32_t)report_static(b, THREAD, i),
			  .domain = texts_resolve(texts, b->process, b->decoder, report_static(b, DOMAIN, i)),
			  .name = texts_resolve(texts, b->process, b->decoder, report_static(b, NAME, i)),
			  .registered = name && name->string_class == STRING_NVTX_REGISTERED,
			  .flags = report_static(b, FLAGS, i),
			  .category = report_static(b, CATEGORY, i),
			  .color = report_static(b, COLOR, i),
			  .payload_type = report_static(b, PAYLOAD_TYPE, i)},
	};
	if (site->range.domain == TEXT_NONE || site->range.name == TEXT_NONE)
		return -ENOMEM;
	site->range.start_end = site->type == NVTX_START || site->type == NVTX_END;
	site->range.mark = site->type == NVTX_MARK;
	if (site->type == NVTX_PUSH || site->type == NVTX_POP)
		return find_stack(r, &site->range, &site->stack);
	return 0;
}

static int event(struct nvtx_ranges *r, const struct site *site, struct nvtx_range *range)
{
	switch (site->type) {
	case NVTX_PUSH:
		return push(&r->all_stacks[site->stack], range);
	case NVTX_POP:
		return pop(r, &r->all_stacks[site->stack], range);
	case NVTX_START:
		return start(r, range);
	case NVTX_END:
		return end(r, range);
	case NVTX_MARK:
		return finish(r, range, range->start, range->thread);
	default:
		return 0; /* a type that came later */
	}
}

int nvtx_ranges_batch(struct nvtx_ranges *r, const struct report_batch *b)
{
	int err = 0;

	r->selection = b->run->selection;
	if (b->sites > r->site_capacity) {
		free(r->sites);
		r->site_capacity = 0;
		r->sites = malloc(b->sites * sizeof(*r->sites));
		if (!r->sites)
			return -ENOMEM;
		r->site_capacity = b->sites;
	}
	for (uint32_t i = 0; i < b->sites && !err; i++)
		err = read_site(r, b, i, &r->sites[i]);
	for (uint32_t i = 0; i < b->count && !err; i++) {
		const struct site *site = &r->sites[b->site[i]];
		struct nvtx_range range = site->range;

		range.start = (int64_t)b->column[START].values[i];
		range.id = b->column[RANGE_ID].values[i];
		range.payload = b->column[PAYLOAD].values[i];
		err = event(r, site, &range);
	}
	return err;
}

static int finish_open(struct nvtx_ranges *r, struct nvtx_range *range, uint64_t *open)
{
	range->open = true;
	*open += is_selected(r, range);
	return finish(r, range, range->process->last_time, range->thread);
}

int nvtx_ranges_end(struct nvtx_ranges *r, uint64_t *open)
{
	int err = 0;

	*open = 0;
	for (size_t s = 0; s < r->stack_count; s++)
		for (size_t i = 0; i < r->all_stacks[s].count && !err; i++)
			err = finish_open(r, &r->all_stacks[s].items[i], open);
	for (uint32_t p = 0; p < r->starts.process_count; p++) {
		const struct map *map = &r->starts.by_id[p];

		for (size_t i = 0; i < map->capacity && !err; i++)
			if (map->entries[i].used)
				err = finish_open(r, &r->starts.items[map->entries[i].value], open);
	}
	return err;
}
