/*
 * library.h: libcuflight.so: where it lies, and the environment that brings it into a program.
 */
#ifndef COLLECTOR_LIBRARY_H
#define COLLECTOR_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#define LIBRARY_NAME "libcuflight.so"

/*
 * The library's absolute path, in memory to be freed: $CUFLIGHT_LIB, or beside this executable, or in ../lib
 * or
 * ../lib/cuflight. NULL with the reason in `why`.
 */
char *library_find(char *why, size_t why_size);

/*
 * Set LD_PRELOAD (what is there stays in front), the injection variables of CUDA and NVTX unless somebody has
 * set them, and CUFLIGHT_DIR, in this process's environment: for a child, before exec. False: no memory.
 */
bool library_set_environment(const char *library, const char *session_dir);

/*
 * Why a preloaded library will not be in this program ("it is statically linked" ...), or NULL if nothing
 * speaks against it. For scripts NULL: their interpreter counts.
 */
const char *library_cannot_enter(const char *program);

/* The file that execvp(3) would start for this name, in memory to be freed; NULL if there is none. */
char *library_find_program(const char *name);

#endif
