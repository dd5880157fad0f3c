/* The rules of CUPTI that a profiler depends on, one a run: `cupti_rules RULE`; without RULE it lists them.
   Each is a statement of NVIDIA's documentation put to the loaded libcupti; exit 0: kept, 1: broken, and how.
   For the simulated GPU only: its driver takes any image for a module, and
   SIMGPU_KERNEL_NS='slow=50000000,quick=2000' is expected. */
#include <cupti.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* clang-format off */
#define CUPTI(X)                                                                                             \
	X(cuptiGetVersion)                                                                                   \
	X(cuptiActivityRegisterCallbacks)                                                                    \
	X(cuptiActivityEnable)                                                                               \
	X(cuptiActivityDisable) X(cuptiActivityFlushAll) X(cuptiActivityGetNextRecord)                       \
		X(cuptiActivityGetNumDroppedRecords) X(cuptiActivityGetAttribute)                            \
			X(cuptiActivitySetAttribute) X(cuptiSubscribe) X(cuptiUnsubscribe)                   \
				X(cuptiEnableCallback) X(cuptiSetThreadIdType)                               \
					X(cuptiActivityPushExternalCorrelationId)                            \
						X(cuptiActivityPopExternalCorrelationId)                     \
							X(cuptiGetTimestamp)
/* clang-format on */
/* clang-format off */
#define CUDA(X)                                                                                              \
	X(cuInit)                                                                                            \
	X(cuDevicePrimaryCtxRetain)                                                                          \
	X(cuCtxSetCurrent)                                                                                   \
	X(cuModuleLoadData) X(cuModuleGetFunction) X(cuLaunchKernel) X(cuCtxSynchronize) X(cuStreamCreate)   \
		X(cuStreamBeginCapture_v2) X(cuStreamEndCapture) X(cuGraphInstantiateWithFlags)              \
			X(cuGraphLaunch)
/* clang-format on */
#undef cuStreamBeginCapture
#define X(fn) static __typeof__(fn) *p_##fn;
CUPTI(X)
#undef X
CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode);
#define X(fn) static __typeof__(fn) *p_##fn;
CUDA(X)
#undef X
static CUptiResult (*p_cuptiSubscribe_v2)(CUpti_SubscriberHandle *, CUpti_CallbackFunc, void *, void *);

#define EXPECT(x)                                                                                            \
	do {                                                                                                 \
		if (!(x)) {                                                                                  \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);                      \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)
#define OK(x)                                                                                                \
	do {                                                                                                 \
		int r_ = (int)(x);                                                                           \
		if (r_) {                                                                                    \
			fprintf(stderr, "%s:%d: %s: %d\n", __FILE__, __LINE__, #x, r_);                      \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

enum { MAX = 100000 };
static size_t buffer_size = 4096;
static size_t max_records;
static int decline;
static uint32_t version;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	uint64_t start, end;
	uint32_t corr;
} kernels[MAX];
static size_t n_kernels, n_api, n_requests, n_buffers, largest_buffer;
static uint64_t api_threads[MAX];
static long request_threads[64], complete_threads[64];
static int tail_zero = -1; /* whether what lies behind the records is zero */
static uint64_t external_ids[64];
static size_t n_external;

static void requested(uint8_t **buffer, size_t *size, size_t *max)
{
	pthread_mutex_lock(&mutex);
	if (n_requests < 64)
		request_threads[n_requests] = syscall(SYS_gettid);
	n_requests++;
	pthread_mutex_unlock(&mutex);
	*max = max_records;
	*size = decline ? 0 : buffer_size;
	*buffer = decline ? NULL : aligned_alloc(8, buffer_size);
	if (*buffer)
		memset(*buffer, 0xee, buffer_size);
}

static void completed(CUcontext ctx, uint32_t stream, uint8_t *buffer, size_t size, size_t valid)
{
	CUpti_Activity *r = NULL;
	size_t n = 0;

	(void)ctx, (void)stream;
	pthread_mutex_lock(&mutex);
	if (n_buffers < 64)
		complete_threads[n_buffers] = syscall(SYS_gettid);
	n_buffers++;
	while (valid && p_cuptiActivityGetNextRecord(buffer, valid, &r) == CUPTI_SUCCESS) {
		n++;
		if (r->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL && n_kernels < MAX) {
			CUpti_ActivityKernel8 *k = (CUpti_ActivityKernel8 *)r;

			kernels[n_kernels].start = k->start;
			kernels[n_kernels].end = k->end;
			kernels[n_kernels++].corr = k->correlationId;
		} else if (r->kind == CUPTI_ACTIVITY_KIND_DRIVER && n_api < MAX) {
			api_threads[n_api++] = ((CUpti_ActivityAPI *)r)->threadId;
		} else if (r->kind == CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION && n_external < 64) {
			external_ids[n_external++] = ((CUpti_ActivityExternalCorrelation *)r)->externalId;
		}
	}
	if (n > largest_buffer)
		largest_buffer = n;
	tail_zero = 1;
	for (size_t i = valid; i < size; i++)
		tail_zero &= buffer[i] == 0;
	pthread_mutex_unlock(&mutex);
	free(buffer);
}

static CUfunction quick, slow;

static void cuda(void)
{
	CUcontext ctx;
	CUmodule module;

	OK(p_cuInit(0));
	OK(p_cuDevicePrimaryCtxRetain(&ctx, 0));
	OK(p_cuCtxSetCurrent(ctx));
	OK(p_cuModuleLoadData(&module, "any image"));
	OK(p_cuModuleGetFunction(&quick, module, "quick"));
	OK(p_cuModuleGetFunction(&slow, module, "slow"));
}

static void launch(CUfunction f, CUstream s)
{
	OK(p_cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, s, NULL, NULL));
}

static void begin(void)
{
	OK(p_cuptiActivityRegisterCallbacks(requested, completed));
	OK(p_cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL));
	cuda();
}

