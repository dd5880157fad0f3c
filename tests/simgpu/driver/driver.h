/* How the driver API's functions are written: driver_api.h lists the signatures; entry.c makes of each an
   exported function that announces the call, calls NAME_impl with the arguments in `p`, and announces the
   return. */
#ifndef SIMGPU_DRIVER_H
#define SIMGPU_DRIVER_H

#include "tests/simgpu/abi/pp.h"
#include "tests/simgpu/sim.h"

/* Prototypes of the exported functions: libcudart takes the pointer types from here. */
#define D(name, ...) CUresult name(PP_PARAMS(__VA_ARGS__));
#define DZ(name, z, ...)                                                                                     \
	CUresult name(PP_PARAMS(__VA_ARGS__));                                                               \
	CUresult z(PP_PARAMS(__VA_ARGS__));
#define D0(name) CUresult name(void);
#include "tests/simgpu/driver/driver_api.h"
#undef D
#undef DZ
#undef D0

/* The arguments, in the layout that CUPTI's clients get as functionParams. */
#define D(name, ...)                                                                                         \
	struct name##_params {                                                                               \
		PP_FIELDS(__VA_ARGS__)                                                                       \
	};                                                                                                   \
	CUresult name##_impl(struct sim_call *call, struct name##_params *p);
#define DZ(name, z, ...) D(name, __VA_ARGS__)
#define D0(name)	 CUresult name##_impl(struct sim_call *call, void *p);
#include "tests/simgpu/driver/driver_api.h"
#undef D
#undef DZ
#undef D0

#define IMPL(name)                                                                                           \
	CUresult name##_impl(struct sim_call *call __attribute__((unused)), struct name##_params *p)
#define IMPL0(name)                                                                                          \
	CUresult name##_impl(struct sim_call *call __attribute__((unused)), void *p __attribute__((unused)))

CUresult cuGetErrorString(CUresult error, const char **str);
CUresult cuGetErrorName(CUresult error, const char **str);

static inline struct sim_device *device_of(CUdevice dev)
{
	return dev >= 0 && dev < sim_n_devices ? &sim_devices[dev] : NULL;
}

static inline CUdeviceptr ptr_of(const void *p)
{
	return (CUdeviceptr)(uintptr_t)p;
}

#endif
