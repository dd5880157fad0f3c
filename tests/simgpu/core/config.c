/* Reads the SIMGPU_* variables, once. A value that makes no sense is told on stderr and ends the process:
   a test on the wrong simulator is worse than none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/simgpu/sim.h"

struct sim_config sim_config;

static void bad(const char *name, const char *value, const char *want)
{
	fprintf(stderr, "simgpu: %s=%s: %s\n", name, value, want);
	_exit(2);
}

static double number(const char *name, double fallback, double min, double max)
{
	const char *s = getenv(name);
	char *end;
	double v;

	if (!s || !*s)
		return fallback;
	v = strtod(s, &end);
	if (*end || !(v >= min && v <= max))
		bad(name, s, "out of range, or not a number");
	return v;
}

static void parse_fault(struct sim_faults *f, const char *all, char *item)
{
	char *colon = strchr(item, ':');
	long n = 1;

	if (colon) {
		char *end;

		*colon = 0;
		n = strtol(colon + 1, &end, 10);
		if (*end || end == colon + 1 || n < 1)
			bad("SIMGPU_FAULT", all, "the argument after ':' must be a positive number");
	}
	if (!strcmp(item, "no-device"))
		f->no_device = true;
	else if (!strcmp(item, "no-memory"))
		f->no_memory = true;
	else if (!strcmp(item, "no-null-buffer"))
		f->no_null_buffer = true;
	else if (!strcmp(item, "subscribe-busy"))
		f->subscribe_busy = true;
	else if (!strcmp(item, "zero-timestamps"))
		f->zero_timestamps = n;
	else if (!strcmp(item, "negative-duration"))
		f->negative_duration = n;
	else if (!strcmp(item, "unfinished"))
		f->unfinished = n;
	else if (!strcmp(item, "drop"))
		f->drop = n;
	else if (!strcmp(item, "late-delivery"))
		f->late_delivery_ms = colon ? n : 1000;
	else if (strcmp(item, "cupti-missing")) /* scripts/simgpu leaves libcupti off the library path */
		bad("SIMGPU_FAULT", all,
		    "one or more of cupti-missing, no-device, no-memory, no-null-buffer, subscribe-busy, "
		    "zero-timestamps[:N], "
		    "negative-duration[:N], unfinished[:N], drop[:N], late-delivery[:MS], separated by "
		    "commas");
}

static void load(void)
{
	struct sim_config *c = &sim_config;
	const char *fault = getenv("SIMGPU_FAULT");

	c->seed = (uint64_t)number("SIMGPU_SEED", 1, 0, 9e15);
	c->speed = number("SIMGPU_SPEED", 1, 0, 1);
	c->devices = (int)number("SIMGPU_DEVICES", 1, 1, 32);
	c->memory = (size_t)number("SIMGPU_MEMORY_MB", 81559, 1, 1e9) << 20;
	c->recycle = number("SIMGPU_RECYCLE", 0, 0, 1) != 0;
	c->verbose = number("SIMGPU_VERBOSE", 0, 0, 1) != 0;
	c->kernel_ns = getenv("SIMGPU_KERNEL_NS");
	c->truth = getenv("SIMGPU_TRUTH");
	if (fault && *fault) {
		char *copy = strdup(fault), *save = NULL;

		for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save))
			parse_fault(&c->fault, fault, item);
		free(copy);
	}
	if (c->verbose)
		fprintf(stderr,
			"simgpu: this is the simulated GPU: %d device(s), seed %llu, speed %g; nothing is "
			"computed\n",
			c->devices, (unsigned long long)c->seed, c->speed);
}

void sim_config_load(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
}

/* True the first time it is asked about a text; texts are literals. */
static bool first_time(const char *text)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static const char *seen[256];
	static size_t n;
	bool first = true;

	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(seen[i], text))
			first = false;
	if (first && n < sizeof(seen) / sizeof(*seen))
		seen[n++] = text;
	pthread_mutex_unlock(&mutex);
	return first;
}

void sim_unsupported(const char *name)
{
	if (first_time(name))
		fprintf(stderr, "simgpu: %s is not simulated; the call fails\n", name);
}

void sim_misuse(const char *what)
{
	if (first_time(what))
		fprintf(stderr, "simgpu: CUPTI misuse: %s\n", what);
}
