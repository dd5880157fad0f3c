/* The exported functions of libcuda.so.1: one wrapper a line of driver_api.h, and a stub for every other
 * name. */
#include "tests/simgpu/driver/driver.h"

enum {
#define X(name, number) CBID_##name = number,
#include "tests/simgpu/abi/cbid_driver.h"
#undef X
};

#define WRAPPER(fn, exported, is_ptsz, ...)                                                                  \
	SIM_EXPORT CUresult exported(PP_PARAMS(__VA_ARGS__))                                                 \
	{                                                                                                    \
		struct fn##_params args_ = {PP_NAMES(__VA_ARGS__)};                                          \
		struct sim_call call_ = {.name = #exported,                                                  \
					 .domain = SIM_DOMAIN_DRIVER,                                        \
					 .cbid = CBID_##exported,                                            \
					 .params = &args_,                                                   \
					 .ptsz = is_ptsz};                                                   \
                                                                                                             \
		if (before(CBID_##exported))                                                                 \
			return SIM_NOT_INITIALIZED;                                                          \
		sim_enter(&call_);                                                                           \
		return (CUresult)sim_exit(&call_, (uint32_t)fn##_impl(&call_, &args_));                      \
	}

/* cuInit lets the injection library in before anything is announced; all else needs cuInit's success. */
static CUresult before(uint32_t cbid)
{
	if (cbid == CBID_cuInit) {
		sim_inject();
		return SIM_OK;
	}
	return cbid == CBID_cuDriverGetVersion ? SIM_OK : sim_check();
}

#define D(fn, ...)     WRAPPER(fn, fn, false, __VA_ARGS__)
#define DZ(fn, z, ...) WRAPPER(fn, fn, false, __VA_ARGS__) WRAPPER(fn, z, true, __VA_ARGS__)
#define D0(fn)                                                                                               \
	SIM_EXPORT CUresult fn(void)                                                                         \
	{                                                                                                    \
		struct sim_call call_ = {                                                                    \
			.name = #fn, .domain = SIM_DOMAIN_DRIVER, .cbid = CBID_##fn, .params = &call_};      \
                                                                                                             \
		if (before(CBID_##fn))                                                                       \
			return SIM_NOT_INITIALIZED;                                                          \
		sim_enter(&call_);                                                                           \
		return (CUresult)sim_exit(&call_, (uint32_t)fn##_impl(&call_, NULL));                        \
	}
#include "tests/simgpu/driver/driver_api.h"
