/*
 * request.c: the client's end of the session's socket.
 */
#include "collector/request.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/message.h"

#define ANSWER_SECONDS 30 /* a stop waits for the last chunks of many processes */

/* A connection to whoever serves the session, or -errno. The directory must be ours: it is followed nowhere.
 */
static int connect_to(const char *dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = ANSWER_SECONDS};
	struct stat st;
	int err = 0, fd, dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir_fd < 0)
		return -errno;
	if (fstat(dir_fd, &st) || st.st_uid != geteuid()) {
		close(dir_fd);
		return -EPERM;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", dir_fd);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err = -errno;
	close(dir_fd);
	if (!err) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

static int64_t created(const char *dir)
{
	char path[SESSION_PATH + 16];
	struct session_control control = {0};
	int fd;

	snprintf(path, sizeof(path), "%s/control", dir);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, &control, sizeof(control)) != sizeof(control) || control.magic != SESSION_MAGIC)
		control.created_monotonic = 0;
	close(fd);
	return control.created_monotonic;
}

static size_t add(struct live_session *out, size_t n, size_t most, const char *dir)
{
	struct live_session s;
	size_t at;
	int fd;

	if (n == most || strlen(dir) >= sizeof(s.dir))
		return n;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(out[i].dir, dir))
			return n;
	fd = connect_to(dir);
	if (fd < 0)
		return n;
	close(fd);
	snprintf(s.dir, sizeof(s.dir), "%s", dir);
	s.created = created(dir);
	for (at = n; at && out[at - 1].created < s.created; at--)
		out[at] = out[at - 1];
	out[at] = s;
	return n + 1;
}

static size_t scan(struct live_session *out, size_t n, size_t most, const char *parent)
{
	char own[40], path[SESSION_PATH];
	struct dirent *entry;
	DIR *dir = opendir(parent);

	snprintf(own, sizeof(own), "cuflight-%lu", (unsigned long)geteuid());
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "cuflight-run-", 13) && strcmp(entry->d_name, own))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) < (int)sizeof(path))
			n = add(out, n, most, path);
	}
	if (dir)
		closedir(dir);
	return n;
}

size_t request_find(struct live_session *out, size_t most)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *dir = getenv("CUFLIGHT_DIR");
	size_t n = 0;

	if (dir && *dir)
		n = add(out, n, most, dir);
	if (runtime && *runtime == '/')
		n = scan(out, n, most, runtime);
	return scan(out, n, most, "/tmp");
}

int request_session(const char *wanted, char *dir, size_t size)
{
	static struct live_session sessions[REQUEST_SESSIONS];
	const char *own = getenv("CUFLIGHT_DIR");
	size_t n, length;

	if (!wanted && own && *own)
		wanted = own;
	if (wanted && strchr(wanted, '/')) {
		snprintf(dir, size, "%s", wanted);
		return 0;
	}
	n = request_find(sessions, REQUEST_SESSIONS);
	length = wanted ? strlen(wanted) : 0;
	for (size_t i = 0; i < n; i++) {
		const char *name = sessions[i].dir;

		if (wanted && strlen(name) > length && !strcmp(name + strlen(name) - length, wanted)) {
			snprintf(dir, size, "%s", name);
			return 0;
		}
	}
	if (wanted)
		return fail("no live session %s; `cuflight status` lists them", wanted);
	if (!n)
		return fail("no session is being recorded: `cuflight run -- CMD` or `cuflight collect` makes "
			    "one");
	snprintf(dir, size, "%s", sessions[0].dir);
	if (n > 1) {
		message("%zu sessions are being recorded; this is the newest, %s. The others:", n, dir);
		for (size_t i = 1; i < n; i++)
			message("  %s", sessions[i].dir);
	}
	return 0;
}

static int append(char **json, size_t *used, const char *text, size_t length)
{
	char *grown = json ? realloc(*json, *used + length + 1) : NULL;

	if (!grown)
		return json ? -ENOMEM : 0;
	memcpy(grown + *used, text, length);
	*used += length;
	grown[*used] = '\0';
	*json = grown;
	return 0;
}

int request_send(const char *dir, const struct session_request *request, char **json, char *last, size_t size)
{
	struct session_reply reply;
	int err = 0, fd = connect_to(dir);
	size_t used = 0;
	bool end = false;

	snprintf(last, size, "no collector serves %s", dir);
	if (fd < 0)
		return fd == -ENOENT || fd == -ECONNREFUSED ? -ESRCH : fd;
	if (send(fd, request, sizeof(*request), MSG_NOSIGNAL) != sizeof(*request))
		err = -errno;
	while (!err && !end) {
		ssize_t n = recv(fd, &reply, sizeof(reply), 0);

		if (n != sizeof(reply) || reply.length > sizeof(reply.text)) {
			snprintf(last, size, "%s",
				 n < 0 ? "the collector does not answer" : "the collector has gone away");
			err = -EPIPE;
			break;
		}
		end = reply.kind == REPLY_END;
		if (end) {
			snprintf(last, size, "%.*s", (int)reply.length, reply.text);
			err = reply.status ? -abs(reply.status) : 0;
		} else if (reply.kind == REPLY_TEXT) {
			message("%.*s", (int)reply.length, reply.text);
		} else if (reply.kind == REPLY_JSON) {
			err = append(json, &used, reply.text, reply.length);
		}
	}
	close(fd);
	return err;
}
