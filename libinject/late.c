/*
 * late.c: choosing the graph or stream whose launches or copies mark iterations, and cutting time at them.
 *
 * Candidates wait until no record of a call before them can be expected, and are then looked at in the order
 * in which they were called. The first key (executable graph, or stream) with ENOUGH of them is chosen; what
 * the candidates before told is kept until then, so that numbers begin with the first.
 */
#include "libinject/late.h"

#include <stdlib.h>
#include <string.h>

#include "libinject/capture.h"
#include "libinject/iterations.h"
#include "libinject/late_calls.h"
#include "libinject/recorder.h"
#include "wire/schema.h"

#define SETTLE_NS  300000000ll	/* buffers come back in any order */
#define LEAD_NS	   625000000ll	/* settling, flushing and sleeping, and a quarter of that */
#define CHANCE_NS  2000000000ll /* under `auto`: for NVTX to show a better rule */
#define ENOUGH	   8u
#define CANDIDATES 8192u
#define SMALL_COPY 65536u /* bytes: sampled tokens of a large batch; results are larger */
#define DTOH	   2	  /* CUpti_ActivityMemcpyKind */
#define KEYS	   16u
#define GRAPH_KEY  (1ull << 63) /* a key is a graph's; else context and stream */

enum finding {
	OFF = 0,
	LOOKING,
	FOUND,
};

static struct {
	uint32_t state;			 /* enum finding */
	uint64_t candidates[CANDIDATES]; /* correlation ids, in the order in which their work came */
	uint32_t count;
	uint64_t key; /* FOUND */

	/* LOOKING: candidates that settled, in order, and how many each key has. */
	struct call settled[CANDIDATES];
	uint32_t settled_count;
	struct {
		uint64_t key;
		uint32_t count;
	} keys[KEYS];
	uint32_t key_count;

	struct call edge; /* the latest, start 0: none yet */
	int64_t period;	  /* the shortest iteration of late, ns */
} * late;

static bool wants(bool graph)
{
	uint32_t kind = config.iteration.kind;

	return kind == ITERATION_AUTO ||
	       kind == (graph ? (uint32_t)ITERATION_GRAPH : (uint32_t)ITERATION_D2H);
}

void late_start(void)
{
	late = NULL; /* a parent's is not touched */
	if (!wants(true) && !wants(false))
		return;
	late = calloc(1, sizeof(*late));
	if (late && late_calls_start())
		late->state = LOOKING;
}

void late_stop(void)
{
	if (!late || late->state == OFF)
		return;
	late->state = OFF;
	late_calls_stop();
}

static void add_candidate(uint64_t correlation, uint64_t key)
{
	struct call *c = late_call(correlation);

	if (!c || c->key || (late->state == FOUND && key != late->key))
		return;
	c->key = key;
	if (late->count < CANDIDATES)
		late->candidates[late->count++] = correlation;
}

static void add_call(const uint64_t *row)
{
	struct call *c = late_call(row[API_CORRELATION]);

	/* The driver's call inside a runtime's may have its id: the outer one counts, which began first. */
	if (!c || (c->start && c->start <= (int64_t)row[API_START]))
		return;
	c->start = (int64_t)row[API_START];
	c->end = c->start + (int64_t)row[API_DURATION];
	c->thread = (uint32_t)row[API_THREAD];
	c->class = (uint8_t)late_call_class((uint32_t)row[API_DOMAIN], (uint32_t)row[API_CBID]);
}

void late_row(uint16_t kind, const uint64_t *row)
{
	if (!late || late->state == OFF)
		return;
	if (kind == EVENT_API)
		add_call(row);
	else if (kind == EVENT_KERNEL && row[KERNEL_GRAPH_EXEC] && wants(true))
		add_candidate(row[KERNEL_CORRELATION], GRAPH_KEY | row[KERNEL_GRAPH_EXEC]);
	else if (kind == EVENT_MEMCPY && !row[MEMCPY_GRAPH_EXEC] && row[MEMCPY_COPY_KIND] == DTOH &&
		 row[MEMCPY_BYTES] <= SMALL_COPY && wants(false))
		add_candidate(row[MEMCPY_CORRELATION],
			      1ull << 62 | row[MEMCPY_CONTEXT] << 32 | row[MEMCPY_STREAM]);
}

/* The last call of the waiting that follows a copy, or itself. */
static const struct call *end_of_waiting(const struct call *copy)
{
	const struct call *c = copy, *end = copy;

	for (int i = 0; i < 4 && (c = late_call_near(c, 1)) && c->class == CALL_WAIT; i++)
		end = c;
	return end;
}

/* A copy ends a step if its thread then records or waits, and has launched something since the last one. */
static bool ends_step(const struct call *copy)
{
	const struct call *c = late_call_near(copy, 1);

	if (!c || c->class != CALL_WAIT)
		return false;
	for (c = copy; (c = late_call_near(c, -1)) && c->key != copy->key;)
		if (c->class == CALL_LAUNCH)
			return true;
	return false;
}

/* With what the first step began: the call after the last wait before its copy. */
static const struct call *first_call(const struct call *copy)
{
	const struct call *c = copy, *begin = copy;

	while ((c = late_call_near(c, -1)) && c->class != CALL_WAIT)
		begin = c;
	return begin;
}

