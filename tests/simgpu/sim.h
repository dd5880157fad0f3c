/* The simulated GPU's core: the objects behind CUDA's handles, the modelled timeline, and what libcudart and
   libcupti need of it. The core lives in libcuda.so.1; the other two libraries reach it through
   `simgpu_core`.

   Threads: everything below is guarded by one lock (sim_lock) unless it says otherwise. No callback into the
   program or into CUPTI is made with the lock held. Times are int64 nanoseconds of the virtual clock, which
   starts as CLOCK_REALTIME (core/clock.c). Functions that can fail return a CUresult. */
#ifndef SIMGPU_SIM_H
#define SIMGPU_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include "tests/simgpu/abi/cuda_abi.h"

#define SIM_EXPORT	__attribute__((visibility("default")))
#define SIM_CORE_ABI	1
#define SIM_DEVICE_NAME "cuflight simulated GPU (H100-like)"

/* CUPTI's callback domains, which is also how the core tells the two APIs apart. */
enum { SIM_DOMAIN_DRIVER = 1, SIM_DOMAIN_RUNTIME = 2, SIM_DOMAIN_RESOURCE = 3, SIM_DOMAIN_SYNCHRONIZE = 4 };

/* ---- configuration: environment variables, read once (core/config.c; docs/simgpu.md lists them) ---- */

struct sim_faults {
	bool no_device, no_memory, no_null_buffer, subscribe_busy;
	long zero_timestamps, negative_duration, unfinished, drop; /* every Nth record; 0: never */
	long late_delivery_ms;
};

struct sim_config {
	uint64_t seed;
	double speed; /* share of a modelled wait that is really waited: 1 real time, 0 virtual time only */
	int devices;
	size_t memory; /* bytes of each device */
	bool recycle;  /* CUPTI's device buffers are recycled under graph replay */
	bool verbose;
	const char *kernel_ns; /* "glob=ns,..." or NULL */
	const char *truth;     /* path of the truth log or NULL */
	struct sim_faults fault;
};

/* ---- objects ---- */

enum sim_magic {
	SIM_CTX = 0x53435458,
	SIM_STREAM = 0x53535452,
	SIM_EVENT = 0x53455654,
	SIM_MODULE = 0x534d4f44,
	SIM_FUNC = 0x5346554e,
	SIM_GRAPH = 0x53475248,
	SIM_NODE = 0x534e4f44,
	SIM_EXEC = 0x53455845,
	SIM_POOL = 0x53504f4c,
	SIM_DEAD = 0x53444541,
};

/* What one GPU operation does, on a stream or as a graph's node. Numbers are CUDA's node types. */
enum sim_kind {
	SIM_KERNEL = 0,
	SIM_COPY = 1,
	SIM_SET = 2,
	SIM_HOST = 3,
	SIM_CHILD = 4,
	SIM_EMPTY = 5,
	SIM_WAIT = 6,
	SIM_RECORD = 7,
	SIM_ALLOC = 10,
	SIM_FREE = 11,
};

struct sim_work {
	enum sim_kind kind;
	struct sim_ctx *ctx;
	union {
		struct {
			struct sim_func *func;
			unsigned grid[3], block[3], cluster[3], shared;
			bool cooperative;
			void **params, **extra; /* as given; never read */
		} kernel;
		struct {
			char *dst;
			const char *src;
			size_t width, height, depth, dst_pitch, dst_slice, src_pitch, src_slice; /* bytes */
			uint8_t kind, src_kind, dst_kind; /* CUPTI's numbers */
			bool async;
			struct sim_ctx *src_ctx, *dst_ctx; /* peer copies */
		} copy;
		struct {
			char *dst;
			size_t pitch, width, height; /* width in elements */
			unsigned value, elem;
			uint8_t mem_kind;
			bool async;
		} set;
		struct {
			CUhostFn fn;
			CUstreamCallback callback; /* instead of fn */
			struct sim_stream *stream;
			void *data;
		} host;
		struct sim_graph *child;
		struct sim_event *event;
		struct {
			CUdeviceptr ptr;
			size_t size;
		} mem;
	} u;
};

/* One operation on the timeline. Lives from its launch until it has times and the profiler has been told. */
struct sim_op {
	struct sim_work work;
	uint64_t id; /* 1, 2, ... in launch order; the truth log's key */
	struct sim_stream *stream;
	uint32_t device, ctx_id, stream_id, corr, graph_id;
	uint64_t graph_node, graph_op; /* graph_op: how many operations from graphs the context had before */
	int64_t submit, ready, start, end;
	bool resolved;		 /* start and end are known (they may lie in the future) */
	bool deferred;		 /* was not resolved when launched */
	bool emitted;		 /* the profiler has been told of the launch, or need not be */
	int waits_for;		 /* unresolved operations before this one */
	struct sim_op **waiters; /* operations waiting for this one */
	size_t n_waiters, cap_waiters;
	struct sim_op **back; /* what names this as the last one (an event, a graph), cleared with ... */
	int64_t *back_end;    /* ... its end */
	struct sim_op *next, *next_ready; /* in lists of the moment */
	void *prof;			  /* the profiler's: its buffer */
	uint32_t prof_index;
};

