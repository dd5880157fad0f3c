/*
 * session.h: the session directory (cuflight/ring.h, "Meeting"), from the collector's side: made or taken
 * over, served, and removed. What comes over the socket is peer.h's.
 */
#ifndef COLLECTOR_SESSION_H
#define COLLECTOR_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuflight/ring.h"

#define SESSION_PATH 1024 /* the longest that the recorded side takes, NUL included */

struct session {
	char dir[SESSION_PATH]; /* absolute */
	bool made;		/* by us: removed at the end */
	bool vanished;		/* somebody removed it; said once */
	int dir_fd;		/* -1: not open */
	int rings_fd;		/* of its rings/ */
	int socket;		/* listening, non-blocking */
	int log_fd;
	size_t log_read; /* bytes of the log that session_log() has told */
	struct session_control *control;
};

/*
 * Make a session directory under $XDG_RUNTIME_DIR or /tmp, or take the one that `wanted` names (made if it is
 * not there), and serve it. 0, or -errno with the reason in `why`: -EBUSY: another collector serves it.
 */
int session_open(struct session *s, const char *wanted, char *why, size_t why_size);

/*
 * Lines that processes wrote to the session's log since the last call, in memory to be freed, or NULL. Whole
 * lines only, at most 64 KB.
 */
char *session_log(struct session *s);

/* Has the directory been removed? True once. */
bool session_has_vanished(struct session *s);

/*
 * Stop serving. `recording`: processes that go on keep recording on their own (flight), else they are told to
 * stop. Removes the directory if it was made here, or is `empty` of rings now.
 */
void session_close(struct session *s, bool recording);

#endif
