/*
 * report_run.c: one pass over a recording that feeds several reports.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/report.h"
#include "collector/select.h"

#define KINDS	  24 /* that the reports of one run may need together */
#define IS_GPU(k) ((k) >> 8 == 0x01)

/* The columns that a selection looks at. */
enum { BY_START, BY_CORRELATION, BY_THREAD, JUDGED };

/* A kind that somebody needs, and the columns that anybody needs of it. */
struct kind_plan {
	uint16_t kind;
	uint16_t fields[SCHEMA_MAX_FIELDS];
	bool is_static[SCHEMA_MAX_FIELDS];
	uint32_t field_count;
	int judged_by[JUDGED]; /* of a selection: positions of these columns, -1: the kind has none */
};

/* What one report gets of one kind: positions in the plan's fields. */
struct feed {
	struct report_job *job;
	const struct kind_plan *plan;
	uint8_t at[SCHEMA_MAX_FIELDS];
	uint32_t field_count;
};

struct plan {
	struct kind_plan kinds[KINDS];
	size_t kind_count;
	struct feed *feeds;
	size_t feed_count;
	uint32_t *order; /* of the chunks to be read */
	size_t chunk_count;
	size_t gpu_count; /* the first of them */

	struct report_column columns[SCHEMA_MAX_FIELDS]; /* of the chunk being fed */
	uint64_t *spread[SCHEMA_MAX_FIELDS]; /* columns that had to be written out, CHUNK_MAX_RECORDS each */

	/* Of a selection: the records of a chunk that are in it. CHUNK_MAX_RECORDS each. */
	uint32_t *kept;	     /* their numbers */
	uint32_t *site;	     /* their sites, numbered anew */
	uint32_t *new_sites; /* by old number, + 1; 0: none of its records is kept */
	uint64_t *kept_values[SCHEMA_MAX_FIELDS];
};

int report_run_open(struct report_run *run, const struct trace *trace)
{
	*run = (struct report_run){.trace = trace, .texts = texts_new(), .gpus = gpus_new(trace)};
	if (run->texts && run->gpus)
		return 0;
	report_run_close(run);
	return -ENOMEM;
}

void report_run_close(struct report_run *run)
{
	select_end(run);
	texts_free(run->texts);
	gpus_free(run->gpus);
	memset(run, 0, sizeof(*run));
}

/* ---------------------------------------------------------------------------------------------- plan */

static struct kind_plan *plan_kind(struct plan *plan, uint16_t kind)
{
	for (size_t i = 0; i < plan->kind_count; i++)
		if (plan->kinds[i].kind == kind)
			return &plan->kinds[i];
	if (plan->kind_count == KINDS)
		return NULL;
	plan->kinds[plan->kind_count] = (struct kind_plan){.kind = kind};
	return &plan->kinds[plan->kind_count++];
}

static int plan_field(struct kind_plan *kind, uint16_t field)
{
	int row;

	for (uint32_t i = 0; i < kind->field_count; i++)
		if (kind->fields[i] == field)
			return (int)i;
	if (kind->field_count == SCHEMA_MAX_FIELDS)
		return -EINVAL;
	row = schema_index(schema_find(kind->kind), field);
	kind->is_static[kind->field_count] = row >= 0 && row < schema_find(kind->kind)->n_static;
	kind->fields[kind->field_count] = field;
	return (int)kind->field_count++;
}

