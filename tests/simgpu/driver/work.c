/* Between the driver API's parameter structures and sim_work. */
#include <string.h>

#include "tests/simgpu/driver/driver.h"
#include "tests/simgpu/driver/work.h"

CUresult work_kernel(struct sim_work *w, const CUDA_KERNEL_NODE_PARAMS *p, int version)
{
	if (!p)
		return SIM_INVALID_VALUE;
	unsigned grid[3] = {p->gridDimX, p->gridDimY, p->gridDimZ},
		 block[3] = {p->blockDimX, p->blockDimY, p->blockDimZ};
	CUfunction func = p->func || version < 2 ? p->func : p->kern;

	return sim_kernel_work(w, func, grid, block, p->sharedMemBytes, p->kernelParams, p->extra);
}

CUresult read_kernel(const struct sim_work *w, CUDA_KERNEL_NODE_PARAMS *p, int version)
{
	if (!p || w->kind != SIM_KERNEL)
		return SIM_INVALID_VALUE;
	p->func = w->u.kernel.func;
	p->gridDimX = w->u.kernel.grid[0];
	p->gridDimY = w->u.kernel.grid[1];
	p->gridDimZ = w->u.kernel.grid[2];
	p->blockDimX = w->u.kernel.block[0];
	p->blockDimY = w->u.kernel.block[1];
	p->blockDimZ = w->u.kernel.block[2];
	p->sharedMemBytes = w->u.kernel.shared;
	p->kernelParams = w->u.kernel.params;
	p->extra = w->u.kernel.extra;
	if (version >= 2) {
		p->kern = NULL;
		p->ctx = w->ctx;
	}
	return SIM_OK;
}

CUresult work_memcpy(struct sim_work *w, const CUDA_MEMCPY3D *p)
{
	return p ? sim_copy_3d(w, p, true) : SIM_INVALID_VALUE;
}

CUresult read_memcpy(const struct sim_work *w, CUDA_MEMCPY3D *p)
{
	if (!p || w->kind != SIM_COPY)
		return SIM_INVALID_VALUE;
	*p = (CUDA_MEMCPY3D){.srcMemoryType = SIM_MEMTYPE_UNIFIED,
			     .srcDevice = ptr_of(w->u.copy.src),
			     .srcPitch = w->u.copy.src_pitch,
			     .srcHeight = w->u.copy.src_pitch ? w->u.copy.src_slice / w->u.copy.src_pitch : 0,
			     .dstMemoryType = SIM_MEMTYPE_UNIFIED,
			     .dstDevice = ptr_of(w->u.copy.dst),
			     .dstPitch = w->u.copy.dst_pitch,
			     .dstHeight = w->u.copy.dst_pitch ? w->u.copy.dst_slice / w->u.copy.dst_pitch : 0,
			     .WidthInBytes = w->u.copy.width,
			     .Height = w->u.copy.height,
			     .Depth = w->u.copy.depth};
	return SIM_OK;
}

CUresult work_memset(struct sim_work *w, const CUDA_MEMSET_NODE_PARAMS *p)
{
	return p ? sim_set_work(w, p->dst, p->pitch, p->value, p->elementSize, p->width, p->height, true)
		 : SIM_INVALID_VALUE;
}

CUresult read_memset(const struct sim_work *w, CUDA_MEMSET_NODE_PARAMS *p)
{
	if (!p || w->kind != SIM_SET)
		return SIM_INVALID_VALUE;
	*p = (CUDA_MEMSET_NODE_PARAMS){.dst = ptr_of(w->u.set.dst),
				       .pitch = w->u.set.pitch,
				       .value = w->u.set.value,
				       .elementSize = w->u.set.elem,
				       .width = w->u.set.width,
				       .height = w->u.set.height};
	return SIM_OK;
}

CUresult work_host(struct sim_work *w, const CUDA_HOST_NODE_PARAMS *p)
{
	if (!p || !p->fn)
		return SIM_INVALID_VALUE;
	*w = (struct sim_work){.kind = SIM_HOST, .ctx = sim_ctx_current()};
	w->u.host.fn = p->fn;
	w->u.host.data = p->userData;
	return SIM_OK;
}

CUresult read_host(const struct sim_work *w, CUDA_HOST_NODE_PARAMS *p)
{
	if (!p || w->kind != SIM_HOST)
		return SIM_INVALID_VALUE;
	p->fn = w->u.host.fn;
	p->userData = w->u.host.data;
	return SIM_OK;
}
