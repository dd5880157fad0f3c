/*
 * windows.c: reading EVENT_WINDOW rows.
 */
#include "collector/windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The session has texts of its own: its windows' names are its strings or lie in the chunk. */
static uint32_t window_text(struct report_run *run, const struct trace_chunk *chunk,
			    const struct chunk_decoder *decoder, uint64_t reference)
{
	const struct trace *t = run->trace;
	const struct trace_string *string;
	const char *local;
	size_t length = 0;

	if (chunk->process != TRACE_SESSION)
		return texts_resolve(run->texts, t->processes[chunk->process], decoder, reference);
	string = trace_string(&t->session, reference);
	if (string)
		return texts_add(run->texts, string->text, string->length);
	local = reference && reference <= UINT32_MAX
			? chunk_decoder_text(decoder, (uint32_t)reference, &length)
			: NULL;
	return texts_add(run->texts, local ? local : "", length);
}

static int read_chunk(struct windows *w, struct report_run *run, struct trace_reader *reader,
		      const struct trace_chunk *chunk)
{
	static const uint16_t fields[] = {FIELD_SOURCE, FIELD_NAME, FIELD_START, FIELD_DURATION,
					  FIELD_NUMBER};
	struct window *grown;
	struct batch b;
	int err = trace_reader_load(reader, chunk);

	if (!err)
		err = chunk_decode(reader->decoder, reader->bytes, chunk->size, fields, 5, &b);
	if (err) {
		run->bad_chunks += err != -ENOMEM;
		run->bad_records += err != -ENOMEM ? chunk->count : 0;
		return err == -ENOMEM ? err : 0;
	}
	grown = realloc(w->items, (w->count + b.count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->items = grown;
	for (uint32_t i = 0; i < b.count; i++) {
		struct window *window = &w->items[w->count];

		*window = (struct window){
			.process = chunk->process,
			.source = window_text(run, chunk, reader->decoder, batch_value(&b, 0, i)),
			.name = window_text(run, chunk, reader->decoder, batch_value(&b, 1, i)),
			.start = (int64_t)batch_value(&b, 2, i),
			.number = batch_value(&b, 4, i),
		};
		if (window->source == TEXT_NONE || window->name == TEXT_NONE)
			return -ENOMEM;
		if (__builtin_add_overflow(window->start, (int64_t)batch_value(&b, 3, i), &window->end) ||
		    window->end < window->start)
			window->end = window->start; /* damaged */
		w->count++;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct window *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* What is saved from a dead process may have been saved before. */
static void drop_repeated(struct windows *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++)
		if (!kept || compare(&w->items[kept - 1], &w->items[i]))
			w->items[kept++] = w->items[i];
	w->count = kept;
}

int windows_read(struct windows *w, struct report_run *run)
{
	const struct trace *t = run->trace;
	struct trace_reader reader;
	int err;

	memset(w, 0, sizeof(*w));
	err = trace_reader_init(&reader, t);
	for (size_t i = 0; i < t->chunk_count && !err; i++)
		if (t->chunks[i].kind == EVENT_WINDOW)
			err = read_chunk(w, run, &reader, &t->chunks[i]);
	trace_reader_free(&reader);
	if (w->count)
		qsort(w->items, w->count, sizeof(*w->items), compare);
	drop_repeated(w);
	return err;
}

void windows_free(struct windows *w)
{
	free(w->items);
	memset(w, 0, sizeof(*w));
}
