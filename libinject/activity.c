/*
 * activity.c: handing out buffer slots, and the way out when there are none.
 */
#include "libinject/activity.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "libinject/helper.h"
#include "libinject/recorder.h"
#include "wire/cupti_record.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/*
 * When no slot is free CUPTI still gets a buffer (NULL crashed it before 12.9), each time another one (two
 * threads may be filling theirs), and its records are counted and dropped. Private memory: nobody else reads
 * it. Its pages come as they are touched.
 */
#define DISCARDS	8
#define DISCARD_SIZE	(64u << 10)
#define DISCARD_STRETCH ((size_t)DISCARDS * DISCARD_SIZE)

static uint8_t *discards;
static uint32_t discard_out[DISCARDS];
static uint32_t requests, next_slot, completed;
static uint64_t reads;			 /* slots that the helper has begun to read */
static uint64_t read_of[RING_MAX_SLOTS]; /* ring_slot.read, as we set it */
static bool inherited;			 /* CUPTI's state in this process is its parent's */

void activity_start(void)
{
	void *memory = mmap(NULL, DISCARD_STRETCH, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	discards = memory == MAP_FAILED ? NULL : memory;
}

void activity_forget(void)
{
	inherited = true;
	requests = 0;
	reads = 0;
}

bool activity_seen(void)
{
	return load_relaxed(&requests) != 0;
}

static bool take(uint32_t *state, uint32_t from, uint32_t to)
{
	return load_relaxed(state) == from &&
	       __atomic_compare_exchange_n(state, &from, to, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static uint8_t *take_slot(void)
{
	const struct ring *r = &recorder.ring;
	uint32_t at = load_relaxed(&next_slot);

	for (uint32_t i = 0; i < r->slot_count; i++, at++) {
		uint32_t slot = at % r->slot_count;

		/* Partner: activity_release(): it is zeroed before it is FREE. */
		if (take(&r->header->slots[slot].state, SLOT_FREE, SLOT_OUT)) {
			store_relaxed(&next_slot, slot + 1);
			return r->slots + (size_t)slot * r->slot_size;
		}
	}
	return NULL;
}

static uint8_t *take_discard(void)
{
	void *memory;

	for (uint32_t i = 0; discards && i < DISCARDS; i++)
		if (take(&discard_out[i], 0, 1))
			return discards + (size_t)i * DISCARD_SIZE;
	/* CUPTI sits on everything we have. Better one system call than a crash. */
	memory = mmap(NULL, DISCARD_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void activity_buffer_requested(uint8_t **buffer, size_t *size, size_t *max_records)
{
	int saved = errno;

	__atomic_fetch_add(&requests, 1, __ATOMIC_RELAXED);
	*max_records = 0; /* as many as fit */
	*size = recorder.ring.slot_size;
	*buffer = inherited ? NULL : take_slot();
	if (!*buffer) {
		*size = DISCARD_SIZE;
		*buffer = take_discard();
		if (!*buffer)
			*size = 0;
	}
	errno = saved;
}

static void drop(uint8_t *buffer, size_t valid)
{
	const struct ring_header *h = recorder.ring.header;
	struct record_walk walk = {
		.bytes = buffer, .size = valid, .strides = h->strides, .stride_count = RING_MAX_STRIDES};
	size_t at = (size_t)(buffer - discards);
	uint64_t records = 0;
	const uint8_t *record;
	uint32_t kind, stride;

	if (!buffer)
		return;
	while (record_next(&walk, &record, &kind, &stride) == 1)
		records++;
	if (records)
		recorder_lose(LOSS_NO_SLOT, records);
	if (discards && buffer >= discards && at < DISCARD_STRETCH) {
		memset(buffer, 0, valid);
		store_release(&discard_out[at / DISCARD_SIZE], 0); /* partner: take() */
	} else {
		munmap(buffer, DISCARD_SIZE);
	}
}

void activity_buffer_completed(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid)
{
	const struct ring *r = &recorder.ring;
	size_t at = (size_t)(buffer - r->slots);
	int saved = errno;
	struct ring_slot *slot;

	(void)context;
	(void)stream;
	if (inherited)
		return;
	if (valid > size)
		valid = size;
	if (buffer < r->slots || at >= (size_t)r->slot_count * r->slot_size) {
		drop(buffer, valid);
	} else {
		slot = &r->header->slots[at / r->slot_size];
		slot->valid = (uint32_t)valid;
		slot->order = __atomic_fetch_add(&completed, 1, __ATOMIC_RELAXED);
		store_release(&slot->state, SLOT_FULL); /* partner: activity_next() */
		helper_wake();
	}
	errno = saved;
}

bool activity_pending(void)
{
	const struct ring *r = &recorder.ring;

	for (uint32_t i = 0; i < r->slot_count; i++)
		if (load_relaxed(&r->header->slots[i].state) == SLOT_FULL)
			return true;
	return false;
}

int activity_next(const uint8_t **bytes, size_t *valid, uint64_t *position)
{
	const struct ring *r = &recorder.ring;
	int first = -1;
	uint32_t order = 0;

	for (uint32_t i = 0; i < r->slot_count; i++) {
		const struct ring_slot *s = &r->header->slots[i];

		if (load_acquire(&s->state) != SLOT_FULL) /* partner: activity_buffer_completed() */
			continue;
		if (first < 0 || (int32_t)(s->order - order) < 0) {
			first = (int)i;
			order = s->order;
		}
	}
	if (first >= 0) {
		*bytes = r->slots + (size_t)first * r->slot_size;
		*valid = r->header->slots[first].valid;
		if (*valid > r->slot_size) /* the header can be written by others too */
			*valid = r->slot_size;
		read_of[first] = ++reads;
		store_release(&r->header->slots[first].read, reads);
		*position = reads << 32;
	}
	return first;
}

void activity_read(int slot)
{
	store_release(&recorder.ring.header->slots[slot].state, SLOT_READ);
}

static void release(uint32_t slot)
{
	const struct ring *r = &recorder.ring;
	struct ring_slot *s = &r->header->slots[slot];
	size_t used = s->valid < r->slot_size ? s->valid : r->slot_size;

	memset(r->slots + (size_t)slot * r->slot_size, 0, used);
	s->valid = 0;
	s->read = 0;
	store_release(&s->state, SLOT_FREE); /* partner: take_slot() */
}

void activity_release(uint64_t position)
{
	const struct ring *r = &recorder.ring;

	for (uint32_t i = 0; i < r->slot_count; i++)
		if (load_relaxed(&r->header->slots[i].state) == SLOT_READ && read_of[i] < position >> 32)
			release(i);
}

bool activity_scarce(void)
{
	const struct ring *r = &recorder.ring;
	uint32_t free_slots = 0, read = 0;

	for (uint32_t i = 0; i < r->slot_count; i++) {
		uint32_t state = load_relaxed(&r->header->slots[i].state);

		free_slots += state == SLOT_FREE;
		read += state == SLOT_READ;
	}
	/* Two: a slot holds thousands of records, enough for a chunk, and CUPTI needs the others. */
	return read && (!free_slots || read >= 2);
}

void activity_prefault(void)
{
	const struct ring *r = &recorder.ring;
	size_t size = (size_t)r->slot_count * r->slot_size;

	if (!madvise(r->slots, size, MADV_POPULATE_WRITE))
		return;
	/* Writes that change nothing, whoever else is writing there. */
	for (size_t at = 0; at < size; at += 4096)
		__atomic_fetch_or(&r->slots[at], 0, __ATOMIC_RELAXED);
}
