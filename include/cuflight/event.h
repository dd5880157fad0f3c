/*
 * event.h: what a record means. Numbered kinds, numbered fields, and the layout of permanent records.
 *
 * Purpose. Everything that cuflight stores is one of two things:
 *
 *   - an EVENT: one row of a columnar chunk (chunk.h). Its kind says which fields it has; each field is a
 *     column, stored under its number. A reader that does not know a field skips the column; one that does
 *     not know a kind skips the chunk. Fields may be added to a kind at any time without a version change.
 *   - a PERMANENT RECORD: a fact that must outlive the ring's wrapping (a kernel's name, a device). It is
 *     appended to the ring's permanent region and copied verbatim into chunks of kind EVENT_PERMANENT.
 *
 * Growth. Numbers are never reused or changed. New kinds take a free number of their block; the reserved
 * blocks below have an owner already. Values are unsigned 64-bit in a column unless a field says otherwise.
 *
 * Units. Times are int64 nanoseconds of the session's CLOCK_MONOTONIC; sizes are bytes.
 * Text. A TEXT field holds a text reference: 0 is "no text"; 1.. is the n-th STRING record of the process's
 * permanent region; with TEXT_LOCAL set, the low bits index the chunk's own dictionary (from 0).
 */
#ifndef CUFLIGHT_EVENT_H
#define CUFLIGHT_EVENT_H

#include <stdint.h>

#define TEXT_LOCAL 0x80000000u

enum event_kind {
	/* 0x01xx: GPU work */
	EVENT_KERNEL = 0x0101,
	EVENT_MEMCPY = 0x0102, /* peer copies too: FIELD_SRC_DEVICE and FIELD_DST_DEVICE tell */
	EVENT_MEMSET = 0x0103,
	/* 0x02xx: API calls, runtime and driver (FIELD_API_DOMAIN) */
	EVENT_API = 0x0201,
	EVENT_OVERHEAD = 0x0202, /* the profiler's own cost, as CUPTI states it */
	/* 0x03xx: memory (allocation, pools, unified memory), reserved */
	/* 0x04xx: synchronisation and CUDA events, reserved */
	/* 0x05xx: graphs (graph-level trace, node origin), reserved */
	/* 0x06xx: NVTX: pushes, pops, starts, ends, marks as they happened, in thread order. Readers match
	   them, so that a range left open by a killed process is still seen. */
	EVENT_NVTX = 0x0601,
	/* 0x07xx: NCCL, reserved */
	/* 0x08xx: marks, iterations, windows */
	EVENT_ITERATION = 0x0801,
	EVENT_WINDOW = 0x0802,
	/* 0x09xx: permanent records */
	EVENT_PERMANENT = 0x0901, /* chunk of permanent records; 0x09ff and below, see enum permanent_kind */
	/* 0x0axx: the file's own: index */
	EVENT_INDEX = 0x0a01,
	/* 0x0bxx: clock */
	EVENT_CLOCK = 0x0b01,
	/* 0x0cxx: losses */
	EVENT_LOST = 0x0c01,
	/* 0x10xx stacks, 0x11xx GPU metrics, 0x12xx NVML, 0x13xx OS runtime and GIL, 0x14xx CPU samples,
	   0x15xx framework operators, 0x16xx requests, 0x17xx triggers: reserved */
};

enum event_field {
	/* chunk structure, not data */
	FIELD_SITE = 1, /* which row of the site table a record belongs to (chunk.h) */
	FIELD_LANE = 2, /* per site: which time line its records lie on */
	FIELD_DICT =
		3, /* the chunk's own texts: u32 count, count u32 lengths, then all their bytes end to end */
	FIELD_RAW = 4, /* payload that is not columnar: permanent records, index entries */

	/* common */
	FIELD_START = 16,    /* int64 ns */
	FIELD_DURATION = 17, /* ns */
	FIELD_CORRELATION = 18,
	FIELD_THREAD = 19, /* kernel thread id (gettid) in the process's own pid namespace */
	FIELD_NAME = 20,   /* text */
	FIELD_DEVICE = 21, /* CUPTI's device id */
	FIELD_CONTEXT = 22,
	FIELD_STREAM = 23,
	FIELD_GRAPH_NODE = 24, /* CUPTI's graphNodeId, 0: not from a graph */
	FIELD_GRAPH_EXEC = 25, /* CUPTI's graphId: the executable graph's */
	FIELD_BYTES = 26,
	FIELD_VALUE = 27,
	FIELD_FLAGS = 28,
	FIELD_CHANNEL = 29, /* hardware channel */
	FIELD_CHANNEL_TYPE = 30,
	FIELD_STACK = 31,  /* reserved: call stack */
	FIELD_ORIGIN = 32, /* reserved: where a graph node was captured */
	FIELD_WINDOW = 33, /* reserved: number of the capture window */

