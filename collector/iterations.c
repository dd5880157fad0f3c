/*
 * iterations.c: reading the iterations that were recorded, and finding the one that something belongs to.
 */
#include "collector/iterations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/map.h"
#include "collector/spans.h"

/* Of a process: spans of time, all and by thread, and of correlation ids. Items are iterations. */
struct iterations_process {
	struct spans times, correlations;
	struct map by_thread; /* thread -> index into threads */
	struct spans *threads;
	size_t thread_count;
};

/* ---------------------------------------------------------------------------------------------- index */

static int compare(const void *a, const void *b)
{
	const struct iteration *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->thread > y->thread) - (x->thread < y->thread);
}

/* What is saved from a dead process may have been saved before. */
static size_t drop_repeated(struct iteration *items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!kept || compare(&items[kept - 1], &items[i]))
			items[kept++] = items[i];
	return kept;
}

static struct spans *thread_spans(struct iterations_process *p, uint32_t thread)
{
	uint64_t *known = map_find(&p->by_thread, thread);
	struct spans *grown;

	if (known)
		return &p->threads[*known];
	grown = realloc(p->threads, (p->thread_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	p->threads = grown;
	if (map_put(&p->by_thread, thread, p->thread_count))
		return NULL;
	p->threads[p->thread_count] = (struct spans){.items = NULL};
	return &p->threads[p->thread_count++];
}

static int index_one(struct iterations_process *p, const struct iteration *i, uint32_t item)
{
	struct spans *thread = thread_spans(p, i->thread);
	int err = thread ? 0 : -ENOMEM;

	if (!err && i->end > i->start)
		err = spans_add(thread, i->start, i->end - 1, item);
	if (!err && i->end > i->start)
		err = spans_add(&p->times, i->start, i->end - 1, item);
	if (!err && i->first && i->first <= i->last && i->last <= INT64_MAX)
		err = spans_add(&p->correlations, (int64_t)i->first, (int64_t)i->last, item);
	return err;
}

int iterations_take(struct iterations *it, const struct trace *t, struct iteration *items, size_t count)
{
	int err = 0;

	it->items = items;
	it->process_count = t->process_count;
	it->processes = calloc(t->process_count + 1, sizeof(*it->processes));
	if (!it->processes || count >= ITERATION_NONE)
		return -ENOMEM;
	if (count)
		qsort(items, count, sizeof(*items), compare);
	it->count = drop_repeated(items, count);
	for (size_t i = 0; i < it->count && !err; i++)
		err = index_one(&it->processes[items[i].process], &items[i], (uint32_t)i);
	for (uint32_t n = 0; n < it->process_count && !err; n++) {
		struct iterations_process *p = &it->processes[n];

		err = spans_sort(&p->times);
		if (!err)
			err = spans_sort(&p->correlations);
		for (size_t i = 0; i < p->thread_count && !err; i++)
			err = spans_sort(&p->threads[i]);
	}
	return err;
}

void iterations_free(struct iterations *it)
{
	for (uint32_t n = 0; it->processes && n < it->process_count; n++) {
		struct iterations_process *p = &it->processes[n];

		spans_free(&p->times);
		spans_free(&p->correlations);
		map_free(&p->by_thread);
		for (size_t i = 0; i < p->thread_count; i++)
			spans_free(&p->threads[i]);
		free(p->threads);
	}
	free(it->processes);
	free(it->items);
	memset(it, 0, sizeof(*it));
}

/* --------------------------------------------------------------------------------------------- lookup */

uint32_t iterations_at_time(const struct iterations *it, const struct trace_process *p, int64_t time)
{
	return spans_find(&it->processes[p->index].times, time);
}

uint32_t iterations_at(const struct iterations *it, const struct trace_process *p, uint32_t thread,
		       int64_t time)
{
	const struct iterations_process *of = &it->processes[p->index];
	const uint64_t *own = map_find(&of->by_thread, thread);

	return own ? spans_find(&of->threads[*own], time) : iterations_at_time(it, p, time);
}

uint32_t iterations_with(const struct iterations *it, const struct trace_process *p, uint64_t correlation)
{
	if (!correlation || correlation > INT64_MAX)
		return ITERATION_NONE;
	return spans_find(&it->processes[p->index].correlations, (int64_t)correlation);
}

/* --------------------------------------------------------------------------------------------- reading */

struct reading {
	struct report_run *run;
	const char *source;
	struct iteration *items;
	size_t count, capacity;
};

static int take_row(struct reading *r, const struct iteration *i)
{
	const char *source;
	size_t length;

	if (i->source == TEXT_NONE)
		return -ENOMEM;
	source = texts_get(r->run->texts, i->source, &length);
	if (r->source && !glob_matches(r->source, source, length))
		return 0;
	if (r->count == r->capacity) {
		size_t capacity = r->capacity ? r->capacity * 2 : 256;
		struct iteration *grown = realloc(r->items, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		r->items = grown;
		r->capacity = capacity;
	}
	r->items[r->count++] = *i;
	return 0;
}

static int read_chunk(struct reading *r, struct trace_reader *reader, const struct trace_chunk *chunk)
{
	static const uint16_t fields[] = {FIELD_SOURCE,		 FIELD_THREAD, FIELD_START,
					  FIELD_DURATION,	 FIELD_NUMBER, FIELD_FIRST_CORRELATION,
					  FIELD_LAST_CORRELATION};
	const struct trace_process *p = r->run->trace->processes[chunk->process];
	struct batch b;
	int err = trace_reader_load(reader, chunk);

	if (!err)
		err = chunk_decode(reader->decoder, reader->bytes, chunk->size, fields, 7, &b);
	if (err) {
		r->run->bad_chunks += err != -ENOMEM;
		r->run->bad_records += err != -ENOMEM ? chunk->count : 0;
		return err == -ENOMEM ? err : 0;
	}
	for (uint32_t n = 0; n < b.count && !err; n++) {
		struct iteration i = {
			.process = p->index,
			.source = texts_resolve(r->run->texts, p, reader->decoder, batch_value(&b, 0, n)),
			.thread = (uint32_t)batch_value(&b, 1, n),
			.start = (int64_t)batch_value(&b, 2, n),
			.number = batch_value(&b, 4, n),
			.first = batch_value(&b, 5, n),
			.last = batch_value(&b, 6, n),
		};

		if (__builtin_add_overflow(i.start, (int64_t)batch_value(&b, 3, n), &i.end) ||
		    i.end < i.start)
			i.end = i.start; /* damaged */
		err = take_row(r, &i);
	}
	return err;
}

int iterations_read(struct iterations *it, struct report_run *run, const char *source)
{
	struct reading r = {.run = run, .source = source};
	const struct trace *t = run->trace;
	struct trace_reader reader;
	int err;

	memset(it, 0, sizeof(*it));
	err = trace_reader_init(&reader, t);
	for (size_t i = 0; i < t->chunk_count && !err; i++)
		if (t->chunks[i].kind == EVENT_ITERATION && t->chunks[i].process != TRACE_SESSION)
			err = read_chunk(&r, &reader, &t->chunks[i]);
	trace_reader_free(&reader);
	if (err)
		free(r.items);
	return err ? err : iterations_take(it, t, r.items, r.count);
}
