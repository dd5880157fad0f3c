/*
 * What the injection library offers to the program it was loaded into: commands, and counts of what it
 * received. The workloads use it through the functions below, which do nothing where the library is not
 * loaded; Python uses the two exported symbols through ctypes.
 */
#ifndef GPU_PROBE_CLIENT_H
#define GPU_PROBE_CLIENT_H

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Counted since the library was loaded. "timed" records: kernels, copies, memsets, graph launches. */
struct probe_counts {
	uint64_t records;
	uint64_t kernels;
	uint64_t copies; /* memcpy, peer memcpy and memset */
	uint64_t graphs; /* graph-level records */
	uint64_t api;	 /* runtime and driver records */
	uint64_t other;
	uint64_t start_zero; /* timed records with start 0 (end may be 0 too) */
	uint64_t end_zero;   /* timed records with a start and no end */
	uint64_t reversed;   /* timed records that end before they start */
	uint64_t dropped;    /* as told by CUPTI, read when a buffer is handed back */
	uint64_t requested;  /* buffers */
	uint64_t completed;
	uint64_t refused; /* requests answered with no buffer: the probe's own limit was reached */
	uint64_t bytes;	  /* valid bytes in completed buffers */
	uint64_t callbacks;
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Carry out commands, separated by ';'. Legal on any ordinary thread, not in a CUPTI callback. Returns the ns
 * spent in CUPTI by the last command, or below 0: -(CUptiResult), or -1000 for what is not CUPTI's error.
 *
 * arm                    find libcupti, learn the strides, open the recording PROBE_OUT
 * thread N               cuptiSetThreadIdType
 * attr ID=VALUE          cuptiActivitySetAttribute
 * latency                cuptiActivityEnableLatencyTimestamps
 * register               cuptiActivityRegisterCallbacks
 * subscribe              cuptiSubscribe_v2, or cuptiSubscribe
 * unsubscribe            cuptiUnsubscribe
 * callbacks all          of every domain; `callbacks D:N`: one, as 2:211; `callbacks none`
 * enable A,B,...         activity kinds, each its own call
 * disable A,B,...        likewise
 * flush N                cuptiActivityFlushAll(N)
 * period MS              cuptiActivityFlushPeriod
 * every MS               a thread calls FlushAll(0) every MS ms and samples the clocks; 0 stops it
 * dropped                cuptiActivityGetNumDroppedRecords
 * buffer BYTES           size of the buffers handed out from now on
 * fill none|zero|dirty   what they are filled with before they are handed out
 * clock                  sample the clocks now
 * peek                   record the buffers that CUPTI holds
 * note TEXT              a note in the recording, up to the end of the string: the last command
 */
typedef int64_t probe_do_fn(const char *commands);
typedef void probe_counts_fn(struct probe_counts *counts);

#ifndef GPU_PROBE_LIBRARY

static inline void *probe_symbol(const char *name)
{
	const char *path = getenv("CUDA_INJECTION64_PATH");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;

	return library ? dlsym(library, name) : NULL;
}

static inline int probe_present(void)
{
	return probe_symbol("probe_do") != NULL;
}

static inline int64_t probe_do(const char *commands)
{
	probe_do_fn *call = (probe_do_fn *)probe_symbol("probe_do");

	return call ? call(commands) : 0;
}

static inline void probe_get_counts(struct probe_counts *counts)
{
	probe_counts_fn *call = (probe_counts_fn *)probe_symbol("probe_get_counts");

	memset(counts, 0, sizeof(*counts));
	if (call)
		call(counts);
}

#endif

#ifdef __cplusplus
}
#endif

#endif
