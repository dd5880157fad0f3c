/* A CUPTI client as NVIDIA's documentation and samples describe one, to judge the simulated libcupti by: an
   injection library (CUDA_INJECTION64_PATH) that records activity, and writes one line a record. Compiled
   against NVIDIA's own headers; record fields newer than the loaded libcupti are not read. It shares no code
   with what it judges.

   CLIENT_OUT=FILE      where to write (stderr)
   CLIENT_KINDS=1,2,... activity kinds (1,2,4,5,8,9,10,17,22,37)
   CLIENT_BUFFER=BYTES  buffer size (65536)    CLIENT_DECLINE=N   decline every Nth request with NULL
   CLIENT_FLUSH=0|1     flush at exit without or with force (1)
   CLIENT_CALLBACKS=1   subscribe: API, resource and synchronisation callbacks are lines, too */
#include <cupti.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* clang-format off */
#define FUNCTIONS(X)                                                                                         \
	X(cuptiGetVersion)                                                                                   \
	X(cuptiActivityRegisterCallbacks)                                                                    \
	X(cuptiActivityEnable)                                                                               \
	X(cuptiActivityDisable)                                                                              \
	X(cuptiActivityFlushAll) X(cuptiActivityGetNextRecord) X(cuptiActivityGetNumDroppedRecords)          \
		X(cuptiActivityGetAttribute) X(cuptiActivitySetAttribute) X(cuptiSubscribe)                  \
			X(cuptiEnableDomain) X(cuptiGetCallbackName) X(cuptiGetTimestamp)                    \
				X(cuptiGetGraphNodeId) X(cuptiGetGraphId) X(cuptiGetGraphExecId)             \
					X(cuptiGetStreamIdEx) X(cuptiGetResultString) X(cuptiGetContextId)
/* clang-format on */
#define X(fn) static __typeof__(fn) *p_##fn;
FUNCTIONS(X)
#undef X

static FILE *out;
static uint32_t version;
static size_t buffer_size = 65536;
static long decline, requests;
static long kinds_of_records[64];

static void check(CUptiResult r, const char *what)
{
	const char *s = "?";

	if (r == CUPTI_SUCCESS)
		return;
	p_cuptiGetResultString(r, &s);
	fprintf(out, "ERROR %s %d %s\n", what, (int)r, s);
}

static void requested(uint8_t **buffer, size_t *size, size_t *max)
{
	fprintf(out, "REQUEST tid=%ld\n", syscall(SYS_gettid));
	*max = 0;
	*size = buffer_size;
	if (decline && ++requests % decline == 0) {
		*buffer = NULL;
		*size = 0;
		return;
	}
	*buffer = aligned_alloc(8, buffer_size);
	if (*buffer)
		memset(*buffer, 0xee, buffer_size); /* CUPTI must zero it, unless told that it is zeroed */
}

static void print_api(const char *what, CUpti_CallbackDomain domain, const CUpti_ActivityAPI *r)
{
	const char *name = "?";

	p_cuptiGetCallbackName(domain, r->cbid, &name);
	fprintf(out, "%s name=%s cbid=%u corr=%u start=%" PRIu64 " end=%" PRIu64 " pid=%u tid=%u ret=%u\n",
		what, name, r->cbid, r->correlationId, r->start, r->end, r->processId, r->threadId,
		r->returnValue);
}

