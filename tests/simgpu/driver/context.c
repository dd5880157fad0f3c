/* Driver API: contexts. */
#include "tests/simgpu/driver/driver.h"

/* Threads that start at once must get one primary context. Its creation is told to the profiler meanwhile, so
   this is not sim_lock. */
static pthread_mutex_t primary = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

IMPL(cuDevicePrimaryCtxRetain)
{
	struct sim_device *dev = device_of(p->dev);
	CUresult err = SIM_OK;

	if (!p->pctx)
		return SIM_INVALID_VALUE;
	if (!dev)
		return SIM_INVALID_DEVICE;
	pthread_mutex_lock(&primary);
	if (!dev->primary)
		err = sim_ctx_create(dev, dev->primary_flags, true, &dev->primary);
	if (!err) {
		dev->primary_refs++;
		*p->pctx = dev->primary;
	}
	pthread_mutex_unlock(&primary);
	return err;
}

static void destroy_primary(struct sim_device *dev)
{
	sim_ctx_destroy(dev->primary);
	dev->primary = NULL;
	dev->primary_refs = 0;
	sim_lock();
	sim_pool_trim(&dev->default_pool, 0);
	sim_unlock();
	sim_mem_forget_device(dev->id);
	dev->default_pool.used = dev->default_pool.reserved = 0;
}

static CUresult release(struct sim_device *dev, bool all)
{
	CUresult ret = SIM_OK;

	if (!dev)
		return SIM_INVALID_DEVICE;
	pthread_mutex_lock(&primary);
	if (!dev->primary)
		ret = all ? SIM_OK : SIM_INVALID_CONTEXT;
	else if (all || --dev->primary_refs <= 0)
		destroy_primary(dev);
	pthread_mutex_unlock(&primary);
	return ret;
}

IMPL(cuDevicePrimaryCtxRelease_v2)
{
	return release(device_of(p->dev), false);
}

IMPL(cuDevicePrimaryCtxReset_v2)
{
	return release(device_of(p->dev), true);
}

IMPL(cuDevicePrimaryCtxSetFlags_v2)
{
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	device_of(p->dev)->primary_flags = p->flags;
	if (device_of(p->dev)->primary)
		device_of(p->dev)->primary->flags = p->flags;
	return SIM_OK;
}

IMPL(cuDevicePrimaryCtxGetState)
{
	struct sim_device *dev = device_of(p->dev);

	if (!dev)
		return SIM_INVALID_DEVICE;
	if (p->flags)
		*p->flags = dev->primary_flags;
	if (p->active)
		*p->active = dev->primary != NULL;
	return SIM_OK;
}

static CUresult create(CUcontext *out, unsigned flags, CUdevice dev)
{
	CUresult err;

	if (!out)
		return SIM_INVALID_VALUE;
	if (!device_of(dev))
		return SIM_INVALID_DEVICE;
	err = sim_ctx_create(device_of(dev), flags, false, out);
	return err ? err : sim_ctx_push(*out);
}

IMPL(cuCtxCreate_v2)
{
	return create(p->pctx, p->flags, p->dev);
}

IMPL(cuCtxCreate_v3)
{
	if (p->numParams)
		return SIM_NOT_SUPPORTED; /* execution affinity */
	return create(p->pctx, p->flags, p->dev);
}

IMPL(cuCtxCreate_v4)
{
	if (p->ctxCreateParams)
		return SIM_NOT_SUPPORTED; /* execution affinity, CiG */
	return create(p->pctx, p->flags, p->dev);
}

IMPL(cuCtxDestroy_v2)
{
	if (!sim_ctx_valid(p->ctx) || p->ctx->primary)
		return SIM_INVALID_CONTEXT;
	sim_ctx_destroy(p->ctx);
	return SIM_OK;
}

IMPL(cuCtxPushCurrent_v2)
{
	return sim_ctx_valid(p->ctx) ? sim_ctx_push(p->ctx) : SIM_INVALID_CONTEXT;
}

IMPL(cuCtxPopCurrent_v2)
{
	return sim_ctx_pop(p->pctx);
}

IMPL(cuCtxSetCurrent)
{
	if (p->ctx && !sim_ctx_valid(p->ctx))
		return SIM_INVALID_CONTEXT;
	return sim_ctx_set(p->ctx);
}

