/*
 * facts.h: permanent records (cuflight/event.h) that the collector itself writes: facts about the session and
 * about how a process ended, final losses.
 */
#ifndef COLLECTOR_FACTS_H
#define COLLECTOR_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "cuflight/event.h"
#include "cuflight/ring.h"

/* Records being put together. Zeroed at first; what does not fit into memory is left out. */
struct facts {
	uint8_t *bytes;
	size_t used, capacity;
	uint32_t count;
};

void facts_free(struct facts *f);
/* value: any bytes; more than 64 KB are cut. */
void facts_add(struct facts *f, const char *key, const void *value, size_t length);
void facts_format(struct facts *f, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Any other permanent record, its size a multiple of 8. */
void facts_add_record(struct facts *f, const struct permanent_header *record);
void facts_add_loss(struct facts *f, uint32_t cause, const struct ring_loss *loss);

/*
 * The records as a chunk of kind EVENT_PERMANENT of this process (0: the session), in memory of its own, to
 * be freed. NULL: no memory, or nothing to write.
 */
void *facts_chunk(const struct facts *f, uint64_t process, uint32_t generation, uint64_t sequence,
		  size_t *size);

#endif
