/*
 * correlations.c: for each process, pages of values by id: ids count up, so a recording's are dense.
 */
#include "collector/correlations.h"

#include <errno.h>
#include <stdlib.h>

#include "collector/api_calls.h"
#include "collector/map.h"

#define PAGE_VALUES 512u
#define BY_RUNTIME  0x80000000u

struct page {
	uint32_t values[PAGE_VALUES];
};

struct by_id {
	struct map pages; /* id / PAGE_VALUES -> index */
	struct page **all;
	size_t count, capacity;
};

struct correlations {
	uint32_t process_count;
	struct by_id processes[];
};

/* Where an id's value is kept, or NULL: no memory. */
static uint32_t *place(struct by_id *b, uint64_t id)
{
	uint64_t *known = map_find(&b->pages, id / PAGE_VALUES);

	if (known)
		return &b->all[*known]->values[id % PAGE_VALUES];
	if (b->count == b->capacity) {
		size_t capacity = b->capacity ? b->capacity * 2 : 64;
		struct page **grown = realloc(b->all, capacity * sizeof(struct page *));

		if (!grown)
			return NULL;
		b->all = grown;
		b->capacity = capacity;
	}
	b->all[b->count] = calloc(1, sizeof(struct page));
	if (!b->all[b->count])
		return NULL;
	if (map_put(&b->pages, id / PAGE_VALUES, b->count)) {
		free(b->all[b->count]);
		return NULL;
	}
	return &b->all[b->count++]->values[id % PAGE_VALUES];
}

struct pass {
	struct correlations *c;
	struct trace_reader reader;
	uint32_t (*value_of)(void *context, const struct trace_process *p, uint32_t thread, int64_t start);
	void *context;
};

static int read_chunk(struct pass *pass, const struct trace_process *p, const struct trace_chunk *chunk)
{
	static const uint16_t fields[] = {FIELD_API_DOMAIN, FIELD_THREAD, FIELD_START, FIELD_CORRELATION};
	struct by_id *b = &pass->c->processes[p->index];
	struct batch batch;
	int err = trace_reader_load(&pass->reader, chunk);

	if (!err)
		err = chunk_decode(pass->reader.decoder, pass->reader.bytes, chunk->size, fields, 4, &batch);
	if (err) /* damaged: whoever reads the calls themselves tells it */
		return err == -ENOMEM ? err : 0;
	for (uint32_t i = 0; i < batch.count; i++) {
		uint32_t runtime = batch_value(&batch, 0, i) == API_RUNTIME ? BY_RUNTIME : 0;
		uint64_t id = batch_value(&batch, 3, i);
		uint32_t *value = id ? place(b, id) : NULL;

		if (!id)
			continue;
		if (!value)
			return -ENOMEM;
		if (runtime || !(*value & BY_RUNTIME))
			*value = runtime |
				 pass->value_of(pass->context, p, (uint32_t)batch_value(&batch, 1, i),
						(int64_t)batch_value(&batch, 2, i));
	}
	return 0;
}

int correlations_new(const struct trace *trace,
		     uint32_t (*value_of)(void *context, const struct trace_process *p, uint32_t thread,
					  int64_t start),
		     void *context, struct correlations **out)
{
	struct pass pass = {.value_of = value_of, .context = context};
	int err;

	*out = NULL;
	pass.c = calloc(1, sizeof(*pass.c) + trace->process_count * sizeof(pass.c->processes[0]));
	if (!pass.c)
		return -ENOMEM;
	pass.c->process_count = trace->process_count;
	err = trace_reader_init(&pass.reader, trace);
	for (size_t i = 0; i < trace->chunk_count && !err; i++) {
		const struct trace_chunk *chunk = &trace->chunks[i];

		if (chunk->kind == EVENT_API && chunk->process != TRACE_SESSION)
			err = read_chunk(&pass, trace->processes[chunk->process], chunk);
	}
	trace_reader_free(&pass.reader);
	if (err)
		correlations_free(pass.c);
	else
		*out = pass.c;
	return err;
}

void correlations_free(struct correlations *c)
{
	if (!c)
		return;
	for (uint32_t p = 0; p < c->process_count; p++) {
		for (size_t i = 0; i < c->processes[p].count; i++)
			free(c->processes[p].all[i]);
		free(c->processes[p].all);
		map_free(&c->processes[p].pages);
	}
	free(c);
}

uint32_t correlations_get(const struct correlations *c, const struct trace_process *p, uint64_t correlation,
			  bool *runtime)
{
	const struct by_id *b = &c->processes[p->index];
	const uint64_t *page = correlation ? map_find(&b->pages, correlation / PAGE_VALUES) : NULL;
	uint32_t value = page ? b->all[*page]->values[correlation % PAGE_VALUES] : 0;

	if (runtime)
		*runtime = value & BY_RUNTIME;
	return value & ~BY_RUNTIME;
}
