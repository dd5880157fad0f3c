/*
 * The injection library of the GPU probe. The driver loads it inside cuInit (CUDA_INJECTION64_PATH); it
 * carries out the commands in PROBE_DO there, and later those that the program gives (probe_client.h). It
 * decides nothing by itself: what is enabled, in which order and when is the experiment, and belongs to
 * whoever runs it.
 *
 *   PROBE_DO     commands for InitializeInjection, separated by ';' (default: none, not even `arm`)
 *   PROBE_OUT    path of the recording, %p is the pid (default: none, records are only counted)
 *   PROBE_LIMIT  largest size of the recording in bytes (default 64 MiB)
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT	       __attribute__((visibility("default")))
#define NOT_CUPTI      (-1000) /* a command failed for a reason that is not a CUptiResult */
#define CLOCK_EVERY_NS 100000000u

struct cupti_api cupti;
uint32_t strides[CUPTI_KINDS];

static struct {
	pthread_mutex_t lock; /* one command list at a time; never taken in a callback */
	CUpti_SubscriberHandle subscriber;
	char kind_on[CUPTI_KINDS];
	_Atomic int flush_every_ms;
	int thread_started;
	int armed;
	pid_t pid;
} probe = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void sample_clocks(void)
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

		if (ms <= 0) {
			usleep(10000);
			continue;
		}
		usleep((useconds_t)ms * 1000);
		cupti.cuptiActivityFlushAll(0);
		if (clock_ns(CLOCK_MONOTONIC) - sampled >= CLOCK_EVERY_NS) {
			sample_clocks();
			sampled = clock_ns(CLOCK_MONOTONIC);
		}
	}
	return NULL;
}

