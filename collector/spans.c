/*
 * spans.c: spans by their first number, and how far those before each reach, so that a search going back
 * from the right place knows where to stop.
 */
#include "collector/spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int spans_add(struct spans *s, int64_t first, int64_t last, uint32_t item)
{
	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 64;
		struct span *grown = realloc(s->items, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->items = grown;
		s->capacity = capacity;
	}
	s->items[s->count++] = (struct span){.first = first, .last = last, .item = item};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

int spans_sort(struct spans *s)
{
	int64_t reach = INT64_MIN;

	if (!s->count)
		return 0;
	free(s->reach);
	s->reach = malloc(s->count * sizeof(*s->reach));
	if (!s->reach)
		return -ENOMEM;
	qsort(s->items, s->count, sizeof(*s->items), compare);
	for (size_t i = 0; i < s->count; i++) {
		reach = s->items[i].last > reach ? s->items[i].last : reach;
		s->reach[i] = reach;
	}
	return 0;
}

uint32_t spans_find(const struct spans *s, int64_t at)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->items[middle].first <= at)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- && s->reach[low] >= at)
		if (s->items[low].last >= at)
			return s->items[low].item;
	return SPANS_NONE;
}

void spans_free(struct spans *s)
{
	free(s->items);
	free(s->reach);
	memset(s, 0, sizeof(*s));
}
