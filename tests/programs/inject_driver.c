/*
 * Plays the driver for the injected library: calls InitializeInjection as cuInit would, has the libcupti in
 * the process (cupti_fake) deliver kernel records, and ends.
 *
 *   inject_driver N [COUNT [fork]]     COUNT deliveries of N records, 10 ms apart; with `fork`, in between a
 * child writes over its parent's buffer and delivers records of its own
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A buffer of the parent's is being filled when the child comes. */
static void disturb(int (*deliver)(int), const char *fake)
{
	void (*hold)(void), (*scribble)(void);
	void *library = dlopen(fake, RTLD_NOW);
	int status = 0;
	pid_t child;

	*(void **)&hold = dlsym(library, "fake_hold");
	*(void **)&scribble = dlsym(library, "fake_scribble");
	hold();
	child = fork();
	if (!child) {
		scribble();
		for (int i = 0; i < 50; i++)
			deliver(1);
		exit(0);
	}
	waitpid(child, &status, 0);
	if (status)
		printf("the child ended with status %d\n", status);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, count = argc > 2 ? atoi(argv[2]) : 1, taken = 0;
	int (*initialize)(void), (*deliver)(int);
	const char *fake = getenv("CUFLIGHT_CUPTI");

	*(void **)&initialize = dlsym(RTLD_DEFAULT, "InitializeInjection");
	if (!initialize) {
		printf("the library is not preloaded\n");
		return 1;
	}
	if (initialize() != 1 || initialize() != 1)
		printf("InitializeInjection did not return 1\n");
	*(void **)&deliver = dlsym(fake ? dlopen(fake, RTLD_NOW) : RTLD_DEFAULT, "fake_deliver");
	for (int i = 0; deliver && i < count; i++) {
		if (argc > 3)
			disturb(deliver, fake);
		taken += deliver(n);
		usleep(10000);
	}
	printf("%d\n", taken);
	return 0;
}
