/*
 * trace_process.c: permanent records (cuflight/event.h) into tables of a process. Trusts no length in them.
 */
#include "collector/trace_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_BLOCK 65536u
/* A process has a few dozen facts and up to 16 devices; more are not looked for one by one. */
#define MAX_FACTS   4096u
#define MAX_DEVICES 256u

void trace_memory_free(struct trace_memory *m)
{
	while (m) {
		struct trace_memory *next = m->next;

		free(m);
		m = next;
	}
}

/* A copy with a NUL after it, or NULL. */
static const char *keep_text(struct trace *t, const void *text, size_t length)
{
	struct trace_memory *m = t->memory;
	char *copy;

	if (!m || m->size - m->used <= length) {
		size_t size = length + 1 > MEMORY_BLOCK ? length + 1 : MEMORY_BLOCK;

		m = malloc(sizeof(*m) + size);
		if (!m)
			return NULL;
		*m = (struct trace_memory){.next = t->memory, .size = size};
		t->memory = m;
	}
	copy = m->bytes + m->used;
	memcpy(copy, text, length);
	copy[length] = 0;
	m->used += length + 1;
	return copy;
}

/* Room for one more element of `size` bytes at the end of an array, zeroed, or NULL. */
static void *more(void *array_pointer, size_t *count, size_t *capacity, size_t size)
{
	char *array;

	memcpy(&array, array_pointer, sizeof(array)); /* a pointer of any type */
	if (*count == *capacity) {
		size_t grown = *capacity ? *capacity * 2 : 8;

		array = realloc(array, grown * size);
		if (!array)
			return NULL;
		memcpy(array_pointer, &array, sizeof(array));
		*capacity = grown;
	}
	return memset(array + (*count)++ * size, 0, size);
}

#define MORE(p, array, name) more(&(p)->array, &(p)->name##_count, &(p)->name##_capacity, sizeof(*(p)->array))

static int take_string(struct trace *t, struct trace_process *p, const struct permanent_string *s,
		       const char *text)
{
	struct trace_string *string;

	uint64_t index = p->next_string;

	if (p->strings_cut) { /* no name rather than a wrong one */
		p->strings_missing++;
		return 0;
	}
	p->next_string++;
	string = index < p->string_count ? &p->strings[index] : MORE(p, strings, string);
	if (!string)
		return -ENOMEM;
	if (string->text) /* saved once more from a dead process */
		return 0;
	string->length = s->length;
	string->string_class = s->string_class;
	string->text = keep_text(t, text, s->length);
	return string->text ? 0 : -ENOMEM;
}

int trace_process_number_strings(struct trace_process *p, uint64_t first)
{
	if (!first)
		return 0;
	if (first - 1 > p->string_count + p->strings_missing) {
		p->strings_cut = true; /* more are missing than what was damaged had: not to be trusted */
		return 0;
	}
	while (p->string_count < first - 1)
		if (!MORE(p, strings, string))
			return -ENOMEM;
	p->next_string = first - 1;
	p->strings_cut = false;
	p->strings_missing = 0;
	return 0;
}

void trace_process_missing(struct trace_process *p, uint32_t records)
{
	p->strings_cut = true;
	p->strings_missing += records;
}

static int take_fact(struct trace *t, struct trace_process *p, const struct permanent_fact *f,
		     const char *text)
{
	struct trace_fact *fact = NULL;

	for (size_t i = 0; i < p->fact_count && !fact; i++)
		if (p->facts[i].key_length == f->key_length && !memcmp(p->facts[i].key, text, f->key_length))
			fact = &p->facts[i];
	if (!fact && p->fact_count == MAX_FACTS)
		return -EBADMSG;
	if (!fact) {
		fact = MORE(p, facts, fact);
		if (!fact)
			return -ENOMEM;
		fact->key_length = f->key_length;
		fact->key = keep_text(t, text, f->key_length);
	}
	fact->value_length = f->value_length;
	fact->value = keep_text(t, text + f->key_length, f->value_length);
	if (!fact->key || !fact->value)
		return -ENOMEM;
	if (!strcmp(fact->key, "pid"))
		p->pid = (uint32_t)strtoul(fact->value, NULL, 10);
	return 0;
}

static int take_device(struct trace *t, struct trace_process *p, const struct permanent_device *d,
		       const char *text)
{
	struct trace_device *device = NULL;

	for (size_t i = 0; i < p->device_count && !device; i++)
		if (p->devices[i].info.device == d->device)
			device = &p->devices[i];
	if (!device && p->device_count == MAX_DEVICES)
		return -EBADMSG;
	if (!device)
		device = MORE(p, devices, device);
	if (!device)
		return -ENOMEM;
	device->info = *d;
	device->name = keep_text(t, text, d->name_length);
	return device->name ? 0 : -ENOMEM;
}

static int take_context(struct trace_process *p, const struct permanent_context *c)
{
	struct permanent_context *context = MORE(p, contexts, context);

	if (!context)
		return -ENOMEM;
	*context = *c;
	return 0;
}

static int take_stream(struct trace_process *p, const struct permanent_stream *s)
{
	struct permanent_stream *stream = MORE(p, streams, stream);

	if (!stream)
		return -ENOMEM;
	*stream = *s;
	return 0;
}

static int take_thread(struct trace *t, struct trace_process *p, const struct permanent_thread *h,
		       const char *text)
{
	struct trace_thread *thread = MORE(p, threads, thread);

	if (!thread)
		return -ENOMEM;
	thread->thread = h->thread;
	thread->name = keep_text(t, text, h->name_length);
	return thread->name ? 0 : -ENOMEM;
}

