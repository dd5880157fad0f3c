/* Streams: identity, lookup, waiting. What runs on them is timeline.c's. */
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/sim.h"

/* CUPTI gives the first context's NULL stream the id 7 and created streams ids from 13 on. */
static uint32_t next_id = 13;
static bool first_null_taken;

/* A thread's own default stream, one a context. */
struct per_thread {
	struct sim_ctx *ctx;
	struct sim_stream *stream;
	struct per_thread *next;
};
static __thread struct per_thread *per_thread;

struct sim_stream *sim_stream_new(struct sim_ctx *ctx, unsigned flags, int priority, bool legacy)
{
	struct sim_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->magic = SIM_STREAM;
	s->ctx = ctx;
	s->flags = flags;
	s->priority = priority;
	s->legacy = legacy;
	if (legacy && !first_null_taken) {
		s->id = 7;
		first_null_taken = true;
	} else {
		s->id = next_id++;
	}
	if (!legacy) {
		s->next = ctx->streams;
		ctx->streams = s;
	}
	return s;
}

static struct sim_stream *per_thread_stream(struct sim_ctx *ctx)
{
	struct per_thread *p;

	for (p = per_thread; p; p = p->next)
		if (p->ctx == ctx)
			return p->stream;
	p = malloc(sizeof(*p));
	if (!p)
		return NULL;
	p->ctx = ctx;
	sim_lock();
	p->stream = sim_stream_new(ctx, 0, 0, false);
	sim_unlock();
	if (!p->stream) {
		free(p);
		return NULL;
	}
	p->next = per_thread;
	per_thread = p;
	sim_resource(3, ctx, p->stream, NULL);
	return p->stream;
}

struct sim_stream *sim_stream_in(struct sim_ctx *ctx, CUstream handle, bool ptsz)
{
	uintptr_t h = (uintptr_t)handle;

	if (h == 0)
		h = ptsz ? SIM_STREAM_PER_THREAD : SIM_STREAM_LEGACY;
	if (h == SIM_STREAM_LEGACY)
		return sim_ctx_valid(ctx) ? ctx->null : NULL;
	if (h == SIM_STREAM_PER_THREAD)
		return sim_ctx_valid(ctx) ? per_thread_stream(ctx) : NULL;
	return handle->magic == SIM_STREAM ? handle : NULL;
}

struct sim_stream *sim_stream_of(CUstream handle, bool ptsz)
{
	return sim_stream_in(sim_ctx_current(), handle, ptsz);
}

CUresult sim_stream_destroy(struct sim_stream *stream)
{
	struct sim_ctx *ctx = stream->ctx;

	if (stream->legacy)
		return SIM_INVALID_HANDLE;
	sim_resource(4, ctx, stream, NULL);
	sim_lock();
	for (struct sim_stream **p = &ctx->streams; *p; p = &(*p)->next)
		if (*p == stream) {
			*p = stream->next;
			break;
		}
	stream->magic = SIM_DEAD;
	free(stream->depth);
	free(stream->capture_deps);
	stream->depth = NULL;
	stream->capture_deps = NULL;
	sim_unlock();
	/* The structure itself is kept: operations in flight still look at it. */
	return SIM_OK;
}

CUresult sim_stream_sync(struct sim_stream *stream)
{
	const struct sim_hooks *h = sim_hooks();
	int64_t until;

	sim_lock();
	while (sim_stream_ready(stream, &until))
		pthread_cond_wait(&sim_cond, &sim_mutex);
	sim_unlock();
	sim_wait_until(until);
	if (h) {
		h->synchronized(1, stream->ctx, stream);
		h->progress();
	}
	return SIM_OK;
}

CUresult sim_stream_query(struct sim_stream *stream)
{
	struct sim_op *op;
	int64_t until;

	sim_lock();
	op = sim_stream_ready(stream, &until);
	sim_unlock();
	return op || until > sim_now() ? SIM_NOT_READY : SIM_OK;
}

CUresult sim_ctx_sync(struct sim_ctx *ctx)
{
	const struct sim_hooks *h = sim_hooks();
	int64_t until;

	sim_lock();
	while (ctx->unresolved)
		pthread_cond_wait(&sim_cond, &sim_mutex);
	until = ctx->last_end;
	sim_unlock();
	sim_wait_until(until);
	if (h) {
		h->synchronized(2, ctx, NULL);
		h->progress();
	}
	return SIM_OK;
}
