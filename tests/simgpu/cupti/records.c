/* What CUPTI writes down: one record for each API call, GPU operation, device, context and stream, if its
   kind is enabled. */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/simgpu/cupti/cupti.h"

_Atomic uint64_t cupti_enabled;

enum { CHANNEL_COMPUTE = 1, CHANNEL_COPY = 2 };

void records_call(const struct sim_call *call)
{
	int kind = call->domain == SIM_DOMAIN_RUNTIME ? KIND_RUNTIME : KIND_DRIVER;
	struct rec_api r;

	/* Driver calls that the runtime makes inside one of its own calls are not recorded. */
	if (!cupti_on(kind) || call->outer)
		return;
	r = (struct rec_api){.kind = (uint32_t)kind,
			     .cbid = call->cbid,
			     .start = (uint64_t)call->start,
			     .end = (uint64_t)call->end,
			     .processId = (uint32_t)getpid(),
			     .threadId = cupti_thread_id(),
			     .correlationId = call->corr,
			     .returnValue = call->ret};
	if (cupti_on(KIND_EXTERNAL_CORRELATION))
		external_call(call->corr);
	buffers_put(&r);
}

static void kernel(struct sim_op *op, bool timed)
{
	const struct sim_work *w = &op->work;
	const struct sim_func *f = w->u.kernel.func;
	uint32_t local = f->hash % 8 == 0 ? 64 : 0;
	struct rec_kernel r = {
		.kind = cupti_on(KIND_CONCURRENT_KERNEL) ? KIND_CONCURRENT_KERNEL : KIND_KERNEL,
		.registersPerThread = (uint16_t)f->regs,
		.partitionedGlobalCacheRequested = 1,
		.partitionedGlobalCacheExecuted = 1,
		.deviceId = op->device,
		.contextId = op->ctx_id,
		.streamId = op->stream_id,
		.staticSharedMemory = f->static_shared,
		.dynamicSharedMemory = (int32_t)w->u.kernel.shared,
		.localMemoryPerThread = local,
		.localMemoryTotal = local * 132 * 2048,
		.localMemoryTotal_v2 = (uint64_t)local * 132 * 2048,
		.correlationId = op->corr,
		.gridId = (int64_t)op->id,
		.name = f->name,
		.launchType = w->u.kernel.cooperative ? 1 : 0,
		.sharedMemoryExecuted = 32768,
		.graphNodeId = op->graph_node,
		.graphId = op->graph_id,
		.channelID = 8,
		.channelType = CHANNEL_COMPUTE,
	};

	for (int i = 0; i < 3; i++) {
		r.grid[i] = (int32_t)w->u.kernel.grid[i];
		r.block[i] = (int32_t)w->u.kernel.block[i];
		r.cluster[i] = w->u.kernel.cluster[i];
	}
	buffers_put_op(&r, op, timed);
}

static void copy(struct sim_op *op, bool timed)
{
	const struct sim_work *w = &op->work;
	uint64_t bytes = w->u.copy.width * w->u.copy.height * w->u.copy.depth;

	if (w->u.copy.kind == 10) {
		struct rec_memcpy2 r = {.kind = KIND_MEMCPY2,
					.copyKind = 10,
					.srcKind = w->u.copy.src_kind,
					.dstKind = w->u.copy.dst_kind,
					.flags = w->u.copy.async,
					.bytes = bytes,
					.deviceId = op->device,
					.contextId = op->ctx_id,
					.streamId = op->stream_id,
					.srcDeviceId = (uint32_t)w->u.copy.src_ctx->dev->id,
					.srcContextId = w->u.copy.src_ctx->id,
					.dstDeviceId = (uint32_t)w->u.copy.dst_ctx->dev->id,
					.dstContextId = w->u.copy.dst_ctx->id,
					.correlationId = op->corr,
					.graphNodeId = op->graph_node,
					.graphId = op->graph_id,
					.channelID = 14,
					.channelType = CHANNEL_COPY};

		if (cupti_on(KIND_MEMCPY2))
			buffers_put_op(&r, op, timed);
	} else {
		struct rec_memcpy r = {.kind = KIND_MEMCPY,
				       .copyKind = w->u.copy.kind,
				       .srcKind = w->u.copy.src_kind,
				       .dstKind = w->u.copy.dst_kind,
				       .flags = w->u.copy.async,
				       .bytes = bytes,
				       .deviceId = op->device,
				       .contextId = op->ctx_id,
				       .streamId = op->stream_id,
				       .correlationId = op->corr,
				       .graphNodeId = op->graph_node,
				       .graphId = op->graph_id,
				       .channelID = w->u.copy.kind == 8 ? 8 : 11u + w->u.copy.kind,
				       .channelType = w->u.copy.kind == 8 ? CHANNEL_COMPUTE : CHANNEL_COPY,
				       .copyCount = 1};

		if (cupti_on(KIND_MEMCPY))
			buffers_put_op(&r, op, timed);
	}
}

