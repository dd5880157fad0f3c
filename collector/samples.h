/*
 * samples.h: all values of one group, kept so that median and deviation are exact, in little memory: most
 * durations of a kernel lie close together and are counted; only those far off are kept one by one.
 */
#ifndef COLLECTOR_SAMPLES_H
#define COLLECTOR_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed to begin with. */
struct samples {
	uint64_t *window; /* how often base, base + 1 ... were seen; NULL until there are enough values */
	uint64_t base, width;
	uint64_t *others; /* the values outside */
	size_t other_count, other_capacity;
};

struct samples_summary {
	uint64_t count;
	uint64_t total; /* saturates */
	uint64_t min, max;
	uint64_t median2;	/* twice the median; saturates */
	double mean, deviation; /* of a sample: divided by count - 1; 0 for a single value */
};

int samples_add_slow(struct samples *s, uint64_t value); /* 0 or -ENOMEM */
void samples_free(struct samples *s);
/* Reorders `others`; values may be added afterwards. */
void samples_summarise(struct samples *s, struct samples_summary *out);

static inline int samples_add(struct samples *s, uint64_t value)
{
	uint64_t at = value - s->base;

	if (at < s->width) {
		s->window[at]++;
		return 0;
	}
	return samples_add_slow(s, value);
}

#endif
