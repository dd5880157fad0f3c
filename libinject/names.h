/*
 * names.h: the ring's permanent region: strings by number, facts, and what else outlives the ring's wrapping.
 *
 * Any thread may add; a lock that is held for a copy and no more serialises them. Not for a record path.
 */
#ifndef INJECT_NAMES_H
#define INJECT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuflight/event.h"

#define NAMES_MAX_TEXT 65535u

/* The first string of every ring: stands for a text that found no room in the permanent region. */
#define TEXT_LOST 1u

/* For the ring just made. 0 or -ENOMEM. */
int names_start(void);
/*
 * The number of a text (cuflight/event.h: text reference), added if it is new. pointer: where it lies in the
 * process, 0 unknown. Longer texts are cut at NAMES_MAX_TEXT. 0: the region is full.
 */
uint32_t names_string(enum string_class class, uint64_t pointer, const char *text, size_t length);
/* Any other permanent record, size a multiple of 8. 0 or -ENOSPC. */
int names_put(const struct permanent_header *record);
/* A record with text behind it: `record` of `size` bytes, then the text. record->size is set here. */
int names_put_text(struct permanent_header *record, size_t size, const char *text, size_t length);
/* A fact about the process. */
void names_fact(const char *key, const void *value, size_t length);
void names_fact_format(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Around fork(); and in the child, where nothing of the parent's ring is left. False: it could not be had in
 * a tenth of a second. A signal handler that forks may have interrupted the very thread that holds it.
 */
bool names_lock_briefly(void);
void names_lock(void);
void names_unlock(void);
void names_forget(void);

/* A 64-bit hash of bytes. */
uint64_t names_hash(const void *bytes, size_t length);

#endif
