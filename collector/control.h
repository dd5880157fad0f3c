/*
 * control.h: requests of `cuflight start|stop|status` served by the session's collector, and the windows that
 * they open. The other end is request.h.
 */
#ifndef COLLECTOR_CONTROL_H
#define COLLECTOR_CONTROL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/drain.h"

struct control {
	struct drain *drain;
	char path[PATH_MAX]; /* of the trace file, absolute */
	const char *dir;     /* of the session */
	bool open;	     /* a window is */
	uint64_t number;     /* of the window that is open, or of the next */
	int64_t since;	     /* CLOCK_MONOTONIC ns */
	char label[64];
};

/*
 * Is what waits on the connection a request? Then it is carried out and answered: true, the caller closes the
 * connection. path: of the trace file as it is now.
 */
bool control_serve(struct control *c, int connection, const char *path);

/* Open a window, or close the one that is open. source: "control" or "signal". 0 or -EALREADY. */
int control_start(struct control *c, const char *label);
int control_stop(struct control *c, const char *source);

#endif
