/*
 * command.h: the commands of the `cuflight` binary, one file each. main.c holds the table and dispatches.
 *
 * A command gets its own name in argv[0]. It returns the exit status: 0 done, 1 it failed, 2 it was called in
 * a wrong way. `run` alone returns what the program it ran returned.
 */
#ifndef COLLECTOR_COMMAND_H
#define COLLECTOR_COMMAND_H

#define EXIT_USAGE 2

struct command {
	const char *name;
	const char *summary; /* one line, for `cuflight --help` */
	int (*run)(int argc, char **argv);
	const char *usage; /* what `cuflight NAME --help` prints */
};

int command_run(int argc, char **argv);
int command_collect(int argc, char **argv);
int command_start(int argc, char **argv);
int command_stop(int argc, char **argv);
int command_clean(int argc, char **argv);
int command_dump(int argc, char **argv);
int command_status(int argc, char **argv);
int command_report(int argc, char **argv);
int command_iterations(int argc, char **argv);
int command_export(int argc, char **argv);
int command_info(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_doctor(int argc, char **argv);

extern const char run_usage[];
extern const char collect_usage[];
extern const char start_usage[];
extern const char stop_usage[];
extern const char clean_usage[];
extern const char dump_usage[];
extern const char status_usage[];
extern const char report_usage[];
extern const char iterations_usage[];
extern const char export_usage[];
extern const char info_usage[];
extern const char verify_usage[];
extern const char doctor_usage[];

#endif
