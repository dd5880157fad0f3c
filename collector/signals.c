/*
 * signals.c: signal dispositions of the collector.
 */
#include "collector/signals.h"

#include <errno.h>
#include <sys/signalfd.h>

int signals_open(const int *numbers, size_t n, struct signals_before *before)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, numbers[i]);
	sigaction(SIGPIPE, &ignore, &before->pipe);
	sigaction(SIGXFSZ, &ignore, &before->xfsz);
	sigprocmask(SIG_BLOCK, &set, &before->mask);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void signals_restore(const struct signals_before *before)
{
	sigaction(SIGPIPE, &before->pipe, NULL);
	sigaction(SIGXFSZ, &before->xfsz, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}
