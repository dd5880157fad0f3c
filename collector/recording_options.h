/*
 * recording_options.h: the options that `run` and `collect` share.
 */
#ifndef COLLECTOR_RECORDING_OPTIONS_H
#define COLLECTOR_RECORDING_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/options.h"
#include "collector/output_name.h"

struct recording_options {
	struct output_name name; /* pid is the command's to set */
	bool named;		 /* by -o */
	uint64_t max_size;	 /* bytes, 0: no limit */
	bool summary;
	bool quiet;
};

/* For the command's table and letters. */
#define RECORDING_LETTERS "o:fq"
#define RECORDING_OPTIONS                                                                                    \
	{"output", required_argument, NULL, 'o'}, {"force", no_argument, NULL, 'f'},                         \
		{"max-size", required_argument, NULL, 'm'}, {"no-summary", no_argument, NULL, 'n'},          \
	{                                                                                                    \
		"quiet", no_argument, NULL, 'q'                                                              \
	}
#define RECORDING_USAGE                                                                                      \
	"  -o, --output NAME    the file. %p is the process id, %h the host, %n the first number with "      \
	"which there\n"                                                                                      \
	"                       is no such file, %q{VAR} the value of VAR, %% a percent sign; .cuft is "     \
	"added.\n"                                                                                           \
	"                       A directory: the default name in it. Default: " OUTPUT_DEFAULT "\n"          \
	"  -f, --force          replace the file if it is there\n"                                           \
	"      --max-size SIZE  stop writing at this size (500M, 20G); what comes after is counted as "      \
	"lost\n"                                                                                             \
	"      --no-summary     no summary at the end\n"                                                     \
	"  -q, --quiet          neither summary nor progress; only what went wrong is told\n"

#define RECORDING_DEFAULTS                                                                                   \
	{                                                                                                    \
		.name.pattern = OUTPUT_DEFAULT, .summary = true                                              \
	}

/* Take what next_option() returned. 0, or EXIT_USAGE after saying why; unknown letters too. */
int recording_option(struct recording_options *o, const char *command, int letter);
/* When all were taken. The same. */
int recording_options_check(const struct recording_options *o, const char *command);

#endif
