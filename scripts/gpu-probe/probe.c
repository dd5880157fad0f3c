/*
 * The injection library of the GPU probe. The driver loads it inside cuInit (CUDA_INJECTION64_PATH); it
 * carries out the commands in PROBE_DO there, and later those that the program gives (probe_client.h). It
 * decides nothing by itself: what is enabled, in which order and when is the experiment, and belongs to
 * whoever runs it. Here: the entry, `arm`, the flush thread, the exit.
 *
 * PROBE_DO      commands for InitializeInjection, separated by ';' (default: none, not even `arm`)
 * PROBE_AFTER   commands that the programs give once CUDA has started (read there, not here)
 * PROBE_OUT     path of the recording, %p is the pid (default: none, records are only counted)
 * PROBE_LIMIT   largest size of the recording in bytes (default 64 MiB)
 */
#define _GNU_SOURCE
#include "probe.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_EVERY_NS 100000000u

struct cupti_api cupti;
int probe_registered;

static struct {
	_Atomic int flush_every_ms;
	int thread_started;
	pid_t pid; /* that armed: a forked child must not call CUPTI */
} probe;

void probe_sample_clocks(void)
{
	struct rec_clock now = {.cupti_result = -1};

	if (!rec_active())
		return;
	now.mono_ns = clock_ns(CLOCK_MONOTONIC);
	now.real_ns = clock_ns(CLOCK_REALTIME);
	now.ticks = clock_ticks();
	if (cupti.cuptiGetTimestamp)
		now.cupti_result = cupti.cuptiGetTimestamp(&now.cupti_ns);
	now.raw_ns = clock_ns(CLOCK_MONOTONIC_RAW);
	now.boot_ns = clock_ns(CLOCK_BOOTTIME);
	now.mono_after_ns = clock_ns(CLOCK_MONOTONIC);
	rec_write(REC_CLOCK, now.mono_ns, &now, sizeof(now), NULL, 0);
}

static void *flush_thread(void *unused)
{
	uint64_t sampled = 0;

	(void)unused;
	pthread_setname_np(pthread_self(), "probe-flush");
	for (;;) {
		int ms = atomic_load(&probe.flush_every_ms);

		usleep(ms > 0 ? (useconds_t)ms * 1000 : 10000);
		if (atomic_load(&probe.flush_every_ms) <= 0)
			continue;
		cupti.cuptiActivityFlushAll(0);
		if (clock_ns(CLOCK_MONOTONIC) - sampled >= CLOCK_EVERY_NS) {
			probe_sample_clocks();
			sampled = clock_ns(CLOCK_MONOTONIC);
		}
	}
	return NULL;
}

int probe_flush_every(const char *argument)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	if (!probe_registered || !cupti.cuptiActivityFlushAll)
		return NOT_CUPTI;
	atomic_store(&probe.flush_every_ms, atoi(argument));
	if (probe.thread_started || atoi(argument) <= 0)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, flush_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return NOT_CUPTI;
	pthread_detach(thread);
	probe.thread_started = 1;
	return 0;
}

static void record_library(void)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint32_t stride[CUPTI_KINDS], pairs[CUPTI_KINDS][2];
	size_t count = 0;

	rec_write(REC_LIBRARY, now, cupti.path, strlen(cupti.path), NULL, 0);
	cupti_strides(&cupti, stride);
	for (uint32_t kind = 0; kind < CUPTI_KINDS; kind++) {
		if (!stride[kind])
			continue;
		pairs[count][0] = kind;
		pairs[count++][1] = stride[kind];
	}
	rec_write(REC_STRIDES, now, pairs, count * sizeof(*pairs), NULL, 0);
}

int probe_arm(const char *argument)
{
	const char *out = getenv("PROBE_OUT"), *limit = getenv("PROBE_LIMIT"), *error = NULL;
	int failed;

	(void)argument;
	if (cupti.library)
		return 0;
	if (cupti_open(&cupti, NULL, &error) < 0 || !cupti.cuptiActivityGetNextRecord) {
		fprintf(stderr, "gpu-probe: no usable libcupti: %s\n",
			error ? error : "a function is missing");
		cupti.library = NULL;
		return NOT_CUPTI;
	}
	probe.pid = getpid();
	if (!out || !out[0])
		return 0;
	failed = rec_open(out, limit ? strtoull(limit, NULL, 0) : 64u << 20, cupti.version);
	if (failed) {
		fprintf(stderr, "gpu-probe: %s: %s\n", out, strerror(-failed));
		return NOT_CUPTI;
	}
	record_library();
	return 0;
}

/* Registered at the first cuInit, so it runs before the handlers of libcuda and libcupti. */
static void at_exit(void)
{
	struct probe_counts counts;

	if (!cupti.library || getpid() != probe.pid)
		return;
	atomic_store(&probe.flush_every_ms, 0);
	commands_disable_all();
	probe_do(probe_registered ? "clock; flush 1" : "clock");
	/* A full buffer may still be on its way through CUPTI's own thread. */
	if (buffers_wait(500)) {
		probe_do("note CUPTI did not hand back all buffers");
		probe_do("peek");
	}
	buffers_counts(&counts);
	rec_close(counts.records, counts.dropped);
}

EXPORT void probe_get_counts(struct probe_counts *counts)
{
	buffers_counts(counts);
}

EXPORT int InitializeInjection(void)
{
	const char *commands = getenv("PROBE_DO");

	atexit(at_exit);
	if (commands)
		probe_do(commands);
	return 1;
}
