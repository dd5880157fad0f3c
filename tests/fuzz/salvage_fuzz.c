/*
 * salvage_fuzz.c: any bytes as the slots, pages, names and progress of a dead process: copied and read for
 * what was not published.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cupti_record.h"
#include "wire/page.h"
#include "wire/salvage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE (160u << 10)

static uint64_t sum;

static void row(void *context, uint16_t kind, uint64_t *values, int text_field, const char *text,
		size_t length, bool step)
{
	const struct schema *s = schema_find(kind);

	(void)context;
	(void)text_field;
	(void)step;
	if (!s)
		abort(); /* whoever gets the row could not encode it */
	for (uint32_t f = 0; f < s->n_fields; f++)
		sum += values[f];
	for (size_t i = 0; text && i < length; i++)
		sum += (uint8_t)text[i];
}

static void fact(void *context, const struct permanent_header *record)
{
	(void)context;
	for (uint32_t i = 0; i < record->size; i++)
		sum += ((const uint8_t *)record)[i];
}

static void lose(void *context, enum loss_cause cause, uint64_t count)
{
	(void)context;
	sum += cause + count;
}

/* A ring with something in each place: a kernel, a call, a name, a page with two records. */
static void good_ring(struct ring *r, uint8_t *memory)
{
	const struct ring_config config = {.page_count = 2,
					   .page_size = 4096,
					   .permanent_size = 4096,
					   .chunk_size = 65536,
					   .slot_count = 2,
					   .slot_size = 4096};
	struct ring_header *h;
	struct permanent_string name = {
		.h = {.size = sizeof(name) + 8, .kind = PERMANENT_STRING}, .pointer = 77, .length = 6};
	uint8_t bytes[sizeof(name) + 8] = {0};
	uint64_t *kernel;
	struct ring_page *page;

	memset(memory, 0, SIZE);
	ring_init(r, memory, &config);
	h = r->header;
	h->state = RING_RECORDING;
	h->stride_count = RING_MAX_STRIDES;
	h->strides[ACTIVITY_KERNEL] = 216;
	h->strides[ACTIVITY_RUNTIME] = 40;
	h->clock_count = 1;
	memcpy(bytes, &name, sizeof(name));
	memcpy(bytes + sizeof(name), "kernel", 6);
	ring_put_permanent(r, bytes, sizeof(bytes));
	kernel = (uint64_t *)r->slots;
	kernel[0] = ACTIVITY_KERNEL;
	kernel[2] = 1000;
	kernel[3] = 2000;
	kernel[13] = 77;
	kernel[27] = ACTIVITY_RUNTIME;
	h->slots[0].state = SLOT_OUT;
	h->slots[1].state = SLOT_FULL;
	h->slots[1].valid = 40;
	page = (struct ring_page *)r->pages;
	page->state = PAGE_OWNED;
	for (int i = 0; i < 2; i++) {
		struct page_record *record = (struct page_record *)(page + 1) + i;

		record->type = NVTX_PUSH;
		record->slots = 1;
	}
	page->used = 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct salvage_sink sink = {.row = row, .fact = fact, .lose = lose};
	static uint8_t *memory;
	static struct salvage *copy;
	struct ring r;

	if (!memory)
		memory = aligned_alloc(4096, SIZE);
	good_ring(&r, memory);
	if (!copy)
		copy = salvage_new(&r);
	/* Patches of (offset, length, bytes). */
	while (size >= 4) {
		uint32_t at = (uint32_t)(data[0] | data[1] << 8 | data[2] << 16) %
			      (RING_HEADER_SIZE + 4096 + 8192 + 8192),
			 length = data[3];

		data += 4;
		size -= 4;
		length = length > size ? (uint32_t)size : length;
		memcpy(memory + at, data, length);
		data += length;
		size -= length;
	}
	salvage_copy(copy, &r);
	salvage_is_torn(copy, &r);
	salvage_run(copy, &sink);
	return 0;
}
