/* The timeline: when each operation starts and ends. An operation is resolved as soon as everything before it
   is, which is at its launch unless a host function comes first; then its times are known although they lie
   in the future. Streams run side by side; copies of one direction share an engine. */
#include <stdlib.h>

#include "tests/simgpu/sim.h"

#define QUEUE_DEPTH 1024 /* launches that a stream holds before the launching thread has to wait */

static uint64_t next_op = 1;
static struct sim_op *ready, **ready_tail = &ready; /* operations to resolve */
static bool draining;
static struct sim_op *finished; /* resolved and told of, to be freed */

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct sim_op *sim_stream_ready(struct sim_stream *stream, int64_t *time)
{
	struct sim_op *op = stream->tail;
	int64_t t = stream->tail_end;

	if (stream->legacy) {
		for (struct sim_stream *s = stream->ctx->streams; s; s = s->next)
			if (!(s->flags & SIM_STREAM_NON_BLOCKING)) {
				op = op ? op : s->tail;
				t = max64(t, s->tail_end);
			}
	} else if (!(stream->flags & SIM_STREAM_NON_BLOCKING)) {
		op = op ? op : stream->ctx->null->tail;
		t = max64(t, stream->ctx->null->tail_end);
	}
	*time = t;
	return op;
}

struct sim_op *sim_op_new(struct sim_stream *stream, const struct sim_work *work)
{
	struct sim_call *call = sim_call_current();
	struct sim_op *op = calloc(1, sizeof(*op));

	if (!op)
		abort();
	op->work = *work;
	op->stream = stream;
	op->id = next_op++;
	op->device = (uint32_t)stream->ctx->dev->id;
	op->ctx_id = stream->ctx->id;
	op->stream_id = stream->id;
	op->corr = call->corr;
	op->submit = call->start;
	stream->ctx->unresolved++;
	if (work->kind == SIM_KERNEL || work->kind == SIM_COPY || work->kind == SIM_SET) {
		*call->ops_tail = op;
		call->ops_tail = &op->next;
	} else {
		op->emitted = true;
	}
	return op;
}

void sim_op_after(struct sim_op *op, struct sim_op *before, int64_t before_end)
{
	if (!before || before->resolved) {
		op->ready = max64(op->ready, before ? before->end : before_end);
		return;
	}
	op->ready = max64(op->ready, before_end);
	if (before->n_waiters == before->cap_waiters) {
		before->cap_waiters = before->cap_waiters ? before->cap_waiters * 2 : 4;
		before->waiters = realloc(before->waiters, before->cap_waiters * sizeof(*before->waiters));
		if (!before->waiters)
			abort();
	}
	before->waiters[before->n_waiters++] = op;
	op->waits_for++;
}

void sim_op_after_stream(struct sim_op *op, struct sim_stream *stream)
{
	sim_op_after(op, stream->tail, stream->tail_end);
	if (stream->legacy) {
		for (struct sim_stream *s = stream->ctx->streams; s; s = s->next)
			if (!(s->flags & SIM_STREAM_NON_BLOCKING))
				sim_op_after(op, s->tail, s->tail_end);
	} else if (!(stream->flags & SIM_STREAM_NON_BLOCKING)) {
		sim_op_after(op, stream->ctx->null->tail, stream->ctx->null->tail_end);
	}
}

/* A resolved operation that the profiler knows of, or need not. Whoever waits for it must find the profiler
   told: so this hook alone is called with the lock. */
static void tell(struct sim_op *op)
{
	const struct sim_hooks *h = sim_hooks();

	if (h && op->prof)
		h->resolved(op);
	op->next = finished;
	finished = op;
}

void sim_op_finish(struct sim_op *op, int64_t end)
{
	struct sim_stream *s = op->stream;

	op->end = end;
	op->resolved = true;
	s->tail_end = max64(s->tail_end, end);
	if (s->tail == op)
		s->tail = NULL;
	s->ctx->last_end = max64(s->ctx->last_end, end);
	s->ctx->unresolved--;
	if (op->back && *op->back == op) {
		*op->back = NULL;
		*op->back_end = end;
	}
	sim_truth_op(op);
	for (size_t i = 0; i < op->n_waiters; i++) {
		struct sim_op *w = op->waiters[i];

		w->ready = max64(w->ready, end);
		if (--w->waits_for == 0)
			sim_op_go(w);
	}
	free(op->waiters);
	op->waiters = NULL;
	op->n_waiters = 0;
	if (op->emitted)
		tell(op);
	if (op->deferred)
		pthread_cond_broadcast(&sim_cond);
}

