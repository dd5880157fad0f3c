/*
 * pages.h: which thread has which page of the ring (wire/page.h), and NVTX state of a thread.
 */
#ifndef INJECT_PAGES_H
#define INJECT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "cuflight/ring.h"
#include "libinject/recorder.h"

/* Domains whose push and pop levels are kept. */
#define LEVEL_DOMAINS 32

/* Thread-local, initial-exec: no more than a few hundred bytes, they are every thread's. */
struct nvtx_thread {
	struct ring_page *page; /* NULL: none taken yet, or none to be had */
	uint32_t page_size;
	uint8_t busy;	 /* in one of our functions: a signal handler's event is dropped */
	uint8_t watched; /* the end of this thread will be noticed */
	uint32_t thread; /* gettid, 0 not asked yet */
	uint64_t range_base, ranges;
	int32_t level[LEVEL_DOMAINS]; /* open pushes */
	uint32_t
		unrecorded[LEVEL_DOMAINS]; /* bit n: the push at level n was lost, so its pop has to go too */
};

_Static_assert(sizeof(struct nvtx_thread) <= 512, "static TLS is scarce: dlopen needs what is left of it");

extern __thread struct nvtx_thread nvtx_thread;

/* Has this thread a page of this process's ring? */
static inline bool pages_ready(const struct nvtx_thread *t)
{
	return t->page && *recorder.canary == CANARY_ALIVE;
}

/* A first or a fresh page. False: there is none, and the record it was for is counted as lost. */
bool pages_fresh(struct nvtx_thread *t);
/*
 * Take a fresh page for this thread, giving up the one it has; makes the ring first if there is none. 0, or
 * -errno: no page. Keeps errno. Application thread, not with every event.
 */
int pages_take(struct nvtx_thread *t);
/* Helper: so few pages are free that those read should be released soon. */
bool pages_scarce(void);
/* Helper: everything on this page was read and published, and its thread has left it. */
void pages_release(struct ring_page *page);
/* For the ring just made; in a forked child, for the one thread that is left. */
void pages_start(void);
void pages_forget(void);
/* Has any thread of this process ever taken a page? */
bool pages_in_use(void);

#endif