/* Waits up to two seconds for CUPTI's own thread. */
static int soon(size_t *what, size_t at_least)
{
	for (int i = 0; i < 2000; i++) {
		size_t n;

		pthread_mutex_lock(&mutex);
		n = *what;
		pthread_mutex_unlock(&mutex);
		if (n >= at_least)
			return 1;
		usleep(1000);
	}
	return 0;
}

/* Buffers are asked for on the application's thread, handed over by another when full, by FlushAll's caller
 * else. */
static void rule_threads(void)
{
	begin();
	for (int i = 0; i < 100; i++)
		launch(quick, NULL);
	OK(p_cuCtxSynchronize());
	EXPECT(soon(&n_buffers, 4)); /* 18 to 20 records fit into 4096 bytes */
	EXPECT(request_threads[0] == getpid() && complete_threads[0] != getpid());
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(n_kernels == 100 && complete_threads[n_buffers - 1] == getpid());
}

/* A flush without force withholds a buffer with an unfinished record until that is finished. */
static void rule_unfinished(void)
{
	begin();
	launch(quick, NULL);
	launch(slow, NULL);
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(n_kernels == 0);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(n_kernels == 2);
	for (int i = 0; i < 2; i++)
		EXPECT(kernels[i].start && kernels[i].start < kernels[i].end);
	EXPECT(kernels[1].end - kernels[1].start == 50000000);
}

/* A forced flush hands over everything, what is unfinished with the end 0, and never hands it over again. */
static void rule_forced(void)
{
	begin();
	launch(slow, NULL);
	OK(p_cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED));
	EXPECT(n_kernels == 1 && kernels[0].end == 0);
	OK(p_cuCtxSynchronize());
	launch(quick, NULL);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED));
	EXPECT(n_kernels == 2 && kernels[1].end && kernels[1].corr != kernels[0].corr);
}

/* CUPTI zeroes the buffer, unless ZEROED_OUT_ACTIVITY_BUFFER says that it comes zeroed. */
static void rule_zeroed(void)
{
	uint8_t yes = 1;
	size_t size = sizeof(yes);

	begin();
	launch(quick, NULL);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(tail_zero == 1);
	OK(p_cuptiActivitySetAttribute(CUPTI_ACTIVITY_ATTR_ZEROED_OUT_ACTIVITY_BUFFER, &size, &yes));
	launch(quick, NULL);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(tail_zero == 0);
}

static void rule_max_records(void)
{
	max_records = 3;
	begin();
	for (int i = 0; i < 10; i++)
		launch(quick, NULL);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(1));
	EXPECT(soon(&n_kernels, 10) && largest_buffer == 3);
}

static void nothing(void *user, CUpti_CallbackDomain domain, CUpti_CallbackId id, const void *data)
{
	(void)user, (void)domain, (void)id, (void)data;
}

