/*
 * iteration_table.c: GPU work is held (32 bytes each) until all of it is known, and then swept twice: by GPU
 * and time for what ran when, by iteration and name for the largest kernel.
 */
#include "collector/iteration_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/api_calls.h"
#include "collector/correlations.h"
#include "collector/select.h"

struct iteration_work {
	int64_t start, end;
	uint32_t iteration; /* or ITERATION_NONE: it only fills a gap */
	uint32_t gpu;
	uint32_t kernel; /* name + 1, 0: a copy or set */
};

/* The same first columns for all kinds of GPU work. */
enum {
	START,
	DURATION,
	CORRELATION,
	DEVICE,
	FIRST,
	NAME = FIRST,
	COPY_KIND = FIRST,
	BYTES,
};
#define COMMON FIELD_START, FIELD_DURATION, FIELD_CORRELATION, FIELD_DEVICE
static const uint16_t kernel_fields[] = {COMMON, FIELD_NAME};
static const uint16_t copy_fields[] = {COMMON, FIELD_COPY_KIND, FIELD_BYTES};
static const uint16_t set_fields[] = {COMMON};

enum { CALL_THREAD = 3, CALL_DOMAIN, CALL_NAME };
static const uint16_t call_fields[] = {FIELD_START,  FIELD_DURATION,   FIELD_CORRELATION,
				       FIELD_THREAD, FIELD_API_DOMAIN, FIELD_NAME};

enum call_flag {
	CALL_SYNC = 1,
	CALL_GRAPH = 2,
	CALL_ALLOCATION = 4,
};

/* CUpti_ActivityMemcpyKind. */
enum { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, HOST_TO_ARRAY = 3, ARRAY_TO_HOST = 4 };

/* Values of correlations.h: 1 is no iteration, FIRST_VALUE the first. */
#define FIRST_VALUE 2u

static uint32_t value_of(void *context, const struct trace_process *p, uint32_t thread, int64_t start)
{
	uint32_t i = iterations_at(context, p, thread, start);

	return i == ITERATION_NONE ? 1 : FIRST_VALUE + i;
}

static void free_state(void *state)
{
	struct iteration_table *s = state;

	free(s->sums);
	free(s->work);
	free(s->site_values);
	correlations_free(s->calls);
	free(s);
}

static int begin(struct report_run *run, const char *argument, void **state)
{
	struct iteration_table *s = calloc(1, sizeof(*s));

	(void)argument;
	if (!s)
		return -ENOMEM;
	*state = s;
	s->run = run;
	s->iterations = run->iterations;
	s->sums = calloc(s->iterations->count + 1, sizeof(*s->sums));
	if (!s->sums)
		return -ENOMEM;
	return correlations_new(run->trace, value_of, run->iterations, &s->calls);
}

/* ----------------------------------------------------------------------------------------------- batch */

static int site_room(struct iteration_table *s, uint32_t sites)
{
	if (sites <= s->site_capacity)
		return 0;
	free(s->site_values);
	s->site_capacity = 0;
	s->site_values = malloc(sites * sizeof(*s->site_values));
	if (!s->site_values)
		return -ENOMEM;
	s->site_capacity = sites;
	return 0;
}

/* The iteration that launched it, as select_launch() has it. */
static uint32_t launched_by(const struct iteration_table *s, const struct report_batch *b, uint32_t i)
{
	uint64_t correlation = b->column[CORRELATION].values[i];
	uint32_t value = correlations_get(s->calls, b->process, correlation, NULL), known;

	if (value)
		return value < FIRST_VALUE ? ITERATION_NONE : value - FIRST_VALUE;
	known = iterations_with(s->iterations, b->process, correlation);
	return known != ITERATION_NONE
		       ? known
		       : iterations_at_time(s->iterations, b->process, (int64_t)b->column[START].values[i]);
}

static struct iteration_work *more_work(struct iteration_table *s)
{
	if (s->work_count == s->work_capacity) {
		size_t capacity = s->work_capacity ? s->work_capacity * 2 : 4096;
		struct iteration_work *grown = realloc(s->work, capacity * sizeof(*grown));

		if (!grown)
			return NULL;
		s->work = grown;
		s->work_capacity = capacity;
	}
	return &s->work[s->work_count++];
}

static int kernel_names(struct iteration_table *s, const struct report_batch *b)
{
	int err = site_room(s, b->sites);

	for (uint32_t i = 0; i < b->sites && !err; i++) {
		s->site_values[i] =
			texts_resolve(b->run->texts, b->process, b->decoder, report_static(b, NAME, i));
		err = s->site_values[i] == TEXT_NONE ? -ENOMEM : 0;
	}
	return err;
}

