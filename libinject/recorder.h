/*
 * recorder.h: the one recording of this process: where it stands and what every part of the library needs of
 * it. Not here: anything that only one part needs.
 *
 * State. IDLE until the first cuInit or NVTX event; whoever moves it to ARMING makes the ring; then ON, or
 * OFF for good. A forked child starts at IDLE again (fork.c).
 */
#ifndef INJECT_RECORDER_H
#define INJECT_RECORDER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/config.h"
#include "wire/atomic.h"
#include "wire/ringbuf.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum recorder_state {
	RECORDER_IDLE = 0,
	RECORDER_ARMING,
	RECORDER_ON,
	RECORDER_OFF,
};

struct recorder {
	uint32_t state; /* enum recorder_state */
	uint32_t clock_source;
	uint64_t process; /* as in the ring's header */
	struct ring ring; /* from ON on */
	/* One byte in a page that reads as zero in a child made by fork or raw clone: whoever records looks
	   at it first. Not NULL from ON on. */
	const volatile uint8_t *canary;
	char self[PATH_MAX]; /* where this library lies, absolute; "" unknown */
	/* Injection variables that somebody else's library had already. */
	bool foreign_cuda, foreign_nvtx;
};

#define CANARY_ALIVE 1

extern struct recorder recorder;
extern struct config config;

static inline bool recorder_is_on(void)
{
	return load_acquire(&recorder.state) == RECORDER_ON; /* partner: recorder_arm() */
}

/*
 * Make sure that there is a ring and a helper thread. Called on an application thread: inside cuInit, or at a
 * thread's first NVTX event. 0; -EBUSY: another thread is at it and has not finished within 50 ms; else
 * recording is off. Keeps errno.
 */
int recorder_arm(void);
/* Recording goes off for good; the reason goes to the session log. Any thread. */
void recorder_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Count lost records. Any thread; nothing happens without a ring. */
void recorder_lose(enum loss_cause cause, uint64_t count);
/* Everything as before the first event, for a forked child. The old ring must be unmapped already. */
void recorder_forget(void);

#endif
