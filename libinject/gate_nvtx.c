/*
 * gate_nvtx.c: NVTX events through the gate in pairs. A pop without its push would close another range when
 * it is read, a push without its pop would stay open.
 */
#include "libinject/gate.h"

#include <string.h>

#include "cuflight/event.h"

#define STACKS 1024u /* threads x domains; further ones pass whole */
#define LEVELS 64u
#define RANGES 256u /* started, kept and not ended; with more than that every end passes */

struct stack {
	uint32_t thread; /* 0: empty entry */
	uint32_t domain;
	uint32_t depth;
	uint64_t kept; /* bit n: the push at level n */
};

static struct stack stacks[STACKS];
static uint64_t started[RANGES];
static uint32_t stack_count, started_count;
static bool overflow;

void gate_nvtx_forget(void)
{
	memset(stacks, 0, sizeof(stacks));
	stack_count = started_count = 0;
	overflow = false;
}

static struct stack *find(uint32_t thread, uint32_t domain)
{
	uint32_t at = (thread * 31 + domain) * 0x9e3779b1u >> 16;

	for (;; at++) {
		struct stack *s = &stacks[at % STACKS];

		if (s->thread == thread && s->domain == domain)
			return s;
		if (s->thread)
			continue;
		if (stack_count >= STACKS * 3 / 4)
			return NULL;
		s->thread = thread;
		s->domain = domain;
		stack_count++;
		return s;
	}
}

static bool push(struct stack *s, bool kept)
{
	if (!s)
		return true;
	if (s->depth >= LEVELS) { /* deeper than can be told apart */
		s->depth++;
		return true;
	}
	s->kept = (s->kept & ~(1ull << s->depth)) | (uint64_t)kept << s->depth;
	s->depth++;
	return kept;
}

static bool pop(struct stack *s)
{
	if (!s)
		return true;
	if (!s->depth) /* its push came before we did */
		return false;
	s->depth--;
	return s->depth >= LEVELS || s->kept >> s->depth & 1;
}

static bool start(uint64_t id, bool kept)
{
	if (kept && started_count < RANGES)
		started[started_count++] = id;
	else if (kept)
		overflow = true;
	return kept;
}

static bool end(uint64_t id)
{
	for (uint32_t i = 0; i < started_count; i++)
		if (started[i] == id) {
			started[i] = started[--started_count];
			return true;
		}
	return overflow;
}

bool gate_keeps_nvtx(const struct page_item *item, uint32_t thread, int64_t time)
{
	const struct page_record *r = &item->record;

	if (!gate_is_active())
		return true;
	switch (r->type) {
	case NVTX_PUSH:
		return push(find(thread, r->domain), gate_keeps_time(time));
	case NVTX_POP:
		return pop(find(thread, r->domain));
	case NVTX_START:
		return start(item->range_id, gate_keeps_time(time));
	case NVTX_END:
		return end(item->range_id);
	default:
		return gate_keeps_time(time);
	}
}
