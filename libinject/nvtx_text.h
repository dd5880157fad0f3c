/*
 * nvtx_text.h: NVTX domains, registered strings, and names of categories and threads. They are kept in the
 * process for good, outside any ring: handles stay valid in a forked child, whose ring is another.
 *
 * A domain gets its number in the ring (cuflight/event.h: text reference) at once. A registered string gets
 * one when it has proved to be used again and again, from the helper; until then events carry it in full.
 * Programs register a string for every request: those would fill the permanent region and be of no use.
 *
 * Making a handle allocates and may take the lock of names.h: these calls are not the record path.
 */
#ifndef INJECT_NVTX_TEXT_H
#define INJECT_NVTX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "cuflight/event.h"

/* A domain or a registered string: what an nvtxDomainHandle_t or nvtxStringHandle_t points to. */
struct nvtx_text {
	struct nvtx_text *next;
	struct nvtx_text *next_wanted;
	uint32_t reference; /* its number in the ring; 0: none */
	uint32_t uses;	    /* registered strings: events that had to carry it in full */
	uint32_t index;	    /* domains: counts from 1, the default domain is 0 */
	uint16_t class;	    /* enum string_class */
	uint32_t length;
	char bytes[];
};

/* The handle of a text; equal texts of a class have one. NULL: no memory. */
struct nvtx_text *nvtx_text_get(enum string_class class, const char *text);
struct nvtx_text *nvtx_text_get_wide(enum string_class class, const wchar_t *text);
/* The text with this number in the ring, or NULL. Looks at every text: not for each event. */
const struct nvtx_text *nvtx_text_by_reference(enum string_class class, uint32_t reference);
/* An event had to carry this string in full. Record path: no lock. */
void nvtx_text_used(struct nvtx_text *text);
/* Helper: give those that were used often their numbers. */
void nvtx_texts_publish_wanted(void);

/* A category's name (domain NULL: the default one) or a thread's. */
void nvtx_name_category(struct nvtx_text *domain, uint32_t category, const char *name);
void nvtx_name_category_wide(struct nvtx_text *domain, uint32_t category, const wchar_t *name);
void nvtx_name_thread(uint32_t thread, const char *name);
void nvtx_name_thread_wide(uint32_t thread, const wchar_t *name);
/* Did the program name this thread? */
bool nvtx_names_thread(uint32_t thread);

/* Domains and names into the ring just made; and after fork, no number is valid any more. */
void nvtx_texts_publish(void);
void nvtx_texts_forget(void);

/* Bytes of a wide text as UTF-8, no terminator; what is no character counts as U+FFFD. At most `most`. */
size_t utf8_length(const wchar_t *text, size_t most);
/* Write that much of it. */
void utf8_write(char *out, const wchar_t *text, size_t length);

#endif
