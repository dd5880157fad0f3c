/*
 * salvage.c: slots and pages of a process that does not read them itself any more.
 */
#include "wire/salvage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/page.h"
#include "wire/progress.h"
#include "wire/timeline.h"

#define NO_NAME	     "[name lost: the process ended before it was told]"
#define CLOCK_ERROR  1000 /* ns; how well a sample was taken is not in the ring */
#define NOT_READ     (1ull << 62)
#define NOT_COMPLETE (1ull << 63)

/* A permanent string by ring's `pointer`. */
struct known {
	uint64_t pointer; /* 0: empty */
	uint32_t number;
	uint32_t string_class;
};

struct run {
	const struct salvage *s;
	const struct salvage_sink *sink;
	struct timeline timeline;
	struct known *names;
	uint32_t names_size; /* a power of 2 */
};

struct salvage *salvage_new(const struct ring *r)
{
	struct salvage *s = calloc(1, sizeof(*s));
	size_t pages = (size_t)r->page_count * r->page_size, slots = (size_t)r->slot_count * r->slot_size;

	if (!s)
		return NULL;
	s->permanent = malloc(r->permanent_size + pages + slots);
	if (!s->permanent) {
		free(s);
		return NULL;
	}
	s->permanent_size = r->permanent_size;
	s->pages = s->permanent + r->permanent_size;
	s->slots = s->pages + pages;
	s->page_count = r->page_count;
	s->page_size = r->page_size;
	s->slot_count = r->slot_count;
	s->slot_size = r->slot_size;
	return s;
}

void salvage_free(struct salvage *s)
{
	if (s)
		free(s->permanent);
	free(s);
}

/* The page's header first, then what it says is there. */
static void copy_page(struct ring_page *to, const struct ring_page *from, uint32_t page_size)
{
	uint32_t used = load_acquire(&from->used); /* partner: page_commit() */

	if (used > page_size - sizeof(*from))
		used = (uint32_t)(page_size - sizeof(*from));
	memcpy(to, from, sizeof(*from));
	memcpy(to + 1, from + 1, used);
	fence_full();
	/* Released meanwhile: all of it is published. Partner: pages_release(), which empties it first. */
	if (load_relaxed(&from->used) < used || load_relaxed(&from->order) != to->order ||
	    load_relaxed(&from->state) == PAGE_FREE)
		used = 0;
	to->used = used;
}

static size_t slot_bytes(const struct ring_slot *slot, uint32_t slot_size)
{
	switch (slot->state) {
	case SLOT_OUT: /* up to the first kind 0 */
		return slot_size;
	case SLOT_FULL:
	case SLOT_READ:
		return slot->valid < slot_size ? slot->valid : slot_size;
	default:
		return 0;
	}
}

void salvage_copy(struct salvage *s, const struct ring *r)
{
	const struct ring_header *h = r->header;

	s->header.head = load_acquire(&h->head); /* partner: ring_put() */
	fence_full();
	memcpy(s->header.progress, h->progress, sizeof(s->header.progress));
	memcpy(s->header.slots, h->slots, sizeof(s->header.slots));
	for (uint32_t i = 0; i < s->page_count; i++)
		copy_page(page_at(s->pages, s->page_size, i), page_at(r->pages, r->page_size, i),
			  s->page_size);
	for (uint32_t i = 0; i < s->slot_count; i++)
		memcpy(s->slots + (size_t)i * s->slot_size, r->slots + (size_t)i * r->slot_size,
		       slot_bytes(&s->header.slots[i], s->slot_size));
	s->header.decoded = load_relaxed(&h->decoded);
	s->header.clock_count = load_acquire(&h->clock_count); /* partner: the helper's release */
	memcpy(s->header.clock, h->clock, sizeof(s->header.clock));
	memcpy(s->header.strides, h->strides, sizeof(s->header.strides));
	/* Last: what the records name was published before them. Partner: ring_put_permanent(). */
	s->header.permanent_used = load_acquire(&h->permanent_used);
	if (s->header.permanent_used > s->permanent_size)
		s->header.permanent_used = 0;
	memcpy(s->permanent, r->permanent, s->header.permanent_used);
	fence_full();
}

bool salvage_is_torn(const struct salvage *s, const struct ring *r)
{
	return load_acquire(&r->header->head) != s->header.head;
}

/* ---- names */

static struct known *find(const struct run *run, uint64_t pointer, uint32_t string_class)
{
	uint32_t at = (uint32_t)((pointer + string_class) * 0x9e3779b97f4a7c15u >> 32);
	struct known *k;

	do {
		k = &run->names[at++ & (run->names_size - 1)];
	} while (k->pointer && (k->pointer != pointer || k->string_class != string_class));
	return k;
}

