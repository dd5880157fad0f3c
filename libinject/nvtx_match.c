/*
 * nvtx_match.c: matching texts once a number, and keeping count of what is open.
 */
#include "libinject/nvtx_match.h"

#include <string.h>

#include "cuflight/event.h"
#include "libinject/nvtx_text.h"

void nvtx_match_start(struct nvtx_matcher *m, const struct pattern *pattern)
{
	memset(m, 0, sizeof(*m));
	m->pattern = pattern;
}

const char *nvtx_match_text(const struct page_item *item, size_t *length)
{
	const struct nvtx_text *t;

	if (item->text) {
		*length = item->text_length;
		return item->text;
	}
	t = item->record.text ? nvtx_text_by_reference(STRING_NVTX_REGISTERED, item->record.text) : NULL;
	*length = t ? t->length : 0;
	return t ? t->bytes : "";
}

static bool domain_matches(struct nvtx_matcher *m, uint32_t domain)
{
	const struct nvtx_text *t;
	uint8_t *known = domain < MATCH_REFERENCES ? &m->domains[domain] : NULL;
	bool yes;

	if (m->pattern->any_domain)
		return true;
	if (known && *known)
		return *known == 2;
	t = domain ? nvtx_text_by_reference(STRING_NVTX_DOMAIN, domain) : NULL;
	yes = glob_matches(m->pattern->domain, t ? t->bytes : "", t ? t->length : 0);
	if (known)
		*known = yes ? 2 : 1;
	return yes;
}

static bool name_matches(struct nvtx_matcher *m, const struct page_item *item)
{
	uint8_t *known =
		!item->text && item->record.text < MATCH_REFERENCES ? &m->names[item->record.text] : NULL;
	const char *text;
	size_t length;
	bool yes;

	if (known && *known)
		return *known == 2;
	text = nvtx_match_text(item, &length);
	yes = glob_matches(m->pattern->glob, text, length);
	if (known)
		*known = yes ? 2 : 1;
	return yes;
}

static bool matches(struct nvtx_matcher *m, const struct page_item *item)
{
	return name_matches(m, item) && domain_matches(m, item->record.domain);
}

static int find_pushed(const struct nvtx_matcher *m, uint32_t thread, uint32_t domain)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (m->open[i].thread == thread && m->open[i].domain == domain && !m->open[i].range)
			return (int)i;
	return -1;
}

static int find_started(const struct nvtx_matcher *m, uint64_t range)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (m->open[i].range == range)
			return (int)i;
	return -1;
}

static enum match begin(struct nvtx_matcher *m, const struct page_item *item, uint32_t thread)
{
	if (!matches(m, item) || m->count == MATCH_OPEN)
		return MATCH_NONE;
	m->open[m->count].thread = thread;
	m->open[m->count].domain = item->record.domain;
	m->open[m->count].depth = 1;
	m->open[m->count].range = item->record.type == NVTX_START ? item->range_id : 0;
	m->count++;
	return MATCH_BEGIN;
}

static enum match end(struct nvtx_matcher *m, int at, uint32_t *thread)
{
	if (at < 0 || --m->open[at].depth)
		return MATCH_NONE;
	*thread = m->open[at].thread;
	m->open[at] = m->open[--m->count];
	return MATCH_END;
}

enum match nvtx_match(struct nvtx_matcher *m, const struct page_item *item, uint32_t *thread)
{
	const struct page_record *r = &item->record;
	int at;

	if (!m->pattern)
		return MATCH_NONE;
	switch (r->type) {
	case NVTX_PUSH:
		at = m->count ? find_pushed(m, *thread, r->domain) : -1;
		if (at < 0)
			return begin(m, item, *thread);
		m->open[at].depth++;
		return MATCH_NONE;
	case NVTX_POP:
		return m->count ? end(m, find_pushed(m, *thread, r->domain), thread) : MATCH_NONE;
	case NVTX_START:
		return begin(m, item, *thread);
	case NVTX_END:
		return m->count ? end(m, find_started(m, item->range_id), thread) : MATCH_NONE;
	case NVTX_MARK:
		return matches(m, item) ? MATCH_MARK : MATCH_NONE;
	default:
		return MATCH_NONE;
	}
}
