/*
 * cuflight.h: what a program may tell a recording about itself. Header-only: nothing to link with. Where the
 * program is not recorded (libcuflight.so is not preloaded) a call is a test of one variable.
 *
 * C11, C++11. Any thread, at any time. Needs dlsym(): with glibc before 2.34 link with -ldl.
 *
 *     #include <cuflight/cuflight.h>
 *
 *     for (;;) {
 *             cuflight_iteration(-1);
 *             step();
 *     }
 */
#ifndef CUFLIGHT_CUFLIGHT_H
#define CUFLIGHT_CUFLIGHT_H

#include <dlfcn.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A function of the library that was preloaded, or NULL. NULL as the first argument is RTLD_DEFAULT on Linux,
   which needs a feature macro to be visible. */
static inline void *cuflight_find(const char *name)
{
	return dlsym((void *)0, name);
}

/*
 * An iteration begins here, on this thread; the one before, if it is still open, ends. number: the
 * iteration's, which CUFLIGHT_RANGES selects by; -1: one more than the last, from 0. Counts under
 * CUFLIGHT_ITERATION=mark and auto.
 */
static inline void cuflight_iteration(int64_t number)
{
	static void (*mark)(int64_t);
	static int looked;

	if (!__atomic_load_n(&looked, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&mark, (void (*)(int64_t))(uintptr_t)cuflight_find("cuflight_iteration"),
				 __ATOMIC_RELAXED); /* by several threads alike */
		__atomic_store_n(&looked, 1, __ATOMIC_RELEASE);
	}
	if (mark)
		mark(number);
}

/* This thread's iteration ends here: what follows, until the next begins, belongs to none. */
static inline void cuflight_iteration_end(void)
{
	static void (*mark)(void);
	static int looked;

	if (!__atomic_load_n(&looked, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&mark, (void (*)(void))(uintptr_t)cuflight_find("cuflight_iteration_end"),
				 __ATOMIC_RELAXED); /* by several threads alike */
		__atomic_store_n(&looked, 1, __ATOMIC_RELEASE);
	}
	if (mark)
		mark();
}

#ifdef __cplusplus
}
#endif

#endif
