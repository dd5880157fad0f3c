/* Contexts: primary and created ones, and each thread's stack of them. */
#include <stdlib.h>

#include "tests/simgpu/sim.h"

#define MAX_STACK 64

static struct sim_ctx *contexts;
static uint32_t next_id = 1;
static __thread struct sim_ctx *stack[MAX_STACK];
static __thread int depth;

bool sim_ctx_valid(const struct sim_ctx *ctx)
{
	return ctx && ctx->magic == SIM_CTX;
}

struct sim_ctx *sim_ctx_current(void)
{
	return depth ? stack[depth - 1] : NULL;
}

CUresult sim_ctx_push(struct sim_ctx *ctx)
{
	if (depth == MAX_STACK)
		return SIM_INVALID_VALUE;
	stack[depth++] = ctx;
	return SIM_OK;
}

CUresult sim_ctx_pop(struct sim_ctx **out)
{
	if (!depth)
		return SIM_INVALID_CONTEXT;
	depth--;
	if (out)
		*out = stack[depth];
	return SIM_OK;
}

CUresult sim_ctx_set(struct sim_ctx *ctx)
{
	if (!ctx) {
		if (depth)
			depth--;
		return SIM_OK;
	}
	if (!depth)
		depth = 1;
	stack[depth - 1] = ctx;
	return SIM_OK;
}

CUresult sim_ctx_create(struct sim_device *dev, unsigned flags, bool primary, struct sim_ctx **out)
{
	struct sim_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return SIM_OUT_OF_MEMORY;
	ctx->magic = SIM_CTX;
	ctx->dev = dev;
	ctx->flags = flags;
	ctx->primary = primary;
	sim_lock();
	ctx->id = next_id++;
	ctx->null = sim_stream_new(ctx, 0, 0, true);
	if (!ctx->null) {
		sim_unlock();
		free(ctx);
		return SIM_OUT_OF_MEMORY;
	}
	ctx->next = contexts;
	contexts = ctx;
	sim_unlock();
	sim_resource(1, ctx, NULL, NULL);
	sim_resource(3, ctx, ctx->null, NULL);
	*out = ctx;
	return SIM_OK;
}

/* The structure stays: handles to it may be in any thread's stack, in events and in graphs. */
void sim_ctx_destroy(struct sim_ctx *ctx)
{
	struct sim_stream *s;

	sim_ctx_sync(ctx);
	while ((s = ctx->streams))
		sim_stream_destroy(s);
	sim_resource(4, ctx, ctx->null, NULL);
	sim_resource(2, ctx, NULL, NULL);
	sim_lock();
	for (struct sim_ctx **p = &contexts; *p; p = &(*p)->next)
		if (*p == ctx) {
			*p = ctx->next;
			break;
		}
	ctx->magic = SIM_DEAD;
	sim_unlock();
	if (sim_ctx_current() == ctx)
		sim_ctx_pop(NULL);
}

void sim_ctx_each(void (*fn)(struct sim_ctx *ctx))
{
	struct sim_ctx *list[256];
	size_t n = 0;

	sim_lock();
	for (struct sim_ctx *c = contexts; c && n < 256; c = c->next)
		list[n++] = c;
	sim_unlock();
	while (n)
		fn(list[--n]); /* oldest first */
}
