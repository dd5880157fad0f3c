/*
 * Step 2: all-reduces of a communicator with one rank, 20 eager and 20 replays of a captured pair. With one
 * rank NCCL does a sum by a copy and an average by a small kernel of its own; its ring and tree kernels need
 * a second GPU. NCCL is opened at run time (PROBE_NCCL, else the loader's libnccl.so.2), so that building
 * needs none. Exit 77: there is none.
 */
#include "workload.cuh"

typedef struct ncclComm *ncclComm_t;

/* From NCCL's documented C interface; these types and values have not changed since 2.10. */
enum { NCCL_FLOAT = 7, NCCL_SUM = 0, NCCL_AVG = 4 };
typedef int init_all_fn(ncclComm_t *comms, int count, const int *devices);
typedef int all_reduce_fn(const void *send, void *receive, size_t count, int type, int op, ncclComm_t comm,
			  cudaStream_t stream);
typedef int destroy_fn(ncclComm_t comm);
typedef int version_fn(int *version);

#define COUNT (1 << 20)

int main(void)
{
	const char *path = getenv("PROBE_NCCL");
	void *library = dlopen(path && *path ? path : "libnccl.so.2", RTLD_NOW);
	ncclComm_t comm = nullptr;
	cudaGraphExec_t exec;
	cudaStream_t stream;
	cudaGraph_t graph;
	float *from, *to;
	int failed = 0, version = 0;

	if (!library) {
		printf("no NCCL: %s\n", dlerror());
		return 77;
	}
	init_all_fn *init_all = (init_all_fn *)dlsym(library, "ncclCommInitAll");
	all_reduce_fn *all_reduce = (all_reduce_fn *)dlsym(library, "ncclAllReduce");
	destroy_fn *destroy = (destroy_fn *)dlsym(library, "ncclCommDestroy");
	version_fn *get_version = (version_fn *)dlsym(library, "ncclGetVersion");
	if (!init_all || !all_reduce || !destroy || !get_version) {
		printf("no NCCL: %s lacks a function\n", path && *path ? path : "libnccl.so.2");
		return 77;
	}

	start_cuda();
	get_version(&version);
	CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	CHECK(cudaMalloc(&from, COUNT * sizeof(float)));
	CHECK(cudaMalloc(&to, COUNT * sizeof(float)));
	CHECK(cudaMemset(from, 0, COUNT * sizeof(float)));
	probe_do("note part: ncclCommInitAll, one rank");
	failed = init_all(&comm, 1, nullptr);
	if (failed) {
		printf("ncclCommInitAll: error %d (version %d)\n", failed, version);
		return 1;
	}
	probe_do("note part: 20 eager all-reduces of 4 MiB, sum and average in turn");
	for (int i = 0; i < 20; i++)
		failed |= all_reduce(from, to, COUNT, NCCL_FLOAT, i % 2 ? NCCL_AVG : NCCL_SUM, comm, stream);
	CHECK(cudaStreamSynchronize(stream));
	probe_do("note part: a sum and an average captured, replayed 20 times");
	CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	failed |= all_reduce(from, to, COUNT, NCCL_FLOAT, NCCL_SUM, comm, stream);
	failed |= all_reduce(from, to, COUNT, NCCL_FLOAT, NCCL_AVG, comm, stream);
	CHECK(cudaStreamEndCapture(stream, &graph));
	CHECK(cudaGraphInstantiate(&exec, graph, 0));
	for (int i = 0; i < 20; i++)
		CHECK(cudaGraphLaunch(exec, stream));
	CHECK(cudaStreamSynchronize(stream));
	CHECK(cudaGraphExecDestroy(exec));
	CHECK(cudaGraphDestroy(graph));
	destroy(comm);
	CHECK(cudaFree(from));
	CHECK(cudaFree(to));
	printf("nccl=%d failed=%d\n", version, failed);
	return failed != 0;
}
