/*
 * ring.h: the shared memory between a recorded process and the collector, and how the two meet.
 *
 *   +---------------------------+ 0
 *   | struct ring_header (8 KB) |
 *   +---------------------------+ regions[REGION_PERMANENT]
 *   | permanent records         |  append-only (event.h)
 *   +---------------------------+ regions[REGION_PAGES]
 *   | thread pages              |  page_count x page_size: NVTX and marks, written by application threads
 *   +---------------------------+ regions[REGION_SLOTS]
 *   | buffer slots              |  slot_count x slot_size: CUPTI writes activity records straight into them
 *   +---------------------------+ regions[REGION_CHUNKS]
 *   | chunk ring                |  chunks (chunk.h), end to end, each 8-byte aligned
 *   +---------------------------+ total_size
 *
 * Who writes what. The process's HELPER thread is the only producer of permanent records and chunks.
 * Application threads write the thread pages they own; CUPTI the slots it was handed. The COLLECTOR writes
 * `tail`, `policy`, `command` and `collector` and nothing else.
 *
 * Trust. Each side treats the other as hostile: copy a number to a local, bound it, use the local. Nothing
 * dereferences a pointer found here. The collector takes the regions' offsets once, checks them against the
 * size it mapped, and keeps its own copy.
 *
 * Ordering. A chunk's bytes are written before `head` is stored with release; the collector loads `head` with
 * acquire. The collector's copying ends before `tail` is stored with release; the helper loads it with
 * acquire. Permanent records likewise with `permanent_used`; a chunk never refers to a string that was not
 * published before the chunk. So: load head, then permanent_used; copy the permanent records first.
 *
 * Positions are 64-bit byte counts that never wrap; the place in the ring is position % chunk region size. A
 * chunk never wraps: the gap to the end, if there is one, begins with the magic CHUNK_FILL.
 *
 * Policy. DRAIN keeps the oldest: a chunk that does not fit between head and tail + size is dropped and
 * counted. FLIGHT keeps the newest: the helper moves `floor` past the chunks it is going to overwrite, with
 * release, before it writes. A reader in flight policy copies first and then checks that floor has not passed
 * what it copied.
 *
 * Death. `liveness` is a futex word holding the helper's thread id, on that thread's robust list
 * (set_robust_list(2)): when the thread ends without having cleared it (SIGKILL, _exit, exec), the kernel
 * sets FUTEX_OWNER_DIED (0x40000000) and wakes a waiter, whatever pid namespaces, descriptors or forked
 * children there are. After a crash the positions stand at the last complete record; `state` says whether the
 * process had said good-bye (RING_CLOSED).
 *
 * Growth. Fields are added in reserved space and never moved; abi changes only when an old reader must
 * refuse.
 */
#ifndef CUFLIGHT_RING_H
#define CUFLIGHT_RING_H

#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC	   0x474e495246435543ull /* "CUCFRING" */
#define RING_ABI	   1
#define RING_HEADER_SIZE   8192
#define RING_MAX_SIZE	   (1ull << 32)
#define RING_MAX_SLOTS	   64
#define RING_MAX_PAGES	   1024
#define RING_MAX_STRIDES   128
#define RING_CLOCK_SAMPLES 32

enum ring_region_id {
	REGION_PERMANENT = 0,
	REGION_PAGES = 1,
	REGION_SLOTS = 2,
	REGION_CHUNKS = 3,
	REGION_COUNT = 8, /* the rest reserved, size 0 */
};

struct ring_region {
	uint64_t offset; /* from the mapping's start, a multiple of 4096 */
	uint64_t size;
};

enum ring_state {
	RING_SETUP = 0, /* not ready; a reader leaves it alone */
	RING_ARMED = 1, /* NVTX only: CUDA not initialised in this process, or CUPTI not to be had */
	RING_RECORDING = 2,
	RING_STOPPED = 3, /* recording is off (a command, an error; the fact "recording" says why) */
	RING_CLOSED = 4,  /* the process ended in order: everything was sealed */
};

