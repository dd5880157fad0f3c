/*
 * facts.c: building permanent records and the chunk around them.
 */
#include "collector/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/chunk_write.h"

#define MAX_VALUE 65536u

void facts_free(struct facts *f)
{
	free(f->bytes);
	memset(f, 0, sizeof(*f));
}

/* Zeroed room for one record of `size` bytes, padding included, or NULL. */
static void *add_record(struct facts *f, size_t size, uint16_t kind)
{
	size_t padded = (size + 7) & ~(size_t)7;
	struct permanent_header *h;

	if (f->capacity - f->used < padded) {
		size_t capacity = (f->capacity + padded) * 2;
		uint8_t *grown = realloc(f->bytes, capacity);

		if (!grown)
			return NULL;
		f->bytes = grown;
		f->capacity = capacity;
	}
	h = memset(f->bytes + f->used, 0, padded);
	h->size = (uint32_t)padded;
	h->kind = kind;
	f->used += padded;
	f->count++;
	return h;
}

void facts_add(struct facts *f, const char *key, const void *value, size_t length)
{
	size_t key_length = strlen(key);
	struct permanent_fact *fact;

	if (length > MAX_VALUE)
		length = MAX_VALUE;
	fact = add_record(f, sizeof(*fact) + key_length + length, PERMANENT_FACT);
	if (!fact)
		return;
	fact->key_length = (uint32_t)key_length;
	fact->value_length = (uint32_t)length;
	memcpy(fact + 1, key, key_length);
	if (length)
		memcpy((char *)(fact + 1) + key_length, value, length);
}

void facts_add_record(struct facts *f, const struct permanent_header *record)
{
	void *added = add_record(f, record->size, record->kind);

	if (added)
		memcpy(added, record, record->size);
}

void facts_format(struct facts *f, const char *key, const char *format, ...)
{
	char *value;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&value, format, args);
	va_end(args);
	if (n < 0)
		return;
	facts_add(f, key, value, (size_t)n);
	free(value);
}

void facts_add_loss(struct facts *f, uint32_t cause, const struct ring_loss *loss)
{
	struct permanent_loss *p = add_record(f, sizeof(*p), PERMANENT_LOSS);

	if (!p)
		return;
	p->cause = cause;
	p->count = loss->count;
	p->first = loss->first;
	p->last = loss->last;
}

void *facts_chunk(const struct facts *f, uint64_t process, uint32_t generation, uint64_t sequence,
		  size_t *size)
{
	struct chunk_origin origin = {.process = process,
				      .sequence = sequence,
				      .generation = generation,
				      .flags = CHUNK_BY_COLLECTOR};
	size_t capacity = chunk_raw_bound(f->used);
	void *chunk;
	ptrdiff_t n;

	if (!f->count)
		return NULL;
	chunk = malloc(capacity);
	if (!chunk)
		return NULL;
	n = chunk_write_raw(EVENT_PERMANENT, f->count, f->bytes, f->used, &origin, chunk, capacity);
	if (n < 0) {
		free(chunk);
		return NULL;
	}
	*size = (size_t)n;
	return chunk;
}
