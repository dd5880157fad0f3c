/*
 * cupti_find.c: the places where a libcupti may lie, in order: loaded already, CUFLIGHT_CUPTI, beside what
 * CUDA the process has loaded (toolkits and Python wheels), CUDA_HOME and the like, the loader's own path.
 */
#include "libinject/cupti_find.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libinject/recorder.h"

/* From a directory with other CUDA libraries to the one with libcupti. A wheel of CUDA 12 and before has a
   directory of its own for each library (nvidia/cuda_runtime/lib), from 13 on they share nvidia/cu13/lib. */
static const char *const beside[] = {
	"",
	"/../extras/CUPTI/lib64",
	"/../../cuda_cupti/lib",
	"/../../cu13/lib",
	"/../../extras/CUPTI/lib64",
	NULL,
};

/* From a toolkit's directory. */
static const char *const in_toolkit[] = {
	"/extras/CUPTI/lib64", "/lib64", "/lib", "/targets/x86_64-linux/lib", "/targets/sbsa-linux/lib", NULL,
};

struct loaded_query {
	const char *prefix;
	char *path;
	size_t size;
	bool found;
};

static int look_at_loaded(struct dl_phdr_info *info, size_t size, void *data)
{
	struct loaded_query *q = data;
	const char *name = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;

	(void)size;
	if (!name || strncmp(name + 1, q->prefix, strlen(q->prefix)) || strlen(info->dlpi_name) >= q->size)
		return 0;
	strcpy(q->path, info->dlpi_name);
	q->found = true;
	return 1;
}

int find_loaded(const char *prefix, char *path, size_t size)
{
	struct loaded_query q = {.prefix = prefix, .path = path, .size = size};

	dl_iterate_phdr(look_at_loaded, &q);
	return q.found ? 0 : -ENOENT;
}

/* File names to try: the major version that the process uses, when that is known, and no newer one; a
   libcupti that is newer than the driver does not work. */
struct names {
	const char *name[4];
};

static void choose_names(struct names *n)
{
	static const char *const all[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so.11.8",
					  "libcupti.so"};
	char runtime[PATH_MAX];
	const char *version;
	unsigned int first = 0, used = 0;

	memset(n, 0, sizeof(*n));
	if (!find_loaded("libcudart.so.", runtime, sizeof(runtime))) {
		version = strrchr(runtime, '/') + sizeof("/libcudart.so.") - 1;
		first = atoi(version) >= 13 ? 0 : atoi(version) == 12 ? 1 : 2;
	}
	for (unsigned int i = first; i < sizeof(all) / sizeof(all[0]); i++)
		n->name[used++] = all[i];
}

static void *open_in(const char *dir, const char *sub, const struct names *n, char *path, size_t size)
{
	for (unsigned int i = 0; i < 4 && n->name[i]; i++) {
		void *handle;

		if (snprintf(path, size, "%s%s/%s", dir, sub, n->name[i]) >= (int)size || access(path, R_OK))
			continue;
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (handle)
			return handle;
	}
	return NULL;
}

static void *open_any(const char *dir, const char *const *subs, const struct names *n, char *path,
		      size_t size)
{
	void *handle = NULL;

	for (; *subs && !handle; subs++)
		handle = open_in(dir, *subs, n, path, size);
	return handle;
}

/* CUFLIGHT_CUPTI: a file, or a directory. */
static void *open_given(const struct names *n, char *path, size_t size)
{
	static const char *const here[] = {"", NULL};
	void *handle = open_any(config.cupti, here, n, path, size);

	if (!handle && snprintf(path, size, "%s", config.cupti) < (int)size)
		handle = dlopen(config.cupti, RTLD_NOW | RTLD_LOCAL);
	return handle;
}

static void *open_beside(const struct names *n, char *path, size_t size)
{
	static const char *const neighbours[] = {"libcudart.so", "libcublas.so", "libnvrtc.so", "libcudnn.so",
						 "libnccl.so"};
	char dir[PATH_MAX];
	void *handle = NULL;

	for (unsigned int i = 0; i < sizeof(neighbours) / sizeof(neighbours[0]) && !handle; i++) {
		if (find_loaded(neighbours[i], dir, sizeof(dir)))
			continue;
		*strrchr(dir, '/') = '\0';
		handle = open_any(dir, beside, n, path, size);
	}
	return handle;
}

static void *open_toolkit(const struct names *n, char *path, size_t size)
{
	const char *const homes[] = {getenv("CUDA_HOME"), getenv("CUDA_PATH"), "/usr/local/cuda",
				     "/opt/cuda"};
	void *handle = NULL;

	for (unsigned int i = 0; i < sizeof(homes) / sizeof(homes[0]) && !handle; i++)
		if (homes[i] && homes[i][0] == '/')
			handle = open_any(homes[i], in_toolkit, n, path, size);
	return handle;
}

static void *open_by_name(const struct names *n)
{
	void *handle = NULL;

	for (unsigned int i = 0; i < 4 && n->name[i] && !handle; i++)
		handle = dlopen(n->name[i], RTLD_NOW | RTLD_LOCAL);
	return handle;
}

static void *open_library(char *path, size_t size)
{
	struct names names;
	void *handle;

	if (!find_loaded("libcupti.so", path, size)) {
		handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
		if (handle)
			return handle;
	}
	choose_names(&names);
	if (config.cupti[0])
		return open_given(&names, path, size);
	handle = open_beside(&names, path, size);
	if (!handle)
		handle = open_toolkit(&names, path, size);
	if (!handle)
		handle = open_by_name(&names);
	return handle;
}

int cupti_find(struct cupti_api *api, char *path, size_t size)
{
	void *handle = open_library(path, size);
	struct link_map *map;

	if (!handle) {
		if (config.cupti[0])
			snprintf(path, size, "libcupti could not be loaded from CUFLIGHT_CUPTI=%s",
				 config.cupti);
		else
			snprintf(path, size,
				 "libcupti not found; CUFLIGHT_CUPTI=/path/to/libcupti.so names one");
		return -ENOENT;
	}
	if (!dlinfo(handle, RTLD_DI_LINKMAP, &map) && map->l_name[0] == '/')
		snprintf(path, size, "%s", map->l_name);

#define CUPTI_LOOK_UP(member, symbol, required, arguments)                                                   \
	*(void **)&api->member = dlsym(handle, #symbol);                                                     \
	if (!api->member && (required)) {                                                                    \
		snprintf(path, size, "the libcupti found has no %s", #symbol);                               \
		return -ENOSYS;                                                                              \
	}
	CUPTI_FUNCTIONS(CUPTI_LOOK_UP)
#undef CUPTI_LOOK_UP
	return 0;
}