static int take_category(struct trace *t, struct trace_process *p, const struct permanent_category *c,
			 const char *text)
{
	struct trace_category *category = MORE(p, categories, category);

	if (!category)
		return -ENOMEM;
	category->domain = c->domain;
	category->category = c->category;
	category->name = keep_text(t, text, c->name_length);
	return category->name ? 0 : -ENOMEM;
}

static void take_loss(struct trace_process *p, const struct permanent_loss *l)
{
	if (!p->losses_final)
		memset(p->losses, 0, sizeof(p->losses));
	p->losses_final = true;
	if (l->cause < LOSS_CAUSES)
		p->losses[l->cause] =
			(struct trace_loss){.count = l->count, .first = l->first, .last = l->last};
}

void trace_process_lost(struct trace_process *p, uint64_t cause, uint64_t count, int64_t first, int64_t last)
{
	struct trace_loss *loss;

	if (p->losses_final || cause >= LOSS_CAUSES)
		return;
	loss = &p->losses[cause];
	if (!loss->count || first < loss->first)
		loss->first = first;
	if (!loss->count || last > loss->last)
		loss->last = last;
	loss->count += count;
}

/* Does a record hold its struct of `fixed` bytes and `text` bytes after it? */
static bool holds(const struct permanent_header *h, size_t fixed, uint64_t text)
{
	return h->size >= fixed && h->size - fixed >= text;
}

/* One record, all of h.size bytes of it at hand, 8-byte aligned. A record too short for its kind is -EBADMSG.
 */
static int take_record(struct trace *t, struct trace_process *p, const struct permanent_header *h)
{
	const union {
		struct permanent_header h;
		struct permanent_string string;
		struct permanent_fact fact;
		struct permanent_device device;
		struct permanent_context context;
		struct permanent_stream stream;
		struct permanent_thread thread;
		struct permanent_loss loss;
		struct permanent_category category;
	} *r = (const void *)h;

#define FIXED(name)	  (h->size >= sizeof(r->name))
#define TEXT(name)	  ((const char *)(&r->name + 1))
#define WHOLE(name, text) (FIXED(name) && holds(h, sizeof(r->name), (text)))
	switch (h->kind) {
	case PERMANENT_STRING:
		return WHOLE(string, r->string.length) ? take_string(t, p, &r->string, TEXT(string))
						       : -EBADMSG;
	case PERMANENT_FACT:
		return WHOLE(fact, (uint64_t)r->fact.key_length + r->fact.value_length)
			       ? take_fact(t, p, &r->fact, TEXT(fact))
			       : -EBADMSG;
	case PERMANENT_DEVICE:
		return WHOLE(device, r->device.name_length) ? take_device(t, p, &r->device, TEXT(device))
							    : -EBADMSG;
	case PERMANENT_CONTEXT:
		return FIXED(context) ? take_context(p, &r->context) : -EBADMSG;
	case PERMANENT_STREAM:
		return FIXED(stream) ? take_stream(p, &r->stream) : -EBADMSG;
	case PERMANENT_THREAD:
		return WHOLE(thread, r->thread.name_length) ? take_thread(t, p, &r->thread, TEXT(thread))
							    : -EBADMSG;
	case PERMANENT_LOSS:
		if (!FIXED(loss))
			return -EBADMSG;
		take_loss(p, &r->loss);
		return 0;
	case PERMANENT_CATEGORY:
		return WHOLE(category, r->category.name_length)
			       ? take_category(t, p, &r->category, TEXT(category))
			       : -EBADMSG;
	default:
		return 0; /* a kind that came later */
	}
#undef FIXED
#undef TEXT
#undef WHOLE
}

int trace_process_take(struct trace *t, struct trace_process *p, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size >= sizeof(struct permanent_header)) {
		const struct permanent_header *h = (const void *)at;
		int err;

		if (h->size < sizeof(*h) || h->size % 8 || h->size > size)
			return -EBADMSG;
		err = take_record(t, p, h);
		if (err)
			return err;
		at += h->size;
		size -= h->size;
	}
	return size ? -EBADMSG : 0;
}

void trace_process_free(struct trace_process *p)
{
	free(p->strings);
	free(p->facts);
	free(p->devices);
	free(p->contexts);
	free(p->streams);
	free(p->threads);
	free(p->categories);
}

const char *trace_fact(const struct trace_process *p, const char *key, size_t *length)
{
	for (size_t i = 0; i < p->fact_count; i++) {
		const struct trace_fact *fact = &p->facts[i];

		if (strcmp(fact->key, key))
			continue;
		if (length)
			*length = fact->value_length;
		return fact->value;
	}
	return NULL;
}

const struct trace_string *trace_string(const struct trace_process *p, uint64_t reference)
{
	return reference && reference <= p->string_count && p->strings[reference - 1].text
		       ? &p->strings[reference - 1]
		       : NULL;
}

const char *trace_process_name(const struct trace_process *p)
{
	const char *name = trace_fact(p, "exe", NULL), *slash;

	if (!name || !*name)
		name = trace_fact(p, "argv", NULL); /* its first word: the rest lies behind a NUL */
	if (!name || !*name)
		return "process";
	slash = strrchr(name, '/');
	return slash && slash[1] ? slash + 1 : name;
}

bool trace_is_simulated(const struct trace *t)
{
	for (uint32_t i = 0; i < t->process_count; i++) {
		const struct trace_process *p = t->processes[i];
		const char *fact = trace_fact(p, "simulated", NULL);

		if (fact && *fact && strcmp(fact, "0"))
			return true;
		for (size_t d = 0; d < p->device_count; d++)
			if (strcasestr(p->devices[d].name, "simulated"))
				return true;
	}
	return false;
}