enum ring_policy {
	RING_DRAIN = 0,
	RING_FLIGHT = 1,
};

enum ring_wanted {
	WANTED_RECORD = 1, /* capture "control" or "signal": record now */
};

/* Why a record is missing. Shown by every summary, also when all are zero. Names: loss_cause_name() in wire/.
 */
enum loss_cause {
	LOSS_NO_SLOT = 0,      /* CUPTI asked for a buffer and none was free */
	LOSS_RING_FULL = 1,    /* a chunk found no room (DRAIN): the collector is too slow, or not there */
	LOSS_NO_PAGE = 2,      /* an NVTX event found no thread page */
	LOSS_CUPTI = 3,	       /* CUPTI says it dropped them */
	LOSS_NO_TIME = 4,      /* start or end is zero: record not kept */
	LOSS_BAD_TIME = 5,     /* end before start: kept with duration 0 */
	LOSS_UNKNOWN_KIND = 6, /* a kind that was not enabled or is not known */
	LOSS_BAD_RECORD = 7,   /* a buffer that could not be stepped through */
	LOSS_NAME_FULL = 8,    /* the permanent region is full: record kept, its name is not */
	LOSS_TEXT_CUT = 9,     /* NVTX text cut to what a record holds: record kept */
	LOSS_NO_MEMORY = 10,   /* the helper could not allocate */
	LOSS_OVERWRITTEN = 11, /* FLIGHT: chunks overwritten in order; not a fault, counted in records */
	/* counted by the collector, in its final records only */
	LOSS_FILE = 12,	     /* not written: the trace file was full or could not be written */
	LOSS_BAD_CHUNK = 13, /* in chunks that were damaged in the ring; as many as their headers claim, at
				least 1 each */
	/* found in what a killed process left, or a live one has open */
	LOSS_UNFINISHED = 14, /* the GPU had not finished them, or CUPTI not written them whole: not kept */
	LOSS_UNNAMED = 15,    /* the name had not been published yet: record kept, its name is not */
	LOSS_CAUSES = 32,
};

struct ring_loss {
	uint64_t count; /* records; LOSS_CUPTI: as CUPTI counts */
	int64_t first;	/* CLOCK_MONOTONIC ns, 0: unknown */
	int64_t last;
	uint64_t reserved;
};

struct ring_clock {
	uint64_t ticks;	   /* what application threads stamp: TSC, cntvct, or CLOCK_MONOTONIC ns */
	int64_t monotonic; /* ns */
	int64_t realtime;  /* ns */
	uint64_t cupti;	   /* cuptiGetTimestamp, ns; 0: none */
};

enum slot_state {
	SLOT_FREE = 0,	  /* zeroed, may be handed to CUPTI */
	SLOT_OUT = 1,	  /* CUPTI owns it */
	SLOT_FULL = 2,	  /* completed: `valid` bytes of records, to be decoded */
	SLOT_DISCARD = 3, /* reserved: not used */
	SLOT_READ = 4,	  /* decoded; kept until the chunks that hold its records are published */
};

struct ring_slot {
	uint32_t state; /* enum slot_state */
	uint32_t order; /* of completion, counts up */
	uint32_t valid; /* bytes of records when FULL or READ */
	uint32_t context;
	uint64_t read; /* the helper began to read it as its so-manieth, from 1; 0: not yet */
	uint64_t reserved;
};

/*
 * Nothing twice, nothing missing. What the helper has read of slots and pages lies in its private memory
 * until a chunk is published; a slot is not FREE again, and a page not FREE, before that. So that a reader of
 * a dead process's (or a live one's) slots leaves out exactly what published chunks hold, each kind of event
 * says how far they reach. For kinds that come from slots `position` is that of the first record not yet in a
 * chunk, ring_slot.read << 32 | offset in the slot; for NVTX it is the number of chunks published, which
 * ring_page.taken refers to. A reach counts once the header's `head` is at least its `head`: it is stored
 * before the chunk that fulfils it, which one store of head publishes. The newest that counts is true.
 */
