/*
 * trace_read.h: a trace file (cuflight/chunk.h) opened for reading: which chunks it has, the permanent
 * records of its processes, and one chunk after another brought into memory. Writing is trace_write.h's.
 *
 * The file may be hostile, cut off, or still growing: what is seen is the file as it was when it was opened.
 * It is read with pread(2), not mapped: a mapped file that somebody truncates kills the reader with SIGBUS.
 */
#ifndef COLLECTOR_TRACE_READ_H
#define COLLECTOR_TRACE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuflight/chunk.h"
#include "cuflight/event.h"
#include "cuflight/ring.h"
#include "wire/chunk_read.h"

#define TRACE_SESSION UINT32_MAX /* trace_chunk.process of chunks about the session */

/* A chunk as the index or its header states it: enough to select by kind, time and process. */
struct trace_chunk {
	uint64_t offset;
	int64_t first_time, last_time; /* CLOCK_MONOTONIC ns; both 0: no times */
	uint32_t size, count;
	uint32_t process; /* index into trace.processes, or TRACE_SESSION */
	uint32_t lost;	  /* records lost since the process's previous chunk */
	uint16_t kind, flags;
};

/* Texts below are copies with a NUL after them; their bytes may be any. */
struct trace_string {
	const char *text;
	uint32_t length;
	uint16_t string_class; /* enum string_class */
};

struct trace_fact {
	const char *key, *value;
	uint32_t key_length, value_length;
};

struct trace_device {
	struct permanent_device info;
	const char *name;
};

struct trace_thread {
	uint32_t thread;
	const char *name;
};

struct trace_category {
	uint32_t domain; /* text reference */
	uint32_t category;
	const char *name;
};

struct trace_loss {
	uint64_t count;
	int64_t first, last; /* ns, 0: unknown */
};

struct trace_process {
	uint64_t id;
	uint32_t index;
	uint32_t pid; /* the fact "pid", 0 unknown */
	uint64_t chunks, records;
	int64_t first_time, last_time; /* of its events; first > last: it has none */
	uint64_t lost;		       /* sum of its chunk headers' */

	struct trace_string *strings; /* text reference n is strings[n - 1]; text NULL: it is missing */
	size_t string_count, string_capacity;
	/* While they are read: */
	uint64_t next_string;	  /* index of the next STRING record */
	bool strings_cut;	  /* permanent records were damaged: the next one's number is not known */
	uint64_t strings_missing; /* at most, in what was damaged */
	struct trace_fact *facts; /* one a key: the latest */
	size_t fact_count, fact_capacity;
	struct trace_device *devices;
	size_t device_count, device_capacity;
	struct permanent_context *contexts;
	size_t context_count, context_capacity;
	struct permanent_stream *streams;
	size_t stream_count, stream_capacity;
	struct trace_thread *threads;
	size_t thread_count, thread_capacity;
	struct trace_category *categories;
	size_t category_count, category_capacity;
	/* Final counters; while the process had none (it runs, or its end was not seen) the sum of its LOST
	   events. */
	struct trace_loss losses[LOSS_CAUSES];
	bool losses_final;
};

struct trace {
	char *path;
	int fd;
	uint64_t size; /* when it was opened */
	struct file_header header;
	bool indexed; /* it ends with an index: the recording is complete */
	struct trace_chunk *chunks;
	size_t chunk_count;
	struct trace_process **processes; /* in the order of their first chunks */
	uint32_t process_count;
	struct trace_process session; /* its facts, and the losses the collector counted for nobody */
	int64_t origin; /* time 0 of reports: the session's start, or the first event if earlier */
	int64_t first_time, last_time; /* of all events; first > last: none */

	/* What could not be read. */
	uint64_t unread_offset, unread; /* bytes at the end that are no whole chunk */
	bool damaged;			/* they are not the beginning of a chunk either */
	uint64_t newer_chunks;		/* skipped: a version this program does not know */
	uint64_t bad_chunks;		/* permanent and lost chunks that contradict themselves */

	struct trace_memory *memory;
};

/*
 * Open. 0, or -errno with a sentence in `why`: -ENOENT and the like, -EBADMSG (not a recording),
 * -EPROTONOSUPPORT (made by a newer cuflight), -ENOMEM. A file with no whole chunk is no error.
 */
int trace_open(struct trace **out, const char *path, char *why, size_t why_size);
void trace_close(struct trace *t); /* NULL is fine */

/* Tell on stderr, in a line each, what of the file could not be read and why. */
void trace_tell_damage(const struct trace *t);

/* The value of a fact (NUL after it), or NULL. *length may be NULL. */
const char *trace_fact(const struct trace_process *p, const char *key, size_t *length);
/* A permanent string by its text reference, or NULL. */
const struct trace_string *trace_string(const struct trace_process *p, uint64_t reference);
/* "python3 train.py" from exe and argv, for people; never NULL. Owned by the trace. */
const char *trace_process_name(const struct trace_process *p);
/* Was any of it recorded on the simulated GPU? Whoever prints times says so. */
bool trace_is_simulated(const struct trace *t);

/* One thread's buffer and decoder. */
struct trace_reader {
	const struct trace *trace;
	struct chunk_decoder *decoder;
	uint8_t *bytes; /* the chunk loaded last */
	size_t capacity;
	struct chunk_header header;
};

int trace_reader_init(struct trace_reader *r, const struct trace *t); /* 0 or -ENOMEM */
void trace_reader_free(struct trace_reader *r);
/*
 * Bring a chunk into r->bytes and r->header, its checksum checked. 0; -EBADMSG: it is not what the index
 * says; -EILSEQ: wrong checksum; -EPROTONOSUPPORT: a newer version; -EIO and the like; -ENOMEM.
 */
int trace_reader_load(struct trace_reader *r, const struct trace_chunk *chunk);

#endif
