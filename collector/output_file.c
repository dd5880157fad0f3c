/*
 * output_file.c: link(2) and rename(2) make the name appear when the file is whole.
 */
#include "collector/output_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int output_file_begin(struct output_file *f, const char *path, bool force)
{
	memset(f, 0, sizeof(*f));
	f->force = force;
	f->path = strdup(path);
	if (!f->path || asprintf(&f->temporary, "%s.tmp-%d", path, (int)getpid()) < 0) {
		f->temporary = NULL;
		output_file_end(f);
		return -ENOMEM;
	}
	if (!force && !access(path, F_OK)) {
		free(f->temporary);
		f->temporary = NULL;
		output_file_end(f);
		return -EEXIST;
	}
	unlink(f->temporary);
	return 0;
}

int output_file_commit(struct output_file *f)
{
	/* Without force: a name that appeared since must not be lost. Where links cannot be made, look again.
	 */
	if (!f->force && !link(f->temporary, f->path)) {
		unlink(f->temporary);
	} else if (!f->force && (errno == EEXIST || !access(f->path, F_OK))) {
		return -EEXIST;
	} else if (rename(f->temporary, f->path)) {
		return -errno;
	}
	free(f->temporary);
	f->temporary = NULL;
	return 0;
}

void output_file_end(struct output_file *f)
{
	if (f->temporary)
		unlink(f->temporary);
	free(f->temporary);
	free(f->path);
	memset(f, 0, sizeof(*f));
}
