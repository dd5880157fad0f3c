// Graphs: captured with fork and join, built node by node, updated in place, cloned, nested, in several
// streams. Checks what a program can see, on a real GPU and on the simulated one; prints nothing when all is
// well.
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

template <int N> __global__ void step(int *p)
{
	if (p && threadIdx.x == 0)
		atomicAdd(p, 0 * N);
}

static size_t node_count(cudaGraph_t g)
{
	size_t n = 0;

	CHECK(cudaGraphGetNodes(g, nullptr, &n));
	return n;
}

static void captured()
{
	cudaStream_t a, b;
	cudaEvent_t fork, join;
	cudaGraph_t graph;
	cudaGraphExec_t exec;
	int *device, host[4] = {1, 2, 3, 4}, back[4] = {};
	cudaStreamCaptureStatus status;

	CHECK(cudaStreamCreate(&a));
	CHECK(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
	CHECK(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
	CHECK(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
	CHECK(cudaMalloc(&device, sizeof(host)));

	CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeGlobal));
	CHECK(cudaMemcpyAsync(device, host, sizeof(host), cudaMemcpyHostToDevice, a));
	step<1><<<8, 64, 0, a>>>(device);
	CHECK(cudaEventRecord(fork, a));
	CHECK(cudaStreamWaitEvent(b, fork, 0));
	step<2><<<8, 64, 0, b>>>(device);
	step<3><<<8, 64, 0, a>>>(device);
	CHECK(cudaStreamIsCapturing(b, &status));
	EXPECT(status == cudaStreamCaptureStatusActive);
	CHECK(cudaEventRecord(join, b));
	CHECK(cudaStreamWaitEvent(a, join, 0));
	CHECK(cudaMemcpyAsync(back, device, sizeof(back), cudaMemcpyDeviceToHost, a));
	CHECK(cudaStreamEndCapture(a, &graph));
	EXPECT(node_count(graph) == 5);
	CHECK(cudaStreamIsCapturing(b, &status));
	EXPECT(status == cudaStreamCaptureStatusNone);

	CHECK(cudaGraphInstantiate(&exec, graph, 0));
	for (int i = 0; i < 20; i++) {
		host[0] = i;
		CHECK(cudaGraphLaunch(exec, i % 2 ? a : b));
		CHECK(cudaDeviceSynchronize());
		EXPECT(!memcmp(host, back, sizeof(host)));
	}

	// Updated in place by a graph of the same shape, and not by one of another.
	cudaGraph_t other;
	cudaGraphExecUpdateResultInfo info;
	CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	step<4><<<1, 32, 0, a>>>(device);
	CHECK(cudaStreamEndCapture(a, &other));
	EXPECT(cudaGraphExecUpdate(exec, other, &info) == cudaErrorGraphExecUpdateFailure);
	EXPECT(info.result == cudaGraphExecUpdateErrorTopologyChanged);
	cudaGetLastError();
	cudaGraph_t clone;
	CHECK(cudaGraphClone(&clone, graph));
	EXPECT(node_count(clone) == 5);
	CHECK(cudaGraphExecUpdate(exec, clone, &info));
	CHECK(cudaGraphLaunch(exec, a));
	CHECK(cudaStreamSynchronize(a));

	CHECK(cudaGraphExecDestroy(exec));
	CHECK(cudaGraphDestroy(clone));
	CHECK(cudaGraphDestroy(other));
	CHECK(cudaGraphDestroy(graph));
	CHECK(cudaFree(device));
	CHECK(cudaEventDestroy(fork));
	CHECK(cudaEventDestroy(join));
	CHECK(cudaStreamDestroy(a));
	CHECK(cudaStreamDestroy(b));
}

static void broken_captures()
{
	cudaStream_t a, b;
	cudaEvent_t e;
	cudaGraph_t graph;

	CHECK(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
	CHECK(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
	CHECK(cudaEventCreate(&e));
	// Not joined.
	CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	CHECK(cudaEventRecord(e, a));
	CHECK(cudaStreamWaitEvent(b, e, 0));
	step<1><<<1, 1, 0, b>>>(nullptr);
	EXPECT(cudaStreamEndCapture(a, &graph) == cudaErrorStreamCaptureUnjoined);
	cudaGetLastError();
	// Synchronising a capturing stream.
	CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	EXPECT(cudaStreamSynchronize(a) == cudaErrorStreamCaptureUnsupported);
	EXPECT(cudaStreamEndCapture(a, &graph) == cudaErrorStreamCaptureInvalidated);
	cudaGetLastError();
	// Allocating synchronously under a global capture.
	void *p;
	CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeGlobal));
	EXPECT(cudaMalloc(&p, 16) == cudaErrorStreamCaptureUnsupported);
	EXPECT(cudaStreamEndCapture(a, &graph) == cudaErrorStreamCaptureInvalidated);
	cudaGetLastError();
	CHECK(cudaStreamDestroy(a));
	CHECK(cudaStreamDestroy(b));
	CHECK(cudaEventDestroy(e));
}

static int calls;

static void built()
{
	cudaGraph_t graph, child;
	cudaGraphExec_t exec;
	cudaGraphNode_t kernel, kernel2, copy, set, host, nested, empty;
	int *device, back[2] = {};
	cudaStream_t s;

	CHECK(cudaStreamCreate(&s));
	CHECK(cudaMalloc(&device, 2 * sizeof(int)));
	CHECK(cudaGraphCreate(&graph, 0));
	CHECK(cudaGraphCreate(&child, 0));

	cudaKernelNodeParams k = {};
	void *args[] = {&device};
	k.func = (void *)step<5>;
	k.gridDim = dim3(4);
	k.blockDim = dim3(64);
	k.kernelParams = args;
	CHECK(cudaGraphAddKernelNode(&kernel2, child, nullptr, 0, &k));

	cudaMemsetParams m = {};
	m.dst = device;
	m.value = 0x11223344;
	m.elementSize = 4;
	m.width = 2;
	m.height = 1;
	CHECK(cudaGraphAddMemsetNode(&set, graph, nullptr, 0, &m));
	CHECK(cudaGraphAddKernelNode(&kernel, graph, &set, 1, &k));
	CHECK(cudaGraphAddChildGraphNode(&nested, graph, &kernel, 1, child));
	cudaHostNodeParams h = {[](void *p) { ++*(int *)p; }, &calls};
	CHECK(cudaGraphAddHostNode(&host, graph, &nested, 1, &h));
	CHECK(cudaGraphAddMemcpyNode1D(&copy, graph, &host, 1, back, device, sizeof(back),
				       cudaMemcpyDeviceToHost));
	CHECK(cudaGraphAddEmptyNode(&empty, graph, &copy, 1));
	EXPECT(node_count(graph) == 6);
	cudaGraphNodeType type;
	CHECK(cudaGraphNodeGetType(nested, &type));
	EXPECT(type == cudaGraphNodeTypeGraph);
	size_t roots = 0;
	CHECK(cudaGraphGetRootNodes(graph, nullptr, &roots));
	EXPECT(roots == 1);

	CHECK(cudaGraphInstantiate(&exec, graph, 0));
	for (int i = 0; i < 3; i++)
		CHECK(cudaGraphLaunch(exec, s));
	CHECK(cudaStreamSynchronize(s));
	EXPECT(calls == 3 && back[0] == 0x11223344 && back[1] == 0x11223344);

	m.value = 5;
	CHECK(cudaGraphExecMemsetNodeSetParams(exec, set, &m));
	k.gridDim = dim3(16);
	CHECK(cudaGraphExecKernelNodeSetParams(exec, kernel, &k));
	CHECK(cudaGraphLaunch(exec, s));
	CHECK(cudaStreamSynchronize(s));
	EXPECT(back[1] == 5);
	CHECK(cudaGraphNodeSetEnabled(exec, kernel, 0));
	CHECK(cudaGraphLaunch(exec, s));
	CHECK(cudaStreamSynchronize(s));

	CHECK(cudaGraphExecDestroy(exec));
	CHECK(cudaGraphDestroy(graph));
	CHECK(cudaGraphDestroy(child));
	CHECK(cudaFree(device));
	CHECK(cudaStreamDestroy(s));
}

static void memory_in_graphs()
{
	cudaStream_t s;
	cudaGraph_t graph;
	cudaGraphExec_t exec;
	int *p, back = 0;

	CHECK(cudaStreamCreate(&s));
	CHECK(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
	CHECK(cudaMallocAsync(&p, 4096, s));
	CHECK(cudaMemsetAsync(p, 3, 4096, s));
	CHECK(cudaMemcpyAsync(&back, p, sizeof(back), cudaMemcpyDeviceToHost, s));
	CHECK(cudaFreeAsync(p, s));
	CHECK(cudaStreamEndCapture(s, &graph));
	EXPECT(node_count(graph) == 4);
	CHECK(cudaGraphInstantiate(&exec, graph, 0));
	CHECK(cudaGraphLaunch(exec, s));
	CHECK(cudaStreamSynchronize(s));
	EXPECT(back == 0x03030303);
	CHECK(cudaGraphExecDestroy(exec));
	CHECK(cudaGraphDestroy(graph));
	CHECK(cudaStreamDestroy(s));
}

int main()
{
	captured();
	broken_captures();
	built();
	memory_in_graphs();
	CHECK(cudaDeviceSynchronize());
	return 0;
}
