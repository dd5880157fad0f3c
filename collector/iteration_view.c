/*
 * iteration_view.c: sums of iterations as cells of a table.
 */
#include "collector/iteration_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------- columns */

enum column {
	ITER,
	PID,
	RANK,
	SOURCE,
	START_MS,
	WALL,
	OVER_MEDIAN,
	BUSY,
	IDLE,
	GAP,
	KERNELS,
	GRAPHS,
	API,
	SYNC,
	H2D,
	D2H,
	ALLOCATIONS,
	TOP_KERNEL,
	COLUMNS,
};

static const struct table_column all_columns[COLUMNS] = {
	[ITER] = {"iter", COLUMN_COUNT},
	[PID] = {"pid", COLUMN_COUNT},
	[RANK] = {"rank", COLUMN_TEXT},
	[SOURCE] = {"source", COLUMN_TEXT},
	[START_MS] = {"start_ms", COLUMN_MS},
	[WALL] = {"wall_ms", COLUMN_MS},
	[OVER_MEDIAN] = {"vs_median_%", COLUMN_COUNT},
	[BUSY] = {"gpu_busy_%", COLUMN_COUNT},
	[IDLE] = {"idle_ms", COLUMN_MS},
	[GAP] = {"max_gap_us", COLUMN_COUNT},
	[KERNELS] = {"n_kernels", COLUMN_COUNT},
	[GRAPHS] = {"n_graph_launches", COLUMN_COUNT},
	[API] = {"api_ms", COLUMN_MS},
	[SYNC] = {"sync_ms", COLUMN_MS},
	[H2D] = {"h2d_bytes", COLUMN_COUNT},
	[D2H] = {"d2h_bytes", COLUMN_COUNT},
	[ALLOCATIONS] = {"allocs", COLUMN_COUNT},
	[TOP_KERNEL] = {"top_kernel", COLUMN_TEXT},
};

static void fill_work(const struct iteration_view *v, const struct iteration_sums *s, struct cell *all)
{
	uint32_t name;
	const char *text;
	size_t length;

	cell_real(&all[BUSY],
		  s->wall ? 100 * (double)s->busy / ((double)s->wall * (s->gpus ? s->gpus : 1)) : 0.0);
	cell_number(&all[IDLE], s->idle);
	cell_real(&all[GAP], (double)s->gap / 1e3);
	cell_number(&all[KERNELS], s->kernels);
	cell_number(&all[GRAPHS], s->graph_launches);
	cell_number(&all[API], s->api);
	cell_number(&all[SYNC], s->sync);
	cell_number(&all[H2D], s->h2d);
	cell_number(&all[D2H], s->d2h);
	cell_number(&all[ALLOCATIONS], s->allocations);
	if (!s->top_kernel)
		return;
	name = texts_spell(v->run.texts, s->top_kernel - 1, TEXT_BASE);
	text = texts_get(v->run.texts, name, &length);
	cell_text(&all[TOP_KERNEL], text, length);
}

static void fill(const struct iteration_view *v, uint32_t index, struct cell all[COLUMNS])
{
	const struct iteration *i = &v->iterations.items[index];
	const struct iteration_sums *s = &v->sums[index];
	const struct trace_process *p = v->run.trace->processes[i->process];
	const char *rank = trace_fact(p, "rank", NULL), *source;
	size_t length;

	memset(all, 0, COLUMNS * sizeof(*all));
	cell_number(&all[ITER], i->number);
	cell_number(&all[PID], p->pid);
	if (rank)
		cell_text(&all[RANK], rank, strlen(rank));
	source = texts_get(v->run.texts, i->source, &length);
	cell_text(&all[SOURCE], source, length);
	cell_number(&all[START_MS], (uint64_t)(i->start - v->run.trace->origin));
	cell_number(&all[WALL], s->wall);
	cell_real(&all[OVER_MEDIAN], 100 * s->over_median);
	if (s->recorded)
		fill_work(v, s, all);
}

static bool is_nothing(const struct cell *c)
{
	return c->type == CELL_NONE || (c->type == CELL_UNSIGNED && !c->number) ||
	       (c->type == CELL_REAL && c->real == 0) || (c->type == CELL_TEXT && !c->length);
}

static bool same(const struct cell *a, const struct cell *b)
{
	if (a->type != b->type)
		return false;
	return a->type == CELL_TEXT ? a->length == b->length && !memcmp(a->text, b->text, a->length)
				    : a->number == b->number;
}

/* For people: without what says nothing. Which process and source is said above, unless there are several. */
static void choose_columns(struct iteration_view *v, uint64_t rows, bool for_people)
{
	bool said[COLUMNS], differs[COLUMNS] = {false};
	struct cell first[COLUMNS], all[COLUMNS];

	for (int c = 0; c < COLUMNS; c++)
		said[c] = !for_people;
	for (uint64_t r = 0; for_people && r < rows; r++) {
		fill(v, v->order[r], r ? all : first);
		for (int c = 0; c < COLUMNS; c++) {
			said[c] |= !is_nothing(r ? &all[c] : &first[c]);
			differs[c] |= r && !same(&first[c], &all[c]);
		}
	}
	for (int c = 0; c < COLUMNS; c++) {
		if (c == PID || c == RANK || c == SOURCE)
			said[c] = said[c] && (differs[c] || !for_people);
		if (c == START_MS)
			said[c] = !for_people;
		if (!said[c] && c != ITER && c != WALL)
			continue;
		v->columns[v->column_count] = all_columns[c];
		v->at[v->column_count++] = (uint8_t)c;
	}
}

static void row(void *context, uint64_t index, struct cell *cells)
{
	const struct iteration_view *v = context;
	struct cell all[COLUMNS];

	fill(v, v->order[index], all);
	for (size_t c = 0; c < v->column_count; c++)
		cells[c] = all[v->at[c]];
}

/* ----------------------------------------------------------------------------------------------- order */

static int slowest_first(const void *a, const void *b, void *context)
{
	const struct iteration_view *v = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	uint64_t x = v->sums[i].wall, y = v->sums[j].wall;

	if (x != y)
		return x > y ? -1 : 1;
	return (i > j) - (i < j);
}

static int by_number(const void *a, const void *b, void *context)
{
	const struct iteration_view *v = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct iteration *x = &v->iterations.items[i], *y = &v->iterations.items[j];

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (i > j) - (i < j);
}

int iteration_view_make(struct iteration_view *v, enum iteration_order order, uint64_t limit, bool for_people,
			struct table *table)
{
	size_t count = v->iterations.count;

	v->order = malloc((count + 1) * sizeof(*v->order));
	if (!v->order)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		v->order[i] = (uint32_t)i;
	qsort_r(v->order, count, sizeof(*v->order), order == ORDER_WALL ? slowest_first : by_number, v);
	*table = (struct table){.columns = v->columns, .row = row, .context = v};
	table->rows = limit && limit < count ? limit : count;
	choose_columns(v, table->rows, for_people);
	table->column_count = v->column_count;
	return 0;
}

void iteration_view_free(struct iteration_view *v)
{
	free(v->order);
	iterations_free(&v->iterations);
}
