/*
 * exit.h: the end of the process in order.
 */
#ifndef INJECT_EXIT_H
#define INJECT_EXIT_H

/* Register the handler. Handlers run last in, first out: again inside cuInit, so that it runs before those of
   the CUDA libraries. Doing it twice does no harm. */
void exit_register(void);

#endif
