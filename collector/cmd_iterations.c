/*
 * cmd_iterations.c: `cuflight iterations`: which iteration was slow, and what was different in it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/command.h"
#include "collector/iteration_view.h"
#include "collector/message.h"
#include "collector/options.h"
#include "collector/select.h"

#define SHOWN 10 /* rows for people, without --limit */

const char iterations_usage[] =
	"Usage: cuflight iterations [options] FILE.cuft\n"
	"\n"
	"Which iteration was slow, and what was different in it: first the median, the 99th percentile and "
	"the\n"
	"slowest, then a table. Iterations are those recorded (CUFLIGHT_ITERATION), or NVTX ranges.\n"
	"\n"
	"      --sort wall|number     by time, the slowest first (default), or as they came (default of "
	"csv,\n"
	"                             tsv and json)\n"
	"      --limit N              rows shown, 0: all. Default 10; all as csv, tsv and json\n"
	"      --source GLOB          only iterations found in this way, like mark or nvtx:*\n"
	"      --nvtx GLOB[@DOMAIN]   iterations are these NVTX ranges, numbered from 0\n"
	"      --all                  also what was recorded beside the ranges or windows asked for\n"
	"  -f, --format FORMAT        column (default), table, csv, tsv, json\n"
	"\n"
	"GPU work counts in the iteration in which the call that launched it started, whenever it ran. Times "
	"are in\n"
	"ms; gpu_busy_% is the share of the iteration's time that its GPU work took (more than 100: it went "
	"on\n"
	"after the iteration); max_gap_us the longest time its GPU had nothing to do; api_ms and sync_ms the "
	"time in\n"
	"CUDA calls of all threads, and in those that wait. A column in which every row is 0 is left out "
	"for\n"
	"people. An empty field: not recorded, it lies outside the ranges or windows asked for.\n";

enum {
	OPTION_SORT = 256,
	OPTION_LIMIT,
	OPTION_SOURCE,
};

struct request {
	struct select_request select;
	const char *path, *source;
	const struct table_format *format;
	bool ordered, limited;
	enum iteration_order order;
	uint64_t limit; /* 0: none */
};

/* -------------------------------------------------------------------------------------------- headline */

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The median of one of the sums over a process's recorded iterations. */
static uint64_t median_of(const struct iteration_view *v, size_t first, size_t next, uint64_t *scratch,
			  size_t offset)
{
	size_t count = 0;

	for (size_t i = first; i < next; i++)
		if (v->sums[i].recorded)
			memcpy(&scratch[count++], (const char *)&v->sums[i] + offset, sizeof(*scratch));
	qsort(scratch, count, sizeof(*scratch), compare_values);
	return nearest_rank(scratch, count, 50);
}
#define MEDIAN(field) median_of(v, first, next, scratch, offsetof(struct iteration_sums, field))

/* Where the slowest one's extra time went. */
static void print_reason(const struct iteration_view *v, size_t slowest, uint64_t median, size_t first,
			 size_t next, uint64_t *scratch)
{
	const struct iteration_sums *s = &v->sums[slowest];

	if (!s->recorded || s->wall <= median)
		return;
	printf("  iteration %" PRIu64
	       " took %.3f ms more than the median: GPU idle %+.3f ms, GPU work %+.3f ms, "
	       "waiting calls %+.3f ms, kernels %+" PRId64 "\n",
	       v->iterations.items[slowest].number, (double)(s->wall - median) / 1e6,
	       ((double)s->idle - (double)MEDIAN(idle)) / 1e6, ((double)s->busy - (double)MEDIAN(busy)) / 1e6,
	       ((double)s->sync - (double)MEDIAN(sync)) / 1e6, (int64_t)(s->kernels - MEDIAN(kernels)));
}

