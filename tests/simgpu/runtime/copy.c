/* Runtime API: copies and memsets. */
#include "tests/simgpu/runtime/runtime.h"

static bool wrong(int kind)
{
	return kind < RT_H2H || kind > RT_DEFAULT;
}

static cudaError_t sync(bool z, void *dst, const void *src, size_t n, int kind)
{
	NEED_CONTEXT();
	if (!n)
		return SIM_OK;
	switch (kind) {
	case RT_H2D:
		return (z ? drv.cuMemcpyHtoD_v2_ptds : drv.cuMemcpyHtoD_v2)(ptr_of(dst), src, n);
	case RT_D2H:
		return (z ? drv.cuMemcpyDtoH_v2_ptds : drv.cuMemcpyDtoH_v2)(dst, ptr_of(src), n);
	case RT_D2D:
		return (z ? drv.cuMemcpyDtoD_v2_ptds : drv.cuMemcpyDtoD_v2)(ptr_of(dst), ptr_of(src), n);
	default:
		return (z ? drv.cuMemcpy_ptds : drv.cuMemcpy)(ptr_of(dst), ptr_of(src), n);
	}
}

static cudaError_t async(bool z, void *dst, const void *src, size_t n, int kind, CUstream s)
{
	NEED_CONTEXT();
	if (!n)
		return SIM_OK;
	switch (kind) {
	case RT_H2D:
		return (z ? drv.cuMemcpyHtoDAsync_v2_ptsz : drv.cuMemcpyHtoDAsync_v2)(ptr_of(dst), src, n, s);
	case RT_D2H:
		return (z ? drv.cuMemcpyDtoHAsync_v2_ptsz : drv.cuMemcpyDtoHAsync_v2)(dst, ptr_of(src), n, s);
	case RT_D2D:
		return (z ? drv.cuMemcpyDtoDAsync_v2_ptsz : drv.cuMemcpyDtoDAsync_v2)(ptr_of(dst),
										      ptr_of(src), n, s);
	default:
		return (z ? drv.cuMemcpyAsync_ptsz : drv.cuMemcpyAsync)(ptr_of(dst), ptr_of(src), n, s);
	}
}

IMPL(cudaMemcpy)
{
	return wrong(p->kind) ? SIM_RT_INVALID_MEMCPY_DIRECTION
			      : sync(call->ptsz, p->dst, p->src, p->count, p->kind);
}

IMPL(cudaMemcpyAsync)
{
	return wrong(p->kind) ? SIM_RT_INVALID_MEMCPY_DIRECTION
			      : async(call->ptsz, p->dst, p->src, p->count, p->kind, p->stream);
}

IMPL(cudaMemcpyPeer)
{
	return sync(false, p->dst, p->src, p->count, RT_D2D);
}

IMPL(cudaMemcpyPeerAsync)
{
	return async(false, p->dst, p->src, p->count, RT_D2D, p->stream);
}

static cudaError_t copy3d(bool z, const cudaMemcpy3DParms *in, CUstream s, bool wait)
{
	CUDA_MEMCPY3D c;
	cudaError_t err = rt_copy3d(in, &c);

	NEED_CONTEXT();
	if (err || !c.WidthInBytes || !c.Height || !c.Depth)
		return err;
	if (wait)
		return z ? drv.cuMemcpy3D_v2_ptds(&c) : drv.cuMemcpy3D_v2(&c);
	return z ? drv.cuMemcpy3DAsync_v2_ptsz(&c, s) : drv.cuMemcpy3DAsync_v2(&c, s);
}

static cudaMemcpy3DParms flat(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width,
			      size_t height, int kind)
{
	return (cudaMemcpy3DParms){.srcPtr = {(void *)src, spitch, width, height},
				   .dstPtr = {dst, dpitch, width, height},
				   .extent = {width, height, 1},
				   .kind = kind};
}

IMPL(cudaMemcpy2D)
{
	cudaMemcpy3DParms c = flat(p->dst, p->dpitch, p->src, p->spitch, p->width, p->height, p->kind);

	return copy3d(call->ptsz, &c, NULL, true);
}

