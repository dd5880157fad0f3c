/*
 * memory.c: making, sizing and mapping the ring's memory.
 */
#include "libinject/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pid and start time are taken only if pid namespaces share the directory. */
#define NAMES_TRIED 9

static int map(struct memory *m, int fd, size_t size)
{
	m->address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m->address == MAP_FAILED)
		return -errno;
	m->size = size;
	m->fd = fd;
	return 0;
}

/*
 * Every block now: a full disk must not become a SIGBUS in the middle of a record. Any signal breaks it off
 * and nothing is kept, so that in a program with a timer that fires faster than the disk works it would never
 * end: signals wait meanwhile.
 */
static int allocate(int fd, size_t size)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before); /* this thread's alone, on Linux */
	do
		err = -posix_fallocate(fd, 0, (off_t)size);
	while (err == -EINTR);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

static int make_anonymous(struct memory *m, size_t size)
{
	int fd = memfd_create("cuflight", MFD_CLOEXEC | MFD_ALLOW_SEALING), err;

	if (fd < 0)
		return -errno;
	/* The other side could shrink it, and our next store would be a SIGBUS. */
	if (ftruncate(fd, (off_t)size) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = -errno;
	else
		err = map(m, fd, size);
	if (err)
		close(fd);
	return err;
}

static int make_named(struct memory *m, size_t size, int dir, uint32_t pid, uint64_t start_time)
{
	char name[64];
	int rings, fd = -1, err;

	if (mkdirat(dir, "rings", 0700) && errno != EEXIST)
		return -errno;
	rings = openat(dir, "rings", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rings < 0)
		return -errno;
	for (int i = 1; i <= NAMES_TRIED && fd < 0; i++) {
		snprintf(name, sizeof(name), i == 1 ? "%u-%" PRIu64 ".ring" : "%u-%" PRIu64 "-%d.ring", pid,
			 start_time, i);
		fd = openat(rings, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	err = allocate(fd, size);
	if (!err)
		err = map(m, fd, size);
	if (err) {
		unlinkat(rings, name, 0);
		close(fd);
	}
out:
	close(rings);
	return err;
}

int memory_make(struct memory *m, size_t size, int dir, uint32_t pid, uint64_t start_time)
{
	struct rlimit limit;

	/* It counts for memfds too, and the answer to a file too large is SIGXFSZ. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < size)
		return -EFBIG;
	return dir < 0 ? make_anonymous(m, size) : make_named(m, size, dir, pid, start_time);
}
