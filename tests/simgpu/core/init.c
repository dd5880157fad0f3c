/* cuInit: devices, the injection library, and what fork leaves behind. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/sim.h"

pthread_mutex_t sim_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t sim_cond = PTHREAD_COND_INITIALIZER;
struct sim_device *sim_devices;
int sim_n_devices;

static pthread_mutex_t init_mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static _Atomic bool initialized;
static bool forked; /* this is the child of a process that had initialised CUDA */
static bool injected, injecting;

/* CUDA_INJECTION64_PATH, as the driver does it: on the calling thread, inside cuInit and before it decides
   whether it fails; a wrong path is ignored without a word; 0 means "not now": unloaded, and tried again by
   the next cuInit. */
void sim_inject(void)
{
	const char *path = getenv("CUDA_INJECTION64_PATH");
	int (*initialize)(void);
	void *handle;

	if (forked || !path || !*path)
		return;
	pthread_mutex_lock(&init_mutex);
	if (injected || injecting)
		goto out;
	injecting = true;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle) {
		initialize = (int (*)(void))dlsym(handle, "InitializeInjection");
		if (initialize && initialize() == 1)
			injected = true;
		else
			dlclose(handle);
	}
	injecting = false;
out:
	pthread_mutex_unlock(&init_mutex);
}

static void after_fork_in_child(void)
{
	const struct sim_hooks *h = sim_hooks();

	pthread_mutex_init(&sim_mutex, NULL);
	pthread_cond_init(&sim_cond, NULL);
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&init_mutex, &attr);
	if (atomic_load(&initialized))
		forked = true;
	if (h)
		h->forked();
}

static void create_devices(void)
{
	sim_devices = calloc((size_t)sim_config.devices, sizeof(*sim_devices));
	if (!sim_devices)
		return;
	for (int i = 0; i < sim_config.devices; i++) {
		struct sim_device *d = &sim_devices[i];
		uint64_t h[2] = {sim_hash(sim_config.seed, 77),
				 sim_hash(sim_config.seed, (uint64_t)i + 1000)};

		d->id = i;
		memcpy(d->uuid.bytes, h, sizeof(h));
		sim_pool_init(&d->default_pool, i);
		d->default_pool.is_default = true;
		d->pool = &d->default_pool;
	}
	sim_n_devices = sim_config.devices;
}

CUresult sim_init(void)
{
	CUresult ret = SIM_OK;
	bool finished = false;

	if (forked)
		return SIM_NOT_INITIALIZED;
	pthread_mutex_lock(&init_mutex);
	if (sim_config.fault.no_device) {
		ret = SIM_NO_DEVICE;
	} else if (!sim_devices) {
		pthread_atfork(NULL, NULL, after_fork_in_child);
		create_devices();
		if (!sim_devices)
			ret = SIM_OUT_OF_MEMORY;
		else
			atomic_store(&initialized, finished = true);
	}
	pthread_mutex_unlock(&init_mutex);
	if (finished)
		sim_resource(5, NULL, NULL, NULL);
	return ret;
}

bool sim_initialized(void)
{
	return atomic_load(&initialized) && !forked;
}

CUresult sim_check(void)
{
	return sim_initialized() ? SIM_OK : SIM_NOT_INITIALIZED;
}

static int device_count(void)
{
	return sim_n_devices;
}

static const CUuuid *device_uuid(int device)
{
	return &sim_devices[device].uuid;
}

void sim_hooks_set(const struct sim_hooks *hooks);
uint64_t sim_node_id(struct sim_node *node);
uint32_t sim_graph_id(struct sim_graph *graph);
uint32_t sim_exec_id(struct sim_exec *exec);

/* What libcudart and libcupti find by name in libcuda.so.1. */
SIM_EXPORT const struct sim_core simgpu_core = {
	.abi = SIM_CORE_ABI,
	.config = &sim_config,
	.enter = sim_enter,
	.exit = sim_exit,
	.register_hooks = sim_hooks_set,
	.now = sim_now,
	.current_ctx = sim_ctx_current,
	.current_call = sim_call_current,
	.device_count = device_count,
	.device_uuid = device_uuid,
	.each_ctx = sim_ctx_each,
	.stream_of = sim_stream_in,
	.node_id = sim_node_id,
	.graph_id = sim_graph_id,
	.exec_id = sim_exec_id,
	.truth_record = sim_truth_record,
	.unsupported = sim_unsupported,
	.misuse = sim_misuse,
	.initialized = sim_initialized,
};

__attribute__((constructor)) static void load(void)
{
	sim_config_load();
}

__attribute__((destructor)) static void unload(void)
{
	sim_truth_close();
}
