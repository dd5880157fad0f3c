/*
 * gpu_busy.c: for how long each GPU did anything: the union of all kernels, copies and memsets of all
 * processes. Internal, for the summary.
 *
 * Work is queued by stream, where it is nearly in order, and the queues are merged. Batches come by their
 * first time, so everything before the horizon is final: only the intervals beyond it are held.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/map.h"
#include "collector/reports/reports.h"

#define MAX_GPUS  1024u /* a damaged file may claim any number; more share the last */
#define MAX_LANES 256u	/* of a GPU; more streams share lanes */
#define MAX_SHIFTED                                                                                          \
	64 /* places by which an interval is moved to where it belongs before sorting is cheaper */

enum {
	START,
	DURATION,
	DEVICE,
	CONTEXT,
	STREAM,
};
static const uint16_t fields[] = {FIELD_START, FIELD_DURATION, FIELD_DEVICE, FIELD_CONTEXT, FIELD_STREAM};

struct interval {
	int64_t start, end;
};

/* A queue: items from head to count, by start unless `unsorted`. */
struct lane {
	struct interval *items;
	size_t head, count, capacity;
	bool unsorted;
};

struct busy_gpu {
	uint32_t number;
	struct lane *lanes;
	size_t lane_count;
	struct map by_stream; /* mixed process, context and stream -> lane */
	int64_t until;	      /* end of what is summed up */
	uint64_t busy;
	bool any;
};

struct gpu_busy {
	struct report_run *run;
	struct busy_gpu *gpus;
	size_t count;
	struct place {
		uint32_t gpu, lane;
	} * by_site; /* of a batch */
	size_t site_capacity;
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

	for (size_t i = 0; i < s->count; i++) {
		for (size_t l = 0; l < s->gpus[i].lane_count; l++)
			free(s->gpus[i].lanes[l].items);
		free(s->gpus[i].lanes);
		map_free(&s->gpus[i].by_stream);
	}
	free(s->gpus);
	free(s->by_site);
	free(s);
}

