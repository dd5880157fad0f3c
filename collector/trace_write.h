/*
 * trace_write.h: the trace file being written (cuflight/chunk.h): chunks one after another, the index, the
 * footer. Knows nothing of processes or rings; reading is trace_read.h.
 *
 * Promise: whatever happens, what is in the file up to the last flush is whole chunks. A write that fails
 * cuts the file back to the last whole one and ends the recording: what cannot be stored is reported to
 * `lost` and counted by the caller, and closing() and finish() still work, in room that was kept free.
 */
#ifndef COLLECTOR_TRACE_WRITE_H
#define COLLECTOR_TRACE_WRITE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "cuflight/chunk.h"

#define TRACE_FULL (-EOVERFLOW)

struct trace_writer {
	int fd;
	uint64_t session;  /* file_header's */
	uint64_t size;	   /* bytes written, whole chunks */
	uint64_t max_size; /* 0: no limit */
	uint64_t reserve;  /* bytes kept free for closing() beside the index; the caller adds to it */
	int error;	   /* 0, or why no more data is taken: TRACE_FULL (max_size), -ENOSPC, ... */
	uint64_t sequence; /* of the next chunk of process 0, which is the session: the caller counts its own
			      on */

	/* A chunk that was taken is not in the file after all. May be called by every function below. */
	void (*lost)(void *context, const struct file_index_entry *chunk);
	void *lost_context;

	struct file_index_entry *index; /* of all chunks taken */
	size_t index_count, index_capacity;
	uint8_t *pending; /* chunks taken and not yet written */
	size_t pending_used, pending_capacity;
	uint8_t *closing; /* what closing() could not write at once */
	size_t closing_used;
};

/*
 * Write the file header. The caller owns fd and closes it after trace_writer_close(). 0 or -errno. The writer
 * must be zeroed, but for session, max_size, lost and lost_context.
 */
int trace_writer_open(struct trace_writer *w, int fd);

/*
 * Room for a chunk of `size` bytes, to be filled by the caller and then taken with trace_writer_take(); *room
 * gets what is there, at least `size`. NULL: no memory.
 */
void *trace_writer_room(struct trace_writer *w, size_t size, size_t *room);
/*
 * Take the chunk of which the header was checked, now in the room. 0, or -errno (w->error): it was not taken,
 * and the caller counts it.
 */
int trace_writer_take(struct trace_writer *w, const struct chunk_header *header);
/* Write what was taken. 0 or -errno (w->error). */
int trace_writer_flush(struct trace_writer *w);

/*
 * Add a small chunk that closes a process's record (losses, how it ended): is taken also when the file is
 * full. 0 or -errno.
 */
int trace_writer_closing(struct trace_writer *w, const void *chunk, size_t size);

/* Index and footer. Nothing may be added afterwards. 0, or -errno: the file has whole chunks and no index. */
int trace_writer_finish(struct trace_writer *w);
void trace_writer_close(struct trace_writer *w); /* frees memory; leaves fd open */

#endif
