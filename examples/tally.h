// Keeps count, at the moment of each call, of what a CUDA program asks for: launches, copies, memsets, API
// calls, NVTX ranges. A recording of the program is judged against the JSON this prints, so nothing here is
// worked out by formula, but for one product: a graph's nodes times its launches. Single-threaded.
#pragma once

#include <cuda_runtime.h>
#include <cxxabi.h>
#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>
#include <time.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

struct Tally {
	struct Kernel {
		std::string base;
		uint64_t eager = 0, nodes = 0, replayed = 0; // nodes: of the graph being captured
	};
	struct Copies {
		uint64_t count = 0, bytes = 0, nodes = 0, node_bytes = 0, replayed = 0;
	};
	struct Iteration {
		const char *kind;
		int64_t start, end; // CLOCK_MONOTONIC, ns
	};
	std::map<const void *, Kernel> kernels;
	std::map<std::string, Copies> copies; // memcpy by kind, and "memset"
	std::map<std::string, uint64_t> api;
	std::map<std::pair<std::string, std::string>, std::map<std::string, uint64_t>>
		nvtx; // {domain, text}, type
	std::vector<Iteration> iterations;
	uint64_t graph_launches = 0;
	bool capturing = false;

	void launch(const void *function, const char *base)
	{
		Kernel &k = kernels[function];
		k.base = base;
		(capturing ? k.nodes : k.eager)++;
		api["cudaLaunchKernel"]++;
	}
	void copy(const char *kind, uint64_t bytes)
	{
		Copies &c = copies[kind];
		(capturing ? c.nodes : c.count)++;
		(capturing ? c.node_bytes : c.bytes) += bytes;
	}
	void graph_launch()
	{
		graph_launches++;
		for (auto &k : kernels)
			k.second.replayed += k.second.nodes;
		for (auto &c : copies)
			c.second.replayed += c.second.nodes;
	}
	void range(const char *domain, const std::string &text, const char *type)
	{
		nvtx[{domain, text}][type]++;
	}
	void print(FILE *out, const std::string &head);
};

extern Tally tally;

inline int64_t now_ns()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

inline void check(cudaError_t error, const char *call, int line)
{
	if (error == cudaSuccess)
		return;
	fprintf(stderr, "line %d: %s: %s (%s)\n", line, call, cudaGetErrorString(error),
		cudaGetErrorName(error));
	exit(1);
}

// A runtime call, counted under its own name; an error ends the program.
#define CALL(function, ...) (tally.api[#function]++, check(function(__VA_ARGS__), #function, __LINE__))

template <typename... P, typename... A>
void launch(const char *base, void (*kernel)(P...), dim3 grid, dim3 block, cudaStream_t stream, A... args)
{
	tally.launch((const void *)kernel, base);
	kernel<<<grid, block, 0, stream>>>(args...);
}

inline void copy_async(void *dst, const void *src, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream)
{
	static const char *const names[] = {"HtoH", "HtoD", "DtoH", "DtoD"};
	tally.copy(names[kind], bytes);
	CALL(cudaMemcpyAsync, dst, src, bytes, kind, stream);
}

inline void memset_async(void *dst, int value, size_t bytes, cudaStream_t stream)
{
	tally.copy("memset", bytes);
	CALL(cudaMemsetAsync, dst, value, bytes, stream);
}

// The name that the device code was compiled under; empty where the runtime is too old to tell (before 12.3).
inline std::string mangled_name(const void *function)
{
	typedef cudaError_t get_name_fn(const char **name, const void *function);
	auto get_name = (get_name_fn *)dlsym(RTLD_DEFAULT, "cudaFuncGetName");
	const char *name = nullptr;
	if (!get_name)
		return "";
	tally.api["cudaFuncGetName"]++;
	return get_name(&name, function) == cudaSuccess && name ? name : "";
}

inline std::string demangled(const std::string &mangled)
{
	int status = -1;
	char *text =
		mangled.empty() ? nullptr : abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
	std::string result = status == 0 ? text : mangled;
	free(text);
	return result;
}

// Prints one JSON object; `head` holds fields of the caller's, `"a": 1, ` with the comma.
inline void Tally::print(FILE *out, const std::string &head)
{
	const char *comma = "";
	fprintf(out, "{%s\n \"kernels\": [", head.c_str());
	for (auto &k : kernels) {
		std::string mangled = mangled_name(k.first);
		fprintf(out,
			"%s\n  {\"base\": \"%s\", \"name\": \"%s\", \"mangled\": \"%s\", \"eager\": %llu, "
			"\"graph_nodes\": %llu, \"replayed\": %llu, \"total\": %llu}",
			comma, k.second.base.c_str(), demangled(mangled).c_str(), mangled.c_str(),
			(unsigned long long)k.second.eager, (unsigned long long)k.second.nodes,
			(unsigned long long)k.second.replayed,
			(unsigned long long)(k.second.eager + k.second.replayed));
		comma = ",";
	}
	fprintf(out, "],\n \"graph_launches\": %llu,\n \"copies\": [", (unsigned long long)graph_launches);
	comma = "";
	for (auto &c : copies) {
		const Copies &n = c.second;
		uint64_t replayed_bytes = n.nodes ? n.replayed / n.nodes * n.node_bytes : 0;
		fprintf(out,
			"%s\n  {\"kind\": \"%s\", \"eager\": %llu, \"graph_nodes\": %llu, \"replayed\": "
			"%llu, \"total\": %llu, "
			"\"bytes\": %llu}",
			comma, c.first.c_str(), (unsigned long long)n.count, (unsigned long long)n.nodes,
			(unsigned long long)n.replayed, (unsigned long long)(n.count + n.replayed),
			(unsigned long long)(n.bytes + replayed_bytes));
		comma = ",";
	}
	fprintf(out, "],\n \"nvtx\": [");
	comma = "";
	for (auto &range : nvtx) {
		for (auto &type : range.second) {
			fprintf(out,
				"%s\n  {\"domain\": \"%s\", \"text\": \"%s\", \"type\": \"%s\", \"count\": "
				"%llu}",
				comma, range.first.first.c_str(), range.first.second.c_str(),
				type.first.c_str(), (unsigned long long)type.second);
			comma = ",";
		}
	}
	fprintf(out, "],\n \"api\": {");
	comma = "";
	for (auto &a : api) { // after mangled_name(), which counts too
		fprintf(out, "%s\n  \"%s\": %llu", comma, a.first.c_str(), (unsigned long long)a.second);
		comma = ",";
	}
	fprintf(out, "},\n \"iterations\": [");
	for (size_t i = 0; i < iterations.size(); i++)
		fprintf(out, "%s\n  {\"number\": %zu, \"kind\": \"%s\", \"start\": %lld, \"end\": %lld}",
			i ? "," : "", i, iterations[i].kind, (long long)iterations[i].start,
			(long long)iterations[i].end);
	fprintf(out, "]}\n");
}
