/*
 * cmd_export.c: `cuflight export`: a recording in a form that other tools open.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/command.h"
#include "collector/exports/sqlite.h"
#include "collector/message.h"
#include "collector/options.h"
#include "collector/output_file.h"
#include "collector/select.h"

const char export_usage[] =
	"Usage: cuflight export --to sqlite [-o OUTPUT] [--force] FILE.cuft\n"
	"\n"
	"Writes a recording in a form that other tools open. The file is there when it "
	"is whole: it is written\n"
	"beside and renamed.\n"
	"\n"
	"  -t, --to sqlite      a SQLite file with nsys's tables, for `nsys stats`, "
	"`nsys analyze` and scripts\n"
	"  -o, --output OUTPUT  its name; without -o the recording's, with .sqlite\n" SELECT_USAGE
	"      --force          replace a file that is there\n";

enum {
	OPTION_FORCE = 256,
};

struct form {
	const char *name, *extension;
	const struct report *export;
};

static const struct form forms[] = {{"sqlite", "sqlite", &export_sqlite}};
static const char *const form_names[] = {"sqlite", NULL};

static const struct form *find_form(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(name, forms[i].name))
			return &forms[i];
	return NULL;
}

/* The recording's name with another extension, in new memory. */
static char *default_output(const char *recording, const struct form *form)
{
	size_t length = strlen(recording);
	char *name;

	if (length > 5 && !strcmp(recording + length - 5, ".cuft"))
		length -= 5;
	if (asprintf(&name, "%.*s.%s", (int)length, recording, form->extension) < 0)
		return NULL;
	return name;
}

/* Is there what no --force may replace? The recording that is read, or any other: it cannot be made again. */
static bool is_recording(const char *recording, const char *output)
{
	struct stat own, there;
	char magic[8] = "";
	FILE *f;

	if (stat(output, &there))
		return false;
	if (!stat(recording, &own) && own.st_dev == there.st_dev && own.st_ino == there.st_ino)
		return true;
	f = S_ISREG(there.st_mode) ? fopen(output, "re") : NULL;
	if (f && fread(magic, 1, sizeof(magic), f) < sizeof(magic))
		magic[0] = '\0';
	if (f)
		fclose(f);
	return !memcmp(magic, FILE_MAGIC, sizeof(magic));
}

static int write_form(const struct form *form, struct report_run *run, const char *output, bool force)
{
	struct report_job job = {.report = form->export};
	struct output_file file;
	struct stat st;
	size_t failed;
	int err = output_file_begin(&file, output, force);

	if (err == -EEXIST)
		return fail("%s exists; --force replaces it", output);
	if (err)
		return fail("%s: %s", output, strerror(-err));
	job.argument = file.temporary;
	err = report_run(run, &job, 1, &failed);
	/* Closing the file comes before giving it its name. */
	report_run_free(&job, 1);
	if (!err)
		err = output_file_commit(&file);
	output_file_end(&file);
	if (err)
		return fail("%s: %s", output, strerror(-err));
	if (stat(output, &st))
		st.st_size = 0;
	message("wrote %s, %.1f MB", output, (double)st.st_size / 1e6);
	return 0;
}

static int export(const char *path, const struct form *form, const char *output, bool force,
		  const struct select_request *select)
{
	char *chosen = output ? strdup(output) : default_output(path, form);
	struct report_run run;
	struct trace *trace;
	char why[512];
	int status, err;

	if (!chosen)
		return fail("out of memory");
	if (is_recording(path, chosen)) {
		status = fail_usage("export", "%s is a recording, which --force does not replace either",
				    chosen);
		free(chosen);
		return status;
	}
	if (trace_open(&trace, path, why, sizeof(why))) {
		free(chosen);
		return fail("%s", why);
	}
	if (report_run_open(&run, trace)) {
		status = fail("out of memory");
	} else {
		err = select_begin(&run, select);
		status = err ? fail("%s: %s", path, strerror(-err)) : write_form(form, &run, chosen, force);
		select_tell(&run);
		trace_tell_damage(trace);
		if (run.bad_chunks)
			message("%s: %" PRIu64 " damaged chunks with %" PRIu64 " records were left out", path,
				run.bad_chunks, run.bad_records);
		if ((run.bad_chunks || trace->damaged || trace->bad_chunks) && !status)
			status = EXIT_FAILURE;
		report_run_close(&run);
	}
	trace_close(trace);
	free(chosen);
	return status;
}

int command_export(int argc, char **argv)
{
	static const struct option options[] = {
		{"to", required_argument, NULL, 't'},
		{"output", required_argument, NULL, 'o'},
		{"force", no_argument, NULL, OPTION_FORCE},
		SELECT_OPTIONS,
		{NULL, 0, NULL, 0},
	};
	const char *to = NULL, *output = NULL, *near;
	struct select_request select = {.all = false};
	bool force = false;
	int option;

	while ((option = next_option(argc, argv, "t:o:", options)) != -1) {
		switch (option) {
		case 't':
			to = optarg;
			break;
		case 'o':
			output = optarg;
			break;
		case OPTION_FORCE:
			force = true;
			break;
		case '?':
			return EXIT_USAGE;
		default:
			if (select_option(&select, "export", option, optarg))
				return EXIT_USAGE;
			break;
		}
	}
	if (!to)
		return fail_usage("export", "--to says in which form: sqlite");
	if (!find_form(to)) {
		near = nearest_name(to, form_names);
		return fail_usage("export", "no form %s%s%s", to, near ? "; did you mean " : "",
				  near ? near : "");
	}
	if (output && !strcmp(output, "-"))
		return fail_usage("export", "-o -: a database cannot be written to a pipe; name a file");
	if (optind == argc)
		return fail_usage("export", "no recording given");
	if (optind + 1 < argc)
		return fail_usage("export", "one recording at a time: %s, %s", argv[optind],
				  argv[optind + 1]);
	return export(argv[optind], find_form(to), output, force, &select);
}
