/* libcupti's way to the simulated driver, its hooks, and the small queries. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/simgpu/cupti/cupti.h"

const struct sim_core *core;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool ready, forked;
static __thread CUptiResult last_error;
static int thread_id_type;

CUptiResult cupti_fail(CUptiResult result)
{
	last_error = result;
	return result;
}

uint32_t cupti_thread_id(void)
{
	static __thread uint32_t tid;

	if (!thread_id_type)
		return (uint32_t)(uintptr_t)pthread_self();
	if (!tid)
		tid = (uint32_t)syscall(SYS_gettid);
	return tid;
}

static void enter(struct sim_call *call)
{
	if (cupti_inside)
		core->misuse("a CUDA function was called from one of CUPTI's callbacks");
	callbacks_api(call, 0);
}

static void leave(struct sim_call *call)
{
	records_call(call);
	callbacks_api(call, 1);
}

static void resource(uint32_t cbid, struct sim_ctx *ctx, void *handle, void *descriptor)
{
	if (cbid == 1 && cupti_on(KIND_CONTEXT))
		records_context(ctx);
	else if (cbid == 3 && cupti_on(KIND_STREAM))
		records_stream(handle);
	else if (cbid == 5 && cupti_on(KIND_DEVICE))
		records_device();
	callbacks_resource(cbid, ctx, handle, descriptor);
}

/* The worker thread does not exist in a forked child; the real library hangs there. */
static void after_fork(void)
{
	atomic_store(&forked, true);
}

static const struct sim_hooks hooks = {.enter = enter,
				       .exit = leave,
				       .launched = records_launched,
				       .resolved = buffers_resolved,
				       .resource = resource,
				       .synchronized = callbacks_synchronized,
				       .stalled = records_stalled,
				       .progress = buffers_progress,
				       .forked = after_fork};

CUptiResult cupti_init(void)
{
	const struct sim_core *c;
	void *lib;

	if (atomic_load_explicit(&ready, memory_order_acquire)) {
		if (!atomic_load_explicit(&forked, memory_order_relaxed))
			return CUPTI_OK;
		fprintf(stderr, "simgpu: CUPTI was called in a forked child; the real one hangs there\n");
		abort();
	}
	pthread_mutex_lock(&mutex);
	if (!core) {
		lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
		c = lib ? dlsym(lib, "simgpu_core") : NULL;
		if (!c || c->abi != SIM_CORE_ABI) {
			pthread_mutex_unlock(&mutex);
			fprintf(stderr, "simgpu: the libcuda.so.1 that was found is not the simulated one\n");
			return CUPTI_NOT_INITIALIZED;
		}
		core = c;
		core->register_hooks(&hooks);
	}
	atomic_store_explicit(&ready, true, memory_order_release);
	pthread_mutex_unlock(&mutex);
	return CUPTI_OK;
}

API cuptiGetVersion(uint32_t *version);
API cuptiGetVersion(uint32_t *version)
{
	if (!version)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*version = SIM_CUPTI == 1108 ? 18 : SIM_CUPTI == 1204 ? 22 : 130001;
	return CUPTI_OK;
}

API cuptiGetTimestamp(uint64_t *timestamp);
API cuptiGetTimestamp(uint64_t *timestamp)
{
	INIT();
	if (!timestamp)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*timestamp = (uint64_t)core->now();
	return CUPTI_OK;
}

API cuptiGetLastError(void);
API cuptiGetLastError(void)
{
	CUptiResult r = last_error;

	last_error = CUPTI_OK;
	return r;
}

API cuptiGetResultString(CUptiResult result, const char **str);
API cuptiGetResultString(CUptiResult result, const char **str)
{
	static const char *const names[] = {
		"SUCCESS",
		"ERROR_INVALID_PARAMETER",
		"ERROR_INVALID_DEVICE",
		"ERROR_INVALID_CONTEXT",
		"ERROR_INVALID_EVENT_DOMAIN_ID",
		"ERROR_INVALID_EVENT_ID",
		"ERROR_INVALID_EVENT_NAME",
		"ERROR_INVALID_OPERATION",
		"ERROR_OUT_OF_MEMORY",
		"ERROR_HARDWARE",
		"ERROR_PARAMETER_SIZE_NOT_SUFFICIENT",
		"ERROR_API_NOT_IMPLEMENTED",
		"ERROR_MAX_LIMIT_REACHED",
		"ERROR_NOT_READY",
		"ERROR_NOT_COMPATIBLE",
		"ERROR_NOT_INITIALIZED",
		"ERROR_INVALID_METRIC_ID",
		"ERROR_INVALID_METRIC_NAME",
		"ERROR_QUEUE_EMPTY",
		"ERROR_INVALID_HANDLE",
		"ERROR_INVALID_STREAM",
		"ERROR_INVALID_KIND",
		"ERROR_INVALID_EVENT_VALUE",
		"ERROR_DISABLED",
		"ERROR_INVALID_MODULE",
		"ERROR_INVALID_METRIC_VALUE",
		"ERROR_HARDWARE_BUSY",
		"ERROR_NOT_SUPPORTED",
		[35] = "ERROR_INSUFFICIENT_PRIVILEGES",
		[38] = "ERROR_LEGACY_PROFILER_NOT_SUPPORTED",
		[39] = "ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED",
	};
	static __thread char name[64];

	if (!str)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	if (result < 0 || (size_t)result >= sizeof(names) / sizeof(*names) || !names[result]) {
		*str = result == CUPTI_UNKNOWN ? "CUPTI_ERROR_UNKNOWN" : NULL;
		return *str ? CUPTI_OK : cupti_fail(CUPTI_INVALID_PARAMETER);
	}
	snprintf(name, sizeof(name), "CUPTI_%s", names[result]);
	*str = name;
	return CUPTI_OK;
}

