/*
 * sum_table.h: the table that nsys's summaries have in common: one row a name, with share, total, count,
 * average, median, smallest, largest and standard deviation, the largest total first.
 */
#ifndef COLLECTOR_SUM_TABLE_H
#define COLLECTOR_SUM_TABLE_H

#include "collector/map.h"
#include "collector/samples.h"
#include "collector/table.h"
#include "collector/text.h"

struct sum_group {
	uint64_t key;
	uint32_t name;	   /* number of its text */
	const char *style; /* for summaries with a column for it; static */
	struct samples samples;
	struct samples_summary summary; /* by sum_table_end() */
};

struct sum_table {
	const struct texts *texts;
	const char *count_name; /* header: "Instances", "Num Calls", "Count" */
	const char *name_name;	/* "Name", "Operation", "Range" */
	bool bytes;		/* sums of sizes: no share, MB */
	bool has_style;

	struct sum_group **groups;
	size_t count, capacity;
	struct map by_key;
	long double grand_total;
	struct table_column columns[10];

	/* Scratch of a batch: the group of each of its sites, and where that counts. */
	struct sum_group **by_site;
	struct sum_window {
		uint64_t *counts, base, width;
	} * windows;
	size_t site_capacity;
};

/* Make room for a batch's sites in t->by_site. 0 or -ENOMEM. */
int sum_table_sites(struct sum_table *t, uint32_t sites);
/* Add a value of each of `count` records to the group of its site. 0 or -ENOMEM. */
int sum_table_add(struct sum_table *t, const uint32_t *site, const uint64_t *values, uint32_t count,
		  uint32_t sites);

/* The group of a key, made if it is new, or NULL: no memory. Stays where it is. */
struct sum_group *sum_table_group(struct sum_table *t, uint64_t key, uint32_t name, const char *style);
/* Compute, sort, and fill in `table`, which refers to t. */
void sum_table_end(struct sum_table *t, struct table *table);
void sum_table_free(struct sum_table *t);

#endif
