/* Driver API: streams, capture, events. */
#include "tests/simgpu/core/graph.h"
#include "tests/simgpu/driver/driver.h"

#define STREAM(handle)                                                                                       \
	struct sim_stream *stream = sim_stream_of(handle, call->ptsz);                                       \
                                                                                                             \
	if (!stream)                                                                                         \
	return SIM_INVALID_HANDLE

static CUresult create(CUstream *out, unsigned flags, int priority)
{
	struct sim_ctx *ctx = sim_ctx_current();

	if (!out || flags > 1)
		return SIM_INVALID_VALUE;
	if (!sim_ctx_valid(ctx))
		return SIM_INVALID_CONTEXT;
	if (priority > 0)
		priority = 0;
	if (priority < -5)
		priority = -5;
	sim_lock();
	*out = sim_stream_new(ctx, flags, priority, false);
	sim_unlock();
	if (!*out)
		return SIM_OUT_OF_MEMORY;
	sim_resource(3, ctx, *out, NULL);
	return SIM_OK;
}

IMPL(cuStreamCreate)
{
	return create(p->phStream, p->Flags, 0);
}

IMPL(cuStreamCreateWithPriority)
{
	return create(p->phStream, p->flags, p->priority);
}

IMPL(cuStreamGetPriority)
{
	STREAM(p->hStream);
	*p->priority = stream->priority;
	return SIM_OK;
}

IMPL(cuStreamGetFlags)
{
	STREAM(p->hStream);
	*p->flags = stream->flags;
	return SIM_OK;
}

IMPL(cuStreamGetId)
{
	STREAM(p->hStream);
	*p->streamId = stream->id;
	return SIM_OK;
}

IMPL(cuStreamGetCtx)
{
	STREAM(p->hStream);
	*p->pctx = stream->ctx;
	return SIM_OK;
}

IMPL(cuStreamGetCtx_v2)
{
	STREAM(p->hStream);
	*p->pCtx = stream->ctx;
	if (p->pGreenCtx)
		*p->pGreenCtx = NULL;
	return SIM_OK;
}

IMPL(cuStreamGetDevice)
{
	STREAM(p->hStream);
	*p->device = stream->ctx->dev->id;
	return SIM_OK;
}

IMPL(cuStreamQuery)
{
	STREAM(p->hStream);
	CUresult err = sim_capture_blocks(stream);

	return err ? err : sim_stream_query(stream);
}

IMPL(cuStreamSynchronize)
{
	STREAM(p->hStream);
	CUresult err = sim_capture_blocks(stream);

	return err ? err : sim_stream_sync(stream);
}

IMPL(cuStreamDestroy_v2)
{
	STREAM(p->hStream);
	return stream->capture ? SIM_CAPTURE_UNSUPPORTED : sim_stream_destroy(stream);
}

IMPL(cuStreamBeginCapture_v2)
{
	STREAM(p->hStream);
	if (p->mode < 0 || p->mode > 2)
		return SIM_INVALID_VALUE;
	return sim_capture_begin(stream, p->mode, NULL, NULL, 0);
}

IMPL(cuStreamBeginCaptureToGraph)
{
	STREAM(p->hStream);
	if (p->mode < 0 || p->mode > 2 || !p->hGraph)
		return SIM_INVALID_VALUE;
	return sim_capture_begin(stream, p->mode, p->hGraph, (CUgraphNode *)p->dependencies,
				 p->numDependencies);
}

IMPL(cuStreamEndCapture)
{
	STREAM(p->hStream);
	return p->phGraph ? sim_capture_end(stream, p->phGraph) : SIM_INVALID_VALUE;
}

IMPL(cuStreamIsCapturing)
{
	uint64_t id;
	struct sim_graph *graph;

	STREAM(p->hStream);
	*p->captureStatus = sim_capture_status(stream, &id, &graph);
	return SIM_OK;
}

static CUresult info(struct sim_stream *stream, int *status, cuuint64_t *id_out, CUgraph *graph_out,
		     const CUgraphNode **deps, size_t *n)
{
	uint64_t id = 0;
	struct sim_graph *graph = NULL;

	if (!status)
		return SIM_INVALID_VALUE;
	*status = sim_capture_status(stream, &id, &graph);
	if (*status != 1)
		return SIM_OK;
	if (id_out)
		*id_out = id;
	if (graph_out)
		*graph_out = graph;
	if (deps)
		*deps = stream->capture_deps;
	if (n)
		*n = stream->n_capture_deps;
	return SIM_OK;
}