static void print_process(const struct iteration_view *v, size_t first, size_t next, uint64_t *scratch)
{
	const struct iteration *items = v->iterations.items;
	const struct trace_process *p = v->run.trace->processes[items[first].process];
	const char *rank = trace_fact(p, "rank", NULL);
	size_t count = next - first, slowest = first;
	uint64_t median, p99;
	bool several = false;

	for (size_t i = first; i < next; i++) {
		scratch[i - first] = v->sums[i].wall;
		if (v->sums[i].wall > v->sums[slowest].wall)
			slowest = i;
		several |= items[i].source != items[first].source;
	}
	qsort(scratch, count, sizeof(*scratch), compare_values);
	median = nearest_rank(scratch, count, 50);
	p99 = nearest_rank(scratch, count, 99);
	print_escaped(stdout, trace_process_name(p), strlen(trace_process_name(p)));
	printf(" (%" PRIu32 ")%s%.20s: %zu iteration%s by ", p->pid, rank ? ", rank " : "", rank ? rank : "",
	       count, count == 1 ? "" : "s");
	if (several) {
		fputs("several sources", stdout);
	} else {
		size_t length;
		const char *source = texts_get(v->run.texts, items[first].source, &length);

		print_escaped(stdout, source, length);
	}
	printf(": median %.3f ms, p99 %.3f ms, slowest %.3f ms (iteration %" PRIu64, (double)median / 1e6,
	       (double)p99 / 1e6, (double)v->sums[slowest].wall / 1e6, items[slowest].number);
	if (median)
		printf(", %.2f x the median", (double)v->sums[slowest].wall / (double)median);
	puts(")");
	print_reason(v, slowest, median, first, next, scratch);
}

