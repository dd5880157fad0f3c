/* CUPTI's records and callback data in the layout of CUDA 13.0. Older layouts are prefixes of these
   (cupti/strides.c has the sizes). tests/simgpu/abi_check.c compares sizes and offsets with NVIDIA's headers
   where installed. */
#ifndef SIMGPU_CUPTI_ABI_H
#define SIMGPU_CUPTI_ABI_H

#include "tests/simgpu/abi/cuda_abi.h"

typedef int CUptiResult;
enum {
	CUPTI_OK = 0,
	CUPTI_INVALID_PARAMETER = 1,
	CUPTI_INVALID_DEVICE = 2,
	CUPTI_INVALID_CONTEXT = 3,
	CUPTI_INVALID_OPERATION = 7,
	CUPTI_OUT_OF_MEMORY = 8,
	CUPTI_SIZE_NOT_SUFFICIENT = 10,
	CUPTI_NOT_IMPLEMENTED = 11,
	CUPTI_MAX_LIMIT_REACHED = 12,
	CUPTI_NOT_COMPATIBLE = 14,
	CUPTI_NOT_INITIALIZED = 15,
	CUPTI_QUEUE_EMPTY = 18,
	CUPTI_INVALID_STREAM = 20,
	CUPTI_INVALID_KIND = 21,
	CUPTI_NOT_SUPPORTED = 27,
	CUPTI_MULTIPLE_SUBSCRIBERS = 39,
	CUPTI_UNKNOWN = 999,
};

enum {
	KIND_MEMCPY = 1,
	KIND_MEMSET = 2,
	KIND_KERNEL = 3,
	KIND_DRIVER = 4,
	KIND_RUNTIME = 5,
	KIND_DEVICE = 8,
	KIND_CONTEXT = 9,
	KIND_CONCURRENT_KERNEL = 10,
	KIND_OVERHEAD = 17,
	KIND_MEMCPY2 = 22,
	KIND_STREAM = 37,
	KIND_SYNCHRONIZATION = 38,
	KIND_EXTERNAL_CORRELATION = 39,
	KIND_MAX = 64,
};

#define PACKED __attribute__((packed, aligned(8)))

struct rec_kernel {
	uint32_t kind;
	uint8_t cacheConfig, sharedMemoryConfig;
	uint16_t registersPerThread;
	uint32_t partitionedGlobalCacheRequested, partitionedGlobalCacheExecuted;
	uint64_t start, end, completed;
	uint32_t deviceId, contextId, streamId;
	int32_t grid[3], block[3];
	int32_t staticSharedMemory, dynamicSharedMemory;
	uint32_t localMemoryPerThread, localMemoryTotal, correlationId;
	int64_t gridId;
	const char *name;
	void *reserved0;
	uint64_t queued, submitted;
	uint8_t launchType, isSharedMemoryCarveoutRequested, sharedMemoryCarveoutRequested, padding;
	uint32_t sharedMemoryExecuted;
	uint64_t graphNodeId;
	uint32_t shmemLimitConfig, graphId;
	void *pAccessPolicyWindow;
	uint32_t channelID, channelType;
	uint32_t cluster[3], clusterSchedulingPolicy;
	uint64_t localMemoryTotal_v2;
	uint32_t maxPotentialClusterSize, maxActiveClusters;
	uint8_t isDeviceLaunched, padding3[7];
} PACKED;

struct rec_memcpy {
	uint32_t kind;
	uint8_t copyKind, srcKind, dstKind, flags;
	uint64_t bytes, start, end;
	uint32_t deviceId, contextId, streamId, correlationId, runtimeCorrelationId, pad;
	void *reserved0;
	uint64_t graphNodeId;
	uint32_t graphId, channelID, channelType;
	uint8_t isDeviceLaunched, pad2[3];
	uint64_t copyCount;
} PACKED;

