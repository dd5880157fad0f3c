/*
 * child.h: the program that `run` starts: forked early, so that its process id can name the file, and let go
 * when everything else is ready.
 */
#ifndef COLLECTOR_CHILD_H
#define COLLECTOR_CHILD_H

#include <sys/types.h>

#include "collector/signals.h"

struct child {
	pid_t pid;
	int gate;   /* a byte written here lets it go; closing it ends it */
	int result; /* comes back with the errno of exec, or closed when exec worked */
};

/*
 * Fork. The child waits; then it takes the signals as they were `before`, the environment for `library` and
 * `session_dir`, and executes argv by PATH. 0 or -errno.
 */
int child_start(struct child *c, char **argv, const char *library, const char *session_dir,
		const struct signals_before *before);
/* Let it go. 0 when the program runs, or -errno of exec; the child has been reaped then. */
int child_go(struct child *c);
/* Instead of child_go(): the program is never executed. */
void child_abandon(struct child *c);

#endif
