/*
 * iteration_table.h: what each iteration did: its time, the GPU's part in it, calls, copies, its largest
 * kernel. Fed as a report; the rows are for cmd_iterations.c to print.
 */
#ifndef COLLECTOR_ITERATION_TABLE_H
#define COLLECTOR_ITERATION_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/iterations.h"

/* Of one iteration. Times in ns. */
struct iteration_sums {
	bool recorded; /* it is in what was to be recorded; else only its time is known */
	uint64_t wall;
	uint64_t busy; /* some of its GPU work ran: of all GPUs it used */
	uint32_t gpus; /* it used */
	uint64_t idle; /* what its work leaves of its time, on the average GPU it used */
	uint64_t gap;  /* the longest time its GPU had nothing to do, before or after some of its work */
	uint64_t kernels, graph_launches, allocations, h2d, d2h;
	uint64_t api, sync;
	uint32_t top_kernel; /* text number of the name as recorded + 1, 0: no kernel */
	uint64_t top_time;
	double over_median; /* of its process's iterations: 0.5 is half as long again */
};

/* run->iterations says which. The state of the job that ran is a struct iteration_table. */
extern const struct report report_iterations;

struct iteration_table {
	struct report_run *run;
	const struct iterations *iterations;
	struct iteration_sums *sums; /* one an iteration */
	struct iteration_work *work;
	size_t work_count, work_capacity;
	struct correlations *calls;
	uint32_t *site_values;
	size_t site_capacity;
};

/* Percentile of values sorted upwards, by nearest rank; 0: there are none. */
uint64_t nearest_rank(const uint64_t *sorted, size_t count, unsigned int percent);

#endif
