/* libcudart: a thin layer over the simulated driver, as the real one is over the real driver. Built once for
   each CUDA major version (SIM_CUDART). libcuda.so.1 is opened by the first call that needs it. */
#ifndef SIMGPU_RUNTIME_H
#define SIMGPU_RUNTIME_H

#include "tests/simgpu/abi/cudart_abi.h"
#include "tests/simgpu/driver/driver.h"

#define R(fn, v, ...)                                                                                        \
	struct fn##_params {                                                                                 \
		PP_FIELDS(__VA_ARGS__)                                                                       \
	};                                                                                                   \
	cudaError_t fn##_impl(struct sim_call *call, struct fn##_params *p);
#define RN		      R
#define RZ(fn, v, z, zv, ...) R(fn, v, __VA_ARGS__)
#define R0(fn, v)	      cudaError_t fn##_impl(struct sim_call *call, void *p);
#define RN0		      R0
#include "tests/simgpu/runtime/runtime_api.h"
#undef R
#undef RN
#undef RZ
#undef R0
#undef RN0

/* The driver's functions, by name, once rt_driver() has succeeded. */
struct rt_driver {
#define D(fn, ...) __typeof__(fn) *fn;
#define DZ(fn, z, ...)                                                                                       \
	__typeof__(fn) *fn;                                                                                  \
	__typeof__(fn) *z;
#define D0(fn) __typeof__(fn) *fn;
#include "tests/simgpu/driver/driver_api.h"
#undef D
#undef DZ
#undef D0
	__typeof__(cuGetErrorString) *cuGetErrorString;
	__typeof__(cuGetErrorName) *cuGetErrorName;
	CUresult (*cuGetProcAddress_v2)(const char *symbol, void **pfn, int version, cuuint64_t flags,
					int *status);
};
extern struct rt_driver drv;
extern const struct sim_core *core;

cudaError_t rt_driver(void); /* libcuda.so.1 opened and cuInit called, or why not */
cudaError_t
rt_context(void);    /* the thread has a current context: its device's primary one, unless it chose */
int rt_device(void); /* the thread's device */
cudaError_t rt_last_error(bool clear);
void rt_set_error(cudaError_t error);

/* register.c */
cudaError_t rt_function(const void *func, CUfunction *out);
cudaError_t rt_symbol(const void *symbol, CUdeviceptr *ptr, size_t *size);
void rt_forget_symbols(void); /* the device has been reset */

/* params.c */
cudaError_t rt_copy3d(const cudaMemcpy3DParms *in, CUDA_MEMCPY3D *out);
void rt_copy1d(void *dst, const void *src, size_t count, int kind, CUDA_MEMCPY3D *out);
cudaError_t rt_kernel_params(const cudaKernelNodeParams *in, CUDA_KERNEL_NODE_PARAMS *out);
void rt_memset_params(const cudaMemsetParams *in, CUDA_MEMSET_NODE_PARAMS *out);

/* A function that is one of the driver's under another name, needing a context. */
#define NEED_CONTEXT()                                                                                       \
	do {                                                                                                 \
		cudaError_t err_ = rt_context();                                                             \
                                                                                                             \
		if (err_)                                                                                    \
			return err_;                                                                         \
	} while (0)
#define FORWARD(rt, cu, ...)                                                                                 \
	IMPL(rt)                                                                                             \
	{                                                                                                    \
		NEED_CONTEXT();                                                                              \
		return drv.cu(__VA_ARGS__);                                                                  \
	}
/* ... and which of its two entry points was called. */
#define FORWARDZ(rt, cu, z, ...)                                                                             \
	IMPL(rt)                                                                                             \
	{                                                                                                    \
		NEED_CONTEXT();                                                                              \
		return call->ptsz ? drv.z(__VA_ARGS__) : drv.cu(__VA_ARGS__);                                \
	}

#endif
