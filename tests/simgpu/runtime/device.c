/* Runtime API: devices, errors, versions, entry points. */
#include <string.h>

#include "tests/simgpu/runtime/runtime.h"

IMPL(cudaGetDeviceCount)
{
	return drv.cuDeviceGetCount(p->count);
}

static void properties(cudaDeviceProp *o, int device)
{
	int a[148] = {0};
	size_t total;

	/* The real runtime asks the driver for each of them, too. */
	for (int i = 1; i < 148; i++)
		drv.cuDeviceGetAttribute(&a[i], i, device);
	memset(o, 0, sizeof(*o));
	drv.cuDeviceGetName(o->name, sizeof(o->name), device);
	drv.cuDeviceGetUuid_v2(&o->uuid, device);
	drv.cuDeviceTotalMem_v2(&total, device);
	o->totalGlobalMem = total;
	o->sharedMemPerBlock = (size_t)a[8];
	o->regsPerBlock = a[12];
	o->warpSize = a[10];
	o->memPitch = (size_t)a[11];
	o->maxThreadsPerBlock = a[1];
	for (int i = 0; i < 3; i++) {
		o->maxThreadsDim[i] = a[2 + i];
		o->maxGridSize[i] = a[5 + i];
	}
	o->totalConstMem = (size_t)a[9];
	o->major = a[75];
	o->minor = a[76];
	o->textureAlignment = (size_t)a[14];
	o->texturePitchAlignment = (size_t)a[51];
	o->multiProcessorCount = a[16];
	o->canMapHostMemory = a[19];
	o->surfaceAlignment = (size_t)a[30];
	o->concurrentKernels = a[31];
	o->ECCEnabled = a[32];
	o->pciBusID = a[33];
	o->asyncEngineCount = a[40];
	o->unifiedAddressing = a[41];
	o->memoryBusWidth = a[37];
	o->l2CacheSize = a[38];
	o->maxThreadsPerMultiProcessor = a[39];
	o->streamPrioritiesSupported = a[78];
	o->globalL1CacheSupported = a[79];
	o->localL1CacheSupported = a[80];
	o->sharedMemPerMultiprocessor = (size_t)a[81];
	o->regsPerMultiprocessor = a[82];
	o->managedMemory = a[83];
	o->concurrentManagedAccess = a[89];
	o->computePreemptionSupported = a[90];
	o->canUseHostPointerForRegisteredMem = a[91];
	o->cooperativeLaunch = a[95];
	o->sharedMemPerBlockOptin = (size_t)a[97];
	o->maxBlocksPerMultiProcessor = a[106];
	o->reservedSharedMemPerBlock = (size_t)a[111];
	o->hostRegisterSupported = a[99];
	o->memoryPoolsSupported = a[115];
	o->memoryPoolSupportedHandleTypes = (unsigned)a[119];
	o->clusterLaunch = a[120];
	o->unifiedFunctionPointers = a[129];
#if SIM_CUDART < 13
	o->clockRate = a[13];
	o->deviceOverlap = a[15];
	o->memoryClockRate = a[36];
	o->singleToDoublePrecisionPerfRatio = a[87];
#endif
}

#if SIM_CUDART >= 13
IMPL(cudaGetDeviceProperties)
{
	if (!p->prop)
		return SIM_INVALID_VALUE;
	if (p->device < 0 || p->device >= core->device_count())
		return SIM_INVALID_DEVICE;
	properties(p->prop, p->device);
	return SIM_OK;
}
#else
/* Announced under the number of cudaGetDeviceProperties_v12000. */
SIM_EXPORT cudaError_t cudaGetDeviceProperties_v2(cudaDeviceProp *prop, int device);
SIM_EXPORT cudaError_t cudaGetDeviceProperties_v2(cudaDeviceProp *prop, int device)
{
	struct {
		cudaDeviceProp *prop;
		int device;
	} args = {prop, device};
	struct sim_call call = {.name = "cudaGetDeviceProperties_v2",
				.domain = SIM_DOMAIN_RUNTIME,
				.cbid = 440,
				.params = &args};
	cudaError_t err = rt_driver();

	if (err)
		return err;
	core->enter(&call);
	if (!prop)
		err = SIM_INVALID_VALUE;
	else if (device < 0 || device >= core->device_count())
		err = SIM_INVALID_DEVICE;
	else
		properties(prop, device);
	if (err)
		rt_set_error(err);
	return (cudaError_t)core->exit(&call, (uint32_t)err);
}
#endif

IMPL(cudaDeviceGetAttribute)
{
	return drv.cuDeviceGetAttribute(p->value, p->attr, p->device);
}