struct sim_stream {
	enum sim_magic magic;
	struct sim_ctx *ctx;
	uint32_t id, flags;
	int priority;
	bool legacy;	     /* the context's NULL stream */
	int64_t tail_end;    /* end of everything resolved so far */
	struct sim_op *tail; /* last operation, if it is unresolved */
	int64_t *depth;	     /* ends of the last launches: a launch waits when the queue is full */
	uint64_t launches;
	struct sim_capture *capture; /* NULL: not capturing */
	struct sim_node **capture_deps;
	size_t n_capture_deps;
	struct sim_stream *next;
};

struct sim_event {
	enum sim_magic magic;
	uint32_t flags;
	struct sim_ctx *ctx;
	bool recorded;
	int64_t time;
	struct sim_op *op;   /* the unresolved record, or NULL */
	uint64_t capture_id; /* last recorded in this capture; 0: none */
	struct sim_node **capture_deps;
	size_t n_capture_deps;
	struct sim_event *next_free;
};

enum { SIM_H2D, SIM_D2H, SIM_P2P, SIM_ENGINES };

struct sim_pool {
	enum sim_magic magic;
	int device;
	uint64_t threshold, reserved, used, reserved_high, used_high;
	struct sim_block *free;
	bool is_default;
};

struct sim_device {
	int id;
	CUuuid uuid;
	size_t used;
	struct sim_ctx *primary;
	int primary_refs;
	unsigned primary_flags;
	int64_t engine_end[SIM_ENGINES];
	struct sim_pool default_pool, *pool;
};

struct sim_ctx {
	enum sim_magic magic;
	uint32_t id, flags;
	struct sim_device *dev;
	bool primary;
	struct sim_stream *null, *streams; /* streams: the created ones, per-thread default streams too */
	int unresolved;			   /* operations without times */
	int64_t last_end;
	uint32_t peers;	    /* bit per device */
	uint64_t graph_ops; /* GPU operations from graphs, for the pool of CUPTI's device buffers */
	struct sim_ctx *next;
};

struct sim_func {
	enum sim_magic magic;
	struct sim_module *module;
	char *name; /* mangled; never freed: CUPTI's clients keep it */
	uint64_t hash, launches;
	int64_t fixed_ns; /* from SIMGPU_KERNEL_NS, or -1 */
	int regs, static_shared, max_dynamic_shared, carveout;
	struct sim_func *next;
};

struct sim_module {
	enum sim_magic magic;
	struct sim_ctx *ctx;
	uint32_t id;
	bool library;
	struct sim_func *funcs;
	struct sim_module *next;
};

/* ---- one API call in progress, on its caller's stack ---- */

struct sim_call {
	const char *name;
	uint32_t domain, cbid, corr, ret;
	bool ptsz;	    /* stream 0 is the per-thread stream */
	const void *params; /* the call's arguments, in CUPTI's layout */
	const char *symbol; /* mangled kernel name, for launches */
	uint64_t user_data; /* CUPTI's correlationData */
	int64_t start, end;
	struct sim_call *outer;
	struct sim_op *ops, **ops_tail;
};

/* ---- the profiler's side: what libcupti registers. Called on the thread concerned, without the lock ---- */

struct sim_graph_event { /* descriptor of RESOURCE callbacks on graphs; CUpti_GraphData's layout */
	struct sim_graph *graph, *original_graph;
	struct sim_node *node, *original_node;
	int node_type;
	struct sim_node *dependency;
	struct sim_exec *exec;
};

struct sim_hooks {
	void (*enter)(struct sim_call *call);
	void (*exit)(struct sim_call *call);
	void (*launched)(struct sim_op *ops); /* list by ->next, in launch order; times set where resolved */
	void (*resolved)(struct sim_op *op);  /* one that launched() saw unresolved; with the lock held */
	void (*resource)(uint32_t cbid, struct sim_ctx *ctx, void *handle, void *descriptor);
	void (*synchronized)(uint32_t cbid, struct sim_ctx *ctx, struct sim_stream *stream);
	void (*stalled)(int64_t start, int64_t end); /* a launch had to wait for room in its queue */
	void (*progress)(void);			     /* the clock moved, or somebody waited */
	void (*forked)(void);			     /* in the child */
};

