/*
 * What an NVTX range costs the thread that makes it: push and pop through NVTX's own dispatch, without a tool
 * and with the injected library. Prints ns a pair with the spread over the rounds.
 *
 *   nvtx_push_pop [LIBRARY]       default: libcuflight.so of the same build
 *
 * Rounds are short and lie apart: the thread pages hold one whole, so that recording is measured, not losing.
 * The recording is left in a directory of its own, its name printed, to be looked at with
 * inject_ring_dump.
 */
#include <stdio.h>

#if __has_include(<nvtx3/nvToolsExt.h>)

#include <libgen.h>
#include <limits.h>
#include <nvtx3/nvToolsExt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 31
#define PAIRS  10000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(const char *what)
{
	static const char name[] = "gpu_model_runner: forward"; /* as vLLM names its ranges */
	double pair[ROUNDS];

	nvtxRangePushA("first");
	nvtxRangePop();
	for (int r = 0; r < ROUNDS; r++) {
		double start;

		usleep(30000);
		start = now();
		for (int i = 0; i < PAIRS; i++) {
			nvtxRangePushA(name);
			nvtxRangePop();
		}
		pair[r] = (now() - start) / PAIRS;
	}
	qsort(pair, ROUNDS, sizeof(pair[0]), by_value);
	printf("%-12s %6.1f ns a push+pop (median of %d rounds of %d; best %.1f, worst %.1f)\n", what,
	       pair[ROUNDS / 2], ROUNDS, PAIRS, pair[0], pair[ROUNDS - 1]);
	fflush(stdout);
}

/* This program again, with or without the library, so that both have a process of their own. */
static int run(const char *self, const char *library, const char *dir)
{
	int status;
	pid_t child = fork();

	if (!child) {
		unsetenv("NVTX_INJECTION64_PATH");
		unsetenv("CUDA_INJECTION64_PATH");
		unsetenv("LD_PRELOAD");
		if (library) {
			setenv("LD_PRELOAD", library, 1);
			setenv("CUFLIGHT_DIR", dir, 1);
		}
		execl(self, self, "--measure", library ? "recorded" : "no tool", (char *)NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && !status ? 0 : 1;
}

int main(int argc, char **argv)
{
	char self[PATH_MAX], library[PATH_MAX + 32], dir[] = "/tmp/nvtx_push_pop.XXXXXX";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc == 3 && !strcmp(argv[1], "--measure")) {
		measure(argv[2]);
		return 0;
	}
	if (n <= 0 || !mkdtemp(dir))
		return 1;
	self[n] = '\0';
	if (argc > 1) {
		snprintf(library, sizeof(library), "%s", argv[1]);
	} else {
		char copy[PATH_MAX];

		memcpy(copy, self, (size_t)n + 1);
		snprintf(library, sizeof(library), "%s/../../libcuflight.so", dirname(copy));
		if (!realpath(library, copy)) {
			perror(library);
			return 1;
		}
		snprintf(library, sizeof(library), "%s", copy);
	}
	printf("recording: %s\n", dir);
	fflush(stdout);
	return run(self, NULL, dir) || run(self, library, dir);
}

#else

int main(void)
{
	printf("skipped: built without NVTX's headers (nvtx3/nvToolsExt.h)\n");
	return 77;
}

#endif
