/*
 * trigger.c: slow iterations against a fixed time or the running median, idle times, the end.
 */
#include "libinject/trigger.h"

#include <stdlib.h>
#include <string.h>

#include "libinject/names.h"
#include "libinject/recorder.h"

#define HISTORY 32u /* iterations that make the median; a slow one among them hardly moves it */
#define ENOUGH	8u
/* Facts are kept for good: no more of them than this, the counter goes on. */
#define FACTS 256u

static uint64_t history[HISTORY];
static uint32_t iterations;
static uint32_t told;
static int64_t latest;
static bool idle;

void trigger_start(void)
{
	iterations = told = 0;
	latest = 0;
	idle = false;
}

static void fire(enum ring_trigger kind, uint64_t number, int64_t from, int64_t to, const char *why)
{
	struct ring_header *h = recorder.ring.header;

	store_relaxed(&h->trigger_kind, kind);
	store_relaxed(&h->trigger_iteration, number);
	store_relaxed(&h->trigger_from, from);
	store_relaxed(&h->trigger_to, to);
	store_release(&h->trigger_count, h->trigger_count + 1); /* partner: the collector */
	if (told++ < FACTS)
		names_fact_format("trigger", "%s %llu: %.3f ms at %lld", why, (unsigned long long)number,
				  (double)(to - from) / 1e6, (long long)from);
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t median(void)
{
	uint64_t sorted[HISTORY];
	uint32_t n = iterations < HISTORY ? iterations : HISTORY;

	memcpy(sorted, history, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), by_size);
	return sorted[n / 2];
}

static bool is_slow(const struct trigger *t, uint64_t duration)
{
	if (t->kind == TRIGGER_ITERATION_NS)
		return duration > t->value;
	return t->kind == TRIGGER_ITERATION_TIMES && iterations >= ENOUGH &&
	       duration / t->value * 1000 + duration % t->value * 1000 / t->value > median();
}

void trigger_iteration(uint64_t number, int64_t start, int64_t end)
{
	uint64_t duration = (uint64_t)(end - start);

	for (uint32_t i = 0; i < config.triggers.count; i++)
		if (is_slow(&config.triggers.trigger[i], duration)) {
			fire(RING_TRIGGER_ITERATION, number, start, end, "slow iteration");
			break;
		}
	history[iterations++ % HISTORY] = duration;
}

void trigger_activity(int64_t time)
{
	if (time <= latest)
		return;
	latest = time;
	idle = false;
}

void trigger_idle(int64_t time)
{
	for (uint32_t i = 0; i < config.triggers.count && latest && !idle; i++) {
		const struct trigger *t = &config.triggers.trigger[i];

		if (t->kind != TRIGGER_IDLE_NS || time - latest <= (int64_t)t->value)
			continue;
		idle = true;
		fire(RING_TRIGGER_IDLE, recorder.ring.header->iteration, latest, time,
		     "idle after iteration");
	}
}

void trigger_exit(int64_t now)
{
	for (uint32_t i = 0; i < config.triggers.count; i++)
		if (config.triggers.trigger[i].kind == TRIGGER_EXIT)
			fire(RING_TRIGGER_EXIT, recorder.ring.header->iteration, now, now,
			     "exit after iteration");
}
