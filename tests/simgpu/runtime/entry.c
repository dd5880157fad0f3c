/* The exported functions of libcudart: one wrapper a line of runtime_api.h. */
#include "tests/simgpu/runtime/runtime.h"

enum {
#define X(name, number) CBID_##name = number,
#include "tests/simgpu/abi/cbid_runtime.h"
#undef X
};

/* The runtime remembers the last error of each thread, but "not ready" is an answer and not an error. */
static cudaError_t leave(struct sim_call *call, cudaError_t err)
{
	if (err && err != SIM_NOT_READY)
		rt_set_error(err);
	return (cudaError_t)core->exit(call, (uint32_t)err);
}

#define WRAPPER(fn, exported, number, is_ptsz, remember, ...)                                                \
	SIM_EXPORT cudaError_t exported(PP_PARAMS(__VA_ARGS__))                                              \
	{                                                                                                    \
		struct fn##_params args_ = {PP_NAMES(__VA_ARGS__)};                                          \
		struct sim_call call_ = {.name = #exported,                                                  \
					 .domain = SIM_DOMAIN_RUNTIME,                                       \
					 .cbid = number,                                                     \
					 .params = &args_,                                                   \
					 .ptsz = is_ptsz};                                                   \
		cudaError_t err_ = rt_driver();                                                              \
                                                                                                             \
		if (err_ && remember)                                                                        \
			rt_set_error(err_);                                                                  \
		if (err_)                                                                                    \
			return err_;                                                                         \
		core->enter(&call_);                                                                         \
		return leave(&call_, fn##_impl(&call_, &args_));                                             \
	}

#define R(fn, v, ...) WRAPPER(fn, fn, CBID_##fn##_##v, false, true, __VA_ARGS__)
#define RZ(fn, v, z, zv, ...)                                                                                \
	WRAPPER(fn, fn, CBID_##fn##_##v, false, true, __VA_ARGS__)                                           \
	WRAPPER(fn, z, CBID_##z##_##zv, true, true, __VA_ARGS__)
/* Calls that work without a driver: announced only where there is one. */
#define RN(fn, v, ...)                                                                                       \
	SIM_EXPORT cudaError_t fn(PP_PARAMS(__VA_ARGS__))                                                    \
	{                                                                                                    \
		struct fn##_params args_ = {PP_NAMES(__VA_ARGS__)};                                          \
		struct sim_call call_ = {.name = #fn,                                                        \
					 .domain = SIM_DOMAIN_RUNTIME,                                       \
					 .cbid = CBID_##fn##_##v,                                            \
					 .params = &args_};                                                  \
                                                                                                             \
		if (!core)                                                                                   \
			return fn##_impl(&call_, &args_);                                                    \
		core->enter(&call_);                                                                         \
		return (cudaError_t)core->exit(&call_, (uint32_t)fn##_impl(&call_, &args_));                 \
	}
#define R0(fn, v)                                                                                            \
	SIM_EXPORT cudaError_t fn(void)                                                                      \
	{                                                                                                    \
		struct sim_call call_ = {                                                                    \
			.name = #fn, .domain = SIM_DOMAIN_RUNTIME, .cbid = CBID_##fn##_##v};                 \
		cudaError_t err_ = rt_driver();                                                              \
                                                                                                             \
		if (err_) {                                                                                  \
			rt_set_error(err_);                                                                  \
			return err_;                                                                         \
		}                                                                                            \
		core->enter(&call_);                                                                         \
		return leave(&call_, fn##_impl(&call_, NULL));                                               \
	}
#define RN0(fn, v)                                                                                           \
	SIM_EXPORT cudaError_t fn(void)                                                                      \
	{                                                                                                    \
		struct sim_call call_ = {                                                                    \
			.name = #fn, .domain = SIM_DOMAIN_RUNTIME, .cbid = CBID_##fn##_##v};                 \
                                                                                                             \
		if (!core)                                                                                   \
			return fn##_impl(&call_, NULL);                                                      \
		core->enter(&call_);                                                                         \
		return (cudaError_t)core->exit(&call_, (uint32_t)fn##_impl(&call_, NULL));                   \
	}
#include "tests/simgpu/runtime/runtime_api.h"
