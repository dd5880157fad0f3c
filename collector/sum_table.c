/*
 * sum_table.c: rounding and order are nsys's: one decimal, halves up; equal totals by count, then by name.
 */
#include "collector/sum_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sum_group *sum_table_group(struct sum_table *t, uint64_t key, uint32_t name, const char *style)
{
	uint64_t *known = map_find(&t->by_key, key);
	struct sum_group *group, **grown;

	if (known)
		return t->groups[*known];
	if (t->count == t->capacity) {
		size_t capacity = t->capacity ? t->capacity * 2 : 64;

		grown = realloc(t->groups, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		t->groups = grown;
		t->capacity = capacity;
	}
	group = calloc(1, sizeof(*group));
	if (!group || map_put(&t->by_key, key, t->count)) {
		free(group);
		return NULL;
	}
	group->key = key;
	group->name = name;
	group->style = style;
	t->groups[t->count++] = group;
	return group;
}

int sum_table_sites(struct sum_table *t, uint32_t sites)
{
	if (sites <= t->site_capacity)
		return 0;
	free(t->by_site);
	free(t->windows);
	t->site_capacity = 0;
	t->by_site = malloc(sites * sizeof(struct sum_group *));
	t->windows = malloc(sites * sizeof(*t->windows));
	if (!t->by_site || !t->windows)
		return -ENOMEM;
	t->site_capacity = sites;
	return 0;
}

static struct sum_window window_of(const struct sum_group *group)
{
	return (struct sum_window){group->samples.window, group->samples.base, group->samples.width};
}

/* Counts from copies of the groups' windows; a copy that is out of date sends a value the long way. */
int sum_table_add(struct sum_table *t, const uint32_t *site, const uint64_t *values, uint32_t count,
		  uint32_t sites)
{
	struct sum_window *windows = t->windows;

	for (uint32_t i = 0; i < sites; i++)
		windows[i] = window_of(t->by_site[i]);
	for (uint32_t i = 0; i < count; i++) {
		struct sum_window *w = &windows[site[i]];
		uint64_t at = values[i] - w->base;

		if (at < w->width) {
			w->counts[at]++;
			continue;
		}
		if (samples_add(&t->by_site[site[i]]->samples, values[i]))
			return -ENOMEM;
		*w = window_of(t->by_site[site[i]]);
	}
	return 0;
}

static int compare(const void *a, const void *b, void *texts)
{
	const struct sum_group *x = *(struct sum_group *const *)a, *y = *(struct sum_group *const *)b;
	int order;

	if (x->summary.total != y->summary.total)
		return x->summary.total > y->summary.total ? -1 : 1;
	if (x->summary.count != y->summary.count)
		return x->summary.count < y->summary.count ? -1 : 1;
	order = strcmp(texts_get(texts, x->name, NULL), texts_get(texts, y->name, NULL));
	if (order)
		return order;
	return (x->key > y->key) - (x->key < y->key);
}

/* numerator / denominator in tenths, halves up, both below 2^63 x 2^40: exact as long as a double is. */
static double tenths(unsigned __int128 numerator, uint64_t denominator)
{
	unsigned __int128 rounded = (numerator * 20 + denominator) / ((unsigned __int128)denominator * 2);

	return (double)rounded / 10;
}

static double round_tenths(double x)
{
	return floor(x * 10 + 0.5) / 10;
}

static void sum_row(void *context, uint64_t index, struct cell *cells)
{
	const struct sum_table *t = context;
	const struct sum_group *g = t->groups[index];
	const struct samples_summary *s = &g->summary;
	const char *name;
	size_t length;

	if (!t->bytes)
		cell_real(cells++,
			  t->grand_total > 0
				  ? round_tenths((double)((long double)s->total * 100 / t->grand_total))
				  : 0);
	cell_number(cells++, s->total);
	cell_number(cells++, s->count);
	cell_real(cells++, t->bytes ? s->mean : tenths(s->total, s->count));
	cell_real(cells++, (double)s->median2 / 2);
	cell_number(cells++, s->min);
	cell_number(cells++, s->max);
	cell_real(cells++, t->bytes ? s->deviation : round_tenths(s->deviation));
	if (t->has_style)
		cell_text(cells++, g->style, strlen(g->style));
	name = texts_get(t->texts, g->name, &length);
	cell_text(cells, name, length);
}

static void free_group(struct sum_group *group)
{
	samples_free(&group->samples);
	free(group);
}

/* Sum up, and forget groups of sites that no record was of (a damaged file has such). */
static void drop_empty(struct sum_table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		samples_summarise(&t->groups[i]->samples, &t->groups[i]->summary);
		if (t->groups[i]->summary.count)
			t->groups[kept++] = t->groups[i];
		else
			free_group(t->groups[i]);
	}
	t->count = kept;
}

void sum_table_end(struct sum_table *t, struct table *table)
{
	enum column_kind whole = t->bytes ? COLUMN_BYTES : COLUMN_TIME;
	enum column_kind part = t->bytes ? COLUMN_BYTES : COLUMN_TIME_1;
	struct table_column *c = t->columns;

	drop_empty(t);
	for (size_t i = 0; i < t->count; i++)
		t->grand_total += (long double)t->groups[i]->summary.total;
	if (t->count)
		qsort_r(t->groups, t->count, sizeof(struct sum_group *), compare,
			(void *)(uintptr_t)t->texts);
	if (!t->bytes)
		*c++ = (struct table_column){"Time", COLUMN_PERCENT};
	*c++ = (struct table_column){t->bytes ? "Total" : "Total Time", whole};
	*c++ = (struct table_column){t->count_name, COLUMN_COUNT};
	*c++ = (struct table_column){"Avg", part};
	*c++ = (struct table_column){"Med", part};
	*c++ = (struct table_column){"Min", whole};
	*c++ = (struct table_column){"Max", whole};
	*c++ = (struct table_column){"StdDev", part};
	if (t->has_style)
		*c++ = (struct table_column){"Style", COLUMN_TEXT};
	*c++ = (struct table_column){t->name_name, COLUMN_TEXT};
	*table = (struct table){.columns = t->columns,
				.column_count = (size_t)(c - t->columns),
				.rows = t->count,
				.row = sum_row,
				.context = t};
}

void sum_table_free(struct sum_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free_group(t->groups[i]);
	free(t->groups);
	free(t->by_site);
	free(t->windows);
	map_free(&t->by_key);
	memset(t, 0, sizeof(*t));
}
