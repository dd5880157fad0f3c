/* Events: marks on the timeline. */
#include <stdlib.h>

#include "tests/simgpu/sim.h"

static struct sim_event *free_list;

struct sim_event *sim_event_new(struct sim_ctx *ctx, unsigned flags)
{
	struct sim_event *e;

	sim_lock();
	e = free_list;
	if (e)
		free_list = e->next_free;
	else
		e = malloc(sizeof(*e));
	if (e)
		*e = (struct sim_event){.magic = SIM_EVENT, .flags = flags, .ctx = ctx};
	sim_unlock();
	return e;
}

/* Events are never given back to malloc: an operation in flight may still name one that is gone. */
void sim_event_free(struct sim_event *event)
{
	sim_lock();
	free(event->capture_deps);
	event->magic = SIM_DEAD;
	event->op = NULL;
	event->next_free = free_list;
	free_list = event;
	sim_unlock();
}

static CUresult mark(struct sim_stream *stream, struct sim_event *event, enum sim_kind kind)
{
	struct sim_work work = {.kind = kind, .ctx = stream->ctx};
	struct sim_op *op;

	work.u.event = event;
	sim_lock();
	if (kind == SIM_WAIT && !event->recorded) {
		sim_unlock();
		return SIM_OK; /* CUDA: waiting for an event never recorded does nothing */
	}
	op = sim_op_new(stream, &work);
	sim_op_after_stream(op, stream);
	if (kind == SIM_WAIT) {
		sim_op_after(op, event->op, event->time);
	} else {
		event->recorded = true;
		event->capture_id = 0;
		event->op = op;
		op->back = &event->op;
		op->back_end = &event->time;
	}
	stream->tail = op;
	sim_op_go(op);
	sim_unlock_and_free();
	return SIM_OK;
}

CUresult sim_event_record(struct sim_event *event, struct sim_stream *stream)
{
	bool captured;
	CUresult err = sim_capture_event_record(event, stream, &captured);

	if (err || captured)
		return err;
	return mark(stream, event, SIM_RECORD);
}

CUresult sim_event_wait(struct sim_stream *stream, struct sim_event *event)
{
	bool captured;
	CUresult err = sim_capture_event_wait(stream, event, &captured);

	if (err || captured)
		return err;
	return mark(stream, event, SIM_WAIT);
}

CUresult sim_event_sync(struct sim_event *event)
{
	const struct sim_hooks *h = sim_hooks();
	int64_t until;

	sim_lock();
	while (event->op)
		pthread_cond_wait(&sim_cond, &sim_mutex);
	until = event->time;
	sim_unlock();
	sim_wait_until(until);
	if (h)
		h->progress();
	return SIM_OK;
}

CUresult sim_event_query(struct sim_event *event)
{
	bool done;

	sim_lock();
	done = !event->op && event->time <= sim_now();
	sim_unlock();
	return done ? SIM_OK : SIM_NOT_READY;
}
