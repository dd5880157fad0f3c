/*
 * recorder.c: arming: from a process that records nothing to one with a ring and a helper thread.
 */
#include "libinject/recorder.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "libinject/capture.h"
#include "libinject/clock.h"
#include "libinject/edges.h"
#include "libinject/exit.h"
#include "libinject/facts.h"
#include "libinject/helper.h"
#include "libinject/iterations.h"
#include "libinject/late.h"
#include "libinject/memory.h"
#include "libinject/names.h"
#include "libinject/nvtx_text.h"
#include "libinject/pages.h"
#include "libinject/session.h"
#include "libinject/trigger.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18 /* Linux 4.14 */
#endif

#define WAIT_TRIES 500 /* of 0.1 ms */

struct recorder recorder;
struct config config;

/* Lost before there was a ring to count it in. */
static uint64_t lost_early;

void recorder_lose(enum loss_cause cause, uint64_t count)
{
	uint32_t state = load_acquire(&recorder.state);

	if (state == RECORDER_ON)
		ring_lose(&recorder.ring, cause, count, clock_now());
	else if (state == RECORDER_ARMING)
		__atomic_fetch_add(&lost_early, count, __ATOMIC_RELAXED);
}

void recorder_fail(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (recorder_is_on()) {
		facts_recording("off: %s", text);
		store_release(&recorder.ring.header->state, RING_STOPPED);
	} else {
		session_log("recording is off: %s", text);
	}
	store_release(&recorder.state, RECORDER_OFF);
}

static int make_canary(void)
{
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	/* Older kernels cannot; fork() is noticed all the same, by its handlers. */
	madvise(page, 4096, MADV_WIPEONFORK);
	*page = CANARY_ALIVE;
	recorder.canary = page;
	return 0;
}

static void identify(struct ring_header *h)
{
	struct timespec real;

	if (getrandom(&recorder.process, sizeof(recorder.process), GRND_NONBLOCK) != sizeof(recorder.process))
		recorder.process = (uint64_t)clock_now() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 32;
	recorder.process |= !recorder.process; /* 0 is the session's */
	clock_gettime(CLOCK_REALTIME, &real);
	h->process = recorder.process;
	h->start_time = process_start_time();
	h->pid_ns = process_pid_namespace();
	h->pid = (uint32_t)getpid();
	h->uid = (uint32_t)geteuid();
	h->clock_source = recorder.clock_source = clock_choose(config.clock);
	h->created_monotonic = clock_now();
	h->created_realtime = real.tv_sec * 1000000000ll + real.tv_nsec;
}

static uint32_t choose_policy(int dir, bool collector)
{
	struct session_control control;

	if (config.mode)
		return config.mode == MODE_FLIGHT ? RING_FLIGHT : RING_DRAIN;
	if (!collector) /* nobody takes chunks away: rather the newest than the oldest */
		return RING_FLIGHT;
	return !session_control(dir, &control) && control.policy == RING_FLIGHT ? RING_FLIGHT : RING_DRAIN;
}

/* The ring, ready to be recorded into. connection: to the collector, -1 none; it is closed. */
static int make_ring(int dir, int connection)
{
	struct ring_config layout;
	struct memory memory;
	int err;

	config_ring(&config, &layout);
	err = memory_make(&memory, ring_size(&layout), connection < 0 ? dir : -1, (uint32_t)getpid(),
			  process_start_time());
	if (err) {
		if (connection >= 0)
			close(connection);
		return err;
	}
	ring_init(&recorder.ring, memory.address, &layout);
	identify(recorder.ring.header);
	recorder.ring.header->policy = choose_policy(dir, connection >= 0);
	store_release(&recorder.ring.header->state, RING_ARMED); /* partner: ring_open() */
	err = names_start();
	if (connection >= 0) {
		int sent = session_hand_over(connection, memory.fd, recorder.ring.header);

		err = err ? err : sent;
	}
	close(memory.fd);
	if (err) {
		names_forget();
		munmap(memory.address, memory.size);
	}
	return err;
}

/* With the collector if there is one, else into a named file of the session. */
static int make(void)
{
	int dir = session_open(), connection, err;

	if (dir < 0)
		return dir;
	connection = session_connect(dir);
	err = make_ring(dir, connection);
	if (err && connection >= 0) {
		session_log("the ring was not handed to the collector (%s): a file in rings/ instead",
			    strerror(-err));
		err = make_ring(dir, -1);
	}
	close(dir);
	return err;
}

/* Threads and handlers of ours must find their code whatever dlclose() says. */
static void pin(void)
{
	if (recorder.self[0] && dlopen)
		dlopen(recorder.self, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static int arm(void)
{
	int err;

	if (config.bad.variable) {
		char marker[64], why[256];

		snprintf(marker, sizeof(marker), "told-%s", config.bad.variable);
		config_complaint(&config, why, sizeof(why));
		session_log_once(marker, "recording is off: %s", why);
		store_release(&recorder.state, RECORDER_OFF);
		return -EINVAL;
	}
	err = make_canary();
	if (!err)
		err = make();
	if (err) {
		recorder_fail("no ring: %s%s", strerror(-err),
			      err == -EFBIG ? " (the limit on file sizes, ulimit -f, is lower than the ring)"
					    : "");
		return err;
	}
	pages_start();
	capture_start();
	iterations_start();
	edges_start();
	late_start();
	trigger_start();
	store_release(&recorder.state, RECORDER_ON); /* partner: recorder_is_on() */
	if (load_relaxed(&lost_early))
		recorder_lose(LOSS_NO_PAGE, __atomic_exchange_n(&lost_early, 0, __ATOMIC_RELAXED));
	pin();
	exit_register();
	nvtx_texts_publish();
	facts_publish();
	err = helper_start();
	if (err)
		recorder_fail("no helper thread: %s", strerror(-err));
	return err;
}

/* Another thread is at it: a few ms, once in the life of a process, in which this thread's first events
   would be lost. */
static int wait_for_ring(void)
{
	const struct timespec moment = {.tv_nsec = 100000};

	for (int i = 0; i < WAIT_TRIES && load_acquire(&recorder.state) == RECORDER_ARMING; i++)
		nanosleep(&moment, NULL);
	if (recorder_is_on())
		return 0;
	return load_relaxed(&recorder.state) == RECORDER_ARMING ? -EBUSY : -ENODEV;
}

int recorder_arm(void)
{
	uint32_t state = RECORDER_IDLE;
	int saved = errno, err;

	if (__atomic_compare_exchange_n(&recorder.state, &state, RECORDER_ARMING, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		err = arm();
	else
		err = wait_for_ring();
	errno = saved;
	return err;
}

void recorder_forget(void)
{
	uint32_t state = load_relaxed(&recorder.state);

	memset(&recorder.ring, 0, sizeof(recorder.ring));
	recorder.canary = NULL;
	lost_early = 0;
	store_relaxed(&recorder.state, state == RECORDER_OFF ? RECORDER_OFF : RECORDER_IDLE);
}
