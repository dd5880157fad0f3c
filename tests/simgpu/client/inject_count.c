/* An injection library that writes down each time it is called, and answers INJECT_RETURN. */
#include <stdio.h>
#include <stdlib.h>

int InitializeInjection(void);
__attribute__((visibility("default"))) int InitializeInjection(void)
{
	const char *path = getenv("INJECT_LOG"), *answer = getenv("INJECT_RETURN");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (f) {
		fprintf(f, "called\n");
		fclose(f);
	}
	return answer ? atoi(answer) : 1;
}
