/*
 * Step 5: replays a graph of many kernels until enough were run or the time is up, and prints once a second
 * what arrived, what was invalid and what memory is in use: whether CUPTI recycles its device buffers.
 *
 * --kernels N     to run in all (default 2e6)
 * --seconds S     at most (default 60)
 * --nodes N       of the graph (default 1000)
 * --mixed 1       each tenth node is a copy, each tenth a memset
 */
#include "workload.cuh"

#include <sys/resource.h>

#define BYTES 4096

static long resident_kib()
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file) {
		if (fscanf(file, "%*s %ld", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return pages * 4;
}

static int make_graph(cudaStream_t stream, int nodes, bool mixed, cudaGraphExec_t *exec)
{
	cudaGraph_t graph;
	int kernels = 0;
	char *data;

	CHECK(cudaMalloc(&data, 2 * BYTES)); /* kept until the process ends */
	CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	for (int i = 0; i < nodes; i++) {
		if (mixed && i % 10 == 3) {
			CHECK(cudaMemcpyAsync(data, data + BYTES, BYTES, cudaMemcpyDeviceToDevice, stream));
		} else if (mixed && i % 10 == 7) {
			CHECK(cudaMemsetAsync(data, 0, BYTES, stream));
		} else {
			empty_kernel<<<1, 1, 0, stream>>>();
			kernels++;
		}
	}
	CHECK(cudaStreamEndCapture(stream, &graph));
	CHECK(cudaGraphInstantiate(exec, graph, 0));
	CHECK(cudaGraphDestroy(graph));
	return kernels;
}

static void print_line(double seconds, double launched)
{
	struct probe_counts counts;
	size_t free_bytes = 0, total = 0;

	CHECK(cudaMemGetInfo(&free_bytes, &total));
	probe_get_counts(&counts);
	printf("%.2f %.0f %llu %llu %llu %llu %llu %llu %llu %ld\n", seconds, launched,
	       (unsigned long long)counts.kernels, (unsigned long long)counts.copies,
	       (unsigned long long)counts.start_zero, (unsigned long long)counts.end_zero,
	       (unsigned long long)counts.reversed, (unsigned long long)counts.dropped,
	       (unsigned long long)(total - free_bytes) >> 20, resident_kib() >> 10);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	double wanted = number(argc, argv, "--kernels", 2e6);
	double limit = number(argc, argv, "--seconds", 60) * 1e9;
	bool mixed = number(argc, argv, "--mixed", 0) != 0;
	int nodes = (int)number(argc, argv, "--nodes", 1000);
	double start, shown, launched = 0;
	cudaGraphExec_t exec;
	cudaStream_t stream;
	int kernels;

	start_cuda();
	CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	kernels = make_graph(stream, nodes, mixed, &exec);
	printf("# seconds launched kernels copies start_zero end_zero reversed dropped gpu_mib host_mib\n");
	print_line(0, 0);
	start = shown = now_ns();
	while (launched < wanted && now_ns() - start < limit) {
		/* Synchronised every ten replays: a server synchronises at every step. */
		for (int i = 0; i < 10; i++)
			CHECK(cudaGraphLaunch(exec, stream));
		CHECK(cudaStreamSynchronize(stream));
		launched += 10.0 * kernels;
		if (now_ns() - shown >= 1e9) {
			shown = now_ns();
			print_line((shown - start) / 1e9, launched);
		}
	}
	probe_do("flush 0");
	print_line((now_ns() - start) / 1e9, launched);
	printf("%s\n", launched < wanted ? "# cut short by --seconds" : "# complete");
	return 0;
}
