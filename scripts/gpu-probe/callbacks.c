/*
 * The subscriber's function: it keeps the stack of API calls in progress on each thread and, where there is a
 * recording, writes every callback with what it says about contexts, streams, modules and graphs.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define MAX_DEPTH 16
#define MAX_CBID  1024
#define UNKNOWN	  UINT64_MAX

struct api_stack {
	struct rec_api call[MAX_DEPTH];
	uint32_t depth; /* may pass MAX_DEPTH: deeper calls are counted, not kept */
};

static _Thread_local struct api_stack stack;
static _Atomic uint64_t count;

struct rec_api callbacks_current(void)
{
	struct rec_api none = {0};

	if (!stack.depth)
		return none;
	return stack.call[(stack.depth < MAX_DEPTH ? stack.depth : MAX_DEPTH) - 1];
}

uint64_t callbacks_count(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed);
}

/* The name of each (domain, cbid) goes into the recording once. */
static void name_callback(CUpti_CallbackDomain domain, CUpti_CallbackId cbid)
{
	static _Atomic char written[CUPTI_CB_DOMAIN_SIZE][MAX_CBID];
	uint32_t head[2] = {domain, cbid};
	const char *name = NULL;

	if ((unsigned)domain >= CUPTI_CB_DOMAIN_SIZE || cbid >= MAX_CBID || !cupti.cuptiGetCallbackName ||
	    atomic_exchange(&written[domain][cbid], 1))
		return;
	if (cupti.cuptiGetCallbackName(domain, cbid, &name) == CUPTI_SUCCESS && name)
		rec_write(REC_CBNAME, clock_ns(CLOCK_MONOTONIC), head, sizeof(head), name, strlen(name));
}

static void fill_api(struct rec_callback *out, const CUpti_CallbackData *event)
{
	out->site = event->callbackSite;
	out->correlation = event->correlationId;
	out->context_uid = event->contextUid;
	out->context = (uint64_t)(uintptr_t)event->context;
	if (event->callbackSite == CUPTI_API_ENTER) {
		if (stack.depth < MAX_DEPTH)
			stack.call[stack.depth] = (struct rec_api){
				.domain = out->domain,
				.cbid = out->cbid,
				.correlation = event->correlationId,
				.depth = stack.depth + 1,
			};
		out->depth = ++stack.depth;
	} else {
		out->depth = stack.depth;
		if (stack.depth) /* 0: subscribed between enter and exit */
			stack.depth--;
		if (event->functionReturnValue)
			out->result = *(const int32_t *)event->functionReturnValue;
	}
}

static uint64_t graph_id(CUgraph graph)
{
	uint32_t id;

	if (!graph || !cupti.cuptiGetGraphId || cupti.cuptiGetGraphId(graph, &id) != CUPTI_SUCCESS)
		return UNKNOWN;
	return id;
}

static uint64_t node_id(CUgraphNode node)
{
	uint64_t id;

	if (!node || !cupti.cuptiGetGraphNodeId || cupti.cuptiGetGraphNodeId(node, &id) != CUPTI_SUCCESS)
		return UNKNOWN;
	return id;
}

static uint64_t exec_id(CUgraphExec exec)
{
	uint32_t id;

	if (!exec || !cupti.cuptiGetGraphExecId || cupti.cuptiGetGraphExecId(exec, &id) != CUPTI_SUCCESS)
		return UNKNOWN;
	return id;
}

/* Which fields are set depends on the event. The others may hold anything, so no id is asked for with them.
 */
