/*
 * table_column.c: tables in columns of text, laid out as nsys does: as wide as the header and the first 100
 * rows need, at most 100 characters; what is longer is cut and marked. Numbers carry the locale's thousands
 * separators. Control characters are shown as \xNN: names come from the recorded program, and a terminal
 * would obey them.
 */
#include "collector/table_column.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define MEASURED_ROWS 100
#define MAX_WIDTH     100

struct layout {
	size_t widths[TABLE_MAX_COLUMNS];
	char separator[8]; /* of thousands, empty in the C locale */
	bool boxed;
};

/* A cell or header as it will stand there: `length` bytes that take `width` places. */
struct shown {
	char *text;
	size_t capacity, length, width;
};

static int shown_room(struct shown *s, size_t more)
{
	size_t capacity = s->length + more + 1;
	char *grown;

	if (capacity <= s->capacity)
		return 0;
	grown = realloc(s->text, capacity * 2);
	if (!grown)
		return -ENOMEM;
	s->text = grown;
	s->capacity = capacity * 2;
	return 0;
}

/* At most limit characters of text, and a mark if there are more. */
static int show_text(struct shown *s, const char *text, size_t length, size_t limit)
{
	size_t cut_length = 0;

	s->length = s->width = 0;
	for (size_t i = 0; i < length;) {
		unsigned char c = (unsigned char)text[i];
		bool control = c < 0x20 || c == 0x7f ||
			       (c == 0xc2 && i + 1 < length && (text[i + 1] & 0xe0) == 0x80);
		size_t bytes = 1;

		while (!control && i + bytes < length && (text[i + bytes] & 0xc0) == 0x80)
			bytes++;
		if (shown_room(s, 16))
			return -ENOMEM;
		if (s->width < limit)
			cut_length = s->length; /* where the last place begins */
		if (s->width + (control ? 4 : 1) > limit) {
			s->length = cut_length;
			memcpy(s->text + s->length, "\xe2\x80\xa6", 3); /* … */
			s->length += 3;
			s->width = limit;
			return 0;
		}
		if (control) {
			s->length += (size_t)sprintf(s->text + s->length, "\\x%02x", c);
			s->width += 4;
		} else {
			memcpy(s->text + s->length, text + i, bytes < 8 ? bytes : 8);
			s->length += bytes < 8 ? bytes : 8;
			s->width++;
		}
		i += bytes;
	}
	return 0;
}

/* The number with separators between groups of three digits. */
static void group_digits(const char *number, const char *separator, char *out, size_t size)
{
	size_t digits = strspn(number + (*number == '-'), "0123456789"), used = 0;

	if (*number == '-')
		out[used++] = *number++;
	for (size_t i = 0; number[i] && used + 8 < size; i++) {
		if (i && i < digits && (digits - i) % 3 == 0)
			used += (size_t)snprintf(out + used, size - used, "%s", separator);
		out[used++] = number[i];
	}
	out[used] = 0;
}

static int show_cell(struct shown *s, const struct layout *l, const struct cell *cell, enum column_kind kind,
		     size_t limit)
{
	char plain[64], grouped[160] = "";

	if (cell->type == CELL_NONE)
		return show_text(s, "", 0, limit);
	if (cell->type == CELL_TEXT)
		return show_text(s, cell->text, cell->length, limit);
	group_digits(table_number(cell, kind, plain), l->separator, grouped, sizeof(grouped));
	return show_text(s, grouped, strlen(grouped), limit);
}

static int measure(const struct table *t, struct layout *l, struct shown *s)
{
	struct cell cells[TABLE_MAX_COLUMNS];
	char header[64];
	int err = 0;

	for (size_t c = 0; c < t->column_count; c++)
		l->widths[c] = strlen(table_header(&t->columns[c], header));
	for (uint64_t r = 0; r < t->rows && r < MEASURED_ROWS; r++) {
		memset(cells, 0, t->column_count * sizeof(*cells));
		t->row(t->context, r, cells);
		for (size_t c = 0; c < t->column_count && !err; c++) {
			err = show_cell(s, l, &cells[c], t->columns[c].kind, MAX_WIDTH);
			if (s->width > l->widths[c])
				l->widths[c] = s->width;
		}
	}
	return err;
}

static void pad(FILE *out, size_t n, char c)
{
	while (n--)
		fputc(c, out);
}

static void print_rule(const struct table *t, const struct layout *l, FILE *out)
{
	if (l->boxed)
		fputc('+', out);
	for (size_t c = 0; c < t->column_count; c++) {
		if (l->boxed) {
			pad(out, l->widths[c] + 2, '-');
			fputc('+', out);
		} else {
			fputs(c ? "  " : " ", out);
			pad(out, l->widths[c], '-');
		}
	}
	fputc('\n', out);
}

static void print_field(const struct layout *l, FILE *out, size_t column, const char *text, size_t length,
			size_t left, size_t right)
{
	fputs(l->boxed ? column ? " | " : "| " : column ? "  " : " ", out);
	pad(out, left, ' ');
	fwrite(text, 1, length, out);
	pad(out, right, ' ');
}

static void print_header(const struct table *t, const struct layout *l, FILE *out)
{
	char header[64];

	if (l->boxed)
		print_rule(t, l, out);
	for (size_t c = 0; c < t->column_count; c++) {
		size_t length = strlen(table_header(&t->columns[c], header));
		size_t spare = l->widths[c] - length;

		print_field(l, out, c, header, length, spare / 2, spare - spare / 2);
	}
	fputs(l->boxed ? " |\n" : "\n", out);
	print_rule(t, l, out);
}

static int print_rows(const struct table *t, const struct layout *l, struct shown *s, FILE *out)
{
	struct cell cells[TABLE_MAX_COLUMNS];
	int err = 0;

	for (uint64_t r = 0; r < t->rows && !err && !ferror(out); r++) {
		memset(cells, 0, t->column_count * sizeof(*cells));
		t->row(t->context, r, cells);
		for (size_t c = 0; c < t->column_count && !err; c++) {
			bool text = t->columns[c].kind == COLUMN_TEXT;
			size_t spare;

			err = show_cell(s, l, &cells[c], t->columns[c].kind, l->widths[c]);
			spare = l->widths[c] - s->width;
			print_field(l, out, c, s->text, s->length, text ? 0 : spare, text ? spare : 0);
		}
		fputs(l->boxed ? " |\n" : "\n", out);
	}
	return err;
}

static int print_laid_out(const struct table *t, bool boxed, FILE *out)
{
	struct layout l = {.boxed = boxed};
	struct shown s = {.text = NULL};
	locale_t locale = newlocale(LC_NUMERIC_MASK, "", (locale_t)0);
	int err = shown_room(&s, 64);

	if (locale) {
		snprintf(l.separator, sizeof(l.separator), "%s", nl_langinfo_l(THOUSEP, locale));
		freelocale(locale);
	}
	if (!err)
		err = measure(t, &l, &s);
	if (!err) {
		print_header(t, &l, out);
		err = print_rows(t, &l, &s, out);
		if (boxed)
			print_rule(t, &l, out);
	}
	free(s.text);
	return err;
}

int table_print_column(const struct table *table, FILE *out)
{
	return print_laid_out(table, false, out);
}

int table_print_boxed(const struct table *table, FILE *out)
{
	return print_laid_out(table, true, out);
}
