/*
 * fork.h: a forked child leaves its parent's ring alone.
 */
#ifndef INJECT_FORK_H
#define INJECT_FORK_H

/* Register the handlers. In the constructor: before any other library registers its own. */
void fork_register(void);
/* Notice a child made without the handlers (raw clone). Any thread, before it records. */
void fork_check(void);

#endif
