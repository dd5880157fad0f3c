/*
 * memory.h: the memory under a ring. Anonymous (a memfd) when a collector takes it; else a named file in the
 * session's rings/, which a collector finds later.
 */
#ifndef INJECT_MEMORY_H
#define INJECT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct memory {
	void *address;
	size_t size;
	int fd; /* the caller closes it */
};

/*
 * dir: the session directory for a named file, -1 for a memfd. Mapped shared, zeroed, and safe to touch:
 * nothing that happens to the file system later can raise SIGBUS. 0 or -errno; -EFBIG: RLIMIT_FSIZE.
 */
int memory_make(struct memory *m, size_t size, int dir, uint32_t pid, uint64_t start_time);

#endif