IMPL(cuCtxGetCurrent)
{
	if (!p->pctx)
		return SIM_INVALID_VALUE;
	*p->pctx = sim_ctx_current();
	return SIM_OK;
}

IMPL(cuCtxGetDevice)
{
	if (!sim_ctx_valid(sim_ctx_current()))
		return SIM_INVALID_CONTEXT;
	*p->device = sim_ctx_current()->dev->id;
	return SIM_OK;
}

IMPL(cuCtxGetDevice_v2)
{
	struct sim_ctx *ctx = p->ctx ? p->ctx : sim_ctx_current();

	if (!sim_ctx_valid(ctx))
		return SIM_INVALID_CONTEXT;
	*p->device = ctx->dev->id;
	return SIM_OK;
}

IMPL(cuCtxGetFlags)
{
	if (!sim_ctx_valid(sim_ctx_current()))
		return SIM_INVALID_CONTEXT;
	*p->flags = sim_ctx_current()->flags;
	return SIM_OK;
}

IMPL(cuCtxGetId)
{
	struct sim_ctx *ctx = p->ctx ? p->ctx : sim_ctx_current();

	if (!sim_ctx_valid(ctx))
		return SIM_INVALID_CONTEXT;
	*p->ctxId = ctx->id;
	return SIM_OK;
}

static CUresult synchronize(struct sim_ctx *ctx)
{
	CUresult err = sim_capture_unsafe();

	if (!sim_ctx_valid(ctx))
		return SIM_INVALID_CONTEXT;
	return err ? err : sim_ctx_sync(ctx);
}

IMPL0(cuCtxSynchronize)
{
	return synchronize(sim_ctx_current());
}

IMPL(cuCtxSynchronize_v2)
{
	return synchronize(p->ctx ? p->ctx : sim_ctx_current());
}

/* CUlimit: stack, printf FIFO, heap, dev runtime sync depth, pending launches, L2 fetch granularity,
 * persisting L2 */
static size_t limits[7] = {1024, 8 << 20, 8 << 20, 2, 2048, 64, 0};

IMPL(cuCtxGetLimit)
{
	if (!p->pvalue || p->limit < 0 || p->limit > 6)
		return SIM_INVALID_VALUE;
	*p->pvalue = limits[p->limit];
	return SIM_OK;
}

IMPL(cuCtxSetLimit)
{
	if (p->limit < 0 || p->limit > 6)
		return SIM_INVALID_VALUE;
	limits[p->limit] = p->value;
	return SIM_OK;
}

IMPL(cuCtxGetCacheConfig)
{
	*p->pconfig = 0;
	return SIM_OK;
}

IMPL(cuCtxSetCacheConfig)
{
	(void)p;
	return SIM_OK;
}

IMPL(cuCtxGetApiVersion)
{
	*p->version = 3020;
	return SIM_OK;
}

IMPL(cuCtxGetStreamPriorityRange)
{
	if (p->leastPriority)
		*p->leastPriority = 0;
	if (p->greatestPriority)
		*p->greatestPriority = -5;
	return SIM_OK;
}

IMPL(cuCtxEnablePeerAccess)
{
	struct sim_ctx *ctx = sim_ctx_current();

	if (!sim_ctx_valid(ctx) || !sim_ctx_valid(p->peerContext))
		return SIM_INVALID_CONTEXT;
	if (ctx->dev == p->peerContext->dev)
		return SIM_INVALID_DEVICE;
	if (ctx->peers & 1u << p->peerContext->dev->id)
		return SIM_PEER_ACCESS_ALREADY_ENABLED;
	ctx->peers |= 1u << p->peerContext->dev->id;
	return SIM_OK;
}

IMPL(cuCtxDisablePeerAccess)
{
	struct sim_ctx *ctx = sim_ctx_current();

	if (!sim_ctx_valid(ctx) || !sim_ctx_valid(p->peerContext))
		return SIM_INVALID_CONTEXT;
	if (!(ctx->peers & 1u << p->peerContext->dev->id))
		return SIM_PEER_ACCESS_NOT_ENABLED;
	ctx->peers &= ~(1u << p->peerContext->dev->id);
	return SIM_OK;
}

IMPL0(cuCtxResetPersistingL2Cache)
{
	return SIM_OK;
}

/* Nothing to do: what matters is that a profiler sees the call. */
IMPL0(cuProfilerStart)
{
	return SIM_OK;
}

IMPL0(cuProfilerStop)
{
	return SIM_OK;
}
