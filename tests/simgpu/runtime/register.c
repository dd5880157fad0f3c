/* What nvcc's start-up code registers: fat binaries, kernels by host address, device variables. All of it
   happens before main and touches no driver; modules are loaded when a kernel or variable is first used. */
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/runtime/runtime.h"

struct rt_fatbin {
	void *image;
	CUlibrary library;
};

struct rt_entry {
	const void *key; /* host function or variable; NULL: empty */
	struct rt_fatbin *fatbin;
	char *name;
	CUfunction func;
	CUdeviceptr ptr; /* of a variable */
	size_t size;
	bool managed;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct rt_entry *table;
static size_t capacity, count;

static struct rt_entry *slot(const void *key)
{
	size_t i = ((uintptr_t)key >> 3) * 0x9e3779b97f4a7c15u >> 20;

	for (i %= capacity; table[i].key && table[i].key != key; i = (i + 1) % capacity)
		;
	return &table[i];
}

static struct rt_entry *insert(const void *key)
{
	struct rt_entry *e;

	if (2 * (count + 1) > capacity) {
		struct rt_entry *old = table;
		size_t n = capacity;

		capacity = n ? 2 * n : 64;
		table = calloc(capacity, sizeof(*table));
		if (!table)
			abort();
		for (size_t i = 0; i < n; i++)
			if (old[i].key)
				*slot(old[i].key) = old[i];
		free(old);
	}
	e = slot(key);
	if (!e->key)
		count++;
	free(e->name);
	memset(e, 0, sizeof(*e));
	e->key = key;
	return e;
}

static struct rt_entry *find(const void *key)
{
	struct rt_entry *e = capacity ? slot(key) : NULL;

	return e && e->key ? e : NULL;
}

SIM_EXPORT void **__cudaRegisterFatBinary(void *image);
SIM_EXPORT void **__cudaRegisterFatBinary(void *image)
{
	struct rt_fatbin *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	f->image = image;
	return (void **)f;
}

SIM_EXPORT void __cudaRegisterFatBinaryEnd(void **handle);
SIM_EXPORT void __cudaRegisterFatBinaryEnd(void **handle)
{
	(void)handle;
}

/* At exit, or when a library with kernels is unloaded. Entries stay: the name may be in a record not yet
 * read. */
SIM_EXPORT void __cudaUnregisterFatBinary(void **handle);
SIM_EXPORT void __cudaUnregisterFatBinary(void **handle)
{
	(void)handle;
}

SIM_EXPORT void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name,
				       int limit, void *tid, void *bid, void *bdim, void *gdim, int *wsize);
SIM_EXPORT void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name,
				       int limit, void *tid, void *bid, void *bdim, void *gdim, int *wsize)
{
	struct rt_entry *e;

	(void)device, (void)limit, (void)tid, (void)bid, (void)bdim, (void)gdim, (void)wsize;
	pthread_mutex_lock(&mutex);
	e = insert(host);
	e->fatbin = (struct rt_fatbin *)handle;
	e->name = strdup(name);
	pthread_mutex_unlock(&mutex);
}

static void variable(void **handle, const void *host, const char *name, size_t size, bool managed)
{
	struct rt_entry *e;

	pthread_mutex_lock(&mutex);
	e = insert(host);
	e->fatbin = (struct rt_fatbin *)handle;
	e->name = strdup(name);
	e->size = size;
	e->managed = managed;
	pthread_mutex_unlock(&mutex);
}

SIM_EXPORT void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int ext,
				  size_t size, int constant, int global);
SIM_EXPORT void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int ext,
				  size_t size, int constant, int global)
{
	(void)device, (void)ext, (void)constant, (void)global;
	variable(handle, host, name, size, false);
}

/* The host reads a managed variable through a pointer that the runtime sets: give it memory at once. */
SIM_EXPORT void __cudaRegisterManagedVar(void **handle, void **host, char *device, const char *name, int ext,
					 size_t size, int constant, int global);
SIM_EXPORT void __cudaRegisterManagedVar(void **handle, void **host, char *device, const char *name, int ext,
					 size_t size, int constant, int global)
{
	(void)device, (void)ext, (void)constant, (void)global;
	if (!*host)
		*host = calloc(1, size);
	variable(handle, host, name, size, true);
}