IMPL(cudaDeviceGetP2PAttribute)
{
	return drv.cuDeviceGetP2PAttribute(p->value, p->attr, p->srcDevice, p->dstDevice);
}

IMPL(cudaDeviceGetByPCIBusId)
{
	return drv.cuDeviceGetByPCIBusId(p->device, p->pciBusId);
}

IMPL(cudaDeviceGetPCIBusId)
{
	return drv.cuDeviceGetPCIBusId(p->pciBusId, p->len, p->device);
}

/* All simulated devices are alike. */
IMPL(cudaChooseDevice)
{
	if (!p->device || !p->prop)
		return SIM_INVALID_VALUE;
	*p->device = 0;
	return SIM_OK;
}

IMPL(cudaSetValidDevices)
{
	for (int i = 0; i < p->len; i++)
		if (p->device_arr[i] < 0 || p->device_arr[i] >= core->device_count())
			return SIM_INVALID_DEVICE;
	return SIM_OK;
}

IMPL(cudaSetDeviceFlags)
{
	return drv.cuDevicePrimaryCtxSetFlags_v2(rt_device(), p->flags);
}

IMPL(cudaGetDeviceFlags)
{
	int active;

	return p->flags ? drv.cuDevicePrimaryCtxGetState(rt_device(), p->flags, &active) : SIM_INVALID_VALUE;
}

IMPL0(cudaDeviceReset)
{
	int device = rt_device();

	drv.cuCtxSetCurrent(NULL);
	rt_forget_symbols();
	return drv.cuDevicePrimaryCtxReset_v2(device);
}

IMPL0(cudaDeviceSynchronize)
{
	NEED_CONTEXT();
	return drv.cuCtxSynchronize();
}

IMPL0(cudaCtxResetPersistingL2Cache)
{
	return SIM_OK;
}

IMPL0(cudaProfilerStart)
{
	NEED_CONTEXT();
	return drv.cuProfilerStart();
}

IMPL0(cudaProfilerStop)
{
	NEED_CONTEXT();
	return drv.cuProfilerStop();
}

FORWARD(cudaDeviceSetLimit, cuCtxSetLimit, p->limit, p->value)
FORWARD(cudaDeviceGetLimit, cuCtxGetLimit, p->pValue, p->limit)
FORWARD(cudaDeviceGetCacheConfig, cuCtxGetCacheConfig, p->pCacheConfig)
FORWARD(cudaDeviceSetCacheConfig, cuCtxSetCacheConfig, p->cacheConfig)
FORWARD(cudaDeviceGetStreamPriorityRange, cuCtxGetStreamPriorityRange, p->leastPriority, p->greatestPriority)

IMPL(cudaDeviceCanAccessPeer)
{
	return drv.cuDeviceCanAccessPeer(p->canAccessPeer, p->device, p->peerDevice);
}

IMPL(cudaDeviceEnablePeerAccess)
{
	struct sim_ctx *peer;
	cudaError_t err;

	NEED_CONTEXT();
	err = drv.cuDevicePrimaryCtxRetain(&peer, p->peerDevice);
	return err ? err : drv.cuCtxEnablePeerAccess(peer, p->flags);
}

IMPL(cudaDeviceDisablePeerAccess)
{
	struct sim_ctx *peer;
	cudaError_t err;

	NEED_CONTEXT();
	err = drv.cuDevicePrimaryCtxRetain(&peer, p->peerDevice);
	return err ? err : drv.cuCtxDisablePeerAccess(peer);
}

IMPL(cudaDeviceGetDefaultMemPool)
{
	return drv.cuDeviceGetDefaultMemPool(p->memPool, p->device);
}

IMPL(cudaDeviceSetMemPool)
{
	return drv.cuDeviceSetMemPool(p->device, p->memPool);
}

IMPL(cudaDeviceGetMemPool)
{
	return drv.cuDeviceGetMemPool(p->memPool, p->device);
}

IMPL(cudaDeviceGraphMemTrim)
{
	return drv.cuDeviceGraphMemTrim(p->device);
}