static void fill_graph(struct rec_callback *out, const CUpti_GraphData *graph)
{
	out->extra[0] = out->extra[1] = out->extra[5] = UNKNOWN;
	out->extra[2] = (uint64_t)(uintptr_t)graph->graph;
	out->extra[3] = (uint64_t)(uintptr_t)graph->originalGraph;
	out->extra[4] = (uint64_t)(uintptr_t)graph->graphExec;
	switch (out->cbid) {
	case CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED:
		out->extra[1] = node_id(graph->originalNode);
		/* fall through */
	case CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED:
		out->extra[0] = node_id(graph->node);
		break;
	case CUPTI_CBID_RESOURCE_GRAPH_CREATED:
	case CUPTI_CBID_RESOURCE_GRAPH_CLONED:
		out->extra[5] = graph_id(graph->graph);
		break;
	case CUPTI_CBID_RESOURCE_GRAPHEXEC_CREATED:
		out->extra[5] = exec_id(graph->graphExec);
		break;
	default:
		break;
	}
}

static void fill_resource(struct rec_callback *out, const CUpti_ResourceData *event)
{
	const CUpti_ModuleResourceData *module = event->resourceDescriptor;
	uint32_t id = 0;

	out->context = (uint64_t)(uintptr_t)event->context;
	switch (out->cbid) {
	case CUPTI_CBID_RESOURCE_STREAM_CREATED:
	case CUPTI_CBID_RESOURCE_STREAM_DESTROY_STARTING:
		out->extra[0] = (uint64_t)(uintptr_t)event->resourceHandle.stream;
		out->extra[1] = UNKNOWN;
		if (cupti.cuptiGetStreamIdEx &&
		    cupti.cuptiGetStreamIdEx(event->context, event->resourceHandle.stream, 0, &id) ==
			    CUPTI_SUCCESS)
			out->extra[1] = id;
		break;
	case CUPTI_CBID_RESOURCE_MODULE_LOADED:
	case CUPTI_CBID_RESOURCE_MODULE_UNLOAD_STARTING:
	case CUPTI_CBID_RESOURCE_MODULE_PROFILED:
		if (module) {
			out->extra[0] = module->moduleId;
			out->extra[1] = module->cubinSize;
		}
		break;
	default:
		if (out->cbid >= CUPTI_CBID_RESOURCE_GRAPH_CREATED &&
		    out->cbid <= CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED && event->resourceDescriptor)
			fill_graph(out, event->resourceDescriptor);
	}
}

/* symbolName is only valid in callbacks of launches. */
static const char *launched_symbol(const CUpti_CallbackData *event)
{
	const char *function = event->functionName;

	if (!rec_active() || !function)
		return NULL;
	return strstr(function, "LaunchKernel") || strstr(function, "LaunchCooperativeKernel")
		       ? event->symbolName
		       : NULL;
}

void CUPTIAPI callbacks_handler(void *data, CUpti_CallbackDomain domain, CUpti_CallbackId cbid,
				const void *event)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct rec_callback out = {.domain = domain, .cbid = cbid};
	const char *symbol = NULL;

	(void)data; /* set at subscription, not needed */
	atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
	switch (domain) {
	case CUPTI_CB_DOMAIN_DRIVER_API:
	case CUPTI_CB_DOMAIN_RUNTIME_API:
		fill_api(&out, event);
		symbol = launched_symbol(event);
		break;
	case CUPTI_CB_DOMAIN_RESOURCE:
		if (event)
			fill_resource(&out, event);
		break;
	case CUPTI_CB_DOMAIN_SYNCHRONIZE:
		out.context = (uint64_t)(uintptr_t)((const CUpti_SynchronizeData *)event)->context;
		out.extra[0] = (uint64_t)(uintptr_t)((const CUpti_SynchronizeData *)event)->stream;
		break;
	case CUPTI_CB_DOMAIN_STATE:
		if (event)
			out.extra[0] = ((const CUpti_StateData *)event)->notification.result;
		break;
	default:
		break;
	}
	if (!rec_active())
		return;
	name_callback(domain, cbid);
	out.symbol = (uint64_t)(uintptr_t)symbol;
	rec_name(symbol);
	rec_write(REC_CALLBACK, now, &out, sizeof(out), NULL, 0);
}
