/*
 * cmd_run.c: `cuflight run`: start a program, record it and everything it starts, print a summary. To the
 * program it is as without us: its terminal, its output, its signals, its exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/capture_options.h"
#include "collector/child.h"
#include "collector/clock.h"
#include "collector/command.h"
#include "collector/library.h"
#include "collector/message.h"
#include "collector/recorder.h"
#include "collector/recording_options.h"
#include "collector/summary.h"
#include "collector/variables.h"
#include "collector/watch.h"
#include "wire/config.h"

const char run_usage[] =
	"Usage: cuflight run [options] [--] CMD [arguments]\n"
	"\n"
	"Starts CMD and records the CUDA and NVTX activity of it and of every process it starts, into one "
	"file.\n"
	"CMD's exit status is returned. Messages and the summary go to stderr, so that CMD's output stays "
	"its own.\n"
	"\n" RECORDING_USAGE "\n" CAPTURE_USAGE "\n"
	"Ctrl-C goes to CMD, as it would without cuflight; the recording is completed when CMD and all that "
	"it started\n"
	"have ended. Ctrl-C twice within 5 seconds, or two TERM: stop waiting. A TERM, HUP, USR1 or USR2 "
	"sent to "
	"cuflight\n"
	"is passed on to CMD.\n"
	"\n"
	"Exit status: CMD's, 128 + N if signal N ended it; 126 if CMD cannot be executed, 127 if it is not "
	"found;\n"
	"2 for a wrong call and 1 if recording could not be set up, with CMD not started in both cases.\n";

#define STATUS_CANNOT_EXECUTE 126
#define STATUS_NOT_FOUND      127
#define STATUS_SIGNAL	      128

#define AGAIN_WITHIN	      (5 * NS_PER_S)
#define MIN_MAX_SIZE	      (64u << 10)

struct run {
	struct recording_options options;
	char **argv;	   /* CMD */
	const char *outer; /* the session directory of the `run` that this one runs in, or NULL */

	bool flight; /* the newest is kept in memory, and saved when asked for */
	struct recorder recorder;
	struct watch watch;
	struct child child;
	struct signals_before before;
	int signals;	     /* signalfd */
	bool ended;	     /* CMD has */
	int status;	     /* exit status to return, once it has */
	int64_t ended_at;    /* CLOCK_MONOTONIC ns */
	int64_t interrupted; /* when an end was last asked for, the same; 0: never */
	bool told_wait;	     /* what is waited for */
	bool stop;	     /* waiting no longer */
	int stopped_by;	     /* the signal */
};

static int parse_options(struct run *r, int argc, char **argv)
{
	static const struct option options[] = {
		RECORDING_OPTIONS, CAPTURE_OPTIONS, {"help", no_argument, NULL, 'h'}, {0}};
	int c, status = 0;

	while (!status && (c = next_option(argc, argv, "+h" RECORDING_LETTERS, options)) != -1) {
		if (c == 'h') {
			fputs(run_usage, stdout);
			exit(fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS);
		}
		status = capture_option("run", c);
		if (status < 0)
			status = recording_option(&r->options, "run", c);
	}
	r->argv = argv + optind;
	if (!status && !r->argv[0])
		status = fail_usage("run", "which program? As in: cuflight run -- ./program");
	return status ? status : recording_options_check(&r->options, "run");
}

/* What the library would complain about in every process is told before the first one is started. */
static int check_variables(struct run *r)
{
	struct config config;
	char why[256];

	config_read(&config, environ);
	r->flight = config.mode == MODE_FLIGHT;
	variables_note_unknown();
	if (!config.bad.variable)
		return 0;
	config_complaint(&config, why, sizeof(why));
	return fail_usage("run", "%s", why);
}

static int open_session(struct run *r)
{
	const char *wanted = getenv("CUFLIGHT_DIR");
	char why[SESSION_PATH + 160];
	int err;

	err = session_open(&r->recorder.session, wanted && *wanted ? wanted : NULL, why, sizeof(why));
	if (err == -EBUSY) {
		/* `cuflight run` inside `cuflight run`: the inner one has a session of its own. */
		r->outer = wanted;
		if (!r->options.quiet)
			message("%s; this run has a session of its own", why);
		err = session_open(&r->recorder.session, NULL, why, sizeof(why));
	}
	return err ? fail("%s", why) : 0;
}

