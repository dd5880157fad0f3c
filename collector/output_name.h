/*
 * output_name.h: the name of the trace file from the pattern that -o gives.
 */
#ifndef COLLECTOR_OUTPUT_NAME_H
#define COLLECTOR_OUTPUT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OUTPUT_DEFAULT "cuflight-%p-%n.cuft"

struct output_name {
	const char *pattern;
	pid_t pid;  /* %p */
	bool force; /* an existing file is replaced */
};

/*
 * Is the pattern one that can be expanded? 0, or -EINVAL with the reason in `why`. Looks at %q's variables,
 * at no file.
 */
int output_name_check(const char *pattern, char *why, size_t why_size);

/*
 * Create the file: expands %p (process id), %h (host name), %q{NAME} (variable NAME), %% and %n (the first
 * number from 1 with which there is no such file), adds .cuft if it is not there, and opens it for writing;
 * -EEXIST if it is there already and not to be replaced. A pattern that names a directory means the default
 * name in it. Returns the descriptor (close-on-exec) and the name in *path (to be freed, set on errors too if
 * known), or -errno.
 */
int output_name_create(const struct output_name *name, char **path);

#endif
