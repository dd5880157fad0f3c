/*
 * cupti_find.c: the places where a libcupti may lie, in order: loaded already, CUFLIGHT_CUPTI, beside what
 * CUDA the process has loaded (toolkits and Python wheels), LD_LIBRARY_PATH, what is installed.
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

/* Major version of CUDA that the process uses; 0: unknown. */
static int cuda_major(void)
{
	int (*driver_version)(int *) = NULL;
	char runtime[PATH_MAX];
	int version = 0;
	void *driver;

	if (!find_loaded("libcudart.so.", runtime, sizeof(runtime)))
		return atoi(strrchr(runtime, '/') + strlen("/libcudart.so."));
	/* The runtime is linked into the program. Its version is the driver's or an older one. */
	driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
	if (!driver)
		return 0;
	*(void **)&driver_version = dlsym(driver, "cuDriverGetVersion");
	if (driver_version)
		driver_version(&version);
	dlclose(driver);
	return version / 1000;
}

static void *try_path(char *path, size_t size, const char *dir, const char *sub, const char *name)
{
	if (snprintf(path, size, "%s%s/%s", dir, sub, name) >= (int)size || access(path, R_OK))
		return NULL;
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void *try_dir(char *path, size_t size, const char *dir, const char *const *subs, const char *name)
{
	void *handle = NULL;

	for (; *subs && !handle; subs++)
		handle = try_path(path, size, dir, *subs, name);
	return handle;
}

static void *try_beside(char *path, size_t size, const char *name)
{
	static const char *const neighbours[] = {"libcudart.so", "libcublas.so", "libnvrtc.so", "libcudnn.so",
						 "libnccl.so"};
	char dir[PATH_MAX];
	void *handle = NULL;

	for (size_t i = 0; i < sizeof(neighbours) / sizeof(neighbours[0]) && !handle; i++) {
		if (find_loaded(neighbours[i], dir, sizeof(dir)))
			continue;
		*strrchr(dir, '/') = '\0';
		handle = try_dir(path, size, dir, beside, name);
	}
	return handle;
}

/* LD_LIBRARY_PATH: who set it meant it. */
static void *try_library_path(char *path, size_t size, const char *name)
{
	static const char *const here[] = {"", NULL};
	const char *rest = getenv("LD_LIBRARY_PATH");
	char dir[PATH_MAX];
	void *handle = NULL;

	while (rest && *rest && !handle) {
		size_t n = strcspn(rest, ":");

		if (n && n < sizeof(dir)) {
			memcpy(dir, rest, n);
			dir[n] = '\0';
			handle = try_dir(path, size, dir, here, name);
		}
		rest += n + (rest[n] == ':');
	}
	return handle;
}

static void *try_installed(char *path, size_t size, const char *name)
{
	const char *const homes[] = {getenv("CUDA_HOME"), getenv("CUDA_PATH"), "/usr/local/cuda",
				     "/opt/cuda"};
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]) && !handle; i++)
		if (homes[i] && homes[i][0] == '/')
			handle = try_dir(path, size, homes[i], in_toolkit, name);
	return handle;
}

/* CUFLIGHT_CUPTI is a file, or a directory. */
static void *try_given(char *path, size_t size, const char *name)
{
	void *handle = try_path(path, size, config.cupti, "", name);

	return handle ? handle : dlopen(config.cupti, RTLD_NOW | RTLD_LOCAL);
}

static void *open_library(char *path, size_t size)
{
	typedef void *(*place)(char *, size_t, const char *);
	static const place given[] = {try_given, NULL},
			   searched[] = {try_beside, try_library_path, try_installed, NULL};
	static const char *const names[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so.11.8",
					    "libcupti.so"};
	void *handle = NULL;
	size_t first;
	int major;

	if (!find_loaded("libcupti.so", path, size)) {
		handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
		if (handle)
			return handle;
	}
	/* The version that the process uses before any older one; a newer one would not work. */
	major = cuda_major();
	first = major == 12 ? 1 : major == 11 ? 2 : 0;
	for (const place *p = config.cupti[0] ? given : searched; *p && !handle; p++)
		for (size_t i = first; i < sizeof(names) / sizeof(names[0]) && !handle; i++)
			handle = (*p)(path, size, names[i]);
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
