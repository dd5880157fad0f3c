/*
 * watch.c: descendants of the collector (it is their subreaper, so orphans stay descendants) and what they
 * have mapped.
 */
#include "collector/watch.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/library.h"
#include "collector/message.h"
#include "collector/proc.h"

#define SCAN_INTERVAL (250 * NS_PER_MS)
/* A scan that takes t is repeated after t times this: often at first, since many programs start then. */
#define SCAN_SHARE_FIRST 20
#define SCAN_SHARE	 100
#define FIRST_SCANS	 100
#define LOOK_FIRST	 (250 * NS_PER_MS)
#define LOOK_LAST	 (30 * NS_PER_S) /* intervals between two looks at one process double up to this */
#define MAX_WATCHED	 4096
#define MAX_TOLD	 8

enum mapped {
	MAPPED_CUDA = 1,
	MAPPED_LIBRARY = 2,
};

struct watched {
	struct proc_stat stat;
	char name[64];
	int64_t next_look, interval;
	bool cuda;	 /* has libcuda mapped */
	bool library;	 /* and ours */
	char cause[160]; /* why ours is not there, "" unknown */
};

/* Which of the two libraries a process has mapped: a sum of enum mapped, or -errno. */
static int look_at_maps(pid_t pid)
{
	char path[32], line[4352];
	int mapped = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps) && mapped != (MAPPED_CUDA | MAPPED_LIBRARY)) {
		if (strstr(line, "/libcuda.so"))
			mapped |= MAPPED_CUDA;
		if (strstr(line, "/" LIBRARY_NAME))
			mapped |= MAPPED_LIBRARY;
	}
	fclose(maps);
	return mapped;
}

/* AT_SECURE: the kernel started it with more rights than its caller had. */
static bool is_secure(pid_t pid)
{
	Elf64_auxv_t auxv[64];
	ssize_t n = proc_read(pid, "auxv", auxv, sizeof(auxv));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(auxv[0]) && auxv[i].a_type != AT_NULL; i++)
		if (auxv[i].a_type == AT_SECURE)
			return auxv[i].a_un.a_val != 0;
	return false;
}

/* Does the environment that it was started with preload our library? True if that cannot be known. */
static bool is_preloaded(pid_t pid)
{
	static char environment[1 << 18];
	ssize_t n = proc_read(pid, "environ", environment, sizeof(environment) - 1);

	/* One that is longer than this was not read to its end. */
	if (n < 0 || n == sizeof(environment) - 1)
		return true;
	environment[n] = '\0';
	for (const char *p = environment; p < environment + n; p += strlen(p) + 1)
		if (!strncmp(p, "LD_PRELOAD=", 11))
			return strstr(p, LIBRARY_NAME) != NULL;
	return false;
}

static void find_cause(const struct watch *w, struct watched *e)
{
	char exe[32], seen[4352];
	const char *cause;
	struct stat st;

	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)e->stat.pid);
	snprintf(seen, sizeof(seen), "/proc/%d/root%s", (int)e->stat.pid, w->library);
	cause = library_cannot_enter(exe);
	if (!cause && is_secure(e->stat.pid))
		cause = "it was started with raised privileges: the loader ignores LD_PRELOAD for it";
	if (!cause && !is_preloaded(e->stat.pid))
		cause = "it was started with an environment of its own, without LD_PRELOAD";
	if (!cause && stat(seen, &st) && errno == ENOENT)
		cause = "it runs in a container or chroot in which the library's path does not exist";
	snprintf(e->cause, sizeof(e->cause), "%s", cause ? cause : "its loader did not take the library");
}

/* Look at one process. What was seen once stays: it may end before the next look. */
static void look(const struct watch *w, struct watched *e)
{
	int mapped = look_at_maps(e->stat.pid);

	if (mapped < 0)
		return;
	e->cuda |= (mapped & MAPPED_CUDA) != 0;
	e->library |= (mapped & MAPPED_LIBRARY) != 0;
	if (e->library)
		e->cause[0] = '\0';
	else if (!e->cause[0])
		find_cause(w, e);
}

