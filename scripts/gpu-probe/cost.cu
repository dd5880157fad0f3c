/*
 * Step 4: what recording costs. Prints `name value` lines, times in ns. What is enabled is PROBE_DO's.
 *
 * --what launch   eager launches, then graphs of 10, 100 and 1000 nodes (default)
 * --what late     enable and disable mid-run; a graph captured before and one captured after
 * --batches N     of launches (default 40)
 */
#include "workload.cuh"

#define BATCH 400 /* launches that fit into the GPU's queue, so that the host never waits */

static cudaStream_t stream;

/* ns a launch, one value a batch. */
static std::vector<double> eager(int batches)
{
	std::vector<double> values;

	for (int b = 0; b < batches; b++) {
		double start = now_ns();

		for (int i = 0; i < BATCH; i++)
			empty_kernel<<<1, 1, 0, stream>>>();
		values.push_back((now_ns() - start) / BATCH);
		CHECK(cudaStreamSynchronize(stream));
	}
	return values;
}

static cudaGraphExec_t make_graph(int nodes)
{
	cudaGraphExec_t exec;
	cudaGraph_t graph;

	CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	for (int i = 0; i < nodes; i++)
		empty_kernel<<<1, 1, 0, stream>>>();
	CHECK(cudaStreamEndCapture(stream, &graph));
	CHECK(cudaGraphInstantiate(&exec, graph, 0));
	CHECK(cudaGraphDestroy(graph));
	CHECK(cudaGraphLaunch(exec, stream)); /* the first launch uploads */
	CHECK(cudaStreamSynchronize(stream));
	return exec;
}

static void print_quantiles(const char *name, const std::vector<double> &values)
{
	printf("%s_min %.1f\n%s_median %.1f\n%s_p90 %.1f\n", name, quantile(values, 0), name,
	       quantile(values, 0.5), name, quantile(values, 0.9));
	fflush(stdout);
}

/* The call itself, and the time of a node from the first launch to the end of the work. */
static void graph_cost(const char *label, cudaGraphExec_t exec, int nodes, int batches)
{
	std::vector<double> call, node;
	const int replays = std::max(10, 4000 / nodes);
	char name[64];

	for (int b = 0; b < std::max(5, batches / 4); b++) {
		double start = now_ns();

		for (int r = 0; r < replays; r++) {
			double before = now_ns();

			CHECK(cudaGraphLaunch(exec, stream));
			call.push_back(now_ns() - before);
		}
		CHECK(cudaStreamSynchronize(stream));
		node.push_back((now_ns() - start) / replays / nodes);
	}
	snprintf(name, sizeof(name), "%s%d_call", label, nodes);
	print_quantiles(name, call);
	snprintf(name, sizeof(name), "%s%d_node", label, nodes);
	print_quantiles(name, node);
}

static void launch(int batches)
{
	eager(3); /* warm-up */
	print_quantiles("eager", eager(batches));
	for (int nodes = 10; nodes <= 1000; nodes *= 10) {
		double start = now_ns();
		cudaGraphExec_t exec = make_graph(nodes);

		printf("graph%d_make %.1f\n", nodes, now_ns() - start);
		graph_cost("graph", exec, nodes, batches);
		CHECK(cudaGraphExecDestroy(exec));
	}
}

/* Kernel records that arrived since `before`, everything flushed. */
static long long kernels_since(struct probe_counts *before)
{
	struct probe_counts now;
	long long arrived;

	CHECK(cudaDeviceSynchronize());
	probe_do("flush 0");
	probe_get_counts(&now);
	arrived = (long long)(now.kernels - before->kernels);
	*before = now;
	return arrived;
}

static void late(int batches)
{
	cudaGraphExec_t before = make_graph(100), after = nullptr;
	struct probe_counts counts;

	probe_get_counts(&counts);
	eager(3);
	print_quantiles("never_enabled_eager", eager(batches));
	graph_cost("never_enabled_graph", before, 100, batches);
	/* Where PROBE_DO did these already, they cost nothing more. */
	printf("late_arm %lld\n", (long long)probe_do("arm"));
	printf("late_register %lld\n", (long long)probe_do("register"));
	for (int cycle = 1; cycle <= 3; cycle++) {
		char name[64];
		int64_t ns = probe_do("enable 10");

		printf("cycle%d_enable %lld\n", cycle, (long long)ns);
		kernels_since(&counts);
		snprintf(name, sizeof(name), "cycle%d_on_eager", cycle);
		print_quantiles(name, eager(batches));
		printf("cycle%d_on_eager_launched %d\ncycle%d_on_eager_recorded %lld\n", cycle,
		       batches * BATCH, cycle, kernels_since(&counts));
		CHECK(cudaGraphLaunch(before, stream));
		printf("cycle%d_graph100_made_before_recorded %lld\n", cycle, kernels_since(&counts));
		if (!after)
			after = make_graph(100);
		kernels_since(&counts);
		CHECK(cudaGraphLaunch(after, stream));
		printf("cycle%d_graph100_made_while_on_recorded %lld\n", cycle, kernels_since(&counts));
		snprintf(name, sizeof(name), "cycle%d_on_graph", cycle);
		graph_cost(name, after, 100, batches);
		kernels_since(&counts);
		ns = probe_do("disable 10");
		printf("cycle%d_disable %lld\n", cycle, (long long)ns);
		snprintf(name, sizeof(name), "cycle%d_off_eager", cycle);
		print_quantiles(name, eager(batches));
		snprintf(name, sizeof(name), "cycle%d_off_graph", cycle);
		graph_cost(name, after, 100, batches);
		printf("cycle%d_off_recorded %lld\n", cycle, kernels_since(&counts));
	}
}

int main(int argc, char **argv)
{
	int batches = (int)number(argc, argv, "--batches", 40);
	double start = now_ns();
	struct probe_counts counts;

	start_cuda();
	printf("start_cuda %.0f\n", now_ns() - start);
	CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	if (!strcmp(option(argc, argv, "--what", "launch"), "late"))
		late(batches);
	else
		launch(batches);
	probe_get_counts(&counts);
	if (counts.requested)
		probe_do("flush 0");
	probe_get_counts(&counts);
	printf("records %llu\ncallbacks %llu\ndropped %llu\n", (unsigned long long)counts.records,
	       (unsigned long long)counts.callbacks, (unsigned long long)counts.dropped);
	return 0;
}
