/* Driver API: building graphs and reading them back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/core/graph.h"
#include "tests/simgpu/driver/driver.h"
#include "tests/simgpu/driver/work.h"

static bool is_graph(struct sim_graph *g)
{
	return g && g->magic == SIM_GRAPH;
}

static bool is_node(struct sim_node *n)
{
	return n && n->magic == SIM_NODE;
}

static CUresult add(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps, size_t n, struct sim_work *work,
		    CUresult err)
{
	if (err)
		return err;
	if (!out || !is_graph(graph) || (n && !deps))
		return SIM_INVALID_VALUE;
	for (size_t i = 0; i < n; i++)
		if (!is_node(deps[i]) || deps[i]->graph != graph)
			return SIM_INVALID_VALUE;
	*out = sim_graph_add(graph, (CUgraphNode *)deps, n, work);
	return *out ? SIM_OK : SIM_OUT_OF_MEMORY;
}

#define ADD(work, err) add(p->phGraphNode, p->hGraph, p->dependencies, p->numDependencies, work, err)

IMPL(cuGraphCreate)
{
	if (!p->phGraph || p->flags)
		return SIM_INVALID_VALUE;
	*p->phGraph = sim_graph_new();
	return *p->phGraph ? SIM_OK : SIM_OUT_OF_MEMORY;
}

IMPL(cuGraphDestroy)
{
	if (!is_graph(p->hGraph))
		return SIM_INVALID_VALUE;
	sim_graph_destroy(p->hGraph);
	return SIM_OK;
}

IMPL(cuGraphClone)
{
	if (!p->phGraphClone || !is_graph(p->originalGraph))
		return SIM_INVALID_VALUE;
	*p->phGraphClone = sim_graph_clone(p->originalGraph, 0);
	return *p->phGraphClone ? SIM_OK : SIM_OUT_OF_MEMORY;
}

IMPL(cuGraphNodeFindInClone)
{
	if (!p->phNode || !is_graph(p->hClonedGraph))
		return SIM_INVALID_VALUE;
	*p->phNode = sim_graph_find(p->hClonedGraph, p->hOriginalNode);
	return *p->phNode ? SIM_OK : SIM_INVALID_VALUE;
}

/* ---- nodes by type ---- */

IMPL(cuGraphAddKernelNode)
{
	struct sim_work w;

	return ADD(&w, work_kernel(&w, p->nodeParams, 1));
}

IMPL(cuGraphAddKernelNode_v2)
{
	struct sim_work w;

	return ADD(&w, work_kernel(&w, p->nodeParams, 2));
}

IMPL(cuGraphAddMemcpyNode)
{
	struct sim_work w;

	return ADD(&w, work_memcpy(&w, p->copyParams));
}

IMPL(cuGraphAddMemsetNode)
{
	struct sim_work w;

	return ADD(&w, work_memset(&w, p->memsetParams));
}

IMPL(cuGraphAddHostNode)
{
	struct sim_work w;

	return ADD(&w, work_host(&w, p->nodeParams));
}

IMPL(cuGraphAddChildGraphNode)
{
	struct sim_work w = {.kind = SIM_CHILD, .ctx = sim_ctx_current()};

	if (!is_graph(p->childGraph))
		return SIM_INVALID_VALUE;
	w.u.child = sim_graph_clone(p->childGraph, 0);
	return ADD(&w, w.u.child ? SIM_OK : SIM_OUT_OF_MEMORY);
}

IMPL(cuGraphChildGraphNodeGetGraph)
{
	if (!is_node(p->hNode) || p->hNode->work.kind != SIM_CHILD || !p->phGraph)
		return SIM_INVALID_VALUE;
	*p->phGraph = p->hNode->work.u.child;
	return SIM_OK;
}

IMPL(cuGraphAddEmptyNode)
{
	struct sim_work w = {.kind = SIM_EMPTY, .ctx = sim_ctx_current()};

	return ADD(&w, SIM_OK);
}

IMPL(cuGraphAddEventRecordNode)
{
	struct sim_work w = {.kind = SIM_RECORD, .ctx = sim_ctx_current()};

	w.u.event = p->event;
	return ADD(&w, p->event ? SIM_OK : SIM_INVALID_VALUE);
}

IMPL(cuGraphAddEventWaitNode)
{
	struct sim_work w = {.kind = SIM_WAIT, .ctx = sim_ctx_current()};

	w.u.event = p->event;
	return ADD(&w, p->event ? SIM_OK : SIM_INVALID_VALUE);
}

