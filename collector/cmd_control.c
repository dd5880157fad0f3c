/*
 * cmd_control.c: `cuflight start` and `cuflight stop`: open and close a window in a session that is being
 * recorded, from another shell.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/command.h"
#include "collector/message.h"
#include "collector/options.h"
#include "collector/request.h"
#include "collector/summary.h"

const char start_usage[] =
	"Usage: cuflight start [--name LABEL] [SESSION]\n"
	"\n"
	"Opens a window in a session that `cuflight run` or `cuflight collect` records: with "
	"--capture=control its\n"
	"processes record from now on until `cuflight stop`; without, the window names a stretch of what is "
	"recorded\n"
	"anyway. `cuflight report --window LABEL` shows it alone.\n"
	"\n"
	"  -n, --name LABEL     the window's name, at most 63 bytes; default: its number\n"
	"\n"
	"SESSION is the session's directory or the end of its name; default: $CUFLIGHT_DIR, else the newest "
	"that is\n"
	"being recorded. `cuflight status` lists them.\n"
	"\n"
	"Exit status: 0 when every process records, 1 if there is no session or a window is open already.\n";

const char stop_usage[] = "Usage: cuflight stop [--no-summary] [SESSION]\n"
			  "\n"
			  "Closes the window that `cuflight start` opened. Returns when all that belongs to "
			  "it is in the file, and prints\n"
			  "where that is, and a summary. The program goes on.\n"
			  "\n"
			  "      --no-summary     only the file's name\n"
			  "\n"
			  "SESSION as for `cuflight start`.\n";

/* Ask the session's collector. 0, with its last word in `last`, or an exit status after saying why. */
static int ask(const char *command, const char *wanted, struct session_request *request, char *last,
	       size_t size)
{
	char dir[SESSION_PATH];
	int err, status = request_session(wanted, dir, sizeof(dir));

	if (status)
		return status;
	request->magic = SESSION_REQUEST_MAGIC;
	request->abi = SESSION_ABI;
	err = request_send(dir, request, NULL, last, size);
	if (!err)
		return 0;
	return fail("%s: %s", command, *last ? last : strerror(-err));
}

int command_start(int argc, char **argv)
{
	static const struct option options[] = {{"name", required_argument, NULL, 'n'}, {0}};
	struct session_request request = {.operation = SESSION_START};
	char last[1024];
	int c;

	while ((c = next_option(argc, argv, "n:", options)) != -1) {
		if (c != 'n')
			return EXIT_USAGE;
		if (!*optarg || strlen(optarg) >= sizeof(request.label))
			return fail_usage("start", "--name %s: 1 to 63 bytes are needed", optarg);
		strcpy(request.label, optarg);
	}
	if (argc - optind > 1)
		return fail_usage("start", "one session at a time");
	return ask("start", argv[optind], &request, last, sizeof(last));
}

int command_stop(int argc, char **argv)
{
	static const struct option options[] = {{"no-summary", no_argument, NULL, 's'}, {0}};
	struct session_request request = {.operation = SESSION_STOP};
	bool summary = true;
	char last[1024];
	int c, status;

	while ((c = next_option(argc, argv, "", options)) != -1) {
		if (c != 's')
			return EXIT_USAGE;
		summary = false;
	}
	if (argc - optind > 1)
		return fail_usage("stop", "one session at a time");
	status = ask("stop", argv[optind], &request, last, sizeof(last));
	if (status)
		return status;
	if (summary)
		return summary_print(last, stdout);
	puts(last);
	return 0;
}
