/*
 * capture_options.c: options and lines of a command file into variables.
 */
#include "collector/capture_options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/command.h"
#include "collector/message.h"

static const struct {
	const char *name, *variable;
} names[] = {
	{"ranges", "CUFLIGHT_RANGES"},	 {"iteration", "CUFLIGHT_ITERATION"}, {"capture", "CUFLIGHT_CAPTURE"},
	{"delay", "CUFLIGHT_DELAY"},	 {"duration", "CUFLIGHT_DURATION"},   {"mode", "CUFLIGHT_MODE"},
	{"trigger", "CUFLIGHT_TRIGGER"},
};

#define NAMES (int)(sizeof(names) / sizeof(names[0]))

static bool given[NAMES]; /* on the command line */

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length && strchr(" \t\r\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

static int take_line(const char *command, const char *path, int number, char *line)
{
	char *name = trim(line), *equals = strchr(name, '=');

	if (!*name || *name == '#')
		return 0;
	if (equals) {
		*equals = '\0';
		name = trim(name);
		for (int i = 0; i < NAMES; i++)
			if (!strcmp(name, names[i].name)) {
				if (!given[i])
					setenv(names[i].variable, trim(equals + 1), 1);
				return 0;
			}
	}
	return fail_usage(command, "%s, line %d: %s: a line like ranges=100-150 is needed", path, number,
			  name);
}

static int take_file(const char *command, const char *path)
{
	FILE *file = fopen(path, "re");
	int number = 0, status = 0;
	char line[1024];

	if (!file)
		return fail_usage(command, "--command-file %s: %s", path, strerror(errno));
	while (!status && fgets(line, sizeof(line), file))
		status = take_line(command, path, ++number, line);
	fclose(file);
	return status;
}

int capture_option(const char *command, int option)
{
	int at = option - CAPTURE_FIRST;

	if (at < 0 || at > NAMES)
		return -1;
	if (at == NAMES)
		return take_file(command, optarg);
	given[at] = true;
	setenv(names[at].variable, optarg, 1);
	return 0;
}
