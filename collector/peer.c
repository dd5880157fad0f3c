/*
 * peer.c: taking a ring over from a process, which may be anything that runs under this user.
 */
#include "collector/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 4 /* one is expected; what else comes is closed */

/* Maps fd, which stays open. */
static int map_ring(int fd, uint64_t size, struct peer *out, char *why, size_t why_size)
{
	void *memory;
	int err;

	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		err = -errno;
		snprintf(why, why_size, "cannot map a ring of %llu bytes: %s", (unsigned long long)size,
			 strerror(-err));
		return err;
	}
	err = ring_open(&out->ring, memory, size);
	if (!err) {
		out->process = load_relaxed(&out->ring.header->process);
		out->generation = load_relaxed(&out->ring.header->generation);
		out->inner_pid = (pid_t)load_relaxed(&out->ring.header->pid);
		if (!out->process)
			err = -EBADMSG;
	}
	if (err) {
		munmap(memory, size);
		out->ring.header = NULL;
		snprintf(why, why_size, "%s",
			 err == -EPROTONOSUPPORT ? "its ring is of another version of cuflight"
			 : err == -EAGAIN	 ? "its ring was handed over before it was ready"
						 : "its ring is damaged");
	}
	return err;
}

/* Takes the first descriptor out of the message and closes any others. */
static int first_descriptor(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int other;

			memcpy(&other, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (fd < 0)
				fd = other;
			else
				close(other);
		}
	}
	return fd;
}

static int receive_hello(int connection, struct session_hello *hello, int *fd)
{
	union {
		char bytes[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = hello, .iov_len = sizeof(*hello)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	ssize_t n;

	do {
		n = recvmsg(connection, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*fd = first_descriptor(&m);
	if (!n)
		return -ECONNRESET;
	if (n != sizeof(*hello) || hello->magic != SESSION_HELLO_MAGIC)
		return -EBADMSG;
	return hello->abi == SESSION_ABI ? 0 : -EPROTONOSUPPORT;
}

int peer_receive(int connection, struct peer *out, char *why, size_t why_size)
{
	struct session_hello hello;
	struct ucred credentials;
	socklen_t length = sizeof(credentials);
	struct stat st;
	int err, fd = -1;

	*out = (struct peer){.file = -1};
	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &length)) {
		snprintf(why, why_size, "who it is cannot be learnt: %s", strerror(errno));
		return -ECONNABORTED;
	}
	out->pid = credentials.pid;
	err = receive_hello(connection, &hello, &fd);
	if (err == -EAGAIN)
		return err;
	if (!err && credentials.uid != geteuid() && credentials.uid != 0)
		err = -EPERM;
	if (!err && (fd < 0 || fstat(fd, &st) || (uint64_t)st.st_size != hello.ring_size ||
		     hello.ring_size > RING_MAX_SIZE))
		err = -EBADMSG;
	/* Sealed, so that nobody can cut it short under our hands, which would be SIGBUS here. */
	if (!err) {
		int seals = fcntl(fd, F_GET_SEALS);

		if (seals < 0 || !(seals & F_SEAL_SHRINK))
			err = -EPERM;
	}
	if (err) {
		snprintf(why, why_size, "%s",
			 err == -EPERM		   ? "its ring is not sealed, or not of this user"
			 : err == -EPROTONOSUPPORT ? "it has another version of libcuflight.so"
						   : "it sent no proper hello");
	} else {
		err = map_ring(fd, hello.ring_size, out, why, why_size);
		/* Nothing more will come on this connection. */
		if (err == -EAGAIN)
			err = -EBADMSG;
		if (!err && out->process != hello.process) {
			snprintf(why, why_size, "its ring is not the one it announced");
			peer_unmap(out);
			err = -EBADMSG;
		}
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* The inode that names this pid namespace, 0 if it cannot be known. */
static uint64_t own_pid_ns(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
}

int peer_open_file(int rings_fd, const char *name, struct peer *out, char *why, size_t why_size)
{
	struct stat st;
	int err = 0, fd;

	*out = (struct peer){.file = -1};
	snprintf(out->name, sizeof(out->name), "%s", name);
	fd = openat(rings_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		snprintf(why, why_size, "%s", strerror(-err));
		return err;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (uint64_t)st.st_size > RING_MAX_SIZE) {
		snprintf(why, why_size, "not a ring file of this user");
		err = -EPERM;
	} else if (st.st_size < RING_HEADER_SIZE) {
		err = -EAGAIN;
	} else if (flock(fd, LOCK_EX | LOCK_NB)) {
		snprintf(why, why_size, "another collector reads it");
		err = -EBUSY;
	} else {
		err = map_ring(fd, (uint64_t)st.st_size, out, why, why_size);
	}
	if (err) {
		close(fd);
		return err;
	}
	out->file = fd;
	if (load_relaxed(&out->ring.header->pid_ns) == own_pid_ns())
		out->pid = out->inner_pid;
	return 0;
}

void peer_unmap(struct peer *p)
{
	if (p->ring.header)
		munmap(p->ring.header, p->ring.size);
	p->ring.header = NULL;
	if (p->file >= 0)
		close(p->file);
	p->file = -1;
}
