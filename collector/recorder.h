/*
 * recorder.h: a session being served and drained into a file: what `run` and `collect` have in common.
 */
#ifndef COLLECTOR_RECORDER_H
#define COLLECTOR_RECORDER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/control.h"
#include "collector/drain.h"
#include "collector/output_name.h"
#include "collector/session.h"

#define RECORDER_CONNECTIONS 128

struct recorder {
	struct session session;
	struct drain drain;
	struct control control;
	int output; /* the trace file, -1: not open */
	struct output_place place;

	pid_t only_pid; /* of ring files, only those of this process (its own number); 0: all */
	int connections[RECORDER_CONNECTIONS]; /* accepted, their hello not yet there */
	size_t connection_count;
	bool listening;	      /* there is room for more */
	int timeout_ms;	      /* of the next poll */
	int64_t last_keeping; /* CLOCK_MONOTONIC ns: of the things that are done once a second */
	bool told_error, told_files;
	int64_t opened;	  /* CLOCK_REALTIME ns: what the log said before is told with its time */
	size_t log_lines; /* told */
};

/*
 * session: open, the recorder's from here on; drain: not open yet. Create the trace file. 0, or an exit
 * status after saying why; the session stays open then.
 */
int recorder_open(struct recorder *r, const struct output_name *name, uint64_t max_size);
/* There is something to record: the file replaces what had its name. */
void recorder_keep(struct recorder *r);

/* Write what is known of the session. command: argv of the program, NULL if none was started. */
void recorder_session_facts(struct recorder *r, char *const *command);

/*
 * Wait for something to do (`also` in addition, its revents are set), at most until the next round is due,
 * and do one round.
 */
void recorder_step(struct recorder *r, struct pollfd *also);

/* Tell what processes wrote to the session's log since it was last told. */
void recorder_tell_log(struct recorder *r);

/* Take over rings that lie in rings/ as files. Returns how many are new. */
size_t recorder_scan_files(struct recorder *r);

/* Take what came since the last step: the processes have ended, or are not waited for any longer. */
void recorder_last_round(struct recorder *r);

/*
 * Complete the file and say where it is. `recording`: as session_close(). Ring files of ended processes are
 * removed if all went into the file. Returns the exit status: 0, or 1 if the file is not whole.
 */
int recorder_finish(struct recorder *r, bool recording);
void recorder_close(struct recorder *r); /* frees */

#endif
