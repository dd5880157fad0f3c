/*
 * iteration_view.h: the table of iterations as it is shown: which rows in which order, which columns. Sums
 * come from iteration_table.h.
 */
#ifndef COLLECTOR_ITERATION_VIEW_H
#define COLLECTOR_ITERATION_VIEW_H

#include "collector/iteration_table.h"

enum iteration_order {
	ORDER_WALL, /* the slowest first */
	ORDER_NUMBER,
};

/* Zeroed but for run, iterations and sums. */
struct iteration_view {
	struct report_run run;
	struct iterations iterations;
	const struct iteration_sums *sums;
	uint32_t *order; /* of the iterations, all of them */
	struct table_column columns[TABLE_MAX_COLUMNS];
	uint8_t at[TABLE_MAX_COLUMNS]; /* which of all columns each is */
	size_t column_count;
};

/*
 * for_people: without columns that say nothing: where every row has 0, or which process and source it is if
 * all are of one. limit: rows, 0: all. *table refers to the view. 0 or -ENOMEM.
 */
int iteration_view_make(struct iteration_view *v, enum iteration_order order, uint64_t limit, bool for_people,
			struct table *table);
void iteration_view_free(struct iteration_view *v); /* iterations too, not the run */

#endif
