/*
 * The recording: a file that keeps what CUPTI handed to the injection library (probe.c), byte for byte, with
 * what surrounded it. This comment is the format; recording.py reads it. Not a format of the product.
 *
 *   struct rec_file | frame | frame | ... | frame of type REC_END
 *   frame           = struct rec_frame | payload | zeros up to a multiple of 8
 *
 * All integers are little-endian. Every frame opens with a magic word, so that a reader which meets damage
 * can search for the next one at a multiple of 8. Frames of one thread are in order; frames of different
 * threads lie in the order in which they took the writer's lock, and `mono_ns` (taken before the lock) says
 * when each happened. A file without REC_END was cut short: the process died. Frames that the size limit
 * kept out are counted in REC_END; a REC_NOTE says where that began.
 *
 * Payloads, by type. Texts have no terminating zero; their length is what remains of the payload.
 *
 * REC_CALL      struct rec_call, then text: a command of the probe that has ended (mono_ns: its start)
 * REC_NOTE      text: the program said where it is
 * REC_CLOCK     struct rec_clock
 * REC_REQUEST   struct rec_buffer: CUPTI asked for a buffer
 * REC_COMPLETE  struct rec_buffer, then `valid` bytes: CUPTI handed a buffer back
 * REC_LIVE      struct rec_buffer, then `valid` bytes: copy of a buffer that CUPTI still holds, up to
 *               its last byte that differs from the fill
 * REC_CALLBACK  struct rec_callback
 * REC_NAME      uint64_t pointer, then text: what a name pointer (of a kernel record, of a callback's
 *               symbol) pointed to when it was first met, and again whenever that text has changed
 * REC_CBNAME    uint32_t domain, uint32_t cbid, then text: name of an API function or resource event
 * REC_THREAD    struct rec_thread, then its name: a thread seen for the first time
 * REC_STRIDES   pairs of uint32_t (kind, bytes), as learned from the loaded library
 * REC_LIBRARY   text: path of the libcupti in use
 * REC_END       struct rec_end
 */
#ifndef GPU_PROBE_RECORDING_H
#define GPU_PROBE_RECORDING_H

#include <stddef.h>
#include <stdint.h>

#define REC_FORMAT	1
#define REC_FRAME_MAGIC 0x4d465250u /* "PRFM" */
#define REC_FILL	0xa5	    /* what a buffer is filled with after the command `fill dirty` */

enum rec_type {
	REC_CALL = 1,
	REC_NOTE = 2,
	REC_CLOCK = 3,
	REC_REQUEST = 4,
	REC_COMPLETE = 5,
	REC_LIVE = 6,
	REC_CALLBACK = 7,
	REC_NAME = 8,
	REC_CBNAME = 9,
	REC_THREAD = 10,
	REC_STRIDES = 11,
	REC_LIBRARY = 12,
	REC_END = 13,
};

struct rec_file {
	char magic[8]; /* GPUPROBE */
	uint32_t format;
	uint32_t size; /* of this structure */
	uint32_t pid;
	uint32_t cupti_version;	 /* of the loaded library */
	uint32_t header_version; /* CUPTI_API_VERSION that the probe was compiled with */
	uint32_t reserved;
	uint64_t real_ns;
	uint64_t mono_ns;
	uint64_t zero[2];
};

struct rec_frame {
	uint32_t magic;
	uint16_t type;
	uint16_t reserved;
	uint32_t size; /* of the payload, without its padding */
	uint32_t tid;  /* gettid() */
	uint64_t sequence;
	uint64_t mono_ns;
};

struct rec_call {
	uint64_t duration_ns;
	int32_t result; /* a CUptiResult, or -1: not a CUPTI error (unknown command, no such symbol) */
	uint32_t reserved;
};

/* One instant on every clock; mono_ns was read before and mono_after_ns after the others. */
struct rec_clock {
	uint64_t mono_ns;
	uint64_t real_ns;
	uint64_t raw_ns;
	uint64_t boot_ns;
	uint64_t ticks; /* TSC or cntvct; 0 where neither is readable */
	uint64_t cupti_ns;
	uint64_t mono_after_ns;
	int32_t cupti_result;
	uint32_t reserved;
};

/* The API call in progress on a thread when something happened; all 0: none, or callbacks are not enabled. */
struct rec_api {
	uint32_t domain;
	uint32_t cbid;
	uint32_t correlation;
	uint32_t depth; /* 1: called by the program, 2: called by call 1, ... */
};

struct rec_buffer {
	uint32_t id; /* the probe's number for this memory, reused when it is recycled */
	uint32_t stream_id;
	uint64_t address;
	uint64_t context;
	uint64_t size;
	uint64_t valid;
	uint64_t tail_zero; /* REC_COMPLETE: zero bytes that follow the valid ones */
	uint64_t tail_fill; /* REC_COMPLETE: bytes at the end that still hold REC_FILL */
	uint64_t requested_ns;
	struct rec_api api;
};

struct rec_callback {
	uint32_t domain;
	uint32_t cbid;
	uint32_t site; /* 0 enter, 1 exit; 0 for domains without */
	uint32_t correlation;
	uint32_t context_uid;
	uint32_t depth;
	int64_t result; /* on exit */
	uint64_t context;
	uint64_t symbol; /* pointer, see REC_NAME */
	/* RESOURCE, graphs: node id, original node id, handles of graph, original graph and executable graph
	 * (as CUPTI gave them, set or not), id of the graph or executable graph just made. RESOURCE, streams:
	 * handle, stream id. Modules: id, bytes. SYNCHRONIZE: stream handle. STATE: result. An id that does
	 * not belong to the event, or that CUPTI would not give, is all ones. */
	uint64_t extra[6];
};

struct rec_thread {
	uint32_t tid;
	uint32_t reserved;
	uint64_t pthread_self;
};

struct rec_end {
	uint64_t frames; /* written before this one */
	uint64_t lost;	 /* frames that the size limit kept out */
	uint64_t records;
	uint64_t dropped; /* as told by cuptiActivityGetNumDroppedRecords */
};

_Static_assert(sizeof(struct rec_file) == 64, "file header");
_Static_assert(sizeof(struct rec_frame) == 32, "frame header");
_Static_assert(sizeof(struct rec_clock) == 64, "clock");
_Static_assert(sizeof(struct rec_buffer) == 80, "buffer");
_Static_assert(sizeof(struct rec_callback) == 96, "callback");

/*
 * The writer. All functions may be called from any thread; before rec_open succeeded, after rec_close and in
 * a forked child they do nothing.
 */
int rec_open(const char *path, uint64_t limit, uint32_t cupti_version); /* 0 or -errno; %p is the pid */
int rec_active(void);
void rec_write(enum rec_type type, uint64_t mono_ns, const void *head, size_t head_size, const void *body,
	       size_t body_size);
void rec_name(const char *name);
void rec_close(uint64_t records, uint64_t dropped);

/* Clocks that the writer and the probe share, in ns. */
uint64_t clock_ns(int clock_id);
uint64_t clock_ticks(void);

#endif
