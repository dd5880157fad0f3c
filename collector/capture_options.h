/*
 * capture_options.h: the options of `run` that say what is recorded and when. Each is one of the library's
 * variables (docs/ranges.md): what the option says is put into the environment, where wire/config.h checks
 * it.
 */
#ifndef COLLECTOR_CAPTURE_OPTIONS_H
#define COLLECTOR_CAPTURE_OPTIONS_H

#include <getopt.h>

#define CAPTURE_FIRST 256 /* values of the options, beyond all letters */

#define CAPTURE_OPTIONS                                                                                      \
	{"ranges", required_argument, NULL, CAPTURE_FIRST},                                                  \
		{"iteration", required_argument, NULL, CAPTURE_FIRST + 1},                                   \
		{"capture", required_argument, NULL, CAPTURE_FIRST + 2},                                     \
		{"delay", required_argument, NULL, CAPTURE_FIRST + 3},                                       \
		{"duration", required_argument, NULL, CAPTURE_FIRST + 4},                                    \
		{"mode", required_argument, NULL, CAPTURE_FIRST + 5},                                        \
		{"trigger", required_argument, NULL, CAPTURE_FIRST + 6},                                     \
	{                                                                                                    \
		"command-file", required_argument, NULL, CAPTURE_FIRST + 7                                   \
	}

#define CAPTURE_USAGE                                                                                        \
	"      --ranges LIST    only these iterations: 100-150,300-350; counted from 0, both ends "          \
	"included\n"                                                                                         \
	"      --iteration RULE what an iteration is: auto, nvtx:GLOB[@DOMAIN], graph, d2h, mark,\n"         \
	"                       python:module:Class.method\n"                                                \
	"      --capture WHAT   all, cudaProfilerApi, nvtx:GLOB[@DOMAIN], iterations, control (cuflight "    \
	"start|stop);\n"                                                                                     \
	"                       with :repeat[:N] or :stop\n"                                                 \
	"      --delay TIME     begin so long after the first CUDA call (30s); --duration TIME: end so "     \
	"long "                                                                                              \
	"after that\n"                                                                                       \
	"      --mode MODE      drain: all goes to the file; flight: the newest is kept in memory, and "     \
	"saved "                                                                                             \
	"by a trigger,\n"                                                                                    \
	"                       by `cuflight dump`, and at the end\n"                                        \
	"      --trigger LIST   flight: save when iteration>2.0x, iteration>50ms, idle>500ms; exit\n"        \
	"      --command-file FILE  these options from a file: lines like ranges=100-150; # begins a "       \
	"comment\n"

/*
 * Take what next_option() returned; options given before --command-file win over the file. 0, EXIT_USAGE
 * after saying why, or -1: none of these options.
 */
int capture_option(const char *command, int option);

#endif