static void put(const struct call *from, int64_t start, int64_t end, uint64_t first, uint64_t last)
{
	const char *text = config.iteration.kind != ITERATION_AUTO ? config.iteration.text
			   : late->key & GRAPH_KEY		   ? "auto: graph"
								   : "auto: d2h";
	const struct iteration i = {.start = start,
				    .end = end,
				    .number = iterations_next(),
				    .first = first,
				    .last = last,
				    .source = iterations_source(text)};

	if (!late->period || end - start < late->period)
		late->period = end - start;
	else
		late->period += (end - start - late->period) / 16;
	iterations_add(from->thread, &i);
}

static void graph_edge(const struct call *launch)
{
	const struct call *before = late_call_near(launch, -1);

	if (late->edge.start)
		put(&late->edge, late->edge.start, launch->start, late->edge.correlation,
		    before ? before->correlation : launch->correlation - 1);
	late->edge = *launch;
}

/* From where the waiting for the last copy ended. The edge is the last call of the waiting. */
static void copy_edge(const struct call *copy)
{
	const struct call *end = end_of_waiting(copy), *first;
	int64_t start = late->edge.end;

	if (late->edge.start) {
		first = late_call_near(&late->edge, 1);
	} else {
		first = first_call(copy);
		start = first->start;
	}
	put(copy, start, end->end, first ? first->correlation : 0, first ? end->correlation : 0);
	late->edge = *end;
}

/* The last launch has no next one: its iteration ends with the waiting after it. */
static void last_launch(void)
{
	const struct call *c = &late->edge, *end = c;

	while ((c = late_call_near(end, 1))) {
		end = c;
		if (c->class == CALL_WAIT)
			break;
	}
	end = end_of_waiting(end);
	put(&late->edge, late->edge.start, end->end, late->edge.correlation, end->correlation);
}

static void edge(const struct call *c)
{
	if (c->key & GRAPH_KEY)
		graph_edge(c);
	else
		copy_edge(c);
}

static uint32_t *count_of(uint64_t key)
{
	for (uint32_t i = 0; i < late->key_count; i++)
		if (late->keys[i].key == key)
			return &late->keys[i].count;
	if (late->key_count == KEYS)
		return NULL;
	late->keys[late->key_count].key = key;
	return &late->keys[late->key_count++].count;
}

/* The key with most; a graph before a stream when it has enough. */
static uint64_t best_key(uint32_t *count)
{
	uint64_t best = 0;

	*count = 0;
	for (uint32_t i = 0; i < late->key_count; i++) {
		uint64_t key = late->keys[i].key;
		uint32_t n = late->keys[i].count;
		bool better = n > *count;

		if ((key ^ best) & GRAPH_KEY && best)
			better = key & GRAPH_KEY ? n >= ENOUGH : better && *count < ENOUGH;
		if (better) {
			best = key;
			*count = n;
		}
	}
	return best;
}

/* Choose, if it is time. Then everything that waited is told. */
static void choose(int64_t now, bool last)
{
	uint32_t count;
	uint64_t key = best_key(&count);
	bool is_auto = config.iteration.kind == ITERATION_AUTO;

	if (!key || (!last && count < ENOUGH))
		return;
	if (is_auto && (count < ENOUGH || (!last && now - late->settled[0].start < CHANCE_NS)))
		return;
	if (!iterations_claim(RULE_LATE, now))
		return;
	late->key = key;
	late->state = FOUND;
	for (uint32_t i = 0; i < late->settled_count; i++)
		if (late->settled[i].key == key)
			edge(&late->settled[i]);
	late->settled_count = 0;
}

static void settled(const struct call *c)
{
	uint32_t *count;

	if (!(c->key & GRAPH_KEY) && !ends_step(c))
		return;
	if (late->state == FOUND) {
		if (c->key == late->key)
			edge(c);
		return;
	}
	if (late->settled_count == CANDIDATES) /* nothing repeats: the oldest half is forgotten */
		memmove(late->settled, late->settled + CANDIDATES / 2,
			(late->settled_count -= CANDIDATES / 2) * sizeof(late->settled[0]));
	late->settled[late->settled_count++] = *c;
	count = count_of(c->key);
	if (count)
		++*count;
}

static int by_start(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Take the candidates whose time has come, in order of their calls. */
static void settle(int64_t now, bool last)
{
	static struct call ready[CANDIDATES];
	uint32_t count = 0, kept = 0;

	for (uint32_t i = 0; i < late->count; i++) {
		const struct call *c = late_call(late->candidates[i]);

		if (!c)
			continue;
		if (c->start && (last || now - c->start > SETTLE_NS))
			ready[count++] = *c;
		else if (!last)
			late->candidates[kept++] = late->candidates[i];
	}
	late->count = kept;
	qsort(ready, count, sizeof(ready[0]), by_start);
	for (uint32_t i = 0; i < count; i++)
		settled(&ready[i]);
}

void late_publish(int64_t now, int64_t until, bool last)
{
	uint64_t lead;

	if (!late || late->state == OFF)
		return;
	settle(now, last);
	if (late->state == LOOKING)
		choose(now, last);
	if (last && late->state == FOUND && late->edge.start && late->key & GRAPH_KEY)
		last_launch();
	if (last)
		return;
	/* How many iterations may have passed unnoticed since the last one that was told, and a quarter more.
	 */
	lead = late->state == FOUND && late->period ? (uint64_t)(LEAD_NS / late->period) + 2 : UINT64_MAX;
	capture_near(iterations_next(), lead, until);
}
