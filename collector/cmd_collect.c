/*
 * cmd_collect.c: `cuflight collect`: record processes that were started with LD_PRELOAD alone, or take what
 * they left when they are gone.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/message.h"
#include "collector/proc.h"
#include "collector/recorder.h"
#include "collector/recording_options.h"
#include "collector/signals.h"
#include "collector/summary.h"

const char collect_usage[] = "Usage: cuflight collect [options] [DIR | PID]\n"
			     "\n"
			     "Records processes that run already with libcuflight.so preloaded and no "
			     "collector: they keep their newest\n"
			     "records in memory, which this writes to a file first; from then on nothing is "
			     "dropped. Ends at Ctrl-C, or when\n"
			     "all of them have ended. Takes also what processes left that are gone.\n"
			     "\n"
			     "DIR is the session directory, CUFLIGHT_DIR of the processes; default: "
			     "$CUFLIGHT_DIR, else one of those that\n"
			     "the library uses by itself: $XDG_RUNTIME_DIR/cuflight-UID and "
			     "/tmp/cuflight-UID. PID: only this process,\n"
			     "wherever its session is.\n"
			     "\n" RECORDING_USAGE "%p is PID if that is given, else the collector's own.\n";

struct collect {
	struct recording_options options;
	char dir[SESSION_PATH];	  /* the session's */
	char other[SESSION_PATH]; /* where it might have been too, or "" */
	struct recorder recorder;
};

/* The value of a variable in an environment as /proc has it, or NULL. */
static const char *find_variable(const char *environment, size_t size, const char *name)
{
	size_t length = strlen(name);

	for (size_t at = 0; at < size; at += strlen(environment + at) + 1)
		if (!strncmp(environment + at, name, length) && environment[at + length] == '=')
			return environment + at + length + 1;
	return NULL;
}

/* Where the library puts its rings when nothing is said: one place a user. */
static void default_dir(char *out, size_t size, const char *runtime, uid_t uid)
{
	snprintf(out, size, "%s/cuflight-%lu", runtime && *runtime == '/' ? runtime : "/tmp",
		 (unsigned long)uid);
}

/* How much there is to find in a session directory: 0 no directory, 1 nothing, 2 a log, 3 rings. */
static int rate_dir(const char *dir)
{
	char path[SESSION_PATH + 8];
	struct dirent *entry;
	struct stat st;
	int rating;
	DIR *rings;

	if (stat(dir, &st))
		return 0;
	snprintf(path, sizeof(path), "%s/log", dir);
	rating = !stat(path, &st) && st.st_size ? 2 : 1;
	snprintf(path, sizeof(path), "%s/rings", dir);
	rings = opendir(path);
	while (rings && (entry = readdir(rings)))
		if (entry->d_name[0] != '.')
			rating = 3;
	if (rings)
		closedir(rings);
	return rating;
}

/*
 * Processes may have been started with XDG_RUNTIME_DIR set where we have none, or the other way round
 * (logins, services, containers): both places are looked at.
 */
static int find_default_session(struct collect *c)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char user[40];
	int own, other;

	snprintf(user, sizeof(user), "/run/user/%lu", (unsigned long)geteuid());
	default_dir(c->dir, sizeof(c->dir), runtime && *runtime ? runtime : user, geteuid());
	default_dir(c->other, sizeof(c->other), NULL, geteuid());
	if (!strcmp(c->dir, c->other))
		c->other[0] = '\0';
	own = rate_dir(c->dir);
	other = *c->other ? rate_dir(c->other) : 0;
	if (!own && !other)
		return fail("no process has left anything in %s%s%s (`cuflight collect PID`: where a process "
			    "has it)",
			    c->dir, *c->other ? " or " : "", c->other);
	if (other > own) {
		char swap[SESSION_PATH];

		memcpy(swap, c->dir, sizeof(swap));
		memcpy(c->dir, c->other, sizeof(swap));
		memcpy(c->other, swap, sizeof(swap));
	} else if (own == 3 && other == 3) {
		message("collecting from %s; %s holds rings too", c->dir, c->other);
	}
	return 0;
}

/* The user as whom a process runs, or -errno. */
static int process_user(pid_t pid, uid_t *uid)
{
	char status[8192], *line;
	ssize_t n = proc_read(pid, "status", status, sizeof(status) - 1);

	if (n < 0)
		return (int)n;
	status[n] = '\0';
	line = strstr(status, "\nUid:");
	if (!line)
		return -EBADMSG;
	/* The second number is the effective one. */
	line += 5;
	strtoul(line, &line, 10);
	*uid = (uid_t)strtoul(line, NULL, 10);
	return 0;
}

/* A process's number in the innermost pid namespace that it is in. */
static pid_t inner_pid(pid_t pid)
{
	char status[8192], *line, *last;
	ssize_t n = proc_read(pid, "status", status, sizeof(status) - 1);

	if (n <= 0)
		return pid;
	status[n] = '\0';
	line = strstr(status, "\nNSpid:");
	if (!line)
		return pid;
	line += 7;
	line[strcspn(line, "\n")] = '\0';
	last = strrchr(line, '\t');
	return last ? (pid_t)strtol(last, NULL, 10) : pid;
}