static void rule_one_subscriber(void)
{
	CUpti_SubscriberHandle a, b;

	OK(p_cuptiSubscribe(&a, nothing, NULL));
	EXPECT(p_cuptiSubscribe(&b, nothing, NULL) == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);
	OK(p_cuptiEnableCallback(1, a, CUPTI_CB_DOMAIN_DRIVER_API, 307));
	OK(p_cuptiUnsubscribe(a));
	EXPECT(p_cuptiUnsubscribe(a) == CUPTI_ERROR_INVALID_PARAMETER);
	if (p_cuptiSubscribe_v2) {
		char name[64] = "";
		struct {
			size_t size;
			const char *name;
			char *old;
			size_t old_size;
		} params = {sizeof(params), "first", name, sizeof(name)};

		OK(p_cuptiSubscribe_v2(&a, nothing, NULL, &params));
		params.name = "second";
		EXPECT(p_cuptiSubscribe_v2(&b, nothing, NULL, &params) ==
		       CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);
		EXPECT(!strcmp(name, "first"));
	} else {
		OK(p_cuptiSubscribe(&b, nothing, NULL));
	}
}

/* Thread ids are pthread_self cut to 32 bits, or what gettid says. */
static void rule_thread_ids(void)
{
	OK(p_cuptiActivityRegisterCallbacks(requested, completed));
	OK(p_cuptiActivityEnable(CUPTI_ACTIVITY_KIND_DRIVER));
	cuda();
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(n_api > 0 && api_threads[0] == (uint32_t)pthread_self());
	OK(p_cuptiSetThreadIdType(CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM));
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(api_threads[n_api - 1] == (uint64_t)syscall(SYS_gettid));
}

static void rule_attributes(void)
{
	size_t value = 0, size = sizeof(value), small = 1;

	OK(p_cuptiActivityGetAttribute(CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_SIZE, &size, &value));
	EXPECT(value == 3200000);
	OK(p_cuptiActivityGetAttribute(CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_POOL_LIMIT, &size, &value));
	EXPECT(value == 250);
	EXPECT(p_cuptiActivityGetAttribute(CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_SIZE, &small, &value) ==
	       CUPTI_ERROR_PARAMETER_SIZE_NOT_SUFFICIENT);
	EXPECT(p_cuptiActivityGetAttribute((CUpti_ActivityAttribute)99, &size, &value) ==
	       CUPTI_ERROR_INVALID_PARAMETER);
	value = 7;
	OK(p_cuptiActivitySetAttribute(CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_POOL_LIMIT, &size, &value));
	value = 0;
	OK(p_cuptiActivityGetAttribute(CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_POOL_LIMIT, &size, &value));
	EXPECT(value == 7);
}

static void rule_wrong_calls(void)
{
	EXPECT(p_cuptiActivityFlushAll(0) == CUPTI_ERROR_INVALID_OPERATION);
	EXPECT(p_cuptiActivityRegisterCallbacks(NULL, NULL) == CUPTI_ERROR_INVALID_PARAMETER);
	EXPECT(p_cuptiActivityEnable((CUpti_ActivityKind)62) == CUPTI_ERROR_INVALID_KIND);
	OK(p_cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL));
	EXPECT(p_cuptiActivityEnable(CUPTI_ACTIVITY_KIND_KERNEL) == CUPTI_ERROR_NOT_COMPATIBLE);
}

/* NULL declines: the record is dropped and counted. Before CUDA 12.9 it is a crash. */
static void rule_decline(void)
{
	size_t dropped = 0;

	begin();
	decline = 1;
	launch(quick, NULL);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(1));
	OK(p_cuptiActivityGetNumDroppedRecords(NULL, 0, &dropped));
	EXPECT(dropped == 1 && n_kernels == 0);
	OK(p_cuptiActivityGetNumDroppedRecords(NULL, 0, &dropped));
	EXPECT(dropped == 0);
}

static void rule_external_correlation(void)
{
	uint64_t id = 0;

	OK(p_cuptiActivityRegisterCallbacks(requested, completed));
	OK(p_cuptiActivityEnable(CUPTI_ACTIVITY_KIND_DRIVER));
	cuda();
	OK(p_cuptiActivityEnable(CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION));
	EXPECT(p_cuptiActivityPopExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, &id) ==
	       CUPTI_ERROR_QUEUE_EMPTY);
	OK(p_cuptiActivityPushExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, 5));
	OK(p_cuptiActivityPushExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, 6));
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityPopExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, &id));
	EXPECT(id == 6);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityPopExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, NULL));
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(n_external == 2 && external_ids[0] == 6 && external_ids[1] == 5);
}

static void *other_thread(void *ctx)
{
	OK(p_cuCtxSetCurrent(ctx));
	launch(quick, NULL);
	return NULL;
}

