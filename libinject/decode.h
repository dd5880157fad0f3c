/*
 * decode.h: completed activity buffers into rows. Helper thread only (or whoever took over at exit).
 */
#ifndef INJECT_DECODE_H
#define INJECT_DECODE_H

#include "wire/timeline.h"

/* Read every buffer that is complete. */
void decode_buffers(const struct timeline *timeline);
/* Give back the buffers whose records are all published. */
void decode_release(void);
/* In a forked child: pointers and API names of the parent's ring have other numbers in the next. */
void decode_forget(void);

#endif
