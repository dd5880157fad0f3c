/* Driver API: memory, pools, pointers. */
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/driver/driver.h"

static CUresult alloc(CUdeviceptr *out, size_t size, int kind, unsigned flags)
{
	struct sim_ctx *ctx = sim_ctx_current();
	CUresult err = sim_capture_unsafe();

	if (err)
		return err;
	if (!out || !size)
		return SIM_INVALID_VALUE;
	if (!sim_ctx_valid(ctx))
		return SIM_INVALID_CONTEXT;
	return sim_mem_alloc(ctx, size, kind, flags, out);
}

IMPL(cuMemGetInfo_v2)
{
	struct sim_ctx *ctx = sim_ctx_current();

	if (!sim_ctx_valid(ctx))
		return SIM_INVALID_CONTEXT;
	if (p->free)
		*p->free = sim_config.memory - ctx->dev->used;
	if (p->total)
		*p->total = sim_config.memory;
	return SIM_OK;
}

IMPL(cuMemAlloc_v2)
{
	return alloc(p->dptr, p->bytesize, SIM_MEM_DEVICE, 0);
}

IMPL(cuMemAllocPitch_v2)
{
	if (!p->pPitch)
		return SIM_INVALID_VALUE;
	*p->pPitch = (p->WidthInBytes + 511) & ~(size_t)511;
	return alloc(p->dptr, *p->pPitch * p->Height, SIM_MEM_DEVICE, 0);
}

/* As CUDA: waits for the device first, and does nothing with NULL. */
IMPL(cuMemFree_v2)
{
	CUresult err = sim_capture_unsafe();

	if (err || !p->dptr)
		return err;
	if (!sim_ctx_valid(sim_ctx_current()))
		return SIM_INVALID_CONTEXT;
	sim_ctx_sync(sim_ctx_current());
	return sim_mem_free(p->dptr, 1 << SIM_MEM_DEVICE | 1 << SIM_MEM_MANAGED);
}

IMPL(cuMemGetAddressRange_v2)
{
	struct sim_mem mem;

	if (!sim_mem_find((void *)(uintptr_t)p->dptr, &mem))
		return SIM_NOT_FOUND;
	if (p->pbase)
		*p->pbase = mem.addr;
	if (p->psize)
		*p->psize = mem.size;
	return SIM_OK;
}

IMPL(cuMemAllocHost_v2)
{
	return alloc((CUdeviceptr *)p->pp, p->bytesize, SIM_MEM_PINNED, 0);
}

IMPL(cuMemHostAlloc)
{
	return alloc((CUdeviceptr *)p->pp, p->bytesize, SIM_MEM_PINNED, p->Flags);
}

IMPL(cuMemFreeHost)
{
	if (!p->p)
		return SIM_OK;
	if (sim_ctx_valid(sim_ctx_current()))
		sim_ctx_sync(sim_ctx_current());
	return sim_mem_free(ptr_of(p->p), 1 << SIM_MEM_PINNED);
}

IMPL(cuMemHostGetDevicePointer_v2)
{
	struct sim_mem mem;

	if (!p->pdptr || !sim_mem_find(p->p, &mem))
		return SIM_INVALID_VALUE;
	*p->pdptr = ptr_of(p->p);
	return SIM_OK;
}

IMPL(cuMemHostGetFlags)
{
	struct sim_mem mem;

	if (!p->pFlags || !sim_mem_find(p->p, &mem))
		return SIM_INVALID_VALUE;
	*p->pFlags = mem.flags;
	return SIM_OK;
}

IMPL(cuMemHostRegister_v2)
{
	return sim_mem_register(sim_ctx_current(), p->p, p->bytesize, SIM_MEM_REGISTERED, p->Flags);
}

IMPL(cuMemHostUnregister)
{
	return sim_mem_unregister(p->p);
}

IMPL(cuMemAllocManaged)
{
	return alloc(p->dptr, p->bytesize, SIM_MEM_MANAGED, p->flags);
}

enum {
	ATTR_CONTEXT = 1,
	ATTR_MEMORY_TYPE = 2,
	ATTR_DEVICE_POINTER = 3,
	ATTR_HOST_POINTER = 4,
	ATTR_BUFFER_ID = 7,
	ATTR_IS_MANAGED = 8,
	ATTR_DEVICE_ORDINAL = 9,
	ATTR_RANGE_START = 11,
	ATTR_RANGE_SIZE = 12,
	ATTR_MAPPED = 13,
	ATTR_MEMPOOL = 17,
};

