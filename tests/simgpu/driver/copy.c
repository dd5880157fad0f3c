/* Driver API: copies and memsets. The synchronous ones wait for what they have put on the default stream. */
#include <string.h>

#include "tests/simgpu/driver/driver.h"

enum { HTOD = 1, DTOH = 2, DTOD = 3, ANY = 4 };

/* Puts work on a stream; `wait` for the calls that return when it is done. */
static CUresult submit(struct sim_call *call, CUstream handle, struct sim_work *work, CUresult err, bool wait)
{
	struct sim_stream *stream = sim_stream_of(handle, call->ptsz);

	if (err)
		return err;
	if (!stream)
		return SIM_INVALID_HANDLE;
	if (wait && (err = sim_capture_unsafe()))
		return err;
	err = sim_submit(stream, work);
	/* A copy to pageable memory returns when it is done, whatever it is called. */
	if (work->kind == SIM_COPY && work->u.copy.kind == 2 && work->u.copy.dst_kind == 1 &&
	    !stream->capture)
		wait = true;
	return err || !wait ? err : sim_stream_sync(stream);
}

static CUresult plain(struct sim_call *call, CUstream s, CUdeviceptr dst, CUdeviceptr src, size_t n, int dir,
		      bool wait)
{
	struct sim_work work;

	return submit(call, s, &work, sim_copy_plain(&work, dst, src, n, dir, !wait), wait && dir != DTOD);
}

IMPL(cuMemcpy)
{
	return plain(call, NULL, p->dst, p->src, p->ByteCount, ANY, true);
}

IMPL(cuMemcpyAsync)
{
	return plain(call, p->hStream, p->dst, p->src, p->ByteCount, ANY, false);
}

IMPL(cuMemcpyHtoD_v2)
{
	return plain(call, NULL, p->dstDevice, ptr_of(p->srcHost), p->ByteCount, HTOD, true);
}

IMPL(cuMemcpyDtoH_v2)
{
	return plain(call, NULL, ptr_of(p->dstHost), p->srcDevice, p->ByteCount, DTOH, true);
}

IMPL(cuMemcpyDtoD_v2)
{
	return plain(call, NULL, p->dstDevice, p->srcDevice, p->ByteCount, DTOD, true);
}

IMPL(cuMemcpyHtoDAsync_v2)
{
	return plain(call, p->hStream, p->dstDevice, ptr_of(p->srcHost), p->ByteCount, HTOD, false);
}

IMPL(cuMemcpyDtoHAsync_v2)
{
	return plain(call, p->hStream, ptr_of(p->dstHost), p->srcDevice, p->ByteCount, DTOH, false);
}

IMPL(cuMemcpyDtoDAsync_v2)
{
	return plain(call, p->hStream, p->dstDevice, p->srcDevice, p->ByteCount, DTOD, false);
}

IMPL(cuMemcpyPeer)
{
	return plain(call, NULL, p->dstDevice, p->srcDevice, p->ByteCount, DTOD, true);
}

IMPL(cuMemcpyPeerAsync)
{
	return plain(call, p->hStream, p->dstDevice, p->srcDevice, p->ByteCount, DTOD, false);
}

static CUresult copy2d(struct sim_call *call, CUstream s, const CUDA_MEMCPY2D *d, bool wait)
{
	struct sim_work work;
	CUDA_MEMCPY3D c;

	if (!d)
		return SIM_INVALID_VALUE;
	c = (CUDA_MEMCPY3D){.srcXInBytes = d->srcXInBytes,
			    .srcY = d->srcY,
			    .srcMemoryType = d->srcMemoryType,
			    .srcHost = d->srcHost,
			    .srcDevice = d->srcDevice,
			    .srcPitch = d->srcPitch,
			    .dstXInBytes = d->dstXInBytes,
			    .dstY = d->dstY,
			    .dstMemoryType = d->dstMemoryType,
			    .dstHost = d->dstHost,
			    .dstDevice = d->dstDevice,
			    .dstPitch = d->dstPitch,
			    .WidthInBytes = d->WidthInBytes,
			    .Height = d->Height,
			    .Depth = 1};
	return submit(call, s, &work, sim_copy_3d(&work, &c, !wait), wait);
}

static CUresult copy3d(struct sim_call *call, CUstream s, const CUDA_MEMCPY3D *d, bool wait)
{
	struct sim_work work;

	if (!d)
		return SIM_INVALID_VALUE;
	return submit(call, s, &work, sim_copy_3d(&work, d, !wait), wait);
}

