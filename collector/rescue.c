/*
 * rescue.c: salvaged rows into chunks, one open chunk a kind.
 */
#include "collector/rescue.h"

#include <errno.h>
#include <string.h>

#include "collector/source.h"
#include "wire/chunk_write.h"

#define KINDS	    6
#define CHUNK_LIMIT 16384u /* records in a chunk */

struct open_chunk {
	uint16_t kind;
	bool step;
	struct chunk_writer *w; /* made with the first row */
};

struct writing {
	struct rescue *rescue;
	struct open_chunk open[KINDS];
};

static void lose(void *context, enum loss_cause cause, uint64_t count)
{
	source_lose(&((struct writing *)context)->rescue->losses[cause], count);
}

static void seal(struct writing *writing, struct open_chunk *open)
{
	struct rescue *r = writing->rescue;
	struct chunk_origin origin = {.process = r->process,
				      .sequence = r->sequence,
				      .generation = r->generation,
				      .flags = (uint16_t)(CHUNK_BY_COLLECTOR | CHUNK_SALVAGED |
							  (open->step ? CHUNK_CLOCK_STEP : 0))};
	uint32_t records = chunk_writer_count(open->w);
	struct chunk_header h;
	ptrdiff_t size;
	size_t room;
	void *out;

	if (!records)
		return;
	open->step = false;
	out = trace_writer_room(r->writer, chunk_writer_bound(open->w), &room);
	size = out ? chunk_writer_seal(open->w, &origin, out, room) : -ENOMEM;
	if (size <= 0) {
		lose(writing, LOSS_NO_MEMORY, records);
		return;
	}
	memcpy(&h, out, sizeof(h));
	if (trace_writer_take(r->writer, &h)) {
		lose(writing, LOSS_FILE, records);
		return;
	}
	r->sequence++;
	r->records += records;
}

static struct open_chunk *find(struct writing *writing, uint16_t kind)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct open_chunk *open = &writing->open[i];

		if (!open->kind)
			open->kind = kind;
		if (open->kind != kind)
			continue;
		if (!open->w)
			open->w = chunk_writer_new(kind, CHUNK_LIMIT);
		return open->w ? open : NULL;
	}
	return NULL;
}

static void add_row(void *context, uint16_t kind, uint64_t *row, int text_field, const char *text,
		    size_t length, bool step)
{
	struct writing *writing = context;
	struct open_chunk *open = find(writing, kind);

	if (open && chunk_writer_full(open->w))
		seal(writing, open);
	if (open && text)
		row[text_field] = chunk_writer_text(open->w, text, length);
	if (!open || chunk_writer_add(open->w, row))
		lose(writing, LOSS_NO_MEMORY, 1);
	else
		open->step |= step;
}

static void add_fact(void *context, const struct permanent_header *record)
{
	facts_add_record(((struct writing *)context)->rescue->facts, record);
}

int rescue_write(struct rescue *r, const struct salvage *copy)
{
	struct writing writing = {.rescue = r};
	struct salvage_sink sink = {.context = &writing, .row = add_row, .fact = add_fact, .lose = lose};
	int err = salvage_run(copy, &sink);

	for (size_t i = 0; i < KINDS; i++) {
		if (!writing.open[i].w)
			continue;
		seal(&writing, &writing.open[i]);
		chunk_writer_free(writing.open[i].w);
	}
	return err;
}
