/*
 * text.c: a hash table of texts; per process, which number each permanent string has.
 */
#include "collector/text.h"

#include <stdlib.h>
#include <string.h>

#include "collector/demangle.h"
#include "collector/map.h"

#define BLOCK_SIZE 65536u

struct text {
	const char *bytes;
	uint32_t length;
	uint32_t spelled[TEXT_SPELLINGS]; /* number + 1 of a spelling, 0: not asked for yet */
};

struct text_block {
	struct text_block *next;
	size_t used, size;
	char bytes[];
};

/* A process's permanent strings: number + 1 by reference, 0 not asked for yet. */
struct text_references {
	uint32_t *numbers;
	size_t count;
};

struct texts {
	struct text *items;
	uint32_t count, capacity;
	uint32_t *table; /* number + 1, 0 empty; a power of two of them */
	uint32_t table_size;
	struct text_block *blocks;
	struct text_references *processes;
	uint32_t process_count;
};

static uint64_t hash(const char *s, size_t n)
{
	uint64_t h = n;

	for (; n >= 8; s += 8, n -= 8) {
		uint64_t word;

		memcpy(&word, s, 8);
		h = map_mix(h ^ word);
	}
	if (n) {
		uint64_t word = 0;

		memcpy(&word, s, n);
		h = map_mix(h ^ word);
	}
	return h;
}

/* Length of the UTF-8 sequence at s, NUL excepted; 0: there is none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = s[0] < 0x80	  ? s[0] != 0
			: s[0] >> 5 == 6  ? 2
			: s[0] >> 4 == 14 ? 3
			: s[0] >> 3 == 30 ? 4
					  : 0;
	uint32_t c = length > 1 ? s[0] & (0x7f >> length) : 0;

	if (length <= 1)
		return length;
	if (length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < smallest[length] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? 0 : length;
}

/* How long the text is once what is not UTF-8 is spelled out. */
static size_t clean_length(const char *text, size_t n)
{
	size_t clean = 0;

	for (size_t i = 0; i < n;) {
		size_t length = utf8_length((const unsigned char *)text + i, n - i);

		clean += length ? length : 4;
		i += length ? length : 1;
	}
	return clean;
}

static void clean_copy(char *out, const char *text, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n;) {
		size_t length = utf8_length((const unsigned char *)text + i, n - i);

		if (length) {
			memcpy(out, text + i, length);
			out += length;
			i += length;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = digits[(unsigned char)text[i] >> 4];
		*out++ = digits[text[i] & 15];
		i++;
	}
	*out = 0;
}

static char *room(struct texts *t, size_t size)
{
	struct text_block *b = t->blocks;
	char *bytes;

	if (!b || b->size - b->used < size) {
		size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = malloc(sizeof(*b) + capacity);
		if (!b)
			return NULL;
		*b = (struct text_block){.next = t->blocks, .size = capacity};
		t->blocks = b;
	}
	bytes = b->bytes + b->used;
	b->used += size;
	return bytes;
}

static uint32_t *place(const struct texts *t, const char *s, size_t n)
{
	uint32_t at = (uint32_t)hash(s, n) & (t->table_size - 1);

	for (;; at = (at + 1) & (t->table_size - 1)) {
		const struct text *item = t->table[at] ? &t->items[t->table[at] - 1] : NULL;

		if (!item || (item->length == n && !memcmp(item->bytes, s, n)))
			return &t->table[at];
	}
}

static int grow_table(struct texts *t)
{
	uint32_t *old = t->table;

	t->table = calloc(t->table_size * 2, sizeof(*t->table));
	if (!t->table) {
		t->table = old;
		return -1;
	}
	t->table_size *= 2;
	for (uint32_t i = 0; i < t->count; i++)
		*place(t, t->items[i].bytes, t->items[i].length) = i + 1;
	free(old);
	return 0;
}

struct texts *texts_new(void)
{
	struct texts *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->table_size = 1024;
	t->table = calloc(t->table_size, sizeof(*t->table));
	if (!t->table || texts_add(t, "", 0) == TEXT_NONE) {
		texts_free(t);
		return NULL;
	}
	return t;
}

void texts_free(struct texts *t)
{
	if (!t)
		return;
	while (t->blocks) {
		struct text_block *next = t->blocks->next;

		free(t->blocks);
		t->blocks = next;
	}
	for (uint32_t i = 0; i < t->process_count; i++)
		free(t->processes[i].numbers);
	free(t->processes);
	free(t->items);
	free(t->table);
	free(t);
}