#define RING_PROGRESS_KINDS 16

struct ring_reach {
	uint64_t position;
	uint64_t head; /* UINT64_MAX: being written */
};

struct ring_progress {
	uint32_t kind; /* enum event_kind, 0: unused */
	uint32_t reserved;
	struct ring_reach reach[2];
};

/* Ticks source of the pages (ring_header.clock_source). */
enum ring_clock_source {
	CLOCK_SOURCE_MONOTONIC = 0, /* clock_gettime(CLOCK_MONOTONIC) ns */
	CLOCK_SOURCE_TSC = 1,
	CLOCK_SOURCE_CNTVCT = 2,
};

enum ring_trigger {
	RING_TRIGGER_NONE = 0,
	RING_TRIGGER_ITERATION = 1, /* trigger_iteration was slow */
	RING_TRIGGER_IDLE = 2,	    /* nothing happened from trigger_from to trigger_to, and may go on so */
	RING_TRIGGER_EXIT = 3,	    /* the process ends in order */
};

struct ring_header {
	/* 0x000: identity, written once before state leaves RING_SETUP */
	uint64_t magic;
	uint32_t abi;
	uint32_t header_size;
	uint64_t total_size;
	uint64_t process;    /* random, names the process in chunks */
	uint64_t start_time; /* field 22 of /proc/self/stat */
	uint64_t pid_ns;     /* inode of /proc/self/ns/pid */
	uint32_t pid;	     /* in its own pid namespace */
	uint32_t uid;
	uint32_t generation;
	uint32_t clock_source;
	int64_t created_monotonic;
	int64_t created_realtime;
	uint32_t slot_count;
	uint32_t slot_size;
	uint32_t page_count;
	uint32_t page_size;

	/* 0x080 */
	_Alignas(64) struct ring_region regions[REGION_COUNT];

	/* 0x100: state. Written by the process unless said otherwise */
	_Alignas(64) uint32_t state; /* enum ring_state, release/acquire */
	uint32_t liveness;	     /* robust futex word, see above */
	uint32_t policy;	     /* enum ring_policy; written by the collector */
	uint32_t command;   /* counts commands; written by the collector, futex the helper sleeps on */
	uint32_t answered;  /* the last command carried out */
	uint32_t collector; /* 1 while a collector drains this ring; written by it */
	uint32_t permanent_strings; /* STRING records published */
	uint32_t reserved0;
	uint64_t permanent_used; /* bytes published */
	uint32_t wanted;   /* enum ring_wanted; written by the collector before it counts up `command` */
	uint32_t snapshot; /* counts requests to flush and publish all there is; written by the collector,
			      likewise */

	/* 0x140: producer */
	_Alignas(64) uint64_t head;
	uint64_t floor;	   /* FLIGHT: nothing before it is valid any more */
	uint64_t sequence; /* next chunk's */

	/* 0x180: consumer */
	_Alignas(64) uint64_t tail;

	/* 0x1c0: live counters for status, written by the helper, relaxed */
	_Alignas(64) uint64_t records; /* encoded so far */
	uint64_t records_gpu;	       /* of them kernels, copies, sets */
	uint64_t chunks;
	uint64_t chunk_bytes;
	uint64_t iteration;
	uint64_t invalid_times; /* in the last period, of ... */
	uint64_t period_records;
	int64_t last_flush; /* CLOCK_MONOTONIC ns */
	uint64_t helper_ns; /* CPU time the helper thread has used */
	/* The newest thing that CUFLIGHT_TRIGGER asked for. trigger_count is stored last, release */
	uint64_t trigger_count;
	int64_t trigger_from; /* CLOCK_MONOTONIC ns: what is of interest began */
	int64_t trigger_to;   /* ... and ended */
	uint64_t trigger_iteration;
	uint32_t trigger_kind; /* enum ring_trigger */
	uint32_t reserved5;

