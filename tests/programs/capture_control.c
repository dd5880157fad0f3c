/*
 * capture_control.c: plays the collector's part of capture by command on the ring file of a running process:
 * record for a while, hold back, record again. Prints how long the process took to answer each command, us.
 *
 * usage: capture_control RING ON_MS OFF_MS TIMES
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cuflight/ring.h"
#include "wire/atomic.h"

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Returns ns until the answer, or -1 after a second. */
static int64_t command(struct ring_header *h, uint32_t wanted)
{
	uint32_t number = load_relaxed(&h->command) + 1;
	int64_t start = now();

	store_relaxed(&h->wanted, wanted);
	store_relaxed(&h->snapshot, h->snapshot + 1);
	store_release(&h->command, number);
	syscall(SYS_futex, &h->command, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	while (load_acquire(&h->answered) != number) {
		if (now() - start > 1000000000)
			return -1;
		usleep(100);
	}
	return now() - start;
}

int main(int argc, char **argv)
{
	struct ring_header *h;
	int64_t on, off;
	struct stat st;
	int fd;

	if (argc != 5)
		return 2;
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return 1;
	h = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		return 1;
	for (int i = atoi(argv[4]); i > 0; i--) {
		on = command(h, WANTED_RECORD);
		usleep((unsigned int)atoi(argv[2]) * 1000);
		off = command(h, 0);
		printf("%lld %lld\n", (long long)(on / 1000), (long long)(off / 1000));
		if (on < 0 || off < 0)
			return 1;
		usleep((unsigned int)atoi(argv[3]) * 1000);
	}
	return 0;
}
