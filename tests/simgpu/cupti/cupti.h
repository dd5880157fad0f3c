/* libcupti's inside. One source for three versions: SIM_CUPTI is 1108, 1204 or 1300, the CUDA version whose
   record layout, result codes and callback numbers the library has. */
#ifndef SIMGPU_CUPTI_H
#define SIMGPU_CUPTI_H

#include "tests/simgpu/abi/cupti_abi.h"
#include "tests/simgpu/sim.h"

#define API SIM_EXPORT CUptiResult

/* init.c: finds the core in libcuda.so.1 and registers with it. Every entry point that needs it begins with
 * this. */
extern const struct sim_core *core;
CUptiResult cupti_init(void);
CUptiResult cupti_fail(CUptiResult result); /* remembers it for cuptiGetLastError */
#define INIT()                                                                                               \
	do {                                                                                                 \
		CUptiResult init_ = cupti_init();                                                            \
                                                                                                             \
		if (init_)                                                                                   \
			return cupti_fail(init_);                                                            \
	} while (0)

/* strides.c */
extern const uint16_t cupti_strides[KIND_MAX];

/* attributes.c */
extern bool cupti_zeroed, cupti_per_thread;
extern size_t cupti_pool_operations; /* GPU operations that the pool of device buffers holds, per context */

/* buffers.c: everything here may be called from any thread, without locks. */
void buffers_put(const void *record); /* a record that is complete */
void buffers_put_op(const void *record, struct sim_op *op,
		    bool timed); /* one whose times come with the operation */
void buffers_resolved(struct sim_op *op);
void buffers_progress(void);
CUptiResult buffers_flush(bool force);
void buffers_register(CUpti_RequestFunc request, CUpti_CompleteFunc complete);
bool buffers_registered(void);
void buffers_period(uint32_t ms);
size_t buffers_dropped(void);
void buffers_drop(uint64_t op, uint32_t kind);

/* records.c */
extern _Atomic uint64_t cupti_enabled; /* bit per kind */
uint32_t cupti_thread_id(void);
void records_call(const struct sim_call *call);
void records_launched(struct sim_op *ops);
void records_device(void);
void records_context(struct sim_ctx *ctx);
void records_stream(struct sim_stream *stream);
enum { OVERHEAD_FLUSH = 1 << 16, OVERHEAD_COMMAND_BUFFER_FULL = 6 << 16 };
void records_overhead(uint32_t kind, int64_t start, int64_t end);
void records_stalled(int64_t start, int64_t end);
static inline bool cupti_on(int kind)
{
	return cupti_enabled >> kind & 1;
}

/* external.c */
void external_call(uint32_t correlation);

/* callbacks.c */
void callbacks_api(struct sim_call *call, int site);
void callbacks_resource(uint32_t cbid, struct sim_ctx *ctx, void *handle, void *descriptor);
void callbacks_synchronized(uint32_t cbid, struct sim_ctx *ctx, struct sim_stream *stream);
void callbacks_reset(void);
/* Which of the client's functions runs on this thread: a callback's domain, CUPTI_IN_BUFFER, or 0. */
extern __thread int cupti_inside;
enum { CUPTI_IN_BUFFER = 100 };

#endif