static int find_gpu(struct gpu_busy *s, uint32_t number, uint32_t *index)
{
	struct busy_gpu *grown;

	for (*index = 0; *index < s->count; ++*index)
		if (s->gpus[*index].number == number)
			return 0;
	if (s->count == MAX_GPUS) {
		*index = MAX_GPUS - 1;
		return 0;
	}
	grown = realloc(s->gpus, (s->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->gpus = grown;
	s->gpus[s->count++] = (struct busy_gpu){.number = number};
	return 0;
}

static int find_lane(struct busy_gpu *g, uint64_t stream, uint32_t *index)
{
	uint64_t *known = map_find(&g->by_stream, stream);
	struct lane *grown;

	if (known) {
		*index = (uint32_t)*known;
		return 0;
	}
	*index = (uint32_t)g->lane_count;
	if (g->lane_count == MAX_LANES) {
		*index = (uint32_t)(stream % MAX_LANES);
		return 0;
	}
	grown = realloc(g->lanes, (g->lane_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	g->lanes = grown;
	g->lanes[g->lane_count++] = (struct lane){.items = NULL};
	return map_put(&g->by_stream, stream, *index);
}

/* Queue an interval, at its place if that is near the end. */
static int add(struct lane *lane, struct interval interval)
{
	size_t at = lane->count, moved = 0;

	if (lane->count == lane->capacity) {
		size_t capacity = lane->capacity ? lane->capacity * 2 : 4096;
		struct interval *grown = realloc(lane->items, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		lane->items = grown;
		lane->capacity = capacity;
	}
	for (; at > lane->head && lane->items[at - 1].start > interval.start && moved < MAX_SHIFTED;
	     at--, moved++)
		lane->items[at] = lane->items[at - 1];
	lane->items[at] = interval;
	lane->unsorted |= at > lane->head && lane->items[at - 1].start > interval.start;
	lane->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void sum_up(struct busy_gpu *g, const struct interval *i)
{
	int64_t from = g->any && i->start < g->until ? g->until : i->start;

	if (i->end > from) {
		g->busy += (uint64_t)i->end - (uint64_t)from;
		g->until = i->end;
	} else if (!g->any) {
		g->until = from;
	}
	g->any = true;
}

/* The lane whose head starts first, before the horizon; *next: when another lane has to be looked at again.
 */
static struct lane *first_lane(struct busy_gpu *g, int64_t horizon, int64_t *next)
{
	struct lane *first = NULL;

	*next = horizon;
	for (size_t l = 0; l < g->lane_count; l++) {
		struct lane *lane = &g->lanes[l];
		int64_t start = lane->head < lane->count ? lane->items[lane->head].start : INT64_MAX;

		if (start >= horizon)
			continue;
		if (!first || start < first->items[first->head].start) {
			if (first && first->items[first->head].start < *next)
				*next = first->items[first->head].start;
			first = lane;
		} else if (start < *next) {
			*next = start;
		}
	}
	return first;
}

/* Sum up the intervals that start before the horizon. */
static void settle(struct busy_gpu *g, int64_t horizon)
{
	struct lane *lane;
	int64_t next;

	for (size_t l = 0; l < g->lane_count; l++) {
		lane = &g->lanes[l];
		if (lane->unsorted)
			qsort(lane->items + lane->head, lane->count - lane->head, sizeof(*lane->items),
			      compare);
		lane->unsorted = false;
	}
	while ((lane = first_lane(g, horizon, &next)))
		do
			sum_up(g, &lane->items[lane->head++]);
		while (lane->head < lane->count && lane->items[lane->head].start < next);
	for (size_t l = 0; l < g->lane_count; l++) {
		lane = &g->lanes[l];
		/* Move what is left to the front, once that is less work than was done. */
		if (lane->head <= lane->count / 2)
			continue;
		memmove(lane->items, lane->items + lane->head,
			(lane->count - lane->head) * sizeof(*lane->items));
		lane->count -= lane->head;
		lane->head = 0;
	}
}

static int place_sites(struct gpu_busy *s, const struct report_batch *b)
{
	if (b->sites > s->site_capacity) {
		free(s->by_site);
		s->site_capacity = 0;
		s->by_site = malloc(b->sites * sizeof(*s->by_site));
		if (!s->by_site)
			return -ENOMEM;
		s->site_capacity = b->sites;
	}
	for (uint32_t i = 0; i < b->sites; i++) {
		uint32_t number =
			gpus_number(s->run->gpus, b->process, (uint32_t)report_static(b, DEVICE, i));
		uint64_t stream =
			map_mix((uint64_t)b->process->index << 32 | (uint32_t)report_static(b, CONTEXT, i));
		struct place *place = &s->by_site[i];
		int err = find_gpu(s, number, &place->gpu);

		if (!err)
			err = find_lane(&s->gpus[place->gpu], stream ^ report_static(b, STREAM, i),
					&place->lane);
		if (err)
			return err;
	}
	return 0;
}

static int batch(void *state, const struct report_batch *b)
{
	struct gpu_busy *s = state;
	int err = place_sites(s, b);

	for (uint32_t i = 0; i < b->count && !err; i++) {
		const struct place *place = &s->by_site[b->site[i]];
		struct interval interval = {.start = (int64_t)b->column[START].values[i]};

		if (__builtin_add_overflow(interval.start, (int64_t)b->column[DURATION].values[i],
					   &interval.end) ||
		    interval.end < interval.start)
			interval.end = interval.start; /* damaged */
		err = add(&s->gpus[place->gpu].lanes[place->lane], interval);
	}
	for (size_t i = 0; i < s->count && !err; i++)
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

#define FIELDS (sizeof(fields) / sizeof(fields[0]))
static const struct report_need needs[] = {{EVENT_KERNEL, FIELDS, fields},
					   {EVENT_MEMCPY, FIELDS, fields},
					   {EVENT_MEMSET, FIELDS, fields},
					   {.kind = 0}};

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