	/* 0x240: the latest clock samples, for a reader of a dead process; clock_count counts all ever
	   written, release; sample n lies at n % RING_CLOCK_SAMPLES */
	_Alignas(64) uint64_t clock_count;
	_Alignas(64) struct ring_clock clock[RING_CLOCK_SAMPLES];

	/* 0x680: record layout of the libcupti in the process */
	_Alignas(64) uint32_t cupti_version; /* cuptiGetVersion, 0: none */
	uint32_t stride_count;
	uint64_t reserved2;
	uint16_t strides[RING_MAX_STRIDES]; /* bytes by activity kind, 0 unknown */

	uint8_t reserved3[0x800 - 0x790];

	/* 0x800 */
	struct ring_loss losses[LOSS_CAUSES];

	/* 0xc00 */
	struct ring_slot slots[RING_MAX_SLOTS];

	/* 0x1400: how far published chunks reach, above */
	uint64_t decoded; /* position that the helper has got to */
	uint64_t reserved6;
	struct ring_progress progress[RING_PROGRESS_KINDS];

	uint8_t reserved4[RING_HEADER_SIZE - 0x1690];
};

/*
 * Thread page. A page belongs to one thread from the moment it takes it (state FREE to OWNED, compare and
 * swap) until it is full or the thread ends (it sets LEFT); the helper frees it when all was consumed. `used`
 * is stored with release after a record is whole, and loaded with acquire by the helper.
 */
enum page_state {
	PAGE_FREE = 0,
	PAGE_OWNED = 1,
	PAGE_LEFT = 2,
};

struct ring_page {
	uint32_t state;	   /* enum page_state */
	uint32_t thread;   /* gettid */
	uint32_t used;	   /* bytes of records, from the end of this struct */
	uint32_t consumed; /* by the helper */
	uint64_t order;	   /* counts pages taken in this process: orders a thread's pages */
	/* Chunk number << 32 | bytes: records up to there are in the NVTX chunk of that number, from 1, or
	   in earlier ones. Of the two the newest whose chunk is published is true ("Nothing twice"). */
	uint64_t taken[2];
	uint64_t reserved[3];
	/* records, each a multiple of 32 bytes */
};

/*
 * A record of a page: this struct, then (in this order, as flags say) 8 bytes of payload, 8 bytes of range
 * id, text_length bytes of text; the whole padded to `slots` x 32 bytes.
 */
struct page_record {
	uint8_t type;	 /* enum nvtx_type of event.h, or PAGE_... below */
	uint8_t flags;	 /* enum nvtx_flag, and PAGE_INLINE_TEXT, PAGE_PAYLOAD, PAGE_RANGE_ID */
	uint16_t slots;	 /* 32-byte units, this one included */
	uint32_t domain; /* text reference */
	uint64_t ticks;
	uint32_t text; /* text reference; with PAGE_INLINE_TEXT its length in bytes */
	uint32_t category;
	uint32_t color;
	uint32_t payload_type; /* nvtxPayloadType_t */
};

enum page_record_flag {
	PAGE_INLINE_TEXT = 16,
	PAGE_PAYLOAD = 32,
	PAGE_RANGE_ID = 64,
};

/* page_record.type of what is no NVTX event: edges of iterations and windows. They carry no text; a payload
   is the iteration's number as int64, -1: the next. A reader skips types that it does not know. */
enum page_edge {
	PAGE_EDGE_FIRST = 64,
	PAGE_ITERATION_BEGIN = 64,
	PAGE_ITERATION_END = 65,
	PAGE_ITERATION_MARK = 66, /* ends the one before, if one is open, and begins the next */
	PAGE_PROFILER_START = 67, /* cudaProfilerStart, cuProfilerStart */
	PAGE_PROFILER_STOP = 68,
};