/* What can be seen before CMD starts. */
static void tell_obstacles(const char *command)
{
	char *program = library_find_program(command);
	const char *cause = program ? library_cannot_enter(program) : NULL;
	const char *other = getenv("CUDA_INJECTION64_PATH");

	if (cause)
		message("%s will not be recorded itself: %s", program, cause);
	free(program);
	if (other && *other && !strstr(other, LIBRARY_NAME))
		message("CUDA_INJECTION64_PATH=%s: CUDA is recorded by that tool and not by cuflight", other);
}

/* Fork, create the file, let CMD go. 0 or an exit status after saying why. */
static int start(struct run *r)
{
	char *program;
	int err, status;

	/* Orphans become our children: the tree has ended when there is no child left. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	err = child_start(&r->child, r->argv, r->watch.library, r->recorder.session.dir, &r->before);
	if (err)
		return fail("cannot start a process: %s", strerror(-err));
	r->options.name.pid = r->child.pid;
	status = recorder_open(&r->recorder, &r->options.name, r->options.max_size);
	if (status) {
		child_abandon(&r->child);
		message("%s was not started", r->argv[0]);
		return status;
	}
	r->recorder.drain.flight = r->flight;
	recorder_session_facts(&r->recorder, r->argv);
	tell_obstacles(r->argv[0]);
	err = child_go(&r->child);
	if (!err) {
		recorder_keep(&r->recorder);
		return 0;
	}
	/* Nothing was run, so there is nothing to keep. */
	output_place_discard(&r->recorder.place);
	program = library_find_program(r->argv[0]);
	if (err != -ENOENT)
		message("%s cannot be executed: %s", r->argv[0], strerror(-err));
	else if (program && !access(program, F_OK))
		message("%s cannot be executed: the interpreter or loader that it names is missing", program);
	else
		message("%s: no such program", r->argv[0]);
	free(program);
	return err == -ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

/* Whoever wants an end: CMD is told, or was by the terminal; with CMD gone, or asked twice, we wait no
 * longer. */
static void on_interrupt(struct run *r, int signal_number, int64_t now)
{
	bool again = r->interrupted && now - r->interrupted < AGAIN_WITHIN;

	if (r->ended || (signal_number != SIGHUP && again)) {
		r->stop = true;
		r->stopped_by = signal_number;
	}
	r->interrupted = now;
	r->told_wait = false;
}

static void take_signal(struct run *r, const struct signalfd_siginfo *info, int64_t now)
{
	int signal_number = (int)info->ssi_signo;
	bool from_process = info->ssi_code <= 0 && (pid_t)info->ssi_pid != r->child.pid;

	if (signal_number == SIGCHLD)
		return;
	if (signal_number == SIGINT || signal_number == SIGTERM || signal_number == SIGHUP)
		on_interrupt(r, signal_number, now);
	/* What the terminal sends it sends to CMD too; what another process sent to us was meant for CMD. */
	if (from_process && !r->ended)
		kill(r->child.pid, signal_number);
}

static void read_signals(struct run *r)
{
	int64_t now = clock_now(CLOCK_MONOTONIC);
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info))
		take_signal(r, &info, now);
}

/* False when no descendant is left. */
static bool reap(struct run *r)
{
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
		drain_reaped(&r->recorder.drain, pid, wait_status);
		if (pid != r->child.pid || r->ended)
			continue;
		r->ended = true;
		r->told_wait = false;
		r->ended_at = clock_now(CLOCK_MONOTONIC);
		r->status = WIFSIGNALED(wait_status) ? STATUS_SIGNAL + WTERMSIG(wait_status)
						     : WEXITSTATUS(wait_status);
	}
	return pid == 0;
}

/* Somebody who waits longer than a second is told for what. */
static void tell_waiting(struct run *r)
{
	int64_t now = clock_now(CLOCK_MONOTONIC);

	if (r->options.quiet || r->told_wait)
		return;
	if (r->ended && now - r->ended_at > NS_PER_S) {
		message("%s has ended; waiting for processes that it started (Ctrl-C: wait no longer)",
			r->argv[0]);
		r->told_wait = true;
	} else if (!r->ended && r->interrupted && now - r->interrupted > NS_PER_S) {
		message("waiting for %s to end (Ctrl-C twice: wait no longer)", r->argv[0]);
		r->told_wait = true;
	}
}