IMPL(cudaMemcpy2DAsync)
{
	cudaMemcpy3DParms c = flat(p->dst, p->dpitch, p->src, p->spitch, p->width, p->height, p->kind);

	return copy3d(call->ptsz, &c, p->stream, false);
}

IMPL(cudaMemcpy3D)
{
	return copy3d(call->ptsz, p->parms, NULL, true);
}

IMPL(cudaMemcpy3DAsync)
{
	return copy3d(call->ptsz, p->parms, p->stream, false);
}

static cudaMemcpy3DParms peer(const cudaMemcpy3DPeerParms *in)
{
	return (cudaMemcpy3DParms){in->srcArray, in->srcPos, in->srcPtr, in->dstArray,
				   in->dstPos,	 in->dstPtr, in->extent, RT_D2D};
}

IMPL(cudaMemcpy3DPeer)
{
	cudaMemcpy3DParms c = peer(p->parms);

	return copy3d(call->ptsz, &c, NULL, true);
}

IMPL(cudaMemcpy3DPeerAsync)
{
	cudaMemcpy3DParms c = peer(p->parms);

	return copy3d(call->ptsz, &c, p->stream, false);
}

static cudaError_t symbol(const void *sym, size_t offset, size_t count, void **ptr)
{
	CUdeviceptr base;
	size_t size;
	cudaError_t err;

	NEED_CONTEXT();
	err = rt_symbol(sym, &base, &size);
	if (err)
		return err;
	*ptr = (char *)(uintptr_t)base + offset;
	return offset > size || count > size - offset ? SIM_INVALID_VALUE : SIM_OK;
}

IMPL(cudaMemcpyToSymbol)
{
	void *ptr;
	cudaError_t err = symbol(p->symbol, p->offset, p->count, &ptr);

	return err ? err : sync(call->ptsz, ptr, p->src, p->count, p->kind);
}

IMPL(cudaMemcpyFromSymbol)
{
	void *ptr;
	cudaError_t err = symbol(p->symbol, p->offset, p->count, &ptr);

	return err ? err : sync(call->ptsz, p->dst, ptr, p->count, p->kind);
}

IMPL(cudaMemcpyToSymbolAsync)
{
	void *ptr;
	cudaError_t err = symbol(p->symbol, p->offset, p->count, &ptr);

	return err ? err : async(call->ptsz, ptr, p->src, p->count, p->kind, p->stream);
}

IMPL(cudaMemcpyFromSymbolAsync)
{
	void *ptr;
	cudaError_t err = symbol(p->symbol, p->offset, p->count, &ptr);

	return err ? err : async(call->ptsz, p->dst, ptr, p->count, p->kind, p->stream);
}

IMPL(cudaGetSymbolAddress)
{
	return symbol(p->symbol, 0, 0, p->devPtr);
}

IMPL(cudaGetSymbolSize)
{
	CUdeviceptr ptr;

	NEED_CONTEXT();
	return rt_symbol(p->symbol, &ptr, p->size);
}

#define BYTE(v) ((unsigned char)(v))

FORWARDZ(cudaMemset, cuMemsetD8_v2, cuMemsetD8_v2_ptds, ptr_of(p->devPtr), BYTE(p->value), p->count)
FORWARDZ(cudaMemsetAsync, cuMemsetD8Async, cuMemsetD8Async_ptsz, ptr_of(p->devPtr), BYTE(p->value), p->count,
	 p->stream)
FORWARDZ(cudaMemset2D, cuMemsetD2D8_v2, cuMemsetD2D8_v2_ptds, ptr_of(p->devPtr), p->pitch, BYTE(p->value),
	 p->width, p->height)
FORWARDZ(cudaMemset2DAsync, cuMemsetD2D8Async, cuMemsetD2D8Async_ptsz, ptr_of(p->devPtr), p->pitch,
	 BYTE(p->value), p->width, p->height, p->stream)
