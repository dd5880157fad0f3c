/*
 * recorder.c: the loop around the drain: new processes, rounds whose pace follows the data, what can go
 * wrong.
 */
#include "collector/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/message.h"

/* Between two rounds, ms. Ten busy GPUs fill a ring of 8 MB in seconds. */
#define PACE_BEHIND   1
#define PACE_FLOW     5
#define PACE_IDLE     50
#define PACE_EMPTY    200 /* nobody to drain; a new process wakes the poll */

#define MAX_LOG_LINES 20

int recorder_open(struct recorder *r, const struct output_name *name, uint64_t max_size)
{
	int err;

	r->timeout_ms = PACE_FLOW;
	r->opened = clock_now(CLOCK_REALTIME);
	r->output = output_name_create(name, &r->place);
	if (r->output < 0) {
		const char *path = r->place.path ? r->place.path : name->pattern;

		if (r->output == -EEXIST && name->force)
			fail("%s exists already and is no file that --force could replace", path);
		else if (r->output == -EEXIST)
			fail("%s exists already; --force replaces it, %%n in the name numbers it", path);
		else
			fail("cannot create %s: %s; -o NAME puts it elsewhere", path, strerror(-r->output));
		r->output = -1;
		return EXIT_FAILURE;
	}
	r->control = (struct control){.drain = &r->drain, .dir = r->session.dir};
	err = drain_open(&r->drain, r->output, r->session.control->session, max_size);
	if (!err)
		return 0;
	fail("cannot write %s: %s", r->place.path, strerror(-err));
	output_place_discard(&r->place);
	close(r->output);
	r->output = -1;
	return EXIT_FAILURE;
}

void recorder_keep(struct recorder *r)
{
	int err = output_place_keep(&r->place);

	if (err)
		message("the old file cannot be replaced: %s; the recording is %s", strerror(-err),
			r->place.path);
}

void recorder_session_facts(struct recorder *r, char *const *command)
{
	char host[256] = "", *joined = NULL;
	struct facts facts = {0};
	size_t length = 0;
	FILE *out = command ? open_memstream(&joined, &length) : NULL;

	if (out) {
		for (; *command; command++)
			fwrite(*command, 1, strlen(*command) + (command[1] != NULL), out);
		fclose(out);
		facts_add(&facts, "command", joined, length);
		free(joined);
	}
	gethostname(host, sizeof(host) - 1);
	facts_format(&facts, "host", "%s", host);
	facts_format(&facts, "started", "%lld", (long long)clock_now(CLOCK_REALTIME));
	facts_format(&facts, "cuflight_version", "%s", CUFLIGHT_VERSION);
	drain_session_facts(&r->drain, &facts);
	facts_free(&facts);
}

static void tell_why_not(const struct peer *peer, const char *why)
{
	char name[64];

	proc_name(peer->pid, name, sizeof(name));
	message("process %d (%s) is not recorded: %s", (int)peer->pid, name, why);
}

static void accept_connections(struct recorder *r)
{
	int fd = 0;

	while (r->connection_count < RECORDER_CONNECTIONS && fd >= 0) {
		fd = accept4(r->session.socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			r->connections[r->connection_count++] = fd;
	}
	/* A socket that cannot be accepted from, for want of descriptors, would only keep us from sleeping.
	 */
	r->listening = r->connection_count < RECORDER_CONNECTIONS && errno == EAGAIN;
}

static void receive_hellos(struct recorder *r)
{
	char why[160];

	for (size_t i = 0; i < r->connection_count;) {
		struct peer peer;
		int err;

		if (control_serve(&r->control, r->connections[i], r->place.path)) {
			close(r->connections[i]);
			r->connections[i] = r->connections[--r->connection_count];
			continue;
		}
		err = peer_receive(r->connections[i], &peer, why, sizeof(why));
		if (err == -EAGAIN) {
			i++;
			continue;
		}
		close(r->connections[i]);
		r->connections[i] = r->connections[--r->connection_count];
		if (!err)
			err = drain_add(&r->drain, &peer);
		else if (err != -ECONNRESET)
			tell_why_not(&peer, why);
		if (err == -ENOMEM)
			tell_why_not(&peer, "the collector has no memory");
	}
}

/* PID-STARTTIME.ring, of the process wanted? */
static bool is_wanted(const struct recorder *r, const char *name)
{
	size_t length = strlen(name);

	if (length < 6 || strcmp(name + length - 5, ".ring"))
		return false;
	return !r->only_pid || strtol(name, NULL, 10) == r->only_pid;
}

size_t recorder_scan_files(struct recorder *r)
{
	int fd = openat(r->session.rings_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char why[160];
	size_t added = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		struct peer peer;
		int err;

		if (!is_wanted(r, entry->d_name) || drain_has_file(&r->drain, entry->d_name))
			continue;
		err = peer_open_file(r->session.rings_fd, entry->d_name, &peer, why, sizeof(why));
		if (!err && !drain_add(&r->drain, &peer))
			added++;
		else if (err && err != -EAGAIN && !r->told_files)
			message("%s/rings/%s is left alone: %s", r->session.dir, entry->d_name, why);
	}
	r->told_files = true;
	closedir(dir);
	return added;
}

/* A line begins with the time, in seconds. What was said just now is told without it. */
static void tell_line(const struct recorder *r, const char *line)
{
	time_t seconds = (time_t)strtoll(line, NULL, 10);
	struct tm tm;
	char time[32] = "";

	if (seconds < r->opened / NS_PER_S && localtime_r(&seconds, &tm))
		strftime(time, sizeof(time), "%Y-%m-%d %H:%M:%S ", &tm);
	message("%s%s", time, line + strspn(line, "0123456789. "));
}

void recorder_tell_log(struct recorder *r)
{
	char *text = session_log(&r->session), *rest = text, *line, key[32];
	struct facts facts = {0};

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		r->log_lines++;
		if (r->log_lines <= MAX_LOG_LINES) {
			tell_line(r, line);
			snprintf(key, sizeof(key), "log.%zu", r->log_lines);
			facts_add(&facts, key, line, strlen(line));
		} else if (r->log_lines == MAX_LOG_LINES + 1) {
			message("the recorded processes had more to say; %d lines are kept", MAX_LOG_LINES);
		}
	}
	drain_session_facts(&r->drain, &facts);
	facts_free(&facts);
	free(text);
}

