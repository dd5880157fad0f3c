/*
 * demangle_fuzz.c: any bytes as a mangled name. It may not crash, recurse without bound or spell a name
 * without end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = malloc(size + 3), *full, *base;

	if (!name)
		return 0;
	memcpy(name, "_Z", 2);
	memcpy(name + 2, data, size);
	name[size + 2] = 0;
	if (!demangle(name, &full, &base)) {
		if (!*full || !*base)
			abort();
		free(full);
		free(base);
	}
	free(name);
	return 0;
}
