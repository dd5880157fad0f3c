/* Runtime API: memory. */
#include "tests/simgpu/runtime/runtime.h"

#define PTR(pp) ((CUdeviceptr *)(void *)(pp))

FORWARD(cudaMalloc, cuMemAlloc_v2, PTR(p->devPtr), p->size)
FORWARD(cudaMallocManaged, cuMemAllocManaged, PTR(p->devPtr), p->size, p->flags)
FORWARD(cudaMallocHost, cuMemAllocHost_v2, p->ptr, p->size)
FORWARD(cudaMallocPitch, cuMemAllocPitch_v2, PTR(p->devPtr), p->pitch, p->width, p->height, 4)
FORWARD(cudaFree, cuMemFree_v2, ptr_of(p->devPtr))
FORWARD(cudaFreeHost, cuMemFreeHost, p->ptr)
FORWARD(cudaHostAlloc, cuMemHostAlloc, p->pHost, p->size, p->flags)
FORWARD(cudaHostRegister, cuMemHostRegister_v2, p->ptr, p->size, p->flags)
FORWARD(cudaHostUnregister, cuMemHostUnregister, p->ptr)
FORWARD(cudaHostGetDevicePointer, cuMemHostGetDevicePointer_v2, PTR(p->pDevice), p->pHost, p->flags)
FORWARD(cudaHostGetFlags, cuMemHostGetFlags, p->pFlags, p->pHost)
FORWARD(cudaMemGetInfo, cuMemGetInfo_v2, p->free, p->total)
FORWARDZ(cudaMallocAsync, cuMemAllocAsync, cuMemAllocAsync_ptsz, PTR(p->devPtr), p->size, p->hStream)
FORWARDZ(cudaFreeAsync, cuMemFreeAsync, cuMemFreeAsync_ptsz, ptr_of(p->devPtr), p->hStream)
FORWARDZ(cudaMallocFromPoolAsync, cuMemAllocFromPoolAsync, cuMemAllocFromPoolAsync_ptsz, PTR(p->ptr), p->size,
	 p->memPool, p->stream)
FORWARD(cudaMemPoolCreate, cuMemPoolCreate, p->memPool, p->poolProps)
FORWARD(cudaMemPoolDestroy, cuMemPoolDestroy, p->memPool)
FORWARD(cudaMemPoolTrimTo, cuMemPoolTrimTo, p->memPool, p->minBytesToKeep)
FORWARD(cudaMemPoolSetAttribute, cuMemPoolSetAttribute, p->memPool, p->attr, p->value)
FORWARD(cudaMemPoolGetAttribute, cuMemPoolGetAttribute, p->memPool, p->attr, p->value)
FORWARD(cudaMemPoolSetAccess, cuMemPoolSetAccess, p->memPool, p->descList, p->count)
FORWARD(cudaMemPoolGetAccess, cuMemPoolGetAccess, p->flags, p->memPool, p->location)
#if SIM_CUDART >= 13
FORWARD(cudaMemAdvise, cuMemAdvise_v2, ptr_of(p->devPtr), p->count, p->advice, p->location)
FORWARDZ(cudaMemPrefetchAsync, cuMemPrefetchAsync_v2, cuMemPrefetchAsync_v2_ptsz, ptr_of(p->devPtr), p->count,
	 p->location, p->flags, p->stream)
#else
FORWARD(cudaMemAdvise, cuMemAdvise, ptr_of(p->devPtr), p->count, p->advice, p->device)
FORWARDZ(cudaMemPrefetchAsync, cuMemPrefetchAsync, cuMemPrefetchAsync_ptsz, ptr_of(p->devPtr), p->count,
	 p->dstDevice, p->stream)
#endif

IMPL(cudaMalloc3D)
{
	CUdeviceptr ptr;
	size_t pitch;
	cudaError_t err;

	NEED_CONTEXT();
	err = drv.cuMemAllocPitch_v2(&ptr, &pitch, p->extent.width, p->extent.height * p->extent.depth, 4);
	if (!err)
		*p->pitchedDevPtr =
			(cudaPitchedPtr){(void *)(uintptr_t)ptr, pitch, p->extent.width, p->extent.height};
	return err;
}

/* Any pointer has attributes: ordinary host memory is "unregistered". */
IMPL(cudaPointerGetAttributes)
{
	int which[] = {2, 9, 3, 4, 8};
	unsigned type = 0, managed = 0;
	int device = -2;
	void *dev = NULL, *host = NULL;
	void *out[] = {&type, &device, &dev, &host, &managed};

	NEED_CONTEXT();
	if (!p->attributes)
		return SIM_INVALID_VALUE;
	drv.cuPointerGetAttributes(5, which, out, ptr_of(p->ptr));
	*p->attributes = (cudaPointerAttributes){
		.type = managed ? 3 : (int)type, .device = device, .devicePointer = dev, .hostPointer = host};
	if (!type)
		p->attributes->hostPointer = (void *)p->ptr;
	return SIM_OK;
}