static void tell_error(struct recorder *r)
{
	int err = r->drain.writer.error;

	if (!err || r->told_error)
		return;
	r->told_error = true;
	if (err == TRACE_FULL)
		message("%s has reached --max-size; what is recorded from here on is counted as lost",
			r->place.path);
	else
		message("cannot write %s any more: %s; the program goes on, what is recorded from here on is "
			"lost",
			r->place.path, strerror(-err));
}

/* What is looked at once a second. */
static void keep_house(struct recorder *r)
{
	int64_t now = clock_now(CLOCK_MONOTONIC);
	struct stat st;

	if (now - r->last_keeping < NS_PER_S)
		return;
	r->last_keeping = now;
	recorder_tell_log(r);
	if (session_has_vanished(&r->session))
		message("%s was removed: programs that start from now on are not recorded", r->session.dir);
	if (!r->session.vanished)
		recorder_scan_files(r);
	/* Nobody will ever read what is written to a file without a name. */
	if (!r->drain.writer.error && !fstat(r->output, &st) && !st.st_nlink)
		r->drain.writer.error = -ENOENT;
	tell_error(r);
}

static void round_trip(struct recorder *r)
{
	struct source_pass pass = drain_pass(&r->drain);

	if (pass.behind)
		r->timeout_ms = PACE_BEHIND;
	else if (pass.bytes)
		r->timeout_ms = PACE_FLOW;
	else if (!r->drain.live)
		r->timeout_ms = PACE_EMPTY;
	else if (r->timeout_ms < PACE_IDLE)
		r->timeout_ms = r->timeout_ms * 2 < PACE_IDLE ? r->timeout_ms * 2 : PACE_IDLE;
	else
		r->timeout_ms = PACE_IDLE;
	tell_error(r);
}

void recorder_step(struct recorder *r, struct pollfd *also)
{
	struct pollfd fds[RECORDER_CONNECTIONS + 2];
	nfds_t n = 0;

	fds[n++] = *also;
	fds[n++] = (struct pollfd){.fd = r->listening ? r->session.socket : -1, .events = POLLIN};
	for (size_t i = 0; i < r->connection_count; i++)
		fds[n++] = (struct pollfd){.fd = r->connections[i], .events = POLLIN};
	if (poll(fds, n, r->timeout_ms) < 0)
		for (nfds_t i = 0; i < n; i++)
			fds[i].revents = 0;
	also->revents = fds[0].revents;
	accept_connections(r);
	receive_hellos(r);
	round_trip(r);
	keep_house(r);
}

/* Ring files of ended processes go, if all that was in them is in the trace file. */
static void remove_ring_files(struct recorder *r, bool all_written)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->drain.count; i++) {
		const struct source *s = r->drain.sources[i];

		/* One that was cut short is of no use to anybody, be its process there or not. */
		if (!s->peer.name[0] || (!s->cut_short && !strcmp(s->end, "running")))
			continue;
		if (all_written || s->cut_short)
			unlinkat(r->session.rings_fd, s->peer.name, 0);
		else
			kept++;
	}
	if (kept)
		message("what did not get into %s is still in %s/rings", r->place.path, r->session.dir);
}

void recorder_last_round(struct recorder *r)
{
	size_t waiting;

	/* Processes that came and went since the last round; those that came and say nothing are left. */
	do {
		accept_connections(r);
		waiting = r->connection_count;
		receive_hellos(r);
	} while (r->connection_count < waiting);
	if (!r->session.vanished)
		recorder_scan_files(r);
	drain_pass(&r->drain);
	recorder_tell_log(r);
	tell_error(r);
}

int recorder_finish(struct recorder *r, bool recording)
{
	int err;

	control_stop(&r->control, "control");
	err = drain_finish(&r->drain);
	tell_error(r);
	if (err)
		message("%s has no index: %s; it can be read all the same", r->place.path, strerror(-err));
	remove_ring_files(r, !err && !r->drain.writer.error);
	session_close(&r->session, recording);
	return err || (r->drain.writer.error && r->drain.writer.error != TRACE_FULL) ? EXIT_FAILURE
										     : EXIT_SUCCESS;
}

void recorder_close(struct recorder *r)
{
	for (size_t i = 0; i < r->connection_count; i++)
		close(r->connections[i]);
	r->connection_count = 0;
	drain_close(&r->drain);
	if (r->output >= 0)
		close(r->output);
	r->output = -1;
	output_place_free(&r->place);
}
