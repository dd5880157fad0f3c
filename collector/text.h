/*
 * text.h: the texts that reports group by and print. Equal texts get the same number, whichever process or
 * chunk they come from; a kernel's name has its spellings.
 *
 * Kept texts are valid UTF-8 without NUL: any other byte became the four characters \xNN, so that different
 * names stay different. One thread at a time.
 */
#ifndef COLLECTOR_TEXT_H
#define COLLECTOR_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "collector/trace_read.h"

#define TEXT_NONE UINT32_MAX /* no memory */

enum text_spelling {
	TEXT_DEMANGLED = 0,
	TEXT_BASE = 1,	  /* the function's own name: nsys's shortName */
	TEXT_MANGLED = 2, /* as recorded */
	TEXT_SPELLINGS = 3,
};

struct texts;

struct texts *texts_new(void); /* NULL: no memory. Number 0 is the empty text. */
void texts_free(struct texts *t);
/* The number of a text, or TEXT_NONE. */
uint32_t texts_add(struct texts *t, const char *text, size_t length);
uint32_t texts_count(const struct texts *t);
/* The text, with a NUL after it. Valid as long as t. */
const char *texts_get(const struct texts *t, uint32_t number, size_t *length);
/* The number of another spelling of a kernel's recorded name, or TEXT_NONE. */
uint32_t texts_spell(struct texts *t, uint32_t mangled, enum text_spelling spelling);

/*
 * The number of the text that a column of p's chunk refers to (cuflight/event.h), or TEXT_NONE. p is not
 * the session; `decoder` holds the chunk. Text that is not there (the permanent region was full, or the file
 * is damaged) is
 * "[unknown]"; reference 0 is the empty text.
 */
uint32_t texts_resolve(struct texts *t, const struct trace_process *p, const struct chunk_decoder *decoder,
		       uint64_t reference);

#endif