/* Only those that loaded CUDA will ever be told about. */
static void forget_some(struct watch *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++)
		if (w->seen[i].cuda)
			w->seen[kept++] = w->seen[i];
	w->count = kept;
}

static struct watched *find_or_add(struct watch *w, const struct proc_stat *st, int64_t now)
{
	struct watched *e;

	for (size_t i = 0; i < w->count; i++) {
		e = &w->seen[i];
		if (e->stat.pid != st->pid || e->stat.start_time != st->start_time)
			continue;
		if (e->stat.start_stack == st->start_stack || !st->start_stack)
			return e;
		/* Another program since the last scan. That it had CUDA before is told even so. */
		if (!e->cuda)
			goto fresh;
	}
	if (w->count == MAX_WATCHED)
		forget_some(w);
	if (w->count == MAX_WATCHED)
		return NULL;
	if (w->count == w->capacity) {
		size_t capacity = w->capacity ? w->capacity * 2 : 64;
		struct watched *grown = realloc(w->seen, capacity * sizeof(*grown));

		if (!grown)
			return NULL;
		w->seen = grown;
		w->capacity = capacity;
	}
	e = &w->seen[w->count++];
fresh:
	*e = (struct watched){.stat = *st, .interval = LOOK_FIRST, .next_look = now + LOOK_FIRST / 2};
	proc_name(st->pid, e->name, sizeof(e->name));
	return e;
}

/* Moves the descendants of this process to the front of all[n]; returns how many there are. */
static size_t find_descendants(struct proc_stat *all, size_t n)
{
	size_t found = 0;

	/* all[0..found) are descendants, those before `parent` with all their children. */
	for (size_t parent = 0; parent <= found; parent++) {
		pid_t pid = parent ? all[parent - 1].pid : getpid();

		for (size_t i = found; i < n; i++)
			if (all[i].parent == pid) {
				struct proc_stat swap = all[i];

				all[i] = all[found];
				all[found++] = swap;
			}
	}
	return found;
}

void watch_step(struct watch *w, const struct drain *drain)
{
	int64_t now = clock_now(CLOCK_MONOTONIC), pause;
	struct proc_stat *all;
	ssize_t n;

	if (now < w->next)
		return;
	n = proc_all(&all);
	if (n >= 0) {
		n = (ssize_t)find_descendants(all, (size_t)n);
		for (ssize_t i = 0; i < n; i++) {
			struct watched *e = all[i].state == 'Z' ? NULL : find_or_add(w, &all[i], now);

			if (!e || now < e->next_look || drain_has_pid(drain, e->stat.pid))
				continue;
			look(w, e);
			e->next_look = now + e->interval;
			e->interval = e->interval * 2 < LOOK_LAST ? e->interval * 2 : LOOK_LAST;
		}
		free(all);
	}
	pause = clock_now(CLOCK_MONOTONIC) - now;
	pause *= w->scans++ < FIRST_SCANS ? SCAN_SHARE_FIRST : SCAN_SHARE;
	w->next = now + (pause > SCAN_INTERVAL ? pause : SCAN_INTERVAL);
}

size_t watch_explain(const struct watch *w, const struct drain *drain, struct facts *facts)
{
	char key[32];
	size_t n = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct watched *e = &w->seen[i];
		const char *cause = e->cause;

		if (!e->cuda || drain_has_pid(drain, e->stat.pid))
			continue;
		if (e->library) {
			/* Forked children of recorded programs look so too, and have nothing to record. */
			if (drain->count)
				continue;
			cause = "recording did not start in it: it never initialised CUDA, or a message "
				"above says why";
		}
		snprintf(key, sizeof(key), "unrecorded.%d", (int)e->stat.pid);
		facts_format(facts, key, "%s: %s", e->name, cause);
		if (n++ < MAX_TOLD)
			message("process %d (%s) loaded CUDA and was not recorded: %s", (int)e->stat.pid,
				e->name, cause);
	}
	if (n > MAX_TOLD)
		message("and %zu more processes like these", n - MAX_TOLD);
	return n;
}

void watch_free(struct watch *w)
{
	free(w->seen);
	w->seen = NULL;
	w->count = w->capacity = 0;
}
