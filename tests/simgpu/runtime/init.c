/* libcudart's own state: the driver library, each thread's device, its last error. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/simgpu/runtime/runtime.h"

struct rt_driver drv;
const struct sim_core *core;

static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static _Atomic bool ready;
static __thread cudaError_t last_error;
static __thread int device;

static bool open_driver(void)
{
	void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
	const struct sim_core *c = lib ? dlsym(lib, "simgpu_core") : NULL;

	if (!c || c->abi != SIM_CORE_ABI) {
		fprintf(stderr, "simgpu: the libcuda.so.1 that was found is not the simulated one: %s\n",
			lib ? "another driver comes first in LD_LIBRARY_PATH" : dlerror());
		return false;
	}
#define LOAD(fn)   drv.fn = (__typeof__(drv.fn))dlsym(lib, #fn)
#define D(fn, ...) LOAD(fn);
#define DZ(fn, z, ...)                                                                                       \
	LOAD(fn);                                                                                            \
	LOAD(z);
#define D0(fn) LOAD(fn);
#include "tests/simgpu/driver/driver_api.h"
#undef D
#undef DZ
#undef D0
	LOAD(cuGetErrorString);
	LOAD(cuGetErrorName);
	LOAD(cuGetProcAddress_v2);
	core = c;
	return true;
}

cudaError_t rt_driver(void)
{
	static cudaError_t result = SIM_RT_INSUFFICIENT_DRIVER;
	static bool trying;
	cudaError_t ret;

	if (atomic_load_explicit(&ready, memory_order_acquire))
		return SIM_OK;
	pthread_mutex_lock(&mutex);
	/* A call from within the injection library's initialisation finds cuInit under way, and fails. */
	if (!trying) {
		trying = true;
		result = SIM_RT_INSUFFICIENT_DRIVER;
		if (core || open_driver())
			result = drv.cuInit(0);
		atomic_store_explicit(&ready, result == SIM_OK, memory_order_release);
		trying = false;
	}
	ret = atomic_load(&ready) ? SIM_OK : trying ? SIM_NOT_INITIALIZED : result;
	pthread_mutex_unlock(&mutex);
	return ret;
}

cudaError_t rt_context(void)
{
	struct sim_ctx *ctx;
	cudaError_t err;

	if (core->current_ctx())
		return SIM_OK;
	err = drv.cuDevicePrimaryCtxRetain(&ctx, device);
	return err ? err : drv.cuCtxSetCurrent(ctx);
}

int rt_device(void)
{
	struct sim_ctx *ctx = core->current_ctx();

	return ctx ? ctx->dev->id : device;
}

cudaError_t rt_last_error(bool clear)
{
	cudaError_t err = last_error;

	if (clear)
		last_error = SIM_OK;
	return err;
}

void rt_set_error(cudaError_t error)
{
	last_error = error;
}

IMPL0(cudaGetLastError)
{
	return rt_last_error(true);
}

IMPL0(cudaPeekAtLastError)
{
	return rt_last_error(false);
}

IMPL(cudaSetDevice)
{
	struct sim_ctx *ctx;
	cudaError_t err;

	if (p->device < 0 || p->device >= core->device_count())
		return SIM_INVALID_DEVICE;
	device = p->device;
	ctx = core->current_ctx();
	if (ctx && ctx->primary && ctx->magic == SIM_CTX && ctx->dev->id == device)
		return SIM_OK;
	err = drv.cuDevicePrimaryCtxRetain(&ctx, device);
	return err ? err : drv.cuCtxSetCurrent(ctx);
}

IMPL(cudaInitDevice)
{
	struct sim_ctx *ctx;

	if (p->device < 0 || p->device >= core->device_count())
		return SIM_INVALID_DEVICE;
	return drv.cuDevicePrimaryCtxRetain(&ctx, p->device);
}

IMPL(cudaGetDevice)
{
	if (!p->device)
		return SIM_INVALID_VALUE;
	*p->device = rt_device();
	return SIM_OK;
}

/* Without a driver the real runtime answers 0 here, too. */
IMPL(cudaDriverGetVersion)
{
	if (!p->driverVersion)
		return SIM_INVALID_VALUE;
	*p->driverVersion = 0;
	return core || open_driver() ? drv.cuDriverGetVersion(p->driverVersion) : SIM_OK;
}

IMPL(cudaRuntimeGetVersion)
{
	if (!p->runtimeVersion)
		return SIM_INVALID_VALUE;
	*p->runtimeVersion = SIM_CUDART >= 13 ? 13000 : 12040;
	return SIM_OK;
}
