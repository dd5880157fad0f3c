/*
 * ring_fuzz.c: any bytes as the ring of another process: opened, drained, its permanent records and pages
 * read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/page.h"
#include "wire/ringbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *memory, *buf;
	const struct ring_config config = {.page_count = 2,
					   .page_size = 4096,
					   .permanent_size = 4096,
					   .chunk_size = 65536,
					   .slot_count = 1,
					   .slot_size = 4096};
	uint64_t offset = 0;
	uint32_t records;
	struct ring r;
	size_t need;

	if (!memory) {
		memory = aligned_alloc(4096, SIZE);
		buf = malloc(1 << 20);
	}
	/* From a good ring: the input is patches of (offset, length, bytes), so that the fuzzer need not find
	 * the magic. */
	memset(memory, 0, SIZE);
	ring_init(&r, memory, &config);
	r.header->state = RING_RECORDING;
	while (size >= 4) {
		uint32_t at = (uint32_t)(data[0] | data[1] << 8 | data[2] << 16) % SIZE, length = data[3];

		data += 4;
		size -= 4;
		if (length > size)
			length = (uint32_t)size;
		if (length > SIZE - at)
			length = SIZE - at;
		memcpy(memory + at, data, length);
		data += length;
		size -= length;
	}
	if (ring_open(&r, memory, SIZE))
		return 0;
	for (int i = 0; i < 100; i++)
		if (!ring_get(&r, buf, 1 << 20, &need))
			break;
	ring_get_permanent(&r, &offset, buf, 1 << 20, &records);
	for (uint32_t p = 0; p < r.page_count; p++) {
		struct page_item item;
		uint32_t at = 0;

		for (int i = 0;
		     i < 1000 && page_next(page_at(r.pages, r.page_size, p), r.page_size, &at, &item) == 1;
		     i++)
			if (item.text)
				memcpy(buf, item.text, item.text_length);
	}
	return 0;
}