/* Calls `use` with every string; the strings are numbered from 1. Returns how many there are. */
static uint32_t each_string(const struct run *run,
			    void (*use)(const struct run *, const struct permanent_string *, uint32_t))
{
	const uint8_t *bytes = run->s->permanent;
	uint64_t end = run->s->header.permanent_used;
	struct permanent_string string;
	uint32_t number = 0;

	for (uint64_t at = 0; end - at >= sizeof(string.h); at += string.h.size) {
		memcpy(&string.h, bytes + at, sizeof(string.h));
		if (string.h.size < sizeof(string.h) || string.h.size > end - at)
			break;
		if (string.h.kind != PERMANENT_STRING || string.h.size < sizeof(string))
			continue;
		memcpy(&string, bytes + at, sizeof(string));
		number++;
		if (use && string.pointer)
			use(run, &string, number);
	}
	return number;
}

/* An address that named two kernels names the later one. */
static void add_name(const struct run *run, const struct permanent_string *string, uint32_t number)
{
	struct known *k = find(run, string->pointer, string->string_class);

	*k = (struct known){
		.pointer = string->pointer, .number = number, .string_class = string->string_class};
}

static int read_names(struct run *run)
{
	uint32_t count = each_string(run, NULL);

	run->names_size = 64;
	while (run->names_size < count * 2ull)
		run->names_size *= 2;
	run->names = calloc(run->names_size, sizeof(*run->names));
	if (!run->names)
		return -ENOMEM;
	each_string(run, add_name);
	return 0;
}

/* ---- slots */

static void add_named(const struct run *run, struct record_row *r, int field, uint64_t pointer,
		      uint32_t string_class, const char *otherwise, bool step)
{
	uint32_t number = pointer ? find(run, pointer, string_class)->number : 0;

	r->row[field] = number;
	if (!number && pointer) {
		run->sink->lose(run->sink->context, LOSS_UNNAMED, 1);
		run->sink->row(run->sink->context, r->event, r->row, field, otherwise, strlen(otherwise),
			       step);
	} else {
		run->sink->row(run->sink->context, r->event, r->row, -1, NULL, 0, step);
	}
}

static void add_row(const struct run *run, struct record_row *r)
{
	uint64_t *start = &r->row[schema_find(r->event)->n_static];
	char text[48];
	bool step;

	*start = (uint64_t)timeline_from_cupti(&run->timeline, *start, &step);
	if (r->event == EVENT_KERNEL) {
		add_named(run, r, KERNEL_NAME, r->name_pointer, STRING_KERNEL, NO_NAME, step);
	} else if (r->event == EVENT_API) {
		uint32_t domain = (uint32_t)r->row[API_DOMAIN], cbid = (uint32_t)r->row[API_CBID];

		snprintf(text, sizeof(text), "%s_api_%u", domain == 1 ? "driver" : "runtime", cbid);
		add_named(run, r, API_NAME, (uint64_t)domain << 32 | cbid, STRING_API, text, step);
	} else {
		run->sink->row(run->sink->context, r->event, r->row, -1, NULL, 0, step);
	}
}

static void add_fact(const struct run *run, const uint8_t *record, uint32_t kind, uint32_t stride)
{
	union record_fact fact;
	uint64_t pointer;

	if (!record_to_fact(record, kind, stride, &fact, &pointer))
		run->sink->fact(run->sink->context, &fact.h);
}

/* position: of the record, 0: the helper has not begun with its slot. */
static void add_record(const struct run *run, uint64_t position, bool complete, const uint8_t *record,
		       uint32_t kind, uint32_t stride)
{
	const struct salvage_sink *sink = run->sink;
	struct record_row r;
	int status = record_to_row(record, kind, stride, &r);
	/* What made no row was told or counted when it was decoded. */
	bool decoded = position && position < run->s->header.decoded;

	if (status == RECORD_FACT) {
		if (!decoded)
			add_fact(run, record, kind, stride);
	} else if (status == RECORD_UNKNOWN || status == RECORD_NO_TIME) {
		if (!decoded)
			sink->lose(sink->context,
				   status == RECORD_UNKNOWN ? LOSS_UNKNOWN_KIND
				   : complete		    ? LOSS_NO_TIME
							    : LOSS_UNFINISHED,
				   1);
	} else if (!position || position >= progress_position(&run->s->header, r.event)) {
		if (status == RECORD_BAD_TIME && !decoded)
			sink->lose(sink->context, LOSS_BAD_TIME, 1);
		add_row(run, &r);
	}
}

