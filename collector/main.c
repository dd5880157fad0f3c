/*
 * main.c: the table of commands, and which one was asked for. What a command does is in its own file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/command.h"
#include "collector/message.h"
#include "collector/variables.h"

static const struct command commands[] = {
	{"run", "run a program and record it", command_run, run_usage},
	{"collect", "record processes that run already, or take what dead ones left", command_collect,
	 collect_usage},
	{"start", "open a window in a session that is being recorded", command_start, start_usage},
	{"stop", "close it; its file and a summary", command_stop, stop_usage},
	{"dump", "save what flight recorders hold at this moment", command_dump, dump_usage},
	{"clean", "remove what processes that are gone have left", command_clean, clean_usage},
	{"status", "what is being recorded right now", command_status, status_usage},
	{"report", "tables of a recording: kernels, copies, API calls, NVTX ranges", command_report,
	 report_usage},
	{"iterations", "which iteration was slow, and what was different in it", command_iterations,
	 iterations_usage},
	{"export", "a recording in a form that other tools open", command_export, export_usage},
	{"info", "what a recording holds: processes, devices, records, losses", command_info, info_usage},
	{"verify", "check every byte of a recording", command_verify, verify_usage},
	{"doctor", "check whether recording works on this machine", command_doctor, doctor_usage},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fputs("cuflight records what CUDA processes do and says where the time went.\n\n"
	      "Usage: cuflight COMMAND [options]\n\nCommands:\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-12s%s\n", commands[i].name, commands[i].summary);
	fputs("\nFirst steps:\n"
	      "  cuflight doctor                      does recording work here?\n"
	      "  cuflight run -- ./program            record a program, print a summary\n"
	      "  cuflight report FILE.cuft            the tables\n"
	      "  cuflight iterations FILE.cuft        which iteration was slow\n"
	      "\ncuflight COMMAND --help says more; cuflight help variables: the variables;\n"
	      "cuflight --version: the version.\n",
	      out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* What other tools call it, and what is not near enough to be found by its letters. */
static const char *other_name(const char *name)
{
	static const char *const names[][2] = {
		{"stats", "report"}, {"profile", "run"},    {"record", "run"},	  {"summary", "report"},
		{"launch", "run"},   {"attach", "collect"}, {"convert", "export"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i][0], name))
			return names[i][1];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[COMMANDS + 1], *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	names[COMMANDS] = NULL;
	near = other_name(name);
	if (!near)
		near = nearest_name(name, names);
	if (near)
		return fail_usage("", "no command %s; did you mean %s?", name, near);
	return fail_usage("", "no command %s", name);
}

/* Is --help asked for? Not for `run`, which finds out itself: what follows CMD belongs to CMD. */
static int wants_help(const struct command *command, int argc, char **argv)
{
	if (command->run == command_run)
		return 0;
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int status;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		puts("cuflight " CUFLIGHT_VERSION);
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		command = argc > 2 ? find_command(argv[2]) : NULL;
		if (argc > 2 && !strcmp(argv[2], "variables")) {
			variables_print(stdout);
			return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
		}
		if (argc > 2 && !command)
			return unknown_command(argv[2]);
		if (command)
			fputs(command->usage, stdout);
		else
			print_help(stdout);
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	if (wants_help(command, argc - 1, argv + 1)) {
		fputs(command->usage, stdout);
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	status = command->run(argc - 1, argv + 1);
	/* A report into a full disk must not look like success. */
	if (fflush(stdout) && !status)
		status = fail("cannot write the output: %m");
	return status;
}
