/*
 * timeline.h: ticks and CUPTI stamps onto CLOCK_MONOTONIC, from samples in which all clocks were read
 * together.
 *
 * Ticks (TSC, cntvct) are interpolated between the samples on both sides; after the newest they are
 * extrapolated with the last rate. CUPTI stamps follow CLOCK_REALTIME and are only shifted: the shift stays
 * as it is while a new sample agrees with it within both samples' reading error, so that durations and the
 * GPU's own clock grid survive; otherwise a new shift begins at that sample. A shift that moves by more than
 * a slewing clock can (TIMELINE_STEP) is flagged as a clock step.
 *
 * One thread at a time. No allocation. Works as well on the samples of a dead process's ring.
 */
#ifndef WIRE_TIMELINE_H
#define WIRE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "cuflight/ring.h"

#define TIMELINE_SAMPLES  64
#define TIMELINE_STEP_PPM 1000 /* NTP slews by at most 500 ppm; beyond twice that somebody set the clock */

struct timeline_sample {
	struct ring_clock at;
	int64_t error;	     /* ns: how far apart the clocks may have been read */
	int64_t shift;	     /* monotonic - cupti in force from this sample on */
	int64_t shift_error; /* of the sample that the shift was taken from */
	bool step;	     /* the clock was stepped since the sample before */
};

struct timeline {
	struct timeline_sample samples[TIMELINE_SAMPLES]; /* the newest; sample n at n % TIMELINE_SAMPLES */
	uint64_t count;					  /* ever added */
};

void timeline_init(struct timeline *t);
/* Add a sample; it must not be older than the last one (it is ignored if it is). Returns true if it showed a
 * clock step. */
bool timeline_add(struct timeline *t, const struct ring_clock *at, int64_t error);
/* Ticks to CLOCK_MONOTONIC ns; with no sample yet the ticks themselves. */
int64_t timeline_from_ticks(const struct timeline *t, uint64_t ticks);
/* CUPTI ns to CLOCK_MONOTONIC ns; *step, if not NULL, is set when the stamp lies in an interval with a clock
 * step. */
int64_t timeline_from_cupti(const struct timeline *t, uint64_t stamp, bool *step);
/* The bound of the newest sample's error, ns. */
int64_t timeline_error(const struct timeline *t);

#endif
