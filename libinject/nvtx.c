/*
 * nvtx.c: NVTX events onto the thread's page: the record path of NVTX. Handles, names and installing these
 * functions are elsewhere (nvtx_text.c, nvtx_install.c).
 *
 * An event takes no lock, allocates nothing and makes no system call, but for a thread's first and for a page
 * that is full (pages.c).
 */
#include "libinject/nvtx.h"

#include <string.h>

#include "libinject/clock.h"
#include "libinject/names.h"
#include "libinject/nvtx_text.h"
#include "libinject/pages.h"
#include "wire/page.h"

/* What an event says, before it is laid out. */
struct event {
	uint8_t type;
	uint8_t flags; /* enum nvtx_flag, enum page_record_flag */
	const char *ascii;
	const wchar_t *wide;
	uint32_t reference; /* text by number */
	uint32_t length;    /* of the text given in full */
	uint32_t category, color, payload_type;
	uint64_t payload, range;
};

/* How a caller says the message. Constant in every function below, so that each is compiled for its own. */
enum message_form {
	FORM_NONE,
	FORM_ATTRIBUTES,
	FORM_ASCII,
	FORM_WIDE,
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NEVER_INLINE  static __attribute__((noinline))

ALWAYS_INLINE void set_text(struct event *e, const char *text)
{
	size_t length;

	if (unlikely(!text))
		return;
	length = strnlen(text, PAGE_MAX_TEXT + 1);
	if (unlikely(length > PAGE_MAX_TEXT)) {
		length = PAGE_MAX_TEXT;
		e->flags |= NVTX_TEXT_CUT;
	}
	e->ascii = text;
	e->length = (uint32_t)length;
	e->flags |= PAGE_INLINE_TEXT;
}

NEVER_INLINE void set_wide(struct event *e, const wchar_t *text)
{
	if (!text)
		return;
	e->wide = text;
	e->length = (uint32_t)utf8_length(text, PAGE_MAX_TEXT);
	e->flags |= PAGE_INLINE_TEXT;
	/* A character has 4 bytes at most: with this much room it would have been longer. */
	if (utf8_length(text, PAGE_MAX_TEXT + 4) > e->length)
		e->flags |= NVTX_TEXT_CUT;
}

ALWAYS_INLINE void set_registered(struct event *e, struct nvtx_text *t)
{
	if (!t)
		return;
	e->reference = load_relaxed(&t->reference);
	if (likely(e->reference))
		return;
	nvtx_text_used(t);
	e->ascii = t->bytes;
	e->length = t->length < PAGE_MAX_TEXT ? t->length : PAGE_MAX_TEXT;
	e->flags |= PAGE_INLINE_TEXT | (t->length > PAGE_MAX_TEXT ? NVTX_TEXT_CUT : 0);
}

ALWAYS_INLINE void set_attributes(struct event *e, const struct nvtx_attributes *a)
{
	/* Every version so far has this size; less would be another layout. */
	if (unlikely(!a || a->size < sizeof(*a)))
		return;
	if (a->category) {
		e->category = a->category;
		e->flags |= NVTX_HAS_CATEGORY;
	}
	if (a->color_type == COLOR_ARGB) {
		e->color = a->color;
		e->flags |= NVTX_HAS_COLOR;
	}
	if (a->payload_type >= PAYLOAD_UINT64 && a->payload_type <= PAYLOAD_FLOAT) {
		e->payload_type = (uint32_t)a->payload_type;
		e->payload = a->payload_type <= PAYLOAD_DOUBLE ? a->payload.u64 : a->payload.u32;
		e->flags |= NVTX_HAS_PAYLOAD | PAGE_PAYLOAD;
	}
	if (a->message_type == MESSAGE_ASCII)
		set_text(e, a->message.ascii);
	else if (a->message_type == MESSAGE_REGISTERED)
		set_registered(e, (struct nvtx_text *)a->message.registered);
	else if (a->message_type == MESSAGE_WIDE)
		set_wide(e, a->message.wide);
}

ALWAYS_INLINE void set_message(struct event *e, enum message_form form, const void *message)
{
	if (form == FORM_ATTRIBUTES)
		set_attributes(e, message);
	else if (form == FORM_ASCII)
		set_text(e, message);
	else if (form == FORM_WIDE)
		set_wide(e, message);
}

/* A domain has its number from the start, but for one that is made while the ring is. */
ALWAYS_INLINE uint32_t domain_reference(const struct nvtx_text *domain)
{
	uint32_t reference = load_relaxed(&domain->reference);

	return likely(reference) ? reference : TEXT_LOST;
}

/*
 * Lay the event out on the page. A range begins when its record is written, and ends when the record of its
 * end is begun: recording does not make it longer. False: the event is lost.
 */
ALWAYS_INLINE bool record(struct nvtx_thread *t, struct nvtx_text *domain, const struct event *e)
{
	uint32_t bytes = e->length + (e->flags & PAGE_PAYLOAD ? 8 : 0) + (e->flags & PAGE_RANGE_ID ? 8 : 0);
	bool late = e->type == NVTX_PUSH || e->type == NVTX_START;
	struct page_record *r;
	uint64_t ticks = 0;
	uint8_t *at;

	if (unlikely(!pages_ready(t)) && !pages_fresh(t))
		return false;
	if (!late)
		ticks = clock_ticks();
	r = page_reserve(t->page, t->page_size, bytes);
	if (unlikely(!r)) {
		if (!pages_fresh(t))
			return false;
		r = page_reserve(t->page, t->page_size, bytes);
	}
	at = (uint8_t *)(r + 1);
	r->type = e->type;
	r->flags = e->flags;
	r->domain = domain ? domain_reference(domain) : 0;
	r->text = e->flags & PAGE_INLINE_TEXT ? e->length : e->reference;
	r->category = e->category;
	r->color = e->color;
	r->payload_type = e->payload_type;
	if (e->flags & PAGE_PAYLOAD) {
		memcpy(at, &e->payload, sizeof(e->payload));
		at += sizeof(e->payload);
	}
	if (e->flags & PAGE_RANGE_ID) {
		memcpy(at, &e->range, sizeof(e->range));
		at += sizeof(e->range);
	}
	if (e->ascii)
		memcpy(at, e->ascii, e->length);
	else if (e->wide)
		utf8_write((char *)at, e->wide, e->length);
	r->ticks = late ? clock_ticks() : ticks;
	page_commit(t->page, r);
	if (unlikely(e->flags & NVTX_TEXT_CUT))
		recorder_lose(LOSS_TEXT_CUT, 1);
	return true;
}

ALWAYS_INLINE int push(struct nvtx_text *domain, enum message_form form, const void *message)
{
	struct nvtx_thread *t = &nvtx_thread;
	struct event e = {.type = NVTX_PUSH};
	uint32_t slot = domain ? domain->index : 0;
	int level = NVTX_LEVEL_UNKNOWN;
	bool kept;

	if (!nvtx_enter(t))
		return level;
	set_message(&e, form, message);
	kept = record(t, domain, &e);
	if (likely(slot < LEVEL_DOMAINS)) {
		level = t->level[slot]++;
		if (unlikely(!kept) && level < 32)
			t->unrecorded[slot] |= 1u << level;
	}
	nvtx_leave(t);
	return level;
}

/* Does this pop belong to a push that was lost? A reader would close another range with it. */
static bool push_was_lost(struct nvtx_thread *t, uint32_t slot, int level)
{
	uint32_t bit = level < 32 ? 1u << level : 0;

	if (!(t->unrecorded[slot] & bit))
		return false;
	t->unrecorded[slot] &= ~bit;
	recorder_lose(LOSS_NO_PAGE, 1);
	return true;
}

ALWAYS_INLINE int pop(struct nvtx_text *domain)
{
	struct nvtx_thread *t = &nvtx_thread;
	struct event e = {.type = NVTX_POP};
	uint32_t slot = domain ? domain->index : 0;
	int level = NVTX_LEVEL_UNKNOWN;

	if (!nvtx_enter(t))
		return level;
	if (likely(slot < LEVEL_DOMAINS)) {
		if (unlikely(!t->level[slot]))
			goto out; /* nothing is open */
		level = --t->level[slot];
		if (unlikely(t->unrecorded[slot]) && push_was_lost(t, slot, level))
			goto out;
	}
	record(t, domain, &e);
out:
	nvtx_leave(t);
	return level;
}

/* Ids are unique in the process: the thread's share of the numbers, then its own count. */
ALWAYS_INLINE uint64_t next_range(struct nvtx_thread *t)
{
	static uint64_t shares;

	if (unlikely(!t->range_base))
		t->range_base = __atomic_add_fetch(&shares, 1, __ATOMIC_RELAXED) << 32;
	return t->range_base + ++t->ranges;
}

ALWAYS_INLINE uint64_t start(struct nvtx_text *domain, enum message_form form, const void *message)
{
	struct nvtx_thread *t = &nvtx_thread;
	struct event e = {.type = NVTX_START, .flags = PAGE_RANGE_ID};

	if (!nvtx_enter(t))
		return 0;
	set_message(&e, form, message);
	e.range = next_range(t);
	record(t, domain, &e);
	nvtx_leave(t);
	return e.range;
}

ALWAYS_INLINE void single(struct nvtx_text *domain, struct event *e, enum message_form form,
			  const void *message)
{
	struct nvtx_thread *t = &nvtx_thread;

	if (!nvtx_enter(t))
		return;
	set_message(e, form, message);
	record(t, domain, e);
	nvtx_leave(t);
}

ALWAYS_INLINE void end(struct nvtx_text *domain, uint64_t range)
{
	struct event e = {.type = NVTX_END, .flags = PAGE_RANGE_ID, .range = range};

	single(domain, &e, FORM_NONE, NULL);
}

ALWAYS_INLINE void mark(struct nvtx_text *domain, enum message_form form, const void *message)
{
	struct event e = {.type = NVTX_MARK};

	single(domain, &e, form, message);
}

/* What NVTX calls. */

int nvtx_push_ex(const struct nvtx_attributes *a)
{
	return push(NULL, FORM_ATTRIBUTES, a);
}

int nvtx_push_a(const char *text)
{
	return push(NULL, FORM_ASCII, text);
}

int nvtx_push_w(const wchar_t *text)
{
	return push(NULL, FORM_WIDE, text);
}

int nvtx_pop(void)
{
	return pop(NULL);
}

uint64_t nvtx_start_ex(const struct nvtx_attributes *a)
{
	return start(NULL, FORM_ATTRIBUTES, a);
}

uint64_t nvtx_start_a(const char *text)
{
	return start(NULL, FORM_ASCII, text);
}

uint64_t nvtx_start_w(const wchar_t *text)
{
	return start(NULL, FORM_WIDE, text);
}

void nvtx_end(uint64_t range)
{
	end(NULL, range);
}

void nvtx_mark_ex(const struct nvtx_attributes *a)
{
	mark(NULL, FORM_ATTRIBUTES, a);
}

void nvtx_mark_a(const char *text)
{
	mark(NULL, FORM_ASCII, text);
}

void nvtx_mark_w(const wchar_t *text)
{
	mark(NULL, FORM_WIDE, text);
}

int nvtx_domain_push(struct nvtx_text *domain, const struct nvtx_attributes *a)
{
	return push(domain, FORM_ATTRIBUTES, a);
}

int nvtx_domain_pop(struct nvtx_text *domain)
{
	return pop(domain);
}

uint64_t nvtx_domain_start(struct nvtx_text *domain, const struct nvtx_attributes *a)
{
	return start(domain, FORM_ATTRIBUTES, a);
}

void nvtx_domain_end(struct nvtx_text *domain, uint64_t range)
{
	end(domain, range);
}

void nvtx_domain_mark(struct nvtx_text *domain, const struct nvtx_attributes *a)
{
	mark(domain, FORM_ATTRIBUTES, a);
}
