/* A stub for every name that the real libcudart exports: weak, so that what is simulated takes its place. */
#include "tests/simgpu/sim.h"

extern const struct sim_core *core;
int rt_driver(void);
void rt_set_error(int error);

#define X(fn)                                                                                                \
	SIM_EXPORT __attribute__((weak)) int fn(void);                                                       \
	SIM_EXPORT __attribute__((weak)) int fn(void)                                                        \
	{                                                                                                    \
		if (!rt_driver())                                                                            \
			core->unsupported(#fn);                                                              \
		rt_set_error(SIM_NOT_SUPPORTED);                                                             \
		return SIM_NOT_SUPPORTED;                                                                    \
	}
#include "tests/simgpu/abi/cudart_names.h"
