/*
 * exit.c: the atexit handler. A process that ends by _exit or a signal never comes here; its ring says so.
 */
#include "libinject/exit.h"

#include <errno.h>
#include <stdlib.h>

#include "libinject/fork.h"
#include "libinject/helper.h"
#include "libinject/recorder.h"

static void at_exit(void)
{
	static uint32_t once;
	int saved = errno;

	fork_check();
	if (recorder_is_on() && !__atomic_exchange_n(&once, 1, __ATOMIC_ACQ_REL))
		helper_finish();
	errno = saved;
}

void exit_register(void)
{
	atexit(at_exit);
}
