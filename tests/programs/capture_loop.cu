// A loop of small iterations on the GPU that tells where it is in the ways a program can: by the marks of
// cuflight.h, cudaProfilerStart and Stop, cuProfilerStart and Stop, or an NVTX range around some iterations.
// Prints when each iteration began and ended (CLOCK_MONOTONIC, ns), as JSON.
//
// usage: capture_loop [--iterations N] [--pace US] [--slow N] [--mark] [--profile A-B[,A-B]] [--driver]
// [--nvtx A-B]
#include <cuda_profiler_api.h>
#include <cuda_runtime.h>
#include <cuflight/cuflight.h>
#include <nvtx3/nvToolsExt.h>
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		cudaError_t e_ = (x);                                                                        \
		if (e_ != cudaSuccess) {                                                                     \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #x, cudaGetErrorString(e_));  \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

__global__ void work(int *p, int n)
{
	if (threadIdx.x == 0)
		atomicAdd(p, n);
}

struct Span {
	int first, last;
	bool holds(int i) const
	{
		return i >= first && i <= last;
	}
};

static std::vector<Span> read_spans(const char *text)
{
	std::vector<Span> spans;
	Span s;
	int used;

	for (; sscanf(text, "%d-%d%n", &s.first, &s.last, &used) == 2; text += used + (text[used] == ',')) {
		spans.push_back(s);
		if (!text[used])
			break;
	}
	return spans;
}

static int64_t now()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

// The driver's own calls, as libraries make them that know nothing of the runtime.
static void profiler(bool driver, bool start)
{
	void *library = driver ? dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD) : nullptr;
	auto call =
		library ? (int (*)())dlsym(library, start ? "cuProfilerStart" : "cuProfilerStop") : nullptr;

	if (driver ? !call || call() : start ? cudaProfilerStart() : cudaProfilerStop())
		fprintf(stderr, "profiler call failed\n"), exit(1);
}

int main(int argc, char **argv)
{
	int iterations = 60, pace = 0, slow = -1, *data, host = 0;
	bool mark = false, driver = false;
	std::vector<Span> profile, nvtx;
	std::vector<int64_t> starts, ends;

	for (int i = 1; i < argc; i++) {
		std::string arg = argv[i];
		if (arg == "--mark" || arg == "--driver") {
			(arg == "--mark" ? mark : driver) = true;
			continue;
		}
		if (i + 1 == argc)
			return 2;
		const char *value = argv[++i];
		if (arg == "--iterations")
			iterations = atoi(value);
		else if (arg == "--pace")
			pace = atoi(value);
		else if (arg == "--slow")
			slow = atoi(value);
		else if (arg == "--profile")
			profile = read_spans(value);
		else if (arg == "--nvtx")
			nvtx = read_spans(value);
		else
			return 2;
	}
	CHECK(cudaMalloc(&data, sizeof(*data)));
	CHECK(cudaMemset(data, 0, sizeof(*data)));
	CHECK(cudaDeviceSynchronize());
	for (int i = 0; i < iterations; i++) {
		for (const Span &s : profile)
			if (s.first == i)
				profiler(driver, true);
		for (const Span &s : nvtx)
			if (s.first == i)
				nvtxRangePushA(("window " + std::to_string(i)).c_str());
		starts.push_back(now());
		if (mark)
			cuflight_iteration(-1);
		for (int k = 0; k < 5; k++)
			work<<<1, 32>>>(data, k);
		CHECK(cudaMemcpyAsync(&host, data, sizeof(host), cudaMemcpyDeviceToHost));
		CHECK(cudaStreamSynchronize(0));
		if (pace)
			usleep(pace * (i == slow ? 10 : 1));
		if (mark)
			cuflight_iteration_end();
		ends.push_back(now());
		for (const Span &s : nvtx)
			if (s.last == i)
				nvtxRangePop();
		for (const Span &s : profile)
			if (s.last == i)
				profiler(driver, false);
	}
	CHECK(cudaFree(data));
	printf("{\"iterations\": [");
	for (int i = 0; i < iterations; i++)
		printf("%s{\"start\": %lld, \"end\": %lld}", i ? ", " : "", (long long)starts[i],
		       (long long)ends[i]);
	printf("]}\n");
	return 0;
}