static int print_headline(const struct iteration_view *v)
{
	const struct iterations *it = &v->iterations;
	uint64_t *scratch = malloc((it->count + 1) * sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	if (trace_is_simulated(v->run.trace))
		puts("SIMULATED GPU: times are modelled, not measured");
	for (size_t first = 0, next; first < it->count; first = next) {
		for (next = first; next < it->count && it->items[next].process == it->items[first].process;)
			next++;
		print_process(v, first, next, scratch);
	}
	putchar('\n');
	free(scratch);
	return 0;
}

static void print_footer(const struct iteration_view *v, const struct request *q, uint64_t rows)
{
	const struct iteration *i = &v->iterations.items[v->order[0]];
	const struct trace *t = v->run.trace;

	putchar('\n');
	if (rows < v->iterations.count)
		printf("%" PRIu64 " of %zu; --limit 0 shows all, -f csv too\n", rows, v->iterations.count);
	printf("next: cuflight report --iterations %" PRIu64, i->number);
	if (t->process_count > 1)
		printf("@%" PRIu32, t->processes[i->process]->pid);
	if (q->select.nvtx)
		printf(" --nvtx '%s'", q->select.nvtx);
	fputs(" ", stdout);
	print_escaped(stdout, t->path, strlen(t->path));
	putchar('\n');
}

static int print(struct iteration_view *v, const struct request *q)
{
	bool for_people = q->format->titled;
	enum iteration_order order = q->ordered ? q->order : for_people ? ORDER_WALL : ORDER_NUMBER;
	struct table table;
	int err = iteration_view_make(v, order,
				      q->limited   ? q->limit
				      : for_people ? SHOWN
						   : 0,
				      for_people, &table);

	if (!err && for_people)
		err = print_headline(v);
	if (!err)
		err = q->format->print(&table, stdout);
	if (!err && for_people)
		print_footer(v, q, table.rows);
	return err;
}

/* ------------------------------------------------------------------------------------------------- run */

static void tell_none(const char *path, const struct request *q)
{
	if (q->select.nvtx)
		message("%s: no NVTX range matches %s; cuflight report -r nvtx_sum shows which there are",
			path, q->select.nvtx);
	else if (q->source)
		message("%s: no iterations from a source like %s", path, q->source);
	else
		message("%s: no iterations were recorded. --nvtx GLOB takes NVTX ranges (cuflight report -r "
			"nvtx_sum "
			"shows which there are); to record them set CUFLIGHT_ITERATION",
			path);
}

static int show(struct iteration_view *v, const struct request *q)
{
	struct report_job job = {.report = &report_iterations, .argument = ""};
	size_t failed;
	int err = q->select.nvtx ? iterations_from_nvtx(&v->iterations, &v->run, q->select.nvtx)
				 : iterations_read(&v->iterations, &v->run, q->source);

	v->run.iterations = &v->iterations;
	if (!err)
		err = select_begin(&v->run, &q->select);
	if (!err)
		err = report_run(&v->run, &job, 1, &failed);
	if (!err && !v->iterations.count)
		tell_none(v->run.trace->path, q);
	if (!err)
		v->sums = ((const struct iteration_table *)job.state)->sums;
	if (!err && (v->iterations.count || !q->format->titled))
		err = print(v, q);
	if (!err && v->iterations.count)
		select_tell(&v->run);
	report_run_free(&job, 1);
	return err;
}

static int iterations(const struct request *q)
{
	struct iteration_view v = {.order = NULL};
	struct trace *trace;
	char why[512];
	int status = 0, err;

	if (trace_open(&trace, q->path, why, sizeof(why)))
		return fail("%s", why);
	err = report_run_open(&v.run, trace);
	if (!err)
		err = show(&v, q);
	if (err)
		status = fail("%s: %s", q->path, strerror(-err));
	trace_tell_damage(trace);
	if (v.run.bad_chunks && !status)
		status = fail("%s: %" PRIu64 " damaged chunks with %" PRIu64 " records were left out",
			      q->path, v.run.bad_chunks, v.run.bad_records);
	if ((trace->damaged || trace->bad_chunks) && !status)
		status = EXIT_FAILURE;
	iteration_view_free(&v);
	report_run_close(&v.run);
	trace_close(trace);
	return status;
}

/* ---------------------------------------------------------------------------------------------- options */

static int read_order(const char *word, struct request *q)
{
	q->ordered = true;
	if (!strcmp(word, "wall"))
		q->order = ORDER_WALL;
	else if (!strcmp(word, "number"))
		q->order = ORDER_NUMBER;
	else
		return fail_usage("iterations", "--sort %s: wall or number", word);
	return 0;
}

static int read_limit(const char *word, struct request *q)
{
	char *end;

	q->limited = true;
	errno = 0;
	q->limit = strtoull(word, &end, 10);
	if (*word < '0' || *word > '9' || *end || errno)
		return fail_usage("iterations", "--limit %s: not a number", word);
	return 0;
}

static int read_format(const char *word, struct request *q)
{
	const char *near = nearest_name(word, table_format_names);

	q->format = table_format(word);
	if (q->format)
		return 0;
	return fail_usage("iterations", "no format %s%s%s", word, near ? "; did you mean " : "",
			  near ? near : "");
}

static int read_option(int option, struct request *q)
{
	switch (option) {
	case OPTION_SORT:
		return read_order(optarg, q);
	case OPTION_LIMIT:
		return read_limit(optarg, q);
	case OPTION_SOURCE:
		q->source = optarg;
		return 0;
	case 'f':
		return read_format(optarg, q);
	case '?':
		return EXIT_USAGE;
	default:
		return select_option(&q->select, "iterations", option, optarg);
	}
}

int command_iterations(int argc, char **argv)
{
	static const struct option options[] = {
		{"sort", required_argument, NULL, OPTION_SORT},
		{"limit", required_argument, NULL, OPTION_LIMIT},
		{"source", required_argument, NULL, OPTION_SOURCE},
		{"nvtx", required_argument, NULL, SELECT_NVTX},
		{"all", no_argument, NULL, SELECT_ALL},
		{"format", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	struct request q = {.format = table_format("column")};
	int option, status;

	while ((option = next_option(argc, argv, "f:", options)) != -1) {
		status = read_option(option, &q);
		if (status)
			return status;
	}
	if (q.source && q.select.nvtx)
		return fail_usage("iterations", "--source is of recorded iterations: not with --nvtx");
	if (optind == argc)
		return fail_usage("iterations", "no recording given");
	if (optind + 1 < argc)
		return fail_usage("iterations", "one recording at a time: %s, %s", argv[optind],
				  argv[optind + 1]);
	q.path = argv[optind];
	return iterations(&q);
}
