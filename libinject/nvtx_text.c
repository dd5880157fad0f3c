/*
 * nvtx_text.c: the texts behind NVTX handles, and names.
 */
#include "libinject/nvtx_text.h"

#include <stdlib.h>
#include <string.h>

#include "libinject/names.h"
#include "libinject/recorder.h"

#define BUCKETS	    1024
#define USES_WANTED 8

/* A name given to a category or a thread. */
struct label {
	struct label *next;
	struct nvtx_text *domain;
	uint32_t kind; /* PERMANENT_CATEGORY, PERMANENT_THREAD, or 0: no longer wanted */
	uint32_t number;
	uint32_t length;
	char bytes[];
};

/* Lists only grow, by compare and swap at their heads: no lock that a fork could leave taken. */
static struct nvtx_text *buckets[BUCKETS];
static struct nvtx_text *wanted; /* strings for the helper to publish */
static struct label *labels;
static uint32_t domains;

static struct nvtx_text *find(struct nvtx_text *t, enum string_class class, const char *text, size_t length)
{
	while (t && (t->class != class || t->length != length || memcmp(t->bytes, text, length)))
		t = t->next;
	return t;
}

static void publish(struct nvtx_text *t)
{
	uint32_t number;

	if (load_relaxed(&t->reference))
		return;
	number = names_string(t->class, (uint64_t)(uintptr_t)t, t->bytes, t->length);
	if (!number && t->class == STRING_NVTX_DOMAIN) {
		number = TEXT_LOST; /* not 0, which is the default domain */
		recorder_lose(LOSS_NAME_FULL, 1);
	}
	store_relaxed(&t->reference, number);
}

static struct nvtx_text *get(enum string_class class, const char *text, size_t length)
{
	struct nvtx_text **head, *t;

	if (length > NAMES_MAX_TEXT)
		length = NAMES_MAX_TEXT;
	head = &buckets[names_hash(text, length) % BUCKETS];
	t = find(load_acquire(head), class, text, length);
	if (!t) {
		t = malloc(sizeof(*t) + length);
		if (!t)
			return NULL;
		*t = (struct nvtx_text){.class = class, .length = (uint32_t)length};
		memcpy(t->bytes, text, length);
		if (class == STRING_NVTX_DOMAIN)
			t->index = __atomic_add_fetch(&domains, 1, __ATOMIC_RELAXED);
		t->next = load_acquire(head);
		while (!__atomic_compare_exchange_n(head, &t->next, t, false, __ATOMIC_RELEASE,
						    __ATOMIC_ACQUIRE))
			;
	}
	/* After it is in the list: whoever makes the ring meanwhile publishes the list. */
	if (class == STRING_NVTX_DOMAIN && recorder_is_on())
		publish(t);
	return t;
}

struct nvtx_text *nvtx_text_get(enum string_class class, const char *text)
{
	return get(class, text ? text : "", text ? strlen(text) : 0);
}

/* As UTF-8, terminated, to be freed; NULL: no text or no memory. */
static char *from_wide(const wchar_t *text)
{
	size_t length = text ? utf8_length(text, NAMES_MAX_TEXT) : 0;
	char *bytes = text ? malloc(length + 1) : NULL;

	if (bytes) {
		utf8_write(bytes, text, length);
		bytes[length] = '\0';
	}
	return bytes;
}

struct nvtx_text *nvtx_text_get_wide(enum string_class class, const wchar_t *text)
{
	char *bytes = from_wide(text);
	struct nvtx_text *t = nvtx_text_get(class, bytes);

	free(bytes);
	return t;
}

const struct nvtx_text *nvtx_text_by_reference(enum string_class class, uint32_t reference)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (const struct nvtx_text *t = load_acquire(&buckets[i]); t; t = t->next)
			if (t->class == class && load_relaxed(&t->reference) == reference)
				return t;
	return NULL;
}

