/*
 * edges.h: edges of iterations and windows found among what threads wrote on their pages, put in order of
 * time. Helper thread only.
 */
#ifndef INJECT_EDGES_H
#define INJECT_EDGES_H

#include <stdint.h>

#include "wire/page.h"

#define EDGE_NAME 64

enum edge_type {
	EDGE_ITERATION_BEGIN,
	EDGE_ITERATION_END,
	EDGE_ITERATION_MARK,
	EDGE_WINDOW_BEGIN, /* capture by NVTX */
	EDGE_WINDOW_END,
	EDGE_PROFILER_START,
	EDGE_PROFILER_STOP,
};

struct edge {
	int64_t time; /* CLOCK_MONOTONIC ns */
	uint32_t order;
	uint32_t thread;
	int64_t number;	      /* of the iteration, -1: the next */
	const char *source;   /* of the iteration: which rule found it; stays where it is */
	uint8_t type;	      /* enum edge_type */
	char name[EDGE_NAME]; /* of the window, cut */
};

/* For the ring just made. */
void edges_start(void);
/* Look at one record of a thread. */
void edges_see(const struct page_item *item, uint32_t thread, int64_t time);
/* Add an edge found elsewhere. */
void edges_add(const struct edge *edge);
/* All edges so far, in order, to whoever needs them (iterations.h, capture.h). */
void edges_apply(void);

#endif
