/* The runtime's parameter structures into the driver's. */
#include "tests/simgpu/runtime/runtime.h"

static unsigned side(int kind, bool dst)
{
	switch (kind) {
	case RT_H2H:
		return SIM_MEMTYPE_HOST;
	case RT_H2D:
		return dst ? SIM_MEMTYPE_DEVICE : SIM_MEMTYPE_HOST;
	case RT_D2H:
		return dst ? SIM_MEMTYPE_HOST : SIM_MEMTYPE_DEVICE;
	case RT_D2D:
		return SIM_MEMTYPE_DEVICE;
	default:
		return SIM_MEMTYPE_UNIFIED;
	}
}

cudaError_t rt_copy3d(const cudaMemcpy3DParms *in, CUDA_MEMCPY3D *out)
{
	if (!in)
		return SIM_INVALID_VALUE;
	if (in->kind < RT_H2H || in->kind > RT_DEFAULT)
		return SIM_RT_INVALID_MEMCPY_DIRECTION;
	*out = (CUDA_MEMCPY3D){.srcXInBytes = in->srcPos.x,
			       .srcY = in->srcPos.y,
			       .srcZ = in->srcPos.z,
			       .srcMemoryType = in->srcArray ? SIM_MEMTYPE_ARRAY : side(in->kind, false),
			       .srcHost = in->srcPtr.ptr,
			       .srcDevice = ptr_of(in->srcPtr.ptr),
			       .srcPitch = in->srcPtr.pitch,
			       .srcHeight = in->srcPtr.ysize,
			       .dstXInBytes = in->dstPos.x,
			       .dstY = in->dstPos.y,
			       .dstZ = in->dstPos.z,
			       .dstMemoryType = in->dstArray ? SIM_MEMTYPE_ARRAY : side(in->kind, true),
			       .dstHost = in->dstPtr.ptr,
			       .dstDevice = ptr_of(in->dstPtr.ptr),
			       .dstPitch = in->dstPtr.pitch,
			       .dstHeight = in->dstPtr.ysize,
			       .WidthInBytes = in->extent.width,
			       .Height = in->extent.height,
			       .Depth = in->extent.depth};
	return SIM_OK;
}

void rt_copy1d(void *dst, const void *src, size_t count, int kind, CUDA_MEMCPY3D *out)
{
	*out = (CUDA_MEMCPY3D){.srcMemoryType = side(kind, false),
			       .srcHost = src,
			       .srcDevice = ptr_of(src),
			       .dstMemoryType = side(kind, true),
			       .dstHost = dst,
			       .dstDevice = ptr_of(dst),
			       .WidthInBytes = count,
			       .Height = 1,
			       .Depth = 1};
}

cudaError_t rt_kernel_params(const cudaKernelNodeParams *in, CUDA_KERNEL_NODE_PARAMS *out)
{
	CUfunction func;
	cudaError_t err;

	if (!in)
		return SIM_INVALID_VALUE;
	err = rt_function(in->func, &func);
	if (err)
		return err;
	*out = (CUDA_KERNEL_NODE_PARAMS){.func = func,
					 .gridDimX = in->gridDim.x,
					 .gridDimY = in->gridDim.y,
					 .gridDimZ = in->gridDim.z,
					 .blockDimX = in->blockDim.x,
					 .blockDimY = in->blockDim.y,
					 .blockDimZ = in->blockDim.z,
					 .sharedMemBytes = in->sharedMemBytes,
					 .kernelParams = in->kernelParams,
					 .extra = in->extra};
	return SIM_OK;
}

void rt_memset_params(const cudaMemsetParams *in, CUDA_MEMSET_NODE_PARAMS *out)
{
	*out = (CUDA_MEMSET_NODE_PARAMS){.dst = ptr_of(in->dst),
					 .pitch = in->pitch,
					 .value = in->value,
					 .elementSize = in->elementSize,
					 .width = in->width,
					 .height = in->height};
}
