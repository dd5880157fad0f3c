/*
 * peer.h: how a ring comes to the collector: over the session's socket (a memfd, with a hello), or as a file
 * in the session's rings/. What the other side says is checked before anything is mapped.
 */
#ifndef COLLECTOR_PEER_H
#define COLLECTOR_PEER_H

#include <stddef.h>
#include <sys/types.h>

#include "wire/ringbuf.h"

/* A ring that was handed over, mapped. */
struct peer {
	struct ring ring;
	uint64_t process; /* its id, not 0 */
	uint32_t generation;
	pid_t pid;	 /* in our pid namespace; 0: not known */
	pid_t inner_pid; /* in its own */
	int file;	 /* named rings: its descriptor, locked; else -1 */
	char name[256];	 /* named rings: in rings/; else "" */
};

/*
 * Read the hello that came on an accepted connection and map its ring. 0; -EAGAIN: nothing came yet; or
 * -errno with the reason in `why`.
 */
int peer_receive(int connection, struct peer *out, char *why, size_t why_size);

/*
 * Map the ring file rings_fd/name. 0; -EAGAIN: it is still being set up; -EBUSY: another collector has it; or
 * -errno with the reason in `why`.
 */
int peer_open_file(int rings_fd, const char *name, struct peer *out, char *why, size_t why_size);

void peer_unmap(struct peer *p); /* also closes the file */

#endif
