/*
 * timeline.c: clock samples and the two conversions of timeline.h.
 */
#include "wire/timeline.h"

#include <string.h>

void timeline_init(struct timeline *t)
{
	memset(t, 0, sizeof(*t));
}

static const struct timeline_sample *sample_at(const struct timeline *t, uint64_t n)
{
	return &t->samples[n % TIMELINE_SAMPLES];
}

static uint64_t oldest(const struct timeline *t)
{
	return t->count > TIMELINE_SAMPLES ? t->count - TIMELINE_SAMPLES : 0;
}

/* Samples may come from a ring that anybody wrote: whatever they say, the arithmetic is defined (modulo
 * 2^64). */
static int64_t minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static uint64_t magnitude(int64_t v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

bool timeline_add(struct timeline *t, const struct ring_clock *at, int64_t error)
{
	struct timeline_sample *s = &t->samples[t->count % TIMELINE_SAMPLES];
	const struct timeline_sample *last = t->count ? sample_at(t, t->count - 1) : NULL;
	int64_t shift = at->cupti ? minus(at->monotonic, (int64_t)at->cupti) : 0, shift_error = error;
	bool step = false;

	if (last && (at->monotonic <= last->at.monotonic || at->ticks <= last->at.ticks))
		return false;
	if (last && last->at.cupti && at->cupti) {
		uint64_t moved = magnitude(minus(shift, last->shift));
		uint64_t slew =
			magnitude(minus(at->monotonic, last->at.monotonic)) / (1000000 / TIMELINE_STEP_PPM);
		uint64_t unsure = (uint64_t)last->shift_error + (uint64_t)error;

		step = moved > slew + unsure;
		/* A sample during which the thread lost the processor is off by as much: do not keep its
		 * shift for longer than needed. */
		if (moved <= unsure && error >= last->shift_error / 2) {
			shift = last->shift;
			shift_error = last->shift_error;
		}
	}
	*s = (struct timeline_sample){
		.at = *at, .error = error, .shift = shift, .shift_error = shift_error, .step = step};
	t->count++;
	return step;
}

/* a * b / c without overflow on the way, c > 0. */
static int64_t scale(int64_t a, int64_t b, uint64_t c)
{
	return (int64_t)((__int128)a * b / (__int128)c);
}

int64_t timeline_from_ticks(const struct timeline *t, uint64_t ticks)
{
	const struct timeline_sample *a, *b;
	uint64_t n = t->count;
	int64_t offset;

	if (!n)
		return (int64_t)ticks;
	if (n == 1)
		return (int64_t)((uint64_t)sample_at(t, 0)->at.monotonic + ticks - sample_at(t, 0)->at.ticks);
	/* The newest pair whose first sample is not after the stamp; events are young, so from the end. */
	for (n = t->count - 2; n > oldest(t) && (int64_t)(ticks - sample_at(t, n)->at.ticks) < 0; n--)
		;
	a = sample_at(t, n);
	b = sample_at(t, n + 1);
	offset = scale((int64_t)(ticks - a->at.ticks), minus(b->at.monotonic, a->at.monotonic),
		       b->at.ticks - a->at.ticks);
	return (int64_t)((uint64_t)a->at.monotonic + (uint64_t)offset);
}

int64_t timeline_from_cupti(const struct timeline *t, uint64_t stamp, bool *step)
{
	const struct timeline_sample *s;
	uint64_t n;

	if (step)
		*step = false;
	if (!t->count)
		return (int64_t)stamp;
	/* The newest sample that is not after the stamp; before all of them, the oldest that knows CUPTI's
	 * clock at all. */
	for (n = t->count - 1; n > oldest(t) && (int64_t)(stamp - sample_at(t, n)->at.cupti) < 0; n--)
		if (!sample_at(t, n - 1)->at.cupti)
			break;
	s = sample_at(t, n);
	if (step && n + 1 < t->count)
		*step = sample_at(t, n + 1)->step;
	return (int64_t)(stamp + (uint64_t)s->shift);
}

int64_t timeline_error(const struct timeline *t)
{
	return t->count ? sample_at(t, t->count - 1)->error : 0;
}