static int64_t engine_free(struct sim_op *op, int64_t **engine)
{
	struct sim_device *dev = op->stream->ctx->dev;

	*engine = NULL;
	if (op->work.kind == SIM_COPY)
		switch (op->work.u.copy.kind) {
		case 1:
			*engine = &dev->engine_end[SIM_H2D];
			break;
		case 2:
			*engine = &dev->engine_end[SIM_D2H];
			break;
		case 10:
			*engine = &dev->engine_end[SIM_P2P];
			break;
		}
	return *engine ? **engine : 0;
}

static void resolve(struct sim_op *op)
{
	uint64_t h = sim_hash(sim_config.seed, op->id);
	int64_t latency = 2200 + (int64_t)(h % 1800), gap = 500 + (int64_t)((h >> 32) % 400);
	int64_t *engine, duration = 0;

	switch (op->work.kind) {
	case SIM_KERNEL:
	case SIM_COPY:
	case SIM_SET:
		op->start = max64(op->ready ? op->ready + gap : 0, op->submit + latency);
		op->start = max64(op->start, engine_free(op, &engine));
		op->start = (op->start + SIM_TICK - 1) / SIM_TICK * SIM_TICK;
		if (op->work.kind == SIM_KERNEL)
			duration = sim_model_kernel(op->work.u.kernel.func, op->work.u.kernel.grid,
						    op->work.u.kernel.block);
		else if (op->work.kind == SIM_COPY)
			duration = sim_model_copy(&op->work, op->id);
		else
			duration = sim_model_set(&op->work, op->id);
		if (engine)
			*engine = op->start + duration;
		break;
	case SIM_HOST:
		op->start = max64(op->ready, op->submit + latency);
		sim_host_queue(op);
		return;
	default:
		op->start = max64(op->ready, op->submit);
	}
	sim_effect(&op->work);
	sim_op_finish(op, op->start + duration);
}

void sim_op_go(struct sim_op *op)
{
	if (op->waits_for) {
		op->deferred = true;
		return;
	}
	op->next_ready = NULL;
	*ready_tail = op;
	ready_tail = &op->next_ready;
	if (draining)
		return;
	draining = true;
	while ((op = ready)) {
		ready = op->next_ready;
		if (!ready)
			ready_tail = &ready;
		resolve(op);
	}
	draining = false;
}

void sim_unlock_and_free(void)
{
	struct sim_op *list = finished, *op;

	finished = NULL;
	sim_unlock();
	while ((op = list)) {
		list = op->next;
		free(op);
	}
}

void sim_emit(struct sim_call *call)
{
	const struct sim_hooks *h = sim_hooks();
	struct sim_op *list = call->ops, *op;
	bool deferred = false;

	call->ops = NULL;
	call->ops_tail = &call->ops;
	if (h)
		h->launched(list);
	for (op = list; op; op = op->next)
		deferred |= op->deferred;
	if (deferred)
		sim_lock();
	while ((op = list)) {
		list = op->next;
		if (!op->deferred) {
			free(op);
			continue;
		}
		op->emitted = true;
		if (op->resolved)
			tell(op);
	}
	if (deferred)
		sim_unlock_and_free();
}

void sim_throttle(struct sim_stream *stream)
{
	const struct sim_hooks *h = sim_hooks();
	int64_t until = 0, start;

	sim_lock();
	if (stream->launches >= QUEUE_DEPTH)
		until = stream->depth[stream->launches % QUEUE_DEPTH];
	sim_unlock();
	start = sim_now();
	if (until <= start)
		return;
	sim_wait_until(until);
	if (h)
		h->stalled(start, sim_now());
}

void sim_throttle_note(struct sim_stream *stream, int64_t end)
{
	if (!stream->depth) {
		stream->depth = calloc(QUEUE_DEPTH, sizeof(*stream->depth));
		if (!stream->depth)
			return;
	}
	stream->depth[stream->launches++ % QUEUE_DEPTH] = end;
}

CUresult sim_submit(struct sim_stream *stream, const struct sim_work *work)
{
	struct sim_op *op;
	bool captured;
	CUresult err = sim_capture_add(stream, work, &captured);

	if (err || captured)
		return err;
	sim_throttle(stream);
	sim_lock();
	op = sim_op_new(stream, work);
	sim_op_after_stream(op, stream);
	stream->tail = op;
	sim_op_go(op);
	sim_throttle_note(stream, op->resolved ? op->end : 0);
	sim_unlock_and_free();
	return SIM_OK;
}
