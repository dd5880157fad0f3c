/* What an operation does to memory. "Device" memory is ordinary memory of this process. Kernels do nothing.
   Runs when the operation is resolved, with the lock held. */
#include <string.h>

#include "tests/simgpu/sim.h"

static void copy(const struct sim_work *w)
{
	size_t width = w->u.copy.width;

	for (size_t z = 0; z < w->u.copy.depth; z++)
		for (size_t y = 0; y < w->u.copy.height; y++) {
			char *dst = w->u.copy.dst + z * w->u.copy.dst_slice + y * w->u.copy.dst_pitch;
			const char *src = w->u.copy.src + z * w->u.copy.src_slice + y * w->u.copy.src_pitch;

			memmove(dst, src, width);
		}
}

static void set(const struct sim_work *w)
{
	for (size_t y = 0; y < w->u.set.height; y++) {
		char *row = w->u.set.dst + y * w->u.set.pitch;

		if (w->u.set.elem == 1)
			memset(row, (int)w->u.set.value, w->u.set.width);
		else if (w->u.set.elem == 2)
			for (size_t x = 0; x < w->u.set.width; x++)
				((uint16_t *)row)[x] = (uint16_t)w->u.set.value;
		else
			for (size_t x = 0; x < w->u.set.width; x++)
				((uint32_t *)row)[x] = w->u.set.value;
	}
}

void sim_effect(const struct sim_work *work)
{
	switch (work->kind) {
	case SIM_COPY:
		copy(work);
		break;
	case SIM_SET:
		set(work);
		break;
	case SIM_FREE:
		sim_pool_free(work->u.mem.ptr);
		break;
	default:
		break;
	}
}
