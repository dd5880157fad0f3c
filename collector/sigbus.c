/*
 * sigbus.c: a SIGBUS inside sigbus_call() becomes an error.
 */
#include "collector/sigbus.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static sigjmp_buf back;
static volatile sig_atomic_t armed, installed;

static void on_sigbus(int signal_number)
{
	if (armed)
		siglongjmp(back, 1);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

int sigbus_call(void (*f)(void *argument), void *argument)
{
	/* SA_NODEFER: siglongjmp leaves the handler without the mask being restored, which saves a call each
	 * time. */
	struct sigaction action = {.sa_handler = on_sigbus, .sa_flags = SA_NODEFER};

	if (!installed && !sigaction(SIGBUS, &action, NULL))
		installed = 1;
	if (sigsetjmp(back, 0)) {
		armed = 0;
		return -EFAULT;
	}
	armed = 1;
	f(argument);
	armed = 0;
	return 0;
}
