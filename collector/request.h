/*
 * request.h: finding the live sessions of this user, and asking one's collector (control.h) for something.
 */
#ifndef COLLECTOR_REQUEST_H
#define COLLECTOR_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "collector/session.h"

#define REQUEST_SESSIONS 64

struct live_session {
	char dir[SESSION_PATH];
	int64_t created; /* CLOCK_MONOTONIC ns, as the session's control block says */
};

/*
 * Sessions that a collector serves, the newest first: in $CUFLIGHT_DIR, the user's default place, and where
 * `cuflight run` makes them. Returns how many there are.
 */
size_t request_find(struct live_session *out, size_t most);

/*
 * The session meant by `wanted` (a directory or the end of its name; NULL: the newest) into dir. 0, or an
 * exit status after saying why.
 */
int request_session(const char *wanted, char *dir, size_t size);

/*
 * Ask. What it answers in lines for people goes to `out` line by line, JSON to *json (to be freed), the text
 * of its last word to `last`. 0, or -errno: ESRCH: nobody serves it; else as the collector says, with the
 * reason in `last`.
 */
int request_send(const char *dir, const struct session_request *request, char **json, char *last,
		 size_t size);

#endif
