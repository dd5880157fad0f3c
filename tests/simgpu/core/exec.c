/* Executable graphs: instantiation flattens child graphs into one ordered list of steps; a launch puts one
   operation a step on the timeline. Every step has a node of its own (a clone), whose id the profiler's
   records carry. */
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/core/graph.h"

struct list {
	uint32_t *at;
	uint32_t n;
};

static void push(struct list *l, uint32_t v)
{
	l->at = realloc(l->at, (l->n + 1) * sizeof(*l->at));
	if (!l->at)
		abort();
	l->at[l->n++] = v;
}

/* Appends a graph's nodes in topological order. `entry` are the steps that its root nodes depend on (what a
   child graph's node depends on); `exits` gets the steps of its leaves. */
static bool flatten(struct sim_exec *exec, struct sim_graph *g, const struct list *entry, struct list *exits)
{
	size_t n = g->n_nodes, done = 0;
	bool *placed = calloc(n + 1, 1), *used = calloc(n + 1, 1), progress = true;
	struct list *ends = calloc(n + 1, sizeof(*ends)); /* steps that mean "this node has finished" */

	if (!placed || !used || !ends)
		abort();
	while (progress && done < n) {
		progress = false;
		for (size_t i = 0; i < n; i++) {
			struct sim_node *node = g->nodes[i];
			struct list deps = {0};
			bool ok = !placed[i];

			for (size_t d = 0; ok && d < node->n_deps; d++)
				ok = placed[node->deps[d]->index];
			if (!ok)
				continue;
			for (size_t d = 0; d < node->n_deps; d++) {
				struct list *e = &ends[node->deps[d]->index];

				used[node->deps[d]->index] = true;
				for (uint32_t k = 0; k < e->n; k++)
					push(&deps, e->at[k]);
			}
			if (!node->n_deps)
				for (uint32_t k = 0; k < entry->n; k++)
					push(&deps, entry->at[k]);
			if (node->work.kind == SIM_CHILD && node->work.u.child->n_nodes) {
				if (!flatten(exec, node->work.u.child, &deps, &ends[i]))
					return false;
				free(deps.at);
			} else {
				struct sim_step *s;

				exec->steps =
					realloc(exec->steps, (exec->n_steps + 1) * sizeof(*exec->steps));
				if (!exec->steps)
					abort();
				s = &exec->steps[exec->n_steps];
				*s = (struct sim_step){node, node->origin, deps.at, deps.n, false};
				push(&ends[i], (uint32_t)exec->n_steps++);
			}
			placed[i] = progress = true;
			done++;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!used[i])
			for (uint32_t k = 0; k < ends[i].n; k++)
				push(exits, ends[i].at[k]);
		free(ends[i].at);
	}
	free(ends);
	free(used);
	free(placed);
	return done == n; /* else the graph has a cycle */
}

CUresult sim_exec_new(struct sim_graph *graph, uint64_t flags, struct sim_exec **out)
{
	struct sim_exec *exec = calloc(1, sizeof(*exec));
	struct list none = {0}, exits = {0};

	if (!exec)
		return SIM_OUT_OF_MEMORY;
	exec->magic = SIM_EXEC;
	exec->id = sim_graph_next_id();
	exec->ctx = sim_ctx_current();
	exec->flags = flags;
	sim_graph_told(17, &(struct sim_graph_event){.graph = graph, .exec = exec});
	exec->clone = sim_graph_clone(graph, exec->id);
	if (!exec->clone || !flatten(exec, exec->clone, &none, &exits)) {
		sim_exec_destroy(exec);
		free(exits.at);
		return exec->clone ? SIM_INVALID_VALUE : SIM_OUT_OF_MEMORY;
	}
	for (uint32_t i = 0; i < exits.n; i++)
		exec->steps[exits.at[i]].leaf = true;
	free(exits.at);
	sim_graph_told(18, &(struct sim_graph_event){.graph = graph, .exec = exec});
	*out = exec;
	return SIM_OK;
}

void sim_exec_destroy(struct sim_exec *exec)
{
	sim_lock();
	while (exec->last)
		pthread_cond_wait(&sim_cond, &sim_mutex);
	sim_unlock();
	sim_graph_told(19, &(struct sim_graph_event){.exec = exec});
	for (size_t i = 0; i < exec->n_steps; i++)
		free(exec->steps[i].deps);
	free(exec->steps);
	if (exec->clone)
		sim_graph_destroy(exec->clone);
	exec->magic = SIM_DEAD;
	free(exec);
}

