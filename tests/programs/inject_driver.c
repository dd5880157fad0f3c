/*
 * Plays the driver for the injected library: calls InitializeInjection as cuInit would, has the libcupti in
 * the process (cupti_fake) deliver N kernel records, makes an NVTX-like rest and ends.
 *
 *   inject_driver N [COUNT]     COUNT deliveries of N records, 10 ms apart
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
		taken += deliver(n);
		usleep(10000);
	}
	printf("%d\n", taken);
	return 0;
}