struct sim_core {
	uint32_t abi;
	const struct sim_config *config;
	void (*enter)(struct sim_call *call);
	uint32_t (*exit)(struct sim_call *call, uint32_t ret);
	void (*register_hooks)(const struct sim_hooks *hooks);
	int64_t (*now)(void);
	struct sim_ctx *(*current_ctx)(void);
	struct sim_call *(*current_call)(void);
	int (*device_count)(void);
	const CUuuid *(*device_uuid)(int device);
	void (*each_ctx)(void (*fn)(struct sim_ctx *ctx));
	struct sim_stream *(*stream_of)(struct sim_ctx *ctx, CUstream stream, bool ptsz);
	uint64_t (*node_id)(struct sim_node *node);
	uint32_t (*graph_id)(struct sim_graph *graph);
	uint32_t (*exec_id)(struct sim_exec *exec);
	void (*truth_record)(uint64_t op, int kind, uint32_t corr, int64_t start, int64_t end,
			     const char *how);
	void (*unsupported)(const char *name);
	void (*misuse)(const char *what);
	bool (*initialized)(void);
};

/* ---- core functions, by file ---- */

/* config.c */
extern struct sim_config sim_config;
void sim_config_load(void);
void sim_unsupported(const char *name); /* names it once on stderr */
void sim_misuse(const char *what);	/* says once that CUPTI is used as it must not be */

/* init.c: cuInit, injection, fork */
extern struct sim_device *sim_devices;
extern int sim_n_devices;
CUresult sim_init(void);
bool sim_initialized(void);
CUresult sim_check(void); /* SIM_OK when initialised and not in a forked child */
void sim_inject(void);

extern pthread_mutex_t sim_mutex;
extern pthread_cond_t sim_cond; /* signalled whenever an operation becomes resolved */
static inline void sim_lock(void)
{
	pthread_mutex_lock(&sim_mutex);
}
static inline void sim_unlock(void)
{
	pthread_mutex_unlock(&sim_mutex);
}

/* clock.c */
int64_t sim_now(void);
void sim_wait_until(int64_t time); /* without the lock */
void sim_spend(int64_t ns);	   /* an API call's modelled cost */

/* model.c: durations. GPU times come in steps of 32 ns, as on Hopper. */
#define SIM_TICK 32
int64_t sim_model_kernel(struct sim_func *func, const unsigned grid[3], const unsigned block[3]);
int64_t sim_model_copy(const struct sim_work *work, uint64_t id);
int64_t sim_model_set(const struct sim_work *work, uint64_t id);
uint64_t sim_hash(uint64_t a, uint64_t b);
uint64_t sim_hash_str(const char *s);

/* call.c */
void sim_enter(struct sim_call *call);
uint32_t sim_exit(struct sim_call *call, uint32_t ret);
struct sim_call *sim_call_current(void);
const struct sim_hooks *sim_hooks(void);
void sim_resource(uint32_t cbid, struct sim_ctx *ctx, void *handle, void *descriptor);

/* context.c */
struct sim_ctx *sim_ctx_current(void);
CUresult sim_ctx_create(struct sim_device *dev, unsigned flags, bool primary, struct sim_ctx **out);
void sim_ctx_destroy(struct sim_ctx *ctx);
CUresult sim_ctx_push(struct sim_ctx *ctx);
CUresult sim_ctx_pop(struct sim_ctx **out);
CUresult sim_ctx_set(struct sim_ctx *ctx);
void sim_ctx_each(void (*fn)(struct sim_ctx *ctx));
bool sim_ctx_valid(const struct sim_ctx *ctx);

/* stream.c */
struct sim_stream *sim_stream_new(struct sim_ctx *ctx, unsigned flags, int priority, bool legacy);
/* The stream a handle means for the current context, or NULL. */
struct sim_stream *sim_stream_of(CUstream handle, bool ptsz);
struct sim_stream *sim_stream_in(struct sim_ctx *ctx, CUstream handle, bool ptsz);
CUresult sim_stream_destroy(struct sim_stream *stream);
CUresult sim_stream_sync(struct sim_stream *stream);
CUresult sim_stream_query(struct sim_stream *stream);
CUresult sim_ctx_sync(struct sim_ctx *ctx);

/* event.c */
struct sim_event *sim_event_new(struct sim_ctx *ctx, unsigned flags);
void sim_event_free(struct sim_event *event);
CUresult sim_event_record(struct sim_event *event, struct sim_stream *stream);
CUresult sim_event_wait(struct sim_stream *stream, struct sim_event *event);
CUresult sim_event_sync(struct sim_event *event);
CUresult sim_event_query(struct sim_event *event);

