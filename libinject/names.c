/*
 * names.c: permanent records, and the table that finds a text's number.
 */
#include "libinject/names.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "libinject/recorder.h"

/* Bytes of region for each entry of the table: what a short name takes. */
#define REGION_PER_ENTRY 64

struct name {
	uint32_t hash;
	uint32_t number; /* 0: empty entry */
	uint32_t offset; /* of its record in the permanent region */
};

/* Only the lock's holder touches what follows. No heap: a lock that is taken around fork() must not be
   held by a thread that waits for the allocator's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct name *table;
static uint32_t table_size, strings;
static uint8_t scratch[(sizeof(struct permanent_device) + NAMES_MAX_TEXT + 7) & ~7u]
	__attribute__((aligned(8)));

int names_start(void)
{
	static const char lost[] = "[name lost: name table full]";
	uint32_t size = 1024;
	void *memory;

	while (size < recorder.ring.permanent_size / REGION_PER_ENTRY)
		size *= 2;
	memory =
		mmap(NULL, size * sizeof(*table), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	table = memory;
	table_size = size;
	strings = 0;
	return names_string(STRING_OTHER, 0, lost, strlen(lost)) == TEXT_LOST ? 0 : -ENOMEM;
}

uint64_t names_hash(const void *bytes, size_t length)
{
	const uint8_t *p = bytes;
	uint64_t h = length * 0x9e3779b97f4a7c15u, word;

	for (; length >= sizeof(word); length -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, p, length);
	h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 29;
}

void names_lock(void)
{
	pthread_mutex_lock(&lock);
}

bool names_lock_briefly(void)
{
	const struct timespec millisecond = {.tv_nsec = 1000000};

	/* Absent: an old glibc without libpthread, where there is one thread. */
	for (int i = 0; pthread_mutex_trylock && i < 100; i++) {
		if (!pthread_mutex_trylock(&lock))
			return true;
		nanosleep(&millisecond, NULL);
	}
	return false;
}

void names_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void names_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	if (table)
		munmap(table, table_size * sizeof(*table));
	table = NULL;
	table_size = strings = 0;
}

/* Put the record together and publish it. Lock held. */
static int put(struct permanent_header *record, size_t size, const char *text, size_t length)
{
	size_t total = (size + length + 7) & ~(size_t)7;

	if (total > sizeof(scratch))
		return -ENOSPC;
	record->size = (uint32_t)total;
	memcpy(scratch, record, size);
	if (length)
		memcpy(scratch + size, text, length);
	memset(scratch + size + length, 0, total - size - length);
	return ring_put_permanent(&recorder.ring, scratch, total);
}

int names_put_text(struct permanent_header *record, size_t size, const char *text, size_t length)
{
	int err;

	names_lock();
	err = table ? put(record, size, text, length) : -ENOSPC;
	names_unlock();
	return err;
}

int names_put(const struct permanent_header *record)
{
	int err;

	names_lock();
	err = table ? ring_put_permanent(&recorder.ring, record, record->size) : -ENOSPC;
	names_unlock();
	return err;
}

static bool same(const struct name *n, enum string_class class, const char *text, size_t length)
{
	const struct permanent_string *s = (const void *)(recorder.ring.permanent + n->offset);

	return s->string_class == class && s->length == length && !memcmp(s + 1, text, length);
}

/* Lock held. The entry with this text, or the empty one where it belongs: a quarter of them stay empty. */
static struct name *find(enum string_class class, uint32_t hash, const char *text, size_t length)
{
	uint32_t at = hash;

	for (;; at++) {
		struct name *n = &table[at & (table_size - 1)];

		if (!n->number || (n->hash == hash && same(n, class, text, length)))
			return n;
	}
}

/* Registered strings can be given in full by every event: half of the room is for names that cannot. */
static bool has_room(enum string_class class)
{
	if (class == STRING_NVTX_REGISTERED)
		return strings < table_size / 3 &&
		       recorder.ring.permanent_used < recorder.ring.permanent_size / 2;
	return strings < table_size - table_size / 4;
}

uint32_t names_string(enum string_class class, uint64_t pointer, const char *text, size_t length)
{
	struct permanent_string record = {
		.h.kind = PERMANENT_STRING, .pointer = pointer, .string_class = class};
	uint32_t number = 0;
	uint64_t offset;
	struct name *n;

	if (length > NAMES_MAX_TEXT)
		length = NAMES_MAX_TEXT;
	record.length = (uint32_t)length;
	names_lock();
	n = table ? find(class, (uint32_t)names_hash(text, length), text, length) : NULL;
	if (n && !n->number && has_room(class)) {
		offset = recorder.ring.permanent_used;
		if (!put(&record.h, sizeof(record), text, length)) {
			n->hash = (uint32_t)names_hash(text, length);
			n->offset = (uint32_t)offset;
			n->number = ++strings;
		}
	}
	if (n)
		number = n->number;
	names_unlock();
	return number;
}

void names_fact(const char *key, const void *value, size_t length)
{
	struct permanent_fact fact = {.h.kind = PERMANENT_FACT, .key_length = (uint32_t)strlen(key)};
	char text[2048];

	if (length > sizeof(text) - fact.key_length)
		length = sizeof(text) - fact.key_length;
	fact.value_length = (uint32_t)length;
	memcpy(text, key, fact.key_length);
	memcpy(text + fact.key_length, value, length);
	names_put_text(&fact.h, sizeof(fact), text, fact.key_length + length);
}

void names_fact_format(const char *key, const char *format, ...)
{
	char value[1024];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	if (n >= 0)
		names_fact(key, value, (size_t)n < sizeof(value) ? (size_t)n : sizeof(value) - 1);
}
