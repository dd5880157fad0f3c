/*
 * Step 1: facts about the driver, one libcupti, and whether profiling counters are permitted, a line each.
 *
 * facts driver             the driver library and its devices
 * facts cupti [LIBCUPTI]   a library's version, symbols, attribute defaults
 * facts counters           whether this user may read profiling counters (makes a context)
 *
 * Exit status: 0; 1 the thing asked about is not there; 2 usage.
 */
#define _GNU_SOURCE
#include "cupti_api.h"

#include <cupti_profiler_target.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct driver {
	__typeof__(&cuInit) init;
	__typeof__(&cuDriverGetVersion) get_version;
	__typeof__(&cuDeviceGetCount) count;
	__typeof__(&cuDeviceGet) get;
	__typeof__(&cuDeviceGetName) name;
	__typeof__(&cuDeviceGetAttribute) attribute;
	__typeof__(&cuDeviceTotalMem) memory;
	__typeof__(&cuDevicePrimaryCtxRetain) retain;
	__typeof__(&cuCtxSetCurrent) set_current;
	__typeof__(&cuGetErrorName) error_name;
};

#define NAME_OF(symbol)                                                                                      \
	NAME_OF_EXPANDED(symbol) /* cuda.h renames some functions to their current version                   \
				  */
#define NAME_OF_EXPANDED(symbol) #symbol

static int open_driver(struct driver *driver)
{
	void *library = dlopen("libcuda.so.1", RTLD_NOW);

	if (!library) {
		printf("driver library: none\nloader: %s\n", dlerror());
		return -1;
	}
	driver->init = (__typeof__(driver->init))dlsym(library, "cuInit");
	driver->get_version = (__typeof__(driver->get_version))dlsym(library, "cuDriverGetVersion");
	driver->count = (__typeof__(driver->count))dlsym(library, "cuDeviceGetCount");
	driver->get = (__typeof__(driver->get))dlsym(library, "cuDeviceGet");
	driver->name = (__typeof__(driver->name))dlsym(library, "cuDeviceGetName");
	driver->attribute = (__typeof__(driver->attribute))dlsym(library, "cuDeviceGetAttribute");
	driver->memory = (__typeof__(driver->memory))dlsym(library, NAME_OF(cuDeviceTotalMem));
	driver->retain = (__typeof__(driver->retain))dlsym(library, "cuDevicePrimaryCtxRetain");
	driver->set_current = (__typeof__(driver->set_current))dlsym(library, "cuCtxSetCurrent");
	driver->error_name = (__typeof__(driver->error_name))dlsym(library, "cuGetErrorName");
	if (!driver->init) {
		printf("driver library: libcuda.so.1 has no cuInit\n");
		return -1;
	}
	return 0;
}

static const char *error_name(const struct driver *driver, CUresult result)
{
	const char *name = NULL;

	if (driver->error_name)
		driver->error_name(result, &name);
	return name ? name : "(no text)";
}

static int driver_facts(void)
{
	static const struct {
		CUdevice_attribute id;
		const char *name;
	} attributes[] = {
		{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, "compute capability major"},
		{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, "compute capability minor"},
		{CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, "multiprocessors"},
		{CU_DEVICE_ATTRIBUTE_CLOCK_RATE, "clock kHz"},
		{CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT, "copy engines"},
		{CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, "memory pools"},
		{CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, "cooperative launch"},
	};
	struct driver driver;
	CUresult result;
	int version = 0, count = 0;

	if (open_driver(&driver) < 0)
		return 1;
	result = driver.init(0);
	printf("cuInit: %d %s\n", (int)result, error_name(&driver, result));
	if (driver.get_version && driver.get_version(&version) == CUDA_SUCCESS)
		printf("CUDA version of the driver: %d\n", version);
	if (result != CUDA_SUCCESS || !driver.count || !driver.get || driver.count(&count) != CUDA_SUCCESS)
		return 1;
	printf("devices: %d\n", count);
	for (int i = 0; i < count; i++) {
		char name[256] = "";
		size_t bytes = 0;
		CUdevice device;
		int value;

		if (driver.get(&device, i) != CUDA_SUCCESS)
			continue;
		if (driver.name && driver.name(name, sizeof(name), device) == CUDA_SUCCESS)
			printf("device %d: %s\n", i, name);
		if (driver.memory && driver.memory(&bytes, device) == CUDA_SUCCESS)
			printf("device %d memory: %zu MiB\n", i, bytes >> 20);
		for (size_t a = 0; driver.attribute && a < sizeof(attributes) / sizeof(*attributes); a++)
			if (driver.attribute(&value, attributes[a].id, device) == CUDA_SUCCESS)
				printf("device %d %s: %d\n", i, attributes[a].name, value);
	}
	return count == 0;
}

