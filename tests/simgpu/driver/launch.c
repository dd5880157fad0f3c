/* Driver API: launching kernels and host functions. */
#include "tests/simgpu/driver/driver.h"

/* Fills in a kernel's work; SIM_INVALID_VALUE for a shape that an H100 refuses. */
CUresult sim_kernel_work(struct sim_work *w, struct sim_func *f, const unsigned grid[3],
			 const unsigned block[3], unsigned shared, void **params, void **extra)
{
	*w = (struct sim_work){.kind = SIM_KERNEL, .ctx = sim_ctx_current()};
	if (!f || f->magic != SIM_FUNC)
		return SIM_INVALID_HANDLE;
	if (!sim_ctx_valid(w->ctx))
		return SIM_INVALID_CONTEXT;
	for (int i = 0; i < 3; i++) {
		if (!grid[i] || !block[i])
			return SIM_INVALID_VALUE;
		w->u.kernel.grid[i] = grid[i];
		w->u.kernel.block[i] = block[i];
	}
	if ((uint64_t)block[0] * block[1] * block[2] > 1024 || block[2] > 64 || grid[0] > 0x7fffffff ||
	    grid[1] > 65535 || grid[2] > 65535 || shared > (unsigned)f->max_dynamic_shared)
		return SIM_INVALID_VALUE;
	w->u.kernel.func = f;
	w->u.kernel.shared = shared;
	w->u.kernel.params = params;
	w->u.kernel.extra = extra;
	return SIM_OK;
}

static CUresult launch(struct sim_call *call, CUstream handle, struct sim_work *w, CUresult err)
{
	struct sim_stream *stream = sim_stream_of(handle, call->ptsz);

	if (err)
		return err;
	if (!stream)
		return SIM_INVALID_HANDLE;
	return sim_submit(stream, w);
}

IMPL(cuLaunchKernel)
{
	unsigned grid[3] = {p->gridDimX, p->gridDimY, p->gridDimZ},
		 block[3] = {p->blockDimX, p->blockDimY, p->blockDimZ};
	struct sim_work w;

	return launch(call, p->hStream, &w,
		      sim_kernel_work(&w, p->f, grid, block, p->sharedMemBytes, p->kernelParams, p->extra));
}

IMPL(cuLaunchKernelEx)
{
	const CUlaunchConfig *c = p->config;
	struct sim_work w;
	CUresult err;

	if (!c)
		return SIM_INVALID_VALUE;
	unsigned grid[3] = {c->gridDimX, c->gridDimY, c->gridDimZ},
		 block[3] = {c->blockDimX, c->blockDimY, c->blockDimZ};
	err = sim_kernel_work(&w, p->f, grid, block, c->sharedMemBytes, p->kernelParams, p->extra);
	if (err)
		return err;
	for (unsigned i = 0; i < c->numAttrs; i++)
		if (c->attrs[i].id == SIM_LAUNCH_ATTR_COOPERATIVE) {
			w.u.kernel.cooperative = c->attrs[i].value.cooperative != 0;
		} else if (c->attrs[i].id == SIM_LAUNCH_ATTR_CLUSTER_DIMENSION) {
			w.u.kernel.cluster[0] = c->attrs[i].value.clusterDim.x;
			w.u.kernel.cluster[1] = c->attrs[i].value.clusterDim.y;
			w.u.kernel.cluster[2] = c->attrs[i].value.clusterDim.z;
		}
	return launch(call, c->hStream, &w, SIM_OK);
}

IMPL(cuLaunchCooperativeKernel)
{
	unsigned grid[3] = {p->gridDimX, p->gridDimY, p->gridDimZ},
		 block[3] = {p->blockDimX, p->blockDimY, p->blockDimZ};
	struct sim_work w;
	CUresult err = sim_kernel_work(&w, p->f, grid, block, p->sharedMemBytes, p->kernelParams, NULL);

	if (!err && (uint64_t)grid[0] * grid[1] * grid[2] > 132 * 32)
		err = SIM_COOPERATIVE_LAUNCH_TOO_LARGE;
	w.u.kernel.cooperative = true;
	return launch(call, p->hStream, &w, err);
}

static CUresult host(struct sim_call *call, CUstream handle, CUhostFn fn, CUstreamCallback callback,
		     void *data)
{
	struct sim_stream *stream = sim_stream_of(handle, call->ptsz);
	struct sim_work w = {.kind = SIM_HOST};

	if (!fn && !callback)
		return SIM_INVALID_VALUE;
	if (!stream)
		return SIM_INVALID_HANDLE;
	w.ctx = stream->ctx;
	w.u.host.fn = fn;
	w.u.host.callback = callback;
	w.u.host.stream = handle;
	w.u.host.data = data;
	return sim_submit(stream, &w);
}

IMPL(cuLaunchHostFunc)
{
	return host(call, p->hStream, p->fn, NULL, p->userData);
}

IMPL(cuStreamAddCallback)
{
	struct sim_stream *stream = sim_stream_of(p->hStream, call->ptsz);

	if (stream && stream->capture)
		return sim_capture_blocks(stream);
	return host(call, p->hStream, NULL, p->callback, p->userData);
}
