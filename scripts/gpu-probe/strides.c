/*
 * Step 3: the size of every activity record in a libcupti, by its own stepping function, beside sizeof of the
 * structure in the headers this was compiled with. Needs no GPU.
 *
 * strides [LIBCUPTI]
 *
 * Exit status: 0 every known structure agrees; 1 nothing could be asked; 2 usage; 3 some differ.
 */
#include "cupti_api.h"

#include <stdio.h>
#include <string.h>

struct layout {
	uint32_t kind;
	const char *name;
	uint32_t size;
};

/* The newest structure of each kind in the headers of CUDA 13.0; other headers name other structures. */
#if CUPTI_API_VERSION / 100 == 1300
#define HEADERS_KNOWN 1
#define LAYOUT(kind, name)                                                                                   \
	{                                                                                                    \
		CUPTI_ACTIVITY_KIND_##kind, #name, sizeof(CUpti_Activity##name)                              \
	}
static const struct layout layouts[] = {
	LAYOUT(MEMCPY, Memcpy6),
	LAYOUT(MEMSET, Memset4),
	LAYOUT(KERNEL, Kernel10),
	LAYOUT(DRIVER, API),
	LAYOUT(RUNTIME, API),
	LAYOUT(EVENT, Event),
	LAYOUT(METRIC, Metric),
	LAYOUT(DEVICE, Device5),
	LAYOUT(CONTEXT, Context3),
	LAYOUT(CONCURRENT_KERNEL, Kernel10),
	LAYOUT(NAME, Name),
	LAYOUT(MARKER, Marker2),
	LAYOUT(MARKER_DATA, MarkerData2),
	LAYOUT(SOURCE_LOCATOR, SourceLocator),
	LAYOUT(GLOBAL_ACCESS, GlobalAccess3),
	LAYOUT(BRANCH, Branch2),
	LAYOUT(OVERHEAD, Overhead3),
	LAYOUT(CDP_KERNEL, CdpKernel),
	LAYOUT(PREEMPTION, Preemption),
	LAYOUT(ENVIRONMENT, Environment),
	LAYOUT(EVENT_INSTANCE, EventInstance),
	LAYOUT(MEMCPY2, MemcpyPtoP4),
	LAYOUT(METRIC_INSTANCE, MetricInstance),
	LAYOUT(INSTRUCTION_EXECUTION, InstructionExecution),
	LAYOUT(UNIFIED_MEMORY_COUNTER, UnifiedMemoryCounter3),
	LAYOUT(FUNCTION, Function),
	LAYOUT(MODULE, Module),
	LAYOUT(DEVICE_ATTRIBUTE, DeviceAttribute),
	LAYOUT(SHARED_ACCESS, SharedAccess),
	LAYOUT(PC_SAMPLING, PCSampling3),
	LAYOUT(PC_SAMPLING_RECORD_INFO, PCSamplingRecordInfo),
	LAYOUT(INSTRUCTION_CORRELATION, InstructionCorrelation),
	LAYOUT(OPENACC_DATA, OpenAccData),
	LAYOUT(OPENACC_LAUNCH, OpenAccLaunch),
	LAYOUT(OPENACC_OTHER, OpenAccOther),
	LAYOUT(CUDA_EVENT, CudaEvent2),
	LAYOUT(STREAM, Stream),
	LAYOUT(SYNCHRONIZATION, Synchronization2),
	LAYOUT(EXTERNAL_CORRELATION, ExternalCorrelation),
	LAYOUT(NVLINK, NvLink4),
	LAYOUT(INSTANTANEOUS_EVENT, InstantaneousEvent),
	LAYOUT(INSTANTANEOUS_EVENT_INSTANCE, InstantaneousEventInstance),
	LAYOUT(INSTANTANEOUS_METRIC, InstantaneousMetric),
	LAYOUT(INSTANTANEOUS_METRIC_INSTANCE, InstantaneousMetricInstance),
	LAYOUT(MEMORY, Memory),
	LAYOUT(PCIE, Pcie),
	LAYOUT(OPENMP, OpenMp),
	LAYOUT(INTERNAL_LAUNCH_API, API),
	LAYOUT(MEMORY2, Memory4),
	LAYOUT(MEMORY_POOL, MemoryPool3),
	LAYOUT(GRAPH_TRACE, GraphTrace2),
	LAYOUT(JIT, Jit2),
	LAYOUT(DEVICE_GRAPH_TRACE, DeviceGraphTrace),
	LAYOUT(MEM_DECOMPRESS, MemDecompress),
	LAYOUT(CONFIDENTIAL_COMPUTE_ROTATION, ConfidentialComputeRotation),
};
#else
#define HEADERS_KNOWN 0
static const struct layout layouts[] = {{0, "", 0}};
#endif

static const struct layout *layout_of(uint32_t kind)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].kind == kind)
			return &layouts[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const char *error = NULL;
	uint32_t stride[CUPTI_KINDS];
	struct cupti_api api;
	int known, differ = 0;

	if (argc > 2) {
		fprintf(stderr, "usage: strides [LIBCUPTI]\n");
		return 2;
	}
	if (cupti_open(&api, argc > 1 ? argv[1] : NULL, &error) < 0) {
		printf("error: no libcupti could be loaded: %s\n", error ? error : "no reason given");
		return 1;
	}
	known = cupti_strides(&api, stride);
	if (known <= 0) {
		printf("error: %s steps over no record\n", api.path);
		return 1;
	}
	printf("library: %s\nversion: %u\nheaders: %u\n", api.path, api.version, (unsigned)CUPTI_API_VERSION);
	printf("# kind structure stride sizeof verdict\n");
	for (uint32_t kind = 1; kind < CUPTI_KINDS; kind++) {
		const struct layout *layout = layout_of(kind);
		const char *verdict = "same";

		if (!stride[kind] && !layout)
			continue;
		if (!stride[kind])
			verdict = "refused";
		else if (!layout)
			verdict = "unknown";
		else if (layout->size != stride[kind])
			verdict = "differs";
		differ += !strcmp(verdict, "differs");
		printf("%u %s %u %u %s\n", kind, layout ? layout->name : "-", stride[kind],
		       layout ? layout->size : 0, verdict);
	}
	printf("verdict: %d kinds, %d differ%s\n", known, differ,
	       HEADERS_KNOWN ? "" : " (no structures compared: the headers are not those of CUDA 13.0)");
	return differ ? 3 : 0;
}
