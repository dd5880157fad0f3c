/*
 * decode.c: activity records into rows: names by pointer to text references, CUPTI's time to CLOCK_MONOTONIC.
 */
#include "libinject/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libinject/activity.h"
#include "libinject/cupti.h"
#include "libinject/facts.h"
#include "libinject/gate.h"
#include "libinject/iterations.h"
#include "libinject/late.h"
#include "libinject/names.h"
#include "libinject/recorder.h"
#include "libinject/trigger.h"
#include "libinject/writers.h"
#include "wire/cupti_record.h"

/*
 * Kernel names by their address. CUPTI keeps a name for as long as its records are about, but an address may
 * name another kernel after a module was unloaded: the text is compared once in every buffer.
 */
struct known_name {
	const char *pointer; /* NULL: empty entry */
	uint64_t hash;
	uint32_t length;
	uint32_t reference; /* 0: no room for it in the permanent region */
	uint32_t buffer;    /* the buffer in which it was last compared */
};

#define FIRST_NAMES 256u
#define CBIDS	    2048u

static struct known_name *names;
static uint32_t name_count, name_capacity; /* a power of 2 */
static uint32_t buffers;
static uint64_t devices;	     /* published already, by id: CUPTI repeats them */
static uint32_t api_names[2][CBIDS]; /* by domain - 1 and callback id; 0: not asked yet */

static struct known_name *find_name(const char *pointer)
{
	uint32_t at = (uint32_t)((uintptr_t)pointer * 0x9e3779b97f4a7c15u >> 32);

	while (names[at & (name_capacity - 1)].pointer && names[at & (name_capacity - 1)].pointer != pointer)
		at++;
	return &names[at & (name_capacity - 1)];
}

static bool grow_names(void)
{
	uint32_t capacity = name_capacity ? name_capacity * 2 : FIRST_NAMES, old = name_capacity;
	struct known_name *before = names, *larger = calloc(capacity, sizeof(*larger));

	if (!larger)
		return false;
	names = larger;
	name_capacity = capacity;
	for (uint32_t i = 0; i < old; i++)
		if (before[i].pointer)
			*find_name(before[i].pointer) = before[i];
	free(before);
	return true;
}

/* The name at this address, its reference right for this buffer; NULL: no memory. */
static const struct known_name *known_name(const char *pointer)
{
	struct known_name *n;
	uint64_t hash;
	size_t length;

	if (name_count >= name_capacity / 2 && !grow_names() && name_count + 1 >= name_capacity)
		return NULL;
	n = find_name(pointer);
	if (n->pointer && n->buffer == buffers)
		return n;
	length = strnlen(pointer, NAMES_MAX_TEXT);
	hash = names_hash(pointer, length);
	if (!n->pointer)
		name_count++;
	if (!n->pointer || n->hash != hash || n->length != length)
		n->reference = names_string(STRING_KERNEL, (uint64_t)(uintptr_t)pointer, pointer, length);
	n->pointer = pointer;
	n->hash = hash;
	n->length = (uint32_t)length;
	n->buffer = buffers;
	return n;
}

static void add_kernel(struct record_row *r, bool step)
{
	const char *pointer = (const char *)(uintptr_t)r->name_pointer;
	const struct known_name *n = pointer ? known_name(pointer) : NULL;

	if (!n || n->reference) {
		r->row[KERNEL_NAME] = n ? n->reference : 0;
		writers_add(EVENT_KERNEL, r->row, step);
	} else { /* the permanent region is full: every chunk brings the name itself */
		writers_add_text(EVENT_KERNEL, r->row, KERNEL_NAME, pointer, n->length, step);
	}
}

static uint32_t api_name(uint32_t domain, uint32_t cbid)
{
	char number[48];
	const char *name;
	uint32_t *known;

	if (domain < DOMAIN_DRIVER || domain > DOMAIN_RUNTIME || cbid >= CBIDS)
		return 0;
	known = &api_names[domain - 1][cbid];
	if (*known)
		return *known;
	name = cupti_api_name(domain, cbid);
	if (!name) { /* newer than this libcupti's table */
		snprintf(number, sizeof(number), "%s_api_%u", domain == DOMAIN_DRIVER ? "driver" : "runtime",
			 cbid);
		name = number;
	}
	*known = names_string(STRING_API, (uint64_t)domain << 32 | cbid, name, strlen(name));
	if (!*known) {
		*known = TEXT_LOST;
		recorder_lose(LOSS_NAME_FULL, 1);
	}
	return *known;
}

