/*
 * writers.h: rows into chunks, and chunks into the ring. Helper thread only (or whoever took over from it at
 * exit).
 */
#ifndef INJECT_WRITERS_H
#define INJECT_WRITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/schema.h"

/* One row. step: its times may be off, a clock was set. */
void writers_add(uint16_t kind, const uint64_t *row, bool step);
/* The same with the text of one field given in full: row[field] is set here. */
void writers_add_text(uint16_t kind, uint64_t *row, int field, const char *text, size_t length, bool step);
/* Rows from here on come from this position of the slots (ring.h, "Nothing twice"). */
void writers_at(uint64_t position);
/* Up to which position of the slots all rows are published. */
uint64_t writers_oldest(void);
/* The number of the NVTX chunk that is being filled, from 1; all before it are published or given up. */
uint32_t writers_nvtx_chunk(void);
/* Seal and publish what is old enough; all: everything. */
void writers_publish(bool all);
/* In a forked child: the parent's open chunks are not ours. */
void writers_forget(void);

#endif
