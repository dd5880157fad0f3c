/* Between the driver API's parameter structures and sim_work. `version` is that of CUDA_KERNEL_NODE_PARAMS:
   the first has no kern and ctx. */
#ifndef SIMGPU_WORK_H
#define SIMGPU_WORK_H

#include "tests/simgpu/sim.h"

CUresult work_kernel(struct sim_work *w, const CUDA_KERNEL_NODE_PARAMS *p, int version);
CUresult work_memcpy(struct sim_work *w, const CUDA_MEMCPY3D *p);
CUresult work_memset(struct sim_work *w, const CUDA_MEMSET_NODE_PARAMS *p);
CUresult work_host(struct sim_work *w, const CUDA_HOST_NODE_PARAMS *p);
CUresult read_kernel(const struct sim_work *w, CUDA_KERNEL_NODE_PARAMS *p, int version);
CUresult read_memcpy(const struct sim_work *w, CUDA_MEMCPY3D *p);
CUresult read_memset(const struct sim_work *w, CUDA_MEMSET_NODE_PARAMS *p);
CUresult read_host(const struct sim_work *w, CUDA_HOST_NODE_PARAMS *p);

CUresult sim_kernel_work(struct sim_work *w, struct sim_func *f, const unsigned grid[3],
			 const unsigned block[3], unsigned shared, void **params, void **extra);
CUresult sim_set_work(struct sim_work *w, CUdeviceptr dst, size_t pitch, unsigned value, unsigned elem,
		      size_t width, size_t height, bool async);

#endif
