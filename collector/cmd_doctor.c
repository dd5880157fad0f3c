/*
 * cmd_doctor.c: `cuflight doctor`: would recording work here, and if not, what to do. The checks are in
 * doctor_*.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/command.h"
#include "collector/doctor.h"
#include "collector/message.h"
#include "collector/options.h"

const char doctor_usage[] =
	"Usage: cuflight doctor\n"
	"\n"
	"Checks whether recording would work for programs started from here: the library, the driver, "
	"libcupti, other\n"
	"tools in the way, permissions, memory, and what recording costs. Each line says ok, note, warn or "
	"FAIL, and what\n"
	"to do. Run it where CMD runs: in the container, as the same user, with the same environment.\n"
	"\n"
	"Exit status: 0 recording of CUDA would work; 1 it would not.\n";

static const struct {
	const char *word, *colour;
} verdicts[] = {
	[DOCTOR_OK] = {"ok  ", "\033[32m"},
	[DOCTOR_NOTE] = {"note", ""},
	[DOCTOR_WARN] = {"warn", "\033[33m"},
	[DOCTOR_FAIL] = {"FAIL", "\033[31m"},
};

static void print_text(const char *format, va_list args)
{
	char *text;
	int n = vasprintf(&text, format, args);

	if (n < 0)
		return;
	print_escaped(stdout, text, (size_t)n);
	putchar('\n');
	free(text);
}

void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *topic, const char *format, ...)
{
	bool colour = d->colour && *verdicts[verdict].colour;
	va_list args;

	d->warnings += verdict == DOCTOR_WARN;
	d->failures += verdict == DOCTOR_FAIL;
	printf("%s%s%s  %-12s ", colour ? verdicts[verdict].colour : "", verdicts[verdict].word,
	       colour ? "\033[0m" : "", topic);
	va_start(args, format);
	print_text(format, args);
	va_end(args);
}

void doctor_advise(const char *format, ...)
{
	va_list args;

	printf("      %-12s -> ", "");
	va_start(args, format);
	print_text(format, args);
	va_end(args);
}

static void run_child(int (*f)(void *, FILE *), void *argument, int fd)
{
	int null = open("/dev/null", O_RDWR);
	FILE *out = fdopen(fd, "w");
	int status;

	/* Libraries print what they like. */
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	if (!out)
		_exit(127);
	status = f(argument, out);
	fflush(out);
	_exit(status);
}

/* Collects what comes until the end or the deadline. False: the deadline came first. */
static bool read_until(int fd, int64_t deadline, char *text, size_t size)
{
	size_t used = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = (deadline - clock_now(CLOCK_MONOTONIC)) / NS_PER_MS;
		char more[512];
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		n = read(fd, more, sizeof(more));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		if ((size_t)n > size - 1 - used)
			n = (ssize_t)(size - 1 - used);
		memcpy(text + used, more, (size_t)n);
		used += (size_t)n;
		text[used] = '\0';
	}
}

int doctor_in_child(int (*f)(void *argument, FILE *out), void *argument, int timeout_ms, char *text,
		    size_t size)
{
	int fds[2], status;
	bool in_time;
	pid_t pid;

	text[0] = '\0';
	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		close(fds[0]);
		run_child(f, argument, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -errno;
	}
	in_time = read_until(fds[0], clock_now(CLOCK_MONOTONIC) + timeout_ms * NS_PER_MS, text, size);
	close(fds[0]);
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int command_doctor(int argc, char **argv)
{
	static const struct option options[] = {{0}};
	struct doctor d = {.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};

	if (next_option(argc, argv, "", options) != -1)
		return EXIT_USAGE;
	if (optind != argc)
		return fail_usage("doctor", "doctor takes no arguments");
	doctor_library(&d);
	doctor_driver(&d);
	doctor_cupti(&d);
	doctor_other_tools(&d);
	doctor_permissions(&d);
	doctor_memory(&d);
	doctor_session(&d);
	doctor_surroundings(&d);
	doctor_cost(&d);
	if (d.failures)
		printf("\nRecording of CUDA would not work here: see the lines that say FAIL.\n");
	else
		printf("\nRecording would work here: cuflight run -- CMD\n");
	free(d.library);
	return d.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
