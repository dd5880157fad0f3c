/*
 * config.c: the CUFLIGHT_ variables into numbers, by one table.
 */
#include "wire/config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum variable_type {
	TYPE_COUNT,
	TYPE_SIZE,     /* 512K, 8M; rounded up to whole pages of memory */
	TYPE_DURATION, /* 100ms, 2s; stored in ms */
	TYPE_WORD,     /* one of `words`, stored as its index + 1 */
	TYPE_PATH,
	TYPE_GRAMMAR, /* ranges.h */
};

struct variable {
	const char *name;
	uint16_t offset; /* in struct config */
	uint8_t width;	 /* bytes of the field */
	uint8_t type;
	uint64_t least, most;
	const char *words; /* separated by a blank */
	bool (*parse)(void *field, const char *text);
	const char *example;
};

#define FIELD(f) offsetof(struct config, f), (uint8_t)sizeof(((struct config *)0)->f)
#define NUMBER(name, field, type, least, most, example)                                                      \
	{                                                                                                    \
		name, FIELD(field), type, least, most, NULL, NULL, name "=" example                          \
	}
#define WORDS(name, field, words, example)                                                                   \
	{                                                                                                    \
		name, FIELD(field), TYPE_WORD, 0, 0, words, NULL, name "=" example                           \
	}
#define GRAMMAR(name, field, parse, example)                                                                 \
	{                                                                                                    \
		name, offsetof(struct config, field), 0, TYPE_GRAMMAR, 0, 0, NULL, parse, example            \
	}
#define PATH(name, field, example)                                                                           \
	{                                                                                                    \
		name, offsetof(struct config, field), 0, TYPE_PATH, 0, CONFIG_PATH, NULL, NULL,              \
			name "=" example                                                                     \
	}

#define K *(1ull << 10)
#define M *(1ull << 20)
#define G *(1ull << 30)

static bool parse_ranges(void *field, const char *text)
{
	return ranges_parse(field, text);
}

static bool parse_iteration(void *field, const char *text)
{
	return iteration_rule_parse(field, text);
}

static bool parse_capture(void *field, const char *text)
{
	return capture_rule_parse(field, text);
}

static bool parse_triggers(void *field, const char *text)
{
	return triggers_parse(field, text);
}

#define TLLM_RANGES "TLLM_PROFILE_START_STOP"

/* What stands in for CUFLIGHT_RANGES when that is not set. */
static const struct variable tllm_ranges = GRAMMAR(TLLM_RANGES, ranges, parse_ranges, TLLM_RANGES "=100-150");

static const struct variable variables[] = {
	PATH("CUFLIGHT_DIR", dir, "/run/user/1000/cuflight-1000"),
	PATH("CUFLIGHT_CUPTI", cupti, "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so.13"),
	WORDS("CUFLIGHT_MODE", mode, "drain flight", "flight"),
	WORDS("CUFLIGHT_CLOCK", clock, "tsc cntvct monotonic", "monotonic"),
	WORDS("CUFLIGHT_GATE", gate, "record", "record"),
	GRAMMAR("CUFLIGHT_RANGES", ranges, parse_ranges, "CUFLIGHT_RANGES=100-150,300-350"),
	GRAMMAR("CUFLIGHT_ITERATION", iteration, parse_iteration, "CUFLIGHT_ITERATION=nvtx:iteration *"),
	GRAMMAR("CUFLIGHT_CAPTURE", capture, parse_capture, "CUFLIGHT_CAPTURE=cudaProfilerApi:repeat:2"),
	GRAMMAR("CUFLIGHT_TRIGGER", triggers, parse_triggers, "CUFLIGHT_TRIGGER=iteration>2.0x"),
	NUMBER("CUFLIGHT_DELAY", delay_ms, TYPE_DURATION, 1, 86400000, "30s"),
	NUMBER("CUFLIGHT_DURATION", duration_ms, TYPE_DURATION, 1, 86400000, "10s"),
	NUMBER("CUFLIGHT_SLOTS", slots, TYPE_COUNT, 2, RING_MAX_SLOTS, "8"),
	NUMBER("CUFLIGHT_SLOT_SIZE", slot_size, TYPE_SIZE, 32 K, 16 M, "512K"),
	NUMBER("CUFLIGHT_PAGES", pages, TYPE_COUNT, 2, RING_MAX_PAGES, "192"),
	NUMBER("CUFLIGHT_PAGE_SIZE", page_size, TYPE_SIZE, 8 K, 1 M, "16K"),
	NUMBER("CUFLIGHT_NAMES_SIZE", names_size, TYPE_SIZE, 64 K, 256 M, "1M"),
	NUMBER("CUFLIGHT_RING_SIZE", ring_size, TYPE_SIZE, 256 K, 1 G, "8M"),
	NUMBER("CUFLIGHT_FLUSH", flush_ms, TYPE_DURATION, 10, 10000, "100ms"),
	NUMBER("CUFLIGHT_PUBLISH", publish_ms, TYPE_DURATION, 10, 60000, "200ms"),
	NUMBER("CUFLIGHT_DEVICE_BUFFER_SIZE", device_buffer_size, TYPE_SIZE, 64 K, 1 G, "3200000"),
	NUMBER("CUFLIGHT_DEVICE_BUFFER_LIMIT", device_buffer_limit, TYPE_COUNT, 1, 100000, "250"),
};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static const struct config defaults = {
	.slots = 8,
	.slot_size = 512 K,
	.pages = 192,
	.page_size = 16 K,
	.names_size = 1 M,
	.ring_size = 8 M,
	.flush_ms = 100,
	.publish_ms = 200,
};

