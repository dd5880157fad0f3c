/* API calls: what every entry point of libcuda and libcudart does on its way in and out. A driver call made
   by the runtime on behalf of an outer call is a call of its own that shares the outer one's correlation id,
   so that a kernel's record joins whichever of the two a profiler looks at. */
#include <stdatomic.h>

#include "tests/simgpu/sim.h"

static __thread struct sim_call *current;
static _Atomic(const struct sim_hooks *) hooks;
static _Atomic uint32_t correlation;

struct sim_call *sim_call_current(void)
{
	return current;
}

const struct sim_hooks *sim_hooks(void)
{
	return atomic_load_explicit(&hooks, memory_order_acquire);
}

void sim_hooks_set(const struct sim_hooks *h)
{
	atomic_store_explicit(&hooks, h, memory_order_release);
}

void sim_enter(struct sim_call *call)
{
	const struct sim_hooks *h = sim_hooks();

	call->outer = current;
	current = call;
	call->corr = call->outer ? call->outer->corr
				 : atomic_fetch_add_explicit(&correlation, 1, memory_order_relaxed) + 1;
	call->ops_tail = &call->ops;
	call->start = sim_now();
	if (h)
		h->enter(call);
}

uint32_t sim_exit(struct sim_call *call, uint32_t ret)
{
	const struct sim_hooks *h = sim_hooks();

	if (call->ops)
		sim_emit(call);
	if (!call->outer)
		sim_spend(1500);
	call->ret = ret;
	call->end = sim_now();
	sim_truth_call(call);
	if (h)
		h->exit(call);
	current = call->outer;
	return ret;
}

void sim_resource(uint32_t cbid, struct sim_ctx *ctx, void *handle, void *descriptor)
{
	const struct sim_hooks *h = sim_hooks();

	if (h)
		h->resource(cbid, ctx, handle, descriptor);
}
