/* The virtual clock: CLOCK_REALTIME plus everything that was skipped. With SIMGPU_SPEED=1 nothing is ever
   skipped and the two are the same clock; with 0 every modelled wait is skipped, so that virtual time runs
   ahead of real time, never behind, never backwards. */
#include <stdatomic.h>
#include <time.h>

#include "tests/simgpu/sim.h"

static _Atomic int64_t skipped;

static int64_t realtime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t sim_now(void)
{
	return realtime() + atomic_load_explicit(&skipped, memory_order_relaxed);
}

/* Sleeps while it is worth a system call, then spins, as CUDA's own waits do. */
static void really_wait(int64_t ns)
{
	int64_t until = realtime() + ns;

	while (ns > 0) {
		if (ns > 100000) {
			struct timespec ts = {(ns - 60000) / 1000000000, (ns - 60000) % 1000000000};

			clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		}
		ns = until - realtime();
	}
}

void sim_wait_until(int64_t time)
{
	int64_t left = time - sim_now();
	int64_t old;

	if (left <= 0)
		return;
	if (sim_config.speed > 0)
		really_wait((int64_t)((double)left * sim_config.speed));
	if (sim_config.speed >= 1)
		return;
	/* Skip the rest, unless another thread has done so meanwhile. */
	old = atomic_load(&skipped);
	do {
		left = time - realtime() - old;
		if (left <= 0)
			return;
	} while (!atomic_compare_exchange_weak(&skipped, &old, old + left));
}

void sim_spend(int64_t ns)
{
	if (sim_config.speed < 1)
		atomic_fetch_add_explicit(&skipped, (int64_t)((double)ns * (1 - sim_config.speed)),
					  memory_order_relaxed);
}
