/*
 * output_file.h: a result file that is there whole or not at all: written beside its name, then renamed.
 */
#ifndef COLLECTOR_OUTPUT_FILE_H
#define COLLECTOR_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct output_file {
	char *path;
	char *temporary; /* in the same directory */
	bool force;
};

/*
 * Choose the temporary name, and look whether `path` is free. 0; -EEXIST: it is there and `force` is not set;
 * -ENOMEM. The caller creates the temporary file; what an earlier run of this process left there is removed.
 */
int output_file_begin(struct output_file *f, const char *path, bool force);
/* Rename the temporary file. 0, -EEXIST (somebody made it meanwhile), or -errno. */
int output_file_commit(struct output_file *f);
/* Remove the temporary file unless it was renamed, and free. Zeroed is fine. */
void output_file_end(struct output_file *f);

#endif
