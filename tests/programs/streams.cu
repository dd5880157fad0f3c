// Streams and events: concurrency, order, priorities, default streams, host functions, threads. Checks what a
// program can see, on a real GPU and on the simulated one; prints nothing when all is well.
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>
#include <cuda_runtime.h>

#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		cudaError_t e_ = (x);                                                                        \
		if (e_ != cudaSuccess) {                                                                     \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #x, cudaGetErrorString(e_));  \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)
#define EXPECT(x)                                                                                            \
	do {                                                                                                 \
		if (!(x)) {                                                                                  \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);                      \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

__global__ void spin(long long clocks)
{
	long long begin = clock64();

	while (clock64() - begin < clocks)
		;
}

__global__ void touch(int *p)
{
	if (p)
		*p += 1;
}

// Time between two events around `n` launches on each of `streams` streams.
static float elapsed(int streams, int n)
{
	std::vector<cudaStream_t> s(streams);
	cudaEvent_t begin, end, join;
	float ms;

	CHECK(cudaEventCreate(&begin));
	CHECK(cudaEventCreate(&end));
	CHECK(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
	for (auto &x : s)
		CHECK(cudaStreamCreateWithFlags(&x, cudaStreamNonBlocking));
	CHECK(cudaEventRecord(begin, s[0]));
	for (auto &x : s)
		CHECK(cudaStreamWaitEvent(x, begin, 0));
	for (int i = 0; i < n; i++)
		for (auto &x : s)
			spin<<<1, 32, 0, x>>>(100000);
	for (auto &x : s) {
		CHECK(cudaEventRecord(join, x));
		CHECK(cudaStreamWaitEvent(s[0], join, 0));
	}
	CHECK(cudaEventRecord(end, s[0]));
	EXPECT(cudaEventElapsedTime(&ms, begin, end) == cudaErrorNotReady ||
	       cudaEventQuery(end) == cudaSuccess);
	cudaGetLastError();
	CHECK(cudaEventSynchronize(end));
	CHECK(cudaEventElapsedTime(&ms, begin, end));
	for (auto &x : s)
		CHECK(cudaStreamDestroy(x));
	CHECK(cudaEventDestroy(begin));
	CHECK(cudaEventDestroy(end));
	CHECK(cudaEventDestroy(join));
	return ms;
}

static void default_streams()
{
	cudaStream_t blocking;
	cudaEvent_t after, before;
	float ms;

	CHECK(cudaStreamCreate(&blocking));
	CHECK(cudaEventCreate(&after));
	CHECK(cudaEventCreate(&before));
	CHECK(cudaDeviceSynchronize());
	// The legacy default stream waits for blocking streams, and they for it.
	spin<<<1, 1, 0, blocking>>>(200000);
	CHECK(cudaEventRecord(before, blocking));
	touch<<<1, 1>>>(nullptr);
	CHECK(cudaEventRecord(after, 0));
	touch<<<1, 1, 0, cudaStreamPerThread>>>(nullptr);
	CHECK(cudaStreamSynchronize(cudaStreamPerThread));
	CHECK(cudaStreamSynchronize(0));
	CHECK(cudaEventElapsedTime(&ms, before, after));
	EXPECT(ms >= 0);
	CHECK(cudaStreamDestroy(blocking));
	CHECK(cudaEventDestroy(before));
	CHECK(cudaEventDestroy(after));
}

static void host_functions()
{
	static int order[3], n;
	int *device, host = 7;
	cudaStream_t s;

	n = 0;
	CHECK(cudaStreamCreate(&s));
	CHECK(cudaMallocAsync(&device, sizeof(int), s));
	CHECK(cudaLaunchHostFunc(
		s,
		[](void *p) {
			*(int *)p = 42;
			order[n++] = 1;
		},
		&host));
	// Reads what the host function wrote: the copy must wait for it.
	CHECK(cudaMemcpyAsync(device, &host, sizeof(host), cudaMemcpyHostToDevice, s));
	CHECK(cudaLaunchHostFunc(
		s,
		[](void *p) {
			*(int *)p = 0;
			order[n++] = 2;
		},
		&host));
	CHECK(cudaStreamAddCallback(
		s, [](cudaStream_t, cudaError_t e, void *) { order[n++] = e == cudaSuccess ? 3 : 0; },
		nullptr, 0));
	touch<<<1, 1, 0, s>>>(nullptr);
	CHECK(cudaMemcpyAsync(&host, device, sizeof(host), cudaMemcpyDeviceToHost, s));
	CHECK(cudaFreeAsync(device, s));
	CHECK(cudaStreamSynchronize(s));
	EXPECT(host == 42 && n == 3 && order[0] == 1 && order[1] == 2 && order[2] == 3);
	CHECK(cudaStreamDestroy(s));
}

static void priorities()
{
	int least, greatest, got;
	cudaStream_t s;
	unsigned flags;

	CHECK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
	EXPECT(least == 0 && greatest < 0);
	CHECK(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, greatest));
	CHECK(cudaStreamGetPriority(s, &got));
	CHECK(cudaStreamGetFlags(s, &flags));
	EXPECT(got == greatest && flags == cudaStreamNonBlocking);
	spin<<<1, 1, 0, s>>>(1000);
	CHECK(cudaStreamSynchronize(s));
	EXPECT(cudaStreamQuery(s) == cudaSuccess);
	CHECK(cudaStreamDestroy(s));
}

static void errors()
{
	cudaStream_t s;

	touch<<<1, 2048>>>(nullptr);
	EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
	EXPECT(cudaGetLastError() == cudaSuccess);
	EXPECT(cudaSetDevice(1000) == cudaErrorInvalidDevice);
	EXPECT(cudaPeekAtLastError() == cudaErrorInvalidDevice);
	EXPECT(cudaGetLastError() == cudaErrorInvalidDevice);
	CHECK(cudaStreamCreate(&s));
	cudaError_t query = cudaSuccess;
	for (int i = 0; i < 20 && query == cudaSuccess;
	     i++) { // on a busy machine the kernel may be done before the question
		spin<<<1, 1, 0, s>>>(2000000);
		query = cudaStreamQuery(s);
	}
	EXPECT(query == cudaErrorNotReady);
	EXPECT(cudaGetLastError() == cudaSuccess); // an answer, not an error
	CHECK(cudaStreamSynchronize(s));
	CHECK(cudaStreamDestroy(s));
}

static void attributes()
{
	cudaFuncAttributes a;
	int blocks, grid, block;

	CHECK(cudaFuncGetAttributes(&a, touch));
	EXPECT(a.maxThreadsPerBlock > 0 && a.numRegs > 0);
	CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, touch, 128, 0));
	EXPECT(blocks > 0);
	CHECK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, touch));
	EXPECT(grid > 0 && block >= 32);

	cudaLaunchConfig_t config = {};
	cudaLaunchAttribute cluster = {};
	cluster.id = cudaLaunchAttributeClusterDimension;
	cluster.val.clusterDim = {1, 1, 1};
	config.gridDim = 4;
	config.blockDim = 64;
	config.attrs = &cluster;
	config.numAttrs = 1;
	CHECK(cudaLaunchKernelEx(&config, touch, (int *)nullptr));
	int *p = nullptr;
	void *args[] = {&p};
	CHECK(cudaLaunchCooperativeKernel((void *)touch, dim3(2), dim3(32), args, 0, 0));
	CHECK(cudaDeviceSynchronize());
}

int main()
{
	CHECK(cudaFree(0));
	// Four streams do four times the work in about the time of one; on a busy machine at the second or
	// third attempt.
	int attempts = 0;
	while (elapsed(4, 40) >= 2 * elapsed(1, 40))
		EXPECT(++attempts < 10);
	default_streams();
	host_functions();
	priorities();
	errors();
	attributes();
	std::vector<std::thread> threads;
	for (int i = 0; i < 4; i++)
		threads.emplace_back([] { elapsed(2, 50); });
	for (auto &t : threads)
		t.join();
	CHECK(cudaDeviceSynchronize());
	return 0;
}
