// What a language model server does to a GPU, in small: prefill iterations launched kernel by kernel, decode
// iterations replayed as one CUDA graph, each ending in a small copy of the sampled tokens and a wait for it.
// `--json` prints exactly what was done (tally.h), for a recording to be compared with. See --help.
#include "decode_kernels.cuh"
#include "decode_reference.h"
#include "tally.h"

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>

Tally tally;

namespace
{

using namespace model;

struct Options {
	int layers = 4, steps = 32, prefill = 2, batch = 8, streams = 1, churn = 0, procs = 1, pace = 0,
	    slow_at = -1;
	double slow_factor = 4;
	bool eager = false, json = false, verify = false;
	std::string json_file;
} opt;

// ------------------------------------------------------------------------------------------------- NVTX

nvtxDomainHandle_t domain;
const char *const DOMAIN = "decode.engine";

void push(const char *text, int64_t payload, uint32_t color)
{
	nvtxEventAttributes_t a = {};
	a.version = NVTX_VERSION;
	a.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
	a.colorType = NVTX_COLOR_ARGB;
	a.color = color;
	a.payloadType = NVTX_PAYLOAD_TYPE_INT64;
	a.payload.llValue = payload;
	a.messageType = NVTX_MESSAGE_TYPE_ASCII;
	a.message.ascii = text;
	tally.range("", text, "push");
	nvtxRangePushEx(&a);
}

void push(const char *text)
{
	tally.range("", text, "push");
	nvtxRangePushA(text);
}

// A range in a domain of its own, its text registered once.
void push_layer(int layer)
{
	static std::vector<nvtxStringHandle_t> names;
	std::string text = "layer " + std::to_string(layer);
	nvtxEventAttributes_t a = {};
	if ((size_t)layer == names.size())
		names.push_back(nvtxDomainRegisterStringA(domain, text.c_str()));
	a.version = NVTX_VERSION;
	a.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
	a.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
	a.message.registered = names[layer];
	tally.range(DOMAIN, text, "push");
	nvtxDomainRangePushEx(domain, &a);
}

// ------------------------------------------------------------------------------------------------- model

// The sequences that one stream serves. Device memory unless it says host.
struct Group {
	int first = 0, count = 0; // of the batch
	cudaStream_t stream = nullptr;
	cudaEvent_t joined = nullptr;
	float *x, *scratch_x, *h, *qkv, *attention, *up, *act, *logits,
		*cache; // cache: layers x sequences x SLOTS
	unsigned long long *best;
};

float *weights;
int *ids, *sampled, *first_position; // [batch * CHUNK], [batch], [batch]
int *host_ids, *host_sampled, *host_first;
std::vector<Group> groups;
cudaEvent_t forked, done;

template <typename T> void allocate(T **p, size_t count, cudaStream_t stream)
{
	CALL(cudaMallocAsync, (void **)p, count * sizeof(T), stream);
}

float *layer_weights(int layer)
{
	return weights + W_EMBED + (size_t)layer * W_LAYER;
}

void gemm(float *out, const float *a, const float *w, int rows, int n, int k, int a_stride, bool residual,
	  cudaStream_t s)
{
	launch("gemm_kernel", residual ? engine::gemm_kernel<float, true> : engine::gemm_kernel<float, false>,
	       dim3((n + THREADS - 1) / THREADS, rows), THREADS, s, out, a, w, n, k, a_stride);
}

// One layer over `tokens` tokens of each of the group's sequences, from and to x.
void run_layer(Group &g, int layer, float *x, int tokens, bool keep)
{
	typedef flash::kernel_traits<float, HEAD_DIM> traits;
	int rows = g.count * tokens;
	const int *first = first_position + g.first;
	const float *w = layer_weights(layer);
	float *cache = g.cache + (size_t)layer * g.count * SLOTS * 2 * HIDDEN;

	push_layer(layer);
	launch("rms_norm_kernel", engine::rms_norm_kernel<float>, rows, HIDDEN, g.stream, g.h, x);
	gemm(g.qkv, g.h, w, rows, 3 * HIDDEN, HIDDEN, 1, false, g.stream);
	launch("rotary_embedding_kernel", engine::rotary_embedding_kernel<float>, rows, HIDDEN / 2, g.stream,
	       g.qkv, first, tokens);
	if (keep)
		launch("reshape_and_cache_kernel", engine::reshape_and_cache_kernel<float>, rows, HIDDEN,
		       g.stream, cache, g.qkv, first, tokens);
	if (tokens > 1)
		launch("flash_fwd_kernel", flash::flash_fwd_kernel<traits>, rows, HIDDEN, g.stream,
		       g.attention, g.qkv, cache, first, tokens);
	else
		launch("flash_fwd_splitkv_kernel", flash::flash_fwd_splitkv_kernel<traits>, rows, HIDDEN,
		       g.stream, g.attention, g.qkv, cache, first);
	gemm(x, g.attention, w + W_QKV, rows, HIDDEN, HIDDEN, 1, true, g.stream);
	launch("rms_norm_kernel", engine::rms_norm_kernel<float>, rows, HIDDEN, g.stream, g.h, x);
	gemm(g.up, g.h, w + W_QKV + W_OUT, rows, 2 * FFN, HIDDEN, 1, false, g.stream);
	launch("silu_and_mul_kernel", engine::silu_and_mul_kernel<float>, rows, THREADS, g.stream, g.act,
	       g.up);
	gemm(x, g.act, w + W_QKV + W_OUT + W_UP, rows, HIDDEN, FFN, 1, true, g.stream);
	nvtxDomainRangePop(domain);
}

// From the group's ids to its sampled tokens, which become the ids of the next step.
void run_group(Group &g, int tokens)
{
	int rows = g.count * tokens, *in = ids + (size_t)g.first * tokens;

	memset_async(g.best, 0, g.count * sizeof(*g.best), g.stream);
	launch("embedding_kernel", engine::embedding_kernel<float>, rows, HIDDEN, g.stream, g.x, weights, in);
	for (int l = 0; l < opt.layers; l++)
		run_layer(g, l, g.x, tokens, true);
	launch("rms_norm_kernel", engine::rms_norm_kernel<float>, rows, HIDDEN, g.stream, g.h, g.x);
	gemm(g.logits, g.h + (tokens - 1) * HIDDEN, weights, g.count, VOCAB, HIDDEN, tokens, false, g.stream);
	launch("argmax_kernel", engine::argmax_kernel<float>, dim3(VOCAB / THREADS, g.count), THREADS,
	       g.stream, g.best, g.logits);
	launch("sampling_from_argmax_kernel", engine::sampling_from_argmax_kernel<int>,
	       (g.count + THREADS - 1) / THREADS, THREADS, g.stream, sampled + g.first, g.best, g.count);
}

// All groups side by side: forked off the first one's stream, joined on it.
void run_model(int tokens)
{
	cudaStream_t main = groups[0].stream;

	if (groups.size() > 1)
		CALL(cudaEventRecord, forked, main);
	for (size_t i = 1; i < groups.size(); i++)
		CALL(cudaStreamWaitEvent, groups[i].stream, forked, 0);
	for (Group &g : groups)
		run_group(g, tokens);
	for (size_t i = 1; i < groups.size(); i++) {
		CALL(cudaEventRecord, groups[i].joined, groups[i].stream);
		CALL(cudaStreamWaitEvent, main, groups[i].joined, 0);
	}
	copy_async(ids, sampled, opt.batch * sizeof(int), cudaMemcpyDeviceToDevice, main);
}

// Work that is none: layers recomputed on a scratch copy, until the iteration has about `factor` times the
// usual number of kernels.
void run_slowly(double factor)
{
	int extra = (int)((factor - 1) * opt.layers + 0.5);

	push("recompute");
	for (int i = 0; i < extra; i++)
		run_layer(groups[0], i % opt.layers, groups[0].scratch_x, 1, false);
	nvtxRangePop();
}

// ------------------------------------------------------------------------------------------------- set-up

void set_up()
{
	int per_group = opt.batch / opt.streams, left = opt.batch % opt.streams, first = 0;
	int count = W_EMBED + opt.layers * W_LAYER;

	CALL(cudaSetDevice, 0);
	CALL(cudaMalloc, (void **)&weights, count * sizeof(float));
	CALL(cudaMallocHost, (void **)&host_ids, opt.batch * CHUNK * sizeof(int));
	CALL(cudaMallocHost, (void **)&host_sampled, opt.batch * sizeof(int));
	CALL(cudaMallocHost, (void **)&host_first, opt.batch * sizeof(int));
	CALL(cudaEventCreateWithFlags, &forked, cudaEventDisableTiming);
	CALL(cudaEventCreateWithFlags, &done, cudaEventDisableTiming);
	groups.resize(opt.streams);
	for (Group &g : groups) {
		g.first = first;
		g.count = per_group + (&g - &groups[0] < left);
		first += g.count;
		CALL(cudaStreamCreateWithFlags, &g.stream, cudaStreamNonBlocking);
		CALL(cudaEventCreateWithFlags, &g.joined, cudaEventDisableTiming);
		size_t rows = (size_t)g.count * CHUNK;
		allocate(&g.x, rows * HIDDEN, g.stream);
		allocate(&g.scratch_x, rows * HIDDEN, g.stream);
		allocate(&g.h, rows * HIDDEN, g.stream);
		allocate(&g.qkv, rows * 3 * HIDDEN, g.stream);
		allocate(&g.attention, rows * HIDDEN, g.stream);
		allocate(&g.up, rows * 2 * FFN, g.stream);
		allocate(&g.act, rows * FFN, g.stream);
		allocate(&g.logits, (size_t)g.count * VOCAB, g.stream);
		allocate(&g.cache, (size_t)opt.layers * g.count * SLOTS * 2 * HIDDEN, g.stream);
		allocate(&g.best, g.count, g.stream);
		memset_async(g.cache, 0, (size_t)opt.layers * g.count * SLOTS * 2 * HIDDEN * sizeof(float),
			     g.stream);
		memset_async(g.scratch_x, 0, rows * HIDDEN * sizeof(float), g.stream);
	}
	cudaStream_t main = groups[0].stream;
	allocate(&ids, opt.batch * CHUNK, main);
	allocate(&sampled, opt.batch, main);
	allocate(&first_position, opt.batch, main);
	memset_async(ids, 0, opt.batch * CHUNK * sizeof(int),
		     main); // with no prefill, every sequence begins with token 0
	launch("init_weights_kernel", engine::init_weights_kernel<float>, (count + 255) / 256, 256, main,
	       weights, count);
	CALL(cudaDeviceSynchronize);
}

void tear_down()
{
	CALL(cudaDeviceSynchronize);
	for (Group &g : groups) {
		for (float *p : {g.x, g.scratch_x, g.h, g.qkv, g.attention, g.up, g.act, g.logits, g.cache})
			CALL(cudaFreeAsync, p, g.stream);
		CALL(cudaFreeAsync, g.best, g.stream);
	}
	for (int *p : {ids, sampled, first_position})
		CALL(cudaFreeAsync, p, groups[0].stream);
	for (Group &g : groups) {
		CALL(cudaStreamSynchronize, g.stream);
		CALL(cudaStreamDestroy, g.stream);
		CALL(cudaEventDestroy, g.joined);
	}
	CALL(cudaEventDestroy, forked);
	CALL(cudaEventDestroy, done);
	for (int *p : {host_ids, host_sampled, host_first})
		CALL(cudaFreeHost, p);
	CALL(cudaFree, weights);
}

cudaGraphExec_t capture_decode()
{
	cudaGraph_t graph;
	cudaGraphExec_t exec;

	push("graph capture");
	CALL(cudaStreamBeginCapture, groups[0].stream, cudaStreamCaptureModeThreadLocal);
	tally.capturing = true;
	run_model(1);
	tally.capturing = false;
	CALL(cudaStreamEndCapture, groups[0].stream, &graph);
	CALL(cudaGraphInstantiate, &exec, graph, 0);
	CALL(cudaGraphDestroy, graph);
	nvtxRangePop();
	return exec;
}

// ------------------------------------------------------------------------------------------------- the loop

std::vector<std::vector<int>> fed, chosen; // by sequence: prompt tokens; the token chosen by each iteration

// Prompts: any tokens do, the same on every run.
int prompt_token(int sequence, int position)
{
	return (sequence * 131 + position * 17 + 7) % VOCAB;
}

void iterate(int number, cudaGraphExec_t graph)
{
	bool prefill = number < opt.prefill;
	int tokens = prefill ? CHUNK : 1;
	int position = prefill ? number * CHUNK : opt.prefill * CHUNK + number - opt.prefill;
	cudaStream_t main = groups[0].stream;
	std::vector<void *> churn(opt.churn);
	int64_t start = now_ns();

	push(("iteration " + std::to_string(number)).c_str(), number, prefill ? 0xff4080ff : 0xff40c040);
	push(prefill ? "prefill" : "decode");
	for (size_t i = 0; i < churn.size(); i++)
		CALL(cudaMallocAsync, &churn[i], 4096 << (i % 8), main);
	std::fill(host_first, host_first + opt.batch, position);
	copy_async(first_position, host_first, opt.batch * sizeof(int), cudaMemcpyHostToDevice, main);
	if (prefill) {
		for (int i = 0; i < opt.batch * CHUNK; i++) {
			host_ids[i] = prompt_token(i / CHUNK, position + i % CHUNK);
			fed[i / CHUNK].push_back(host_ids[i]);
		}
		copy_async(ids, host_ids, opt.batch * CHUNK * sizeof(int), cudaMemcpyHostToDevice, main);
	}
	if (number == opt.slow_at)
		run_slowly(opt.slow_factor);
	if (graph && !prefill) {
		CALL(cudaGraphLaunch, graph, main);
		tally.graph_launch();
	} else {
		run_model(tokens);
	}
	copy_async(host_sampled, sampled, opt.batch * sizeof(int), cudaMemcpyDeviceToHost, main);
	CALL(cudaEventRecord, done, main);
	for (void *p : churn)
		CALL(cudaFreeAsync, p, main);
	CALL(cudaEventSynchronize, done);
	CALL(cudaGetLastError);
	for (int i = 0; i < opt.batch; i++)
		chosen[i].push_back(host_sampled[i]);
	if (number == opt.prefill - 1) {
		tally.range("", "first token", "mark");
		nvtxMarkA("first token");
	}
	nvtxRangePop();
	nvtxRangePop();
	tally.iterations.push_back({prefill ? "prefill" : "decode", start, now_ns()});
}

// Whether the tokens chosen for a sequence in its first `limit` iterations are those that the model gives.
bool sequence_ok(int sequence, size_t limit)
{
	Reference reference(opt.layers);
	std::vector<float> logits;
	for (size_t i = 0; i < chosen[sequence].size() && i < limit; i++) {
		if ((int)i < opt.prefill) {
			for (int t = 0; t < CHUNK; t++)
				logits = reference.feed(fed[sequence][i * CHUNK + t]);
		} else {
			int previous = i > 0 ? chosen[sequence][i - 1] : 0;
			if (previous < 0 || previous >= VOCAB)
				return false;
			logits = reference.feed(previous);
		}
		if (!Reference::right_choice(logits, chosen[sequence][i]))
			return false;
	}
	return true;
}

// --verify looks at everything; otherwise a few iterations of the first sequence say whether kernels compute.
bool checksum_ok()
{
	for (int i = 0; i < (opt.verify ? opt.batch : 1); i++)
		if (!sequence_ok(i, opt.verify ? SIZE_MAX : (size_t)opt.prefill + 4))
			return false;
	return true;
}

uint64_t checksum()
{
	uint64_t hash = 14695981039346656037ull; // FNV-1a
	for (auto &sequence : chosen)
		for (int token : sequence)
			hash = (hash ^ (uint32_t)token) * 1099511628211ull;
	return hash;
}

int run()
{
	cudaGraphExec_t graph = nullptr;
	nvtxRangeId_t serving;
	char head[512];

	domain = nvtxDomainCreateA(DOMAIN);
	fed.resize(opt.batch);
	chosen.resize(opt.batch);
	push("set-up");
	set_up();
	nvtxRangePop();
	if (!opt.eager && opt.steps > 0)
		graph = capture_decode();
	tally.range("", "serving", "start");
	serving = nvtxRangeStartA("serving");
	for (int i = 0; i < opt.prefill + opt.steps; i++) {
		int64_t start = now_ns();
		iterate(i, graph);
		int64_t left = opt.pace - (now_ns() - start) / 1000;
		if (left > 0)
			usleep(left);
	}
	nvtxRangeEnd(serving);
	if (graph)
		CALL(cudaGraphExecDestroy, graph);
	tear_down();

	bool ok = checksum_ok();
	snprintf(head, sizeof(head),
		 "\"program\": \"decode\", \"pid\": %d, \"layers\": %d, \"steps\": %d, \"prefill\": %d, "
		 "\"batch\": %d, "
		 "\"streams\": %d, \"eager\": %s, \"slow_at\": %d, \"slow_factor\": %g, \"churn\": %d, "
		 "\"checksum\": \"%016llx\", \"checksum_ok\": %s,",
		 getpid(), opt.layers, opt.steps, opt.prefill, opt.batch, opt.streams,
		 opt.eager ? "true" : "false", opt.slow_at, opt.slow_factor, opt.churn,
		 (unsigned long long)checksum(), ok ? "true" : "false");
	if (!opt.json_file.empty()) {
		size_t at = opt.json_file.find("%p");
		if (at != std::string::npos)
			opt.json_file.replace(at, 2, std::to_string(getpid()));
		FILE *f = fopen(opt.json_file.c_str(), "w");
		if (!f) {
			perror(opt.json_file.c_str());
			return 1;
		}
		tally.print(f, head);
		fclose(f);
	} else if (opt.json) {
		tally.print(stdout, head);
	} else {
		double ms = 0;
		for (auto &i : tally.iterations)
			ms += (i.end - i.start) / 1e6;
		printf("%d prefill and %d decode iterations of %d layers, batch %d: %.3f ms each, checksum "
		       "%016llx (%s)\n",
		       opt.prefill, opt.steps, opt.layers, opt.batch,
		       tally.iterations.empty() ? 0 : ms / tally.iterations.size(),
		       (unsigned long long)checksum(),
		       ok ? "as the CPU computes it" : "not what the CPU computes");
	}
	return opt.verify && !ok;
}

// ------------------------------------------------------------------------------------------------- command
// line

// Starts opt.procs copies of this program, as ranks, and waits; the status is the worst of theirs.
int run_processes(int argc, char **argv)
{
	std::vector<char *> args;
	int worst = 0;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--procs"))
			i++;
		else
			args.push_back(argv[i]);
	}
	args.push_back(nullptr);
	for (int rank = 0; rank < opt.procs; rank++) {
		pid_t pid = fork();
		if (pid < 0) {
			perror("fork");
			return 1;
		}
		if (pid == 0) {
			setenv("RANK", std::to_string(rank).c_str(), 1);
			setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
			setenv("WORLD_SIZE", std::to_string(opt.procs).c_str(), 1);
			execv("/proc/self/exe", args.data());
			_exit(127);
		}
	}
	for (int rank = 0; rank < opt.procs; rank++) {
		int status;
		wait(&status);
		worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	return worst;
}

void usage(FILE *out)
{
	fputs("usage: decode [options]\n"
	      "  --layers N        transformer layers (4)         --batch N         sequences (8)\n"
	      "  --prefill N       prefill iterations (2)         --steps N         decode iterations (32)\n"
	      "  --eager           no CUDA graph                  --streams N       share the batch out (1)\n"
	      "  --pace US         least time of an iteration     --churn N         allocations an "
	      "iteration\n"
	      "  --slow-at N       iteration N is slow ...        --slow-factor F   ... by F, about (4)\n"
	      "  --procs N         N processes of it              --verify          check every token, fail "
	      "if wrong\n"
	      "  --json            print what was done            --json-file FILE  into FILE; %p is the "
	      "process id\n",
	      out);
}

int bad_usage(const char *what, const char *arg)
{
	fprintf(stderr, "decode: %s %s\n", what, arg);
	usage(stderr);
	return 2;
}

} // namespace