static int plan_need(struct plan *plan, struct report_job *job, const struct report_need *need)
{
	struct kind_plan *kind = plan_kind(plan, need->kind);
	struct feed feed = {.job = job, .plan = kind, .field_count = need->field_count}, *grown;

	if (!kind)
		return -EINVAL;
	for (uint32_t i = 0; i < need->field_count; i++) {
		int at = plan_field(kind, need->fields[i]);

		if (at < 0)
			return at;
		feed.at[i] = (uint8_t)at;
	}
	grown = realloc(plan->feeds, (plan->feed_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	plan->feeds = grown;
	plan->feeds[plan->feed_count++] = feed;
	return 0;
}

/* A selection needs columns of its own. */
static int plan_selection(struct plan *plan)
{
	static const uint16_t fields[JUDGED] = {FIELD_START, FIELD_CORRELATION, FIELD_THREAD};

	for (size_t k = 0; k < plan->kind_count; k++) {
		struct kind_plan *kind = &plan->kinds[k];

		for (int i = 0; i < JUDGED; i++) {
			int at = -1;

			if (schema_index(schema_find(kind->kind), fields[i]) >= 0) {
				at = plan_field(kind, fields[i]);
				if (at < 0)
					return at;
			}
			kind->judged_by[i] = at;
		}
	}
	plan->kept = malloc(CHUNK_MAX_RECORDS * sizeof(*plan->kept));
	plan->site = malloc(CHUNK_MAX_RECORDS * sizeof(*plan->site));
	plan->new_sites = malloc(CHUNK_MAX_RECORDS * sizeof(*plan->new_sites));
	return plan->kept && plan->site && plan->new_sites ? 0 : -ENOMEM;
}

/* The plan of a kind that somebody needs, or NULL. */
static const struct kind_plan *find_kind(const struct plan *plan, uint16_t kind)
{
	for (size_t i = 0; i < plan->kind_count; i++)
		if (plan->kinds[i].kind == kind)
			return &plan->kinds[i];
	return NULL;
}

static int compare_first_times(const void *a, const void *b, void *chunks)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct trace_chunk *x = (const struct trace_chunk *)chunks + i;
	const struct trace_chunk *y = (const struct trace_chunk *)chunks + j;

	if (x->first_time != y->first_time)
		return x->first_time < y->first_time ? -1 : 1;
	return (i > j) - (i < j);
}

/* GPU work by time first, then the rest as it lies in the file. */
static int plan_order(struct plan *plan, const struct trace *t)
{
	plan->order = malloc((t->chunk_count + 1) * sizeof(*plan->order));
	if (!plan->order)
		return -ENOMEM;
	for (int gpu = 1; gpu >= 0; gpu--) {
		for (size_t i = 0; i < t->chunk_count; i++) {
			const struct trace_chunk *c = &t->chunks[i];

			if (c->count && c->process != TRACE_SESSION && IS_GPU(c->kind) == gpu &&
			    find_kind(plan, c->kind))
				plan->order[plan->chunk_count++] = (uint32_t)i;
		}
		if (gpu) {
			plan->gpu_count = plan->chunk_count;
			qsort_r(plan->order, plan->gpu_count, sizeof(*plan->order), compare_first_times,
				t->chunks);
		}
	}
	return 0;
}

static void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < SCHEMA_MAX_FIELDS; i++) {
		free(plan->spread[i]);
		free(plan->kept_values[i]);
	}
	free(plan->kept);
	free(plan->site);
	free(plan->new_sites);
	free(plan->feeds);
	free(plan->order);
}

/* ---------------------------------------------------------------------------------------------- pass */

/*
 * A decoded column as reports expect it: static fields by site, all others by record. -EBADMSG: a static
 * field that varies within a site.
 */
static int shape_column(struct plan *plan, uint32_t at, bool is_static, const struct batch *decoded)
{
	static const uint64_t zero;
	const struct batch_column *c = &decoded->columns[at];
	uint64_t *spread;

	if (is_static) {
		if (c->values && !c->constant && !c->by_site)
			return -EBADMSG;
		plan->columns[at].values = c->values ? c->values : &zero;
		plan->columns[at].constant = !c->values || c->constant;
		return 0;
	}
	plan->columns[at] = (struct report_column){.values = c->values};
	if (c->values && !c->constant && !c->by_site)
		return 0;
	if (!plan->spread[at])
		plan->spread[at] = malloc(CHUNK_MAX_RECORDS * sizeof(*spread));
	spread = plan->spread[at];
	if (!spread)
		return -ENOMEM;
	for (uint32_t i = 0; i < decoded->count; i++)
		spread[i] = batch_value(decoded, at, i);
	plan->columns[at].values = spread;
	return 0;
}

/* ---- selection ---- */

static uint64_t judged(const struct plan *plan, const struct kind_plan *kind, int by,
		       const struct report_batch *b, uint32_t record)
{
	int at = kind->judged_by[by];

	if (at < 0)
		return 0;
	if (kind->is_static[at])
		return plan->columns[at].values[plan->columns[at].constant ? 0 : b->site[record]];
	return plan->columns[at].values[record];
}

/* Which records are in the selection, and the sites they have, into plan. Returns how many records. */
static uint32_t judge(struct plan *plan, const struct kind_plan *kind, struct report_batch *b,
		      uint32_t *sites)
{
	struct selection *s = b->run->selection;
	enum select_rule rule = select_rule(b->kind);
	uint32_t count = 0;

	*sites = 0;
	memset(plan->new_sites, 0, b->sites * sizeof(*plan->new_sites));
	for (uint32_t i = 0; i < b->count; i++) {
		int64_t start = (int64_t)judged(plan, kind, BY_START, b, i);
		bool keep = rule == SELECT_CALL
				    ? select_call(s, b->process,
						  (uint32_t)judged(plan, kind, BY_THREAD, b, i), start)
				    : select_launch(s, b->process, judged(plan, kind, BY_CORRELATION, b, i),
						    start);
		uint32_t *site = &plan->new_sites[b->site[i]];

		if (!keep)
			continue;
		if (!*site)
			*site = ++*sites;
		plan->site[count] = *site - 1;
		plan->kept[count++] = i;
	}
	return count;
}

