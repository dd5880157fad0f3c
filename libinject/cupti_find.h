/*
 * cupti_find.h: finding the libcupti that fits this process, and its functions.
 */
#ifndef INJECT_CUPTI_FIND_H
#define INJECT_CUPTI_FIND_H

#include <stddef.h>

#include "libinject/cupti_api.h"

/*
 * Fill *api. The copy that the process has loaded already comes first: a second one could not subscribe. 0,
 * with the library's path in path; else -errno, with the reason in words there.
 */
int cupti_find(struct cupti_api *api, char *path, size_t size);

/* Path of a loaded library whose file name begins so ("libcudart.so"). 0 or -ENOENT. */
int find_loaded(const char *prefix, char *path, size_t size);

#endif