IMPL(cuMemcpy2D_v2)
{
	return copy2d(call, NULL, p->pCopy, true);
}

IMPL(cuMemcpy2DUnaligned_v2)
{
	return copy2d(call, NULL, p->pCopy, true);
}

IMPL(cuMemcpy2DAsync_v2)
{
	return copy2d(call, p->hStream, p->pCopy, false);
}

IMPL(cuMemcpy3D_v2)
{
	return copy3d(call, NULL, p->pCopy, true);
}

IMPL(cuMemcpy3DAsync_v2)
{
	return copy3d(call, p->hStream, p->pCopy, false);
}

IMPL(cuMemcpy3DPeer)
{
	return copy3d(call, NULL, p->pCopy, true);
}

IMPL(cuMemcpy3DPeerAsync)
{
	return copy3d(call, p->hStream, p->pCopy, false);
}

CUresult sim_set_work(struct sim_work *w, CUdeviceptr dst, size_t pitch, unsigned value, unsigned elem,
		      size_t width, size_t height, bool async)
{
	struct sim_mem mem;
	size_t span = height ? (height - 1) * pitch + width * elem : 0;

	memset(w, 0, sizeof(*w));
	w->kind = SIM_SET;
	w->ctx = sim_ctx_current();
	if (!sim_ctx_valid(w->ctx))
		return SIM_INVALID_CONTEXT;
	if ((elem != 1 && elem != 2 && elem != 4) || dst % elem)
		return SIM_INVALID_VALUE;
	if (span &&
	    (!sim_mem_find((void *)(uintptr_t)dst, &mem) || span > mem.size - ((uintptr_t)dst - mem.addr)))
		return SIM_INVALID_VALUE;
	w->u.set.dst = (char *)(uintptr_t)dst;
	w->u.set.pitch = pitch;
	w->u.set.width = width;
	w->u.set.height = height;
	w->u.set.value = value;
	w->u.set.elem = elem;
	w->u.set.async = async;
	w->u.set.mem_kind = sim_mem_cupti_kind(w->u.set.dst);
	return SIM_OK;
}

/* A memset of device memory does not wait, not even the synchronous call. */
static CUresult set(struct sim_call *call, CUstream s, CUdeviceptr dst, size_t pitch, unsigned value,
		    unsigned elem, size_t width, size_t height, bool async)
{
	struct sim_work work;

	return submit(call, s, &work, sim_set_work(&work, dst, pitch, value, elem, width, height, async),
		      false);
}

IMPL(cuMemsetD8_v2)
{
	return set(call, NULL, p->dstDevice, 0, p->uc, 1, p->N, 1, false);
}

IMPL(cuMemsetD16_v2)
{
	return set(call, NULL, p->dstDevice, 0, p->us, 2, p->N, 1, false);
}

IMPL(cuMemsetD32_v2)
{
	return set(call, NULL, p->dstDevice, 0, p->ui, 4, p->N, 1, false);
}

IMPL(cuMemsetD2D8_v2)
{
	return set(call, NULL, p->dstDevice, p->dstPitch, p->uc, 1, p->Width, p->Height, false);
}

IMPL(cuMemsetD2D16_v2)
{
	return set(call, NULL, p->dstDevice, p->dstPitch, p->us, 2, p->Width, p->Height, false);
}

IMPL(cuMemsetD2D32_v2)
{
	return set(call, NULL, p->dstDevice, p->dstPitch, p->ui, 4, p->Width, p->Height, false);
}

IMPL(cuMemsetD8Async)
{
	return set(call, p->hStream, p->dstDevice, 0, p->uc, 1, p->N, 1, true);
}

IMPL(cuMemsetD16Async)
{
	return set(call, p->hStream, p->dstDevice, 0, p->us, 2, p->N, 1, true);
}

IMPL(cuMemsetD32Async)
{
	return set(call, p->hStream, p->dstDevice, 0, p->ui, 4, p->N, 1, true);
}

IMPL(cuMemsetD2D8Async)
{
	return set(call, p->hStream, p->dstDevice, p->dstPitch, p->uc, 1, p->Width, p->Height, true);
}

IMPL(cuMemsetD2D16Async)
{
	return set(call, p->hStream, p->dstDevice, p->dstPitch, p->us, 2, p->Width, p->Height, true);
}

IMPL(cuMemsetD2D32Async)
{
	return set(call, p->hStream, p->dstDevice, p->dstPitch, p->ui, 4, p->Width, p->Height, true);
}
