/*
 * sigbus.h: reading shared memory that its owner may cut short. Memory that came sealed cannot be; a ring
 * file can, and reading beyond its end raises SIGBUS.
 */
#ifndef COLLECTOR_SIGBUS_H
#define COLLECTOR_SIGBUS_H

/*
 * Call f(argument). 0, or -EFAULT if it touched memory that is not there; it was left in the middle then, so
 * it must hold nothing but reads and copies. One thread only. SIGBUS anywhere else ends the program as ever.
 */
int sigbus_call(void (*f)(void *argument), void *argument);

#endif
