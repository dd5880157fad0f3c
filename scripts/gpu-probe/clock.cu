/*
 * Step 6: the same kernel many times, for the grid of its durations and their jitter; and single kernels with
 * pauses, for the time from a kernel's end to the delivery of its record. All results are in the recording.
 * options: --count N (default 10000)  --pauses N (default 300)
 */
#include "workload.cuh"

#include <unistd.h>

#define THREADS	 128
#define BLOCKS	 132
#define LAUNCHES 1000 /* between synchronisations */

static float *data;

static void repeat(const char *text, cudaStream_t stream, int count, int rounds)
{
	char command[128];

	snprintf(command, sizeof(command), "note part: eager, %s: %d launches, %d rounds", text, count,
		 rounds);
	probe_do(command);
	for (int i = 0; i < count; i++) {
		work_kernel<<<BLOCKS, THREADS, 0, stream>>>(data, rounds);
		if (i % LAUNCHES == LAUNCHES - 1)
			CHECK(cudaStreamSynchronize(stream));
	}
	CHECK(cudaStreamSynchronize(stream));
}

static void repeat_in_graph(cudaStream_t stream, int count, int rounds)
{
	char command[128];
	cudaGraphExec_t exec;
	cudaGraph_t graph;

	CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	for (int i = 0; i < 100; i++)
		work_kernel<<<BLOCKS, THREADS, 0, stream>>>(data, rounds);
	CHECK(cudaStreamEndCapture(stream, &graph));
	CHECK(cudaGraphInstantiate(&exec, graph, 0));
	snprintf(command, sizeof(command), "note part: graph: %d kernels, %d rounds", count / 100 * 100,
		 rounds);
	probe_do(command);
	for (int i = 0; i < count / 100; i++)
		CHECK(cudaGraphLaunch(exec, stream));
	CHECK(cudaStreamSynchronize(stream));
	CHECK(cudaGraphExecDestroy(exec));
	CHECK(cudaGraphDestroy(graph));
}

static void pauses(cudaStream_t stream, int count)
{
	probe_do("note part: paced: one kernel every 5 ms");
	for (int i = 0; i < count; i++) {
		work_kernel<<<BLOCKS, THREADS, 0, stream>>>(data, 1000);
		CHECK(cudaStreamSynchronize(stream));
		usleep(5000);
	}
}

int main(int argc, char **argv)
{
	int count = (int)number(argc, argv, "--count", 10000);
	cudaStream_t stream;

	start_cuda();
	CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	CHECK(cudaMalloc(&data, BLOCKS * THREADS * sizeof(float)));
	CHECK(cudaMemset(data, 0, BLOCKS * THREADS * sizeof(float)));
	probe_do("clock");
	if (count > 0) {
		repeat("short", stream, count, 100);
		repeat("middle", stream, count, 3000);
		repeat("long", stream, count / 10, 30000);
		repeat_in_graph(stream, count, 3000);
	}
	pauses(stream, (int)number(argc, argv, "--pauses", 300));
	probe_do("note part: end");
	probe_do("clock");
	CHECK(cudaFree(data));
	return 0;
}
