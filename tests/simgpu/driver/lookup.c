/* Driver API: errors by name, functions by name and version. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tests/simgpu/driver/driver.h"

static const struct {
	int code;
	const char *name, *text;
} errors[] = {
	{0, "CUDA_SUCCESS", "no error"},
	{1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
	{2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
	{3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
	{100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
	{101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
	{200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
	{201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
	{217, "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED", "peer access is not supported between these two devices"},
	{301, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
	{400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
	{401, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
	{500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
	{600, "CUDA_ERROR_NOT_READY", "device not ready"},
	{704, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED", "peer access is already enabled"},
	{705, "CUDA_ERROR_PEER_ACCESS_NOT_ENABLED", "peer access has not been enabled"},
	{708, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE", "cannot set while device is active in this process"},
	{709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
	{712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
	 "part or all of the requested memory range is already mapped"},
	{713, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
	 "pointer does not correspond to a registered memory region"},
	{720, "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE", "too many blocks in cooperative launch"},
	{801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
	{900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
	{901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
	 "operation failed due to a previous error during capture"},
	{902, "CUDA_ERROR_STREAM_CAPTURE_MERGE",
	 "operation would result in a merge of separate capture sequences"},
	{903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the same stream as it began"},
	{904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
	{905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
	 "dependency created on uncaptured work in another stream"},
	{906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
	 "operation would make the legacy stream depend on a capturing blocking stream"},
	{907, "CUDA_ERROR_CAPTURED_EVENT",
	 "operation not permitted on an event last recorded in a capturing stream"},
	{908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
	 "attempt to terminate a thread-local capture sequence from another thread"},
	{910, "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE",
	 "the graph update was not performed because it included changes which violated constraints specific "
	 "to instantiated graph update"},
	{999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

SIM_EXPORT CUresult cuGetErrorString(CUresult error, const char **str)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].code == error) {
			*str = errors[i].text;
			return SIM_OK;
		}
	*str = NULL;
	return SIM_INVALID_VALUE;
}

SIM_EXPORT CUresult cuGetErrorName(CUresult error, const char **str)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].code == error) {
			*str = errors[i].name;
			return SIM_OK;
		}
	*str = NULL;
	return SIM_INVALID_VALUE;
}

/* Which version of a function a name means to a caller of a CUDA version: the last row not newer than it.
   Functions that are not here mean their newest version to everybody; older ones differ only for callers
   before CUDA 11. */