API cuptiGetErrorMessage(CUptiResult result, const char **str);
API cuptiGetErrorMessage(CUptiResult result, const char **str)
{
	return cuptiGetResultString(result, str);
}

API cuptiGetContextId(CUcontext ctx, uint32_t *id);
API cuptiGetContextId(CUcontext ctx, uint32_t *id)
{
	INIT();
	if (!id)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	if (!ctx || ctx->magic != SIM_CTX)
		return cupti_fail(CUPTI_INVALID_CONTEXT);
	*id = ctx->id;
	return CUPTI_OK;
}

API cuptiGetDeviceId(CUcontext ctx, uint32_t *id);
API cuptiGetDeviceId(CUcontext ctx, uint32_t *id)
{
	INIT();
	if (!id)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	if (!ctx)
		ctx = core->current_ctx();
	if (!ctx)
		return cupti_fail(CUPTI_INVALID_DEVICE);
	*id = (uint32_t)ctx->dev->id;
	return CUPTI_OK;
}

API cuptiGetStreamIdEx(CUcontext ctx, CUstream stream, uint8_t per_thread, uint32_t *id);
API cuptiGetStreamIdEx(CUcontext ctx, CUstream stream, uint8_t per_thread, uint32_t *id)
{
	struct sim_stream *s;

	INIT();
	if (!id)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	s = core->stream_of(ctx ? ctx : core->current_ctx(), stream, per_thread != 0);
	if (!s || (ctx && s->ctx != ctx))
		return cupti_fail(CUPTI_INVALID_STREAM);
	*id = s->id;
	return CUPTI_OK;
}

API cuptiGetStreamId(CUcontext ctx, CUstream stream, uint32_t *id);
API cuptiGetStreamId(CUcontext ctx, CUstream stream, uint32_t *id)
{
	return cuptiGetStreamIdEx(ctx, stream, 0, id);
}

API cuptiGetGraphNodeId(CUgraphNode node, uint64_t *id);
API cuptiGetGraphNodeId(CUgraphNode node, uint64_t *id)
{
	INIT();
	if (!node || !id)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*id = core->node_id(node);
	return CUPTI_OK;
}

API cuptiGetGraphId(CUgraph graph, uint32_t *id);
API cuptiGetGraphId(CUgraph graph, uint32_t *id)
{
	INIT();
	if (!graph || !id)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*id = core->graph_id(graph);
	return CUPTI_OK;
}

API cuptiGetGraphExecId(CUgraphExec exec, uint32_t *id);
API cuptiGetGraphExecId(CUgraphExec exec, uint32_t *id)
{
	INIT();
	if (!exec || !id)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*id = core->exec_id(exec);
	return CUPTI_OK;
}

API cuptiSetThreadIdType(int type);
API cuptiSetThreadIdType(int type)
{
	if (type != 0 && type != 1)
		return cupti_fail(CUPTI_NOT_SUPPORTED);
	thread_id_type = type;
	return CUPTI_OK;
}

API cuptiGetThreadIdType(int *type);
API cuptiGetThreadIdType(int *type)
{
	if (!type)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*type = thread_id_type;
	return CUPTI_OK;
}

API cuptiDeviceSupported(CUdevice device, int *support);
API cuptiDeviceSupported(CUdevice device, int *support)
{
	INIT();
	if (!support)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	if (device < 0 || device >= core->device_count())
		return cupti_fail(CUPTI_INVALID_DEVICE);
	*support = 1;
	return CUPTI_OK;
}

API cuptiComputeCapabilitySupported(int major, int minor, int *support);
API cuptiComputeCapabilitySupported(int major, int minor, int *support)
{
	(void)minor;
	if (!support)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*support = major >= 7;
	return CUPTI_OK;
}

API cuptiDeviceVirtualizationMode(CUdevice device, int *mode);
API cuptiDeviceVirtualizationMode(CUdevice device, int *mode)
{
	(void)device;
	if (!mode)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*mode = 0;
	return CUPTI_OK;
}
