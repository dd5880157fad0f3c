/*
 * progress.h: how far published chunks reach into slots and pages (cuflight/ring.h, "Nothing twice"): said by
 * the helper, asked by whoever reads what a process has left open.
 */
#ifndef WIRE_PROGRESS_H
#define WIRE_PROGRESS_H

#include <stdint.h>

#include "wire/ringbuf.h"

/* ---- producer: the helper thread only ---- */

/* The next chunk put into the ring will hold all rows of this kind up to `position`. */
void progress_promise(struct ring *r, uint32_t kind, uint64_t position);
/* It could not be put: its rows are lost, and counted as that. */
void progress_skip(struct ring *r, uint32_t kind, uint64_t position);
/* The page's records up to `offset` bytes are in the NVTX chunk of this number, from 1, or in earlier ones.
 */
void progress_take(struct ring_page *page, uint32_t chunk, uint32_t offset);

/* ---- reader, of copies ---- */

/* The position of this kind when the header was copied; 0: nothing is published. */
uint64_t progress_position(const struct ring_header *copy, uint32_t kind);
/* From which byte on the page's records are in none of the first `chunks` NVTX chunks. */
uint32_t progress_offset(const struct ring_page *copy, uint64_t chunks);

#endif
