/*
 * The commands of probe_client.h: one function each, a table, and probe_do, which times and records them.
 * A command returns a CUptiResult, or NOT_CUPTI.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
	pthread_mutex_t lock; /* one list of commands at a time; never taken in a callback */
	CUpti_SubscriberHandle subscriber;
	char kind_on[CUPTI_KINDS];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int thread(const char *argument)
{
	if (!cupti.cuptiSetThreadIdType)
		return NOT_CUPTI;
	return (int)cupti.cuptiSetThreadIdType((CUpti_ActivityThreadIdType)atoi(argument));
}

static int attr(const char *argument)
{
	/* Booleans are one byte, the rest size_t; on little-endian machines one value serves both. */
	size_t value, size = sizeof(value);
	int id;

	if (sscanf(argument, "%d=%zu", &id, &value) != 2 || !cupti.cuptiActivitySetAttribute)
		return NOT_CUPTI;
	if (id == CUPTI_ACTIVITY_ATTR_ZEROED_OUT_ACTIVITY_BUFFER ||
	    id == CUPTI_ACTIVITY_ATTR_MEM_ALLOCATION_TYPE_HOST_PINNED ||
	    id == CUPTI_ACTIVITY_ATTR_PER_THREAD_ACTIVITY_BUFFER)
		size = 1;
	return (int)cupti.cuptiActivitySetAttribute((CUpti_ActivityAttribute)id, &size, &value);
}

static int latency(const char *argument)
{
	(void)argument;
	if (!cupti.cuptiActivityEnableLatencyTimestamps)
		return NOT_CUPTI;
	return (int)cupti.cuptiActivityEnableLatencyTimestamps(1);
}

static int register_(const char *argument)
{
	CUptiResult result;

	(void)argument;
	if (!cupti.cuptiActivityRegisterCallbacks)
		return NOT_CUPTI;
	result = cupti.cuptiActivityRegisterCallbacks(buffers_request, buffers_complete);
	if (result == CUPTI_SUCCESS)
		probe_registered = 1;
	return (int)result;
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
		if (result != CUPTI_SUCCESS && holder[0])
			fprintf(stderr, "gpu-probe: the subscription is held by '%.*s'\n",
				(int)sizeof(holder), holder);
		return result;
	}
#endif
	return cupti.cuptiSubscribe(subscriber, callbacks_handler, NULL);
}

static int subscribe(const char *argument)
{
	CUpti_SubscriberHandle subscriber;
	CUptiResult result;

	(void)argument;
	if (!cupti.cuptiSubscribe)
		return NOT_CUPTI;
	result = ask_for_subscription(&subscriber);
	if (result == CUPTI_SUCCESS)
		state.subscriber = subscriber;
	return (int)result;
}

static int unsubscribe(const char *argument)
{
	CUpti_SubscriberHandle subscriber = state.subscriber;

	(void)argument;
	if (!subscriber || !cupti.cuptiUnsubscribe)
		return NOT_CUPTI;
	state.subscriber = NULL;
	return (int)cupti.cuptiUnsubscribe(subscriber);
}

static int callbacks(const char *argument)
{
	uint32_t on = strcmp(argument, "none") != 0;
	CUptiResult result = CUPTI_SUCCESS;
	unsigned domain, cbid;

	if (!state.subscriber || !cupti.cuptiEnableCallback || !cupti.cuptiEnableDomain)
		return NOT_CUPTI;
	if (sscanf(argument, "%u:%u", &domain, &cbid) == 2)
		return (int)cupti.cuptiEnableCallback(1, state.subscriber, (CUpti_CallbackDomain)domain,
						      cbid);
	/* NVTX's domain is left out: it needs libcupti as NVTX's own injection. */
	for (int d = CUPTI_CB_DOMAIN_DRIVER_API; d < CUPTI_CB_DOMAIN_SIZE && result == CUPTI_SUCCESS; d++)
		if (d != CUPTI_CB_DOMAIN_NVTX)
			result = cupti.cuptiEnableDomain(on, state.subscriber, (CUpti_CallbackDomain)d);
	return (int)result;
}

static int enable(const char *argument)
{
	int kind = atoi(argument);
	CUptiResult result;

	if (kind <= 0 || kind >= CUPTI_KINDS || !cupti.cuptiActivityEnable)
		return NOT_CUPTI;
	result = cupti.cuptiActivityEnable((CUpti_ActivityKind)kind);
	if (result == CUPTI_SUCCESS)
		state.kind_on[kind] = 1;
	return (int)result;
}

