/*
 * session.c: making, serving and removing the session directory.
 */
#include "collector/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/proc.h"
#include "wire/atomic.h"

#define SOCKET	    "socket"
#define BACKLOG	    1024 /* workers that start at the same moment; the kernel bounds it by somaxconn */
#define LOG_AT_ONCE 65536

static int set_dir(struct session *s, const char *path, char *why, size_t why_size)
{
	char here[PATH_MAX] = "";
	int n;

	if (*path != '/' && !getcwd(here, sizeof(here)))
		return -errno;
	n = snprintf(s->dir, sizeof(s->dir), "%s%s%s", here, *here ? "/" : "", path);
	if (n < (int)sizeof(s->dir))
		return 0;
	snprintf(why, why_size, "%s is too long a path for a session", path);
	return -ENAMETOOLONG;
}

static int make_under(struct session *s, const char *parent, char *why, size_t why_size)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/cuflight-run-XXXXXX", parent);
	err = set_dir(s, path, why, why_size);
	if (err)
		return err;
	if (!mkdtemp(s->dir)) { /* mode 0700 */
		err = -errno;
		snprintf(why, why_size, "cannot make a directory in %s: %s", parent, strerror(-err));
		return err;
	}
	s->made = true;
	return 0;
}

static int choose_dir(struct session *s, const char *wanted, char *why, size_t why_size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int err;

	if (!wanted) {
		/* In containers and under sudo the variable often names a directory that is not there. */
		if (runtime && *runtime == '/' && !make_under(s, runtime, why, why_size))
			return 0;
		return make_under(s, "/tmp", why, why_size);
	}
	err = set_dir(s, wanted, why, why_size);
	if (err)
		return err;
	if (!mkdir(s->dir, 0700)) {
		s->made = true;
	} else if (errno != EEXIST) {
		err = -errno;
		snprintf(why, why_size, "cannot make %s: %s", s->dir, strerror(-err));
	}
	return err;
}

/* Ours, and closed to others: what is in it decides what we map. */
static int open_dir(struct session *s, char *why, size_t why_size)
{
	char user[64];
	struct stat st;
	int err;

	s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->dir_fd < 0 || fstat(s->dir_fd, &st)) {
		err = -errno;
		snprintf(why, why_size, "cannot open %s: %s", s->dir, strerror(-err));
		return err;
	}
	if (st.st_uid != geteuid()) {
		user_name(st.st_uid, user, sizeof(user));
		snprintf(why, why_size, "%s belongs to user %s; as that user: sudo -u %s cuflight ...",
			 s->dir, user, user);
		return -EPERM;
	}
	if (st.st_mode & 077) {
		snprintf(why, why_size, "%s is open to other users; chmod 700 closes it", s->dir);
		return -EPERM;
	}
	if (mkdirat(s->dir_fd, "rings", 0700) && errno != EEXIST)
		goto failed;
	s->rings_fd = openat(s->dir_fd, "rings", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->rings_fd < 0)
		goto failed;
	s->log_fd = openat(s->dir_fd, "log", O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->log_fd < 0)
		goto failed;
	return 0;
failed:
	err = -errno;
	snprintf(why, why_size, "cannot write in %s: %s", s->dir, strerror(-err));
	return err;
}

static int listen_there(struct session *s, char *why, size_t why_size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int err, fd;

	/* The directory's path may be longer than a socket address holds. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET, s->dir_fd);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto failed;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)) || errno == EAGAIN) {
		snprintf(why, why_size, "another collector serves %s", s->dir);
		close(fd);
		return -EBUSY;
	}
	/* Left by a collector that was killed, if it is there at all. */
	unlinkat(s->dir_fd, SOCKET, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, BACKLOG))
		goto failed;
	s->socket = fd;
	return 0;