static int start_flushing(int ms)
{
	sigset_t all, before;
	pthread_t thread;
	int error = 0;

	if (!cupti.cuptiActivityFlushAll)
		return NOT_CUPTI;
	atomic_store(&probe.flush_every_ms, ms);
	if (ms <= 0 || probe.thread_started)
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

static int set_attribute(const char *argument)
{
	/* Booleans are one byte, the rest size_t; on little-endian machines one value serves both. */
	size_t value, size = sizeof(value);
	int id;

	if (sscanf(argument, "%d=%zu", &id, &value) != 2)
		return NOT_CUPTI;
	if (id == CUPTI_ACTIVITY_ATTR_ZEROED_OUT_ACTIVITY_BUFFER ||
	    id == CUPTI_ACTIVITY_ATTR_MEM_ALLOCATION_TYPE_HOST_PINNED ||
	    id == CUPTI_ACTIVITY_ATTR_PER_THREAD_ACTIVITY_BUFFER)
		size = 1;
	return (int)cupti.cuptiActivitySetAttribute((CUpti_ActivityAttribute)id, &size, &value);
}

static CUptiResult ask_for_subscription(CUpti_SubscriberHandle *subscriber)
{
#ifdef CUpti_SubscriberParams_STRUCT_SIZE
	char holder[CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN] = "";
	CUpti_SubscriberParams params = {
		.structSize = CUpti_SubscriberParams_STRUCT_SIZE,
		.subscriberName = "gpu-probe",
		.oldSubscriberName = holder,
		.oldSubscriberSize = sizeof(holder),
	};
	CUptiResult result;

	if (cupti.cuptiSubscribe_v2) {
		result = cupti.cuptiSubscribe_v2(subscriber, callbacks_handler, NULL, &params);
		if (result != CUPTI_SUCCESS)
			fprintf(stderr, "gpu-probe: the subscription is held by '%.*s'\n",
				(int)sizeof(holder), holder);
		return result;
	}
#endif
	return cupti.cuptiSubscribe(subscriber, callbacks_handler, NULL);
}

static int subscribe(void)
{
	CUpti_SubscriberHandle subscriber;
	CUptiResult result;

	if (!cupti.cuptiSubscribe)
		return NOT_CUPTI;
	result = ask_for_subscription(&subscriber);
	if (result == CUPTI_SUCCESS)
		probe.subscriber = subscriber;
	return (int)result;
}

static int unsubscribe(void)
{
	CUpti_SubscriberHandle subscriber = probe.subscriber;

	probe.subscriber = NULL;
	return subscriber ? (int)cupti.cuptiUnsubscribe(subscriber) : NOT_CUPTI;
}

static int select_callbacks(const char *argument)
{
	int on = strcmp(argument, "none") != 0;
	CUptiResult result = CUPTI_SUCCESS;
	unsigned domain, cbid;

	if (!probe.subscriber)
		return NOT_CUPTI;
	if (sscanf(argument, "%u:%u", &domain, &cbid) == 2)
		return (int)cupti.cuptiEnableCallback(1, probe.subscriber, (CUpti_CallbackDomain)domain,
						      cbid);
	/* NVTX's domain is left out: it needs libcupti as NVTX's own injection. */
	for (int d = CUPTI_CB_DOMAIN_DRIVER_API; d < CUPTI_CB_DOMAIN_SIZE && result == CUPTI_SUCCESS; d++)
		if (d != CUPTI_CB_DOMAIN_NVTX)
			result = cupti.cuptiEnableDomain((uint32_t)on, probe.subscriber,
							 (CUpti_CallbackDomain)d);
	return (int)result;
}

static int enable(int kind)
{
	CUptiResult result = cupti.cuptiActivityEnable((CUpti_ActivityKind)kind);

	if (result == CUPTI_SUCCESS && kind > 0 && kind < CUPTI_KINDS)
		probe.kind_on[kind] = 1;
	return (int)result;
}

static int disable(int kind)
{
	if (kind > 0 && kind < CUPTI_KINDS)
		probe.kind_on[kind] = 0;
	return (int)cupti.cuptiActivityDisable((CUpti_ActivityKind)kind);
}

static int set_fill(const char *argument)
{
	static const char *const names[] = {"none", "zero", "dirty"};

	for (int i = FILL_NONE; i <= FILL_DIRTY; i++) {
		if (!strcmp(argument, names[i])) {
			buffers_fill((enum buffer_fill)i);
			return 0;
		}
	}
	return NOT_CUPTI;
}

static int dropped(void)
{
	size_t count = 0;
	CUptiResult result = cupti.cuptiActivityGetNumDroppedRecords(NULL, 0, &count);

	fprintf(stderr, "gpu-probe: %zu records dropped\n", count);
	return (int)result;
}

static int arm(void)
{
	const char *out = getenv("PROBE_OUT"), *limit = getenv("PROBE_LIMIT"), *error = "";
	uint32_t pairs[CUPTI_KINDS][2];
	size_t count = 0;
	uint64_t now;
	int failed;

	if (probe.armed)
		return 0;
	if (cupti_open(&cupti, NULL, &error) < 0) {
		fprintf(stderr, "gpu-probe: no libcupti: %s\n", error ? error : "no reason given");
		return NOT_CUPTI;
	}
	if (cupti_strides(&cupti, strides) < 0)
		return NOT_CUPTI;
	probe.armed = 1;
	probe.pid = getpid();
	failed = out && out[0] ? rec_open(out, limit ? strtoull(limit, NULL, 0) : 64u << 20, cupti.version)
			       : 0;
	if (failed)
		fprintf(stderr, "gpu-probe: %s: %s\n", out, strerror(-failed));
	now = clock_ns(CLOCK_MONOTONIC);
	rec_write(REC_LIBRARY, now, cupti.path, strlen(cupti.path), NULL, 0);
	for (uint32_t kind = 0; kind < CUPTI_KINDS; kind++) {
		if (!strides[kind])
			continue;
		pairs[count][0] = kind;
		pairs[count++][1] = strides[kind];
	}
	rec_write(REC_STRIDES, now, pairs, count * sizeof(*pairs), NULL, 0);
	return failed ? NOT_CUPTI : 0;
}

/* One command on one argument; what it returns goes into the recording as struct rec_call's result. */
static int execute(const char *name, const char *argument)
{
	int number = atoi(argument);

	if (!strcmp(name, "note")) {
		rec_write(REC_NOTE, clock_ns(CLOCK_MONOTONIC), argument, strlen(argument), NULL, 0);
		return 0;
	}
	if (!strcmp(name, "arm"))
		return arm();
	if (!strcmp(name, "buffer")) {
		buffers_configure(strtoull(argument, NULL, 0));
		return 0;
	}
	if (!strcmp(name, "fill"))
		return set_fill(argument);
	if (!probe.armed)
		return NOT_CUPTI;
	if (!strcmp(name, "thread") && cupti.cuptiSetThreadIdType)
		return (int)cupti.cuptiSetThreadIdType((CUpti_ActivityThreadIdType)number);
	if (!strcmp(name, "attr") && cupti.cuptiActivitySetAttribute)
		return set_attribute(argument);
	if (!strcmp(name, "latency") && cupti.cuptiActivityEnableLatencyTimestamps)
		return (int)cupti.cuptiActivityEnableLatencyTimestamps(1);
	if (!strcmp(name, "register") && cupti.cuptiActivityRegisterCallbacks)
		return (int)cupti.cuptiActivityRegisterCallbacks(buffers_request, buffers_complete);
	if (!strcmp(name, "subscribe"))
		return subscribe();
	if (!strcmp(name, "unsubscribe") && cupti.cuptiUnsubscribe)
		return unsubscribe();
	if (!strcmp(name, "callbacks") && cupti.cuptiEnableCallback && cupti.cuptiEnableDomain)
		return select_callbacks(argument);
	if (!strcmp(name, "enable") && cupti.cuptiActivityEnable)
		return enable(number);
	if (!strcmp(name, "disable") && cupti.cuptiActivityDisable)
		return disable(number);
	if (!strcmp(name, "flush") && cupti.cuptiActivityFlushAll)
		return (int)cupti.cuptiActivityFlushAll((uint32_t)number);
	if (!strcmp(name, "period") && cupti.cuptiActivityFlushPeriod)
		return (int)cupti.cuptiActivityFlushPeriod((uint32_t)number);
	if (!strcmp(name, "every"))
		return start_flushing(number);
	if (!strcmp(name, "dropped") && cupti.cuptiActivityGetNumDroppedRecords)
		return dropped();
	if (!strcmp(name, "clock")) {
		sample_clocks();
		return 0;
	}
	if (!strcmp(name, "peek")) {
		buffers_peek();
		return 0;
	}
	return NOT_CUPTI;
}

/* Execute, time and record it. Returns as probe_do does. */
static int64_t command(const char *name, const char *argument)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	struct rec_call call = {.result = execute(name, argument)};
	char text[256];

	call.duration_ns = clock_ns(CLOCK_MONOTONIC) - start;
	snprintf(text, sizeof(text), "%s%s%s", name, argument[0] ? " " : "", argument);
	if (strcmp(name, "note") != 0)
		rec_write(REC_CALL, start, &call, sizeof(call), text, strlen(text));
	if (call.result == 0)
		return (int64_t)call.duration_ns;
	fprintf(stderr, "gpu-probe: %s: %d %s\n", text, call.result,
		call.result > 0 ? cupti_result(&cupti, (CUptiResult)call.result)
				: "(not an answer of CUPTI)");
	return call.result > 0 ? -(int64_t)call.result : NOT_CUPTI;
}