/* Add a text that is clean already. */
static uint32_t add_clean(struct texts *t, const char *text, size_t length)
{
	uint32_t *at = place(t, text, length);
	char *copy;

	if (*at)
		return *at - 1;
	if (t->count >= INT32_MAX || (t->count >= t->table_size / 2 && grow_table(t)))
		return TEXT_NONE;
	if (t->count == t->capacity) {
		uint32_t capacity = t->capacity ? t->capacity * 2 : 256;
		struct text *grown = realloc(t->items, capacity * sizeof(*grown));

		if (!grown)
			return TEXT_NONE;
		t->items = grown;
		t->capacity = capacity;
	}
	copy = room(t, length + 1);
	if (!copy)
		return TEXT_NONE;
	memcpy(copy, text, length);
	copy[length] = 0;
	at = place(t, text, length);
	t->items[t->count] = (struct text){.bytes = copy, .length = (uint32_t)length};
	*at = ++t->count;
	return t->count - 1;
}

uint32_t texts_add(struct texts *t, const char *text, size_t length)
{
	size_t clean = clean_length(text, length);
	uint32_t number;
	char *copy;

	if (clean > UINT32_MAX / 2)
		return TEXT_NONE;
	if (clean == length)
		return add_clean(t, text, length);
	copy = malloc(clean + 1);
	if (!copy)
		return TEXT_NONE;
	clean_copy(copy, text, length);
	number = add_clean(t, copy, clean);
	free(copy);
	return number;
}

uint32_t texts_count(const struct texts *t)
{
	return t->count;
}

const char *texts_get(const struct texts *t, uint32_t number, size_t *length)
{
	if (number >= t->count)
		number = 0;
	if (length)
		*length = t->items[number].length;
	return t->items[number].bytes;
}

uint32_t texts_spell(struct texts *t, uint32_t mangled, enum text_spelling spelling)
{
	uint32_t spelled[TEXT_SPELLINGS] = {mangled, mangled, mangled};
	char *full, *base;

	if (mangled >= t->count || spelling == TEXT_MANGLED)
		return mangled;
	if (!t->items[mangled].spelled[spelling]) {
		if (!demangle(t->items[mangled].bytes, &full, &base)) {
			spelled[TEXT_DEMANGLED] = texts_add(t, full, strlen(full));
			spelled[TEXT_BASE] = texts_add(t, base, strlen(base));
			free(full);
			free(base);
		}
		for (int i = 0; i < TEXT_SPELLINGS; i++) {
			if (spelled[i] == TEXT_NONE)
				return TEXT_NONE;
			t->items[mangled].spelled[i] = spelled[i] + 1;
		}
	}
	return t->items[mangled].spelled[spelling] - 1;
}

/* The numbers of a process's permanent strings, made ready, or NULL: no memory. */
static struct text_references *references_of(struct texts *t, const struct trace_process *p)
{
	struct text_references *of;

	if (p->index >= t->process_count) {
		uint32_t count = p->index + 1;
		struct text_references *grown = realloc(t->processes, count * sizeof(*grown));

		if (!grown)
			return NULL;
		memset(grown + t->process_count, 0, (count - t->process_count) * sizeof(*grown));
		t->processes = grown;
		t->process_count = count;
	}
	of = &t->processes[p->index];
	if (!of->numbers) {
		of->numbers = calloc(p->string_count + 1, sizeof(*of->numbers));
		if (!of->numbers)
			return NULL;
		of->count = p->string_count + 1;
	}
	return of;
}

static uint32_t resolve_permanent(struct texts *t, const struct trace_process *p, uint64_t reference)
{
	const struct trace_string *string = trace_string(p, reference);
	struct text_references *of = references_of(t, p);
	uint32_t number = of ? texts_add(t, string->text, string->length) : TEXT_NONE;

	if (number != TEXT_NONE)
		of->numbers[reference] = number + 1;
	return number;
}

uint32_t texts_resolve(struct texts *t, const struct trace_process *p, const struct chunk_decoder *decoder,
		       uint64_t reference)
{
	static const char unknown[] = "[unknown]";
	const char *local;
	size_t length;

	if (!reference)
		return 0;
	if (p->index < t->process_count && reference < t->processes[p->index].count &&
	    t->processes[p->index].numbers[reference])
		return t->processes[p->index].numbers[reference] - 1;
	if (trace_string(p, reference))
		return resolve_permanent(t, p, reference);
	local = reference <= UINT32_MAX ? chunk_decoder_text(decoder, (uint32_t)reference, &length) : NULL;
	return local ? texts_add(t, local, length) : texts_add(t, unknown, sizeof(unknown) - 1);
}