/* timeline.c */
/* Puts work on a stream, or adds it to the graph that the stream is capturing. Without the lock. */
CUresult sim_submit(struct sim_stream *stream, const struct sim_work *work);
/* The pieces, with the lock held: make, order after others, let go. sim_op_go may resolve it at once. */
struct sim_op *sim_op_new(struct sim_stream *stream, const struct sim_work *work);
void sim_op_after(struct sim_op *op, struct sim_op *before, int64_t before_end);
void sim_op_after_stream(struct sim_op *op, struct sim_stream *stream);
void sim_op_go(struct sim_op *op);
void sim_op_finish(struct sim_op *op, int64_t end);
/* What a new operation on the stream would wait for: an unresolved one, or NULL and a time. Lock held. */
struct sim_op *sim_stream_ready(struct sim_stream *stream, int64_t *time);
/* Ends a section in which operations may have been resolved: unlocks and frees them. */
void sim_unlock_and_free(void);
/* Tells the profiler what a call has launched. Without the lock. */
void sim_emit(struct sim_call *call);
/* A launch waits when the stream's queue is full. */
void sim_throttle(struct sim_stream *stream);			/* without the lock */
void sim_throttle_note(struct sim_stream *stream, int64_t end); /* lock held */

/* effect.c: what an operation does to memory */
void sim_effect(const struct sim_work *work);

/* host.c: the thread that runs host functions */
void sim_host_queue(struct sim_op *op); /* lock held */

/* memory.c */
enum { SIM_MEM_DEVICE, SIM_MEM_PINNED, SIM_MEM_MANAGED, SIM_MEM_REGISTERED };
struct sim_mem {
	uintptr_t addr;
	size_t size;
	int kind, device;
	struct sim_ctx *ctx;
	struct sim_pool *pool; /* of cuMemAllocAsync, or NULL */
	unsigned flags;
	bool mapped;  /* by mmap, else by malloc */
	bool foreign; /* registered or static: not ours to free */
};
CUresult sim_mem_alloc(struct sim_ctx *ctx, size_t size, int kind, unsigned flags, CUdeviceptr *out);
CUresult sim_mem_free(CUdeviceptr ptr, int kind_mask);
CUresult sim_mem_register(struct sim_ctx *ctx, void *ptr, size_t size, int kind, unsigned flags);
CUresult sim_mem_unregister(void *ptr);
bool sim_mem_find(const void *ptr, struct sim_mem *out); /* the allocation that holds ptr */
uint8_t sim_mem_cupti_kind(const void *ptr);
void sim_mem_forget_device(int device);

/* pool.c */
void sim_pool_init(struct sim_pool *pool, int device);
CUresult sim_pool_alloc(struct sim_pool *pool, struct sim_ctx *ctx, size_t size, CUdeviceptr *out);
void sim_pool_free(CUdeviceptr ptr);			/* lock held */
void sim_pool_trim(struct sim_pool *pool, size_t keep); /* lock held */

/* copy.c: descriptors into work */
CUresult sim_copy_plain(struct sim_work *work, CUdeviceptr dst, CUdeviceptr src, size_t bytes, int dir,
			bool async);
CUresult sim_copy_3d(struct sim_work *work, const CUDA_MEMCPY3D *desc, bool async);

/* module.c */
struct sim_module *sim_module_new(struct sim_ctx *ctx, bool library);
struct sim_func *sim_module_func(struct sim_module *module, const char *name);
void sim_module_free(struct sim_module *module);

/* capture.c. A call that adds to a capture sets *captured; then it is done. */
enum { SIM_CAPTURE_GLOBAL, SIM_CAPTURE_THREAD, SIM_CAPTURE_RELAXED };
CUresult sim_capture_add(struct sim_stream *stream, const struct sim_work *work, bool *captured);
CUresult sim_capture_event_record(struct sim_event *event, struct sim_stream *stream, bool *captured);
CUresult sim_capture_event_wait(struct sim_stream *stream, struct sim_event *event, bool *captured);
CUresult sim_capture_begin(struct sim_stream *stream, int mode, struct sim_graph *into,
			   struct sim_node **deps, size_t n_deps);
CUresult sim_capture_end(struct sim_stream *stream, struct sim_graph **graph);
int sim_capture_exchange_mode(int mode);
CUresult sim_capture_set_deps(struct sim_stream *stream, struct sim_node **deps, size_t n, bool replace);
/* A call that CUDA calls unsafe: forbidden, and fatal to the capture, while one goes on. SIM_OK where it may
 * go on. */
CUresult sim_capture_unsafe(void);
/* A call that a capturing stream does not allow: synchronize, query. */
CUresult sim_capture_blocks(struct sim_stream *stream);
/* 0 none, 1 active, 2 invalidated */
int sim_capture_status(struct sim_stream *stream, uint64_t *id, struct sim_graph **graph);

/* truth.c */
void sim_truth_op(const struct sim_op *op); /* lock held */
void sim_truth_call(const struct sim_call *call);
void sim_truth_record(uint64_t op, int kind, uint32_t corr, int64_t start, int64_t end, const char *how);
void sim_truth_close(void);

#endif