static void print_record(CUpti_Activity *record)
{
	switch (record->kind) {
	case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL: {
		CUpti_ActivityKernel10 *k = (CUpti_ActivityKernel10 *)record;

		fprintf(out,
			"KERNEL name=%s corr=%u start=%" PRIu64 " end=%" PRIu64
			" dev=%u ctx=%u stream=%u node=%" PRIu64
			" graph=%u grid=%d,%d,%d block=%d,%d,%d launch=%u channel=%u\n",
			k->name, k->correlationId, k->start, k->end, k->deviceId, k->contextId, k->streamId,
			k->graphNodeId, k->graphId, k->gridX, k->gridY, k->gridZ, k->blockX, k->blockY,
			k->blockZ, k->launchType, k->channelType);
		break;
	}
	case CUPTI_ACTIVITY_KIND_MEMCPY: {
		CUpti_ActivityMemcpy5 *m = (CUpti_ActivityMemcpy5 *)record;

		fprintf(out,
			"MEMCPY copy=%u src=%u dst=%u bytes=%" PRIu64 " corr=%u start=%" PRIu64
			" end=%" PRIu64 " dev=%u ctx=%u stream=%u node=%" PRIu64 " graph=%u async=%u\n",
			m->copyKind, m->srcKind, m->dstKind, m->bytes, m->correlationId, m->start, m->end,
			m->deviceId, m->contextId, m->streamId, m->graphNodeId, m->graphId, m->flags);
		break;
	}
	case CUPTI_ACTIVITY_KIND_MEMCPY2: {
		CUpti_ActivityMemcpyPtoP4 *m = (CUpti_ActivityMemcpyPtoP4 *)record;

		fprintf(out,
			"MEMCPY2 copy=%u bytes=%" PRIu64 " corr=%u start=%" PRIu64 " end=%" PRIu64
			" srcdev=%u dstdev=%u stream=%u node=%" PRIu64 " graph=%u\n",
			m->copyKind, m->bytes, m->correlationId, m->start, m->end, m->srcDeviceId,
			m->dstDeviceId, m->streamId, m->graphNodeId, m->graphId);
		break;
	}
	case CUPTI_ACTIVITY_KIND_MEMSET: {
		CUpti_ActivityMemset4 *m = (CUpti_ActivityMemset4 *)record;

		fprintf(out,
			"MEMSET value=%u bytes=%" PRIu64 " corr=%u start=%" PRIu64 " end=%" PRIu64
			" dev=%u ctx=%u stream=%u node=%" PRIu64 " graph=%u memory=%u\n",
			m->value, m->bytes, m->correlationId, m->start, m->end, m->deviceId, m->contextId,
			m->streamId, m->graphNodeId, m->graphId, m->memoryKind);
		break;
	}
	case CUPTI_ACTIVITY_KIND_RUNTIME:
		print_api("RUNTIME", CUPTI_CB_DOMAIN_RUNTIME_API, (CUpti_ActivityAPI *)record);
		break;
	case CUPTI_ACTIVITY_KIND_DRIVER:
		print_api("DRIVER", CUPTI_CB_DOMAIN_DRIVER_API, (CUpti_ActivityAPI *)record);
		break;
	case CUPTI_ACTIVITY_KIND_DEVICE: {
		CUpti_ActivityDevice4 *d = (CUpti_ActivityDevice4 *)record;

		fprintf(out, "DEVICE id=%u cc=%u.%u sms=%u memory=%" PRIu64 " name=%s\n", d->id,
			d->computeCapabilityMajor, d->computeCapabilityMinor, d->numMultiprocessors,
			d->globalMemorySize, d->name);
		free((void *)d->name);
		break;
	}
	case CUPTI_ACTIVITY_KIND_CONTEXT: {
		CUpti_ActivityContext *c = (CUpti_ActivityContext *)record;

		fprintf(out, "CONTEXT ctx=%u dev=%u api=%u null=%u\n", c->contextId, c->deviceId,
			c->computeApiKind, c->nullStreamId);
		break;
	}
	case CUPTI_ACTIVITY_KIND_STREAM: {
		CUpti_ActivityStream *s = (CUpti_ActivityStream *)record;

		fprintf(out, "STREAM ctx=%u stream=%u priority=%d flag=%d corr=%u\n", s->contextId,
			s->streamId, (int)s->priority, (int)s->flag, s->correlationId);
		break;
	}
	case CUPTI_ACTIVITY_KIND_OVERHEAD: {
		CUpti_ActivityOverhead3 *o = (CUpti_ActivityOverhead3 *)record;

		fprintf(out, "OVERHEAD kind=%d start=%" PRIu64 " end=%" PRIu64 "\n",
			(int)o->overheadKind >> 16, o->start, o->end);
		if (version >= 22)
			free(o->overheadData);
		break;
	}
	default:
		fprintf(out, "OTHER kind=%d\n", (int)record->kind);
	}
}

static void completed(CUcontext ctx, uint32_t stream, uint8_t *buffer, size_t size, size_t valid)
{
	CUpti_Activity *record = NULL;
	CUptiResult r = CUPTI_SUCCESS;
	size_t n = 0, dropped = 0;
	char name[32] = "";

	(void)ctx, (void)stream;
	pthread_getname_np(pthread_self(), name, sizeof(name));
	while (valid && (r = p_cuptiActivityGetNextRecord(buffer, valid, &record)) == CUPTI_SUCCESS) {
		print_record(record);
		if ((unsigned)record->kind < 64)
			kinds_of_records[record->kind]++;
		n++;
	}
	if (valid && r != CUPTI_ERROR_MAX_LIMIT_REACHED)
		check(r, "cuptiActivityGetNextRecord");
	p_cuptiActivityGetNumDroppedRecords(ctx, stream, &dropped);
	fprintf(out, "BUFFER records=%zu valid=%zu size=%zu dropped=%zu tid=%ld thread=%s\n", n, valid, size,
		dropped, syscall(SYS_gettid), name);
	free(buffer);
}

