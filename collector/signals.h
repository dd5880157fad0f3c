/*
 * signals.h: signals as a descriptor to poll, and giving a child those dispositions back that were found.
 */
#ifndef COLLECTOR_SIGNALS_H
#define COLLECTOR_SIGNALS_H

#include <signal.h>
#include <stddef.h>

/* What signals_open() changed. */
struct signals_before {
	sigset_t mask;
	struct sigaction pipe, xfsz;
};

/*
 * Take these signals as records of a signalfd(2), non-blocking, and ignore SIGPIPE and SIGXFSZ: a closed
 * terminal or a full disk is a failed write, not the end. The descriptor, or -errno.
 */
int signals_open(const int *numbers, size_t n, struct signals_before *before);
/* In a child, before exec: everything as it was. */
void signals_restore(const struct signals_before *before);

#endif
