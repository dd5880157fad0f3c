/* Copies: the descriptors of the driver API become one form, and every pointer is checked and given CUPTI's
   copy and memory kind. Arrays (textures) are not simulated. */
#include <string.h>

#include "tests/simgpu/sim.h"

/* CUPTI: memory kind 1 pageable, 2 pinned, 3 device, 5 managed; copy kind 1 HtoD, 2 DtoH, 8 DtoD, 9 HtoH, 10
 * PtoP */
static void classify(struct sim_work *w)
{
	struct sim_mem s, d;
	bool src_dev, dst_dev;

	w->u.copy.src_kind = sim_mem_cupti_kind(w->u.copy.src);
	w->u.copy.dst_kind = sim_mem_cupti_kind(w->u.copy.dst);
	src_dev = w->u.copy.src_kind == 3;
	dst_dev = w->u.copy.dst_kind == 3;
	if (src_dev && dst_dev && sim_mem_find(w->u.copy.src, &s) && sim_mem_find(w->u.copy.dst, &d) &&
	    s.device != d.device) {
		w->u.copy.kind = 10;
		w->u.copy.src_ctx = s.ctx;
		w->u.copy.dst_ctx = d.ctx;
	} else if (src_dev && dst_dev) {
		w->u.copy.kind = 8;
	} else if (dst_dev) {
		w->u.copy.kind = 1;
	} else if (src_dev) {
		w->u.copy.kind = 2;
	} else {
		w->u.copy.kind = 9;
	}
}

/* A pointer that a copy calls "device" must lie, with all its bytes, in one allocation. */
static bool inside(CUdeviceptr ptr, size_t bytes)
{
	struct sim_mem mem;

	return sim_mem_find((void *)(uintptr_t)ptr, &mem) && bytes <= mem.size - ((uintptr_t)ptr - mem.addr);
}

/* dir: 1 host to device, 2 device to host, 3 device to device, 0 host to host, 4 by the pointers */
CUresult sim_copy_plain(struct sim_work *w, CUdeviceptr dst, CUdeviceptr src, size_t bytes, int dir,
			bool async)
{
	memset(w, 0, sizeof(*w));
	w->kind = SIM_COPY;
	w->ctx = sim_ctx_current();
	if (!w->ctx)
		return SIM_INVALID_CONTEXT;
	if (bytes && ((dir == 1 || dir == 3) && !inside(dst, bytes)))
		return SIM_INVALID_VALUE;
	if (bytes && ((dir == 2 || dir == 3) && !inside(src, bytes)))
		return SIM_INVALID_VALUE;
	if (bytes && (!dst || !src))
		return SIM_INVALID_VALUE;
	w->u.copy.dst = (char *)(uintptr_t)dst;
	w->u.copy.src = (const char *)(uintptr_t)src;
	w->u.copy.width = bytes;
	w->u.copy.height = w->u.copy.depth = 1;
	w->u.copy.async = async;
	classify(w);
	return SIM_OK;
}

static bool side(unsigned type, const void *host, CUdeviceptr device, size_t offset, size_t bytes, char **out)
{
	if (type == SIM_MEMTYPE_HOST) {
		*out = (char *)(uintptr_t)host + offset;
		return host != NULL;
	}
	*out = (char *)(uintptr_t)device + offset;
	if (type == SIM_MEMTYPE_DEVICE)
		return inside(device, offset + bytes);
	return type == SIM_MEMTYPE_UNIFIED && device;
}

CUresult sim_copy_3d(struct sim_work *w, const CUDA_MEMCPY3D *d, bool async)
{
	size_t sp = d->srcPitch ? d->srcPitch : d->WidthInBytes,
	       dp = d->dstPitch ? d->dstPitch : d->WidthInBytes;
	size_t ss = sp * (d->srcHeight ? d->srcHeight : d->Height),
	       ds = dp * (d->dstHeight ? d->dstHeight : d->Height);
	size_t depth = d->Depth, height = d->Height, width = d->WidthInBytes, span_s, span_d;
	char *src, *dst;

	memset(w, 0, sizeof(*w));
	w->kind = SIM_COPY;
	w->ctx = sim_ctx_current();
	if (!w->ctx)
		return SIM_INVALID_CONTEXT;
	if (d->srcMemoryType == SIM_MEMTYPE_ARRAY || d->dstMemoryType == SIM_MEMTYPE_ARRAY) {
		sim_unsupported("copies of CUDA arrays");
		return SIM_NOT_SUPPORTED;
	}
	if (sp < width || dp < width)
		return SIM_INVALID_VALUE;
	w->u.copy.async = async;
	if (width && height && depth) {
		span_s = (depth - 1) * ss + (height - 1) * sp + width;
		span_d = (depth - 1) * ds + (height - 1) * dp + width;
		if (!side(d->srcMemoryType, d->srcHost, d->srcDevice,
			  d->srcZ * ss + d->srcY * sp + d->srcXInBytes, span_s, &src) ||
		    !side(d->dstMemoryType, d->dstHost, d->dstDevice,
			  d->dstZ * ds + d->dstY * dp + d->dstXInBytes, span_d, &dst))
			return SIM_INVALID_VALUE;
		w->u.copy.src = src;
		w->u.copy.dst = dst;
	}
	w->u.copy.width = width;
	w->u.copy.height = height;
	w->u.copy.depth = depth;
	w->u.copy.src_pitch = sp;
	w->u.copy.src_slice = ss;
	w->u.copy.dst_pitch = dp;
	w->u.copy.dst_slice = ds;
	classify(w);
	return SIM_OK;
}
