/*
 * drain.h: all rings of a session being emptied into one trace file, and how their processes ended.
 */
#ifndef COLLECTOR_DRAIN_H
#define COLLECTOR_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/facts.h"
#include "collector/source.h"

#define DRAIN_REAPED  256
#define DRAIN_SCRATCH (1u << 20)

/* A child that ended lately, and how. */
struct reaped {
	pid_t pid;
	int wait_status;
};

struct drain {
	struct trace_writer writer;
	struct source **sources; /* never removed: an ended one keeps its counts */
	size_t count, capacity;
	size_t live; /* not SOURCE_ENDED */
	uint8_t *scratch;
	bool peek;   /* nothing is taken from rings: peek.h */
	bool flight; /* rings keep their newest: chunks are taken when asked for, by a trigger, and at an end
		      */
	bool take;   /* asked for: in the next round */
	int64_t triggered, saved; /* CLOCK_MONOTONIC ns: a trigger not yet followed; the last one that was */
	bool record;		  /* a window is open: processes that come are told to record */
	struct reaped reaped[DRAIN_REAPED]; /* the newest */
	size_t reaped_count;
};

/* writer: as trace_writer_open() wants it. 0 or -errno. */
int drain_open(struct drain *d, int fd, uint64_t session, uint64_t max_size);

/*
 * Take over a ring. 0, or -EEXIST: it is being drained already; -ENOMEM. Owns the peer in any case.
 */
int drain_add(struct drain *d, struct peer *peer);
/* Is the ring file of this name (in rings/) being drained, or was it? */
bool drain_has_file(const struct drain *d, const char *name);
bool drain_has_pid(const struct drain *d, pid_t pid);

/* A child was reaped: whatever ring was of this process ended so. */
void drain_reaped(struct drain *d, pid_t pid, int wait_status);

/* One round over all rings, written to the file. */
struct source_pass drain_pass(struct drain *d);

/* Facts about the session (process 0). */
void drain_session_facts(struct drain *d, const struct facts *facts);

/*
 * A last round; whatever lives still is marked "running". Completes the file. 0 or -errno of the completion;
 * what went wrong before is in d->writer.error.
 */
int drain_finish(struct drain *d);
void drain_close(struct drain *d); /* frees; the caller closes the file */

#endif
