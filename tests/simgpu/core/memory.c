/* Memory: what was allocated or registered, where it is, and of which kind. "Device" memory is anonymous
   memory of this process, committed when touched. One sorted table of ranges tells whose an address is. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/simgpu/sim.h"

#define BIG ((size_t)1 << 20) /* from here on an allocation is mapped by itself */

static struct sim_mem *table;
static size_t count, capacity;

/* Index of the first range that starts above addr. */
static size_t above(uintptr_t addr)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (table[mid].addr > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static struct sim_mem *find(uintptr_t addr)
{
	size_t i = above(addr);

	if (!i || addr - table[i - 1].addr >= table[i - 1].size)
		return NULL;
	return &table[i - 1];
}

static bool insert(const struct sim_mem *mem)
{
	size_t i = above(mem->addr);

	if (count == capacity) {
		size_t n = capacity ? capacity * 2 : 64;
		struct sim_mem *t = realloc(table, n * sizeof(*t));

		if (!t)
			return false;
		table = t;
		capacity = n;
	}
	memmove(table + i + 1, table + i, (count - i) * sizeof(*table));
	table[i] = *mem;
	count++;
	return true;
}

static void release(struct sim_mem *mem)
{
	if (mem->foreign)
		return;
	if (mem->kind != SIM_MEM_PINNED)
		sim_devices[mem->device].used -= mem->size;
	if (mem->mapped)
		munmap((void *)mem->addr, mem->size);
	else
		free((void *)mem->addr);
}

static void erase(struct sim_mem *mem)
{
	size_t i = (size_t)(mem - table);

	memmove(table + i, table + i + 1, (count - i - 1) * sizeof(*table));
	count--;
}

CUresult sim_mem_alloc(struct sim_ctx *ctx, size_t size, int kind, unsigned flags, CUdeviceptr *out)
{
	struct sim_mem mem = {.kind = kind, .device = ctx->dev->id, .ctx = ctx, .flags = flags};
	void *p;

	if (sim_config.fault.no_memory)
		return SIM_OUT_OF_MEMORY;
	mem.size = (size + 511) & ~(size_t)511;
	if (mem.size < size)
		return SIM_OUT_OF_MEMORY;
	sim_lock();
	if (kind != SIM_MEM_PINNED && mem.size > sim_config.memory - ctx->dev->used) {
		sim_unlock();
		return SIM_OUT_OF_MEMORY;
	}
	if (mem.size >= BIG) {
		p = mmap(NULL, mem.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);
		if (p == MAP_FAILED)
			p = NULL;
		mem.mapped = true;
	} else {
		p = aligned_alloc(512, mem.size);
	}
	mem.addr = (uintptr_t)p;
	if (!p || !insert(&mem)) {
		if (p && mem.mapped)
			munmap(p, mem.size);
		else
			free(p);
		sim_unlock();
		return SIM_OUT_OF_MEMORY;
	}
	if (kind != SIM_MEM_PINNED)
		ctx->dev->used += mem.size;
	sim_unlock();
	*out = (CUdeviceptr)(uintptr_t)p;
	return SIM_OK;
}

CUresult sim_mem_free(CUdeviceptr ptr, int kind_mask)
{
	struct sim_mem *mem;
	CUresult ret = SIM_INVALID_VALUE;

	sim_lock();
	mem = find((uintptr_t)ptr);
	if (mem && mem->addr == (uintptr_t)ptr && (kind_mask & 1 << mem->kind) && !mem->foreign) {
		if (mem->pool) {
			sim_pool_free(ptr);
		} else {
			release(mem);
			erase(mem);
		}
		ret = SIM_OK;
	}
	sim_unlock();
	return ret;
}

CUresult sim_mem_register(struct sim_ctx *ctx, void *ptr, size_t size, int kind, unsigned flags)
{
	struct sim_mem mem = {
		.addr = (uintptr_t)ptr, .size = size, .kind = kind, .flags = flags, .foreign = true};
	CUresult ret = SIM_OK;

	if (!ptr || !size)
		return SIM_INVALID_VALUE;
	mem.ctx = ctx;
	mem.device = ctx ? ctx->dev->id : 0;
	sim_lock();
	if (find(mem.addr))
		ret = SIM_HOST_MEMORY_ALREADY_REGISTERED;
	else if (!insert(&mem))
		ret = SIM_OUT_OF_MEMORY;
	sim_unlock();
	return ret;
}

CUresult sim_mem_unregister(void *ptr)
{
	struct sim_mem *mem;
	CUresult ret = SIM_HOST_MEMORY_NOT_REGISTERED;

	sim_lock();
	mem = find((uintptr_t)ptr);
	if (mem && mem->addr == (uintptr_t)ptr && mem->foreign) {
		erase(mem);
		ret = SIM_OK;
	}
	sim_unlock();
	return ret;
}

bool sim_mem_find(const void *ptr, struct sim_mem *out)
{
	struct sim_mem *mem;

	sim_lock();
	mem = find((uintptr_t)ptr);
	if (mem)
		*out = *mem;
	sim_unlock();
	return mem != NULL;
}

/* CUPTI's memory kinds: 1 pageable, 2 pinned, 3 device, 5 managed */
uint8_t sim_mem_cupti_kind(const void *ptr)
{
	struct sim_mem mem;

	if (!sim_mem_find(ptr, &mem))
		return 1;
	switch (mem.kind) {
	case SIM_MEM_DEVICE:
		return 3;
	case SIM_MEM_MANAGED:
		return 5;
	default:
		return 2;
	}
}

void sim_mem_forget_device(int device)
{
	sim_lock();
	for (size_t i = count; i-- > 0;)
		if (table[i].device == device && !table[i].foreign) {
			release(&table[i]);
			erase(&table[i]);
		}
	sim_unlock();
}

/* ---- the part of pools that needs the table; lock held ---- */

void sim_mem_set_pool(CUdeviceptr ptr, struct sim_pool *pool)
{
	struct sim_mem *mem = find((uintptr_t)ptr);

	if (mem)
		mem->pool = pool;
}

struct sim_pool *sim_mem_pool(CUdeviceptr ptr, size_t *size)
{
	struct sim_mem *mem = find((uintptr_t)ptr);

	if (!mem || mem->addr != (uintptr_t)ptr)
		return NULL;
	*size = mem->size;
	return mem->pool;
}

void sim_mem_drop(CUdeviceptr ptr)
{
	struct sim_mem *mem = find((uintptr_t)ptr);

	if (mem) {
		release(mem);
		erase(mem);
	}
}
