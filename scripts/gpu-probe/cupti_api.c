/* Finding and asking libcupti; see cupti_api.h. */
#define _GNU_SOURCE
#include "cupti_api.h"

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int loaded_copy(struct dl_phdr_info *info, size_t size, void *found)
{
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	if (strncmp(base ? base + 1 : info->dlpi_name, "libcupti.so", 11) != 0)
		return 0;
	snprintf(found, sizeof(((struct cupti_api *)0)->path), "%s", info->dlpi_name);
	return 1;
}

static void *try_open(const char *path)
{
	return path[0] ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
}

static void *try_glob(const char *pattern)
{
	glob_t files;
	void *library = NULL;

	if (glob(pattern, 0, NULL, &files) != 0)
		return NULL;
	for (size_t i = files.gl_pathc; i-- && !library;)
		library = try_open(files.gl_pathv[i]); /* the last in order is the newest */
	globfree(&files);
	return library;
}

static void *search(struct cupti_api *api)
{
	/* The loader goes before CUDA_HOME: LD_LIBRARY_PATH is the user's more deliberate word. The name
	 * without a version first: it says which of several versions is meant. */
	static const char *const names[] = {"libcupti.so", "libcupti.so.13", "libcupti.so.12",
					    "libcupti.so.11.8"};
	static const char *const below[] = {"/extras/CUPTI/lib64/libcupti.so", "/lib64/libcupti.so",
					    "/lib/libcupti.so"};
	const char *roots[] = {getenv("CUDA_HOME"), "/usr/local/cuda"};
	const char *first = getenv("PROBE_CUPTI"), *last = getenv("PROBE_CUPTI_LAST");
	void *library = NULL;
	char path[1024];

	if (dl_iterate_phdr(loaded_copy, api->path))
		library = dlopen(api->path, RTLD_NOW | RTLD_NOLOAD);
	if (!library && first)
		library = try_open(first);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !library; i++)
		library = try_open(names[i]);
	for (size_t r = 0; r < 2; r++) {
		for (size_t i = 0; i < sizeof(below) / sizeof(*below) && roots[r] && !library; i++) {
			snprintf(path, sizeof(path), "%s%s*", roots[r], below[i]);
			library = try_glob(path);
		}
	}
	if (!library && last)
		library = try_open(last);
	return library;
}

int cupti_open(struct cupti_api *api, const char *path, const char **error)
{
	struct link_map *map = NULL;

	memset(api, 0, sizeof(*api));
	api->library = path ? try_open(path) : search(api);
	if (!api->library) {
		if (error)
			*error = dlerror();
		return -ENOENT;
	}
	if (dlinfo(api->library, RTLD_DI_LINKMAP, &map) == 0 && map)
		snprintf(api->path, sizeof(api->path), "%s", map->l_name);
#define CUPTI_API_LOOKUP(name) api->name = (__typeof__(api->name))dlsym(api->library, #name);
	CUPTI_API_FUNCTIONS(CUPTI_API_LOOKUP)
#undef CUPTI_API_LOOKUP
	api->cuptiSubscribe_v2 = (__typeof__(api->cuptiSubscribe_v2))dlsym(api->library, "cuptiSubscribe_v2");
	if (api->cuptiGetVersion)
		api->cuptiGetVersion(&api->version);
	return 0;
}

const char *cupti_result(const struct cupti_api *api, CUptiResult result)
{
	const char *text = NULL;

	if (api->cuptiGetResultString)
		api->cuptiGetResultString(result, &text);
	return text ? text : "(no text)";
}

int cupti_strides(const struct cupti_api *api, uint32_t stride[CUPTI_KINDS])
{
	union {
		uint32_t word[4096];
		uint8_t byte[4096 * sizeof(uint32_t)];
		uint64_t align;
	} scratch;
	int known = 0;

	memset(stride, 0, CUPTI_KINDS * sizeof(*stride));
	if (!api->cuptiActivityGetNextRecord)
		return -ENOSYS;
	for (uint32_t kind = 1; kind < CUPTI_KINDS; kind++) {
		CUpti_Activity *record = NULL;

		for (size_t i = 0; i < sizeof(scratch.word) / sizeof(*scratch.word); i++)
			scratch.word[i] = kind;
		/* The first step gives the start of the buffer, the second what lies one record further on.
		 */
		if (api->cuptiActivityGetNextRecord(scratch.byte, sizeof(scratch), &record) !=
			    CUPTI_SUCCESS ||
		    api->cuptiActivityGetNextRecord(scratch.byte, sizeof(scratch), &record) != CUPTI_SUCCESS)
			continue;
		if ((uint8_t *)record <= scratch.byte || (uint8_t *)record >= scratch.byte + sizeof(scratch))
			continue; /* a library that steps out of its buffer has not told a size */
		stride[kind] = (uint32_t)((uint8_t *)record - scratch.byte);
		known++;
	}
	return known;
}
