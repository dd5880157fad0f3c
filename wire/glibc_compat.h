/*
 * Makes functions that lay outside libc.so.6 before glibc 2.34 weak, so that the preloaded library loads into
 * any program. The Makefile includes this first into every file of wire/ and libinject/.
 *
 * libcuflight.so names libc.so.6 as its one dependency. On glibc 2.28 to 2.33 the functions below are in
 * libpthread.so.0 and libdl.so.2, which /bin/true has not loaded; a strong reference would kill it under
 * LD_BIND_NOW=1. What that means for a caller:
 *
 *  - In the constructor, and wherever a process may have neither CUDA nor NVTX: test before the first call,
 *    `if (!dlsym) return;`. A program that got as far as cuInit or a first NVTX call has loaded both
 * libraries, so InitializeInjection and what follows it needs no test.
 *  - Of threads, libc.so.6 itself always had pthread_self, pthread_equal, pthread_exit, pthread_atfork,
 *    pthread_attr_init/destroy/setdetachstate, pthread_mutex_init/lock/unlock/destroy, all of pthread_cond_*.
 *  - A function missing here that glibc moved in 2.34 shows up in tests/compat/symbols_test.sh. Add it.
 *  - Functions newer than glibc 2.28 must not be used: call syscall() where the kernel has what is needed
 *    (gettid, close_range, pidfd_open). stat, fstat, lstat and fstatat may be used (scripts/glibc-floor).
 */
#ifndef CUFLIGHT_GLIBC_COMPAT_H
#define CUFLIGHT_GLIBC_COMPAT_H

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#define CF_WEAK(function) extern __typeof__(function) function __attribute__((weak))

CF_WEAK(dladdr);
CF_WEAK(dladdr1);
CF_WEAK(dlclose);
CF_WEAK(dlerror);
CF_WEAK(dlinfo);
CF_WEAK(dlmopen);
CF_WEAK(dlopen);
CF_WEAK(dlsym);
CF_WEAK(dlvsym);

CF_WEAK(pthread_attr_getstack);
CF_WEAK(pthread_attr_getstacksize);
CF_WEAK(pthread_attr_setstacksize);
CF_WEAK(pthread_cancel);
CF_WEAK(pthread_create);
CF_WEAK(pthread_detach);
CF_WEAK(pthread_getaffinity_np);
CF_WEAK(pthread_getattr_np);
CF_WEAK(pthread_getname_np);
CF_WEAK(pthread_getspecific);
CF_WEAK(pthread_join);
CF_WEAK(pthread_key_create);
CF_WEAK(pthread_key_delete);
CF_WEAK(pthread_kill);
CF_WEAK(pthread_mutex_consistent);
CF_WEAK(pthread_mutex_timedlock);
CF_WEAK(pthread_mutex_trylock);
CF_WEAK(pthread_mutexattr_destroy);
CF_WEAK(pthread_mutexattr_init);
CF_WEAK(pthread_mutexattr_setprotocol);
CF_WEAK(pthread_mutexattr_setpshared);
CF_WEAK(pthread_mutexattr_setrobust);
CF_WEAK(pthread_mutexattr_settype);
CF_WEAK(pthread_once);
CF_WEAK(pthread_rwlock_destroy);
CF_WEAK(pthread_rwlock_init);
CF_WEAK(pthread_rwlock_rdlock);
CF_WEAK(pthread_rwlock_unlock);
CF_WEAK(pthread_rwlock_wrlock);
CF_WEAK(pthread_setaffinity_np);
CF_WEAK(pthread_setname_np);
CF_WEAK(pthread_setspecific);
CF_WEAK(pthread_sigmask);
CF_WEAK(pthread_timedjoin_np);
CF_WEAK(pthread_tryjoin_np);

CF_WEAK(sem_destroy);
CF_WEAK(sem_init);
CF_WEAK(sem_post);
CF_WEAK(sem_timedwait);
CF_WEAK(sem_trywait);
CF_WEAK(sem_wait);

#undef CF_WEAK

#endif
