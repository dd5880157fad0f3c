/*
 * cmd_report.c: `cuflight report`: which reports in which form to which place, as in `nsys stats`.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/message.h"
#include "collector/options.h"
#include "collector/output_file.h"
#include "collector/report.h"
#include "collector/select.h"
#include "wire/ringbuf.h"

const char report_usage[] =
	"Usage: cuflight report [-r REPORT[:ARG],...] [-f FORMAT,...] [-o OUTPUT,...] FILE.cuft\n"
	"\n"
	"Tables of a recording, with the names, columns and numbers of `nsys stats`. The recording may "
	"still\n"
	"be growing. Without -r: nvtx_sum, cuda_api_sum, cuda_gpu_kern_sum, cuda_gpu_mem_time_sum and\n"
	"cuda_gpu_mem_size_sum.\n"
	"\n"
	"  -r, --report NAME[:ARG]    may be repeated, or be a list with commas\n"
	"  -f, --format FORMAT        column (default), table, csv (default in files), tsv, json; \".\": "
	"default\n"
	"  -o, --output WHERE         \"-\": here (default); \".\": files named after the recording;\n"
	"                             anything else: files WHERE_REPORT.csv and so on\n"
	"                             One format and one output for each report; the last one goes "
	"on\n" SELECT_USAGE
	"      --force                replace files that are there (also --force-overwrite)\n"
	"      --help-reports[=NAME]  what reports there are\n";

#define MAX_CHOSEN  64
#define SCREEN_ROWS 40u /* of a report on a terminal */

/* What the options gave, in their order. */
struct words {
	char *items[MAX_CHOSEN];
	size_t count;
};

struct request {
	struct words reports, formats, outputs;
	struct select_request select;
	const char *path;
	bool force;
};

enum {
	OPTION_FORCE = 256,
	OPTION_HELP_REPORTS,
};

/* Split a list at its commas. -E2BIG, -EINVAL (an empty word), -ENOMEM. */
static int add_words(struct words *w, const char *list)
{
	for (;;) {
		size_t length = strcspn(list, ",");

		if (!length)
			return -EINVAL;
		if (w->count == MAX_CHOSEN)
			return -E2BIG;
		w->items[w->count] = strndup(list, length);
		if (!w->items[w->count])
			return -ENOMEM;
		w->count++;
		if (!list[length])
			return 0;
		list += length + 1;
	}
}

static void free_words(struct words *w)
{
	while (w->count)
		free(w->items[--w->count]);
}

static const char *word_at(const struct words *w, size_t i, const char *otherwise)
{
	return !w->count ? otherwise : w->items[i < w->count ? i : w->count - 1];
}

/* ------------------------------------------------------------------------------------------- help */

