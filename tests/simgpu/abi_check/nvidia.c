/* The sizes and offsets of list.h, and the callback numbers, as NVIDIA's headers (CUDA 13.0) have them. */
#include <cupti.h>
#include <cuda_runtime_api.h>
#include <stddef.h>

extern const size_t nvidia[];
const size_t nvidia[] = {
#define S(type, theirs)			    sizeof(theirs),
#define F(type, theirs, field, their_field) offsetof(theirs, their_field),
#include "tests/simgpu/abi_check/list.h"
};

extern const int nvidia_driver_cbid[], nvidia_runtime_cbid[];
const int nvidia_driver_cbid[] = {
#define X(name, number) CUPTI_DRIVER_TRACE_CBID_##name,
#include "tests/simgpu/abi/cbid_driver.h"
#undef X
};
const int nvidia_runtime_cbid[] = {
#define X(name, number) CUPTI_RUNTIME_TRACE_CBID_##name,
#include "tests/simgpu/abi/cbid_runtime.h"
};
