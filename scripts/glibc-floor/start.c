/*
 * __libc_start_main for an executable that is to start on a glibc older than the one it was linked with.
 *
 * The crt1.o of glibc 2.34 and later calls version GLIBC_2.34 and hands it no init function, because that
 * version runs the constructors itself. The old version does not; so this one takes crt1.o's call and hands
 * the old version an init function that runs them, as every crt1.o did before 2.34.
 */
#include <features.h>

#if __GLIBC_PREREQ(2, 34)

#if defined(__x86_64__)
#define OLD_NODE "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLD_NODE "GLIBC_2.17"
#else
#error "name the oldest glibc version of this architecture here"
#endif

typedef int main_fn(int argc, char **argv, char **envp);
typedef void init_fn(int argc, char **argv, char **envp);

extern int old_start_main(main_fn *main, int argc, char **argv, init_fn *init, void (*fini)(void),
			  void (*rtld_fini)(void), void *stack_end);
__asm__(".symver old_start_main, __libc_start_main@" OLD_NODE);

extern init_fn *const __init_array_start[] __attribute__((visibility("hidden")));
extern init_fn *const __init_array_end[] __attribute__((visibility("hidden")));

static void run_constructors(int argc, char **argv, char **envp)
{
	for (init_fn *const *f = __init_array_start; f != __init_array_end; f++)
		(*f)(argc, argv, envp);
}

__attribute__((visibility("hidden"))) int __libc_start_main(main_fn *main, int argc, char **argv,
							    init_fn *init, void (*fini)(void),
							    void (*rtld_fini)(void), void *stack_end)
{
	(void)init;
	return old_start_main(main, argc, argv, run_constructors, fini, rtld_fini, stack_end);
}

#endif