failed:
	err = -errno;
	snprintf(why, why_size, "cannot listen in %s: %s", s->dir, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

static void wake_all(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* The control block: one that processes have mapped already is kept. */
static int open_control(struct session *s, char *why, size_t why_size)
{
	struct session_control *c;
	struct stat st;
	int err, fd;

	fd = openat(s->dir_fd, "control", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) || (st.st_size < (off_t)sizeof(*c) && ftruncate(fd, sizeof(*c))))
		goto failed;
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c == MAP_FAILED)
		goto failed;
	close(fd);
	s->control = c;
	if (load_acquire(&c->magic) != SESSION_MAGIC) {
		if (getrandom(&c->session, sizeof(c->session), 0) < 0)
			c->session = (uint64_t)clock_now(CLOCK_REALTIME);
		c->abi = SESSION_ABI;
		c->size = sizeof(*c);
		c->created_monotonic = clock_now(CLOCK_MONOTONIC);
		store_release(&c->magic, SESSION_MAGIC); /* partner: whoever maps the block */
	} else if (c->abi != SESSION_ABI) {
		snprintf(why, why_size, "%s was made by another version of cuflight", s->dir);
		return -EPROTONOSUPPORT;
	}
	store_relaxed(&c->recording, 1);
	store_relaxed(&c->policy, RING_DRAIN);
	store_relaxed(&c->collector_alive, 1);
	__atomic_fetch_add(&c->command, 1, __ATOMIC_RELEASE); /* partner: the helpers' acquire */
	wake_all(&c->command);
	return 0;
failed:
	err = -errno;
	snprintf(why, why_size, "cannot make the control block in %s: %s", s->dir, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

static void release(struct session *s)
{
	if (s->socket >= 0)
		close(s->socket);
	if (s->log_fd >= 0)
		close(s->log_fd);
	if (s->rings_fd >= 0)
		close(s->rings_fd);
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	if (s->control)
		munmap(s->control, sizeof(*s->control));
	s->socket = s->log_fd = s->rings_fd = s->dir_fd = -1;
	s->control = NULL;
}

/* "told-VARIABLE": a process marks there that it has complained about the variable. */
static void remove_marks(struct session *s)
{
	int fd = fcntl(s->dir_fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return;
	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "told-", 5))
			unlinkat(s->dir_fd, entry->d_name, 0);
	closedir(dir);
}

/* What is left after the last ring has gone; rmdir tells. Never follows a name out of the directory. */
static void remove_dir(struct session *s)
{
	if (unlinkat(s->dir_fd, "rings", AT_REMOVEDIR) && errno != ENOENT)
		return;
	unlinkat(s->dir_fd, "control", 0);
	unlinkat(s->dir_fd, "log", 0);
	remove_marks(s);
	if (s->made)
		rmdir(s->dir);
}

int session_open(struct session *s, const char *wanted, char *why, size_t why_size)
{
	int err;

	*s = (struct session){.dir_fd = -1, .rings_fd = -1, .socket = -1, .log_fd = -1};
	snprintf(why, why_size, "cannot make a session directory");
	err = choose_dir(s, wanted, why, why_size);
	if (!err)
		err = open_dir(s, why, why_size);
	if (!err)
		err = listen_there(s, why, why_size);
	if (!err)
		err = open_control(s, why, why_size);
	if (!err)
		return 0;
	if (s->socket >= 0)
		unlinkat(s->dir_fd, SOCKET, 0);
	if (s->made && s->dir_fd >= 0)
		remove_dir(s);
	release(s);
	return err;
}

char *session_log(struct session *s)
{
	char *text = malloc(LOG_AT_ONCE + 1);
	ssize_t n;

	if (!text)
		return NULL;
	n = pread(s->log_fd, text, LOG_AT_ONCE, (off_t)s->log_read);
	while (n > 0 && text[n - 1] != '\n')
		n--;
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	s->log_read += (size_t)n;
	return text;
}

bool session_has_vanished(struct session *s)
{
	struct stat st;

	if (s->vanished || !fstatat(s->dir_fd, SOCKET, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	s->vanished = true;
	return true;
}

void session_close(struct session *s, bool recording)
{
	if (s->control) {
		store_relaxed(&s->control->recording, recording);
		store_relaxed(&s->control->policy, RING_FLIGHT);
		store_relaxed(&s->control->collector_alive, 0);
		__atomic_fetch_add(&s->control->command, 1,
				   __ATOMIC_RELEASE); /* partner: the helpers' acquire */
		wake_all(&s->control->command);
	}
	if (s->dir_fd >= 0) {
		unlinkat(s->dir_fd, SOCKET, 0);
		/* What the log said has been told, and is told no second time. */
		if (s->log_read && !ftruncate(s->log_fd, 0))
			remove_marks(s);
		if (!recording)
			remove_dir(s);
	}
	release(s);
}
