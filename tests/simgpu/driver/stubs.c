/* A stub for every name of the driver API: weak, so that what entry.c and lookup.c define takes its place. */
#include "tests/simgpu/sim.h"

#define X(fn, number)                                                                                        \
	SIM_EXPORT __attribute__((weak)) CUresult fn(void)                                                   \
	{                                                                                                    \
		sim_unsupported(#fn);                                                                        \
		return SIM_NOT_SUPPORTED;                                                                    \
	}
#include "tests/simgpu/abi/cbid_driver.h"