/* Symbols that a recorder uses or might; which of them a library has decides what can be asked of it. */
static const char *const optional_symbols[] = {
	"cuptiSubscribe_v2",
	"cuptiFinalize",
	"cuptiGetErrorMessage",
	"cuptiGetContextId",
	"cuptiActivityEnableAndDump",
	"cuptiActivityEnableAllSyncRecords",
	"cuptiActivityEnableAllocationSource",
	"cuptiActivityEnableCudaEventDeviceTimestamps",
	"cuptiActivityEnableDeviceGraph",
	"cuptiActivityEnableDriverApi",
	"cuptiActivityEnableRuntimeApi",
	"cuptiActivityEnableHWTrace",
	"cuptiActivityEnableLaunchAttributes",
	"cuptiActivityEnableRawTimestamps",
	"cuptiActivityEnableBufferSummary",
	"cuptiActivityRegisterTimestampCallback",
	"cuptiActivityPushExternalCorrelationId",
	"cuptiComputeCapabilitySupported",
	"cuptiDeviceSupported",
	"cuptiProfilerGetCounterAvailability",
	"cuptiPmSamplingEnable",
	"cuptiRangeProfilerEnable",
	"cuptiProfilerHostInitialize",
	"cuptiPCSamplingEnable",
	"cuptiSassMetricsEnable",
};

static void has_symbol(const struct cupti_api *api, const char *name)
{
	printf("symbol %s: %s\n", name, dlsym(api->library, name) ? "yes" : "no");
}

static int cupti_facts(const char *path)
{
	const char *error = NULL;
	struct cupti_api api;

	if (cupti_open(&api, path, &error) < 0) {
		printf("libcupti: none (%s)\n", error ? error : "no reason given");
		return 1;
	}
	printf("libcupti: %s\nversion: %u\nversion of the headers: %u\n", api.path, api.version,
	       (unsigned)CUPTI_API_VERSION);
#define SHOW_SYMBOL(name) has_symbol(&api, #name);
	CUPTI_API_FUNCTIONS(SHOW_SYMBOL)
#undef SHOW_SYMBOL
	for (size_t i = 0; i < sizeof(optional_symbols) / sizeof(*optional_symbols); i++)
		has_symbol(&api, optional_symbols[i]);
	for (int id = 0; api.cuptiActivityGetAttribute && id < 16; id++) {
		static const size_t sizes[] = {sizeof(size_t), sizeof(uint8_t)};
		CUptiResult result = CUPTI_SUCCESS;
		uint64_t value = 0;

		/* Booleans take one byte and refuse the size of the others. */
		for (size_t i = 0; i < 2; i++) {
			size_t size = sizes[i];

			value = 0;
			result = api.cuptiActivityGetAttribute((CUpti_ActivityAttribute)id, &size, &value);
			if (result == CUPTI_SUCCESS)
				break;
		}
		if (result == CUPTI_SUCCESS)
			printf("attribute %d: %llu\n", id, (unsigned long long)value);
		else
			printf("attribute %d: %d %s\n", id, (int)result, cupti_result(&api, result));
	}
	return 0;
}

static int counter_facts(void)
{
	CUpti_Profiler_Initialize_Params start = {CUpti_Profiler_Initialize_Params_STRUCT_SIZE, NULL};
	CUpti_Profiler_GetCounterAvailability_Params ask = {
		.structSize = CUpti_Profiler_GetCounterAvailability_Params_STRUCT_SIZE,
	};
	__typeof__(&cuptiProfilerInitialize) initialize;
	__typeof__(&cuptiProfilerGetCounterAvailability) available;
	struct driver driver;
	struct cupti_api api;
	CUcontext context;
	CUptiResult result;
	CUdevice device;

	if (open_driver(&driver) < 0)
		return 1;
	if (cupti_open(&api, NULL, NULL) < 0 || !driver.get || !driver.retain || !driver.set_current ||
	    driver.init(0) != CUDA_SUCCESS || driver.get(&device, 0) != CUDA_SUCCESS ||
	    driver.retain(&context, device) != CUDA_SUCCESS || driver.set_current(context) != CUDA_SUCCESS) {
		printf("profiling counters: not asked (no libcupti, or no context)\n");
		return 1;
	}
	initialize = (__typeof__(initialize))dlsym(api.library, "cuptiProfilerInitialize");
	available = (__typeof__(available))dlsym(api.library, "cuptiProfilerGetCounterAvailability");
	if (!initialize || !available) {
		printf("profiling counters: not asked (the library cannot be asked)\n");
		return 1;
	}
	result = initialize(&start);
	if (result == CUPTI_SUCCESS)
		result = available(&ask);
	printf("profiling counters: %s (%d %s)\n", result == CUPTI_SUCCESS ? "permitted" : "not permitted",
	       (int)result, cupti_result(&api, result));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "driver"))
		return driver_facts();
	if ((argc == 2 || argc == 3) && !strcmp(argv[1], "cupti"))
		return cupti_facts(argc == 3 ? argv[2] : NULL);
	if (argc == 2 && !strcmp(argv[1], "counters"))
		return counter_facts();
	fprintf(stderr, "usage: facts driver | cupti [LIBCUPTI] | counters\n");
	return 2;
}
