/*
 * connect.c: the ring's memory handed to the collector over the session's socket.
 */
#include "libinject/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A full backlog refuses a non-blocking connect; the collector accepts within a few milliseconds. */
#define TRIES 50

int session_connect(int dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	/* A session's path may be longer than a socket address holds. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", dir);
	for (int i = 0; i < TRIES; i++) {
		struct timespec moment = {.tv_nsec = 1000000};

		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		err = -errno;
		if (err != -EAGAIN && err != -EINTR)
			break;
		nanosleep(&moment, NULL);
	}
	close(fd);
	return err;
}

int session_hand_over(int connection, int memory, const struct ring_header *header)
{
	struct session_hello hello = {
		.magic = SESSION_HELLO_MAGIC,
		.abi = SESSION_ABI,
		.pid = header->pid,
		.process = header->process,
		.ring_size = header->total_size,
	};
	struct iovec part = {.iov_base = &hello, .iov_len = sizeof(hello)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int err = 0;

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &memory, sizeof(memory));
	if (sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(hello))
		err = -errno;
	close(connection);
	return err;
}
