/* The runtime API's own structures, for the CUDA major version SIM_CUDART (12 or 13). See cuda_abi.h. */
#ifndef SIMGPU_CUDART_ABI_H
#define SIMGPU_CUDART_ABI_H

#include "tests/simgpu/abi/cuda_abi.h"

typedef int cudaError_t;

/* cudaMemcpyKind */
enum { RT_H2H = 0, RT_H2D = 1, RT_D2H = 2, RT_D2D = 3, RT_DEFAULT = 4 };

typedef struct cudaPitchedPtr {
	void *ptr;
	size_t pitch, xsize, ysize;
} cudaPitchedPtr;

typedef struct cudaExtent {
	size_t width, height, depth;
} cudaExtent;

typedef struct cudaPos {
	size_t x, y, z;
} cudaPos;

typedef struct cudaMemcpy3DParms {
	void *srcArray;
	cudaPos srcPos;
	cudaPitchedPtr srcPtr;
	void *dstArray;
	cudaPos dstPos;
	cudaPitchedPtr dstPtr;
	cudaExtent extent;
	int kind;
} cudaMemcpy3DParms;

typedef struct cudaMemcpy3DPeerParms {
	void *srcArray;
	cudaPos srcPos;
	cudaPitchedPtr srcPtr;
	int srcDevice;
	void *dstArray;
	cudaPos dstPos;
	cudaPitchedPtr dstPtr;
	int dstDevice;
	cudaExtent extent;
} cudaMemcpy3DPeerParms;

typedef struct cudaMemcpyNodeParams {
	int flags, reserved[3];
	cudaMemcpy3DParms copyParams;
} cudaMemcpyNodeParams;

typedef struct cudaMemsetParams {
	void *dst;
	size_t pitch;
	unsigned value, elementSize;
	size_t width, height;
} cudaMemsetParams;

typedef struct cudaKernelNodeParams {
	void *func;
	sim_dim3 gridDim, blockDim;
	unsigned sharedMemBytes;
	void **kernelParams, **extra;
} cudaKernelNodeParams;

/* The member of the union that a node type uses; those not simulated are left out. */
typedef struct cudaGraphNodeParams {
	int type, reserved0[3];
	union {
		long long reserved1[29];
		cudaKernelNodeParams kernel;
		cudaMemcpyNodeParams memcpy;
		cudaMemsetParams memset;
		CUDA_HOST_NODE_PARAMS host;
		struct {
			CUgraph graph;
			int ownership;
		} graph;
		struct {
			CUevent event;
		} event;
		CUDA_MEM_ALLOC_NODE_PARAMS alloc;
		struct {
			void *dptr;
		} free;
	} u;
	long long reserved2;
} cudaGraphNodeParams;

typedef struct cudaLaunchConfig_st {
	sim_dim3 gridDim, blockDim;
	size_t dynamicSmemBytes;
	CUstream stream;
	CUlaunchAttribute *attrs;
	unsigned numAttrs;
} cudaLaunchConfig_t;

typedef struct cudaPointerAttributes {
	int type, device;
	void *devicePointer, *hostPointer;
#if SIM_CUDART >= 13
	long reserved[8];
#endif
} cudaPointerAttributes;

typedef struct cudaFuncAttributes {
	size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
	int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, cacheModeCA, maxDynamicSharedSizeBytes,
		preferredShmemCarveout, clusterDimMustBeSet, requiredClusterWidth, requiredClusterHeight,
		requiredClusterDepth, clusterSchedulingPolicyPreference, nonPortableClusterSizeAllowed,
		reserved[16];
} cudaFuncAttributes;

typedef struct cudaDeviceProp {
	char name[256];
	CUuuid uuid;
	char luid[8];
	unsigned luidDeviceNodeMask;
	size_t totalGlobalMem, sharedMemPerBlock;
	int regsPerBlock, warpSize;
	size_t memPitch;
	int maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3];
#if SIM_CUDART < 13
	int clockRate;
#endif
	size_t totalConstMem;
	int major, minor;
	size_t textureAlignment, texturePitchAlignment;
#if SIM_CUDART < 13
	int deviceOverlap;
#endif
	int multiProcessorCount;
#if SIM_CUDART < 13
	int kernelExecTimeoutEnabled;
#endif
	int integrated, canMapHostMemory;
#if SIM_CUDART < 13
	int computeMode;
#endif
	int maxTexture1D, maxTexture1DMipmap;
#if SIM_CUDART < 13
	int maxTexture1DLinear;
#endif
	int maxTexture2D[2], maxTexture2DMipmap[2], maxTexture2DLinear[3], maxTexture2DGather[2],
		maxTexture3D[3], maxTexture3DAlt[3], maxTextureCubemap, maxTexture1DLayered[2],
		maxTexture2DLayered[3], maxTextureCubemapLayered[2], maxSurface1D, maxSurface2D[2],
		maxSurface3D[3], maxSurface1DLayered[2], maxSurface2DLayered[3], maxSurfaceCubemap,
		maxSurfaceCubemapLayered[2];
	size_t surfaceAlignment;
	int concurrentKernels, ECCEnabled, pciBusID, pciDeviceID, pciDomainID, tccDriver, asyncEngineCount,
		unifiedAddressing;
#if SIM_CUDART < 13
	int memoryClockRate;
#endif
	int memoryBusWidth, l2CacheSize, persistingL2CacheMaxSize, maxThreadsPerMultiProcessor,
		streamPrioritiesSupported, globalL1CacheSupported, localL1CacheSupported;
	size_t sharedMemPerMultiprocessor;
	int regsPerMultiprocessor, managedMemory, isMultiGpuBoard, multiGpuBoardGroupID,
		hostNativeAtomicSupported;
#if SIM_CUDART < 13
	int singleToDoublePrecisionPerfRatio;
#endif
	int pageableMemoryAccess, concurrentManagedAccess, computePreemptionSupported,
		canUseHostPointerForRegisteredMem, cooperativeLaunch;
#if SIM_CUDART < 13
	int cooperativeMultiDeviceLaunch;
#endif
	size_t sharedMemPerBlockOptin;
	int pageableMemoryAccessUsesHostPageTables, directManagedMemAccessFromHost,
		maxBlocksPerMultiProcessor, accessPolicyMaxWindowSize;
	size_t reservedSharedMemPerBlock;
	int hostRegisterSupported, sparseCudaArraySupported, hostRegisterReadOnlySupported,
		timelineSemaphoreInteropSupported, memoryPoolsSupported, gpuDirectRDMASupported;
	unsigned gpuDirectRDMAFlushWritesOptions;
	int gpuDirectRDMAWritesOrdering;
	unsigned memoryPoolSupportedHandleTypes;
	int deferredMappingCudaArraySupported, ipcEventSupported, clusterLaunch, unifiedFunctionPointers;
#if SIM_CUDART >= 13
	int deviceNumaConfig, deviceNumaId, mpsEnabled, hostNumaId;
	unsigned gpuPciDeviceID, gpuPciSubsystemID;
	int hostNumaMultinodeIpcSupported, reserved[56];
#else
	int reserved2[2], reserved1[1], reserved[60];
#endif
} cudaDeviceProp;

#endif
