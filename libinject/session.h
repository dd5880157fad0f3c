/*
 * session.h: the session directory (cuflight/ring.h, "Meeting") from the recorded process's side: opening it
 * with care, the log in it, and the collector's socket.
 */
#ifndef INJECT_SESSION_H
#define INJECT_SESSION_H

#include <stddef.h>

#include "cuflight/ring.h"

/*
 * Open the session directory. The default one is made if it is missing; one that was given must be there. It
 * has to be ours alone: -EPERM when it belongs to somebody else or others may write to it. A file descriptor,
 * or -errno.
 */
int session_open(void);

/* One line to the session's log, with time, pid and program before it. Where there is no session directory it
   goes nowhere: this library writes to nobody's terminal. */
void session_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, once a session whatever the number of processes; `key` names the message (a file name). */
void session_log_once(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the session's control block says. Read, not mapped: a mapping of a file that shrinks kills the reader.
 */
int session_control(int dir, struct session_control *control);

/* A connection to the collector, or -errno; never blocks for longer than a moment. */
int session_connect(int dir);
/* Hand the ring over and close the connection. 0 or -errno. */
int session_hand_over(int connection, int memory, const struct ring_header *header);

#endif
