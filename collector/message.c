/*
 * message.c: messages for people, with nothing in them that a terminal would obey.
 */
#include "collector/message.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/command.h"

/* Length of the UTF-8 sequence of a printable character at s, 0 if there is none. */
static size_t printable_length(const unsigned char *s, size_t n)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	uint32_t c;

	if (!length || length > n)
		return 0;
	if (length == 1)
		return s[0] >= 0x20 && s[0] != 0x7f;
	c = s[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* Overlong, surrogates, beyond Unicode; U+0080..U+009F are control characters too. */
	if (c < smallest[length] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff || c < 0xa0)
		return 0;
	return length;
}

void print_escaped(FILE *out, const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;

	while (n) {
		size_t length = printable_length(s, n);

		if (length) {
			fwrite(s, 1, length, out);
		} else {
			fprintf(out, "\\x%02x", s[0]);
			length = 1;
		}
		s += length;
		n -= length;
	}
}

/* One write to stderr, so that messages of several processes don't mix. */
static void print_message(const char *format, va_list args, const char *tail)
{
	char *text = NULL, *line = NULL;
	size_t length = 0;
	FILE *out;

	if (vasprintf(&text, format, args) < 0)
		return;
	out = open_memstream(&line, &length);
	if (out) {
		fputs("cuflight: ", out);
		print_escaped(out, text, strlen(text));
		fputs(tail, out);
		fputc('\n', out);
		fclose(out);
		fwrite(line, 1, length, stderr);
		fflush(stderr);
	}
	free(line);
	free(text);
}

void message(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(format, args, "");
	va_end(args);
}

int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(format, args, "");
	va_end(args);
	return EXIT_FAILURE;
}

int fail_usage(const char *command, const char *format, ...)
{
	char tail[80];
	va_list args;

	snprintf(tail, sizeof(tail), " (cuflight %s%s--help says more)", command, *command ? " " : "");
	va_start(args, format);
	print_message(format, args, tail);
	va_end(args);
	return EXIT_USAGE;
}

#define NAME_MAX_COMPARED 40

/* Levenshtein's distance of two short words. */
static unsigned int distance(const char *a, const char *b)
{
	size_t n = strlen(b);
	unsigned int row[NAME_MAX_COMPARED + 1];

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned int change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			if (change < row[j])
				row[j] = change;
		}
	}
	return row[n];
}

const char *nearest_name(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned int least = 0;

	if (!*word || strlen(word) > NAME_MAX_COMPARED)
		return NULL;
	for (; *names; names++) {
		unsigned int d;

		if (strlen(*names) > NAME_MAX_COMPARED)
			continue;
		/* A beginning of the name counts as near: "rep" for "report". */
		d = strncmp(*names, word, strlen(word)) ? distance(word, *names) : 1;
		if (!best || d < least) {
			best = *names;
			least = d;
		}
	}
	return best && least <= 1 + strlen(word) / 3 ? best : NULL;
}