static const struct {
	const char *name, *exported;
	int since;
} versions[] = {
	{"cuCtxCreate", "cuCtxCreate_v2", 0},
	{"cuCtxCreate", "cuCtxCreate_v3", 11040},
	{"cuCtxCreate", "cuCtxCreate_v4", 12050},
	{"cuCtxGetDevice", "cuCtxGetDevice", 0},
	{"cuCtxGetDevice", "cuCtxGetDevice_v2", 13000},
	{"cuCtxSynchronize", "cuCtxSynchronize", 0},
	{"cuCtxSynchronize", "cuCtxSynchronize_v2", 13000},
	{"cuDeviceGetUuid", "cuDeviceGetUuid", 0},
	{"cuDeviceGetUuid", "cuDeviceGetUuid_v2", 11040},
	{"cuGetProcAddress", "cuGetProcAddress", 0},
	{"cuGetProcAddress", "cuGetProcAddress_v2", 12000},
	{"cuGraphAddDependencies", "cuGraphAddDependencies", 0},
	{"cuGraphAddDependencies", "cuGraphAddDependencies_v2", 12030},
	{"cuGraphAddKernelNode", "cuGraphAddKernelNode", 0},
	{"cuGraphAddKernelNode", "cuGraphAddKernelNode_v2", 12000},
	{"cuGraphExecKernelNodeSetParams", "cuGraphExecKernelNodeSetParams", 0},
	{"cuGraphExecKernelNodeSetParams", "cuGraphExecKernelNodeSetParams_v2", 12000},
	{"cuGraphExecUpdate", "cuGraphExecUpdate", 0},
	{"cuGraphExecUpdate", "cuGraphExecUpdate_v2", 12000},
	{"cuGraphGetEdges", "cuGraphGetEdges", 0},
	{"cuGraphGetEdges", "cuGraphGetEdges_v2", 12030},
	{"cuGraphInstantiate", "cuGraphInstantiate_v2", 0},
	{"cuGraphInstantiate", "cuGraphInstantiateWithFlags", 12000},
	{"cuGraphKernelNodeGetParams", "cuGraphKernelNodeGetParams", 0},
	{"cuGraphKernelNodeGetParams", "cuGraphKernelNodeGetParams_v2", 12000},
	{"cuGraphKernelNodeSetParams", "cuGraphKernelNodeSetParams", 0},
	{"cuGraphKernelNodeSetParams", "cuGraphKernelNodeSetParams_v2", 12000},
	{"cuGraphNodeGetDependencies", "cuGraphNodeGetDependencies", 0},
	{"cuGraphNodeGetDependencies", "cuGraphNodeGetDependencies_v2", 12030},
	{"cuGraphNodeGetDependentNodes", "cuGraphNodeGetDependentNodes", 0},
	{"cuGraphNodeGetDependentNodes", "cuGraphNodeGetDependentNodes_v2", 12030},
	{"cuGraphRemoveDependencies", "cuGraphRemoveDependencies", 0},
	{"cuGraphRemoveDependencies", "cuGraphRemoveDependencies_v2", 12030},
	{"cuMemAdvise", "cuMemAdvise", 0},
	{"cuMemAdvise", "cuMemAdvise_v2", 12020},
	{"cuMemPrefetchAsync", "cuMemPrefetchAsync", 0},
	{"cuMemPrefetchAsync", "cuMemPrefetchAsync_v2", 12020},
	{"cuStreamGetCaptureInfo", "cuStreamGetCaptureInfo_v2", 0},
	{"cuStreamGetCaptureInfo", "cuStreamGetCaptureInfo_v3", 12030},
	{"cuStreamGetCtx", "cuStreamGetCtx", 0},
	{"cuStreamGetCtx", "cuStreamGetCtx_v2", 12050},
	{"cuStreamUpdateCaptureDependencies", "cuStreamUpdateCaptureDependencies", 0},
	{"cuStreamUpdateCaptureDependencies", "cuStreamUpdateCaptureDependencies_v2", 12030},
};

/* The function of an exact name, or its variant for the thread's own default stream. */
static void *exported(void *lib, const char *name, bool ptsz)
{
	static const char *const suffix[] = {"_ptsz", "_ptds", ""};
	char full[256];
	void *f = NULL;

	for (size_t i = ptsz ? 0 : 2; !f && i < 3; i++) {
		snprintf(full, sizeof(full), "%s%s", name, suffix[i]);
		f = dlsym(lib, full);
	}
	return f;
}

static CUresult proc_address(const char *symbol, void **pfn, int version, cuuint64_t flags, int *status)
{
	static const char *const newest[] = {"_v4", "_v3", "_v2", ""};
	void *self = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
	const char *name = NULL;
	char full[256];

	if (!symbol || !pfn || !self)
		return SIM_INVALID_VALUE;
	*pfn = NULL;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (!strcmp(versions[i].name, symbol) && version >= versions[i].since)
			name = versions[i].exported;
	if (name)
		*pfn = exported(self, name, flags & 2);
	for (size_t i = 0; !name && !*pfn && i < 4; i++) {
		snprintf(full, sizeof(full), "%s%s", symbol, newest[i]);
		*pfn = exported(self, full, flags & 2);
	}
	dlclose(self);
	if (status)
		*status = *pfn ? 0 : 1;
	return *pfn || status ? SIM_OK : SIM_NOT_FOUND;
}

SIM_EXPORT CUresult cuGetProcAddress(const char *symbol, void **pfn, int version, cuuint64_t flags)
{
	return proc_address(symbol, pfn, version, flags, NULL);
}

SIM_EXPORT CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int version, cuuint64_t flags,
					int *status)
{
	return proc_address(symbol, pfn, version, flags, status);
}

SIM_EXPORT CUresult cuGetProcAddress_v2_ptsz(const char *symbol, void **pfn, int version, cuuint64_t flags,
					     int *status)
{
	return proc_address(symbol, pfn, version, flags | 2, status);
}

/* The private tables that the real libcudart, cuBLAS and NCCL want. */
SIM_EXPORT CUresult cuGetExportTable(const void **table, const CUuuid *id)
{
	(void)id;
	sim_unsupported("cuGetExportTable (the real libcudart, static or shared, and libraries built on it)");
	if (table)
		*table = NULL;
	return SIM_NOT_SUPPORTED;
}
