/*
 * output_name.c: patterns of file names, as users of nsys know them: %h %p %n %q{NAME} %%.
 */
#include "collector/output_name.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXTENSION  ".cuft"
#define MAX_NUMBER 1000000u

/* Expands the pattern with `number` for %n into out. 0 or -EINVAL with *why set; *numbered: there is a %n. */
static int expand(const char *pattern, pid_t pid, unsigned int number, FILE *out, bool *numbered, char *why,
		  size_t why_size)
{
	char host[256] = "";

	*numbered = false;
	for (const char *p = pattern; *p; p++) {
		const char *end, *value;
		char variable[256];

		if (*p != '%') {
			fputc(*p, out);
			continue;
		}
		switch (*++p) {
		case '%':
			fputc('%', out);
			break;
		case 'p':
			fprintf(out, "%d", (int)pid);
			break;
		case 'n':
			*numbered = true;
			fprintf(out, "%u", number);
			break;
		case 'h':
			gethostname(host, sizeof(host) - 1);
			fputs(host, out);
			break;
		case 'q':
			end = p[1] == '{' ? strchr(p, '}') : NULL;
			if (!end || end == p + 2 || (size_t)(end - p) > sizeof(variable)) {
				snprintf(why, why_size,
					 "%%q needs a variable's name in braces, as in %%q{RANK}");
				return -EINVAL;
			}
			snprintf(variable, sizeof(variable), "%.*s", (int)(end - p - 2), p + 2);
			value = getenv(variable);
			if (!value) {
				snprintf(why, why_size, "%%q{%s}: the variable %s is not set", variable,
					 variable);
				return -EINVAL;
			}
			fputs(value, out);
			p = end;
			break;
		default:
			snprintf(why, why_size, "%%%.1s is not known; %%h %%p %%n %%q{NAME} %%%% are", p);
			return -EINVAL;
		}
	}
	return 0;
}

/* The whole name, extension added, to be freed. */
static int expand_name(const char *pattern, pid_t pid, unsigned int number, char **name, bool *numbered,
		       char *why, size_t why_size)
{
	size_t length = 0;
	FILE *out;
	int err;

	*name = NULL;
	out = open_memstream(name, &length);
	if (!out)
		return -ENOMEM;
	err = expand(pattern, pid, number, out, numbered, why, why_size);
	fflush(out);
	if (!err && (length < sizeof(EXTENSION) - 1 ||
		     memcmp(*name + length - (sizeof(EXTENSION) - 1), EXTENSION, sizeof(EXTENSION) - 1)))
		fputs(EXTENSION, out);
	if (fclose(out))
		err = -ENOMEM;
	if (err) {
		free(*name);
		*name = NULL;
	}
	return err;
}

int output_name_check(const char *pattern, char *why, size_t why_size)
{
	struct stat st;
	bool numbered;
	char *name;
	int err;

	if (!*pattern) {
		snprintf(why, why_size, "the name is empty");
		return -EINVAL;
	}
	if (!strcmp(pattern, "-")) {
		snprintf(why, why_size, "a recording does not go to stdout; name a file");
		return -EINVAL;
	}
	if (!stat(pattern, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		snprintf(why, why_size, "it is no file, and a recording is read again when it is complete");
		return -EINVAL;
	}
	err = expand_name(pattern, 1, 1, &name, &numbered, why, why_size);
	free(name);
	return err;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static bool can_be_replaced(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode));
}

static int create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : fd;
}

/* Beside the old file, which is replaced and not overwritten: somebody may have it mapped. */
static int create_beside(struct output_place *place)
{
	int fd;

	if (asprintf(&place->temporary, "%s.tmp-%d", place->path, (int)getpid()) < 0) {
		place->temporary = NULL;
		return -ENOMEM;
	}
	unlink(place->temporary); /* left by a process that had our number */
	fd = create(place->temporary);
	if (fd < 0) {
		free(place->temporary);
		place->temporary = NULL;
	}
	return fd;
}

int output_name_create(const struct output_name *n, struct output_place *place)
{
	char *pattern, why[160];
	bool numbered = false;
	unsigned int number = 0;
	int fd;

	*place = (struct output_place){NULL, NULL};
	if (is_directory(n->pattern)) {
		if (asprintf(&pattern, "%s/%s", n->pattern, OUTPUT_DEFAULT) < 0)
			return -ENOMEM;
	} else {
		pattern = strdup(n->pattern);
		if (!pattern)
			return -ENOMEM;
	}
	do {
		free(place->path);
		fd = expand_name(pattern, n->pid, ++number, &place->path, &numbered, why, sizeof(why));
		if (fd)
			break;
		fd = create(place->path);
	} while (fd == -EEXIST && numbered && number < MAX_NUMBER);
	if (fd == -EEXIST && n->force && !numbered && can_be_replaced(place->path))
		fd = create_beside(place);
	free(pattern);
	return fd;
}

int output_place_keep(struct output_place *place)
{
	int err = 0;

	if (!place->temporary)
		return 0;
	if (rename(place->temporary, place->path)) {
		err = -errno;
		free(place->path);
		place->path = place->temporary;
	} else {
		free(place->temporary);
	}
	place->temporary = NULL;
	return err;
}

void output_place_discard(const struct output_place *place)
{
	unlink(place->temporary ? place->temporary : place->path);
}

void output_place_free(struct output_place *place)
{
	free(place->path);
	free(place->temporary);
	*place = (struct output_place){NULL, NULL};
}