static int disable(const char *argument)
{
	int kind = atoi(argument);

	if (kind <= 0 || kind >= CUPTI_KINDS || !cupti.cuptiActivityDisable)
		return NOT_CUPTI;
	state.kind_on[kind] = 0;
	return (int)cupti.cuptiActivityDisable((CUpti_ActivityKind)kind);
}

static int flush(const char *argument)
{
	if (!probe_registered || !cupti.cuptiActivityFlushAll)
		return NOT_CUPTI;
	return (int)cupti.cuptiActivityFlushAll((uint32_t)atoi(argument));
}

static int period(const char *argument)
{
	if (!cupti.cuptiActivityFlushPeriod)
		return NOT_CUPTI;
	return (int)cupti.cuptiActivityFlushPeriod((uint32_t)atoi(argument));
}

static int dropped(const char *argument)
{
	size_t count = 0;
	CUptiResult result;

	(void)argument;
	if (!cupti.cuptiActivityGetNumDroppedRecords)
		return NOT_CUPTI;
	result = cupti.cuptiActivityGetNumDroppedRecords(NULL, 0, &count);
	fprintf(stderr, "gpu-probe: %zu records dropped\n", count);
	return (int)result;
}

static int buffer(const char *argument)
{
	size_t size = strtoull(argument, NULL, 0);

	if (size < 4096)
		return NOT_CUPTI;
	buffers_configure(size);
	return 0;
}

static int fill(const char *argument)
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

static int clock_(const char *argument)
{
	(void)argument;
	probe_sample_clocks();
	return 0;
}

static int peek(const char *argument)
{
	(void)argument;
	buffers_peek();
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const char *argument);
	char before_arm; /* allowed before `arm` succeeded */
} commands[] = {
	{"arm", probe_arm, 1},	     {"buffer", buffer, 1},	  {"fill", fill, 1},
	{"thread", thread, 0},	     {"attr", attr, 0},		  {"latency", latency, 0},
	{"register", register_, 0},  {"subscribe", subscribe, 0}, {"unsubscribe", unsubscribe, 0},
	{"callbacks", callbacks, 0}, {"enable", enable, 0},	  {"disable", disable, 0},
	{"flush", flush, 0},	     {"period", period, 0},	  {"every", probe_flush_every, 0},
	{"dropped", dropped, 0},     {"clock", clock_, 0},	  {"peek", peek, 0},
};

static int execute(const char *name, const char *argument)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(name, commands[i].name) && (commands[i].before_arm || cupti.library))
			return commands[i].run(argument);
	return NOT_CUPTI;
}

/* Execute, time and record one command. Returns as probe_do does. */
static int64_t command(const char *name, const char *argument)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	struct rec_call call = {.result = execute(name, argument)};
	char text[256];

	call.duration_ns = clock_ns(CLOCK_MONOTONIC) - start;
	snprintf(text, sizeof(text), "%s%s%s", name, argument[0] ? " " : "", argument);
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

/* One command with its argument behind a space, in text of its own. */
static int64_t command_text(char *name)
{
	char *argument = name + strcspn(name, " ");

	if (*argument)
		*argument++ = '\0';
	argument += strspn(argument, " ");
	if (!strcmp(name, "note")) {
		rec_write(REC_NOTE, clock_ns(CLOCK_MONOTONIC), argument, strlen(argument), NULL, 0);
		return 0;
	}
	if (!strcmp(name, "enable") || !strcmp(name, "disable"))
		return command_list(name, argument);
	return command(name, argument);
}

EXPORT int64_t probe_do(const char *list)
{
	char *text = strdup(list), *next = text;
	int64_t result = 0;

	if (!text)
		return NOT_CUPTI;
	pthread_mutex_lock(&state.lock);
	while (next) {
		char *name = next + strspn(next, " ");

		next = strncmp(name, "note ", 5) ? strchr(name, ';') : NULL; /* a note may hold a ';' */
		if (next)
			*next++ = '\0';
		if (*name)
			result = command_text(name);
	}
	pthread_mutex_unlock(&state.lock);
	free(text);
	return result;
}

void commands_disable_all(void)
{
	char text[32];

	for (int kind = 0; kind < CUPTI_KINDS; kind++) {
		snprintf(text, sizeof(text), "disable %d", kind);
		if (state.kind_on[kind])
			probe_do(text);
	}
}
