/* Runtime API: kernels, their attributes, host functions. */
#include "tests/simgpu/runtime/runtime.h"

/* The runtime has a word of its own for a shape that cannot be launched. */
static cudaError_t shape(cudaError_t err, sim_dim3 g, sim_dim3 b)
{
	uint64_t threads = (uint64_t)b.x * b.y * b.z;

	if (err == SIM_INVALID_VALUE && (!threads || threads > 1024 || b.z > 64 || !g.x || !g.y || !g.z ||
					 g.y > 65535 || g.z > 65535 || g.x > 0x7fffffff))
		return SIM_RT_INVALID_CONFIGURATION;
	return err;
}

static cudaError_t launch(struct sim_call *call, CUfunction f, sim_dim3 g, sim_dim3 b, void **args,
			  size_t shared, CUstream s)
{
	return shape((call->ptsz ? drv.cuLaunchKernel_ptsz : drv.cuLaunchKernel)(
			     f, g.x, g.y, g.z, b.x, b.y, b.z, (unsigned)shared, s, args, NULL),
		     g, b);
}

IMPL(cudaLaunchKernel)
{
	CUfunction f;
	cudaError_t err;

	NEED_CONTEXT();
	err = rt_function(p->func, &f);
	if (err)
		return err;
	call->symbol = f->name;
	return launch(call, f, p->gridDim, p->blockDim, p->args, p->sharedMem, p->stream);
}

#if SIM_CUDART >= 13
IMPL(__cudaLaunchKernel)
{
	NEED_CONTEXT();
	if (!p->kernel)
		return SIM_INVALID_HANDLE;
	call->symbol = p->kernel->name;
	return launch(call, p->kernel, p->gridDim, p->blockDim, p->args, p->sharedMem, p->stream);
}
#endif

IMPL(cudaLaunchKernelExC)
{
	const cudaLaunchConfig_t *c = p->config;
	CUlaunchConfig d;
	CUfunction f;
	cudaError_t err;

	NEED_CONTEXT();
	if (!c)
		return SIM_INVALID_VALUE;
	err = rt_function(p->func, &f);
	if (err)
		return err;
	call->symbol = f->name;
	d = (CUlaunchConfig){c->gridDim.x,
			     c->gridDim.y,
			     c->gridDim.z,
			     c->blockDim.x,
			     c->blockDim.y,
			     c->blockDim.z,
			     (unsigned)c->dynamicSmemBytes,
			     c->stream,
			     c->attrs,
			     c->numAttrs};
	return shape((call->ptsz ? drv.cuLaunchKernelEx_ptsz : drv.cuLaunchKernelEx)(&d, f, p->args, NULL),
		     c->gridDim, c->blockDim);
}

IMPL(cudaLaunchCooperativeKernel)
{
	sim_dim3 g = p->gridDim, b = p->blockDim;
	CUfunction f;
	cudaError_t err;

	NEED_CONTEXT();
	err = rt_function(p->func, &f);
	if (err)
		return err;
	call->symbol = f->name;
	err = (call->ptsz ? drv.cuLaunchCooperativeKernel_ptsz : drv.cuLaunchCooperativeKernel)(
		f, g.x, g.y, g.z, b.x, b.y, b.z, (unsigned)p->sharedMem, p->stream, p->args);
	return shape(err, g, b);
}

FORWARDZ(cudaLaunchHostFunc, cuLaunchHostFunc, cuLaunchHostFunc_ptsz, p->stream, p->fn, p->userData)

IMPL(cudaFuncGetAttributes)
{
	/* CUfunction_attribute and where it goes */
	int v[16];
	CUfunction f;
	cudaError_t err;

	NEED_CONTEXT();
	if (!p->attr)
		return SIM_INVALID_VALUE;
	err = rt_function(p->func, &f);
	for (int i = 0; !err && i < 16; i++)
		err = drv.cuFuncGetAttribute(&v[i], i, f);
	if (err)
		return err;
	*p->attr = (cudaFuncAttributes){.maxThreadsPerBlock = v[0],
					.sharedSizeBytes = (size_t)v[1],
					.constSizeBytes = (size_t)v[2],
					.localSizeBytes = (size_t)v[3],
					.numRegs = v[4],
					.ptxVersion = v[5],
					.binaryVersion = v[6],
					.cacheModeCA = v[7],
					.maxDynamicSharedSizeBytes = v[8],
					.preferredShmemCarveout = v[9]};
	return SIM_OK;
}

/* A runtime function whose driver counterpart takes the kernel instead of the host function. */
#define BY_KERNEL(rt, host, expression)                                                                      \
	IMPL(rt)                                                                                             \
	{                                                                                                    \
		CUfunction f;                                                                                \
		cudaError_t err;                                                                             \
                                                                                                             \
		NEED_CONTEXT();                                                                              \
		err = rt_function(p->host, &f);                                                              \
		return err ? err : expression;                                                               \
	}

BY_KERNEL(cudaFuncSetAttribute, func, drv.cuFuncSetAttribute(f, p->attr, p->value))
BY_KERNEL(cudaFuncSetCacheConfig, func, drv.cuFuncSetCacheConfig(f, p->cacheConfig))
BY_KERNEL(cudaFuncSetSharedMemConfig, func, SIM_OK)
BY_KERNEL(cudaFuncGetName, func, drv.cuFuncGetName(p->name, f))
BY_KERNEL(cudaGetFuncBySymbol, symbolPtr, (*p->functionPtr = f, SIM_OK))
BY_KERNEL(cudaGetKernel, entryFuncAddr, (*p->kernelPtr = f, SIM_OK))
BY_KERNEL(cudaOccupancyMaxActiveBlocksPerMultiprocessor, func,
	  drv.cuOccupancyMaxActiveBlocksPerMultiprocessor(p->numBlocks, f, p->blockSize, p->dynamicSMemSize))
BY_KERNEL(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, func,
	  drv.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(p->numBlocks, f, p->blockSize,
								   p->dynamicSMemSize, p->flags))
BY_KERNEL(cudaOccupancyAvailableDynamicSMemPerBlock, func,
	  drv.cuOccupancyAvailableDynamicSMemPerBlock(p->dynamicSmemSize, f, p->numBlocks, p->blockSize))
BY_KERNEL(cudaOccupancyMaxPotentialClusterSize, func,
	  drv.cuOccupancyMaxPotentialClusterSize(p->clusterSize, f, NULL))
BY_KERNEL(cudaOccupancyMaxActiveClusters, func, drv.cuOccupancyMaxActiveClusters(p->numClusters, f, NULL))

#if SIM_CUDART >= 13
FORWARD(cudaLibraryLoadData, cuLibraryLoadData, p->library, p->code, p->jitOptions, p->jitOptionsValues,
	p->numJitOptions, p->libraryOptions, p->libraryOptionValues, p->numLibraryOptions)
FORWARD(cudaLibraryLoadFromFile, cuLibraryLoadFromFile, p->library, p->fileName, p->jitOptions,
	p->jitOptionsValues, p->numJitOptions, p->libraryOptions, p->libraryOptionValues,
	p->numLibraryOptions)
FORWARD(cudaLibraryUnload, cuLibraryUnload, p->library)
FORWARD(cudaLibraryGetKernel, cuLibraryGetKernel, p->pKernel, p->library, p->name)
#endif