IMPL(cuGraphAddMemAllocNode)
{
	struct sim_work w = {.kind = SIM_ALLOC, .ctx = sim_ctx_current()};
	CUresult err;

	if (!p->nodeParams || !sim_ctx_valid(w.ctx))
		return SIM_INVALID_VALUE;
	err = sim_pool_alloc(w.ctx->dev->pool, w.ctx, p->nodeParams->bytesize, &p->nodeParams->dptr);
	w.u.mem.ptr = p->nodeParams->dptr;
	w.u.mem.size = p->nodeParams->bytesize;
	return ADD(&w, err);
}

IMPL(cuGraphAddMemFreeNode)
{
	struct sim_work w = {.kind = SIM_EMPTY, .ctx = sim_ctx_current()}; /* the memory stays the graph's */

	w.u.mem.ptr = p->dptr;
	return ADD(&w, SIM_OK);
}

IMPL(cuGraphKernelNodeGetParams)
{
	return is_node(p->hNode) ? read_kernel(&p->hNode->work, p->nodeParams, 1) : SIM_INVALID_VALUE;
}

IMPL(cuGraphKernelNodeGetParams_v2)
{
	return is_node(p->hNode) ? read_kernel(&p->hNode->work, p->nodeParams, 2) : SIM_INVALID_VALUE;
}

IMPL(cuGraphMemcpyNodeGetParams)
{
	return is_node(p->hNode) ? read_memcpy(&p->hNode->work, p->nodeParams) : SIM_INVALID_VALUE;
}

IMPL(cuGraphMemsetNodeGetParams)
{
	return is_node(p->hNode) ? read_memset(&p->hNode->work, p->nodeParams) : SIM_INVALID_VALUE;
}

IMPL(cuGraphHostNodeGetParams)
{
	return is_node(p->hNode) ? read_host(&p->hNode->work, p->nodeParams) : SIM_INVALID_VALUE;
}

/* New parameters for a node of the same type. */
static CUresult set(CUgraphNode node, const struct sim_work *w, CUresult err)
{
	if (err)
		return err;
	if (!is_node(node) || node->work.kind != w->kind)
		return SIM_INVALID_VALUE;
	node->work = *w;
	return SIM_OK;
}

IMPL(cuGraphKernelNodeSetParams)
{
	struct sim_work w;

	return set(p->hNode, &w, work_kernel(&w, p->nodeParams, 1));
}

IMPL(cuGraphKernelNodeSetParams_v2)
{
	struct sim_work w;

	return set(p->hNode, &w, work_kernel(&w, p->nodeParams, 2));
}

IMPL(cuGraphMemcpyNodeSetParams)
{
	struct sim_work w;

	return set(p->hNode, &w, work_memcpy(&w, p->nodeParams));
}

IMPL(cuGraphMemsetNodeSetParams)
{
	struct sim_work w;

	return set(p->hNode, &w, work_memset(&w, p->nodeParams));
}

IMPL(cuGraphHostNodeSetParams)
{
	struct sim_work w;

	return set(p->hNode, &w, work_host(&w, p->nodeParams));
}

/* Launch attributes of kernel nodes are accepted and change nothing. */
IMPL(cuGraphKernelNodeGetAttribute)
{
	if (!is_node(p->hNode) || !p->value_out)
		return SIM_INVALID_VALUE;
	memset(p->value_out, 0, sizeof(((CUlaunchAttribute *)0)->value));
	return SIM_OK;
}

IMPL(cuGraphKernelNodeSetAttribute)
{
	return is_node(p->hNode) ? SIM_OK : SIM_INVALID_VALUE;
}

IMPL(cuGraphKernelNodeCopyAttributes)
{
	return is_node(p->dst) && is_node(p->src) ? SIM_OK : SIM_INVALID_VALUE;
}

/* ---- shape ---- */

IMPL(cuGraphNodeGetType)
{
	if (!is_node(p->hNode) || !p->type)
		return SIM_INVALID_VALUE;
	*p->type = (int)p->hNode->work.kind;
	return SIM_OK;
}

/* CUDA's way of returning lists: with no array only the count; with one, as many as fit, and NULL after the
 * last. */
struct out {
	CUgraphNode *list;
	size_t cap, n;
};

static void put(struct out *o, CUgraphNode node)
{
	if (o->list && o->n < o->cap)
		o->list[o->n] = node;
	o->n++;
}

static CUresult done(struct out *o, size_t *count)
{
	for (size_t i = o->n; o->list && i < o->cap; i++)
		o->list[i] = NULL;
	*count = o->list && o->n > o->cap ? o->cap : o->n;
	return SIM_OK;
}

static CUresult nodes(CUgraph graph, CUgraphNode *list, size_t *count, bool roots)
{
	struct out o = {list, count ? *count : 0, 0};

	if (!is_graph(graph) || !count)
		return SIM_INVALID_VALUE;
	for (size_t i = 0; i < graph->n_nodes; i++)
		if (!roots || !graph->nodes[i]->n_deps)
			put(&o, graph->nodes[i]);
	return done(&o, count);
}

