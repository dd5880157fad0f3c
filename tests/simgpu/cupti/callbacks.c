/* The callback API: one subscriber; API calls, resources, synchronisation. NVTX and STATE callbacks never
 * come. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/cupti/cupti.h"

enum {
	DOMAIN_DRIVER = 1,
	DOMAIN_RUNTIME,
	DOMAIN_RESOURCE,
	DOMAIN_SYNCHRONIZE,
	DOMAIN_NVTX,
	DOMAIN_STATE,
	N_DOMAINS
};

/* Callback numbers below this exist. The tables of later versions are the same list, longer. */
static const uint32_t n_cbids[N_DOMAINS] = {
	[DOMAIN_DRIVER] = SIM_CUPTI == 1108   ? 677
			  : SIM_CUPTI == 1204 ? 754
					      : 807,
	[DOMAIN_RUNTIME] = SIM_CUPTI == 1108   ? 434
			   : SIM_CUPTI == 1204 ? 468
					       : 523,
	[DOMAIN_RESOURCE] = SIM_CUPTI == 1108	? 21
			    : SIM_CUPTI == 1204 ? 21
						: 24,
	[DOMAIN_SYNCHRONIZE] = 3,
	[DOMAIN_NVTX] = 64,
	[DOMAIN_STATE] = SIM_CUPTI == 1108 ? 0 : 4,
};

struct CUpti_Subscriber_st {
	CUpti_CallbackFunc callback;
	void *data;
	char name[64];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct CUpti_Subscriber_st *) subscriber;
static _Atomic uint8_t on[N_DOMAINS][1024];
__thread int cupti_inside; /* CUDA calls from a callback are not announced: that is unsupported */

typedef struct CUpti_Subscriber_st *Handle;

static Handle wanted(uint32_t domain, uint32_t cbid)
{
	Handle s = atomic_load_explicit(&subscriber, memory_order_acquire);

	return s && cbid < n_cbids[domain] && on[domain][cbid] && !cupti_inside ? s : NULL;
}

static void call_out(Handle s, uint32_t domain, uint32_t cbid, const void *data)
{
	cupti_inside = (int)domain;
	s->callback(s->data, (int)domain, cbid, data);
	cupti_inside = 0;
}

void callbacks_api(struct sim_call *call, int site)
{
	Handle s = wanted(call->domain, call->cbid);
	struct sim_ctx *ctx;
	CUpti_CallbackData d;

	if (!s)
		return;
	ctx = core->current_ctx();
	d = (CUpti_CallbackData){.callbackSite = site,
				 .functionName = call->name,
				 .functionParams = call->params,
				 .functionReturnValue = site ? &call->ret : NULL,
				 .symbolName = call->symbol,
				 .context = ctx,
				 .contextUid = ctx ? ctx->id : 0,
				 .correlationData = &call->user_data,
				 .correlationId = call->corr};
	call_out(s, call->domain, call->cbid, &d);
}

void callbacks_resource(uint32_t cbid, struct sim_ctx *ctx, void *handle, void *descriptor)
{
	Handle s = wanted(DOMAIN_RESOURCE, cbid);
	CUpti_ResourceData d = {ctx, handle, descriptor};

	if (s)
		call_out(s, DOMAIN_RESOURCE, cbid, &d);
}

void callbacks_synchronized(uint32_t cbid, struct sim_ctx *ctx, struct sim_stream *stream)
{
	Handle s = wanted(DOMAIN_SYNCHRONIZE, cbid);
	CUpti_SynchronizeData d = {ctx, stream};

	if (s)
		call_out(s, DOMAIN_SYNCHRONIZE, cbid, &d);
}

void callbacks_reset(void)
{
	pthread_mutex_lock(&mutex);
	memset((void *)on, 0, sizeof(on));
	atomic_store(&subscriber, NULL);
	pthread_mutex_unlock(&mutex);
}

static CUptiResult subscribe(Handle *out, CUpti_CallbackFunc callback, void *data,
			     CUpti_SubscriberParams *params)
{
	Handle s, old;

	INIT();
	if (!out)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	pthread_mutex_lock(&mutex);
	old = atomic_load(&subscriber);
	if (old || core->config->fault.subscribe_busy) {
		if (params && params->oldSubscriberName && params->oldSubscriberSize)
			snprintf(params->oldSubscriberName, params->oldSubscriberSize, "%s",
				 old ? old->name : "Nsight Systems (simulated)");
		pthread_mutex_unlock(&mutex);
		return cupti_fail(CUPTI_MULTIPLE_SUBSCRIBERS);
	}
	s = calloc(1, sizeof(*s));
	if (s) {
		s->callback = callback;
		s->data = data;
		snprintf(s->name, sizeof(s->name), "%s",
			 params && params->subscriberName ? params->subscriberName : "CUPTI");
		atomic_store(&subscriber, s);
	}
	pthread_mutex_unlock(&mutex);
	*out = s;
	return s ? CUPTI_OK : cupti_fail(CUPTI_OUT_OF_MEMORY);
}