SIM_EXPORT void __cudaRegisterHostVar(void **handle, const char *name, char *host, size_t size);
SIM_EXPORT void __cudaRegisterHostVar(void **handle, const char *name, char *host, size_t size)
{
	variable(handle, host, name, size, false);
}

SIM_EXPORT char __cudaInitModule(void **handle);
SIM_EXPORT char __cudaInitModule(void **handle)
{
	(void)handle;
	return 1;
}

struct config {
	sim_dim3 grid, block;
	size_t shared;
	void *stream;
};
static __thread struct config configs[16];
static __thread unsigned depth;

SIM_EXPORT unsigned __cudaPushCallConfiguration(sim_dim3 grid, sim_dim3 block, size_t shared, void *stream);
SIM_EXPORT unsigned __cudaPushCallConfiguration(sim_dim3 grid, sim_dim3 block, size_t shared, void *stream)
{
	if (depth == 16)
		return 1;
	configs[depth++] = (struct config){grid, block, shared, stream};
	return 0;
}

SIM_EXPORT cudaError_t __cudaPopCallConfiguration(sim_dim3 *grid, sim_dim3 *block, size_t *shared,
						  void *stream);
SIM_EXPORT cudaError_t __cudaPopCallConfiguration(sim_dim3 *grid, sim_dim3 *block, size_t *shared,
						  void *stream)
{
	struct config *c;

	if (!depth)
		return 52; /* cudaErrorMissingConfiguration */
	c = &configs[--depth];
	*grid = c->grid;
	*block = c->block;
	*shared = c->shared;
	*(void **)stream = c->stream;
	return SIM_OK;
}

static cudaError_t load(struct rt_fatbin *f)
{
	return f->library ? SIM_OK
			  : drv.cuLibraryLoadData(&f->library, f->image, NULL, NULL, 0, NULL, NULL, 0);
}

/* A host function's address; cudaLibraryGetKernel's handles are accepted in its place, as CUDA does. */
cudaError_t rt_function(const void *func, CUfunction *out)
{
	cudaError_t err = SIM_OK;
	struct rt_fatbin *fatbin;
	struct rt_entry *e;
	CUkernel kernel;
	char *name;

	pthread_mutex_lock(&mutex);
	e = find(func);
	*out = e ? e->func : NULL;
	fatbin = e ? e->fatbin : NULL;
	name = e ? e->name : NULL;
	pthread_mutex_unlock(&mutex);
	if (*out)
		return SIM_OK;
	if (!fatbin || !name) {
		if (!func || ((CUfunction)func)->magic != SIM_FUNC)
			return SIM_RT_INVALID_DEVICE_FUNCTION;
		*out = (CUfunction)func;
		return SIM_OK;
	}
	err = load(fatbin);
	if (!err)
		err = drv.cuLibraryGetKernel(&kernel, fatbin->library, name);
	if (!err)
		err = drv.cuKernelGetFunction(out, kernel);
	if (err)
		return err;
	pthread_mutex_lock(&mutex);
	find(func)->func = *out;
	pthread_mutex_unlock(&mutex);
	return SIM_OK;
}

#if SIM_CUDART >= 13
IMPL(__cudaGetKernel)
{
	NEED_CONTEXT();
	return rt_function(p->func, p->kernel);
}
#endif

cudaError_t rt_symbol(const void *symbol, CUdeviceptr *ptr, size_t *size)
{
	struct rt_entry *e;
	cudaError_t err;

	pthread_mutex_lock(&mutex);
	e = find(symbol);
	*size = e ? e->size : 0;
	*ptr = e && e->managed ? ptr_of(*(void **)symbol) : e ? e->ptr : 0;
	pthread_mutex_unlock(&mutex);
	if (!*size)
		return SIM_RT_INVALID_SYMBOL;
	if (*ptr)
		return SIM_OK;
	err = drv.cuMemAlloc_v2(ptr, *size);
	if (err)
		return err;
	memset((void *)(uintptr_t)*ptr, 0, *size);
	pthread_mutex_lock(&mutex);
	find(symbol)->ptr = *ptr;
	pthread_mutex_unlock(&mutex);
	return SIM_OK;
}

void rt_forget_symbols(void)
{
	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < capacity; i++)
		table[i].ptr = 0;
	pthread_mutex_unlock(&mutex);
}
