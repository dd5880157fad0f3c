/*
 * iterations.h: edges into numbered iterations, and which API calls were made in each. Helper thread only.
 */
#ifndef INJECT_ITERATIONS_H
#define INJECT_ITERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "libinject/edges.h"

struct iteration {
	int64_t start, end; /* CLOCK_MONOTONIC ns */
	uint64_t number;
	uint64_t first, last; /* correlation ids of its thread's API calls; 0: none known */
	uint32_t source;      /* text */
};

/* What finds iterations. Under `auto` the first that does; otherwise there is only one that can. */
enum iterations_rule {
	RULE_NONE = 0,
	RULE_TOLD, /* the program's marks, or a Python method */
	RULE_NVTX,
	RULE_LATE, /* late.h */
};

/* For the ring just made. */
void iterations_start(void);
/* Is this the rule? It becomes it, as of `time`, if there was none. */
bool iterations_claim(enum iterations_rule rule, int64_t time);
enum iterations_rule iterations_rule(void);
void iterations_edge(const struct edge *edge);
/* An iteration known from begin to end. */
void iterations_add(uint32_t thread, const struct iteration *iteration);
/* An API call, as decoded. Edges up to its start are known. */
void iterations_api(uint32_t thread, int64_t start, uint64_t correlation);
/* Write those that are complete; all: those that have ended. */
void iterations_publish(int64_t now, bool all);
/* The number that the next iteration gets if it brings none. */
uint64_t iterations_next(void);
/* The number of the text of a source; publishes the fact "iteration" when it is another than before. */
uint32_t iterations_source(const char *text);

#endif
