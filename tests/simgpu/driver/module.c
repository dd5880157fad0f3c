/* Driver API: modules, libraries, kernels, occupancy. A kernel and a function are one object here. */
#include <stdio.h>

#include "tests/simgpu/driver/driver.h"

static bool valid_module(struct sim_module *m)
{
	return m && m->magic == SIM_MODULE;
}

static bool valid_func(struct sim_func *f)
{
	return f && f->magic == SIM_FUNC;
}

static void told(uint32_t cbid, struct sim_module *m, const void *image)
{
	struct {
		uint32_t id;
		size_t size;
		const void *image;
	} data = {m->id, image ? 64 : 0, image};

	sim_resource(cbid, m->ctx ? m->ctx : sim_ctx_current(), NULL, &data);
}

static CUresult load(struct sim_module **out, const void *image, bool library)
{
	struct sim_ctx *ctx = sim_ctx_current();

	if (!out || !image)
		return SIM_INVALID_VALUE;
	if (!library && !sim_ctx_valid(ctx))
		return SIM_INVALID_CONTEXT;
	*out = sim_module_new(library ? NULL : ctx, library);
	if (!*out)
		return SIM_OUT_OF_MEMORY;
	told(6, *out, image);
	return SIM_OK;
}

static CUresult load_file(struct sim_module **out, const char *path, bool library)
{
	FILE *f = path ? fopen(path, "rb") : NULL;

	if (!f)
		return path ? SIM_FILE_NOT_FOUND : SIM_INVALID_VALUE;
	fclose(f);
	return load(out, path, library);
}

static CUresult unload(struct sim_module *m)
{
	if (!valid_module(m))
		return SIM_INVALID_HANDLE;
	told(7, m, NULL);
	sim_module_free(m);
	return SIM_OK;
}

static CUresult function(struct sim_func **out, struct sim_module *m, const char *name)
{
	if (!out || !name || !*name)
		return SIM_INVALID_VALUE;
	if (!valid_module(m))
		return SIM_INVALID_HANDLE;
	*out = sim_module_func(m, name);
	return *out ? SIM_OK : SIM_OUT_OF_MEMORY;
}

/* The image, which knows what variables there are, is not read. Those of a program's own code are
 * libcudart's. */
static CUresult no_global(struct sim_module *m)
{
	if (!valid_module(m))
		return SIM_INVALID_HANDLE;
	sim_unsupported("a module's global variable");
	return SIM_NOT_FOUND;
}

IMPL(cuModuleLoad)
{
	return load_file(p->module, p->fname, false);
}

IMPL(cuModuleLoadData)
{
	return load(p->module, p->image, false);
}

IMPL(cuModuleLoadDataEx)
{
	return load(p->module, p->image, false);
}

IMPL(cuModuleLoadFatBinary)
{
	return load(p->module, p->fatCubin, false);
}

IMPL(cuModuleUnload)
{
	return unload(p->hmod);
}

IMPL(cuModuleGetFunction)
{
	return function(p->hfunc, p->hmod, p->name);
}

IMPL(cuModuleGetGlobal_v2)
{
	return no_global(p->hmod);
}

IMPL(cuLibraryLoadData)
{
	return load(p->library, p->code, true);
}

IMPL(cuLibraryLoadFromFile)
{
	return load_file(p->library, p->fileName, true);
}

IMPL(cuLibraryUnload)
{
	return unload(p->library);
}

IMPL(cuLibraryGetKernel)
{
	return function(p->pKernel, p->library, p->name);
}

IMPL(cuLibraryGetModule)
{
	if (!valid_module(p->library))
		return SIM_INVALID_HANDLE;
	*p->pMod = p->library;
	return SIM_OK;
}

IMPL(cuLibraryGetGlobal)
{
	return no_global(p->library);
}

IMPL(cuKernelGetFunction)
{
	if (!valid_func(p->kernel))
		return SIM_INVALID_HANDLE;
	*p->pFunc = p->kernel;
	return SIM_OK;
}

/* CUfunction_attribute */
static CUresult get_attribute(int *out, int attribute, struct sim_func *f)
{
	if (!out || attribute < 0 || attribute > 15)
		return SIM_INVALID_VALUE;
	if (!valid_func(f))
		return SIM_INVALID_HANDLE;
	switch (attribute) {
	case 0:
		*out = 1024;
		break;
	case 1:
		*out = f->static_shared;
		break;
	case 4:
		*out = f->regs;
		break;
	case 5:
	case 6:
		*out = 90;
		break;
	case 8:
		*out = f->max_dynamic_shared;
		break;
	case 9:
		*out = f->carveout;
		break;
	default:
		*out = 0;
	}
	return SIM_OK;
}

static CUresult set_attribute(struct sim_func *f, int attribute, int value)
{
	if (!valid_func(f))
		return SIM_INVALID_HANDLE;
	if (attribute == 8) {
		if (value < 0 || value > 232448 - f->static_shared)
			return SIM_INVALID_VALUE;
		f->max_dynamic_shared = value;
	} else if (attribute == 9) {
		f->carveout = value;
	} else if (attribute < 10 || attribute > 15) {
		return SIM_INVALID_VALUE;
	}
	return SIM_OK;
}