void nvtx_text_used(struct nvtx_text *t)
{
	if (__atomic_fetch_add(&t->uses, 1, __ATOMIC_RELAXED) != USES_WANTED)
		return;
	t->next_wanted = load_relaxed(&wanted);
	while (!__atomic_compare_exchange_n(&wanted, &t->next_wanted, t, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

void nvtx_texts_publish_wanted(void)
{
	struct nvtx_text *t = load_relaxed(&wanted);

	if (!t)
		return;
	/* Partner: nvtx_text_used(). A text is put there once a ring. */
	for (t = __atomic_exchange_n(&wanted, NULL, __ATOMIC_ACQUIRE); t; t = t->next_wanted)
		publish(t);
}

static void publish_label(const struct label *l)
{
	if (l->kind == PERMANENT_CATEGORY) {
		struct permanent_category c = {
			.h.kind = PERMANENT_CATEGORY, .category = l->number, .name_length = l->length};

		if (l->domain) {
			publish(l->domain);
			c.domain = load_relaxed(&l->domain->reference);
		}
		names_put_text(&c.h, sizeof(c), l->bytes, l->length);
	} else if (l->kind == PERMANENT_THREAD) {
		struct permanent_thread t = {
			.h.kind = PERMANENT_THREAD, .thread = l->number, .name_length = l->length};

		names_put_text(&t.h, sizeof(t), l->bytes, l->length);
	}
}

static void add_label(uint32_t kind, struct nvtx_text *domain, uint32_t number, const char *name)
{
	size_t length = name ? strnlen(name, NAMES_MAX_TEXT) : 0;
	struct label *l;

	if (!length)
		return;
	for (l = load_acquire(&labels); l; l = l->next)
		if (l->kind == kind && l->domain == domain && l->number == number && l->length == length &&
		    !memcmp(l->bytes, name, length))
			return;
	l = malloc(sizeof(*l) + length);
	if (!l)
		return;
	*l = (struct label){.kind = kind, .domain = domain, .number = number, .length = (uint32_t)length};
	memcpy(l->bytes, name, length);
	l->next = load_acquire(&labels);
	while (!__atomic_compare_exchange_n(&labels, &l->next, l, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
		;
	/* As above; twice does no harm. */
	if (recorder_is_on())
		publish_label(l);
}

void nvtx_name_category(struct nvtx_text *domain, uint32_t category, const char *name)
{
	add_label(PERMANENT_CATEGORY, domain, category, name);
}

void nvtx_name_thread(uint32_t thread, const char *name)
{
	add_label(PERMANENT_THREAD, NULL, thread, name);
}

void nvtx_name_category_wide(struct nvtx_text *domain, uint32_t category, const wchar_t *name)
{
	char *bytes = from_wide(name);

	nvtx_name_category(domain, category, bytes);
	free(bytes);
}

void nvtx_name_thread_wide(uint32_t thread, const wchar_t *name)
{
	char *bytes = from_wide(name);

	nvtx_name_thread(thread, bytes);
	free(bytes);
}

bool nvtx_names_thread(uint32_t thread)
{
	for (const struct label *l = load_acquire(&labels); l; l = l->next)
		if (l->kind == PERMANENT_THREAD && l->number == thread)
			return true;
	return false;
}

void nvtx_texts_publish(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct nvtx_text *t = load_acquire(&buckets[i]); t; t = t->next)
			if (t->class == STRING_NVTX_DOMAIN)
				publish(t);
	for (struct label *l = load_acquire(&labels); l; l = l->next)
		publish_label(l);
}

void nvtx_texts_forget(void)
{
	wanted = NULL;
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct nvtx_text *t = buckets[i]; t; t = t->next)
			t->reference = t->uses = 0;
	/* Threads do not outlive a fork. */
	for (struct label *l = labels; l; l = l->next)
		if (l->kind == PERMANENT_THREAD)
			l->kind = 0;
}

/* One character as UTF-8; returns its bytes. */
static size_t encode(uint32_t c, char out[4])
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

size_t utf8_length(const wchar_t *text, size_t most)
{
	size_t length = 0, n;
	char bytes[4];

	for (; *text; text++, length += n) {
		n = encode((uint32_t)*text, bytes);
		if (n > most - length)
			break;
	}
	return length;
}

void utf8_write(char *out, const wchar_t *text, size_t length)
{
	char bytes[4];
	size_t n;

	/* The text may be another than it was when its length was taken: neither overrun nor leave a gap. */
	for (; length && *text; text++, out += n, length -= n) {
		n = encode((uint32_t)*text, bytes);
		if (n > length)
			break;
		memcpy(out, bytes, n);
	}
	memset(out, '?', length);
}
