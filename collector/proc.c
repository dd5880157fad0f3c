/*
 * proc.c: reading /proc.
 */
#include "collector/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t proc_read(pid_t pid, const char *name, void *buf, size_t size)
{
	char path[64];
	size_t done = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, (char *)buf + done, size - done);
		if (n > 0)
			done += (size_t)n;
	} while (done < size && (n > 0 || (n < 0 && errno == EINTR)));
	n = n < 0 && !done ? -errno : (ssize_t)done;
	close(fd);
	return n;
}

int proc_stat(pid_t pid, struct proc_stat *out)
{
	char text[1024], *open_at, *close_at, *field;
	ssize_t n = proc_read(pid, "stat", text, sizeof(text) - 1);

	if (n < 0)
		return (int)n;
	text[n] = '\0';
	/* The name stands in parentheses and may hold any character, ")" too. */
	open_at = strchr(text, '(');
	close_at = strrchr(text, ')');
	if (!open_at || !close_at || close_at < open_at)
		return -EBADMSG;
	*close_at = '\0';
	*out = (struct proc_stat){.pid = pid};
	snprintf(out->name, sizeof(out->name), "%s", open_at + 1);
	field = close_at + 1;
	/* Fields by their numbers in proc(5). */
	for (int number = 3; number <= 52 && (field = strchr(field, ' ')); number++) {
		field++;
		if (number == 3)
			out->state = *field;
		else if (number == 4)
			out->parent = (pid_t)strtol(field, NULL, 10);
		else if (number == 22)
			out->start_time = strtoull(field, NULL, 10);
		else if (number == 28)
			out->start_stack = strtoull(field, NULL, 10);
		else if (number == 52)
			out->exit_code = (int)strtol(field, NULL, 10);
	}
	return out->start_time ? 0 : -EBADMSG;
}

bool proc_is_dying(pid_t pid)
{
	char text[8192], *line;
	ssize_t n = proc_read(pid, "status", text, sizeof(text) - 1);

	if (n <= 0)
		return true;
	text[n] = '\0';
	line = strstr(text, "\nState:");
	if (line && strspn(line + 7, " \t") && strchr("ZX", line[7 + strspn(line + 7, " \t")]))
		return true;
	/* The kernel ends the other threads of a process by a SIGKILL to each. */
	line = strstr(text, "\nSigPnd:");
	return line && strtoull(line + 8, NULL, 16) & 1ull << (SIGKILL - 1);
}

void proc_name(pid_t pid, char *out, size_t size)
{
	char link[32], path[PATH_MAX];
	struct proc_stat st;
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n > 0) {
		path[n] = '\0';
		base = strrchr(path, '/');
		snprintf(out, size, "%s", base ? base + 1 : path);
	} else {
		snprintf(out, size, "%s", proc_stat(pid, &st) ? "?" : st.name);
	}
}

void user_name(uid_t uid, char *out, size_t size)
{
	FILE *passwd = fopen("/etc/passwd", "re");
	char line[1024], name[64];
	unsigned long number;

	snprintf(out, size, "%lu", (unsigned long)uid);
	while (passwd && fgets(line, sizeof(line), passwd))
		if (sscanf(line, "%63[^:]:%*[^:]:%lu:", name, &number) == 2 && number == uid) {
			snprintf(out, size, "%s", name);
			break;
		}
	if (passwd)
		fclose(passwd);
}

bool proc_title(pid_t pid, char *out, size_t size)
{
	char exe[64], line[256];
	ssize_t n;

	proc_name(pid, exe, sizeof(exe));
	n = proc_read(pid, "cmdline", line, sizeof(line) - 1);
	if (n <= 0 || strncmp(exe, "python", 6))
		return false;
	line[n] = '\0';
	/* Otherwise its first word is the interpreter. */
	if (!*line || strchr(line, '/') || !strncmp(line, "python", 6))
		return false;
	snprintf(out, size, "%s", line);
	return true;
}

ssize_t proc_all(struct proc_stat **out)
{
	struct proc_stat *all = NULL;
	size_t n = 0, capacity = 0;
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (n == capacity) {
			struct proc_stat *grown;

			capacity = capacity ? capacity * 2 : 256;
			grown = realloc(all, capacity * sizeof(*all));
			if (!grown) {
				free(all);
				closedir(dir);
				return -ENOMEM;
			}
			all = grown;
		}
		if (!proc_stat((pid_t)strtol(entry->d_name, NULL, 10), &all[n]))
			n++;
	}
	closedir(dir);
	*out = all;
	return (ssize_t)n;
}