static void print_report_help(const struct report *report)
{
	printf("%s%s -- %s\n\n", report->name, report->arguments, report->title);
	for (const char *line = report->help; *line;) {
		size_t length = strcspn(line, "\n");

		printf("    %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	putchar('\n');
}

static int help_reports(const char *name)
{
	const struct report *report = name ? report_find(name) : NULL;

	if (name && strcmp(name, "ALL") && !report)
		return fail_usage("report", "no report %s", name);
	if (report) {
		print_report_help(report);
		return 0;
	}
	for (size_t i = 0; report_list[i]; i++) {
		if (name)
			print_report_help(report_list[i]);
		else
			printf("  %s%s -- %s\n", report_list[i]->name, report_list[i]->arguments,
			       report_list[i]->title);
	}
	return 0;
}

/* ---------------------------------------------------------------------------------------- options */

static int unknown_report(const char *name)
{
	const char *names[2 * MAX_CHOSEN + 1];
	size_t count = 0;
	const char *near;

	for (size_t i = 0; report_list[i] && count + 2 < sizeof(names) / sizeof(names[0]); i++) {
		names[count++] = report_list[i]->name;
		if (report_list[i]->old_name)
			names[count++] = report_list[i]->old_name;
	}
	names[count] = NULL;
	near = nearest_name(name, names);
	if (near)
		return fail_usage("report", "no report %s; did you mean %s?", name, near);
	return fail_usage("report", "no report %s; --help-reports lists them", name);
}

static int bad_word(const char *option, int err)
{
	if (err == -ENOMEM)
		return fail("out of memory");
	return fail_usage("report", err == -E2BIG ? "more than 64 words for %s" : "%s: a word is missing",
			  option);
}

/* 0 to go on, or what the command returns, with *done set. */
static int read_options(int argc, char **argv, struct request *q, bool *done)
{
	static const struct option options[] = {
		{"report", required_argument, NULL, 'r'},
		{"format", required_argument, NULL, 'f'},
		{"output", required_argument, NULL, 'o'},
		{"force", no_argument, NULL, OPTION_FORCE},
		{"force-overwrite", no_argument, NULL, OPTION_FORCE},
		{"help-reports", optional_argument, NULL, OPTION_HELP_REPORTS},
		SELECT_OPTIONS,
		{NULL, 0, NULL, 0},
	};
	int option, err;

	*done = true;
	while ((option = next_option(argc, argv, "r:f:o:", options)) != -1) {
		switch (option) {
		case 'r':
			err = add_words(&q->reports, optarg);
			if (err)
				return bad_word("--report", err);
			break;
		case 'f':
			err = add_words(&q->formats, optarg);
			if (err)
				return bad_word("--format", err);
			break;
		case 'o':
			err = add_words(&q->outputs, optarg);
			if (err)
				return bad_word("--output", err);
			break;
		case OPTION_FORCE:
			q->force = true;
			break;
		case OPTION_HELP_REPORTS:
			return help_reports(optarg);
		case '?':
			return EXIT_USAGE;
		default:
			if (select_option(&q->select, "report", option, optarg))
				return EXIT_USAGE;
			break;
		}
	}
	for (size_t i = 0; i < q->formats.count; i++)
		if (strcmp(q->formats.items[i], ".") && !table_format(q->formats.items[i])) {
			const char *near = nearest_name(q->formats.items[i], table_format_names);

			return fail_usage("report", "no format %s%s%s", q->formats.items[i],
					  near ? "; did you mean " : "", near ? near : "");
		}
	for (size_t i = 0; i < q->outputs.count; i++)
		if (q->outputs.items[i][0] == '@')
			return fail_usage("report", "output %s: commands are not run; pipe instead",
					  q->outputs.items[i]);
	if (optind == argc)
		return fail_usage("report", "no recording given");
	if (optind + 1 < argc)
		return fail_usage("report", "one recording at a time: %s, %s", argv[optind],
				  argv[optind + 1]);
	q->path = argv[optind];
	*done = false;
	return 0;
}

/* The reports asked for, each cut into name and argument; the default set if none is. */
static int choose_reports(struct request *q, struct report_job *jobs, size_t *count)
{
	*count = 0;
	for (size_t i = 0; !q->reports.count && report_default[i]; i++)
		jobs[(*count)++] = (struct report_job){.report = report_default[i], .argument = ""};
	for (size_t i = 0; i < q->reports.count; i++) {
		char *name = q->reports.items[i], *argument = strchr(name, ':');

		if (argument)
			*argument++ = 0;
		jobs[*count] = (struct report_job){.report = report_find(name),
						   .argument = argument ? argument : ""};
		if (!jobs[*count].report)
			return unknown_report(name);
		++*count;
	}
	return 0;
}

/* --------------------------------------------------------------------------------------- printing */

/* Titles and empty lines are for people; the other formats are data alone. */
static int print_titled(const struct report_job *job, const struct table_format *format,
			const struct report_run *run, FILE *out)
{
	const struct trace *t = run->trace;
	const char *slash = strrchr(t->path, '/');
	struct table table = job->table;
	int err = 0;

	if (!job->table.rows) {
		fputs("SKIPPED: ", out);
		print_escaped(out, slash ? slash + 1 : t->path, strlen(slash ? slash + 1 : t->path));
		fprintf(out, " does not contain %s%s.\n\n", job->report->data,
			run->selection ? " in what is selected" : "");
		return 0;
	}
	if (trace_is_simulated(t))
		fputs("\n ** SIMULATED GPU: times are modelled, not measured\n", out);
	fprintf(out, "\n ** %s (%s):\n\n", job->report->title, job->report->name);
	/* Nobody reads ten thousand rows as they fly by; a pipe or a file gets them all. */
	if (out == stdout && table.rows > SCREEN_ROWS && isatty(STDOUT_FILENO))
		table.rows = SCREEN_ROWS;
	err = format->print(&table, out);
	if (table.rows < job->table.rows)
		fprintf(out, "... %" PRIu64 " more rows: pipe it (| less) or write a file (-o NAME)\n",
			job->table.rows - table.rows);
	fputc('\n', out);
	return err;
}

static int print_job(const struct report_job *job, const struct table_format *format,
		     const struct report_run *run, FILE *out)
{
	const struct trace *t = run->trace;

	if (format->titled)
		return print_titled(job, format, run, out);
	if (!job->table.rows)
		message("%s does not contain %s%s", t->path, job->report->data,
			run->selection ? " in what is selected" : "");
	else if (trace_is_simulated(t))
		message("%s: %s: a simulated GPU: times are modelled, not measured", t->path,
			job->report->name);
	return format->print(&job->table, out);
}

static int write_file(const struct report_job *job, const struct table_format *format,
		      const struct report_run *run, const char *path, bool force)
{
	struct output_file file;
	FILE *out;
	int err = output_file_begin(&file, path, force);

	if (err == -EEXIST)
		return fail("%s exists; --force replaces it", path);
	if (err)
		return fail("%s: %s", path, strerror(-err));
	out = fopen(file.temporary, "wxe");
	err = out ? print_job(job, format, run, out) : -errno;
	if (out && ferror(out) && !err)
		err = errno ? -errno : -EIO;
	if (out && fclose(out) && !err)
		err = -errno;
	if (!err)
		err = output_file_commit(&file);
	output_file_end(&file);
	if (err)
		return fail("%s: %s", path, strerror(-err));
	message("wrote %s", path);
	return 0;
}

/* OUTPUT_report_argument.csv in new memory; OUTPUT "." is the recording's name without its extension. */
static char *file_name(const char *recording, const struct report_job *job, const char *output,
		       const struct table_format *format)
{
	size_t length = strlen(output);
	char *name = NULL;

	if (!strcmp(output, ".")) {
		output = recording;
		length = strlen(recording);
		if (length > 5 && !strcmp(recording + length - 5, ".cuft"))
			length -= 5;
	}
	if (asprintf(&name, "%.*s_%s%s%s.%s", (int)length, output, job->report->name,
		     *job->argument ? "_" : "", job->argument, format->extension) < 0)
		return NULL;
	return name;
}

/*
 * Several reports in JSON on standard output are one document, an object with a report's rows under its name;
 * a single one is the array of its rows, as nsys prints it.
 */
struct json_document {
	bool wanted;
	size_t printed;
};

static bool is_json_here(const struct request *q, size_t i)
{
	return !strcmp(word_at(&q->outputs, i, "-"), "-") && !strcmp(word_at(&q->formats, i, "."), "json");
}

static int print_here(const struct report_job *job, const struct table_format *format,
		      const struct report_run *run, struct json_document *document)
{
	int err;

	if (document)
		printf("%s\n\"%s%s%s\": ", document->printed++ ? "," : "{", job->report->name,
		       *job->argument ? ":" : "", job->argument);
	err = print_job(job, format, run, stdout);
	if (!err && (fflush(stdout) || ferror(stdout)))
		err = errno ? -errno : -EIO;
	return err ? fail("cannot print %s: %s", job->report->name, strerror(-err)) : 0;
}

static int deliver(const struct request *q, const struct report_job *jobs, size_t count,
		   const struct report_run *run)
{
	struct json_document document = {.printed = 0};
	size_t json = 0;

	for (size_t i = 0; i < count; i++)
		json += is_json_here(q, i);
	document.wanted = json > 1;
	for (size_t i = 0; i < count; i++) {
		const char *output = word_at(&q->outputs, i, "-");
		const char *format_name = word_at(&q->formats, i, ".");
		bool here = !strcmp(output, "-");
		const struct table_format *format;
		char *path;
		int status;

		if (!strcmp(format_name, "."))
			format_name = here ? "column" : "csv";
		format = table_format(format_name);
		if (here) {
			status = print_here(&jobs[i], format, run,
					    document.wanted && is_json_here(q, i) ? &document : NULL);
		} else {
			path = file_name(q->path, &jobs[i], output, format);
			status = path ? write_file(&jobs[i], format, run, path, q->force)
				      : fail("out of memory");
			free(path);
		}
		if (status)
			return status;
		if (*jobs[i].note)
			message("%s: %s", jobs[i].report->name, jobs[i].note);
	}
	if (document.printed)
		puts("}");
	return 0;
}

/* Records that are missing make every total too low. */
static void tell_losses(const struct trace *t)
{
	uint64_t lost = 0, kept = t->session.records;
	uint32_t worst = 0;
	uint64_t sums[LOSS_CAUSES] = {0};

	for (uint32_t i = 0; i <= t->process_count; i++) {
		const struct trace_process *p = i < t->process_count ? t->processes[i] : &t->session;

		kept += i < t->process_count ? p->records : 0;
		for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++) {
			if (!loss_cause_is_loss(cause))
				continue;
			sums[cause] += p->losses[cause].count;
			lost += p->losses[cause].count;
			worst = sums[cause] > sums[worst] ? cause : worst;
		}
	}
	if (lost)
		message("%s: %" PRIu64 " of %" PRIu64
			" records are missing (most: %s): counts and totals are too low",
			t->path, lost, lost + kept, loss_cause_name(worst));
}

/* What is shown is not all there was, or not true of a GPU. */
static int tell_doubts(const struct trace *t, const struct report_run *run)
{
	trace_tell_damage(t);
	tell_losses(t);
	if (!t->indexed && !t->unread)
		message("%s: still being recorded, or its recorder was killed: shown is what is there",
			t->path);
	if (!run->bad_chunks)
		return t->damaged || t->bad_chunks;
	return fail("%s: %" PRIu64 " damaged chunks with %" PRIu64 " records were left out", t->path,
		    run->bad_chunks, run->bad_records);
}

static int report(struct request *q)
{
	struct report_job jobs[MAX_CHOSEN];
	struct report_run run;
	struct trace *trace;
	char why[512];
	size_t count, failed = 0;
	int status = choose_reports(q, jobs, &count), err;

	if (status)
		return status;
	if (trace_open(&trace, q->path, why, sizeof(why)))
		return fail("%s", why);
	err = report_run_open(&run, trace);
	if (!err)
		err = select_begin(&run, &q->select);
	if (!err)
		err = report_run(&run, jobs, count, &failed);
	if (err == -EINVAL && failed < count) {
		status = fail_usage("report", "%s has no argument \"%s\"%s%s", jobs[failed].report->name,
				    jobs[failed].argument, *jobs[failed].report->arguments ? "; it has " : "",
				    jobs[failed].report->arguments);
	} else if (err) {
		status = fail("%s: %s", q->path, strerror(-err));
	} else {
		status = deliver(q, jobs, count, &run);
		select_tell(&run);
		if (tell_doubts(trace, &run) && !status)
			status = EXIT_FAILURE;
	}
	report_run_free(jobs, count);
	report_run_close(&run);
	trace_close(trace);
	return status;
}

int command_report(int argc, char **argv)
{
	struct request q = {.path = NULL};
	bool done;
	int status = read_options(argc, argv, &q, &done);

	if (!done)
		status = report(&q);
	free_words(&q.reports);
	free_words(&q.formats);
	free_words(&q.outputs);
	return status;
}
