/*
 * session.c: the session directory and its log. The socket is in connect.c.
 */
#include "libinject/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libinject/recorder.h"

#define LINE_MAX_BYTES 1024

int session_open(void)
{
	char path[CONFIG_PATH + 32];
	struct stat st;
	int dir, err;

	if (config.dir_given) {
		strcpy(path, config.dir);
	} else {
		/* One place a user: a collector that comes later finds every ring there. */
		snprintf(path, sizeof(path), "%s/cuflight-%u", config.dir, (unsigned int)geteuid());
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	err = fstat(dir, &st) ? -errno : st.st_uid != geteuid() || (st.st_mode & 077) ? -EPERM : 0;
	if (err) {
		close(dir);
		return err;
	}
	return dir;
}

int session_control(int dir, struct session_control *control)
{
	int fd = openat(dir, "control", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, control, sizeof(*control));
	close(fd);
	if (n != sizeof(*control) || control->magic != SESSION_MAGIC || control->abi != SESSION_ABI)
		return -EBADMSG;
	return 0;
}

/* A write that RLIMIT_FSIZE forbids raises SIGXFSZ, and that would be the end of the program. */
static int may_write(int fd, size_t bytes)
{
	struct rlimit limit;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || getrlimit(RLIMIT_FSIZE, &limit))
		return 0;
	return limit.rlim_cur == RLIM_INFINITY || (uint64_t)st.st_size + bytes <= limit.rlim_cur;
}

static void write_line(int dir, const char *text)
{
	char line[LINE_MAX_BYTES];
	struct timespec now;
	int fd, n;

	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(line, sizeof(line), "%lld.%03ld pid %d %s: %s", (long long)now.tv_sec,
		     now.tv_nsec / 1000000, (int)getpid(), program_invocation_short_name, text);
	if (n < 0)
		return;
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[n++] = '\n';
	fd = openat(dir, "log",
		    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd < 0)
		return;
	if (may_write(fd, (size_t)n))
		(void)!write(fd, line, (size_t)n); /* there is nobody to tell of a failure */
	close(fd);
}

static void log_text(const char *once, const char *format, va_list arguments)
{
	int saved = errno, dir = session_open(), marker;
	char text[LINE_MAX_BYTES];

	if (dir < 0)
		goto out;
	if (once) {
		marker = openat(dir, once, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (marker < 0)
			goto out;
		close(marker);
	}
	vsnprintf(text, sizeof(text), format, arguments);
	write_line(dir, text);
out:
	if (dir >= 0)
		close(dir);
	errno = saved;
}

void session_log(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_text(NULL, format, arguments);
	va_end(arguments);
}

void session_log_once(const char *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_text(key, format, arguments);
	va_end(arguments);
}
