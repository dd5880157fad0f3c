/*
 * cmd_clean.c: `cuflight clean`: removes what processes and collectors that are gone have left: ring files
 * and session directories.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/message.h"
#include "collector/options.h"
#include "collector/peer.h"
#include "collector/proc.h"
#include "collector/request.h"

const char clean_usage[] = "Usage: cuflight clean [--dry-run] [DIR]...\n"
			   "\n"
			   "Removes ring files of your processes that are gone (`cuflight collect` saves "
			   "what is in them first), and session\n"
			   "directories that no collector serves and no ring is left in. Default: where "
			   "`cuflight run` and the library make\n"
			   "them, $XDG_RUNTIME_DIR and /tmp. Trace files are never touched.\n"
			   "\n"
			   "  -n, --dry-run        only say what would be removed\n";

struct clean {
	bool dry;
	size_t removed;
};

/* Is the process of this ring there no more? One of another pid namespace says itself how it ended. */
static bool is_over(int rings_fd, const char *name)
{
	struct peer peer;
	struct proc_stat st;
	char why[160];
	bool over;

	if (peer_open_file(rings_fd, name, &peer, why, sizeof(why)))
		return false;
	over = load_acquire(&peer.ring.header->state) == RING_CLOSED || ring_owner_died(&peer.ring);
	if (!over && peer.pid)
		over = proc_stat(peer.pid, &st) || st.state == 'Z' ||
		       st.start_time != load_relaxed(&peer.ring.header->start_time);
	peer_unmap(&peer);
	return over;
}

static void tell(struct clean *c, const char *dir, const char *name)
{
	message("%s %s%s", c->dry ? "would remove" : "removed", dir, name);
	c->removed++;
}

/* Returns how many rings stay. */
static size_t clean_rings(struct clean *c, const char *path, int dir_fd)
{
	int fd = openat(dir_fd, "rings", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char name[300];
	struct dirent *entry;
	size_t left = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "/rings/%s", entry->d_name);
		if (!is_over(fd, entry->d_name) || (!c->dry && unlinkat(fd, entry->d_name, 0)))
			left++;
		else
			tell(c, path, name);
	}
	if (dir)
		closedir(dir);
	return left;
}

static void remove_session(struct clean *c, const char *path, int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (!c->dry && dir && (entry = readdir(dir)))
		if (!strcmp(entry->d_name, "control") || !strcmp(entry->d_name, "log") ||
		    !strcmp(entry->d_name, "socket") || !strncmp(entry->d_name, "told-", 5))
			unlinkat(dir_fd, entry->d_name, 0);
	if (dir)
		closedir(dir);
	if (c->dry || ((!unlinkat(dir_fd, "rings", AT_REMOVEDIR) || errno == ENOENT) && !rmdir(path)))
		tell(c, path, "");
}

static void clean_session(struct clean *c, const char *path)
{
	struct session_request nothing = {
		.magic = SESSION_REQUEST_MAGIC, .abi = SESSION_ABI, .operation = SESSION_STATUS};
	int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char last[1024], *json = NULL;
	struct stat st;

	if (dir_fd < 0)
		return;
	/* Ours, closed to others, and served by nobody. */
	if (!fstat(dir_fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 077) &&
	    request_send(path, &nothing, &json, last, sizeof(last)) == -ESRCH &&
	    !clean_rings(c, path, dir_fd))
		remove_session(c, path, dir_fd);
	free(json);
	close(dir_fd);
}

static void clean_place(struct clean *c, const char *parent)
{
	char own[40], path[SESSION_PATH];
	struct dirent *entry;
	DIR *dir = opendir(parent);

	snprintf(own, sizeof(own), "cuflight-%lu", (unsigned long)geteuid());
	while (dir && (entry = readdir(dir)))
		if ((!strncmp(entry->d_name, "cuflight-run-", 13) || !strcmp(entry->d_name, own)) &&
		    snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) < (int)sizeof(path))
			clean_session(c, path);
	if (dir)
		closedir(dir);
}

int command_clean(int argc, char **argv)
{
	static const struct option options[] = {{"dry-run", no_argument, NULL, 'n'}, {0}};
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct clean c = {0};
	int option;

	while ((option = next_option(argc, argv, "n", options)) != -1) {
		if (option != 'n')
			return EXIT_USAGE;
		c.dry = true;
	}
	for (int i = optind; i < argc; i++)
		clean_session(&c, argv[i]);
	if (optind == argc) {
		if (runtime && *runtime == '/')
			clean_place(&c, runtime);
		clean_place(&c, "/tmp");
	}
	if (!c.removed)
		message("nothing is left of processes that are gone");
	return 0;
}
