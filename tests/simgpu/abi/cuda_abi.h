/* The part of CUDA's binary interface that the simulated GPU speaks: handles, structures and constants,
   written down afresh so that the simulator builds without a toolkit and for several CUDA versions at once.
   tests/simgpu/abi_check.c compares every size and offset here with NVIDIA's headers where those are
   installed. */
#ifndef SIMGPU_CUDA_ABI_H
#define SIMGPU_CUDA_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef unsigned long long cuuint64_t;
typedef struct sim_ctx *CUcontext;
typedef struct sim_stream *CUstream;
typedef struct sim_event *CUevent;
typedef struct sim_module *CUmodule;
typedef struct sim_func *CUfunction;
typedef struct sim_module *CUlibrary;
typedef struct sim_func *CUkernel;
typedef struct sim_graph *CUgraph;
typedef struct sim_node *CUgraphNode;
typedef struct sim_exec *CUgraphExec;
typedef struct sim_pool *CUmemoryPool;
typedef void (*CUhostFn)(void *data);
typedef void (*CUstreamCallback)(CUstream stream, CUresult status, void *data);

typedef struct CUuuid_st {
	unsigned char bytes[16];
} CUuuid;

typedef struct sim_dim3 {
	unsigned x, y, z;
} sim_dim3;

enum {
	SIM_STREAM_LEGACY = 1,	   /* cudaStreamLegacy, CU_STREAM_LEGACY */
	SIM_STREAM_PER_THREAD = 2, /* cudaStreamPerThread, CU_STREAM_PER_THREAD */

	SIM_STREAM_NON_BLOCKING = 1,
	SIM_EVENT_BLOCKING_SYNC = 1,
	SIM_EVENT_DISABLE_TIMING = 2,
	SIM_EVENT_INTERPROCESS = 4,
};

/* Error codes; the runtime's have the same numbers but for those with a runtime name of their own. */
enum {
	SIM_OK = 0,
	SIM_INVALID_VALUE = 1,
	SIM_OUT_OF_MEMORY = 2,
	SIM_NOT_INITIALIZED = 3,
	SIM_RT_INVALID_CONFIGURATION = 9,
	SIM_RT_INVALID_SYMBOL = 13,
	SIM_RT_INVALID_MEMCPY_DIRECTION = 21,
	SIM_RT_INSUFFICIENT_DRIVER = 35,
	SIM_RT_INVALID_DEVICE_FUNCTION = 98,
	SIM_NO_DEVICE = 100,
	SIM_INVALID_DEVICE = 101,
	SIM_INVALID_IMAGE = 200,
	SIM_INVALID_CONTEXT = 201,
	SIM_PEER_ACCESS_UNSUPPORTED = 217,
	SIM_FILE_NOT_FOUND = 301,
	SIM_INVALID_HANDLE = 400,
	SIM_ILLEGAL_STATE = 401,
	SIM_NOT_FOUND = 500,
	SIM_NOT_READY = 600,
	SIM_PEER_ACCESS_ALREADY_ENABLED = 704,
	SIM_PEER_ACCESS_NOT_ENABLED = 705,
	SIM_PRIMARY_CONTEXT_ACTIVE = 708,
	SIM_CONTEXT_IS_DESTROYED = 709,
	SIM_HOST_MEMORY_ALREADY_REGISTERED = 712,
	SIM_HOST_MEMORY_NOT_REGISTERED = 713,
	SIM_COOPERATIVE_LAUNCH_TOO_LARGE = 720,
	SIM_NOT_SUPPORTED = 801,
	SIM_CAPTURE_UNSUPPORTED = 900,
	SIM_CAPTURE_INVALIDATED = 901,
	SIM_CAPTURE_MERGE = 902,
	SIM_CAPTURE_UNMATCHED = 903,
	SIM_CAPTURE_UNJOINED = 904,
	SIM_CAPTURE_ISOLATION = 905,
	SIM_CAPTURE_IMPLICIT = 906,
	SIM_CAPTURED_EVENT = 907,
	SIM_CAPTURE_WRONG_THREAD = 908,
	SIM_GRAPH_EXEC_UPDATE_FAILURE = 910,
	SIM_UNKNOWN = 999,
};

/* CUmemorytype, as in copy descriptors and cudaPointerAttributes (the runtime adds 3, managed) */
enum {
	SIM_MEMTYPE_UNREGISTERED = 0,
	SIM_MEMTYPE_HOST = 1,
	SIM_MEMTYPE_DEVICE = 2,
	SIM_MEMTYPE_ARRAY = 3,
	SIM_MEMTYPE_UNIFIED = 4
};

