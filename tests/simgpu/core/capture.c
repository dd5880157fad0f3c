/* Stream capture: work submitted to a capturing stream becomes nodes of a graph. A stream joins a capture by
   waiting for an event recorded in it, and must be joined again before the capture ends. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/core/graph.h"

struct sim_capture {
	uint64_t id;
	int mode;
	bool invalid, into_given;
	struct sim_graph *graph;
	struct sim_stream *origin;
	pthread_t thread;
	struct sim_stream **streams;
	size_t n_streams;
	struct sim_capture *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sim_capture *captures;
static _Atomic int active;
static uint64_t next_id = 1;
static __thread int thread_mode = SIM_CAPTURE_GLOBAL;

static bool set_deps(struct sim_node ***list, size_t *n, struct sim_node **from, size_t n_from)
{
	struct sim_node **copy = malloc((n_from + 1) * sizeof(*copy));

	if (!copy)
		return false;
	if (n_from)
		memcpy(copy, from, n_from * sizeof(*copy));
	free(*list);
	*list = copy;
	*n = n_from;
	return true;
}

static bool join(struct sim_capture *c, struct sim_stream *s)
{
	struct sim_stream **list = realloc(c->streams, (c->n_streams + 1) * sizeof(*list));

	if (!list)
		return false;
	c->streams = list;
	list[c->n_streams++] = s;
	s->capture = c;
	return true;
}

CUresult sim_capture_begin(struct sim_stream *stream, int mode, struct sim_graph *into,
			   struct sim_node **deps, size_t n_deps)
{
	struct sim_capture *c;

	if (stream->legacy || stream->capture)
		return stream->legacy ? SIM_CAPTURE_UNSUPPORTED : SIM_ILLEGAL_STATE;
	c = calloc(1, sizeof(*c));
	if (!c)
		return SIM_OUT_OF_MEMORY;
	c->mode = mode;
	c->origin = stream;
	c->thread = pthread_self();
	c->into_given = into != NULL;
	c->graph = into ? into : sim_graph_new();
	if (!c->graph || !join(c, stream) ||
	    !set_deps(&stream->capture_deps, &stream->n_capture_deps, deps, n_deps)) {
		stream->capture = NULL;
		free(c->streams);
		free(c);
		return SIM_OUT_OF_MEMORY;
	}
	pthread_mutex_lock(&mutex);
	c->id = next_id++;
	c->next = captures;
	captures = c;
	pthread_mutex_unlock(&mutex);
	atomic_fetch_add(&active, 1);
	return SIM_OK;
}

static void mark_ancestors(struct sim_node *node, bool *seen)
{
	if (seen[node->index])
		return;
	seen[node->index] = true;
	for (size_t i = 0; i < node->n_deps; i++)
		mark_ancestors(node->deps[i], seen);
}

/* Every stream that joined must lead back into what the origin stream now depends on. */
static bool all_joined(struct sim_capture *c)
{
	bool *seen = calloc(c->graph->n_nodes + 1, 1), ok = true;

	if (!seen)
		return false;
	for (size_t i = 0; i < c->origin->n_capture_deps; i++)
		mark_ancestors(c->origin->capture_deps[i], seen);
	for (size_t s = 0; s < c->n_streams; s++)
		for (size_t i = 0; i < c->streams[s]->n_capture_deps; i++)
			ok &= seen[c->streams[s]->capture_deps[i]->index];
	free(seen);
	return ok;
}

