/*
 * gpu_busy.c: for how long each GPU did anything: the union of all kernels, copies and memsets of all
 * processes. Internal, for the summary.
 *
 * Batches come by their first time, so everything before the horizon is final: only the intervals beyond it
 * are held.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/reports/reports.h"

enum {
	START,
	DURATION,
	DEVICE,
};
static const uint16_t fields[] = {FIELD_START, FIELD_DURATION, FIELD_DEVICE};

struct interval {
	int64_t start, end;
};

struct busy_gpu {
	uint32_t number;
	struct interval *pending;
	size_t count, capacity;
	int64_t until; /* end of what is summed up */
	uint64_t busy;
	bool any, unsorted;
};

struct gpu_busy {
	struct report_run *run;
	struct busy_gpu *gpus;
	size_t count;
};

static int begin(struct report_run *run, const char *argument, void **state)
{
	struct gpu_busy *s = calloc(1, sizeof(*s));

	(void)argument;
	if (!s)
		return -ENOMEM;
	s->run = run;
	*state = s;
	return 0;
}

static void free_state(void *state)
{
	struct gpu_busy *s = state;

	for (size_t i = 0; i < s->count; i++)
		free(s->gpus[i].pending);
	free(s->gpus);
	free(s);
}

static struct busy_gpu *find_gpu(struct gpu_busy *s, uint32_t number)
{
	struct busy_gpu *grown;

	for (size_t i = 0; i < s->count; i++)
		if (s->gpus[i].number == number)
			return &s->gpus[i];
	grown = realloc(s->gpus, (s->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	s->gpus = grown;
	s->gpus[s->count] = (struct busy_gpu){.number = number};
	return &s->gpus[s->count++];
}

static int add(struct busy_gpu *g, int64_t start, int64_t end)
{
	struct interval *last = g->count ? &g->pending[g->count - 1] : NULL;

	if (g->count == g->capacity) {
		size_t capacity = g->capacity ? g->capacity * 2 : 4096;
		struct interval *grown = realloc(g->pending, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		g->pending = grown;
		g->capacity = capacity;
		last = g->count ? &grown[g->count - 1] : NULL;
	}
	g->unsorted |= last && start < last->start;
	g->pending[g->count++] = (struct interval){start, end};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Sum up the intervals that start before the horizon. */
static void settle(struct busy_gpu *g, int64_t horizon)
{
	size_t done = 0;

	if (g->unsorted)
		qsort(g->pending, g->count, sizeof(*g->pending), compare);
	g->unsorted = false;
	for (; done < g->count && g->pending[done].start < horizon; done++) {
		const struct interval *i = &g->pending[done];
		int64_t from = g->any && i->start < g->until ? g->until : i->start;

		if (i->end > from) {
			g->busy += (uint64_t)i->end - (uint64_t)from;
			g->until = i->end;
		} else if (!g->any) {
			g->until = from;
		}
		g->any = true;
	}
	memmove(g->pending, g->pending + done, (g->count - done) * sizeof(*g->pending));
	g->count -= done;
}

static int batch(void *state, const struct report_batch *b)
{
	struct gpu_busy *s = state;
	struct busy_gpu *g = NULL;
	uint64_t device = UINT64_MAX;
	int err = 0;

	for (uint32_t i = 0; i < b->count && !err; i++) {
		uint64_t of = report_static(b, DEVICE, b->site[i]);
		int64_t start = (int64_t)b->column[START].values[i], end;

		if (of != device) {
			device = of;
			g = find_gpu(s, gpus_number(s->run->gpus, b->process, (uint32_t)of));
		}
		if (!g)
			return -ENOMEM;
		if (__builtin_add_overflow(start, (int64_t)b->column[DURATION].values[i], &end) ||
		    end < start)
			end = start; /* damaged */
		err = add(g, start, end);
	}
	for (size_t i = 0; i < s->count; i++)
		settle(&s->gpus[i], b->horizon);
	return err;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct busy_gpu *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void row(void *context, uint64_t index, struct cell *cells)
{
	const struct gpu_busy *s = context;

	cell_number(&cells[0], s->gpus[index].number);
	cell_number(&cells[1], s->gpus[index].busy);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	static const struct table_column columns[] = {{"Device", COLUMN_COUNT}, {"Busy", COLUMN_TIME}};
	struct gpu_busy *s = state;

	(void)note;
	(void)note_size;
	for (size_t i = 0; i < s->count; i++)
		settle(&s->gpus[i], INT64_MAX);
	if (s->count)
		qsort(s->gpus, s->count, sizeof(*s->gpus), compare_numbers);
	*table = (struct table){
		.columns = columns, .column_count = 2, .rows = s->count, .row = row, .context = s};
	return 0;
}

static const struct report_need needs[] = {
	{EVENT_KERNEL, 3, fields}, {EVENT_MEMCPY, 3, fields}, {EVENT_MEMSET, 3, fields}, {.kind = 0}};

const struct report report_gpu_busy = {
	.name = "gpu_busy",
	.title = "GPU busy",
	.arguments = "",
	.data = "CUDA kernel, copy or memset data",
	.help = "",
	.needs = needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};
