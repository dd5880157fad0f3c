/*
 * predict.h: the arithmetic of chunk.h's predictors, shared by writer and reader so that they cannot differ.
 * All of it is modulo 2^64.
 */
#ifndef WIRE_PREDICT_H
#define WIRE_PREDICT_H

#include <stdint.h>

#include "cuflight/chunk.h"

static inline uint64_t zigzag(uint64_t v)
{
	return v << 1 ^ (uint64_t)((int64_t)v >> 63);
}

static inline uint64_t unzigzag(uint64_t z)
{
	return z >> 1 ^ (0 - (z & 1));
}

/* A site's mean: 16ths of the unit, an exponential average over about 8 values. */
static inline uint64_t mean_first(uint64_t value)
{
	return value << 4;
}

static inline uint64_t mean_next(uint64_t mean, uint64_t value)
{
	return mean + (uint64_t)((int64_t)((value << 4) - mean) >> 3);
}

static inline uint64_t mean_predict(uint64_t mean)
{
	return (uint64_t)((int64_t)(mean + 8) >> 4);
}

/* Which context entry follows the sites a, b (b the later). */
static inline uint32_t context_slot(uint32_t a, uint32_t b)
{
	return (a * 0x9e3779b1u ^ b * 0x85ebca6bu) >> 18;
}
_Static_assert(CHUNK_CONTEXTS == 1u << 14, "context_slot keeps 14 bits");

#endif