static void add_slot(const struct run *run, uint32_t index)
{
	const struct ring_slot *slot = &run->s->header.slots[index];
	struct record_walk walk = {.bytes = run->s->slots + (size_t)index * run->s->slot_size,
				   .size = slot_bytes(slot, run->s->slot_size),
				   .strides = run->s->header.strides,
				   .stride_count = RING_MAX_STRIDES};
	bool complete = slot->state != SLOT_OUT;
	uint64_t begin = complete ? slot->read << 32 : 0;
	const uint8_t *record;
	uint32_t kind, stride;
	int more;

	while ((more = record_next(&walk, &record, &kind, &stride)) == 1)
		add_record(run, begin ? begin + (size_t)(record - walk.bytes) : 0, complete, record, kind,
			   stride);
	if (more && !(begin && begin + walk.offset < run->s->header.decoded))
		run->sink->lose(run->sink->context, complete ? LOSS_BAD_RECORD : LOSS_UNFINISHED, 1);
}

/* In the order in which the helper read them or would have; those that CUPTI still filled come last. */
static uint64_t slot_turn(const struct ring_slot *slot)
{
	if (slot->state == SLOT_OUT)
		return NOT_COMPLETE;
	return slot->read ? slot->read : NOT_READ | slot->order;
}

static void add_slots(const struct run *run)
{
	uint32_t turn[RING_MAX_SLOTS], n = 0;

	for (uint32_t i = 0; i < run->s->slot_count; i++) {
		const struct ring_slot *slots = run->s->header.slots;
		uint32_t at = n++;

		for (; at && slot_turn(&slots[turn[at - 1]]) > slot_turn(&slots[i]); at--)
			turn[at] = turn[at - 1];
		turn[at] = i;
	}
	for (uint32_t i = 0; i < n; i++)
		add_slot(run, turn[i]);
}

/* ---- pages */

static void add_item(const struct run *run, const struct page_item *item, uint32_t thread, int64_t time)
{
	const struct salvage_sink *sink = run->sink;
	uint64_t row[NVTX_ROW_FIELDS];

	page_row(item, thread, time, row);
	sink->row(sink->context, EVENT_NVTX, row, item->text ? NVTX_ROW_NAME : -1, item->text,
		  item->text_length, false);
}

static void add_page(const struct run *run, const struct ring_page *page, uint64_t chunks)
{
	uint32_t offset = progress_offset(page, chunks);
	int64_t latest = INT64_MIN;
	struct page_item item;
	int more;

	while ((more = page_next(page, run->s->page_size, &offset, &item)) == 1) {
		int64_t time = timeline_from_ticks(&run->timeline, item.record.ticks);

		if (time < latest)
			time = latest;
		latest = time;
		if (item.record.type < PAGE_EDGE_FIRST)
			add_item(run, &item, page->thread, time);
	}
	if (more)
		run->sink->lose(run->sink->context, LOSS_BAD_RECORD, 1);
}

static const struct salvage *ordered; /* what by_order() looks into */

static int by_order(const void *a, const void *b)
{
	const struct ring_page *x = page_at(ordered->pages, ordered->page_size, *(const uint32_t *)a);
	const struct ring_page *y = page_at(ordered->pages, ordered->page_size, *(const uint32_t *)b);

	return x->order < y->order ? -1 : x->order > y->order;
}

static void add_pages(const struct run *run)
{
	const struct salvage *s = run->s;
	uint64_t chunks = progress_position(&s->header, EVENT_NVTX);
	uint32_t turn[RING_MAX_PAGES], n = 0;

	for (uint32_t i = 0; i < s->page_count; i++)
		if (page_at(s->pages, s->page_size, i)->used)
			turn[n++] = i;
	ordered = s;
	qsort(turn, n, sizeof(turn[0]), by_order);
	for (uint32_t i = 0; i < n; i++)
		add_page(run, page_at(s->pages, s->page_size, turn[i]), chunks);
}

/* The sample after the last may be half written, over the oldest. */
static void read_clock(struct run *run)
{
	const struct ring_header *h = &run->s->header;
	uint64_t n = h->clock_count > RING_CLOCK_SAMPLES - 1 ? h->clock_count - (RING_CLOCK_SAMPLES - 1) : 0;

	timeline_init(&run->timeline);
	for (; n < h->clock_count; n++)
		timeline_add(&run->timeline, &h->clock[n % RING_CLOCK_SAMPLES], CLOCK_ERROR);
}

int salvage_run(const struct salvage *s, const struct salvage_sink *sink)
{
	struct run run = {.s = s, .sink = sink};

	if (read_names(&run))
		return -ENOMEM;
	read_clock(&run);
	add_slots(&run);
	add_pages(&run);
	free(run.names);
	return 0;
}
