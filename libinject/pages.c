/*
 * pages.c: taking and giving back thread pages. Reading them is drain.c.
 */
#include "libinject/pages.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libinject/fork.h"
#include "libinject/recorder.h"
#include "wire/page.h"

__thread struct nvtx_thread nvtx_thread;

static uint32_t free_pages;  /* none: do not look */
static uint32_t first_guess; /* where a free page is likely */
static uint64_t order;	     /* of the last page taken */

static pthread_key_t key;
static bool have_key;

static void leave(struct nvtx_thread *t)
{
	struct ring_page *page = t->page;

	t->page = NULL;
	if (page)
		store_release(&page->state,
			      PAGE_LEFT); /* partner: the helper, who frees it once it is read */
}

static void thread_ended(void *value)
{
	struct nvtx_thread *t = value;

	t->watched = 0; /* a later destructor may record once more */
	leave(t);
}

void pages_start(void)
{
	free_pages = recorder.ring.page_count;
	first_guess = 0;
	order = 0;
	if (!have_key && pthread_key_create)
		have_key = !pthread_key_create(&key, thread_ended);
}

void pages_forget(void)
{
	nvtx_thread.page = NULL;
	nvtx_thread.thread = 0;
	nvtx_thread.busy = 0;
	memset(nvtx_thread.unrecorded, 0, sizeof(nvtx_thread.unrecorded));
	order = 0;
}

bool pages_in_use(void)
{
	return load_relaxed(&order) != 0;
}

/* A free page made ours, or NULL. */
static struct ring_page *find_free(void)
{
	const struct ring *r = &recorder.ring;
	uint32_t at = load_relaxed(&first_guess);

	if (!load_relaxed(&free_pages))
		return NULL;
	for (uint32_t i = 0; i < r->page_count; i++, at++) {
		struct ring_page *page = page_at(r->pages, r->page_size, at % r->page_count);
		uint32_t was = PAGE_FREE;

		/* Partner: pages_release(): what it cleared is clear before it says FREE. */
		if (load_relaxed(&page->state) != PAGE_FREE ||
		    !__atomic_compare_exchange_n(&page->state, &was, PAGE_OWNED, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			continue;
		__atomic_fetch_sub(&free_pages, 1, __ATOMIC_RELAXED);
		store_relaxed(&first_guess, (at + 1) % r->page_count);
		return page;
	}
	return NULL;
}

static int take(struct nvtx_thread *t)
{
	struct ring_page *page;
	int err;

	if (!recorder_is_on()) {
		err = recorder_arm();
		if (err)
			return err;
	}
	leave(t);
	page = find_free();
	if (!page)
		return -ENOSPC;
	if (!t->thread)
		t->thread = (uint32_t)syscall(SYS_gettid);
	if (!t->watched && have_key) {
		pthread_setspecific(key, t);
		t->watched = 1;
	}
	page->thread = t->thread;
	page->order = __atomic_add_fetch(&order, 1, __ATOMIC_RELAXED);
	t->page_size = recorder.ring.page_size;
	t->page = page;
	return 0;
}

int pages_take(struct nvtx_thread *t)
{
	int saved = errno, err = take(t);

	errno = saved;
	return err;
}

bool pages_fresh(struct nvtx_thread *t)
{
	fork_check();
	if (!pages_take(t))
		return true;
	recorder_lose(LOSS_NO_PAGE, 1);
	return false;
}

bool pages_scarce(void)
{
	return load_relaxed(&free_pages) < recorder.ring.page_count / 2;
}

void pages_release(struct ring_page *page)
{
	/* Empty before it forgets what was taken: whoever reads a dead process's page takes nothing twice. */
	store_relaxed(&page->used, 0);
	fence_full();
	page->thread = 0;
	store_relaxed(&page->consumed, 0);
	page->taken[0] = page->taken[1] = 0;
	store_release(&page->state, PAGE_FREE); /* partner: find_free() */
	__atomic_fetch_add(&free_pages, 1, __ATOMIC_RELAXED);
}