/* Errors that only the runtime has, then the driver's by number under the runtime's name. */
static const struct {
	int code;
	const char *name, *text;
} errors[] = {
	{0, "cudaSuccess", "no error"},
	{1, "cudaErrorInvalidValue", NULL},
	{2, "cudaErrorMemoryAllocation", NULL},
	{3, "cudaErrorInitializationError", NULL},
	{9, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
	{13, "cudaErrorInvalidSymbol", "invalid device symbol"},
	{21, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
	{35, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version"},
	{52, "cudaErrorMissingConfiguration", "__global__ function call is not configured"},
	{98, "cudaErrorInvalidDeviceFunction", "invalid device function"},
	{100, "cudaErrorNoDevice", NULL},
	{101, "cudaErrorInvalidDevice", NULL},
	{200, "cudaErrorInvalidKernelImage", NULL},
	{201, "cudaErrorDeviceUninitialized", NULL},
	{217, "cudaErrorPeerAccessUnsupported", NULL},
	{301, "cudaErrorFileNotFound", NULL},
	{400, "cudaErrorInvalidResourceHandle", NULL},
	{401, "cudaErrorIllegalState", NULL},
	{500, "cudaErrorSymbolNotFound", NULL},
	{600, "cudaErrorNotReady", NULL},
	{704, "cudaErrorPeerAccessAlreadyEnabled", NULL},
	{705, "cudaErrorPeerAccessNotEnabled", NULL},
	{708, "cudaErrorSetOnActiveProcess", NULL},
	{709, "cudaErrorContextIsDestroyed", NULL},
	{712, "cudaErrorHostMemoryAlreadyRegistered", NULL},
	{713, "cudaErrorHostMemoryNotRegistered", NULL},
	{720, "cudaErrorCooperativeLaunchTooLarge", NULL},
	{801, "cudaErrorNotSupported", NULL},
	{900, "cudaErrorStreamCaptureUnsupported", NULL},
	{901, "cudaErrorStreamCaptureInvalidated", NULL},
	{902, "cudaErrorStreamCaptureMerge", NULL},
	{903, "cudaErrorStreamCaptureUnmatched", NULL},
	{904, "cudaErrorStreamCaptureUnjoined", NULL},
	{905, "cudaErrorStreamCaptureIsolation", NULL},
	{906, "cudaErrorStreamCaptureImplicit", NULL},
	{907, "cudaErrorCapturedEvent", NULL},
	{908, "cudaErrorStreamCaptureWrongThread", NULL},
	{910, "cudaErrorGraphExecUpdateFailure", NULL},
	{999, "cudaErrorUnknown", NULL},
};

SIM_EXPORT const char *cudaGetErrorName(cudaError_t error);
SIM_EXPORT const char *cudaGetErrorName(cudaError_t error)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].code == error)
			return errors[i].name;
	return "unrecognized error code";
}

SIM_EXPORT const char *cudaGetErrorString(cudaError_t error);
SIM_EXPORT const char *cudaGetErrorString(cudaError_t error)
{
	const char *text = NULL;

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].code == error && errors[i].text)
			return errors[i].text;
	if (drv.cuGetErrorString)
		drv.cuGetErrorString(error, &text);
	return text ? text : "unrecognized error code";
}

static cudaError_t entry_point(const char *symbol, void **out, unsigned version, unsigned long long flags,
			       bool ptsz, int *status)
{
	cudaError_t err = rt_driver();
	int s = 0;

	if (!err)
		err = drv.cuGetProcAddress_v2(symbol, out, (int)version, flags | (ptsz && !flags ? 2 : 0),
					      &s);
	if (status)
		*status = s;
	if (!err && !*out && !status)
		err = SIM_NOT_FOUND;
	if (err)
		rt_set_error(err);
	return err;
}

#define ENTRY_POINT(fn, ptsz)                                                                                \
	SIM_EXPORT cudaError_t fn(const char *symbol, void **out, unsigned long long flags, int *status);    \
	SIM_EXPORT cudaError_t fn(const char *symbol, void **out, unsigned long long flags, int *status)     \
	{                                                                                                    \
		return entry_point(symbol, out, SIM_CUDART * 1000, flags, ptsz, status);                     \
	}
#define ENTRY_POINT_BY_VERSION(fn, ptsz)                                                                     \
	SIM_EXPORT cudaError_t fn(const char *symbol, void **out, unsigned version,                          \
				  unsigned long long flags, int *status);                                    \
	SIM_EXPORT cudaError_t fn(const char *symbol, void **out, unsigned version,                          \
				  unsigned long long flags, int *status)                                     \
	{                                                                                                    \
		return entry_point(symbol, out, version, flags, ptsz, status);                               \
	}
ENTRY_POINT(cudaGetDriverEntryPoint, false)
ENTRY_POINT(cudaGetDriverEntryPoint_ptsz, true)
ENTRY_POINT_BY_VERSION(cudaGetDriverEntryPointByVersion, false)
ENTRY_POINT_BY_VERSION(cudaGetDriverEntryPointByVersion_ptsz, true)