IMPL(cuKernelGetAttribute)
{
	return get_attribute(p->pi, p->attrib, p->kernel);
}

IMPL(cuKernelSetAttribute)
{
	return set_attribute(p->kernel, p->attrib, p->val);
}

IMPL(cuKernelSetCacheConfig)
{
	return valid_func(p->kernel) ? SIM_OK : SIM_INVALID_HANDLE;
}

static CUresult name(const char **out, struct sim_func *f)
{
	if (!out)
		return SIM_INVALID_VALUE;
	if (!valid_func(f))
		return SIM_INVALID_HANDLE;
	*out = f->name;
	return SIM_OK;
}

IMPL(cuKernelGetName)
{
	return name(p->name, p->hfunc);
}

IMPL(cuFuncGetName)
{
	return name(p->name, p->hfunc);
}

IMPL(cuFuncGetModule)
{
	if (!valid_func(p->hfunc))
		return SIM_INVALID_HANDLE;
	*p->hmod = p->hfunc->module;
	return SIM_OK;
}

IMPL(cuFuncGetAttribute)
{
	return get_attribute(p->pi, p->attrib, p->hfunc);
}

IMPL(cuFuncSetAttribute)
{
	return set_attribute(p->hfunc, p->attrib, p->value);
}

IMPL(cuFuncSetCacheConfig)
{
	return valid_func(p->hfunc) ? SIM_OK : SIM_INVALID_HANDLE;
}

IMPL(cuFuncLoad)
{
	return valid_func(p->function) ? SIM_OK : SIM_INVALID_HANDLE;
}

IMPL(cuFuncIsLoaded)
{
	if (!valid_func(p->function))
		return SIM_INVALID_HANDLE;
	*p->state = 1;
	return SIM_OK;
}

/* Threads, registers, shared memory and the block limit of an SM of compute capability 9.0. */
static int blocks_per_sm(const struct sim_func *f, int block, size_t dynamic)
{
	int warps = (block + 31) / 32, limit = 32, by;
	size_t shared = (size_t)f->static_shared + dynamic + 1024;

	if (block <= 0)
		return 0;
	by = 64 / warps;
	limit = by < limit ? by : limit;
	by = 65536 / (f->regs * warps * 32);
	limit = by < limit ? by : limit;
	by = (int)(233472 / shared);
	return by < limit ? by : limit;
}

static CUresult occupancy(int *out, struct sim_func *f, int block, size_t dynamic)
{
	if (!out || block <= 0)
		return SIM_INVALID_VALUE;
	if (!valid_func(f))
		return SIM_INVALID_HANDLE;
	*out = blocks_per_sm(f, block, dynamic);
	return SIM_OK;
}

IMPL(cuOccupancyMaxActiveBlocksPerMultiprocessor)
{
	return occupancy(p->numBlocks, p->func, p->blockSize, p->dynamicSMemSize);
}

IMPL(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)
{
	return occupancy(p->numBlocks, p->func, p->blockSize, p->dynamicSMemSize);
}

static CUresult best_block(int *grid, int *block, struct sim_func *f, size_t (*shared)(int), size_t dynamic,
			   int limit)
{
	int best = 0;

	if (!grid || !block)
		return SIM_INVALID_VALUE;
	if (!valid_func(f))
		return SIM_INVALID_HANDLE;
	if (limit <= 0 || limit > 1024)
		limit = 1024;
	for (int b = limit / 32 * 32; b >= 32; b -= 32) {
		int n = blocks_per_sm(f, b, shared ? shared(b) : dynamic);

		if (n * b > best) {
			best = n * b;
			*block = b;
			*grid = n * 132;
		}
	}
	return SIM_OK;
}

IMPL(cuOccupancyMaxPotentialBlockSize)
{
	return best_block(p->minGridSize, p->blockSize, p->func,
			  (size_t(*)(int))p->blockSizeToDynamicSMemSize, p->dynamicSMemSize,
			  p->blockSizeLimit);
}

IMPL(cuOccupancyMaxPotentialBlockSizeWithFlags)
{
	return best_block(p->minGridSize, p->blockSize, p->func,
			  (size_t(*)(int))p->blockSizeToDynamicSMemSize, p->dynamicSMemSize,
			  p->blockSizeLimit);
}

IMPL(cuOccupancyAvailableDynamicSMemPerBlock)
{
	if (!valid_func(p->func) || !p->dynamicSmemSize || p->numBlocks <= 0)
		return SIM_INVALID_VALUE;
	*p->dynamicSmemSize = (size_t)(233472 / p->numBlocks - 1024 - p->func->static_shared);
	return SIM_OK;
}

IMPL(cuOccupancyMaxPotentialClusterSize)
{
	if (!valid_func(p->func) || !p->clusterSize)
		return SIM_INVALID_VALUE;
	*p->clusterSize = 8;
	return SIM_OK;
}

IMPL(cuOccupancyMaxActiveClusters)
{
	if (!valid_func(p->func) || !p->numClusters)
		return SIM_INVALID_VALUE;
	*p->numClusters = 132 / 8;
	return SIM_OK;
}
