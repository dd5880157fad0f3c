/* Graphs, their nodes and their executable form. Only the core and the driver's graph calls look inside. */
#ifndef SIMGPU_GRAPH_H
#define SIMGPU_GRAPH_H

#include "tests/simgpu/sim.h"

struct sim_node {
	enum sim_magic magic;
	struct sim_graph *graph;
	uint64_t id; /* graph id in the upper half, as far as ids have been seen to look */
	struct sim_work work;
	struct sim_node **deps; /* nodes before this one */
	size_t n_deps;
	struct sim_node *origin; /* in a clone: the node it was made from */
	bool disabled;
	uint32_t index; /* position in graph->nodes */
};

struct sim_graph {
	enum sim_magic magic;
	uint32_t id;
	struct sim_node **nodes;
	size_t n_nodes, cap_nodes;
	struct sim_graph *origin;
	bool internal; /* of an executable graph: the profiler is not told of it as a graph */
};

/* The nodes of the graph and of its child graphs, in an order in which every node comes after its
   dependencies. `deps` holds indices into the same array. */
struct sim_step {
	struct sim_node *node;	 /* clone that belongs to the exec; its id is in the records */
	struct sim_node *source; /* the node of the graph that was instantiated */
	uint32_t *deps, n_deps;
	bool leaf;
};

struct sim_exec {
	enum sim_magic magic;
	uint32_t id;
	struct sim_ctx *ctx;
	struct sim_graph *clone;
	struct sim_step *steps;
	size_t n_steps;
	uint64_t flags;
	int64_t last_end;    /* launches of one executable graph do not overlap */
	struct sim_op *last; /* its unresolved end, or NULL */
};

struct sim_graph *sim_graph_new(void);
void sim_graph_destroy(struct sim_graph *graph);
/* deps: nodes of the same graph; copied. NULL on lack of memory. Tells the profiler. */
struct sim_node *sim_graph_add(struct sim_graph *graph, struct sim_node **deps, size_t n_deps,
			       const struct sim_work *work);
bool sim_graph_depend(struct sim_node *node, struct sim_node *on);
bool sim_graph_undepend(struct sim_node *node, struct sim_node *on);
void sim_graph_remove(struct sim_node *node);
uint32_t sim_graph_next_id(void);
/* exec_id: 0 for a graph of its own, else the executable graph that the clone becomes part of. Child graphs
   are cloned too. */
struct sim_graph *sim_graph_clone(struct sim_graph *graph, uint32_t exec_id);
struct sim_node *sim_graph_find(struct sim_graph *clone, struct sim_node *original);
CUresult sim_exec_new(struct sim_graph *graph, uint64_t flags, struct sim_exec **out);
void sim_exec_destroy(struct sim_exec *exec);
CUresult sim_exec_launch(struct sim_exec *exec, struct sim_stream *stream);
/* result: CUgraphExecUpdateResult */
CUresult sim_exec_update(struct sim_exec *exec, struct sim_graph *graph, int *result,
			 struct sim_node **where);
/* The step made from a node of the instantiated graph. */
struct sim_step *sim_exec_step(struct sim_exec *exec, struct sim_node *source);
void sim_graph_told(uint32_t cbid, const struct sim_graph_event *event);

#endif
