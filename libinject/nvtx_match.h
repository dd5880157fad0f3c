/*
 * nvtx_match.h: NVTX ranges whose name and domain match a pattern, followed from their begin to their end.
 * Helper thread only.
 */
#ifndef INJECT_NVTX_MATCH_H
#define INJECT_NVTX_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "wire/page.h"
#include "wire/ranges.h"

#define MATCH_OPEN	 64    /* ranges open at one time */
#define MATCH_REFERENCES 4096u /* texts by number whose verdict is kept */

enum match {
	MATCH_NONE,
	MATCH_BEGIN,
	MATCH_END,
	MATCH_MARK,
};

struct nvtx_matcher {
	const struct pattern *pattern; /* NULL: matches nothing */
	uint32_t count;
	struct {
		uint32_t thread, domain, depth;
		uint64_t range; /* id of a range that is started and ended; 0: pushed and popped */
	} open[MATCH_OPEN];
	uint8_t names[MATCH_REFERENCES], domains[MATCH_REFERENCES]; /* 0: not looked at; 1 no; 2 yes */
};

void nvtx_match_start(struct nvtx_matcher *m, const struct pattern *pattern);
/* *thread: on which the range began, for an end. A range inside a matching one on its thread is part of it.
 */
enum match nvtx_match(struct nvtx_matcher *m, const struct page_item *item, uint32_t *thread);
/* The text of a name, if it is known. */
const char *nvtx_match_text(const struct page_item *item, size_t *length);

#endif
