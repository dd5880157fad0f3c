/*
 * source.h: one ring being emptied into the trace file, from the moment it was handed over until its process
 * has ended. drain.h has all of them.
 */
#ifndef COLLECTOR_SOURCE_H
#define COLLECTOR_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/facts.h"
#include "collector/peer.h"
#include "collector/proc.h"
#include "collector/trace_write.h"

enum source_state {
	SOURCE_LIVE,
	SOURCE_ENDING, /* its helper is gone; how the process ended is not known yet */
	SOURCE_ENDED,  /* everything is written, the ring is unmapped */
};

struct source {
	struct peer peer;
	enum source_state state;
	struct proc_stat born; /* of its process when it came; pid 0: not known */
	int64_t ending_since;  /* CLOCK_MONOTONIC ns */
	int64_t last_look;     /* at /proc, the same */
	bool reaped;	       /* wait_status is set */
	int wait_status;       /* as waitpid(2) */
	const char *end;       /* fact "end" */

	bool flight;	   /* the ring keeps its newest */
	uint64_t triggers; /* that the process has told of */
	bool peek;	   /* nothing is taken from the ring: peek.h */
	uint64_t permanent_offset;
	uint64_t strings;		      /* STRING records copied */
	bool cut_short;			      /* the ring's file was truncated: nothing more can be read */
	bool permanent_broken;		      /* what lies there is no record: nothing more is taken */
	bool told_bad;			      /* a damaged chunk was told */
	uint64_t sequence;		      /* of the chunks that the collector writes about it */
	uint64_t records;		      /* taken out of the ring */
	uint64_t rescued;		      /* of slots and pages that the process left */
	struct ring_loss losses[LOSS_CAUSES]; /* that the collector found: LOSS_FILE, LOSS_BAD_CHUNK ... */

	char name[64];	/* of the program */
	char title[64]; /* that it gave itself, "" none */
	char rank[24];	/* facts "rank" and "device": the first GPU's name */
	char device[64];
	int64_t rated;		/* CLOCK_MONOTONIC ns: when `rate` was measured last */
	uint64_t rated_records; /* what the ring's counter said then */
	double rate;		/* records a second */
	uint32_t command;	/* the last one given */
	char recording[160];	/* the fact of that name: "on", or why not */
};

/* One read or write of shared memory: what sigbus_call() is given. */
struct access {
	struct source *source;
	void *buf;
	size_t capacity, need;
	ptrdiff_t n;	   /* as ring_get() returns */
	uint32_t records;  /* copied with it */
	uint32_t state;	   /* enum ring_state */
	uint64_t position; /* head, or tail after a chunk was taken */
	uint64_t triggers; /* so far */
	uint64_t fill;	   /* bytes between tail and that head */
	bool died;
};

/* False when the ring is no more there (its file was cut short), in which case f may have done half of its
 * work. */
bool source_reach(struct source *s, void (*f)(void *access), struct access *a);

/* Take over a peer, which is the source's from here on, and switch its ring to draining, unless we only peek.
 */
void source_init(struct source *s, struct peer *peer, bool peek);
void source_attach(struct source *s);

/* What a pass over the ring found. */
struct source_pass {
	uint64_t bytes; /* moved */
	bool behind;	/* the ring was a quarter full or more */
	bool triggered; /* one of its triggers has struck */
};

/*
 * Move what was published into the writer, permanent records first, and see whether the process has ended.
 * `scratch` (scratch_size bytes) is used in between. take: the chunks of a process that goes on, too.
 */
struct source_pass source_drain(struct source *s, struct trace_writer *w, void *scratch, size_t scratch_size,
				bool take);

/*
 * Write how it ended and what it lost, and unmap the ring. `end` is the fact's value. A process that goes on
 * is told that nobody listens any more.
 */
void source_finish(struct source *s, struct trace_writer *w, const char *end);

/* What `cuflight status` shows. */
struct source_status {
	const char *state;
	uint64_t iteration, records, lost;
	double rate; /* records a second */
	double fill; /* of the ring, 0 to 1 */
};
void source_status(struct source *s, struct source_status *out);

/* Tell the process whether to record (capture "control" and "signal"), and whether it has done so: within a
   few ms. One that has ended has. */
void source_command(struct source *s, bool record);
bool source_has_answered(struct source *s);

/* Ask the process to publish what it has: source_has_answered() when it has. */
void source_snapshot(struct source *s);
/* Write the permanent records published since the last time; a chunk of the process's, if it is well; facts.
 */
void source_permanent(struct source *s, struct trace_writer *w, void *scratch, size_t scratch_size);
void source_accept(struct source *s, struct trace_writer *w, const void *chunk, size_t size);
void source_add_facts(struct source *s, struct trace_writer *w, const struct facts *facts);
/* The fact "end" of a process that is only peeked at. */
const char *source_end(struct source *s);

/* Count records that did not get into the file. */
void source_lose(struct ring_loss *loss, uint64_t count);

#endif
