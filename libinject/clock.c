/*
 * clock.c: choosing the clock, and sampling.
 */
#include "libinject/clock.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define TRIES	   3	/* the best of so many readings */
#define MORE_TRIES 12	/* while the best is no better than GOOD: the thread lost the processor in between */
#define GOOD	   5000 /* ns */

#if defined(__x86_64__)
/* The kernel watches the TSCs of all processors; one that drifted it has replaced by one of these. */
static bool kernel_distrusts_tsc(void)
{
	char name[32] = "";
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		      O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t n = read(fd, name, sizeof(name) - 1);

		name[n > 0 ? n : 0] = '\0';
		close(fd);
	}
	return !strncmp(name, "hpet", 4) || !strncmp(name, "acpi_pm", 7) || !strncmp(name, "jiffies", 7);
}

/* Same rate in every power state: CPUID 0x80000007, EDX bit 8 (AMD and Intel manuals). */
static bool tsc_is_invariant(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
}
#endif

uint32_t clock_choose(uint32_t wanted)
{
	if (wanted == CLOCK_GETTIME)
		return CLOCK_SOURCE_MONOTONIC;
#if defined(__x86_64__)
	if (wanted != CLOCK_CNTVCT && tsc_is_invariant() && (wanted == CLOCK_TSC || !kernel_distrusts_tsc()))
		return CLOCK_SOURCE_TSC;
#elif defined(__aarch64__)
	if (wanted != CLOCK_TSC) /* the architecture promises one rate for all */
		return CLOCK_SOURCE_CNTVCT;
#endif
	return CLOCK_SOURCE_MONOTONIC;
}

const char *clock_source_name(uint32_t source)
{
	return source == CLOCK_SOURCE_TSC      ? "tsc"
	       : source == CLOCK_SOURCE_CNTVCT ? "cntvct"
					       : "clock_monotonic";
}

static int64_t realtime_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int64_t clock_sample(struct ring_clock *sample, int (*cupti)(uint64_t *))
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < TRIES || (best > GOOD && i < MORE_TRIES); i++) {
		struct ring_clock s = {.cupti = 0};
		int64_t before = clock_now(), after;

		s.realtime = realtime_now();
		s.ticks = clock_ticks();
		if (cupti && cupti(&s.cupti))
			s.cupti = 0;
		after = clock_now();
		/* The middle, so that half the time is the most by which any of them is off; the whole is
		 * stated. */
		s.monotonic = before + (after - before) / 2;
		if (after - before < best) {
			best = after - before;
			*sample = s;
		}
	}
	return best;
}