static void callback(void *user, CUpti_CallbackDomain domain, CUpti_CallbackId cbid, const void *data)
{
	(void)user;
	if (domain == CUPTI_CB_DOMAIN_RUNTIME_API || domain == CUPTI_CB_DOMAIN_DRIVER_API) {
		const CUpti_CallbackData *d = data;

		if (d->callbackSite == CUPTI_API_ENTER)
			*d->correlationData = 1000 + d->correlationId;
		else if (*d->correlationData != 1000 + d->correlationId)
			fprintf(out, "ERROR correlationData of %s is not kept\n", d->functionName);
		fprintf(out,
			"API site=%s tid=%ld domain=%d cbid=%u fn=%s corr=%u ctx=%u symbol=%s params=%d\n",
			d->callbackSite == CUPTI_API_ENTER ? "enter" : "exit", syscall(SYS_gettid),
			(int)domain, cbid, d->functionName, d->correlationId, d->contextUid,
			d->symbolName ? d->symbolName : "-", d->functionParams != NULL);
	} else if (domain == CUPTI_CB_DOMAIN_RESOURCE) {
		const CUpti_ResourceData *d = data;
		uint64_t node = 0, original = 0;
		uint32_t graph = 0, exec = 0, stream = 0;

		if (cbid == CUPTI_CBID_RESOURCE_STREAM_CREATED)
			p_cuptiGetStreamIdEx(d->context, d->resourceHandle.stream, 0, &stream);
		if (cbid >= CUPTI_CBID_RESOURCE_GRAPH_CREATED &&
		    cbid <= CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED) {
			const CUpti_GraphData *g = d->resourceDescriptor;

			if (g->node)
				p_cuptiGetGraphNodeId(g->node, &node);
			if (g->originalNode)
				p_cuptiGetGraphNodeId(g->originalNode, &original);
			if (g->graph)
				p_cuptiGetGraphId(g->graph, &graph);
			if (g->graphExec)
				p_cuptiGetGraphExecId(g->graphExec, &exec);
		}
		fprintf(out,
			"RESOURCE cbid=%u stream=%u graph=%u exec=%u node=%" PRIu64 " original=%" PRIu64 "\n",
			cbid, stream, graph, exec, node, original);
	} else {
		fprintf(out, "CALLBACK domain=%d cbid=%u\n", (int)domain, cbid);
	}
}

static void at_exit(void)
{
	const char *flush = getenv("CLIENT_FLUSH");
	uint64_t now = 0;

	for (int k = 1; k < 56; k++)
		p_cuptiActivityDisable((CUpti_ActivityKind)k);
	check(p_cuptiActivityFlushAll(flush && *flush == '0' ? 0 : 1), "cuptiActivityFlushAll");
	p_cuptiGetTimestamp(&now);
	fprintf(out, "END now=%" PRIu64 "\n", now);
	for (int k = 0; k < 64; k++)
		if (kinds_of_records[k])
			fprintf(out, "TOTAL kind=%d records=%ld\n", k, kinds_of_records[k]);
	fflush(out);
}

int InitializeInjection(void);
__attribute__((visibility("default"))) int InitializeInjection(void)
{
	const char *path = getenv("CLIENT_OUT"), *kinds = getenv("CLIENT_KINDS"), *s;
	void *lib = dlopen("libcupti.so", RTLD_NOW);
	CUpti_SubscriberHandle subscriber;
	uint64_t now = 0;

	out = path ? fopen(path, "w") : stderr;
	if (!out)
		out = stderr;
	if (!lib) {
		fprintf(out, "ERROR no libcupti: %s\n", dlerror());
		return 0;
	}
#define X(fn)                                                                                                \
	p_##fn = (__typeof__(p_##fn))dlsym(lib, #fn);                                                        \
	if (!p_##fn)                                                                                         \
		fprintf(out, "ERROR no %s\n", #fn);
	FUNCTIONS(X)
#undef X
	if ((s = getenv("CLIENT_BUFFER")))
		buffer_size = strtoul(s, NULL, 10);
	if ((s = getenv("CLIENT_DECLINE")))
		decline = atol(s);
	p_cuptiGetVersion(&version);
	check(p_cuptiGetTimestamp(&now), "cuptiGetTimestamp");
	fprintf(out, "VERSION %u now=%" PRIu64 "\n", version, now);
	check(p_cuptiActivityRegisterCallbacks(requested, completed), "cuptiActivityRegisterCallbacks");
	if ((s = getenv("CLIENT_CALLBACKS")) && *s == '1') {
		check(p_cuptiSubscribe(&subscriber, callback, NULL), "cuptiSubscribe");
		for (int d = CUPTI_CB_DOMAIN_DRIVER_API; d <= CUPTI_CB_DOMAIN_SYNCHRONIZE; d++)
			check(p_cuptiEnableDomain(1, subscriber, (CUpti_CallbackDomain)d),
			      "cuptiEnableDomain");
	}
	for (kinds = kinds ? kinds : "1,2,4,5,8,9,10,17,22,37"; *kinds; kinds += *kinds == ',') {
		char *end;
		long k = strtol(kinds, &end, 10);

		if (end == kinds)
			break;
		check(p_cuptiActivityEnable((CUpti_ActivityKind)k), "cuptiActivityEnable");
		kinds = end;
	}
	atexit(at_exit);
	return 1;
}