/* A device, a context or a stream. */
static void add_fact(const uint8_t *record, uint32_t kind, uint32_t stride)
{
	union record_fact fact;
	uint64_t pointer;
	const char *name;

	if (record_to_fact(record, kind, stride, &fact, &pointer))
		return;
	if (kind != ACTIVITY_DEVICE) {
		names_put(&fact.h);
		return;
	}
	if (fact.device.device < 64) {
		if (devices & 1ull << fact.device.device)
			return;
		devices |= 1ull << fact.device.device;
	}
	name = pointer ? (const char *)(uintptr_t)pointer : "";
	fact.device.name_length = (uint32_t)strnlen(name, 256);
	names_put_text(&fact.h, sizeof(fact.device), name, fact.device.name_length);
}

static void add_record(const struct timeline *timeline, const uint8_t *record, uint32_t kind, uint32_t stride)
{
	struct record_row r;
	int status = record_to_row(record, kind, stride, &r);
	const struct schema *schema;
	uint64_t *start;
	bool step;

	switch (status) {
	case RECORD_FACT:
		add_fact(record, kind, stride);
		return;
	case RECORD_UNKNOWN:
		recorder_lose(LOSS_UNKNOWN_KIND, 1);
		return;
	case RECORD_NO_TIME:
		recorder_lose(LOSS_NO_TIME, 1);
		return;
	case RECORD_BAD_TIME:
		recorder_lose(LOSS_BAD_TIME, 1);
		break;
	default:
		break;
	}
	schema = schema_find(r.event);
	start = &r.row[schema->n_static];
	*start = (uint64_t)timeline_from_cupti(timeline, *start, &step);
	if (r.event == EVENT_API)
		iterations_api((uint32_t)r.row[API_THREAD], (int64_t)*start, r.row[API_CORRELATION]);
	late_row(r.event, r.row);
	if (r.event != EVENT_OVERHEAD) /* our own flushing is one */
		trigger_activity((int64_t)*start);
	if (!gate_keeps(r.event, r.row))
		return;
	if (r.event == EVENT_KERNEL) {
		add_kernel(&r, step);
		return;
	}
	if (r.event == EVENT_API) {
		r.row[API_NAME] = api_name((uint32_t)r.row[API_DOMAIN], (uint32_t)r.row[API_CBID]);
		threads_seen((uint32_t)r.row[API_THREAD]);
	}
	writers_add(r.event, r.row, step);
}

static void decode(const struct timeline *timeline, const uint8_t *bytes, size_t valid, uint64_t position)
{
	struct record_walk walk = {.bytes = bytes,
				   .size = valid,
				   .strides = recorder.ring.header->strides,
				   .stride_count = RING_MAX_STRIDES};
	struct ring_header *h = recorder.ring.header;
	uint64_t records = 0, invalid = h->losses[LOSS_NO_TIME].count + h->losses[LOSS_BAD_TIME].count;
	uint32_t kind, stride;
	const uint8_t *record;
	int more;

	buffers++;
	while ((more = record_next(&walk, &record, &kind, &stride)) == 1) {
		writers_at(position + (size_t)(record - bytes));
		add_record(timeline, record, kind, stride);
		records++;
	}
	writers_at(position + valid);
	if (more)
		recorder_lose(LOSS_BAD_RECORD, 1);
	invalid = h->losses[LOSS_NO_TIME].count + h->losses[LOSS_BAD_TIME].count - invalid;
	store_relaxed(&h->period_records, h->period_records + records);
	store_relaxed(&h->invalid_times, h->invalid_times + invalid);
}

void decode_buffers(const struct timeline *timeline)
{
	const uint8_t *bytes;
	uint64_t position;
	size_t valid;
	int slot;

	while ((slot = activity_next(&bytes, &valid, &position)) >= 0) {
		decode(timeline, bytes, valid, position);
		activity_read(slot);
		if (activity_scarce())
			writers_publish(true);
		decode_release();
	}
}

void decode_release(void)
{
	activity_release(writers_oldest());
}

void decode_forget(void)
{
	/* CUPTI is not used in a child, but an own ring of the child's may come. */
	names = NULL;
	name_count = name_capacity = 0;
	devices = 0;
	memset(api_names, 0, sizeof(api_names));
}
