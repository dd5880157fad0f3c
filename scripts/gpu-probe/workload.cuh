/*
 * What the probe's CUDA programs share: error checking, time, kernels. Kernels do fixed work (so that their
 * durations are the GPU's own) except `wait_ns`, which runs for a given time.
 */
#ifndef GPU_PROBE_WORKLOAD_CUH
#define GPU_PROBE_WORKLOAD_CUH

#include "probe_client.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <ctime>
#include <vector>

/* For what a measurement cannot do without: say what failed and stop. */
#define CHECK(call)                                                                                          \
	do {                                                                                                 \
		cudaError_t error_ = (call);                                                                 \
		if (error_ != cudaSuccess) {                                                                 \
			fprintf(stderr, "%s: %s\n", #call, cudaGetErrorString(error_));                      \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

static inline double now_ns()
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* `q` between 0 (least) and 1 (most). */
static inline double quantile(std::vector<double> values, double q)
{
	if (values.empty())
		return 0;
	std::sort(values.begin(), values.end());
	return values[(size_t)(q * (values.size() - 1))];
}

/* The value of `--name VALUE`, or `otherwise`. Every program of the probe takes only such options. */
static inline const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	return otherwise;
}

static inline double number(int argc, char **argv, const char *name, double otherwise)
{
	const char *text = option(argc, argv, name, nullptr);

	return text ? atof(text) : otherwise;
}

/*
 * The library is loaded by the first CUDA call: commands have an effect only after this. Those in PROBE_AFTER
 * are given here: flushing and reading clocks while CUDA starts might spoil what is to be seen.
 */
static inline void start_cuda()
{
	const char *commands = getenv("PROBE_AFTER");

	CHECK(cudaFree(nullptr));
	if (commands)
		probe_do(commands);
}

__global__ void empty_kernel()
{
}

/* `rounds` dependent multiply-adds a thread: about 4 cycles each, whatever the data. */
__global__ void work_kernel(float *data, int rounds)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	float value = data[i];

	for (int r = 0; r < rounds; r++)
		value = value * 0.999f + 0.5f;
	data[i] = value;
}

__global__ void add_kernel(float *out, const float *in, int count)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		out[i] += in[i];
}

__global__ void wait_ns(unsigned long long ns)
{
	unsigned long long start, now;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(start));
	do {
		asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
	} while (now - start < ns);
}

#endif
