/*
 * helper.c: the helper thread's life: its loop, and its end at exit. What it does in the loop is in decode.c,
 * drain.c, writers.c and clock.c.
 */
#include "libinject/helper.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libinject/activity.h"
#include "libinject/capture.h"
#include "libinject/clock.h"
#include "libinject/cupti.h"
#include "libinject/decode.h"
#include "libinject/drain.h"
#include "libinject/gate.h"
#include "libinject/iterations.h"
#include "libinject/late.h"
#include "libinject/nvtx_auto.h"
#include "libinject/nvtx_text.h"
#include "libinject/pages.h"
#include "libinject/recorder.h"
#include "libinject/trigger.h"
#include "libinject/writers.h"

#define MS	    1000000ll
#define SAMPLE_NS   (100 * MS)
#define STACK_BYTES (512u << 10) /* CUPTI's flush runs on it too */
#define FIRST_WAIT  (2 * MS)	 /* two clock samples give the ticks their rate: no record before that */
/* How long the pages can be left alone: those of a thread that pushes and pops every us are full after 30 ms.
 */
#define IDLE_WAIT (25 * MS)
#define NVTX_WAIT (10 * MS)
#define BUSY_WAIT (1 * MS)
/* A thread takes the time of a record and then publishes it: what is younger may not all be there yet. */
#define EDGE_LAG     100000ll
#define TAKE_OVER_MS 1500
#define START_MS     20

/* Where the helper is. Only CUPTI can hold it up for long; whoever ends the process may take over then. */
enum phase {
	PHASE_WORK = 0,
	PHASE_CUPTI,
	PHASE_TAKEN,
};

static struct {
	uint32_t phase;
	uint32_t sleeping;
	uint32_t stop;
	uint32_t started; /* futexes of the thread that starts the helper, and of the one that ends it */
	uint32_t done;
	uint32_t answered; /* the last command carried out */
	struct timeline timeline;
	bool cupti_sampled; /* the timeline knows CUPTI's clock */
	bool prefaulted;
	int64_t last_sample, last_flush;
	int64_t flush_before; /* the last: what happened before it has been delivered by now */
} helper;

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

/*
 * The robust list of the helper thread, in place of glibc's (the helper holds no robust mutex of glibc's):
 * when the thread ends, the kernel marks header->liveness, which lies futex_offset bytes from the entry.
 */
static struct {
	struct robust_list_head head;
	struct robust_list entry;
} robust;

static void liveness_begin(void)
{
	uint32_t *word = &recorder.ring.header->liveness;

	robust.head.list.next = &robust.entry;
	robust.entry.next = &robust.head.list;
	robust.head.futex_offset = (long)((intptr_t)word - (intptr_t)&robust.entry);
	robust.head.list_op_pending = NULL;
	store_release(word, (uint32_t)syscall(SYS_gettid));
	syscall(SYS_set_robust_list, &robust.head, sizeof(robust.head));
}

/* Good-bye said: a thread's end is no death now. */
static void liveness_end(void)
{
	robust.head.list.next = &robust.head.list;
	store_release(&recorder.ring.header->liveness, 0);
}

static void sample_clocks(int64_t now)
{
	struct ring_header *h = recorder.ring.header;
	int (*cupti)(uint64_t *) = cupti_clock();
	uint64_t count = h->clock_count, row[CLOCK_FIELDS];
	int64_t error, interval;
	struct ring_clock sample;

	/* The first samples lie closer together: so soon the ticks' rate is known only so well. */
	interval = helper.timeline.count < 10 ? (int64_t)helper.timeline.count * SAMPLE_NS / 10 : SAMPLE_NS;
	if (now - helper.last_sample < interval && helper.timeline.count > 1 &&
	    (!cupti || helper.cupti_sampled))
		return;
	error = clock_sample(&sample, cupti);
	helper.last_sample = now;
	helper.cupti_sampled |= sample.cupti != 0;
	timeline_add(&helper.timeline, &sample, error);
	h->clock[count % RING_CLOCK_SAMPLES] = sample;
	store_release(&h->clock_count, count + 1); /* partner: a reader of a dead process's ring */
	row[CLOCK_START] = (uint64_t)sample.monotonic;
	row[CLOCK_TICKS] = sample.ticks;
	row[CLOCK_REALTIME_NS] = (uint64_t)sample.realtime;
	row[CLOCK_CUPTI] = sample.cupti;
	row[CLOCK_ERROR] = (uint64_t)error;
	writers_add(EVENT_CLOCK, row, false);
}