/* With PER_THREAD_ACTIVITY_BUFFER every thread has a buffer, else all share one. */
static void rule_per_thread(void)
{
	const char *wanted = getenv("RULE_PER_THREAD");
	uint8_t value = wanted && *wanted == '1';
	size_t size = sizeof(value);
	pthread_t t[3];
	CUcontext ctx;

	OK(p_cuptiActivitySetAttribute(CUPTI_ACTIVITY_ATTR_PER_THREAD_ACTIVITY_BUFFER, &size, &value));
	begin();
	OK(p_cuDevicePrimaryCtxRetain(&ctx, 0));
	launch(quick, NULL);
	for (int i = 0; i < 3; i++)
		OK(pthread_create(&t[i], NULL, other_thread, ctx));
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(1));
	EXPECT(soon(&n_kernels, 4) && n_requests == (value ? 4 : 1));
}

/* Under graph replay the device buffers are not recycled: the timestamps of operations beyond the pool are
 * lost. */
static void rule_device_buffers(void)
{
	const char *recycle = getenv("SIMGPU_RECYCLE");
	size_t limit = 2, bytes = 3200, size = sizeof(limit), without = 0;
	CUstream s;
	CUgraph graph;
	CUgraphExec exec;

	OK(p_cuptiActivitySetAttribute(CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_POOL_LIMIT, &size, &limit));
	OK(p_cuptiActivitySetAttribute(CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_SIZE, &size, &bytes));
	buffer_size = 1 << 20;
	begin();
	OK(p_cuStreamCreate(&s, 0));
	OK(p_cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
	for (int i = 0; i < 50; i++)
		launch(quick, s);
	OK(p_cuStreamEndCapture(s, &graph));
	OK(p_cuGraphInstantiateWithFlags(&exec, graph, 0));
	for (int i = 0; i < 6; i++)
		OK(p_cuGraphLaunch(exec, s));
	for (int i = 0; i < 50; i++)
		launch(quick, s);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiActivityFlushAll(0));
	for (size_t i = 0; i < n_kernels; i++)
		without += kernels[i].start == 0 && kernels[i].end == 0;
	EXPECT(n_kernels == 350 && without == (recycle && *recycle == '1' ? 0 : 100));
}

/* The clock of the records is the clock that cuptiGetTimestamp shows. */
static void rule_clock(void)
{
	uint64_t before, after;

	begin();
	OK(p_cuptiGetTimestamp(&before));
	launch(slow, NULL);
	OK(p_cuCtxSynchronize());
	OK(p_cuptiGetTimestamp(&after));
	OK(p_cuptiActivityFlushAll(0));
	EXPECT(n_kernels == 1 && before < kernels[0].start && kernels[0].end <= after);
}

static const struct {
	const char *name;
	void (*run)(void);
} rules[] = {{"threads", rule_threads},
	     {"unfinished", rule_unfinished},
	     {"forced", rule_forced},
	     {"zeroed", rule_zeroed},
	     {"max_records", rule_max_records},
	     {"one_subscriber", rule_one_subscriber},
	     {"thread_ids", rule_thread_ids},
	     {"attributes", rule_attributes},
	     {"wrong_calls", rule_wrong_calls},
	     {"decline", rule_decline},
	     {"external_correlation", rule_external_correlation},
	     {"per_thread", rule_per_thread},
	     {"device_buffers", rule_device_buffers},
	     {"clock", rule_clock}};

int main(int argc, char **argv)
{
	void *cupti = dlopen("libcupti.so", RTLD_NOW), *driver = dlopen("libcuda.so.1", RTLD_NOW);

	if (!cupti || !driver) {
		fprintf(stderr, "cupti_rules: %s\n", dlerror());
		return 1;
	}
#define X(fn)                                                                                                \
	if (!(p_##fn = (__typeof__(p_##fn))dlsym(cupti, #fn)))                                               \
		return 1;
	CUPTI(X)
#undef X
#define X(fn)                                                                                                \
	if (!(p_##fn = (__typeof__(p_##fn))dlsym(driver, #fn)))                                              \
		return 1;
	CUDA(X)
#undef X
	OK(p_cuptiGetVersion(&version));
	if (version >= 130000)
		p_cuptiSubscribe_v2 = (__typeof__(p_cuptiSubscribe_v2))dlsym(cupti, "cuptiSubscribe_v2");
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (argc < 2)
			puts(rules[i].name);
		else if (!strcmp(argv[1], rules[i].name)) {
			rules[i].run();
			return 0;
		}
	}
	return argc < 2 ? 0 : 2;
}
