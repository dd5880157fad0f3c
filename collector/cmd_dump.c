/*
 * cmd_dump.c: `cuflight dump`: what processes hold in memory at this moment, into a file of its own. They go
 * on as before.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/command.h"
#include "collector/drain.h"
#include "collector/message.h"
#include "collector/peek.h"
#include "collector/recording_options.h"
#include "collector/request.h"
#include "collector/summary.h"

const char dump_usage[] = "Usage: cuflight dump [--last TIME] [options] [SESSION | PID]\n"
			  "\n"
			  "Saves what the flight recorders of a session hold at this moment: processes that "
			  "run with libcuflight.so\n"
			  "preloaded and no collector keep their newest records in memory. They are not "
			  "disturbed and go on recording;\n"
			  "one that hangs is read all the same, up to what its GPU had finished. With a "
			  "collector, which writes everything\n"
			  "into its file already, that file is brought up to date and named.\n"
			  "\n"
			  "  -l, --last TIME      only what happened in the last 500ms, 30s, 5m ...; "
			  "default: all there is\n" RECORDING_USAGE "\n"
			  "SESSION is a session directory; default: $CUFLIGHT_DIR, else the one that the "
			  "library uses by itself,\n"
			  "${XDG_RUNTIME_DIR:-/tmp}/cuflight-UID. PID: only this process of it.\n";

struct dump {
	struct recording_options options;
	int64_t last; /* ns, 0: all */
	pid_t only;
	char dir[SESSION_PATH];
	struct drain drain;
	struct output_place place;
};