/* The session of a running process, from the environment that it was started with. */
static int find_process_session(struct collect *c, pid_t pid)
{
	static char environment[1 << 20];
	char path[SESSION_PATH - 32], name[64];
	const char *dir;
	struct stat st;
	uid_t uid = geteuid();
	ssize_t n = process_user(pid, &uid);

	if (!n && uid != geteuid()) {
		/* Whose rings are mapped here could harm us, and what is written would be in nobody's hands.
		 */
		user_name(uid, name, sizeof(name));
		return fail("process %d belongs to user %s; as that user: sudo -u %s cuflight collect %d",
			    (int)pid, name, name, (int)pid);
	}
	if (!n)
		n = proc_read(pid, "environ", environment, sizeof(environment) - 1);
	if (n < 0)
		return fail("process %d: %s", (int)pid,
			    n == -ENOENT ? "there is no such process" : strerror((int)-n));
	environment[n] = '\0';
	dir = find_variable(environment, (size_t)n, "CUFLIGHT_DIR");
	snprintf(c->dir, sizeof(c->dir), "/proc/%d", (int)pid);
	if (dir && *dir)
		snprintf(path, sizeof(path), "%s", dir);
	else
		default_dir(path, sizeof(path), find_variable(environment, (size_t)n, "XDG_RUNTIME_DIR"),
			    uid);
	/* In a container the path means another place. */
	if (stat(path, &st))
		snprintf(c->dir, sizeof(c->dir), "/proc/%d/root%s", (int)pid, path);
	else
		snprintf(c->dir, sizeof(c->dir), "%s", path);
	c->recorder.only_pid = inner_pid(pid);
	c->options.name.pid = pid;
	return 0;
}

static int find_session(struct collect *c, const char *target)
{
	const char *dir = target ? target : getenv("CUFLIGHT_DIR");
	struct stat st;

	if (target && *target && strspn(target, "0123456789") == strlen(target)) {
		int status = find_process_session(c, (pid_t)strtol(target, NULL, 10));

		if (status)
			return status;
	} else if (dir && *dir) {
		snprintf(c->dir, sizeof(c->dir), "%s", dir);
	} else {
		return find_default_session(c);
	}
	if (stat(c->dir, &st))
		return fail("%s: %s; no process has left anything there", c->dir, strerror(errno));
	return 0;
}

/* Until somebody interrupts, or all have ended. */
static void record(struct collect *c, int signals)
{
	struct recorder *r = &c->recorder;
	struct pollfd poll = {.fd = signals, .events = POLLIN};

	if (!c->options.quiet)
		message("recording %zu process%s into %s (Ctrl-C ends it; they go on)", r->drain.count,
			r->drain.count == 1 ? "" : "es", r->place.path);
	do {
		recorder_step(r, &poll);
		/* What the file has no room for stays where it is. */
	} while (!poll.revents && r->drain.live && !r->drain.writer.error);
}

/* Each ring file is a descriptor, and there may be thousands of dead ones. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int collect(struct collect *c, int signals)
{
	struct recorder *r = &c->recorder;
	char why[SESSION_PATH + 160];
	int status;

	if (session_open(&r->session, c->dir, why, sizeof(why)))
		return fail("%s", why);
	status = recorder_open(r, &c->options.name, c->options.max_size);
	if (!status && !recorder_scan_files(r)) {
		output_place_discard(&r->place);
		recorder_tell_log(r);
		r->session.log_read = 0; /* for whoever asks again */
		status = fail(
			"%s%s%s holds no ring%s: nothing to collect%s", r->session.dir,
			*c->other ? ", like " : "", c->other, r->only_pid ? " of this process" : "",
			r->only_pid || !*c->other ? "" : " (`cuflight collect PID`: where a process has it)");
	}
	if (status) {
		session_close(&r->session, true);
		return status;
	}
	recorder_keep(r);
	recorder_session_facts(r, NULL);
	record(c, signals);
	recorder_last_round(r);
	status = recorder_finish(r, true);
	if (c->options.summary)
		summary_print(r->place.path, stderr);
	else if (!c->options.quiet)
		message("the recording is %s", r->place.path);
	return status;
}

int command_collect(int argc, char **argv)
{
	static const struct option options[] = {RECORDING_OPTIONS, {0}};
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP};
	struct collect c = {.options = RECORDING_DEFAULTS, .recorder = {.output = -1}};
	struct signals_before before;
	int letter, signals, status = 0;

	c.options.name.pid = getpid();
	while (!status && (letter = next_option(argc, argv, RECORDING_LETTERS, options)) != -1)
		status = recording_option(&c.options, "collect", letter);
	if (!status && argc - optind > 1)
		status = fail_usage("collect", "one directory or process at a time");
	if (!status)
		status = recording_options_check(&c.options, "collect");
	if (!status)
		status = find_session(&c, argv[optind]);
	if (status)
		return status;
	raise_descriptors();
	signals = signals_open(taken, sizeof(taken) / sizeof(taken[0]), &before);
	if (signals < 0)
		return fail("cannot take signals: %s", strerror(-signals));
	status = collect(&c, signals);
	recorder_close(&c.recorder);
	close(signals);
	return status;
}
