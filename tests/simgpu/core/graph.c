/* Graphs and nodes: building, cloning, taking apart. Not thread-safe for one graph, as in CUDA. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/core/graph.h"

static _Atomic uint32_t next_id, next_node;

uint64_t sim_node_id(struct sim_node *node)
{
	return node->id;
}

uint32_t sim_graph_id(struct sim_graph *graph)
{
	return graph->id;
}

uint32_t sim_exec_id(struct sim_exec *exec)
{
	return exec->id;
}

void sim_graph_told(uint32_t cbid, const struct sim_graph_event *event)
{
	sim_resource(cbid, sim_ctx_current(), NULL, (void *)event);
}

/* Graphs and executable graphs share one sequence of ids. */
uint32_t sim_graph_next_id(void)
{
	return atomic_fetch_add(&next_id, 1) + 1;
}

static struct sim_graph *new_graph(uint32_t id)
{
	struct sim_graph *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->magic = SIM_GRAPH;
	g->id = id;
	return g;
}

struct sim_graph *sim_graph_new(void)
{
	struct sim_graph *g = new_graph(sim_graph_next_id());

	if (g)
		sim_graph_told(9, &(struct sim_graph_event){.graph = g});
	return g;
}

static struct sim_node *append(struct sim_graph *g, const struct sim_work *work)
{
	struct sim_node *n;

	if (g->n_nodes == g->cap_nodes) {
		size_t cap = g->cap_nodes ? g->cap_nodes * 2 : 16;
		struct sim_node **list = realloc(g->nodes, cap * sizeof(*list));

		if (!list)
			return NULL;
		g->nodes = list;
		g->cap_nodes = cap;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->magic = SIM_NODE;
	n->graph = g;
	n->id = (uint64_t)g->id << 32 | atomic_fetch_add(&next_node, 1);
	n->work = *work;
	n->index = (uint32_t)g->n_nodes;
	g->nodes[g->n_nodes++] = n;
	return n;
}

bool sim_graph_depend(struct sim_node *node, struct sim_node *on)
{
	struct sim_node **list = realloc(node->deps, (node->n_deps + 1) * sizeof(*list));

	if (!list)
		return false;
	node->deps = list;
	node->deps[node->n_deps++] = on;
	sim_graph_told(15, &(struct sim_graph_event){.graph = node->graph,
						     .node = node,
						     .node_type = (int)node->work.kind,
						     .dependency = on});
	return true;
}

bool sim_graph_undepend(struct sim_node *node, struct sim_node *on)
{
	for (size_t i = 0; i < node->n_deps; i++)
		if (node->deps[i] == on) {
			sim_graph_told(16, &(struct sim_graph_event){.graph = node->graph,
								     .node = node,
								     .node_type = (int)node->work.kind,
								     .dependency = on});
			node->deps[i] = node->deps[--node->n_deps];
			return true;
		}
	return false;
}

struct sim_node *sim_graph_add(struct sim_graph *graph, struct sim_node **deps, size_t n_deps,
			       const struct sim_work *work)
{
	struct sim_node *n;

	sim_graph_told(12, &(struct sim_graph_event){.graph = graph, .node_type = (int)work->kind});
	n = append(graph, work);
	if (!n)
		return NULL;
	sim_graph_told(13,
		       &(struct sim_graph_event){.graph = graph, .node = n, .node_type = (int)work->kind});
	for (size_t i = 0; i < n_deps; i++)
		if (!sim_graph_depend(n, deps[i]))
			return NULL;
	return n;
}

static void free_node(struct sim_node *n)
{
	if (!n->graph->internal)
		sim_graph_told(14, &(struct sim_graph_event){
					   .graph = n->graph, .node = n, .node_type = (int)n->work.kind});
	if (n->work.kind == SIM_CHILD)
		sim_graph_destroy(n->work.u.child);
	n->magic = SIM_DEAD;
	free(n->deps);
	free(n);
}

void sim_graph_remove(struct sim_node *node)
{
	struct sim_graph *g = node->graph;

	for (size_t i = 0; i < g->n_nodes; i++)
		while (sim_graph_undepend(g->nodes[i], node))
			;
	for (size_t i = node->index; i + 1 < g->n_nodes; i++) {
		g->nodes[i] = g->nodes[i + 1];
		g->nodes[i]->index = (uint32_t)i;
	}
	g->n_nodes--;
	free_node(node);
}

void sim_graph_destroy(struct sim_graph *graph)
{
	if (!graph->internal)
		sim_graph_told(10, &(struct sim_graph_event){.graph = graph});
	for (size_t i = 0; i < graph->n_nodes; i++)
		free_node(graph->nodes[i]);
	graph->magic = SIM_DEAD;
	free(graph->nodes);
	free(graph);
}

/* Gives node i of the clone its work and tells the profiler. */
static bool clone_node(struct sim_graph *c, struct sim_node *from, uint32_t exec_id)
{
	struct sim_work work = from->work;
	struct sim_node *n;

	if (work.kind == SIM_CHILD && !(work.u.child = sim_graph_clone(work.u.child, exec_id)))
		return false;
	n = sim_graph_add(c, NULL, 0, &work);
	if (!n)
		return false;
	n->origin = from;
	n->disabled = from->disabled;
	sim_graph_told(20, &(struct sim_graph_event){.graph = c,
						     .original_graph = from->graph,
						     .node = n,
						     .original_node = from,
						     .node_type = (int)work.kind});
	return true;
}

struct sim_graph *sim_graph_clone(struct sim_graph *graph, uint32_t exec_id)
{
	struct sim_graph *c = new_graph(exec_id ? exec_id : sim_graph_next_id());

	if (!c)
		return NULL;
	c->origin = graph;
	c->internal = exec_id != 0;
	if (!exec_id)
		sim_graph_told(11, &(struct sim_graph_event){.graph = c, .original_graph = graph});
	for (size_t i = 0; i < graph->n_nodes; i++)
		if (!clone_node(c, graph->nodes[i], exec_id))
			goto failed;
	for (size_t i = 0; i < graph->n_nodes; i++)
		for (size_t d = 0; d < graph->nodes[i]->n_deps; d++)
			if (!sim_graph_depend(c->nodes[i], c->nodes[graph->nodes[i]->deps[d]->index]))
				goto failed;
	return c;
failed:
	sim_graph_destroy(c);
	return NULL;
}

struct sim_node *sim_graph_find(struct sim_graph *clone, struct sim_node *original)
{
	for (size_t i = 0; i < clone->n_nodes; i++)
		if (clone->nodes[i]->origin == original)
			return clone->nodes[i];
	return NULL;
}
