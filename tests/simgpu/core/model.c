/* How long things take: a deterministic function of what runs and of SIMGPU_SEED. The figures are of the
   order of an H100's, not measured on one. Nothing here keeps state but each kernel's launch count. */
#include <math.h>

#include "tests/simgpu/sim.h"

uint64_t sim_hash(uint64_t a, uint64_t b)
{
	uint64_t x = a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2));

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint64_t sim_hash_str(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return sim_hash(h, 0);
}

/* About normal with variance 1, from four uniform 16-bit numbers. */
static double noise(uint64_t h)
{
	double sum = 0;

	for (int i = 0; i < 4; i++, h >>= 16)
		sum += (double)(h & 0xffff) / 65535 - 0.5;
	return sum * 1.7320508;
}

/* 1% of a long operation, some tens of ns of a short one; now and then one is late, as clocks and memory
 * refresh have it. */
static int64_t jittered(double ns, uint64_t h)
{
	double sigma = 25 + ns * 0.01;

	ns += noise(h) * sigma;
	if ((h >> 40) % 256 == 0)
		ns *= 1.15;
	if (ns < 800)
		ns = 800;
	return (int64_t)(ns / SIM_TICK + 0.5) * SIM_TICK;
}

int64_t sim_model_kernel(struct sim_func *func, const unsigned grid[3], const unsigned block[3])
{
	uint64_t launch = func->launches++;
	double blocks = (double)grid[0] * grid[1] * grid[2];
	double threads = (double)block[0] * block[1] * block[2];
	double per_sm, waves, base;

	if (func->fixed_ns >= 0)
		return func->fixed_ns;
	/* 1.2 to 10 us for a kernel that fills the device once, by name; more for every further wave. */
	base = 1200 * exp2((double)(func->hash % 1024) / 1024 * 3);
	per_sm = threads > 0 ? floor(2048 / threads) : 1;
	if (per_sm < 1)
		per_sm = 1;
	waves = blocks / (132 * (per_sm > 32 ? 32 : per_sm));
	if (waves > 1)
		base *= 0.5 + 0.5 * waves;
	if (base > 60e9)
		base = 60e9;
	return jittered(base, sim_hash(func->hash ^ sim_config.seed * 0x9e3779b97f4a7c15u, launch));
}

int64_t sim_model_copy(const struct sim_work *work, uint64_t id)
{
	double bytes = (double)work->u.copy.width * work->u.copy.height * work->u.copy.depth;
	double rate; /* bytes per ns */

	switch (work->u.copy.kind) {
	case 1: /* host to device */
	case 2:
		rate = work->u.copy.src_kind == 1 || work->u.copy.dst_kind == 1 ? 10 : 52;
		break;
	case 8: /* within the device */
		rate = 1300;
		break;
	case 10: /* peer */
		rate = 380;
		break;
	default:
		rate = 15;
	}
	return jittered(900 + bytes / rate, sim_hash(sim_config.seed + 1, id));
}

int64_t sim_model_set(const struct sim_work *work, uint64_t id)
{
	double bytes = (double)work->u.set.width * work->u.set.elem * work->u.set.height;

	return jittered(900 + bytes / 2600, sim_hash(sim_config.seed + 2, id));
}