/*
 * Meeting. A session is a directory (mode 0700, owned by the user), named by CUFLIGHT_DIR:
 *
 *   control   struct session_control, mapped by everybody
 *   socket    where the collector listens (SOCK_SEQPACKET). A process sends one struct session_hello with the
 * ring's memfd attached (SCM_RIGHTS) and closes the connection; it never waits for an answer. log       one
 * line per event worth telling, appended by everybody (O_APPEND, one write a line) rings/ PID-STARTTIME.ring:
 * rings of processes that found no collector listening
 */
#define SESSION_MAGIC	    0x4e4f495353465543ull /* "CUFSSION" */
#define SESSION_ABI	    1
#define SESSION_HELLO_MAGIC 0x4f4c4c48u /* "HLLO" */

struct session_control {
	uint64_t magic;
	uint32_t abi;
	uint32_t size;
	uint64_t session; /* random, as in the trace file's header */
	int64_t created_monotonic;
	uint32_t command;	  /* counts changes below; futex */
	uint32_t recording;	  /* 0: processes hold their records back, 1: record */
	uint32_t policy;	  /* enum ring_policy wanted */
	uint32_t collector_alive; /* 1 while a collector serves the session */
	uint64_t reserved[58];
};

struct session_hello {
	uint32_t magic;
	uint32_t abi;
	uint32_t pid;
	uint32_t reserved;
	uint64_t process;
	uint64_t ring_size;
};

/*
 * A command from another shell goes to the session's collector over the same socket: one request, then
 * replies until one of kind REPLY_END. Only the collector touches rings.
 */
#define SESSION_REQUEST_MAGIC 0x53514552u /* "REQS" */

enum session_operation {
	SESSION_START = 1,
	SESSION_STOP = 2,
	SESSION_STATUS = 3,
	SESSION_DUMP = 4,
};

struct session_request {
	uint32_t magic;
	uint32_t abi;
	uint32_t operation;   /* enum session_operation */
	uint32_t flags;	      /* none yet: 0 */
	uint64_t nanoseconds; /* SESSION_DUMP: the last so many; 0 all */
	uint64_t reserved[5];
	char label[64]; /* SESSION_START: the window's name; ended by NUL */
};

enum session_reply_kind {
	REPLY_TEXT = 1, /* a line for people */
	REPLY_JSON = 2, /* a piece of a JSON document, to be joined */
	REPLY_END = 3,	/* status: 0 or errno; text: why */
};

struct session_reply {
	uint32_t kind;
	int32_t status;
	uint32_t length; /* of text */
	uint32_t reserved;
	char text[1008];
};

#define RING_AT(field, offset)                                                                               \
	_Static_assert(offsetof(struct ring_header, field) == (offset), #field " is at " #offset)
RING_AT(process, 0x18);
RING_AT(slot_count, 0x50);
RING_AT(regions, 0x80);
RING_AT(state, 0x100);
RING_AT(liveness, 0x104);
RING_AT(permanent_used, 0x120);
RING_AT(wanted, 0x128);
RING_AT(head, 0x140);
RING_AT(tail, 0x180);
RING_AT(records, 0x1c0);
RING_AT(trigger_count, 0x208);
RING_AT(clock_count, 0x240);
RING_AT(clock, 0x280);
RING_AT(cupti_version, 0x680);
RING_AT(strides, 0x690);
RING_AT(losses, 0x800);
RING_AT(slots, 0xc00);
RING_AT(decoded, 0x1400);
RING_AT(progress, 0x1410);
#undef RING_AT
_Static_assert(sizeof(struct ring_header) == RING_HEADER_SIZE, "ring header");
_Static_assert(sizeof(struct ring_slot) == 32, "slot");
_Static_assert(sizeof(struct ring_page) == 64, "page");
_Static_assert(sizeof(struct page_record) == 32, "page record");
_Static_assert(sizeof(struct session_control) == 512, "control block");
_Static_assert(sizeof(struct session_hello) == 32, "hello");
_Static_assert(sizeof(struct session_request) == 128, "request");
_Static_assert(sizeof(struct session_reply) == 1024, "reply");

#endif