static void launch_events(struct sim_op *op, const struct sim_work *work)
{
	if (work->kind == SIM_WAIT) {
		if (work->u.event->recorded)
			sim_op_after(op, work->u.event->op, work->u.event->time);
	} else if (work->kind == SIM_RECORD) {
		work->u.event->recorded = true;
		work->u.event->capture_id = 0;
		work->u.event->op = op;
		op->back = &work->u.event->op;
		op->back_end = &work->u.event->time;
	}
}

CUresult sim_exec_launch(struct sim_exec *exec, struct sim_stream *stream)
{
	struct sim_work join = {.kind = SIM_EMPTY, .ctx = stream->ctx};
	struct sim_op **ops, *end;

	if (stream->capture) {
		/* CUDA adds the graph as a child node; here its nodes become the child of the capturing
		 * graph. */
		struct sim_work child = {.kind = SIM_CHILD, .ctx = stream->ctx};
		bool captured;

		child.u.child = exec->clone; /* sim_capture_add clones it */
		return sim_capture_add(stream, &child, &captured);
	}
	ops = malloc((exec->n_steps + 1) * sizeof(*ops));
	if (!ops)
		return SIM_OUT_OF_MEMORY;
	sim_throttle(stream);
	sim_lock();
	for (size_t i = 0; i < exec->n_steps; i++) {
		struct sim_step *s = &exec->steps[i];
		struct sim_op *op = sim_op_new(stream, s->node->disabled ? &join : &s->node->work);

		ops[i] = op;
		op->graph_id = exec->id;
		op->graph_node = s->node->id;
		if (s->n_deps) {
			for (uint32_t d = 0; d < s->n_deps; d++)
				sim_op_after(op, ops[s->deps[d]], 0);
		} else {
			sim_op_after_stream(op, stream);
			sim_op_after(op, exec->last, exec->last_end);
		}
		launch_events(op, &op->work);
		op->graph_op = stream->ctx->graph_ops++;
		sim_op_go(op);
	}
	end = sim_op_new(stream, &join);
	sim_op_after_stream(end, stream);
	for (size_t i = 0; i < exec->n_steps; i++)
		if (exec->steps[i].leaf)
			sim_op_after(end, ops[i], 0);
	stream->tail = exec->last = end;
	end->back = &exec->last;
	end->back_end = &exec->last_end;
	sim_op_go(end);
	sim_throttle_note(stream, end->resolved ? end->end : 0);
	sim_unlock_and_free();
	free(ops);
	return SIM_OK;
}

struct sim_step *sim_exec_step(struct sim_exec *exec, struct sim_node *source)
{
	for (size_t i = 0; i < exec->n_steps; i++)
		if (exec->steps[i].source == source)
			return &exec->steps[i];
	return NULL;
}

/* As cudaGraphExecUpdate: the same shape with other parameters. Nodes are paired by position. */
static int update(struct sim_exec *exec, struct sim_graph *mine, struct sim_graph *theirs, bool apply,
		  struct sim_node **where)
{
	if (mine->n_nodes != theirs->n_nodes)
		return 2;
	for (size_t i = 0; i < mine->n_nodes; i++) {
		struct sim_node *a = mine->nodes[i], *b = theirs->nodes[i];

		*where = b;
		if (a->work.kind != b->work.kind)
			return 3;
		if (a->n_deps != b->n_deps)
			return 2;
		for (size_t d = 0; d < a->n_deps; d++)
			if (a->deps[d]->index != b->deps[d]->index)
				return 2;
		if (a->work.kind == SIM_CHILD) {
			int r = update(exec, a->work.u.child, b->work.u.child, apply, where);

			if (r)
				return r;
		} else if (apply) {
			a->work = b->work;
			a->origin = b;
		}
	}
	if (apply)
		mine->origin = theirs;
	return 0;
}

CUresult sim_exec_update(struct sim_exec *exec, struct sim_graph *graph, int *result, struct sim_node **where)
{
	*where = NULL;
	*result = update(exec, exec->clone, graph, false, where);
	if (*result)
		return SIM_GRAPH_EXEC_UPDATE_FAILURE;
	*where = NULL;
	update(exec, exec->clone, graph, true, where);
	for (size_t i = 0; i < exec->n_steps; i++)
		exec->steps[i].source = exec->steps[i].node->origin;
	*where = NULL;
	return SIM_OK;
}
