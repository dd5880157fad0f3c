/*
 * salvage.h: what a process has in its slots and pages and in no published chunk yet, as rows: of a dead
 * process, of one that hangs, or of one that goes on (for a dump). Works on a copy of the shared memory,
 * which nobody changes meanwhile; cuflight/ring.h, "Nothing twice", says why it yields each record once.
 */
#ifndef WIRE_SALVAGE_H
#define WIRE_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cupti_record.h"
#include "wire/ringbuf.h"

/* A copy of all but the chunks. */
struct salvage {
	struct ring_header header;
	uint8_t *permanent, *pages, *slots; /* one allocation, `permanent` its start */
	uint64_t permanent_size;
	uint32_t page_count, page_size, slot_count, slot_size;
};

/* Room for a copy of what this ring has. NULL: no memory. */
struct salvage *salvage_new(const struct ring *r);
void salvage_free(struct salvage *s);

/* Copy. Nothing but reads of the ring; may be left in the middle (SIGBUS), the copy is of no use then. */
void salvage_copy(struct salvage *s, const struct ring *r);

/*
 * Of a process that goes on: did the helper publish anything while the copy was made? Then it may lack what
 * was published and given up in between, and is to be made again.
 */
bool salvage_is_torn(const struct salvage *s, const struct ring *r);

struct salvage_sink {
	void *context;
	/* A row. text: what its field `text_field` names, which is 0 in the row; NULL: no text */
	void (*row)(void *context, uint16_t kind, uint64_t *row, int text_field, const char *text,
		    size_t length, bool step);
	/* A device (without its name), context or stream that may not have been told before. */
	void (*fact)(void *context, const struct permanent_header *record);
	/* Records that gave no row, or one without its name. */
	void (*lose)(void *context, enum loss_cause cause, uint64_t count);
};

/* Yield everything that no published chunk holds. 0 or -ENOMEM: nothing was yielded. */
int salvage_run(const struct salvage *s, const struct salvage_sink *sink);

#endif
