/* A stub for every name that the real libcupti exports: weak, so that what is simulated takes its place. */
#include "tests/simgpu/cupti/cupti.h"

/* CUPTI as NVTX's injection library, which some images ask for: it takes all ranges and tells nobody. */
SIM_EXPORT int InitializeInjectionNvtx2(void *get_export_table);
SIM_EXPORT int InitializeInjectionNvtx2(void *get_export_table)
{
	(void)get_export_table;
	return 1;
}

#define X(fn)                                                                                                \
	SIM_EXPORT __attribute__((weak)) CUptiResult fn(void)                                                \
	{                                                                                                    \
		if (!cupti_init())                                                                           \
			core->unsupported(#fn);                                                              \
		return cupti_fail(CUPTI_NOT_SUPPORTED);                                                      \
	}
#include "tests/simgpu/abi/cupti_names.h"