	/* kernel */
	FIELD_GRID_X = 48,
	FIELD_GRID_Y = 49,
	FIELD_GRID_Z = 50,
	FIELD_BLOCK_X = 51,
	FIELD_BLOCK_Y = 52,
	FIELD_BLOCK_Z = 53,
	FIELD_REGISTERS = 54, /* a thread */
	FIELD_STATIC_SHARED = 55,
	FIELD_DYNAMIC_SHARED = 56,
	FIELD_LOCAL_PER_THREAD = 57,
	FIELD_LOCAL_TOTAL = 58,
	FIELD_SHARED_EXECUTED = 59,
	FIELD_GRID_ID = 60,
	FIELD_LAUNCH_TYPE = 61,
	FIELD_CACHE_CONFIG = 62, /* as CUPTI packs it: requested | executed << 4 */
	FIELD_CLUSTER_X = 63,
	FIELD_CLUSTER_Y = 64,
	FIELD_CLUSTER_Z = 65,
	FIELD_CLUSTER_POLICY = 66,
	FIELD_MAX_CLUSTER_SIZE = 67,
	FIELD_MAX_ACTIVE_CLUSTERS = 68,
	FIELD_SHARED_LIMIT_CONFIG = 69,
	FIELD_PRIORITY = 70,

	/* copies and sets: CUPTI's numbers, not nsys's */
	FIELD_COPY_KIND = 80,
	FIELD_SRC_KIND = 81,
	FIELD_DST_KIND = 82,
	FIELD_SRC_DEVICE = 83,
	FIELD_SRC_CONTEXT = 84,
	FIELD_DST_DEVICE = 85,
	FIELD_DST_CONTEXT = 86,
	FIELD_COPY_COUNT = 87,
	FIELD_MEMORY_KIND = 88,

	/* API and overhead */
	FIELD_API_DOMAIN = 96, /* CUpti_CallbackDomain: 1 driver, 2 runtime */
	FIELD_CBID = 97,
	FIELD_RETURN = 98, /* uint32 */
	FIELD_OVERHEAD_KIND = 99,
	FIELD_OBJECT_KIND = 100,
	FIELD_OBJECT = 101,

	/* NVTX */
	FIELD_NVTX_TYPE = 112, /* enum nvtx_type */
	FIELD_DOMAIN = 113,    /* text; 0 is the default domain */
	FIELD_CATEGORY = 114,
	FIELD_COLOR = 115, /* ARGB; FIELD_FLAGS has NVTX_HAS_COLOR */
	FIELD_PAYLOAD_TYPE = 116,
	FIELD_PAYLOAD = 117, /* the 8 bytes as given */
	FIELD_RANGE_ID = 118,

	/* iterations and windows */
	FIELD_SOURCE = 128, /* text: which rule found the edge */
	FIELD_NUMBER = 129,
	FIELD_FIRST_CORRELATION = 130,
	FIELD_LAST_CORRELATION = 131,

	/* clock: one sample. FIELD_START is CLOCK_MONOTONIC */
	FIELD_TICKS = 144,
	FIELD_REALTIME = 145,
	FIELD_CUPTI_TIME = 146, /* 0: no CUPTI in this process */
	FIELD_ERROR = 147,	/* ns, the bound of this sample's reading */

	/* losses: FIELD_START the first, FIELD_DURATION up to the last */
	FIELD_CAUSE = 160, /* enum loss_cause of ring.h */
	FIELD_COUNT = 161,
};

enum nvtx_type {
	NVTX_PUSH = 1,
	NVTX_POP = 2,
	NVTX_START = 3, /* FIELD_RANGE_ID joins it to its END, across threads */
	NVTX_END = 4,
	NVTX_MARK = 5,
};

/* FIELD_FLAGS of an NVTX event. */
enum nvtx_flag {
	NVTX_HAS_COLOR = 1,
	NVTX_HAS_PAYLOAD = 2,
	NVTX_HAS_CATEGORY = 4,
	NVTX_TEXT_CUT = 8, /* the text was longer than a record may be and was cut */
};

/*
 * Permanent records. Little-endian, each a multiple of 8 bytes, padded with zeros:
 *
 *   +0 u32 size (of all, header included)  +4 u16 kind  +6 u16 flags  +8 the kind's struct, then its text
 *
 * The n-th STRING record of a process defines text reference n (from 1).
 */
