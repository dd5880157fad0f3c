/*
 * ranges.c: parsing and printing the grammar of ranges.h.
 */
#include "wire/ranges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static bool read_number(const char **text, uint64_t *value)
{
	const char *p = *text;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*p - '0'), value))
			return false;
	if (p == *text)
		return false;
	*text = p;
	return true;
}

static int by_first(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void merge(struct ranges *r)
{
	uint32_t kept = 0;

	qsort(r->range, r->count, sizeof(r->range[0]), by_first);
	for (uint32_t i = 1; i < r->count; i++) {
		struct range *last = &r->range[kept];

		if (last->last == UINT64_MAX || r->range[i].first <= last->last + 1) {
			if (r->range[i].last > last->last)
				last->last = r->range[i].last;
		} else {
			r->range[++kept] = r->range[i];
		}
	}
	r->count = kept + 1;
}

/* FIRST, FIRST- or FIRST-LAST. Blanks around a number are accepted, as TensorRT-LLM accepts them. */
static bool read_range(const char **text, struct range *out)
{
	const char *p = skip_blanks(*text);

	if (!read_number(&p, &out->first))
		return false;
	out->last = out->first;
	p = skip_blanks(p);
	if (*p == '-') {
		p = skip_blanks(p + 1);
		out->last = UINT64_MAX;
		if (*p && *p != ',' && !read_number(&p, &out->last))
			return false;
		p = skip_blanks(p);
	}
	*text = p;
	return out->last >= out->first && (!*p || *p == ',');
}

bool ranges_parse(struct ranges *out, const char *text)
{
	out->count = 0;
	for (;;) {
		if (out->count == RANGES_MAX || !read_range(&text, &out->range[out->count]))
			return false;
		out->count++;
		if (!*text)
			break;
		text++;
	}
	merge(out);
	return true;
}

const struct range *ranges_next(const struct ranges *r, uint64_t number)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (number <= r->range[i].last)
			return &r->range[i];
	return NULL;
}

const struct range *ranges_find(const struct ranges *r, uint64_t number)
{
	const struct range *next = ranges_next(r, number);

	return next && number >= next->first ? next : NULL;
}

void range_print(const struct range *r, char *out, size_t size)
{
	if (r->last == UINT64_MAX)
		snprintf(out, size, "%llu-", (unsigned long long)r->first);
	else if (r->last == r->first)
		snprintf(out, size, "%llu", (unsigned long long)r->first);
	else
		snprintf(out, size, "%llu-%llu", (unsigned long long)r->first, (unsigned long long)r->last);
}

void ranges_print(const struct ranges *r, char *out, size_t size)
{
	size_t used = 0;

	if (size)
		out[0] = '\0';
	for (uint32_t i = 0; i < r->count; i++) {
		char one[48];
		size_t n;

		range_print(&r->range[i], one, sizeof(one));
		n = strlen(one);
		if (used + n + (i != 0) + 1 > size)
			return;
		if (i)
			out[used++] = ',';
		memcpy(out + used, one, n + 1);
		used += n;
	}
}

bool glob_matches(const char *glob, const char *text, size_t length)
{
	const char *end = text + length, *star = NULL, *resume = NULL;

	for (;;) {
		if (*glob == '*') {
			star = ++glob;
			resume = text;
			continue;
		}
		if (text == end && !*glob)
			return true;
		if (text < end && *glob) {
			const char *literal = *glob == '\\' && glob[1] ? glob + 1 : glob;

			if (*literal == *text || (*glob == '?' && literal == glob)) {
				glob = literal + 1;
				text++;
				continue;
			}
		}
		/* The last star takes one byte more. */
		if (!star || resume == end)
			return false;
		glob = star;
		text = ++resume;
	}
}

static bool copy(char *out, size_t size, const char *text, size_t length)
{
	if (length >= size)
		return false;
	memcpy(out, text, length);
	out[length] = '\0';
	return true;
}

/* The domain begins after the last @ that is not escaped. */
static bool read_pattern(struct pattern *out, const char *text, size_t length)
{
	size_t at = length;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '@')
			at = i;
	}
	out->any_domain = at == length;
	out->domain[0] = '\0';
	if (at < length && !copy(out->domain, sizeof(out->domain), text + at + 1, length - at - 1))
		return false;
	return at && copy(out->glob, sizeof(out->glob), text, at);
}

static bool starts(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length))
		return false;
	*text += length;
	return true;
}

/* module:Class.method, each a dotted name. */
static bool is_python_method(const char *text)
{
	const char *colon = strchr(text, ':'), *dot;

	if (!colon || colon == text || strchr(colon + 1, ':') || strlen(text) >= PATTERN_MAX)
		return false;
	dot = strchr(colon, '.');
	if (!dot || dot == colon + 1 || !dot[1])
		return false;
	for (const char *p = text; *p; p++) {
		bool word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || *p == '_' || (unsigned char)*p >= 0x80;

		if (!word && *p != '.' && *p != ':')
			return false;
	}
	return true;
}

