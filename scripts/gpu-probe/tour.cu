/*
 * Step 2: a little of everything that CUPTI reports, with a note in the recording before each part, so that a
 * reader knows what the records must be. A call that fails is told and counted; the tour goes on.
 * options: --threads N (default 3), --replays N (default 200)
 */
#include "workload.cuh"

#include <cuda_profiler_api.h>
#include <pthread.h>

static int failures;

#define TRY(call)                                                                                            \
	do {                                                                                                 \
		cudaError_t error_ = (call);                                                                 \
		if (error_ != cudaSuccess) {                                                                 \
			fprintf(stderr, "tour: %s: %s\n", #call, cudaGetErrorString(error_));                \
			failures++;                                                                          \
			(void)cudaGetLastError();                                                            \
		}                                                                                            \
	} while (0)

#define COUNT  4096
#define BYTES  (COUNT * sizeof(float))
#define BLOCKS (COUNT / 128)

static float *device_a, *device_b, *pinned, *pageable;

static void note(const char *text)
{
	char command[160];

	TRY(cudaDeviceSynchronize());
	snprintf(command, sizeof(command), "note part: %s", text);
	probe_do(command);
}

static void memory()
{
	note("memory: 2 cudaMalloc, 1 cudaMallocHost, 6 copies (pageable and pinned, sync and async), 3 "
	     "memsets");
	TRY(cudaMalloc(&device_a, BYTES));
	TRY(cudaMalloc(&device_b, BYTES));
	TRY(cudaMallocHost(&pinned, BYTES));
	pageable = (float *)calloc(COUNT, sizeof(float));
	memset(pinned, 0, BYTES);
	TRY(cudaMemcpy(device_a, pageable, BYTES, cudaMemcpyHostToDevice));
	TRY(cudaMemcpy(device_b, pinned, BYTES, cudaMemcpyHostToDevice));
	TRY(cudaMemcpyAsync(device_a, pinned, BYTES, cudaMemcpyHostToDevice, nullptr));
	TRY(cudaMemcpyAsync(device_b, device_a, BYTES, cudaMemcpyDeviceToDevice, nullptr));
	TRY(cudaMemcpyAsync(pinned, device_b, BYTES, cudaMemcpyDeviceToHost, nullptr));
	TRY(cudaMemcpy(pageable, device_b, BYTES, cudaMemcpyDeviceToHost));
	TRY(cudaMemset(device_a, 0, BYTES));
	TRY(cudaMemsetAsync(device_b, 0x11, BYTES, nullptr));
	TRY(cudaMemsetAsync(device_b, 0, 64, nullptr));
}

static void pools()
{
	void *first = nullptr, *second = nullptr;
	unsigned long long keep = 1 << 20;
	cudaMemPool_t pool;
	cudaStream_t stream;

	note("pools: 2 cudaMallocAsync, 2 cudaFreeAsync, threshold 1 MiB, trim to 0");
	TRY(cudaStreamCreate(&stream));
	TRY(cudaDeviceGetDefaultMemPool(&pool, 0));
	TRY(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
	TRY(cudaMallocAsync(&first, BYTES, stream));
	TRY(cudaMallocAsync(&second, 4 << 20, stream));
	TRY(cudaFreeAsync(first, stream));
	TRY(cudaFreeAsync(second, stream));
	TRY(cudaStreamSynchronize(stream));
	TRY(cudaMemPoolTrimTo(pool, 0));
	TRY(cudaStreamDestroy(stream));
}

static void CUDART_CB host_function(void *flag)
{
	*(int *)flag = 1;
}

static void streams()
{
	cudaEvent_t event;
	cudaStream_t low, high;
	static int flag;

	note("streams: 2 streams of different priority, 20 kernels each, an event between them, a host "
	     "function");
	TRY(cudaStreamCreateWithPriority(&low, cudaStreamNonBlocking, 0));
	TRY(cudaStreamCreateWithPriority(&high, cudaStreamNonBlocking, -1));
	TRY(cudaEventCreate(&event));
	for (int i = 0; i < 20; i++)
		work_kernel<<<BLOCKS, 128, 0, low>>>(device_a, 2000);
	TRY(cudaEventRecord(event, low));
	TRY(cudaStreamWaitEvent(high, event, 0));
	for (int i = 0; i < 20; i++)
		add_kernel<<<BLOCKS, 128, 0, high>>>(device_b, device_a, COUNT);
	TRY(cudaLaunchHostFunc(high, host_function, &flag));
	TRY(cudaEventSynchronize(event));
	TRY(cudaStreamSynchronize(high));
	TRY(cudaStreamSynchronize(low));
	TRY(cudaEventDestroy(event));
	TRY(cudaStreamDestroy(low));
	TRY(cudaStreamDestroy(high));
}

static void *launch_50(void *)
{
	cudaStream_t stream;

	TRY(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	for (int i = 0; i < 50; i++)
		work_kernel<<<BLOCKS, 128, 0, stream>>>(device_a, 200);
	TRY(cudaStreamSynchronize(stream));
	TRY(cudaStreamDestroy(stream));
	return nullptr;
}

static void threads(int count)
{
	std::vector<pthread_t> ids(count);

	note("threads: each launches 50 kernels on a stream of its own and ends");
	for (pthread_t &id : ids)
		pthread_create(&id, nullptr, launch_50, nullptr);
	for (pthread_t id : ids)
		pthread_join(id, nullptr);
}

/* kernel, copy, memset, kernel */
static cudaGraph_t capture(cudaStream_t stream, int rounds)
{
	cudaGraph_t graph = nullptr;

	TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	work_kernel<<<BLOCKS, 128, 0, stream>>>(device_a, rounds);
	TRY(cudaMemcpyAsync(device_b, device_a, BYTES, cudaMemcpyDeviceToDevice, stream));
	TRY(cudaMemsetAsync(device_a, 0, BYTES, stream));
	add_kernel<<<BLOCKS, 128, 0, stream>>>(device_a, device_b, COUNT);
	TRY(cudaStreamEndCapture(stream, &graph));
	return graph;
}

static void replay(cudaGraphExec_t exec, cudaStream_t stream, int times)
{
	for (int i = 0; i < times; i++)
		TRY(cudaGraphLaunch(exec, stream));
	TRY(cudaStreamSynchronize(stream));
}

static void graphs(int replays)
{
	cudaGraphExecUpdateResultInfo info = {};
	cudaGraph_t graph, longer, clone;
	cudaGraphExec_t exec, clone_exec;
	cudaStream_t stream;

	TRY(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	note("graph: capture kernel, copy, memset, kernel; instantiate; replay 200 times (--replays)");
	graph = capture(stream, 500);
	TRY(cudaGraphInstantiate(&exec, graph, 0));
	replay(exec, stream, replays);
	note("graph: clone, instantiate the clone, replay it 5 times");
	TRY(cudaGraphClone(&clone, graph));
	TRY(cudaGraphInstantiate(&clone_exec, clone, 0));
	replay(clone_exec, stream, 5);
	note("graph: update the first in place from a second capture (longer kernel), replay 5 times");
	longer = capture(stream, 5000);
	TRY(cudaGraphExecUpdate(exec, longer, &info));
	replay(exec, stream, 5);
	note("graph: destroy all");
	TRY(cudaGraphExecDestroy(clone_exec));
	TRY(cudaGraphExecDestroy(exec));
	TRY(cudaGraphDestroy(clone));
	TRY(cudaGraphDestroy(longer));
	TRY(cudaGraphDestroy(graph));
	TRY(cudaStreamDestroy(stream));
}

static void profiler_range()
{
	note("profiler: 3 kernels before cudaProfilerStart, 4 inside, 5 after cudaProfilerStop");
	for (int i = 0; i < 3; i++)
		work_kernel<<<BLOCKS, 128>>>(device_a, 10);
	TRY(cudaProfilerStart());
	for (int i = 0; i < 4; i++)
		work_kernel<<<BLOCKS, 128>>>(device_a, 10);
	TRY(cudaProfilerStop());
	for (int i = 0; i < 5; i++)
		work_kernel<<<BLOCKS, 128>>>(device_a, 10);
}

static void launch_forms()
{
	void *arguments[] = {&device_a, nullptr};
	cudaLaunchAttribute attribute = {};
	cudaLaunchConfig_t config = {};
	int rounds = 10;

	arguments[1] = &rounds;
	note("launch forms: one each of cudaLaunchKernel, cudaLaunchKernelEx with a priority, cooperative");
	TRY(cudaLaunchKernel((const void *)work_kernel, dim3(BLOCKS), dim3(128), arguments, 0, nullptr));
	attribute.id = cudaLaunchAttributePriority;
	attribute.val.priority = -1;
	config.gridDim = dim3(BLOCKS);
	config.blockDim = dim3(128);
	config.attrs = &attribute;
	config.numAttrs = 1;
	TRY(cudaLaunchKernelEx(&config, work_kernel, device_a, rounds));
	TRY(cudaLaunchCooperativeKernel((const void *)work_kernel, dim3(4), dim3(128), arguments, 0,
					nullptr));
}

/* A kernel of 300 ms on one stream, 20 short ones on another, and a flush while the long one still runs. */
static void in_flight(const char *flush)
{
	cudaStream_t slow, fast;
	char text[80];

	TRY(cudaStreamCreateWithFlags(&slow, cudaStreamNonBlocking));
	TRY(cudaStreamCreateWithFlags(&fast, cudaStreamNonBlocking));
	snprintf(text, sizeof(text), "in flight: `%s` while a 300 ms kernel runs, 20 short ones have ended",
		 flush);
	note(text);
	probe_do("every 0"); /* no other flush meanwhile */
	wait_ns<<<1, 1, 0, slow>>>(300000000ull);
	for (int i = 0; i < 20; i++)
		add_kernel<<<BLOCKS, 128, 0, fast>>>(device_b, device_a, COUNT);
	TRY(cudaStreamSynchronize(fast));
	probe_do("peek");
	probe_do(flush);
	probe_do("peek");
	probe_do(cudaStreamQuery(slow) == cudaErrorNotReady ? "note the long kernel still runs"
							    : "note the long kernel has ended");
	(void)cudaGetLastError();
	TRY(cudaDeviceSynchronize());
	probe_do("note the long kernel has ended; now flush 0");
	probe_do("flush 0");
	probe_do("every 100");
	TRY(cudaStreamDestroy(slow));
	TRY(cudaStreamDestroy(fast));
}

static void burst()
{
	note("burst: 2000 kernels in a row, one synchronisation");
	for (int i = 0; i < 2000; i++)
		empty_kernel<<<1, 1>>>();
}

int main(int argc, char **argv)
{
	start_cuda();
	probe_do("clock");
	memory();
	pools();
	streams();
	threads((int)number(argc, argv, "--threads", 3));
	graphs((int)number(argc, argv, "--replays", 200));
	profiler_range();
	launch_forms();
	in_flight("flush 0");
	in_flight("flush 1");
	burst();
	note("free everything, and end");
	probe_do("clock");
	TRY(cudaFree(device_a));
	TRY(cudaFree(device_b));
	TRY(cudaFreeHost(pinned));
	free(pageable);
	printf("failed_calls=%d\n", failures);
	return 0;
}