API cuptiSubscribe(Handle *out, CUpti_CallbackFunc callback, void *data);
API cuptiSubscribe(Handle *out, CUpti_CallbackFunc callback, void *data)
{
	return subscribe(out, callback, data, NULL);
}

#if SIM_CUPTI >= 1300
API cuptiSubscribe_v2(Handle *out, CUpti_CallbackFunc callback, void *data, CUpti_SubscriberParams *params);
API cuptiSubscribe_v2(Handle *out, CUpti_CallbackFunc callback, void *data, CUpti_SubscriberParams *params)
{
	if (params && params->structSize < sizeof(*params))
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	return subscribe(out, callback, data, params);
}
#endif

/* The handle's memory is kept: a callback may be on its way in another thread. */
API cuptiUnsubscribe(Handle s);
API cuptiUnsubscribe(Handle s)
{
	INIT();
	if (!s || s != atomic_load(&subscriber))
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	callbacks_reset();
	return CUPTI_OK;
}

static bool valid(Handle s, uint32_t domain)
{
	return s && s == atomic_load(&subscriber) && domain > 0 && domain < N_DOMAINS && n_cbids[domain];
}

API cuptiEnableCallback(uint32_t enable, Handle s, uint32_t domain, uint32_t cbid);
API cuptiEnableCallback(uint32_t enable, Handle s, uint32_t domain, uint32_t cbid)
{
	INIT();
	if (!valid(s, domain) || !cbid || cbid >= n_cbids[domain])
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	on[domain][cbid] = enable != 0;
	return CUPTI_OK;
}

API cuptiEnableDomain(uint32_t enable, Handle s, uint32_t domain);
API cuptiEnableDomain(uint32_t enable, Handle s, uint32_t domain)
{
	INIT();
	if (!valid(s, domain))
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	for (uint32_t i = 1; i < n_cbids[domain]; i++)
		on[domain][i] = enable != 0;
	return CUPTI_OK;
}

API cuptiEnableAllDomains(uint32_t enable, Handle s);
API cuptiEnableAllDomains(uint32_t enable, Handle s)
{
	CUptiResult r = CUPTI_OK;

	for (uint32_t d = 1; !r && d < N_DOMAINS; d++)
		if (n_cbids[d])
			r = cuptiEnableDomain(enable, s, d);
	return r;
}

API cuptiGetCallbackState(uint32_t *enable, Handle s, uint32_t domain, uint32_t cbid);
API cuptiGetCallbackState(uint32_t *enable, Handle s, uint32_t domain, uint32_t cbid)
{
	INIT();
	if (!enable || !valid(s, domain) || cbid >= n_cbids[domain])
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*enable = on[domain][cbid];
	return CUPTI_OK;
}

API cuptiSupportedDomains(size_t *count, const uint32_t **table);
API cuptiSupportedDomains(size_t *count, const uint32_t **table)
{
	static const uint32_t domains[] = {DOMAIN_DRIVER,      DOMAIN_RUNTIME, DOMAIN_RESOURCE,
					   DOMAIN_SYNCHRONIZE, DOMAIN_NVTX,    DOMAIN_STATE};

	if (!count || !table)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*count = SIM_CUPTI == 1108 ? 5 : 6;
	*table = domains;
	return CUPTI_OK;
}

/* Only API functions have names; number 0 is called INVALID. */
API cuptiGetCallbackName(uint32_t domain, uint32_t cbid, const char **name);
API cuptiGetCallbackName(uint32_t domain, uint32_t cbid, const char **name)
{
	static const char *const driver[] = {
		"INVALID",
#define X(fn, number) [number] = #fn,
#include "tests/simgpu/abi/cbid_driver.h"
#undef X
	};
	static const char *const runtime[] = {
		"INVALID",
#define X(fn, number) [number] = #fn,
#include "tests/simgpu/abi/cbid_runtime.h"
#undef X
	};

	if (!name || (domain != DOMAIN_DRIVER && domain != DOMAIN_RUNTIME) || cbid >= n_cbids[domain])
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*name = (domain == DOMAIN_DRIVER ? driver : runtime)[cbid];
	return CUPTI_OK;
}
