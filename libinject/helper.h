/*
 * helper.h: the one thread of this library: reads buffers and pages, makes chunks, keeps the clocks.
 */
#ifndef INJECT_HELPER_H
#define INJECT_HELPER_H

/* Start it, for the ring just made: all signals blocked, named "cuflight". 0 or -errno. */
int helper_start(void);
/* A buffer is complete. Any thread; a system call only if the helper sleeps. */
void helper_wake(void);
/*
 * The process ends: stop CUPTI, read and publish everything, say good-bye in the ring. Returns when that is
 * done or after EXIT_MS, whatever the helper is stuck in.
 */
void helper_finish(void);
/* In a forked child: there is no helper. */
void helper_forget(void);

#define EXIT_MS 2000

#endif