typedef struct CUDA_MEMCPY2D_st {
	size_t srcXInBytes, srcY;
	unsigned srcMemoryType;
	const void *srcHost;
	CUdeviceptr srcDevice;
	void *srcArray;
	size_t srcPitch;
	size_t dstXInBytes, dstY;
	unsigned dstMemoryType;
	void *dstHost;
	CUdeviceptr dstDevice;
	void *dstArray;
	size_t dstPitch;
	size_t WidthInBytes, Height;
} CUDA_MEMCPY2D;

typedef struct CUDA_MEMCPY3D_st {
	size_t srcXInBytes, srcY, srcZ, srcLOD;
	unsigned srcMemoryType;
	const void *srcHost;
	CUdeviceptr srcDevice;
	void *srcArray;
	void *srcContext; /* CUDA_MEMCPY3D_PEER; reserved in CUDA_MEMCPY3D */
	size_t srcPitch, srcHeight;
	size_t dstXInBytes, dstY, dstZ, dstLOD;
	unsigned dstMemoryType;
	void *dstHost;
	CUdeviceptr dstDevice;
	void *dstArray;
	void *dstContext;
	size_t dstPitch, dstHeight;
	size_t WidthInBytes, Height, Depth;
} CUDA_MEMCPY3D;

typedef struct CUDA_KERNEL_NODE_PARAMS_st {
	CUfunction func;
	unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ;
	unsigned sharedMemBytes;
	void **kernelParams;
	void **extra;
	/* absent in the first version of the structure */
	CUkernel kern;
	CUcontext ctx;
} CUDA_KERNEL_NODE_PARAMS;

typedef struct CUDA_MEMSET_NODE_PARAMS_st {
	CUdeviceptr dst;
	size_t pitch;
	unsigned value, elementSize;
	size_t width, height;
} CUDA_MEMSET_NODE_PARAMS;

typedef struct CUDA_HOST_NODE_PARAMS_st {
	CUhostFn fn;
	void *userData;
} CUDA_HOST_NODE_PARAMS;

typedef struct CUlaunchAttribute_st {
	int id;
	int pad;
	union {
		char pad[64];
		int cooperative;
		int priority;
		struct {
			unsigned x, y, z;
		} clusterDim;
	} value;
} CUlaunchAttribute;
enum { SIM_LAUNCH_ATTR_COOPERATIVE = 2, SIM_LAUNCH_ATTR_CLUSTER_DIMENSION = 4 };

typedef struct CUlaunchConfig_st {
	unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ;
	unsigned sharedMemBytes;
	CUstream hStream;
	CUlaunchAttribute *attrs;
	unsigned numAttrs;
} CUlaunchConfig;

typedef struct CUmemLocation_st {
	int type; /* 1: device */
	int id;
} CUmemLocation;

typedef struct CUmemPoolProps_st {
	int allocType, handleTypes;
	CUmemLocation location;
	void *win32SecurityAttributes;
	size_t maxSize;
	unsigned short usage;
	unsigned char reserved[54];
} CUmemPoolProps;

typedef struct CUmemAccessDesc_st {
	CUmemLocation location;
	int flags;
} CUmemAccessDesc;

typedef struct CUDA_MEM_ALLOC_NODE_PARAMS_st {
	CUmemPoolProps poolProps;
	const CUmemAccessDesc *accessDescs;
	size_t accessDescCount;
	size_t bytesize;
	CUdeviceptr dptr;
} CUDA_MEM_ALLOC_NODE_PARAMS;

typedef struct CUgraphEdgeData_st {
	unsigned char from_port, to_port, type, reserved[5];
} CUgraphEdgeData;

typedef struct CUgraphExecUpdateResultInfo_st {
	int result;
	CUgraphNode errorNode, errorFromNode;
} CUgraphExecUpdateResultInfo;

typedef struct CUDA_GRAPH_INSTANTIATE_PARAMS_st {
	cuuint64_t flags;
	CUstream hUploadStream;
	CUgraphNode hErrNode_out;
	int result_out;
} CUDA_GRAPH_INSTANTIATE_PARAMS;

typedef struct CUdevprop_st {
	int maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], sharedMemPerBlock, totalConstantMemory,
		SIMDWidth, memPitch, regsPerBlock, clockRate, textureAlign;
} CUdevprop;

#endif