CUresult sim_capture_end(struct sim_stream *stream, struct sim_graph **graph)
{
	struct sim_capture *c = stream->capture;
	CUresult ret = SIM_OK;

	*graph = NULL;
	if (!c)
		return SIM_ILLEGAL_STATE;
	if (c->origin != stream)
		return SIM_CAPTURE_UNMATCHED;
	if (c->mode != SIM_CAPTURE_RELAXED && !pthread_equal(c->thread, pthread_self()))
		return SIM_CAPTURE_WRONG_THREAD;
	if (c->invalid)
		ret = SIM_CAPTURE_INVALIDATED;
	else if (!all_joined(c))
		ret = SIM_CAPTURE_UNJOINED;
	for (size_t s = 0; s < c->n_streams; s++) {
		c->streams[s]->capture = NULL;
		c->streams[s]->n_capture_deps = 0;
	}
	pthread_mutex_lock(&mutex);
	for (struct sim_capture **p = &captures; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	pthread_mutex_unlock(&mutex);
	atomic_fetch_sub(&active, 1);
	if (!ret)
		*graph = c->graph;
	else if (!c->into_given)
		sim_graph_destroy(c->graph);
	free(c->streams);
	free(c);
	return ret;
}

/* Work on the legacy stream while a blocking stream captures would order itself after the capture. */
static CUresult implicit(struct sim_stream *stream)
{
	CUresult ret = SIM_OK;

	if (!stream->legacy)
		return SIM_OK;
	sim_lock();
	for (struct sim_stream *s = stream->ctx->streams; s; s = s->next)
		if (s->capture && !(s->flags & SIM_STREAM_NON_BLOCKING)) {
			s->capture->invalid = true;
			ret = SIM_CAPTURE_IMPLICIT;
		}
	sim_unlock();
	return ret;
}

CUresult sim_capture_add(struct sim_stream *stream, const struct sim_work *work, bool *captured)
{
	struct sim_capture *c = stream->capture;
	struct sim_work w = *work;
	struct sim_node *node;

	*captured = false;
	if (!c)
		return atomic_load_explicit(&active, memory_order_relaxed) ? implicit(stream) : SIM_OK;
	if (c->invalid)
		return SIM_CAPTURE_INVALIDATED;
	if (w.kind == SIM_CHILD && !(w.u.child = sim_graph_clone(w.u.child, 0)))
		return SIM_OUT_OF_MEMORY;
	node = sim_graph_add(c->graph, stream->capture_deps, stream->n_capture_deps, &w);
	if (!node || !set_deps(&stream->capture_deps, &stream->n_capture_deps, &node, 1))
		return SIM_OUT_OF_MEMORY;
	*captured = true;
	return SIM_OK;
}

CUresult sim_capture_event_record(struct sim_event *event, struct sim_stream *stream, bool *captured)
{
	struct sim_capture *c = stream->capture;

	*captured = false;
	if (!c)
		return atomic_load_explicit(&active, memory_order_relaxed) ? implicit(stream) : SIM_OK;
	if (c->invalid)
		return SIM_CAPTURE_INVALIDATED;
	if (!set_deps(&event->capture_deps, &event->n_capture_deps, stream->capture_deps,
		      stream->n_capture_deps))
		return SIM_OUT_OF_MEMORY;
	event->capture_id = c->id;
	*captured = true;
	return SIM_OK;
}

static struct sim_capture *find(uint64_t id)
{
	struct sim_capture *c;

	pthread_mutex_lock(&mutex);
	for (c = captures; c && c->id != id; c = c->next)
		;
	pthread_mutex_unlock(&mutex);
	return c;
}

CUresult sim_capture_event_wait(struct sim_stream *stream, struct sim_event *event, bool *captured)
{
	struct sim_capture *c = stream->capture, *other;
	struct sim_node **all;
	size_t n;

	*captured = false;
	if (!event->capture_id) {
		if (!c)
			return SIM_OK;
		*captured = true;
		if (!event->recorded)
			return SIM_OK;
		c->invalid = true;
		return SIM_CAPTURE_ISOLATION;
	}
	*captured = true;
	other = find(event->capture_id);
	if (!other)
		return c ? SIM_CAPTURE_ISOLATION : SIM_OK;
	if (c && c != other) {
		c->invalid = other->invalid = true;
		return SIM_CAPTURE_MERGE;
	}
	if (stream->legacy)
		return SIM_CAPTURE_IMPLICIT;
	if (!c) {
		if (!join(other, stream))
			return SIM_OUT_OF_MEMORY;
		stream->n_capture_deps = 0;
	}
	n = stream->n_capture_deps;
	all = malloc((n + event->n_capture_deps + 1) * sizeof(*all));
	if (!all)
		return SIM_OUT_OF_MEMORY;
	for (size_t i = 0; i < n; i++)
		all[i] = stream->capture_deps[i];
	for (size_t i = 0; i < event->n_capture_deps; i++) {
		bool known = false;

		for (size_t k = 0; k < n; k++)
			known |= all[k] == event->capture_deps[i];
		if (!known)
			all[n++] = event->capture_deps[i];
	}
	free(stream->capture_deps);
	stream->capture_deps = all;
	stream->n_capture_deps = n;
	return SIM_OK;
}

int sim_capture_exchange_mode(int mode)
{
	int old = thread_mode;

	thread_mode = mode;
	return old;
}

CUresult sim_capture_unsafe(void)
{
	CUresult ret = SIM_OK;

	if (!atomic_load_explicit(&active, memory_order_relaxed) || thread_mode == SIM_CAPTURE_RELAXED)
		return SIM_OK;
	pthread_mutex_lock(&mutex);
	for (struct sim_capture *c = captures; c; c = c->next) {
		bool mine = pthread_equal(c->thread, pthread_self());

		if (c->mode == SIM_CAPTURE_RELAXED ||
		    (!mine && (c->mode == SIM_CAPTURE_THREAD || thread_mode == SIM_CAPTURE_THREAD)))
			continue;
		c->invalid = true;
		ret = SIM_CAPTURE_UNSUPPORTED;
	}
	pthread_mutex_unlock(&mutex);
	return ret;
}

CUresult sim_capture_blocks(struct sim_stream *stream)
{
	if (!stream->capture)
		return implicit(stream);
	stream->capture->invalid = true;
	return SIM_CAPTURE_UNSUPPORTED;
}

int sim_capture_status(struct sim_stream *stream, uint64_t *id, struct sim_graph **graph)
{
	struct sim_capture *c = stream->capture;

	if (!c)
		return 0;
	*id = c->id;
	*graph = c->graph;
	return c->invalid ? 2 : 1;
}

CUresult sim_capture_set_deps(struct sim_stream *stream, struct sim_node **deps, size_t n, bool replace)
{
	struct sim_node **all;
	size_t old = replace ? 0 : stream->n_capture_deps;

	if (!stream->capture)
		return SIM_ILLEGAL_STATE;
	all = malloc((old + n + 1) * sizeof(*all));
	if (!all)
		return SIM_OUT_OF_MEMORY;
	if (old)
		memcpy(all, stream->capture_deps, old * sizeof(*all));
	if (n)
		memcpy(all + old, deps, n * sizeof(*all));
	free(stream->capture_deps);
	stream->capture_deps = all;
	stream->n_capture_deps = old + n;
	return SIM_OK;
}
