/*
 * demangle_lines.c: a mangled name a line in, its full spelling out; a line that is none stays as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/demangle.h"

int main(void)
{
	char *line = NULL, *full, *base;
	size_t capacity = 0;

	while (getline(&line, &capacity, stdin) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (demangle(line, &full, &base)) {
			puts(line);
			continue;
		}
		puts(full);
		free(full);
		free(base);
	}
	free(line);
	return 0;
}
