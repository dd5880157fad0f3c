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

/* A trace file on its way. */
struct output_place {
	char *path;	 /* the name that it is to have; to be freed, NULL if not known */
	char *temporary; /* the one that it has, while that of an old file is not yet taken over; else NULL */
};

/*
 * Is the pattern one that can be expanded, and no device's name? 0, or -EINVAL with the reason in `why`.
 */
int output_name_check(const char *pattern, char *why, size_t why_size);

/*
 * Create the file: expands %p (process id), %h (host name), %q{NAME} (variable NAME), %% and %n (the first
 * number from 1 with which there is no such file), adds .cuft if it is not there, and opens it for writing;
 * -EEXIST if it is there already and not to be replaced. A pattern that names a directory means the default
 * name in it. A file that is replaced stays until output_place_keep(). Returns the descriptor (close-on-exec)
 * and the name in *place (the path is set on errors too if known), or -errno.
 */
int output_name_create(const struct output_name *name, struct output_place *place);
/* The file replaces the old one, if there is one. 0, or -errno: it has its temporary name, now in path. */
int output_place_keep(struct output_place *place);
/* The file goes; the old one, if there is one, stays. */
void output_place_discard(const struct output_place *place);
void output_place_free(struct output_place *place);

#endif
