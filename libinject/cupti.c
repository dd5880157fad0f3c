/*
 * cupti.c: switching CUPTI on and off. The buffers are activity.c's, finding the library cupti_find.c's.
 */
#include "libinject/cupti.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "libinject/activity.h"
#include "libinject/capture.h"
#include "libinject/cupti_find.h"
#include "libinject/facts.h"
#include "libinject/iteration.h"
#include "libinject/names.h"
#include "libinject/recorder.h"
#include "libinject/session.h"
#include "wire/cupti_record.h"

/* What is recorded. Enabled once and never toggled: a kind that was off while a graph was captured stays off
   for that graph. KERNEL (3) would serialise all kernels; 10 does not. */
static const uint32_t kinds[] = {
	ACTIVITY_DEVICE,      ACTIVITY_CONTEXT, ACTIVITY_STREAM,  ACTIVITY_KERNEL, ACTIVITY_MEMCPY,
	ACTIVITY_MEMCPY_PEER, ACTIVITY_MEMSET,	ACTIVITY_RUNTIME, ACTIVITY_DRIVER, ACTIVITY_OVERHEAD,
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum cupti_use {
	CUPTI_OFF = 0,
	CUPTI_ON,
	CUPTI_DEAD, /* after a fatal error, or in a child of the process that used it */
};

static struct cupti_api api;
static uint32_t use; /* enum cupti_use */

bool cupti_is_on(void)
{
	return load_acquire(&use) == CUPTI_ON; /* partner: the end of cupti_start() */
}

int (*cupti_clock(void))(uint64_t *)
{
	return cupti_is_on() ? api.get_timestamp : NULL;
}

const char *cupti_api_name(uint32_t domain, uint32_t cbid)
{
	const char *name = NULL;

	return cupti_is_on() && !api.callback_name(domain, cbid, &name) ? name : NULL;
}

static const struct {
	uint32_t domain, id;
	bool start;
} profiler_calls[] = {
	{DOMAIN_DRIVER, DRIVER_PROFILER_START, true},
	{DOMAIN_DRIVER, DRIVER_PROFILER_STOP, false},
	{DOMAIN_RUNTIME, RUNTIME_PROFILER_START, true},
	{DOMAIN_RUNTIME, RUNTIME_PROFILER_STOP, false},
};

#define PROFILER_CALLS (sizeof(profiler_calls) / sizeof(profiler_calls[0]))

/*
 * On the thread that makes the call. A window begins when its start begins and ends when its stop has ended;
 * the driver's call inside the runtime's says it again, which does no harm.
 */
static void profiler_called(uint32_t domain, uint32_t id, const void *callback_data)
{
	uint32_t site;

	memcpy(&site, callback_data, sizeof(site));
	for (size_t i = 0; i < PROFILER_CALLS; i++)
		if (profiler_calls[i].domain == domain && profiler_calls[i].id == id &&
		    site == (profiler_calls[i].start ? CALLBACK_SITE_ENTER : CALLBACK_SITE_EXIT))
			iteration_profiler_edge(profiler_calls[i].start);
}

static void called_back(void *data, uint32_t domain, uint32_t id, const void *callback_data)
{
	(void)data;
	/* CUPTI has given up and cleaned up after itself. It must not be called any more. */
	if (domain == DOMAIN_STATE && id == STATE_FATAL_ERROR)
		store_release(&use, CUPTI_DEAD);
	else if (callback_data && (domain == DOMAIN_DRIVER || domain == DOMAIN_RUNTIME))
		profiler_called(domain, id, callback_data);
}

static void explain(const char *what, int result)
{
	const char *text = NULL;

	if (api.get_result_string)
		api.get_result_string((uint32_t)result, &text);
	facts_recording("NVTX only: %s: CUPTI error %d%s%s", what, result, text ? " " : "", text ? text : "");
}

/* Who has the one subscription there is? Only CUDA 13's CUPTI can tell. */
static void name_holder(void)
{
	char holder[SUBSCRIBER_NAME_BYTES + 1] = "";
	struct cupti_subscriber_params params = {
		.size = sizeof(params),
		.name = "cuflight",
		.old_name = holder,
		.old_name_size = SUBSCRIBER_NAME_BYTES,
	};
	void *subscriber;

	if (api.subscribe_v2)
		api.subscribe_v2(&subscriber, called_back, NULL, &params);
	facts_recording("NVTX only: another tool in this process uses CUPTI (error 39): %s",
			holder[0] ? holder : "CUPTI does not say which");
}

static void watch_profiler_calls(void *subscriber)
{
	int result = api.enable_callback ? CUPTI_OK : -1;

	for (size_t i = 0; i < PROFILER_CALLS && !result; i++)
		result = api.enable_callback(1, subscriber, profiler_calls[i].domain, profiler_calls[i].id);
	if (result)
		session_log("cudaProfilerStart is not noticed: CUPTI error %d", result);
}

static bool subscribe(void)
{
	void *subscriber = NULL;
	int result = api.subscribe(&subscriber, called_back, NULL);

	if (result == CUPTI_MULTIPLE_SUBSCRIBERS)
		name_holder();
	else if (result)
		explain("cuptiSubscribe", result);
	else if (api.enable_callback)
		api.enable_callback(1, subscriber, DOMAIN_STATE, STATE_FATAL_ERROR); /* not before 12.2 */
	if (!result && capture_wants_profiler_api())
		watch_profiler_calls(subscriber);
	return result == CUPTI_OK;
}

static void set_attribute(uint32_t attribute, size_t size, void *value, const char *name)
{
	int result = api.set_attribute(attribute, &size, value);

	if (result)
		session_log("CUPTI attribute %s not set: error %d", name, result);
}

/* Before any context exists, and before the callbacks are registered. */
static void set_attributes(uint32_t version)
{
	uint8_t yes = 1, no = 0;
	size_t size = config.device_buffer_size, limit = config.device_buffer_limit;

	set_attribute(ATTRIBUTE_ZEROED_OUT_BUFFER, sizeof(yes), &yes, "ZEROED_OUT_ACTIVITY_BUFFER");
	/* Off, even where that is the default: memory is budgeted for the process, not a thread. */
	if (version >= 21) /* 12.3 */
		set_attribute(ATTRIBUTE_PER_THREAD_BUFFER, sizeof(no), &no, "PER_THREAD_ACTIVITY_BUFFER");
	if (size)
		set_attribute(ATTRIBUTE_DEVICE_BUFFER_SIZE, sizeof(size), &size, "DEVICE_BUFFER_SIZE");
	if (limit)
		set_attribute(ATTRIBUTE_DEVICE_BUFFER_POOL_LIMIT, sizeof(limit), &limit,
			      "DEVICE_BUFFER_POOL_LIMIT");
}

void cupti_learn_strides(const struct cupti_api *cupti, uint16_t *strides, uint32_t count)
{
	static uint64_t scratch[512];

	for (uint32_t kind = 1; kind < count; kind++) {
		void *record = NULL;

		/* Wherever the next record begins, its kind is this one. */
		for (size_t i = 0; i < sizeof(scratch) / sizeof(scratch[0]); i++)
			scratch[i] = kind;
		strides[kind] = 0;
		if (cupti->next_record((uint8_t *)scratch, sizeof(scratch), &record) ||
		    record != (void *)scratch)
			continue;
		if (!cupti->next_record((uint8_t *)scratch, sizeof(scratch), &record) &&
		    record > (void *)scratch)
			strides[kind] = (uint16_t)((uint8_t *)record - (uint8_t *)scratch);
	}
}

/* What a reader of this process's buffers has to know, also when the process is dead. */
static void publish_layout(uint32_t version, const char *path)
{
	struct ring_header *h = recorder.ring.header;
	char text[1024];
	int n = 0;

	cupti_learn_strides(&api, h->strides, RING_MAX_STRIDES);
	h->cupti_version = version;
	h->stride_count = RING_MAX_STRIDES;
	for (size_t i = 0; i < KINDS && n < (int)sizeof(text) - 16; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%u:%u", n ? " " : "", kinds[i],
			      h->strides[kinds[i]]);
	names_fact_format("cupti_version", "%u", version);
	names_fact("cupti_path", path, strlen(path));
	names_fact("cupti_strides", text, strlen(text));
}

/* Each on its own: an old or a limited CUPTI may lack one. */
static uint32_t enable_kinds(void)
{
	char refused[256] = "";
	uint32_t enabled = 0;
	size_t n = 0;

	for (size_t i = 0; i < KINDS; i++) {
		int result = api.enable(kinds[i]);

		if (!result)
			enabled++;
		else if (n < sizeof(refused) - 32)
			n += (size_t)snprintf(refused + n, sizeof(refused) - n, " %u (error %d)", kinds[i],
					      result);
	}
	if (n)
		session_log("CUPTI does not record activity kinds%s", refused);
	return enabled;
}

void cupti_start(void)
{
	char path[PATH_MAX];
	uint32_t version = 0, off = CUPTI_OFF;
	int result;

	if (load_relaxed(&use) == CUPTI_DEAD) {
		facts_recording("NVTX only: CUPTI was in use before this process was forked");
		return;
	}
	if (cupti_find(&api, path, sizeof(path))) {
		facts_recording("NVTX only: %s", path);
		return;
	}
	api.get_version(&version);
	publish_layout(version, path);
	if (!subscribe())
		return;
	set_attributes(version);
	if (api.set_thread_id_type)
		api.set_thread_id_type(THREAD_ID_SYSTEM);
	activity_start();
	result = api.register_callbacks(activity_buffer_requested, activity_buffer_completed);
	if (result) {
		explain("cuptiActivityRegisterCallbacks", result);
		return;
	}
	/* From here on the helper samples CUPTI's clock and flushes. */
	__atomic_compare_exchange_n(&use, &off, CUPTI_ON, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	if (!enable_kinds()) {
		facts_recording("NVTX only: CUPTI refuses every activity kind");
		return;
	}
	facts_recording("on");
	store_release(&recorder.ring.header->state, RING_RECORDING);
}

static void report_death(void)
{
	struct ring_header *h = recorder.ring.header;

	if (load_relaxed(&use) != CUPTI_DEAD || load_relaxed(&h->state) != RING_RECORDING)
		return;
	store_release(&h->state, RING_ARMED);
	facts_recording("NVTX only: CUPTI reported a fatal error and ended its own recording");
}

void cupti_flush(bool force)
{
	size_t dropped = 0;

	if (!cupti_is_on()) {
		report_death();
		return;
	}
	if (!activity_seen()) /* nothing to flush yet, and where cuInit failed a flush may hang */
		return;
	api.flush_all(force);
	if (cupti_is_on() && !api.dropped_records(NULL, 0, &dropped) && dropped)
		recorder_lose(LOSS_CUPTI, dropped);
}

void cupti_disable(void)
{
	for (size_t i = 0; i < KINDS && cupti_is_on(); i++)
		api.disable(kinds[i]);
}

void cupti_forget(void)
{
	if (load_relaxed(&use) == CUPTI_OFF)
		return;
	store_relaxed(&use, CUPTI_DEAD);
	activity_forget();
}
