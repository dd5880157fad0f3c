/*
 * stat, fstat and lstat for glibc before 2.33, where they were inline calls of __xstat and friends and no
 * symbols of their own. Linked from an archive, so only into what uses them. Not for musl.
 */
#include <features.h>

#if __GLIBC_PREREQ(2, 33)

struct stat;

#define HIDDEN __attribute__((visibility("hidden")))

/* The layout number of struct stat that glibc's wrappers passed (bits/stat.h, _STAT_VER). */
#if defined(__x86_64__)
#define STAT_VER 1
#else
#define STAT_VER 0
#endif

extern int __xstat(int ver, const char *path, struct stat *st);
extern int __lxstat(int ver, const char *path, struct stat *st);
extern int __fxstat(int ver, int fd, struct stat *st);
extern int __fxstatat(int ver, int fd, const char *path, struct stat *st, int flags);

HIDDEN int stat(const char *path, struct stat *st)
{
	return __xstat(STAT_VER, path, st);
}

HIDDEN int lstat(const char *path, struct stat *st)
{
	return __lxstat(STAT_VER, path, st);
}

HIDDEN int fstat(int fd, struct stat *st)
{
	return __fxstat(STAT_VER, fd, st);
}

HIDDEN int fstatat(int fd, const char *path, struct stat *st, int flags)
{
	return __fxstatat(STAT_VER, fd, path, st, flags);
}

/* struct stat64 is struct stat on 64-bit machines. */
#define ALIAS(name) __attribute__((visibility("hidden"), alias(name)))
ALIAS("stat") int stat64(const char *path, struct stat *st);
ALIAS("lstat") int lstat64(const char *path, struct stat *st);
ALIAS("fstat") int fstat64(int fd, struct stat *st);
ALIAS("fstatat") int fstatat64(int fd, const char *path, struct stat *st, int flags);

#endif