static void add_copy(struct iteration_sums *sums, const struct report_batch *b, uint32_t i)
{
	uint64_t kind = report_static(b, COPY_KIND, b->site[i]), bytes = b->column[BYTES].values[i];

	if (kind == HOST_TO_DEVICE || kind == HOST_TO_ARRAY)
		sums->h2d += bytes;
	else if (kind == DEVICE_TO_HOST || kind == ARRAY_TO_HOST)
		sums->d2h += bytes;
}

static int work_batch(struct iteration_table *s, const struct report_batch *b)
{
	bool kernels = b->kind == EVENT_KERNEL;
	int err = kernels ? kernel_names(s, b) : 0;

	for (uint32_t i = 0; i < b->count && !err; i++) {
		struct iteration_work *w = more_work(s);

		if (!w)
			return -ENOMEM;
		w->start = (int64_t)b->column[START].values[i];
		if (__builtin_add_overflow(w->start, (int64_t)b->column[DURATION].values[i], &w->end) ||
		    w->end < w->start)
			w->end = w->start; /* damaged */
		w->iteration = launched_by(s, b, i);
		w->gpu =
			gpus_number(s->run->gpus, b->process, (uint32_t)report_static(b, DEVICE, b->site[i]));
		w->kernel = kernels ? s->site_values[b->site[i]] + 1 : 0;
		if (w->iteration == ITERATION_NONE)
			continue;
		s->sums[w->iteration].kernels += kernels;
		if (b->kind == EVENT_MEMCPY)
			add_copy(&s->sums[w->iteration], b, i);
	}
	return err;
}

static int call_flags(struct iteration_table *s, const struct report_batch *b)
{
	int err = site_room(s, b->sites);

	for (uint32_t i = 0; i < b->sites && !err; i++) {
		uint32_t text =
			texts_resolve(b->run->texts, b->process, b->decoder, report_static(b, CALL_NAME, i));
		const char *name = texts_get(b->run->texts, text, NULL);

		if (text == TEXT_NONE)
			return -ENOMEM;
		s->site_values[i] = strstr(name, "Synchronize") ? CALL_SYNC : 0;
		if (strstr(name, "GraphLaunch"))
			s->site_values[i] |= CALL_GRAPH;
		if (strstr(name, "Malloc") || strstr(name, "MemAlloc") || strstr(name, "HostAlloc") ||
		    strstr(name, "MemCreate"))
			s->site_values[i] |= CALL_ALLOCATION;
	}
	return err;
}

static int call_batch(struct iteration_table *s, const struct report_batch *b)
{
	int err = call_flags(s, b);

	for (uint32_t i = 0; i < b->count && !err; i++) {
		uint32_t site = b->site[i], flags = s->site_values[site], iteration;
		uint64_t duration = b->column[DURATION].values[i];
		bool runtime;

		correlations_get(s->calls, b->process, b->column[CORRELATION].values[i], &runtime);
		if (runtime && report_static(b, CALL_DOMAIN, site) == API_DRIVER)
			continue; /* part of the runtime call */
		iteration = iterations_at(s->iterations, b->process,
					  (uint32_t)report_static(b, CALL_THREAD, site),
					  (int64_t)b->column[START].values[i]);
		if (iteration == ITERATION_NONE)
			continue;
		s->sums[iteration].api += duration;
		s->sums[iteration].sync += flags & CALL_SYNC ? duration : 0;
		s->sums[iteration].graph_launches += flags & CALL_GRAPH ? 1 : 0;
		s->sums[iteration].allocations += flags & CALL_ALLOCATION ? 1 : 0;
	}
	return err;
}

static int batch(void *state, const struct report_batch *b)
{
	return b->kind == EVENT_API ? call_batch(state, b) : work_batch(state, b);
}

/* ------------------------------------------------------------------------------------------------- end */