bool iteration_rule_parse(struct iteration_rule *out, const char *text)
{
	static const char *const words[] = {
		[ITERATION_AUTO] = "auto",
		[ITERATION_GRAPH] = "graph",
		[ITERATION_D2H] = "d2h",
		[ITERATION_MARK] = "mark",
	};

	if (!copy(out->text, sizeof(out->text), text, strlen(text)))
		return false;
	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i] && !strcmp(text, words[i])) {
			out->kind = i;
			return true;
		}
	if (starts(&text, "nvtx:")) {
		out->kind = ITERATION_NVTX;
		return read_pattern(&out->pattern, text, strlen(text));
	}
	out->kind = ITERATION_PYTHON;
	return starts(&text, "python:") && is_python_method(text) &&
	       copy(out->python, sizeof(out->python), text, strlen(text));
}

/* Is `suffix` the end of the text? Then it is cut off. */
static bool cut(const char *text, size_t *length, const char *suffix)
{
	size_t n = strlen(suffix);

	if (*length < n || memcmp(text + *length - n, suffix, n))
		return false;
	*length -= n;
	return true;
}

/* What follows from the end: :repeat, :repeat:N, :stop, :stop-exit. */
static bool read_end(struct capture_rule *out, const char *text, size_t *length)
{
	size_t digits = *length;
	uint64_t windows;
	const char *p;

	out->end = CAPTURE_REPEAT;
	out->windows = 0;
	if (cut(text, length, ":stop-exit") || cut(text, length, ":stop")) {
		out->end = text[*length + 5] ? CAPTURE_STOP_EXIT : CAPTURE_STOP;
		out->windows = 1;
		return true;
	}
	if (cut(text, length, ":repeat"))
		return true;
	while (digits && text[digits - 1] >= '0' && text[digits - 1] <= '9')
		digits--;
	if (digits < 8 || digits == *length || memcmp(text + digits - 8, ":repeat:", 8))
		return true;
	p = text + digits;
	*length = digits - 8;
	if (!read_number(&p, &windows) || !windows || windows > UINT32_MAX)
		return false;
	out->windows = (uint32_t)windows;
	return true;
}

bool capture_rule_parse(struct capture_rule *out, const char *text)
{
	static const struct {
		const char *word;
		uint32_t kind;
		bool ends; /* has windows, and so an end */
	} words[] = {
		{"all", CAPTURE_ALL, false},
		{"cudaProfilerApi", CAPTURE_PROFILER_API, true},
		{"iterations", CAPTURE_ITERATIONS, true},
		{"control", CAPTURE_CONTROL, true},
		{"signal", CAPTURE_SIGNAL, true},
	};
	size_t whole = strlen(text), length = whole;

	if (!read_end(out, text, &length) || !copy(out->text, sizeof(out->text), text, length))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(out->text, words[i].word)) {
			out->kind = words[i].kind;
			return words[i].ends || length == whole;
		}
	out->kind = CAPTURE_NVTX;
	return !strncmp(out->text, "nvtx:", 5) && read_pattern(&out->pattern, text + 5, length - 5);
}

/* 2x, 2.5x (thousandths) or 50ms, 2s (ns). */
static bool read_threshold(const char **text, struct trigger *out, bool factor)
{
	uint64_t whole, part = 0, unit = 100;
	const char *p = *text;

	if (!read_number(&p, &whole))
		return false;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return false;
		for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
			part += unit * (uint64_t)(*p - '0');
	}
	if (whole > 1000000000)
		return false;
	out->value = whole * 1000 + part;
	if (*p == 'x' && factor) {
		out->kind = TRIGGER_ITERATION_TIMES;
		*text = p + 1;
		return out->value > 1000; /* everything is slower than itself */
	}
	out->value *= 1000;
	if (p[0] == 's')
		out->value *= 1000;
	else if (p[0] != 'm' || p[1] != 's')
		return false;
	*text = p + (p[0] == 's' ? 1 : 2);
	return out->value != 0;
}

static bool read_trigger(const char **text, struct trigger *out)
{
	if (starts(text, "exit")) {
		out->kind = TRIGGER_EXIT;
		out->value = 0;
		return true;
	}
	if (starts(text, "iteration>")) {
		out->kind = TRIGGER_ITERATION_NS;
		return read_threshold(text, out, true);
	}
	out->kind = TRIGGER_IDLE_NS;
	return starts(text, "idle>") && read_threshold(text, out, false);
}

bool triggers_parse(struct triggers *out, const char *text)
{
	out->count = 0;
	for (;;) {
		if (out->count == TRIGGERS_MAX || !read_trigger(&text, &out->trigger[out->count]))
			return false;
		out->count++;
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}
