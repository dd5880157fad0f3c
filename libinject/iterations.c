/*
 * iterations.c: one list of iterations for each thread that has any; an iteration waits there until the API
 * calls made in it have been decoded.
 */
#include "libinject/iterations.h"

#include <stdlib.h>
#include <string.h>

#include "libinject/capture.h"
#include "libinject/late.h"
#include "libinject/names.h"
#include "libinject/nvtx_auto.h"
#include "libinject/recorder.h"
#include "libinject/trigger.h"
#include "libinject/writers.h"

#define LANES	32u
#define PENDING 128u
/* Buffers come back in any order: how long to wait for API records after a later one was seen; and at most.
 */
#define SETTLE_NS 200000000ll
#define GIVE_UP	  2000000000ll

struct lane {
	uint32_t thread;
	uint32_t depth;	     /* begins without their ends: the outermost counts */
	uint64_t head, tail; /* of pending: those from head to tail - 1, in order of time */
	int64_t seen;	     /* the latest start of an API call */
	struct iteration pending[PENDING];
};

static struct lane *lanes[LANES];
static uint32_t lane_count;
static uint64_t next_number;
static const char *source_text;
static uint32_t source;
static enum iterations_rule rule;

void iterations_start(void)
{
	/* What lanes a parent's helper had is not touched, not even freed: it may have been at it. */
	memset(lanes, 0, sizeof(lanes));
	lane_count = 0;
	next_number = 0;
	rule = RULE_NONE;
	source_text = NULL;
}

enum iterations_rule iterations_rule(void)
{
	return rule;
}

bool iterations_claim(enum iterations_rule wanted, int64_t time)
{
	if (rule != RULE_NONE)
		return rule == wanted;
	rule = wanted;
	nvtx_auto_stop();
	if (rule != RULE_LATE) {
		late_stop();
		capture_found(time);
	}
	return true;
}

uint64_t iterations_next(void)
{
	return next_number;
}

uint32_t iterations_source(const char *text)
{
	if (text == source_text)
		return source;
	source_text = text;
	source = names_string(STRING_OTHER, 0, text, strlen(text));
	names_fact("iteration", text, strlen(text));
	return source;
}

static struct lane *find_lane(uint32_t thread)
{
	for (uint32_t i = 0; i < lane_count; i++)
		if (lanes[i]->thread == thread)
			return lanes[i];
	return NULL;
}

static struct lane *make_lane(uint32_t thread)
{
	struct lane *lane = find_lane(thread);

	if (lane)
		return lane;
	for (uint32_t i = 0; i < lane_count; i++) /* of threads that come and go */
		if (lane_count == LANES && lanes[i]->head == lanes[i]->tail) {
			*lanes[i] = (struct lane){.thread = thread};
			return lanes[i];
		}
	if (lane_count == LANES)
		return NULL;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	lane->thread = thread;
	lanes[lane_count++] = lane;
	return lane;
}

static struct iteration *at(struct lane *lane, uint64_t n)
{
	return &lane->pending[n % PENDING];
}

static void put(uint32_t thread, const struct iteration *i)
{
	const uint64_t row[ITERATION_FIELDS] = {
		[ITERATION_SOURCE] = i->source,		[ITERATION_THREAD] = thread,
		[ITERATION_START] = (uint64_t)i->start, [ITERATION_DURATION] = (uint64_t)(i->end - i->start),
		[ITERATION_NUMBER] = i->number,		[ITERATION_FIRST_CORRELATION] = i->first,
		[ITERATION_LAST_CORRELATION] = i->last,
	};

	writers_add(EVENT_ITERATION, row, false);
}

static void begin(struct lane *lane, const struct edge *e)
{
	uint64_t number = e->number >= 0 ? (uint64_t)e->number : next_number;

	if (lane->tail - lane->head == PENDING)
		put(lane->thread, at(lane, lane->head++));
	lane->depth = 1;
	*at(lane, lane->tail++) = (struct iteration){
		.start = e->time, .end = INT64_MAX, .number = number, .source = iterations_source(e->source)};
	next_number = number + 1;
	store_relaxed(&recorder.ring.header->iteration, number);
	capture_iteration_began(number, e->time);
}

static void end(struct lane *lane, int64_t time)
{
	struct iteration *i = at(lane, lane->tail - 1);

	lane->depth = 0;
	i->end = time;
	capture_iteration_ended(i->number, time);
	trigger_iteration(i->number, i->start, time);
}

void iterations_edge(const struct edge *e)
{
	struct lane *lane = e->type == EDGE_ITERATION_END ? find_lane(e->thread) : make_lane(e->thread);

	if (!lane)
		return;
	switch (e->type) {
	case EDGE_ITERATION_BEGIN:
		if (!lane->depth)
			begin(lane, e);
		else
			lane->depth++;
		break;
	case EDGE_ITERATION_MARK:
		if (lane->depth)
			end(lane, e->time);
		begin(lane, e);
		break;
	default:
		if (lane->depth > 1)
			lane->depth--;
		else if (lane->depth)
			end(lane, e->time);
		break;
	}
}

void iterations_add(uint32_t thread, const struct iteration *i)
{
	next_number = i->number + 1;
	store_relaxed(&recorder.ring.header->iteration, i->number);
	capture_iteration_began(i->number, i->start);
	capture_iteration_ended(i->number, i->end);
	trigger_iteration(i->number, i->start, i->end);
	put(thread, i);
}

/* The last one that began at or before `time`, or NULL. */
static struct iteration *find(struct lane *lane, int64_t time)
{
	uint64_t low = lane->head, high = lane->tail;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (at(lane, middle)->start <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low == lane->head ? NULL : at(lane, low - 1);
}

void iterations_api(uint32_t thread, int64_t start, uint64_t correlation)
{
	struct lane *lane = find_lane(thread);
	struct iteration *i;

	if (!lane)
		return;
	if (start > lane->seen)
		lane->seen = start;
	i = find(lane, start);
	if (!i || start >= i->end)
		return;
	if (!i->first || correlation < i->first)
		i->first = correlation;
	if (correlation > i->last)
		i->last = correlation;
}

static bool is_complete(const struct lane *lane, const struct iteration *i, int64_t now)
{
	return (lane->seen > i->end && now - i->end > SETTLE_NS) || now - i->end > GIVE_UP;
}

void iterations_publish(int64_t now, bool all)
{
	for (uint32_t n = 0; n < lane_count; n++) {
		struct lane *lane = lanes[n];

		for (; lane->head < lane->tail; lane->head++) {
			struct iteration *i = at(lane, lane->head);

			if (i->end == INT64_MAX || (!all && !is_complete(lane, i, now)))
				break;
			put(lane->thread, i);
		}
	}
}