/* A column without what is not in the selection. */
static int keep_column(struct plan *plan, uint32_t at, bool is_static, const struct report_batch *b,
		       uint32_t count)
{
	struct report_column *c = &plan->columns[at];
	uint64_t *kept = plan->kept_values[at];

	if (is_static && c->constant)
		return 0;
	if (!kept)
		kept = plan->kept_values[at] = malloc(CHUNK_MAX_RECORDS * sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	for (uint32_t site = 0; is_static && site < b->sites; site++)
		if (plan->new_sites[site])
			kept[plan->new_sites[site] - 1] = c->values[site];
	for (uint32_t i = 0; !is_static && i < count; i++)
		kept[i] = c->values[plan->kept[i]];
	c->values = kept;
	return 0;
}

/* Leave in the batch what is in the selection: maybe nothing. */
static int select_records(struct plan *plan, const struct kind_plan *kind, struct report_batch *b)
{
	uint32_t sites, count;
	int err = 0;

	if (!b->run->selection || select_rule(b->kind) == SELECT_WHOLE)
		return 0;
	count = judge(plan, kind, b, &sites);
	if (count < b->count) {
		for (uint32_t c = 0; count && c < kind->field_count && !err; c++)
			err = keep_column(plan, c, kind->is_static[c], b, count);
		b->count = count;
		b->sites = sites;
		b->site = plan->site;
	}
	return err;
}

static int feed_chunk(const struct plan *plan, struct report_batch *batch)
{
	for (size_t f = 0; f < plan->feed_count; f++) {
		const struct feed *feed = &plan->feeds[f];
		int err;

		if (feed->plan->kind != batch->kind)
			continue;
		for (uint32_t i = 0; i < feed->field_count; i++)
			batch->column[i] = plan->columns[feed->at[i]];
		err = feed->job->report->batch(feed->job->state, batch);
		if (err)
			return err;
	}
	return 0;
}

static int pass_chunk(struct plan *plan, struct report_run *run, struct trace_reader *r, size_t i)
{
	const struct trace *t = run->trace;
	const struct trace_chunk *chunk = &t->chunks[plan->order[i]];
	struct report_batch batch = {.run = run,
				     .process = t->processes[chunk->process],
				     .decoder = r->decoder,
				     .kind = chunk->kind,
				     .horizon = INT64_MIN};
	const struct kind_plan *kind = find_kind(plan, chunk->kind);
	struct batch decoded;
	int err;

	if (!kind)
		return 0;
	err = trace_reader_load(r, chunk);
	if (!err)
		err = chunk_decode(r->decoder, r->bytes, chunk->size, kind->fields, kind->field_count,
				   &decoded);
	for (uint32_t c = 0; !err && decoded.count && c < kind->field_count; c++)
		err = shape_column(plan, c, kind->is_static[c], &decoded);
	if (err == -EBADMSG || err == -EILSEQ || err == -EPROTONOSUPPORT || err == -EIO) {
		run->bad_chunks++;
		run->bad_records += chunk->count;
		return 0;
	}
	if (err || !decoded.count)
		return err;
	if (i + 1 < plan->gpu_count)
		batch.horizon = t->chunks[plan->order[i + 1]].first_time;
	else if (i < plan->gpu_count)
		batch.horizon = INT64_MAX;
	batch.count = decoded.count;
	batch.sites = decoded.sites;
	batch.site = decoded.site;
	err = select_records(plan, kind, &batch);
	return err || !batch.count ? err : feed_chunk(plan, &batch);
}

int report_run(struct report_run *run, struct report_job *jobs, size_t count, size_t *failed)
{
	struct plan plan = {.kind_count = 0};
	struct trace_reader reader = {.trace = run->trace};
	int err = 0;

	for (size_t j = 0; j < count && !err; j++) {
		*failed = j;
		err = jobs[j].report->begin(run, jobs[j].argument, &jobs[j].state);
		for (const struct report_need *n = jobs[j].report->needs; n->kind && !err; n++)
			err = plan_need(&plan, &jobs[j], n);
	}
	if (!err && run->selection)
		err = plan_selection(&plan);
	if (!err)
		err = plan_order(&plan, run->trace);
	if (!err)
		err = trace_reader_init(&reader, run->trace);
	for (size_t i = 0; i < plan.chunk_count && !err; i++)
		err = pass_chunk(&plan, run, &reader, i);
	for (size_t j = 0; j < count && !err; j++)
		err = jobs[j].report->end(jobs[j].state, &jobs[j].table, jobs[j].note, sizeof(jobs[j].note));
	trace_reader_free(&reader);
	plan_free(&plan);
	return err;
}

void report_run_free(struct report_job *jobs, size_t count)
{
	for (size_t j = 0; j < count; j++) {
		if (jobs[j].state)
			jobs[j].report->free(jobs[j].state);
		jobs[j].state = NULL;
	}
}
