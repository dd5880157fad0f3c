/*
 * windows.h: the capture windows of a recording: those that processes opened, and those of the session
 * (process 0: opened by a command), which hold for all processes.
 */
#ifndef COLLECTOR_WINDOWS_H
#define COLLECTOR_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/report.h"

struct window {
	uint32_t process;      /* index, or TRACE_SESSION */
	uint64_t number;       /* from 0, of the process or the session */
	uint32_t name, source; /* text numbers */
	int64_t start, end;
};

struct windows {
	struct window *items; /* by start */
	size_t count;
};

int windows_read(struct windows *w, struct report_run *run); /* 0 or -errno; free also after an error */
void windows_free(struct windows *w);

#endif
