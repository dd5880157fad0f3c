/*
 * nvtx.h: the functions that NVTX calls for an event, and the guard around everything it calls.
 */
#ifndef INJECT_NVTX_H
#define INJECT_NVTX_H

#include <stdbool.h>

#include "libinject/nvtx_api.h"
#include "libinject/nvtx_text.h"
#include "libinject/pages.h"
#include "libinject/recorder.h"

/*
 * Before and after whatever a thread does here. False: the thread is in one of our functions already: a
 * signal handler's event. It must not write on the page that the interrupted one is writing on.
 */
static inline bool nvtx_enter(struct nvtx_thread *t)
{
	if (unlikely(t->busy)) {
		recorder_lose(LOSS_NO_PAGE, 1);
		return false;
	}
	t->busy = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return true;
}

static inline void nvtx_leave(struct nvtx_thread *t)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	t->busy = 0;
}

/* Push and pop return the zero-based level of the range, or NVTX_LEVEL_UNKNOWN; start returns its id. */
int nvtx_push_ex(const struct nvtx_attributes *a);
int nvtx_push_a(const char *text);
int nvtx_push_w(const wchar_t *text);
int nvtx_pop(void);
uint64_t nvtx_start_ex(const struct nvtx_attributes *a);
uint64_t nvtx_start_a(const char *text);
uint64_t nvtx_start_w(const wchar_t *text);
void nvtx_end(uint64_t range);
void nvtx_mark_ex(const struct nvtx_attributes *a);
void nvtx_mark_a(const char *text);
void nvtx_mark_w(const wchar_t *text);
int nvtx_domain_push(struct nvtx_text *domain, const struct nvtx_attributes *a);
int nvtx_domain_pop(struct nvtx_text *domain);
uint64_t nvtx_domain_start(struct nvtx_text *domain, const struct nvtx_attributes *a);
void nvtx_domain_end(struct nvtx_text *domain, uint64_t range);
void nvtx_domain_mark(struct nvtx_text *domain, const struct nvtx_attributes *a);

#endif