static CUresult pointer_attribute(void *data, int attribute, CUdeviceptr ptr)
{
	struct sim_mem mem;

	if (!data)
		return SIM_INVALID_VALUE;
	if (!sim_mem_find((void *)(uintptr_t)ptr, &mem))
		return SIM_INVALID_VALUE;
	switch (attribute) {
	case ATTR_CONTEXT:
		*(CUcontext *)data = mem.ctx;
		break;
	case ATTR_MEMORY_TYPE:
		*(unsigned *)data = mem.kind == SIM_MEM_PINNED || mem.kind == SIM_MEM_REGISTERED
					    ? SIM_MEMTYPE_HOST
					    : SIM_MEMTYPE_DEVICE;
		break;
	case ATTR_DEVICE_POINTER:
	case ATTR_HOST_POINTER:
		if (attribute == ATTR_HOST_POINTER && mem.kind == SIM_MEM_DEVICE)
			return SIM_INVALID_VALUE;
		*(CUdeviceptr *)data = ptr;
		break;
	case ATTR_BUFFER_ID:
		*(unsigned long long *)data = mem.addr;
		break;
	case ATTR_IS_MANAGED:
		*(unsigned *)data = mem.kind == SIM_MEM_MANAGED;
		break;
	case ATTR_DEVICE_ORDINAL:
		*(int *)data = mem.device;
		break;
	case ATTR_RANGE_START:
		*(CUdeviceptr *)data = mem.addr;
		break;
	case ATTR_RANGE_SIZE:
		*(size_t *)data = mem.size;
		break;
	case ATTR_MAPPED:
		*(unsigned *)data = 1;
		break;
	case ATTR_MEMPOOL:
		*(CUmemoryPool *)data = mem.pool;
		break;
	default:
		sim_unsupported("this attribute of cuPointerGetAttribute");
		return SIM_NOT_SUPPORTED;
	}
	return SIM_OK;
}

IMPL(cuPointerGetAttribute)
{
	return pointer_attribute(p->data, p->attribute, p->ptr);
}

/* Unlike the singular form it succeeds for any pointer; what has no answer is 0. */
IMPL(cuPointerGetAttributes)
{
	for (unsigned i = 0; i < p->numAttributes; i++)
		if (pointer_attribute(p->data[i], p->attributes[i], p->ptr)) {
			switch (p->attributes[i]) {
			case ATTR_CONTEXT:
			case ATTR_DEVICE_POINTER:
			case ATTR_HOST_POINTER:
			case ATTR_MEMPOOL:
				*(void **)p->data[i] = NULL;
				break;
			case ATTR_DEVICE_ORDINAL:
				*(int *)p->data[i] = -2;
				break;
			default:
				*(unsigned *)p->data[i] = 0;
			}
		}
	return SIM_OK;
}

IMPL(cuPointerSetAttribute)
{
	(void)p;
	return SIM_OK;
}

/* Managed memory is where it is: advice and prefetching are accepted and change nothing. */
static CUresult known(CUdeviceptr ptr)
{
	struct sim_mem mem;

	return sim_mem_find((void *)(uintptr_t)ptr, &mem) ? SIM_OK : SIM_INVALID_VALUE;
}

IMPL(cuMemAdvise)
{
	return known(p->devPtr);
}

IMPL(cuMemAdvise_v2)
{
	return known(p->devPtr);
}

IMPL(cuMemPrefetchAsync)
{
	return known(p->devPtr);
}

IMPL(cuMemPrefetchAsync_v2)
{
	return known(p->devPtr);
}

static CUresult alloc_async(CUdeviceptr *out, size_t size, struct sim_pool *pool, struct sim_stream *stream)
{
	struct sim_work work = {.kind = SIM_ALLOC};
	bool captured;
	CUresult err;

	if (!out || !size)
		return SIM_INVALID_VALUE;
	if (!stream)
		return SIM_INVALID_HANDLE;
	if (pool && pool->magic != SIM_POOL)
		return SIM_INVALID_VALUE;
	pool = pool ? pool : stream->ctx->dev->pool;
	err = sim_pool_alloc(pool, stream->ctx, size, out);
	if (err)
		return err;
	/* In a graph the address is the node's for good; outside one the pool has answered already. */
	work.ctx = stream->ctx;
	work.u.mem.ptr = *out;
	work.u.mem.size = size;
	return stream->capture ? sim_capture_add(stream, &work, &captured) : SIM_OK;
}