static int by_gpu(const void *a, const void *b)
{
	const struct iteration_work *x = a, *y = b;

	if (x->gpu != y->gpu)
		return x->gpu < y->gpu ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

static int by_name(const void *a, const void *b)
{
	const struct iteration_work *x = a, *y = b;

	if (x->iteration != y->iteration)
		return x->iteration < y->iteration ? -1 : 1;
	return (x->kernel > y->kernel) - (x->kernel < y->kernel);
}

/* How far an iteration's work on the GPU being swept has come. */
struct reach {
	uint32_t gpu_plus_1;
	int64_t until;
};

static void widest(uint64_t *gap, int64_t from, int64_t to)
{
	if (to > from && (uint64_t)(to - from) > *gap)
		*gap = (uint64_t)(to - from);
}

/* The end of an iteration after its last work on a GPU is a gap too. */
static void close_gaps(struct iteration_table *s, const struct reach *reach)
{
	for (size_t i = 0; i < s->iterations->count; i++)
		if (reach[i].gpu_plus_1)
			widest(&s->sums[i].gap, reach[i].until, s->iterations->items[i].end);
}

static int sweep_times(struct iteration_table *s)
{
	struct reach *reach = calloc(s->iterations->count + 1, sizeof(*reach));
	int64_t until = INT64_MIN; /* of any work on the GPU */

	if (!reach)
		return -ENOMEM;
	for (size_t i = 0; i < s->work_count; i++) {
		const struct iteration_work *w = &s->work[i];

		if (i && w->gpu != w[-1].gpu) {
			close_gaps(s, reach);
			memset(reach, 0, s->iterations->count * sizeof(*reach));
			until = INT64_MIN;
		}
		if (w->iteration != ITERATION_NONE) {
			struct iteration_sums *sums = &s->sums[w->iteration];
			struct reach *r = &reach[w->iteration];
			int64_t began = s->iterations->items[w->iteration].start;
			int64_t from = r->gpu_plus_1 && r->until > w->start ? r->until : w->start;

			sums->gpus += !r->gpu_plus_1;
			widest(&sums->gap, until > began ? until : began, w->start);
			sums->busy += w->end > from ? (uint64_t)(w->end - from) : 0;
			if (!r->gpu_plus_1 || w->end > r->until)
				r->until = w->end;
			r->gpu_plus_1 = w->gpu + 1;
		}
		until = w->end > until ? w->end : until;
	}
	close_gaps(s, reach);
	free(reach);
	return 0;
}

static void sweep_names(struct iteration_table *s)
{
	uint64_t time = 0;

	for (size_t i = 0; i < s->work_count; i++) {
		const struct iteration_work *w = &s->work[i];
		struct iteration_sums *sums;

		if (i && (w->iteration != w[-1].iteration || w->kernel != w[-1].kernel))
			time = 0;
		if (w->iteration == ITERATION_NONE || !w->kernel)
			continue;
		sums = &s->sums[w->iteration];
		time += (uint64_t)(w->end - w->start);
		if (!sums->top_kernel || time > sums->top_time) {
			sums->top_kernel = w->kernel;
			sums->top_time = time;
		}
	}
}

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t nearest_rank(const uint64_t *sorted, size_t count, unsigned int percent)
{
	size_t rank = (count * percent + 99) / 100;

	return count ? sorted[rank ? rank - 1 : 0] : 0;
}

/* Times and medians of each process's iterations, which lie together. */
static int compare_with_medians(struct iteration_table *s)
{
	const struct iterations *it = s->iterations;
	uint64_t *walls = malloc((it->count + 1) * sizeof(*walls)), median;

	if (!walls)
		return -ENOMEM;
	for (size_t first = 0, next; first < it->count; first = next) {
		for (next = first; next < it->count && it->items[next].process == it->items[first].process;
		     next++) {
			s->sums[next].wall = (uint64_t)it->items[next].end - (uint64_t)it->items[next].start;
			walls[next - first] = s->sums[next].wall;
		}
		qsort(walls, next - first, sizeof(*walls), compare_values);
		median = nearest_rank(walls, next - first, 50);
		for (size_t i = first; i < next; i++)
			s->sums[i].over_median = median ? (double)s->sums[i].wall / (double)median - 1 : 0;
	}
	free(walls);
	return 0;
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	struct iteration_table *s = state;
	const struct iterations *it = s->iterations;
	int err;

	(void)note;
	(void)note_size;
	*table = (struct table){.rows = it->count};
	if (s->work_count)
		qsort(s->work, s->work_count, sizeof(*s->work), by_gpu);
	err = sweep_times(s);
	if (s->work_count)
		qsort(s->work, s->work_count, sizeof(*s->work), by_name);
	sweep_names(s);
	if (!err)
		err = compare_with_medians(s);
	for (size_t i = 0; i < it->count; i++) {
		struct iteration_sums *sums = &s->sums[i];
		uint64_t busy = sums->gpus ? sums->busy / sums->gpus : 0;

		sums->idle = sums->wall > busy ? sums->wall - busy : 0;
		sums->recorded =
			!s->run->selection ||
			select_call(s->run->selection, s->run->trace->processes[it->items[i].process],
				    it->items[i].thread, it->items[i].start);
	}
	return err;
}

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
static const struct report_need needs[] = {{EVENT_KERNEL, COUNT(kernel_fields), kernel_fields},
					   {EVENT_MEMCPY, COUNT(copy_fields), copy_fields},
					   {EVENT_MEMSET, COUNT(set_fields), set_fields},
					   {EVENT_API, COUNT(call_fields), call_fields},
					   {.kind = 0}};

const struct report report_iterations = {
	.name = "iterations",
	.title = "Iterations",
	.arguments = "",
	.data = "iterations",
	.help = "",
	.needs = needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};
