/*
 * samples.c: the counting window is laid around the median of the first values.
 */
#include "collector/samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_VALUES 1024u
#define WINDOW_WIDTH 32768u /* counters; memory is touched only where values fall */

void samples_free(struct samples *s)
{
	free(s->window);
	free(s->others);
	memset(s, 0, sizeof(*s));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Enough values: count those around their median from now on. */
static int open_window(struct samples *s)
{
	uint64_t median;
	size_t kept = 0;

	s->window = calloc(WINDOW_WIDTH, sizeof(*s->window));
	if (!s->window)
		return -ENOMEM;
	qsort(s->others, s->other_count, sizeof(*s->others), compare);
	median = s->others[s->other_count / 2];
	s->base = median > WINDOW_WIDTH / 2 ? median - WINDOW_WIDTH / 2 : 0;
	s->width = WINDOW_WIDTH;
	for (size_t i = 0; i < s->other_count; i++) {
		uint64_t value = s->others[i];

		if (value - s->base < s->width)
			s->window[value - s->base]++;
		else
			s->others[kept++] = value;
	}
	s->other_count = kept;
	return 0;
}

int samples_add_slow(struct samples *s, uint64_t value)
{
	if (!s->window && s->other_count == FIRST_VALUES) {
		int err = open_window(s);

		if (err)
			return err;
		return samples_add(s, value);
	}
	if (s->other_count == s->other_capacity) {
		size_t capacity = s->other_capacity ? s->other_capacity * 2 : 16;
		uint64_t *grown = realloc(s->others, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->others = grown;
		s->other_capacity = capacity;
	}
	s->others[s->other_count++] = value;
	return 0;
}

/* Calls visit for every distinct stretch of equal values, in any order. */
static void each(const struct samples *s, void (*visit)(void *context, uint64_t value, uint64_t count),
		 void *context)
{
	for (size_t i = 0; i < s->other_count; i++)
		visit(context, s->others[i], 1);
	for (uint64_t i = 0; i < s->width; i++)
		if (s->window[i])
			visit(context, s->base + i, s->window[i]);
}

struct sums {
	uint64_t count, min, max;
	unsigned __int128 total;
	long double mean, squares;
};

static void add_to_sums(void *context, uint64_t value, uint64_t count)
{
	struct sums *sums = context;

	sums->min = !sums->count || value < sums->min ? value : sums->min;
	sums->max = value > sums->max ? value : sums->max;
	sums->count += count;
	sums->total += (unsigned __int128)value * count;
}

static void add_square(void *context, uint64_t value, uint64_t count)
{
	struct sums *sums = context;
	long double off = (long double)value - sums->mean;

	sums->squares += off * off * (long double)count;
}

/* Put those below the window first. Returns how many they are. */
static size_t partition(uint64_t *values, size_t n, uint64_t bound)
{
	size_t below = 0;

	for (size_t i = 0; i < n; i++) {
		if (values[i] < bound) {
			uint64_t value = values[i];

			values[i] = values[below];
			values[below++] = value;
		}
	}
	return below;
}

/*
 * The k-th smallest of n values, from 0, by partition around one of them; n > k. Values that somebody chose
 * so that every partition is lopsided are sorted instead.
 */
static uint64_t select_value(uint64_t *values, size_t n, size_t k)
{
	for (int rounds = 0; n > 32 && rounds < 100; rounds++) {
		uint64_t a = values[0], b = values[n / 2], c = values[n - 1];
		uint64_t pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
		size_t below = partition(values, n, pivot);
		size_t equal =
			pivot == UINT64_MAX ? n - below : partition(values + below, n - below, pivot + 1);

		if (k < below) {
			n = below;
		} else if (k < below + equal) {
			return pivot;
		} else {
			values += below + equal;
			n -= below + equal;
			k -= below + equal;
		}
	}
	qsort(values, n, sizeof(*values), compare);
	return values[k];
}

/* The k-th smallest value of all; `below` of the others lie below the window. */
static uint64_t value_at(struct samples *s, size_t below, uint64_t k)
{
	if (k < below)
		return select_value(s->others, below, k);
	k -= below;
	for (uint64_t i = 0; i < s->width; i++) {
		if (k < s->window[i])
			return s->base + i;
		k -= s->window[i];
	}
	return select_value(s->others + below, s->other_count - below, k);
}

void samples_summarise(struct samples *s, struct samples_summary *out)
{
	struct sums sums = {.count = 0};
	uint64_t low, high;
	size_t below;

	each(s, add_to_sums, &sums);
	memset(out, 0, sizeof(*out));
	if (!sums.count)
		return;
	sums.mean = (long double)sums.total / (long double)sums.count;
	each(s, add_square, &sums);
	below = partition(s->others, s->other_count, s->base);
	low = value_at(s, below, (sums.count - 1) / 2);
	high = value_at(s, below, sums.count / 2);
	out->count = sums.count;
	out->total = sums.total > UINT64_MAX ? UINT64_MAX : (uint64_t)sums.total;
	out->min = sums.min;
	out->max = sums.max;
	out->median2 = low > UINT64_MAX - high ? UINT64_MAX : low + high;
	out->mean = (double)sums.mean;
	if (sums.count > 1)
		out->deviation = sqrt((double)(sums.squares / (long double)(sums.count - 1)));
}