static int parse_time(const char *text, int64_t *ns)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = {{"ms", NS_PER_MS}, {"s", NS_PER_S}, {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
	char *end;
	double value = strtod(text, &end);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (end != text && !strcmp(end, units[i].unit) && value > 0 && value < 1e6) {
			*ns = (int64_t)(value * (double)units[i].ns);
			return 0;
		}
	return -EINVAL;
}

static int parse(struct dump *d, int argc, char **argv)
{
	static const struct option options[] = {
		RECORDING_OPTIONS, {"last", required_argument, NULL, 'l'}, {0}};
	int c, status = 0;

	while (!status && (c = next_option(argc, argv, "l:" RECORDING_LETTERS, options)) != -1) {
		if (c != 'l')
			status = recording_option(&d->options, "dump", c);
		else if (parse_time(optarg, &d->last))
			status = fail_usage("dump", "--last %s: a time like 500ms, 30s or 5m is needed",
					    optarg);
	}
	if (!status && argc - optind > 1)
		status = fail_usage("dump", "one session or process at a time");
	return status ? status : recording_options_check(&d->options, "dump");
}

static bool has_rings(const char *dir)
{
	char path[SESSION_PATH + 8];
	struct dirent *entry;
	bool found = false;
	DIR *rings;

	snprintf(path, sizeof(path), "%s/rings", dir);
	rings = opendir(path);
	while (rings && !found && (entry = readdir(rings)))
		found = entry->d_name[0] != '.';
	if (rings)
		closedir(rings);
	return found;
}

static void find_dir(struct dump *d, const char *target)
{
	struct live_session live;
	const char *own = getenv("CUFLIGHT_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");

	if (target && strspn(target, "0123456789") == strlen(target)) {
		d->only = (pid_t)strtol(target, NULL, 10);
		target = NULL;
	}
	if (!target && own && *own)
		target = own;
	if (target) {
		snprintf(d->dir, sizeof(d->dir), "%s", target);
		return;
	}
	snprintf(d->dir, sizeof(d->dir), "%s/cuflight-%lu", runtime && *runtime == '/' ? runtime : "/tmp",
		 (unsigned long)geteuid());
	/* The variable may not have been set where the processes were started. */
	if (has_rings(d->dir))
		return;
	if (!d->only && request_find(&live, 1)) {
		snprintf(d->dir, sizeof(d->dir), "%s", live.dir);
	} else {
		snprintf(d->dir, sizeof(d->dir), "/tmp/cuflight-%lu", (unsigned long)geteuid());
	}
}

/* All rings of the directory, which must be ours and closed to others. 0 or an exit status. */
static int open_rings(struct dump *d)
{
	int dir_fd = open(d->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	struct dirent *entry;
	struct stat st;
	char why[160];
	DIR *dir = NULL;

	if (dir_fd < 0 || fstat(dir_fd, &st)) {
		if (dir_fd >= 0)
			close(dir_fd);
		return fail("%s: %s; no process has left anything there", d->dir, strerror(errno));
	}
	if (st.st_uid == geteuid() && !(st.st_mode & 077))
		fd = openat(dir_fd, "rings", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	else
		message("%s must belong to you and be closed to others (chmod 700)", d->dir);
	close(dir_fd);
	if (fd >= 0)
		dir = fdopendir(fd);
	while (dir && (entry = readdir(dir))) {
		struct peer peer;

		if (entry->d_name[0] == '.' || (d->only && strtol(entry->d_name, NULL, 10) != d->only))
			continue;
		if (peer_open_file(fd, entry->d_name, &peer, why, sizeof(why)))
			message("%s/rings/%s is left alone: %s", d->dir, entry->d_name, why);
		else
			drain_add(&d->drain, &peer);
	}
	if (dir)
		closedir(dir);
	return d->drain.count ? 0 : fail("no process records in %s", d->dir);
}

static int write_dump(struct dump *d)
{
	int64_t now = clock_now(CLOCK_MONOTONIC);
	struct facts facts = {0};
	uint64_t session = 0;
	int err, status, fd;

	d->options.name.pid = d->only ? d->only : getpid();
	fd = output_name_create(&d->options.name, &d->place);
	if (fd < 0)
		return fail("cannot create %s: %s", d->place.path ? d->place.path : d->options.name.pattern,
			    strerror(-fd));
	if (getrandom(&session, sizeof(session), 0) < 0)
		session = (uint64_t)now;
	err = drain_open(&d->drain, fd, session, d->options.max_size);
	if (err) {
		status = fail("cannot write %s: %s", d->place.path, strerror(-err));
		goto out;
	}
	d->drain.peek = true;
	status = open_rings(d);
	if (status)
		goto out;
	facts_format(&facts, "started", "%lld", (long long)clock_now(CLOCK_REALTIME));
	facts_format(&facts, "cuflight_version", "%s", CUFLIGHT_VERSION);
	facts_format(&facts, "dump", "%s", d->dir);
	drain_session_facts(&d->drain, &facts);
	facts_free(&facts);
	peek_all(&d->drain, d->last ? now - d->last : INT64_MIN);
	err = trace_writer_finish(&d->drain.writer);
	if (err || (d->drain.writer.error && d->drain.writer.error != TRACE_FULL))
		status = fail("%s is not whole: %s", d->place.path,
			      strerror(err ? -err : -d->drain.writer.error));
	else if ((err = output_place_keep(&d->place)))
		status = fail("%s: %s", d->place.path, strerror(-err));
out:
	if (status)
		output_place_discard(&d->place);
	drain_close(&d->drain);
	close(fd);
	return status;
}

int command_dump(int argc, char **argv)
{
	struct dump d = {.options = RECORDING_DEFAULTS};
	struct session_request request = {
		.magic = SESSION_REQUEST_MAGIC, .abi = SESSION_ABI, .operation = SESSION_DUMP};
	char last[1024];
	int err, status = parse(&d, argc, argv);

	if (status)
		return status;
	find_dir(&d, argv[optind]);
	err = request_send(d.dir, &request, NULL, last, sizeof(last));
	if (!err) {
		message("a collector writes this session into its file");
		d.place.path = strdup(last);
	} else {
		status = write_dump(&d);
	}
	if (!status && d.options.summary && d.place.path)
		status = summary_print(d.place.path, stderr);
	else if (!status && !d.options.quiet && d.place.path)
		message("the recording is %s", d.place.path);
	output_place_free(&d.place);
	return status;
}
