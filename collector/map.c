/*
 * map.c: linear probing; a removed entry's successors move up, so that there are no tombstones.
 */
#include "collector/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void map_free(struct map *m)
{
	free(m->entries);
	memset(m, 0, sizeof(*m));
}

/* Where the key is, or the empty place where it would be. There is always an empty place. */
static size_t place(const struct map *m, uint64_t key)
{
	size_t at = map_mix(key) & (m->capacity - 1);

	while (m->entries[at].used && m->entries[at].key != key)
		at = (at + 1) & (m->capacity - 1);
	return at;
}

uint64_t *map_find(const struct map *m, uint64_t key)
{
	struct map_entry *entry;

	if (!m->count)
		return NULL;
	entry = &m->entries[place(m, key)];
	return entry->used ? &entry->value : NULL;
}

static int grow(struct map *m)
{
	struct map bigger = {.capacity = m->capacity ? m->capacity * 2 : 16};

	bigger.entries = calloc(bigger.capacity, sizeof(*bigger.entries));
	if (!bigger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < m->capacity; i++)
		if (m->entries[i].used)
			bigger.entries[place(&bigger, m->entries[i].key)] = m->entries[i];
	bigger.count = m->count;
	free(m->entries);
	*m = bigger;
	return 0;
}

int map_put(struct map *m, uint64_t key, uint64_t value)
{
	struct map_entry *entry;

	if (m->count * 4 >= m->capacity * 3) {
		int err = grow(m);

		if (err)
			return err;
	}
	entry = &m->entries[place(m, key)];
	m->count += !entry->used;
	*entry = (struct map_entry){.key = key, .value = value, .used = true};
	return 0;
}

void map_remove(struct map *m, uint64_t key)
{
	size_t mask = m->capacity - 1, hole, at;

	if (!m->count)
		return;
	hole = place(m, key);
	if (!m->entries[hole].used)
		return;
	for (at = (hole + 1) & mask; m->entries[at].used; at = (at + 1) & mask) {
		size_t home = map_mix(m->entries[at].key) & mask;

		/* It may move up unless that would put it before its home. */
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		m->entries[hole] = m->entries[at];
		hole = at;
	}
	m->entries[hole].used = false;
	m->count--;
}