struct permanent_header {
	uint32_t size;
	uint16_t kind; /* enum permanent_kind */
	uint16_t flags;
};

enum permanent_kind {
	PERMANENT_STRING = 1,
	PERMANENT_FACT = 2, /* about the process (process id != 0) or the session (0): key and value */
	PERMANENT_DEVICE = 3,
	PERMANENT_CONTEXT = 4,
	PERMANENT_STREAM = 5,
	PERMANENT_THREAD = 6,	/* a thread's name */
	PERMANENT_LOSS = 7,	/* final counters by cause, written by the collector when a process ends */
	PERMANENT_CATEGORY = 8, /* an NVTX category's name */
};

/* What a string names. */
enum string_class {
	STRING_OTHER = 0,
	STRING_KERNEL = 1, /* mangled name */
	STRING_API = 2,
	STRING_NVTX_DOMAIN = 3,
	STRING_NVTX_REGISTERED = 4,
};

struct permanent_string {
	struct permanent_header h;
	uint64_t pointer; /* names records of a dead process: where the text lay in it; STRING_API: domain <<
			     32 | callback id; 0: unknown */
	uint32_t length;  /* bytes, no terminator; any bytes at all, UTF-8 is not promised */
	uint16_t string_class;
	uint16_t reserved;
	/* char text[length] */
};

/*
 * Facts of a process: pid, ppid, pid_ns, exe, argv (arguments joined by NUL), cwd, host, rank, local_rank,
 * world_size, container, driver_version, cupti_version, cupti_path, cudart_version, env.NAME (allow-listed
 * names only), clock, recording (on, or why not); by the collector: end (running, exited, _exit, killed,
 * exec, unknown: gone without a word, and whether of its own will could not be learnt), end_status ("exit 3",
 * "signal 9", when known), helper_ms (CPU time of the thread that recorded it), salvaged (records taken from
 * what it had open), title (that it gave itself), collector_pid (its pid in the collector's namespace). Facts
 * of the session, by the collector: command, started (realtime ns), host, cuflight_version, unrecorded.PID
 * (why a CUDA process has no ring). A later fact with the same key replaces the earlier.
 */
struct permanent_fact {
	struct permanent_header h;
	uint32_t key_length;
	uint32_t value_length;
	/* char key[key_length], value[value_length] */
};

struct permanent_device {
	struct permanent_header h;
	uint32_t device;
	uint32_t compute_major;
	uint32_t compute_minor;
	uint32_t multiprocessors;
	uint64_t memory;     /* bytes */
	uint64_t bandwidth;  /* kB/s, as CUPTI states it */
	uint32_t core_clock; /* kHz */
	uint32_t max_threads_per_multiprocessor;
	uint64_t l2_cache; /* bytes */
	uint8_t uuid[16];
	uint32_t name_length;
	uint32_t reserved;
	/* char name[name_length] */
};

struct permanent_context {
	struct permanent_header h;
	uint32_t context;
	uint32_t device;
	uint32_t null_stream;
	uint32_t api; /* CUpti_ActivityComputeApiKind */
};

struct permanent_stream {
	struct permanent_header h;
	uint32_t context;
	uint32_t stream;
	int32_t priority;
	uint32_t flag;
};

struct permanent_thread {
	struct permanent_header h;
	uint32_t thread;
	uint32_t name_length;
	/* char name[name_length] */
};

struct permanent_loss {
	struct permanent_header h;
	uint32_t cause; /* enum loss_cause */
	uint32_t reserved;
	uint64_t count;
	int64_t first; /* ns, 0 unknown */
	int64_t last;
};

struct permanent_category {
	struct permanent_header h;
	uint32_t domain; /* text reference */
	uint32_t category;
	uint32_t name_length;
	uint32_t reserved;
	/* char name[name_length] */
};

_Static_assert(sizeof(struct permanent_header) == 8, "permanent record header");
_Static_assert(sizeof(struct permanent_string) == 24, "permanent string");
_Static_assert(sizeof(struct permanent_fact) == 16, "permanent fact");
_Static_assert(sizeof(struct permanent_device) == 80, "permanent device");
_Static_assert(sizeof(struct permanent_context) == 24, "permanent context");
_Static_assert(sizeof(struct permanent_stream) == 24, "permanent stream");
_Static_assert(sizeof(struct permanent_thread) == 16, "permanent thread");
_Static_assert(sizeof(struct permanent_loss) == 40, "permanent loss");
_Static_assert(sizeof(struct permanent_category) == 24, "permanent category");

#endif
