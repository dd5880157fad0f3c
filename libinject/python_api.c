/*
 * python_api.c: finding CPython's functions.
 */
#include "libinject/python_api.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

struct python_api python;

int python_api_find(const char **missing)
{
	static const struct {
		const char *name;
		size_t offset;
	} functions[] = {
#define PYTHON_ENTRY(result, name, parameters) {#name, offsetof(struct python_api, name)},
		PYTHON_FUNCTIONS(PYTHON_ENTRY)
#undef PYTHON_ENTRY
	};

	if (!dlsym || !dlsym(RTLD_DEFAULT, "Py_IsInitialized"))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *symbol = dlsym(RTLD_DEFAULT, functions[i].name);

		if (!symbol) {
			*missing = functions[i].name;
			return -ENOSYS;
		}
		*(void **)((char *)&python + functions[i].offset) = symbol;
	}
	return 0;
}