struct rec_memcpy2 {
	uint32_t kind;
	uint8_t copyKind, srcKind, dstKind, flags;
	uint64_t bytes, start, end;
	uint32_t deviceId, contextId, streamId, srcDeviceId, srcContextId, dstDeviceId, dstContextId,
		correlationId;
	void *reserved0;
	uint64_t graphNodeId;
	uint32_t graphId, channelID, channelType, pad;
} PACKED;

struct rec_memset {
	uint32_t kind, value;
	uint64_t bytes, start, end;
	uint32_t deviceId, contextId, streamId, correlationId;
	uint16_t flags, memoryKind;
	uint32_t pad;
	void *reserved0;
	uint64_t graphNodeId;
	uint32_t graphId, channelID, channelType;
	uint8_t isDeviceLaunched, pad2[3];
} PACKED;

struct rec_api {
	uint32_t kind, cbid;
	uint64_t start, end;
	uint32_t processId, threadId, correlationId, returnValue;
} PACKED;

struct rec_device {
	uint32_t kind, flags;
	uint64_t globalMemoryBandwidth, globalMemorySize;
	uint32_t constantMemorySize, l2CacheSize, numThreadsPerWarp, coreClockRate, numMemcpyEngines,
		numMultiprocessors, maxIPC, maxWarpsPerMultiprocessor, maxBlocksPerMultiprocessor,
		maxSharedMemoryPerMultiprocessor, maxRegistersPerMultiprocessor, maxRegistersPerBlock,
		maxSharedMemoryPerBlock, maxThreadsPerBlock, maxBlockDim[3], maxGridDim[3],
		computeCapabilityMajor, computeCapabilityMinor, id, eccEnabled;
	CUuuid uuid;
	const char *name;
	uint8_t isCudaVisible, isMigEnabled, reserved[6];
	uint32_t gpuInstanceId, computeInstanceId;
	CUuuid migUuid;
	uint32_t isNumaNode, numaId;
} PACKED;

struct rec_context {
	uint32_t kind, contextId, deviceId;
	uint16_t computeApiKind, nullStreamId;
	uint32_t parentContextId;
	uint8_t isGreenContext, padding;
	uint16_t numMultiprocessors;
	uint32_t cigMode, padding2;
} PACKED;

struct rec_stream {
	uint32_t kind, contextId, streamId, priority, flag, correlationId;
} PACKED;

struct rec_overhead {
	uint32_t kind, overheadKind, objectKind, processId, threadId, objectPad;
	uint64_t start, end;
	uint32_t correlationId, reserved0;
	void *overheadData;
} PACKED;

struct rec_sync {
	uint32_t kind, type;
	uint64_t start, end;
	uint32_t correlationId, contextId, streamId, cudaEventId;
	uint64_t cudaEventSyncId;
	uint32_t returnValue, pad;
} PACKED;

struct rec_external {
	uint32_t kind, externalKind;
	uint64_t externalId;
	uint32_t correlationId, reserved;
} PACKED;

/* ---- callbacks ---- */

typedef struct CUpti_CallbackData {
	int callbackSite; /* 0 enter, 1 exit */
	const char *functionName;
	const void *functionParams;
	void *functionReturnValue;
	const char *symbolName;
	CUcontext context;
	uint32_t contextUid;
	uint64_t *correlationData;
	uint32_t correlationId;
} CUpti_CallbackData;

typedef struct CUpti_ResourceData {
	CUcontext context;
	void *stream;
	void *resourceDescriptor;
} CUpti_ResourceData;

typedef struct CUpti_SynchronizeData {
	CUcontext context;
	CUstream stream;
} CUpti_SynchronizeData;

typedef struct CUpti_SubscriberParams {
	size_t structSize;
	const char *subscriberName;
	char *oldSubscriberName;
	size_t oldSubscriberSize;
} CUpti_SubscriberParams;

typedef void (*CUpti_CallbackFunc)(void *userdata, int domain, uint32_t cbid, const void *data);
typedef void (*CUpti_RequestFunc)(uint8_t **buffer, size_t *size, size_t *max_records);
typedef void (*CUpti_CompleteFunc)(CUcontext ctx, uint32_t stream, uint8_t *buffer, size_t size,
				   size_t valid);

#endif
