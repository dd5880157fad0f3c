/* Modules and kernels. Nothing of an image is parsed: a function exists when it is asked for by name. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/sim.h"

static uint32_t next_id = 1;

struct sim_module *sim_module_new(struct sim_ctx *ctx, bool library)
{
	struct sim_module *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->magic = SIM_MODULE;
	m->ctx = ctx;
	m->library = library;
	sim_lock();
	m->id = next_id++;
	sim_unlock();
	return m;
}

/* SIMGPU_KERNEL_NS: "glob=ns,glob=ns", the first match counts. */
static int64_t fixed_ns(const char *name)
{
	const char *s = sim_config.kernel_ns;
	char glob[512];

	while (s && *s) {
		const char *eq = strchr(s, '='), *end = strchr(s, ',');
		size_t n;

		if (!eq || (end && eq > end))
			break;
		n = (size_t)(eq - s);
		if (n < sizeof(glob)) {
			memcpy(glob, s, n);
			glob[n] = 0;
			if (!fnmatch(glob, name, 0))
				return strtoll(eq + 1, NULL, 10);
		}
		s = end ? end + 1 : NULL;
	}
	return -1;
}

struct sim_func *sim_module_func(struct sim_module *module, const char *name)
{
	struct sim_func *f;

	sim_lock();
	for (f = module->funcs; f; f = f->next)
		if (!strcmp(f->name, name))
			goto out;
	f = calloc(1, sizeof(*f));
	if (!f || !(f->name = strdup(name))) {
		free(f);
		f = NULL;
		goto out;
	}
	f->magic = SIM_FUNC;
	f->module = module;
	f->hash = sim_hash_str(name);
	f->fixed_ns = fixed_ns(name);
	f->regs = 16 + (int)((f->hash >> 20) % 15 * 8);
	f->static_shared = (int)((f->hash >> 30) % 4 * 1024);
	f->max_dynamic_shared = 48 * 1024;
	f->carveout = -1;
	f->next = module->funcs;
	module->funcs = f;
out:
	sim_unlock();
	return f;
}

/* Functions stay: kernels in flight, graphs and the profiler's clients hold their names. */
void sim_module_free(struct sim_module *module)
{
	module->magic = SIM_DEAD;
}