IMPL(cuMemAllocAsync)
{
	return alloc_async(p->dptr, p->bytesize, NULL, sim_stream_of(p->hStream, call->ptsz));
}

IMPL(cuMemAllocFromPoolAsync)
{
	return alloc_async(p->dptr, p->bytesize, p->pool, sim_stream_of(p->hStream, call->ptsz));
}

IMPL(cuMemFreeAsync)
{
	struct sim_stream *stream = sim_stream_of(p->hStream, call->ptsz);
	struct sim_work work = {.kind = SIM_FREE};

	if (!p->dptr)
		return SIM_OK;
	if (!stream)
		return SIM_INVALID_HANDLE;
	if (known(p->dptr))
		return SIM_INVALID_VALUE;
	if (stream->capture)
		work.kind = SIM_EMPTY; /* the graph keeps the memory, for its next launch */
	work.ctx = stream->ctx;
	work.u.mem.ptr = p->dptr;
	return sim_submit(stream, &work);
}

IMPL(cuMemPoolCreate)
{
	struct sim_pool *pool;

	if (!p->pool || !p->poolProps || !device_of(p->poolProps->location.id))
		return SIM_INVALID_VALUE;
	pool = malloc(sizeof(*pool));
	if (!pool)
		return SIM_OUT_OF_MEMORY;
	sim_pool_init(pool, p->poolProps->location.id);
	*p->pool = pool;
	return SIM_OK;
}

static bool valid(struct sim_pool *pool)
{
	return pool && pool->magic == SIM_POOL;
}

IMPL(cuMemPoolDestroy)
{
	if (!valid(p->pool) || p->pool->is_default)
		return SIM_INVALID_VALUE;
	sim_lock();
	sim_pool_trim(p->pool, 0);
	p->pool->magic = SIM_DEAD; /* kept: memory handed out still names it */
	sim_unlock();
	if (device_of(p->pool->device)->pool == p->pool)
		device_of(p->pool->device)->pool = &device_of(p->pool->device)->default_pool;
	return SIM_OK;
}

IMPL(cuMemPoolTrimTo)
{
	if (!valid(p->pool))
		return SIM_INVALID_VALUE;
	sim_lock();
	sim_pool_trim(p->pool, p->minBytesToKeep);
	sim_unlock();
	return SIM_OK;
}

/* CUmemPool_attribute: 1 to 3 reuse policies (int), 4 release threshold, 5 and 6 reserved, 7 and 8 used
 * (uint64) */
IMPL(cuMemPoolSetAttribute)
{
	if (!valid(p->pool) || !p->value)
		return SIM_INVALID_VALUE;
	switch (p->attr) {
	case 1:
	case 2:
	case 3:
		return SIM_OK;
	case 4:
		p->pool->threshold = *(uint64_t *)p->value;
		return SIM_OK;
	case 6:
		p->pool->reserved_high = p->pool->reserved;
		return SIM_OK;
	case 8:
		p->pool->used_high = p->pool->used;
		return SIM_OK;
	default:
		return SIM_INVALID_VALUE;
	}
}

IMPL(cuMemPoolGetAttribute)
{
	if (!valid(p->pool) || !p->value || p->attr < 1 || p->attr > 8)
		return SIM_INVALID_VALUE;
	if (p->attr <= 3)
		*(int *)p->value = 1;
	else
		*(uint64_t *)p->value = p->attr == 4   ? p->pool->threshold
					: p->attr == 5 ? p->pool->reserved
					: p->attr == 6 ? p->pool->reserved_high
					: p->attr == 7 ? p->pool->used
						       : p->pool->used_high;
	return SIM_OK;
}

IMPL(cuMemPoolSetAccess)
{
	return valid(p->pool) ? SIM_OK : SIM_INVALID_VALUE;
}

IMPL(cuMemPoolGetAccess)
{
	if (!valid(p->memPool) || !p->flags)
		return SIM_INVALID_VALUE;
	*p->flags = 3; /* read and write */
	return SIM_OK;
}
