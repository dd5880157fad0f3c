/*
 * iteration.c: edges onto the calling thread's page, and the two functions that a program may call itself.
 */
#include "libinject/iteration.h"

#include <string.h>

#include "libinject/clock.h"
#include "libinject/inject.h"
#include "libinject/nvtx.h"
#include "libinject/pages.h"
#include "wire/page.h"

static const char *source = "mark";

static void append(uint8_t type, int64_t number)
{
	struct nvtx_thread *t = &nvtx_thread;
	struct page_record *r;

	if (!nvtx_enter(t))
		return;
	if (unlikely(!pages_ready(t)) && !pages_fresh(t))
		goto out;
	r = page_reserve(t->page, t->page_size, sizeof(number));
	if (unlikely(!r)) {
		if (!pages_fresh(t))
			goto out;
		r = page_reserve(t->page, t->page_size, sizeof(number));
	}
	r->type = type;
	r->flags = PAGE_PAYLOAD;
	r->domain = r->text = r->category = r->color = r->payload_type = 0;
	memcpy(r + 1, &number, sizeof(number));
	r->ticks = clock_ticks();
	page_commit(t->page, r);
out:
	nvtx_leave(t);
}

void iteration_edge(enum iteration_edge_kind kind, int64_t number)
{
	append((uint8_t)(PAGE_ITERATION_BEGIN + kind), number);
}

void iteration_edge_source(const char *text)
{
	store_release(&source, text); /* partner: iteration_edge_source_text() */
}

const char *iteration_edge_source_text(void)
{
	return load_acquire(&source);
}

void iteration_profiler_edge(bool start)
{
	append(start ? PAGE_PROFILER_START : PAGE_PROFILER_STOP, -1);
}

_Static_assert(PAGE_ITERATION_BEGIN + EDGE_END == PAGE_ITERATION_END &&
		       PAGE_ITERATION_BEGIN + EDGE_MARK == PAGE_ITERATION_MARK,
	       "edges are numbered alike");

void cuflight_iteration(int64_t number)
{
	if (load_relaxed(&recorder.state) != RECORDER_OFF)
		iteration_edge(EDGE_MARK, number);
}

void cuflight_iteration_end(void)
{
	if (load_relaxed(&recorder.state) != RECORDER_OFF)
		iteration_edge(EDGE_END, -1);
}
