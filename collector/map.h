/*
 * map.h: a table from 64-bit keys to 64-bit values. Open addressing; grows by itself; keys may be hostile
 * (they are mixed before use). One thread at a time.
 */
#ifndef COLLECTOR_MAP_H
#define COLLECTOR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
	uint64_t key;
	uint64_t value;
	bool used;
};

/* Zeroed to begin with. */
struct map {
	struct map_entry *entries;
	size_t count;
	size_t capacity; /* 0 or a power of two */
};

void map_free(struct map *m);
/* The value of a key, to be read or changed, or NULL. Valid until the next map_put() or map_remove(). */
uint64_t *map_find(const struct map *m, uint64_t key);
/* Add a key or replace its value. 0 or -ENOMEM. */
int map_put(struct map *m, uint64_t key, uint64_t value);
void map_remove(struct map *m, uint64_t key);

/* Spread a key's bits over all 64. */
static inline uint64_t map_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

#endif
