/*
 * gate.c: the stretches of time that are kept, and which GPU work was launched in them. Pairs of NVTX events
 * are gate_nvtx.c's.
 *
 * GPU work belongs to the moment of its launch, but its record says only when it ran, which is later by any
 * amount, and the correlation id of the launch. Ids ascend with the start of API calls in a process, so API
 * records tell where a stretch begins and ends in terms of ids. They come in any order; what is not known yet
 * is kept.
 */
#include "libinject/gate.h"

#include <string.h>

#include "wire/schema.h"

/* Clocks of GPU, CUPTI and pages against each other, and threads that took an id and were held up before
   they took the time. */
#define MARGIN	  1000000ll
#define STRETCHES 256u

struct stretch {
	int64_t from, to; /* margins included; to INT64_MAX: open */
	uint64_t after;	  /* calls with these ids and lower ones were made before it */
	uint64_t before;  /* ... with these and higher ones after it */
};

static struct stretch stretches[STRETCHES];
static uint32_t count;
static bool active;
static int64_t known;
static uint64_t latest; /* highest id of calls made before any edge that may still come */

void gate_start(bool wanted)
{
	gate_nvtx_forget();
	active = wanted;
	count = 0;
	latest = 0;
	known = INT64_MIN;
}

bool gate_is_active(void)
{
	return active;
}

void gate_known(int64_t time)
{
	known = time;
}

void gate_open(int64_t time)
{
	int64_t from = time - MARGIN;
	struct stretch *last = count ? &stretches[count - 1] : NULL;

	if (last && last->to >= from) {
		last->to = INT64_MAX;
		last->before = UINT64_MAX;
		return;
	}
	if (count == STRETCHES) { /* work launched in the oldest may still come: the two oldest become one */
		stretches[0].to = stretches[1].to;
		stretches[0].before = stretches[1].before;
		memmove(&stretches[1], &stretches[2], (STRETCHES - 2) * sizeof(stretches[0]));
		count--;
	}
	stretches[count++] =
		(struct stretch){.from = from, .to = INT64_MAX, .after = latest, .before = UINT64_MAX};
}

void gate_close(int64_t time)
{
	if (count && stretches[count - 1].to == INT64_MAX)
		stretches[count - 1].to = time + MARGIN;
}

static bool keeps_time(int64_t time)
{
	if (time >= known)
		return true;
	for (uint32_t i = count; i--;)
		if (time >= stretches[i].from)
			return time <= stretches[i].to;
	return false;
}

static void learn(int64_t start, uint64_t correlation)
{
	if (start < known - MARGIN && correlation > latest)
		latest = correlation;
	for (uint32_t i = count; i--;) {
		struct stretch *s = &stretches[i];

		if (start < s->from) {
			if (correlation > s->after)
				s->after = correlation;
		} else if (start > s->to) {
			if (correlation >= s->before)
				return; /* older ones have seen an earlier call than this */
			s->before = correlation;
		}
	}
}

static bool keeps_work(int64_t start, uint64_t correlation)
{
	if (start >= known)
		return true;
	for (uint32_t i = count; i--;) {
		const struct stretch *s = &stretches[i];

		if (start >= s->from && correlation > s->after && correlation < s->before)
			return true;
	}
	return false;
}

bool gate_keeps(uint16_t kind, const uint64_t *row)
{
	const struct schema *schema = schema_find(kind);
	int64_t start = (int64_t)row[schema->n_static];
	uint64_t correlation = row[schema->n_static + 2];

	if (!active)
		return true;
	if (kind == EVENT_API)
		learn(start, correlation);
	if (kind == EVENT_KERNEL || kind == EVENT_MEMCPY || kind == EVENT_MEMSET)
		return keeps_work(start, correlation);
	return keeps_time(start);
}

_Static_assert(KERNEL_CORRELATION == KERNEL_START + 2 && MEMCPY_CORRELATION == MEMCPY_START + 2 &&
		       MEMSET_CORRELATION == MEMSET_START + 2 && API_CORRELATION == API_START + 2,
	       "the correlation id comes after start and duration");

bool gate_keeps_time(int64_t time)
{
	return !active || keeps_time(time);
}
