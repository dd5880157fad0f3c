/* Stream-ordered memory pools: a freed block stays with its pool, and goes to the next request of its size,
   until the pool is trimmed. The release threshold is kept, and gives nothing back by itself. */
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/sim.h"

struct sim_block {
	CUdeviceptr ptr;
	size_t size;
	struct sim_block *next;
};

void sim_mem_set_pool(CUdeviceptr ptr, struct sim_pool *pool);
struct sim_pool *sim_mem_pool(CUdeviceptr ptr, size_t *size);
void sim_mem_drop(CUdeviceptr ptr);

void sim_pool_init(struct sim_pool *pool, int device)
{
	memset(pool, 0, sizeof(*pool));
	pool->magic = SIM_POOL;
	pool->device = device;
}

static void account(struct sim_pool *pool)
{
	if (pool->used > pool->used_high)
		pool->used_high = pool->used;
	if (pool->reserved > pool->reserved_high)
		pool->reserved_high = pool->reserved;
}

CUresult sim_pool_alloc(struct sim_pool *pool, struct sim_ctx *ctx, size_t size, CUdeviceptr *out)
{
	size_t rounded = (size + 511) & ~(size_t)511;
	CUresult err;

	if (sim_config.fault.no_memory)
		return SIM_OUT_OF_MEMORY;
	sim_lock();
	for (struct sim_block **p = &pool->free; *p; p = &(*p)->next) {
		struct sim_block *b = *p;

		if (b->size != rounded)
			continue;
		*p = b->next;
		*out = b->ptr;
		free(b);
		pool->used += rounded;
		account(pool);
		sim_mem_set_pool(*out, pool);
		sim_unlock();
		return SIM_OK;
	}
	sim_unlock();
	err = sim_mem_alloc(ctx, size, SIM_MEM_DEVICE, 0, out);
	if (err)
		return err;
	sim_lock();
	sim_mem_set_pool(*out, pool);
	pool->used += rounded;
	pool->reserved += rounded;
	account(pool);
	sim_unlock();
	return SIM_OK;
}

/* Also called for memory that is not from a pool: CUDA lets cuMemFreeAsync free that too. */
void sim_pool_free(CUdeviceptr ptr)
{
	size_t size;
	struct sim_pool *pool = sim_mem_pool(ptr, &size);
	struct sim_block *b;

	if (!pool) {
		sim_mem_drop(ptr);
		return;
	}
	b = malloc(sizeof(*b));
	if (!b)
		abort();
	b->ptr = ptr;
	b->size = size;
	b->next = pool->free;
	pool->free = b;
	pool->used -= size;
}

void sim_pool_trim(struct sim_pool *pool, size_t keep)
{
	while (pool->free && pool->reserved > keep) {
		struct sim_block *b = pool->free;

		pool->free = b->next;
		pool->reserved -= b->size;
		sim_mem_drop(b->ptr);
		free(b);
	}
}