/* "enable 1,2,10" is three commands: the library is asked one kind at a time. */
static int64_t command_list(const char *name, char *arguments)
{
	int64_t result = NOT_CUPTI;
	char *rest = NULL;

	for (char *one = strtok_r(arguments, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
		result = command(name, one);
	return result;
}

EXPORT int64_t probe_do(const char *commands)
{
	char *text = strdup(commands), *next = text;
	int64_t result = 0;

	if (!text)
		return NOT_CUPTI;
	pthread_mutex_lock(&probe.lock);
	while (next) {
		char *name = next + strspn(next, " "), *argument;

		next = strncmp(name, "note ", 5) ? strchr(name, ';') : NULL;
		if (next)
			*next++ = '\0';
		argument = name + strcspn(name, " ");
		if (*argument)
			*argument++ = '\0';
		argument += strspn(argument, " ");
		if (!*name)
			continue;
		if (!strcmp(name, "enable") || !strcmp(name, "disable"))
			result = command_list(name, argument);
		else
			result = command(name, argument);
	}
	pthread_mutex_unlock(&probe.lock);
	free(text);
	return result;
}

EXPORT void probe_get_counts(struct probe_counts *counts)
{
	buffers_counts(counts);
}

/* Registered at the first cuInit, so it runs before the handlers of libcuda and libcupti. */
static void at_exit(void)
{
	struct probe_counts counts;
	char kind[16];

	if (!probe.armed || getpid() != probe.pid) /* in a forked child CUPTI's state is the parent's */
		return;
	atomic_store(&probe.flush_every_ms, 0);
	for (int k = 0; k < CUPTI_KINDS; k++) {
		snprintf(kind, sizeof(kind), "disable %d", k);
		if (probe.kind_on[k])
			probe_do(kind);
	}
	probe_do("clock; flush 1");
	buffers_counts(&counts);
	rec_close(counts.records, counts.dropped);
}

EXPORT int InitializeInjection(void)
{
	const char *commands = getenv("PROBE_DO");

	atexit(at_exit);
	if (commands)
		probe_do(commands);
	return 1;
}