IMPL(cuGraphGetNodes)
{
	return nodes(p->hGraph, p->nodes, p->numNodes, false);
}

IMPL(cuGraphGetRootNodes)
{
	return nodes(p->hGraph, p->rootNodes, p->numRootNodes, true);
}

static CUresult edges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data, size_t *count)
{
	struct out f = {from, count ? *count : 0, 0}, t = {to, f.cap, 0};

	if (!is_graph(graph) || !count)
		return SIM_INVALID_VALUE;
	if (data)
		memset(data, 0, f.cap * sizeof(*data));
	for (size_t i = 0; i < graph->n_nodes; i++)
		for (size_t d = 0; d < graph->nodes[i]->n_deps; d++) {
			put(&f, graph->nodes[i]->deps[d]);
			put(&t, graph->nodes[i]);
		}
	done(&t, count);
	return done(&f, count);
}

IMPL(cuGraphGetEdges)
{
	return edges(p->hGraph, p->from, p->to, NULL, p->numEdges);
}

IMPL(cuGraphGetEdges_v2)
{
	return edges(p->hGraph, p->from, p->to, p->edgeData, p->numEdges);
}

static CUresult neighbours(CUgraphNode node, CUgraphNode *list, CUgraphEdgeData *data, size_t *count,
			   bool before)
{
	struct out o = {list, count ? *count : 0, 0};

	if (!is_node(node) || !count)
		return SIM_INVALID_VALUE;
	if (data)
		memset(data, 0, o.cap * sizeof(*data));
	if (before) {
		for (size_t d = 0; d < node->n_deps; d++)
			put(&o, node->deps[d]);
		return done(&o, count);
	}
	for (size_t i = 0; i < node->graph->n_nodes; i++)
		for (size_t d = 0; d < node->graph->nodes[i]->n_deps; d++)
			if (node->graph->nodes[i]->deps[d] == node)
				put(&o, node->graph->nodes[i]);
	return done(&o, count);
}

IMPL(cuGraphNodeGetDependencies)
{
	return neighbours(p->hNode, p->dependencies, NULL, p->numDependencies, true);
}

IMPL(cuGraphNodeGetDependencies_v2)
{
	return neighbours(p->hNode, p->dependencies, p->edgeData, p->numDependencies, true);
}

IMPL(cuGraphNodeGetDependentNodes)
{
	return neighbours(p->hNode, p->dependentNodes, NULL, p->numDependentNodes, false);
}

IMPL(cuGraphNodeGetDependentNodes_v2)
{
	return neighbours(p->hNode, p->dependentNodes, p->edgeData, p->numDependentNodes, false);
}

static CUresult depend(const CUgraphNode *from, const CUgraphNode *to, size_t n, bool remove)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_node(from[i]) || !is_node(to[i]))
			return SIM_INVALID_VALUE;
		if (remove ? !sim_graph_undepend(to[i], from[i]) : !sim_graph_depend(to[i], from[i]))
			return SIM_INVALID_VALUE;
	}
	return SIM_OK;
}

IMPL(cuGraphAddDependencies)
{
	return depend(p->from, p->to, p->numDependencies, false);
}

IMPL(cuGraphAddDependencies_v2)
{
	return depend(p->from, p->to, p->numDependencies, false);
}

IMPL(cuGraphRemoveDependencies)
{
	return depend(p->from, p->to, p->numDependencies, true);
}

IMPL(cuGraphRemoveDependencies_v2)
{
	return depend(p->from, p->to, p->numDependencies, true);
}

IMPL(cuGraphDestroyNode)
{
	if (!is_node(p->hNode))
		return SIM_INVALID_VALUE;
	sim_graph_remove(p->hNode);
	return SIM_OK;
}

IMPL(cuGraphDebugDotPrint)
{
	FILE *f;

	if (!is_graph(p->hGraph) || !p->path)
		return SIM_INVALID_VALUE;
	f = fopen(p->path, "w");
	if (!f)
		return SIM_INVALID_VALUE;
	fprintf(f, "digraph dot {\n");
	for (size_t i = 0; i < p->hGraph->n_nodes; i++) {
		struct sim_node *n = p->hGraph->nodes[i];

		fprintf(f, "\"node_%zu\" [label=\"%s\"];\n", i,
			n->work.kind == SIM_KERNEL ? n->work.u.kernel.func->name : "");
		for (size_t d = 0; d < n->n_deps; d++)
			fprintf(f, "\"node_%u\" -> \"node_%zu\";\n", n->deps[d]->index, i);
	}
	fprintf(f, "}\n");
	fclose(f);
	return SIM_OK;
}