IMPL(cuStreamGetCaptureInfo_v2)
{
	STREAM(p->hStream);
	return info(stream, p->captureStatus_out, p->id_out, p->graph_out, p->dependencies_out,
		    p->numDependencies_out);
}

IMPL(cuStreamGetCaptureInfo_v3)
{
	STREAM(p->hStream);
	if (p->edgeData_out)
		*p->edgeData_out = NULL;
	return info(stream, p->captureStatus_out, p->id_out, p->graph_out, p->dependencies_out,
		    p->numDependencies_out);
}

IMPL(cuStreamUpdateCaptureDependencies)
{
	STREAM(p->hStream);
	return sim_capture_set_deps(stream, p->dependencies, p->numDependencies, p->flags & 1);
}

IMPL(cuStreamUpdateCaptureDependencies_v2)
{
	STREAM(p->hStream);
	return sim_capture_set_deps(stream, p->dependencies, p->numDependencies, p->flags & 1);
}

IMPL(cuThreadExchangeStreamCaptureMode)
{
	if (!p->mode || *p->mode < 0 || *p->mode > 2)
		return SIM_INVALID_VALUE;
	*p->mode = sim_capture_exchange_mode(*p->mode);
	return SIM_OK;
}

/* Attributes (access policy windows, synchronisation policy) are accepted and change nothing. */
IMPL(cuStreamGetAttribute)
{
	(void)p;
	return SIM_NOT_SUPPORTED;
}

IMPL(cuStreamSetAttribute)
{
	STREAM(p->hStream);
	return SIM_OK;
}

IMPL(cuStreamCopyAttributes)
{
	STREAM(p->dst);
	return SIM_OK;
}

IMPL(cuStreamAttachMemAsync)
{
	STREAM(p->hStream);
	return SIM_OK;
}

static bool valid(struct sim_event *event)
{
	return event && event->magic == SIM_EVENT;
}

IMPL(cuStreamWaitEvent)
{
	STREAM(p->hStream);
	return valid(p->hEvent) ? sim_event_wait(stream, p->hEvent) : SIM_INVALID_HANDLE;
}

IMPL(cuEventCreate)
{
	if (!p->phEvent || p->Flags > 7)
		return SIM_INVALID_VALUE;
	if (!sim_ctx_valid(sim_ctx_current()))
		return SIM_INVALID_CONTEXT;
	*p->phEvent = sim_event_new(sim_ctx_current(), p->Flags);
	return *p->phEvent ? SIM_OK : SIM_OUT_OF_MEMORY;
}

IMPL(cuEventRecord)
{
	STREAM(p->hStream);
	return valid(p->hEvent) ? sim_event_record(p->hEvent, stream) : SIM_INVALID_HANDLE;
}

IMPL(cuEventRecordWithFlags)
{
	STREAM(p->hStream);
	return valid(p->hEvent) ? sim_event_record(p->hEvent, stream) : SIM_INVALID_HANDLE;
}

IMPL(cuEventQuery)
{
	if (!valid(p->hEvent))
		return SIM_INVALID_HANDLE;
	return p->hEvent->capture_id ? SIM_CAPTURED_EVENT : sim_event_query(p->hEvent);
}

IMPL(cuEventSynchronize)
{
	if (!valid(p->hEvent))
		return SIM_INVALID_HANDLE;
	return p->hEvent->capture_id ? SIM_CAPTURED_EVENT : sim_event_sync(p->hEvent);
}

IMPL(cuEventDestroy_v2)
{
	if (!valid(p->hEvent))
		return SIM_INVALID_HANDLE;
	sim_event_free(p->hEvent);
	return SIM_OK;
}

static CUresult elapsed(float *ms, struct sim_event *a, struct sim_event *b)
{
	if (!ms)
		return SIM_INVALID_VALUE;
	if (!valid(a) || !valid(b) || !a->recorded || !b->recorded ||
	    (a->flags | b->flags) & SIM_EVENT_DISABLE_TIMING)
		return SIM_INVALID_HANDLE;
	if (sim_event_query(a) || sim_event_query(b))
		return SIM_NOT_READY;
	*ms = (float)((double)(b->time - a->time) / 1e6);
	return SIM_OK;
}

IMPL(cuEventElapsedTime)
{
	return elapsed(p->pMilliseconds, p->hStart, p->hEnd);
}

IMPL(cuEventElapsedTime_v2)
{
	return elapsed(p->pMilliseconds, p->hStart, p->hEnd);
}