static void set(struct sim_op *op, bool timed)
{
	const struct sim_work *w = &op->work;
	struct rec_memset r = {.kind = KIND_MEMSET,
			       .value = w->u.set.value,
			       .bytes = w->u.set.width * w->u.set.elem * w->u.set.height,
			       .deviceId = op->device,
			       .contextId = op->ctx_id,
			       .streamId = op->stream_id,
			       .correlationId = op->corr,
			       .flags = w->u.set.async,
			       .memoryKind = w->u.set.mem_kind,
			       .graphNodeId = op->graph_node,
			       .graphId = op->graph_id,
			       .channelID = 8,
			       .channelType = CHANNEL_COMPUTE};

	if (cupti_on(KIND_MEMSET))
		buffers_put_op(&r, op, timed);
}

/* Under graph replay the device buffers that hold the timestamps are not recycled, unless SIMGPU_RECYCLE says
   so: once the pool is used up, times are lost. */
static bool has_times(const struct sim_op *op)
{
	return !op->graph_id || core->config->recycle || op->graph_op < cupti_pool_operations;
}

void records_launched(struct sim_op *ops)
{
	for (struct sim_op *op = ops; op; op = op->next)
		switch (op->work.kind) {
		case SIM_KERNEL:
			if (cupti_on(KIND_CONCURRENT_KERNEL) || cupti_on(KIND_KERNEL))
				kernel(op, has_times(op));
			break;
		case SIM_COPY:
			copy(op, has_times(op));
			break;
		case SIM_SET:
			set(op, has_times(op));
			break;
		default:
			break;
		}
}

void records_device(void)
{
	for (int i = 0; i < core->device_count(); i++) {
		struct rec_device r = {.kind = KIND_DEVICE,
				       .flags = 1,
				       .globalMemoryBandwidth = 3352320000,
				       .globalMemorySize = core->config->memory,
				       .constantMemorySize = 65536,
				       .l2CacheSize = 52428800,
				       .numThreadsPerWarp = 32,
				       .coreClockRate = 1980000,
				       .numMemcpyEngines = 3,
				       .numMultiprocessors = 132,
				       .maxIPC = 8,
				       .maxWarpsPerMultiprocessor = 64,
				       .maxBlocksPerMultiprocessor = 32,
				       .maxSharedMemoryPerMultiprocessor = 233472,
				       .maxRegistersPerMultiprocessor = 65536,
				       .maxRegistersPerBlock = 65536,
				       .maxSharedMemoryPerBlock = 49152,
				       .maxThreadsPerBlock = 1024,
				       .maxBlockDim = {1024, 1024, 64},
				       .maxGridDim = {2147483647, 65535, 65535},
				       .computeCapabilityMajor = 9,
				       .id = (uint32_t)i,
				       .eccEnabled = 1,
				       .uuid = *core->device_uuid(i),
				       .name = strdup(SIM_DEVICE_NAME), /* the client frees it */
				       .isCudaVisible = 1,
				       .numaId = 0xffffffff};

		buffers_put(&r);
	}
}

void records_context(struct sim_ctx *ctx)
{
	struct rec_context r = {.kind = KIND_CONTEXT,
				.contextId = ctx->id,
				.deviceId = (uint32_t)ctx->dev->id,
				.computeApiKind = 1,
				.nullStreamId = (uint16_t)ctx->null->id,
				.numMultiprocessors = 132};

	buffers_put(&r);
}

void records_stream(struct sim_stream *s)
{
	struct sim_call *call = core->current_call();
	struct rec_stream r = {.kind = KIND_STREAM,
			       .contextId = s->ctx->id,
			       .streamId = s->id,
			       .priority = (uint32_t)s->priority,
			       .flag = s->legacy			    ? 3u
				       : s->flags & SIM_STREAM_NON_BLOCKING ? 2u
									    : 1u,
			       .correlationId = call ? call->corr : 0};

	buffers_put(&r);
}

static void overhead(uint32_t kind, int64_t start, int64_t end, void *data)
{
	struct rec_overhead r = {.kind = KIND_OVERHEAD,
				 .overheadKind = kind,
				 .objectKind = 2, /* thread */
				 .processId = (uint32_t)getpid(),
				 .threadId = cupti_thread_id(),
				 .start = (uint64_t)start,
				 .end = (uint64_t)end,
				 .overheadData = data};

	buffers_put(&r);
}

void records_overhead(uint32_t kind, int64_t start, int64_t end)
{
	if (cupti_on(KIND_OVERHEAD))
		overhead(kind, start, end, NULL);
}

/* From CUDA 12.4 on, with details in memory that the client frees. */
void records_stalled(int64_t start, int64_t end)
{
	uint32_t *data; /* length of the command buffer, channel, its type */

	if (!cupti_on(KIND_OVERHEAD) || SIM_CUPTI < 1204)
		return;
	data = malloc(3 * sizeof(*data));
	if (data) {
		data[0] = 1024;
		data[1] = 8;
		data[2] = CHANNEL_COMPUTE;
	}
	overhead(OVERHEAD_COMMAND_BUFFER_FULL, start, end, data);
}