int main(int argc, char **argv)
{
	const struct {
		const char *name;
		int *value, min;
	} numbers[] = {
		{"--layers", &opt.layers, 1},	{"--steps", &opt.steps, 0}, {"--prefill", &opt.prefill, 0},
		{"--batch", &opt.batch, 1},	{"--pace", &opt.pace, 0},   {"--streams", &opt.streams, 1},
		{"--slow-at", &opt.slow_at, 0}, {"--churn", &opt.churn, 0}, {"--procs", &opt.procs, 1},
	};
	for (int i = 1; i < argc; i++) {
		std::string arg = argv[i];
		if (arg == "--help") {
			usage(stdout);
			return 0;
		}
		if (arg == "--eager" || arg == "--json" || arg == "--verify") {
			(arg == "--eager" ? opt.eager : arg == "--json" ? opt.json : opt.verify) = true;
			continue;
		}
		if (i + 1 == argc)
			return bad_usage("unknown option, or no value:", argv[i]);
		char *end = nullptr, *value = argv[++i];
		bool known = true;
		if (arg == "--json-file") {
			opt.json_file = value;
			continue;
		}
		if (arg == "--slow-factor") {
			opt.slow_factor = strtod(value, &end);
			known = opt.slow_factor >= 1;
		} else {
			auto n = std::find_if(std::begin(numbers), std::end(numbers),
					      [&](auto &o) { return arg == o.name; });
			if (n == std::end(numbers))
				return bad_usage("unknown option", arg.c_str());
			*n->value = strtol(value, &end, 10);
			known = *n->value >= n->min;
		}
		if (!known || *end || end == value)
			return bad_usage(("not a value for " + arg + ":").c_str(), value);
	}
	if (opt.streams > opt.batch)
		return bad_usage("--streams is more than --batch:", std::to_string(opt.streams).c_str());
	return opt.procs > 1 ? run_processes(argc, argv) : run();
}
