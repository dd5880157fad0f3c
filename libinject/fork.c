/*
 * fork.c: what happens around fork(). The child has no helper, no CUPTI that it may call, and a mapping of
 * its parent's ring into which CUPTI's leftovers could write: private memory is put over it. It starts as a
 * process that has recorded nothing; NVTX handles from before stay good.
 */
#include "libinject/fork.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "libinject/cupti.h"
#include "libinject/decode.h"
#include "libinject/drain.h"
#include "libinject/facts.h"
#include "libinject/helper.h"
#include "libinject/names.h"
#include "libinject/nvtx_text.h"
#include "libinject/pages.h"
#include "libinject/recorder.h"
#include "libinject/writers.h"

#define PRIVATE_OVER (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED)

static _Thread_local bool held;

/* The lock keeps records whole in the child's eyes; the child can do without, its table is made anew. */
static void prepare(void)
{
	int saved = errno;

	held = names_lock_briefly();
	errno = saved;
}

static void parent(void)
{
	if (held)
		names_unlock();
	held = false;
}

static void child(void)
{
	const struct ring *r = &recorder.ring;
	int saved = errno;

	if (r->header && mmap(r->header, r->size, PROT_READ | PROT_WRITE, PRIVATE_OVER, -1, 0) == MAP_FAILED)
		munmap(r->header, r->size);
	names_forget();
	if (load_relaxed(&recorder.state) == RECORDER_ON ||
	    load_relaxed(&recorder.state) == RECORDER_ARMING) {
		cupti_forget();
		helper_forget();
		pages_forget();
		nvtx_texts_forget();
		decode_forget();
		drain_forget();
		writers_forget();
		threads_forget();
		recorder_forget();
	}
	errno = saved;
}

void fork_register(void)
{
	pthread_atfork(prepare, parent, child);
}

void fork_check(void)
{
	static uint32_t once;
	uint32_t zero = 0;

	if (!recorder_is_on() || *recorder.canary == CANARY_ALIVE)
		return;
	/* Another thread of the child may have noticed too. */
	if (!__atomic_compare_exchange_n(&once, &zero, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	child();
	store_release(&once, 0);
}