static void record(struct run *r)
{
	struct pollfd signals = {.fd = r->signals, .events = POLLIN};

	while (!r->stop && reap(r)) {
		recorder_step(&r->recorder, &signals);
		read_signals(r);
		watch_step(&r->watch, &r->recorder.drain);
		tell_waiting(r);
	}
}

/* Why there is nothing of CUDA in processes that were there; most of it comes in the log, when it happens. */
static void tell_off(const struct drain *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct source *s = d->sources[i];

		if (s->recording[0] && strcmp(s->recording, "on"))
			message("process %d (%s): recording %s", (int)s->peer.pid, s->name, s->recording);
	}
}

/* If there is little or nothing in the file, say why. Returns how many reasons are in the file. */
static size_t explain(struct run *r)
{
	struct drain *d = &r->recorder.drain;
	struct facts facts = {0};
	uint64_t records = 0;
	size_t missed;

	missed = watch_explain(&r->watch, d, &facts);
	drain_session_facts(d, &facts);
	facts_free(&facts);
	for (size_t i = 0; i < d->count; i++)
		records += d->sources[i]->records;
	if (records)
		return missed;
	if (d->count)
		message("nothing was recorded: CUDA or NVTX was found in %zu process%s, but no event came",
			d->count, d->count == 1 ? "" : "es");
	else if (!missed)
		message("nothing was recorded: no process was seen to use CUDA or NVTX (`cuflight doctor` "
			"says "
			"whether it could be recorded)");
	if (!r->recorder.log_lines)
		tell_off(d);
	return missed;
}

/* Whoever reads the outer recording and misses what was recorded here finds it by its log. */
static void tell_outer(const struct run *r)
{
	int64_t now = clock_now(CLOCK_REALTIME);
	char path[SESSION_PATH + 8];
	int fd;

	snprintf(path, sizeof(path), "%s/log", r->outer);
	fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	dprintf(fd, "%lld.%03lld pid %d cuflight: %s and what it started is in a recording of its own: %s\n",
		(long long)(now / NS_PER_S), (long long)(now % NS_PER_S / NS_PER_MS), (int)getpid(),
		r->argv[0], r->recorder.place.path);
	close(fd);
}

static int finish(struct run *r)
{
	struct recorder *recorder = &r->recorder;
	size_t live, told;
	bool anything, empty;

	read_signals(r);
	recorder_last_round(recorder);
	told = explain(r);
	live = recorder->drain.live;
	anything = recorder->drain.count != 0;
	/* Nobody asked for a file that says nothing. */
	empty = !anything && !told && !recorder->log_lines && !r->options.named;
	recorder_finish(recorder, false);
	if (r->outer && !empty)
		tell_outer(r);
	if (r->stop && live)
		message("stopped waiting; %zu process%s on, unrecorded", live, live == 1 ? " goes" : "es go");
	if (empty && !unlink(recorder->place.path)) {
		if (!r->options.quiet)
			message("no file was kept (-o NAME keeps one in any case)");
	} else if (anything && r->options.summary)
		summary_print(recorder->place.path, stderr);
	else if (!r->options.quiet)
		message("the recording is %s", recorder->place.path);
	return r->ended ? r->status : STATUS_SIGNAL + r->stopped_by;
}

int command_run(int argc, char **argv)
{
	static const int taken[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
	struct run r = {.options = RECORDING_DEFAULTS, .signals = -1, .recorder = {.output = -1}};
	char why[512], *library = NULL;
	int status;

	status = parse_options(&r, argc, argv);
	if (!status)
		status = check_variables(&r);
	if (status)
		return status;
	library = library_find(why, sizeof(why));
	if (!library)
		return fail("%s", why);
	r.watch.library = library;
	r.signals = signals_open(taken, sizeof(taken) / sizeof(taken[0]), &r.before);
	if (r.signals < 0) {
		status = fail("cannot take signals: %s", strerror(-r.signals));
		goto out;
	}
	status = open_session(&r);
	if (status)
		goto out;
	status = start(&r);
	if (status) {
		session_close(&r.recorder.session, false);
		goto out;
	}
	record(&r);
	status = finish(&r);
out:
	recorder_close(&r.recorder);
	watch_free(&r.watch);
	if (r.signals >= 0)
		close(r.signals);
	free(library);
	return status;
}
