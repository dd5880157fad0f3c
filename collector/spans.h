/*
 * spans.h: which of many spans of numbers (times, correlation ids) holds a number. Spans may overlap.
 */
#ifndef COLLECTOR_SPANS_H
#define COLLECTOR_SPANS_H

#include <stddef.h>
#include <stdint.h>

#define SPANS_NONE UINT32_MAX

struct span {
	int64_t first, last; /* both included */
	uint32_t item;
};

/* Zeroed to begin with. */
struct spans {
	struct span *items;
	int64_t *reach; /* the largest last up to an item */
	size_t count, capacity;
};

int spans_add(struct spans *s, int64_t first, int64_t last, uint32_t item); /* 0 or -ENOMEM */
/* After the last spans_add(), before the first spans_find(). 0 or -ENOMEM. */
int spans_sort(struct spans *s);
/* The item of the span that holds `at`, of several the one that begins last; or SPANS_NONE. */
uint32_t spans_find(const struct spans *s, int64_t at);
void spans_free(struct spans *s);

#endif