const char *config_lookup(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; environment && *environment; environment++)
		if (!strncmp(*environment, name, length) && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

/* Digits at *text, moving it past them. */
static bool read_number(const char **text, uint64_t *value)
{
	const char *p = *text;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, *p - '0', value))
			return false;
	if (p == *text)
		return false;
	*text = p;
	return true;
}

static bool read_size(const char *text, uint64_t *value)
{
	static const char suffixes[] = "kmg";
	const char *suffix;

	if (!read_number(&text, value))
		return false;
	if (*text) {
		suffix = strchr(suffixes, *text | 0x20);
		if (!suffix || text[1] || *value > UINT64_MAX >> 30)
			return false;
		*value <<= 10 * (suffix - suffixes + 1);
	}
	return true;
}

static bool read_duration(const char *text, uint64_t *ms)
{
	if (!read_number(&text, ms))
		return false;
	if (!strcmp(text, "ms"))
		return true;
	return !strcmp(text, "s") && !__builtin_mul_overflow(*ms, 1000, ms);
}

static bool read_word(const char *text, const char *words, uint64_t *value)
{
	size_t length = strlen(text);

	for (*value = 1; *words; (*value)++) {
		size_t n = strcspn(words, " ");

		if (n == length && !memcmp(text, words, n))
			return true;
		words += n + (words[n] == ' ');
	}
	return false;
}

static bool read_value(const struct variable *v, const char *text, uint64_t *value)
{
	switch (v->type) {
	case TYPE_COUNT:
		return read_number(&text, value) && !*text;
	case TYPE_SIZE:
		return read_size(text, value);
	case TYPE_DURATION:
		return read_duration(text, value);
	case TYPE_WORD:
		return read_word(text, v->words, value);
	default:
		return false;
	}
}

static bool is_number(const struct variable *v)
{
	return v->type == TYPE_COUNT || v->type == TYPE_SIZE || v->type == TYPE_DURATION;
}

static bool in_range(const struct variable *v, uint64_t value)
{
	return !is_number(v) || (value >= v->least && value <= v->most);
}

static bool apply(struct config *c, const struct variable *v, const char *text)
{
	uint8_t *field = (uint8_t *)c + v->offset;
	size_t length = strlen(text);
	uint64_t value;

	if (v->type == TYPE_PATH) {
		/* A relative one would mean another place after chdir(). */
		if (text[0] != '/' || length >= v->most)
			return false;
		memcpy(field, text, length + 1);
		return true;
	}
	if (v->type == TYPE_GRAMMAR)
		return v->parse(field, text);
	if (!read_value(v, text, &value) || !in_range(v, value))
		return false;
	if (v->type == TYPE_SIZE)
		value = (value + 4095) & ~4095ull;
	/* Numbers are little-endian on every machine that CUDA runs on. */
	memcpy(field, &value, v->width);
	return true;
}

static void blame(struct config *c, const struct variable *v, const char *text)
{
	if (c->bad.variable)
		return;
	c->bad.variable = v->name;
	c->bad.example = v->example;
	snprintf(c->bad.text, sizeof(c->bad.text), "%s", text);
}