/* What may take CUPTI as long as it likes. False: the process ended meanwhile, all is taken over. */
static bool call_cupti(bool last)
{
	uint32_t here = PHASE_CUPTI;

	store_release(&helper.phase, PHASE_CUPTI);
	if (last)
		cupti_disable();
	cupti_flush(last);
	/* Partner: helper_finish(). */
	return __atomic_compare_exchange_n(&helper.phase, &here, PHASE_WORK, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static bool flush(int64_t now, bool urgent, bool last)
{
	struct ring_header *h = recorder.ring.header;

	if (!urgent && !last && now - helper.last_flush < config.flush_ms * MS)
		return true;
	helper.flush_before = helper.last_flush;
	helper.last_flush = now;
	store_relaxed(&h->last_flush, now);
	store_relaxed(&h->period_records, 0);
	store_relaxed(&h->invalid_times, 0);
	return call_cupti(last);
}

/*
 * Everything that is there to be read. all: publish it at once; last: no more will come. Returns bytes of
 * NVTX. Pages first: what threads wrote there says which of the other records are wanted.
 */
static uint64_t collect(bool all, bool last)
{
	int64_t now = clock_now(), until = last ? INT64_MAX : now - EDGE_LAG;
	uint64_t bytes;

	nvtx_texts_publish_wanted();
	gate_known(until);
	bytes = drain_pages(&helper.timeline, until);
	capture_wanted(last ? now : until);
	decode_buffers(&helper.timeline);
	if (last && iterations_rule() == RULE_NONE)
		nvtx_auto_finish();
	late_publish(now, until, last);
	iterations_publish(now, last);
	trigger_idle(helper.flush_before);
	writers_publish(all || pages_scarce());
	decode_release();
	drain_release();
	return bytes;
}

/* The ring as the process leaves it. */
static void collect_last(void)
{
	collect(true, true);
	trigger_exit(clock_now());
	capture_end(clock_now());
	writers_publish(true);
}

static void close_ring(void)
{
	collect_last();
	store_release(&recorder.ring.header->state, RING_CLOSED);
	liveness_end();
	store_release(&helper.done, 1); /* partner: helper_finish() */
	futex(&helper.done, FUTEX_WAKE_PRIVATE, 1, NULL);
}

static void account(void)
{
	struct ring_header *h = recorder.ring.header;
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	store_relaxed(&h->helper_ns, (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec);
}

/* The collector's command is carried out: its wishes are read anew each time, what was there is published. */
static void answer(uint32_t command)
{
	uint32_t *answered = &recorder.ring.header->answered;

	if (command == helper.answered)
		return;
	helper.answered = command;
	store_release(answered, command); /* partner: the collector */
	futex(answered, FUTEX_WAKE, INT32_MAX, NULL);
}

/*
 * Sleep for `ns`, or until a collector's command (the word it counts up) or helper_wake(). No page can wake
 * us, that would be a system call where an application records: so with NVTX in use the sleep is short.
 */
static void sleep_for(int64_t ns, uint32_t command)
{
	struct timespec t = {.tv_sec = ns / (1000 * MS), .tv_nsec = ns % (1000 * MS)};

	/* Partner: helper_wake(). Whichever of the two comes second sees what the other did before. */
	__atomic_exchange_n(&helper.sleeping, 1, __ATOMIC_ACQ_REL);
	if (activity_pending() || load_relaxed(&helper.stop))
		goto out;
	futex(&recorder.ring.header->command, FUTEX_WAIT, command, &t);
out:
	store_relaxed(&helper.sleeping, 0);
}

void helper_wake(void)
{
	__atomic_fetch_add(&helper.sleeping, 0, __ATOMIC_ACQ_REL); /* partner: sleep_for() */
	/* It may have looked and not yet be asleep: then nobody is woken, and it is tried again. */
	for (int i = 0; i < 100 && load_relaxed(&helper.sleeping); i++) {
		if (futex(&recorder.ring.header->command, FUTEX_WAKE, INT32_MAX, NULL) > 0)
			return;
		sched_yield();
	}
}

static int64_t next_wait(uint64_t nvtx_bytes)
{
	uint64_t room = (uint64_t)recorder.ring.page_count * recorder.ring.page_size;
	int64_t wait = config.flush_ms * MS;

	if (helper.timeline.count < 2)
		return FIRST_WAIT;
	if (nvtx_bytes > room / 8)
		return BUSY_WAIT;
	if (pages_in_use() && wait > IDLE_WAIT)
		return nvtx_bytes ? NVTX_WAIT : IDLE_WAIT;
	return wait;
}

static void *helper_main(void *unused)
{
	struct ring_header *h = recorder.ring.header;

	nvtx_thread.busy = 1; /* nothing that CUPTI does on this thread is an event of the program */
	liveness_begin();
	store_release(&helper.started, 1); /* partner: helper_start() */
	futex(&helper.started, FUTEX_WAKE_PRIVATE, 1, NULL);
	if (pthread_setname_np)
		pthread_setname_np(pthread_self(), "cuflight");
	sample_clocks(clock_now());
	sleep_for(FIRST_WAIT, load_acquire(&h->command));
	for (;;) {
		uint32_t command = load_acquire(&h->command);
		bool last = load_acquire(&helper.stop); /* partner: helper_finish() */
		int64_t now = clock_now();
		uint64_t bytes;

		if (cupti_is_on() && !helper.prefaulted) {
			activity_prefault();
			helper.prefaulted = true;
		}
		sample_clocks(now);
		if (!flush(now, command != helper.answered, last))
			return unused;
		if (last)
			break;
		bytes = collect(command != helper.answered, false);
		account();
		answer(command);
		sleep_for(next_wait(bytes), command);
	}
	account();
	close_ring();
	return unused;
}

/* Wait until a word of the helper's is set. */
static bool wait_until(uint32_t *word, int ms)
{
	int64_t deadline = clock_now() + ms * MS, left;

	while (!load_acquire(word)) {
		struct timespec t;

		left = deadline - clock_now();
		if (left <= 0)
			return false;
		t = (struct timespec){.tv_sec = left / (1000 * MS), .tv_nsec = left % (1000 * MS)};
		futex(word, FUTEX_WAIT_PRIVATE, 0, &t);
	}
	return true;
}

int helper_start(void)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	int err;

	if (!pthread_create || !pthread_sigmask)
		return -ENOSYS;
	memset(&helper, 0, sizeof(helper));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_attr_setstacksize)
		pthread_attr_setstacksize(&attributes, STACK_BYTES);
	err = pthread_create(&thread, &attributes, helper_main, NULL);
	if (err == EINVAL) { /* a program whose thread-local storage alone is larger than that */
		pthread_attr_destroy(&attributes);
		pthread_attr_init(&attributes);
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
		err = pthread_create(&thread, &attributes, helper_main, NULL);
	}
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	/* A process that dies from here on dies with an owner's mark in its ring. */
	if (!err)
		wait_until(&helper.started, START_MS);
	return -err;
}

void helper_finish(void)
{
	uint32_t phase = PHASE_CUPTI;

	store_release(&helper.stop, 1); /* partner: helper_main() */
	helper_wake();
	if (wait_until(&helper.done, TAKE_OVER_MS))
		return;
	/* Stuck in CUPTI: what has been delivered is read here. Partner: call_cupti(). */
	if (__atomic_compare_exchange_n(&helper.phase, &phase, PHASE_TAKEN, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		close_ring();
	else
		wait_until(&helper.done, EXIT_MS - TAKE_OVER_MS);
}

void helper_forget(void)
{
	memset(&helper, 0, sizeof(helper));
}