/* TensorRT-LLM's variable counts where ours is not set: the same numbers mean the same there. */
static void settle_ranges(struct config *c, const char *tllm)
{
	c->ranges_given = c->ranges.count != 0;
	if (c->ranges_given || !tllm || !*tllm)
		return;
	c->ranges_foreign = apply(c, &tllm_ranges, tllm);
	if (!c->ranges_foreign)
		blame(c, &tllm_ranges, tllm);
}

void config_read(struct config *c, char *const *environment)
{
	const char *runtime = "/tmp", *tllm = config_lookup(environment, TLLM_RANGES);

	*c = defaults;
	for (; environment && *environment; environment++) {
		const char *entry = *environment;

		if (!strncmp(entry, "XDG_RUNTIME_DIR=/", 17))
			runtime = entry + 16;
		if (strncmp(entry, "CUFLIGHT_", 9))
			continue;
		for (size_t i = 0; i < VARIABLES; i++) {
			const struct variable *v = &variables[i];
			size_t length = strlen(v->name);

			/* Set to nothing is as good as unset. */
			if (strncmp(entry, v->name, length) || entry[length] != '=' || !entry[length + 1])
				continue;
			if (!apply(c, v, entry + length + 1))
				blame(c, v, entry + length + 1);
			break;
		}
	}
	settle_ranges(c, tllm);
	c->dir_given = c->dir[0] != '\0';
	/* The directory in it is named and made when something is recorded. */
	if (!c->dir_given && strlen(runtime) < sizeof(c->dir))
		strcpy(c->dir, runtime);
}

/* ------------------------------------------------------------------------------------- for people */

/* A number as one would write it: 512K, 2s. */
static void show_value(const struct variable *v, uint64_t value, char *out, size_t size)
{
	static const char suffixes[] = "KMG";
	int suffix = -1;

	while (v->type == TYPE_SIZE && suffix < 2 && value && !(value & 1023)) {
		value >>= 10;
		suffix++;
	}
	if (v->type == TYPE_DURATION && value % 1000)
		snprintf(out, size, "%llums", (unsigned long long)value);
	else if (v->type == TYPE_DURATION)
		snprintf(out, size, "%llus", (unsigned long long)value / 1000);
	else
		snprintf(out, size, "%llu%.1s", (unsigned long long)value,
			 suffix < 0 ? "" : suffixes + suffix);
}

static void show_values(const struct variable *v, char *out, size_t size)
{
	char least[24], most[24];
	size_t used = 0;

	*out = '\0';
	if (is_number(v)) {
		show_value(v, v->least, least, sizeof(least));
		show_value(v, v->most, most, sizeof(most));
		snprintf(out, size, "%s to %s", least, most);
	}
	for (const char *w = v->words; w && *w && used < size; w += strcspn(w, " "), w += *w == ' ')
		used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? ", " : "",
					 (int)strcspn(w, " "), w);
}

void config_complaint(const struct config *c, char *out, size_t size)
{
	const struct variable *v = variables;
	char values[64], limit[24];
	uint64_t value;

	while (v < variables + VARIABLES && strcmp(v->name, c->bad.variable))
		v++;
	if (v == variables + VARIABLES)
		v = &tllm_ranges;
	show_values(v, values, sizeof(values));
	if (read_value(v, c->bad.text, &value) && !in_range(v, value)) {
		show_value(v, value < v->least ? v->least : v->most, limit, sizeof(limit));
		snprintf(out, size, "%s=%s is %s %s (%s)", c->bad.variable, c->bad.text,
			 value < v->least ? "below" : "above", limit, values);
	} else {
		snprintf(out, size, "%s=%s is not understood; an example: %s%s%s%s", c->bad.variable,
			 c->bad.text, c->bad.example, *values ? " (" : "", values, *values ? ")" : "");
	}
}

bool config_variable(size_t i, struct config_variable *out)
{
	const struct variable *v = &variables[i];
	uint64_t value = 0;

	if (i >= VARIABLES)
		return false;
	*out = (struct config_variable){.name = v->name, .example = v->example};
	show_values(v, out->values, sizeof(out->values));
	memcpy(&value, (const uint8_t *)&defaults + v->offset, v->width);
	if (is_number(v) && value)
		show_value(v, value, out->standard, sizeof(out->standard));
	return true;
}

void config_ring(const struct config *c, struct ring_config *ring)
{
	*ring = (struct ring_config){
		.slot_count = c->slots,
		.slot_size = c->slot_size,
		.page_count = c->pages,
		.page_size = c->page_size,
		.permanent_size = c->names_size,
		.chunk_size = c->ring_size,
	};
}
