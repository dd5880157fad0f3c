/*
 * table.c: csv, tsv and json, and what all formats share. For people: table_column.c.
 */
#include "collector/table.h"

#include <errno.h>
#include <string.h>

#include "collector/table_column.h"

const char *table_header(const struct table_column *column, char buf[64])
{
	static const char *const units[] = {
		[COLUMN_TEXT] = "",	   [COLUMN_COUNT] = "",	      [COLUMN_PERCENT] = " (%)",
		[COLUMN_TIME] = " (ns)",   [COLUMN_TIME_1] = " (ns)", [COLUMN_BYTES] = " (MB)",
		[COLUMN_RATE] = " (MB/s)", [COLUMN_MS] = "",
	};

	snprintf(buf, 64, "%s%s", column->name, units[column->kind]);
	return buf;
}

/* The decimal digits of n before `end`; returns where they begin. A trace has billions of them. */
static char *digits_before(char *end, uint64_t n)
{
	do
		*--end = (char)('0' + n % 10);
	while (n /= 10);
	return end;
}

/* n / 1e6 with three decimals as printf("%.3f") has it, which rounds what lies in the middle by its bits. */
static const char *mega(uint64_t n, char buf[64])
{
	uint64_t thousands = n / 1000 + (n % 1000 > 500);
	char *at = buf + 63;

	if (n % 1000 == 500 || n >> 52) {
		snprintf(buf, 64, "%.3f", (double)n / 1e6);
		return buf;
	}
	*at = 0;
	for (int i = 0; i < 3; i++) {
		*--at = (char)('0' + thousands % 10);
		thousands /= 10;
	}
	*--at = '.';
	return digits_before(at, thousands);
}

const char *table_number(const struct cell *cell, enum column_kind kind, char buf[64])
{
	bool is_mega = kind == COLUMN_BYTES || kind == COLUMN_RATE || kind == COLUMN_MS;
	char *at = buf + 63;

	if (cell->type == CELL_REAL) {
		snprintf(buf, 64, is_mega ? "%.3f" : "%.1f", is_mega ? cell->real / 1e6 : cell->real);
		return buf;
	}
	if (is_mega && cell->type == CELL_UNSIGNED)
		return mega(cell->number, buf);
	*at = 0;
	if (cell->type == CELL_INTEGER && cell->integer < 0) {
		at = digits_before(at, -(uint64_t)cell->integer);
		*--at = '-';
		return at;
	}
	return digits_before(at, cell->number);
}

static bool must_quote(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r')
			return true;
	return false;
}

/* RFC 4180. (nsys leaves quotes within a field as they are; no reader could take that apart.) */
static void print_csv_text(const char *text, size_t length, FILE *out)
{
	if (!must_quote(text, length)) {
		fwrite_unlocked(text, 1, length, out);
		return;
	}
	putc_unlocked('"', out);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"')
			putc_unlocked('"', out);
		putc_unlocked(text[i], out);
	}
	putc_unlocked('"', out);
}

/* A field ends at a tab or a line's end: these become spaces. */
static void print_tsv_text(const char *text, size_t length, FILE *out)
{
	for (size_t i = 0; i < length; i++)
		putc_unlocked(text[i] == '\t' || text[i] == '\n' || text[i] == '\r' ? ' ' : text[i], out);
}

static int print_separated(const struct table *t, FILE *out, char separator,
			   void (*print_text)(const char *, size_t, FILE *))
{
	struct cell cells[TABLE_MAX_COLUMNS];
	char buf[64];

	for (size_t c = 0; c < t->column_count; c++) {
		const char *header = table_header(&t->columns[c], buf);

		if (c)
			putc_unlocked(separator, out);
		print_text(header, strlen(header), out);
	}
	putc_unlocked('\n', out);
	for (uint64_t r = 0; r < t->rows && !ferror(out); r++) {
		memset(cells, 0, t->column_count * sizeof(*cells));
		t->row(t->context, r, cells);
		for (size_t c = 0; c < t->column_count; c++) {
			if (c)
				putc_unlocked(separator, out);
			if (cells[c].type == CELL_TEXT)
				print_text(cells[c].text, cells[c].length, out);
			else if (cells[c].type != CELL_NONE)
				fputs_unlocked(table_number(&cells[c], t->columns[c].kind, buf), out);
		}
		putc_unlocked('\n', out);
	}
	return 0;
}

static int print_csv(const struct table *t, FILE *out)
{
	return print_separated(t, out, ',', print_csv_text);
}

static int print_tsv(const struct table *t, FILE *out)
{
	return print_separated(t, out, '\t', print_tsv_text);
}

/* Texts are valid UTF-8 already (text.h). */
static void print_json_text(const char *text, size_t length, FILE *out)
{
	putc_unlocked('"', out);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc_unlocked(c, out);
	}
	putc_unlocked('"', out);
}

static int print_json(const struct table *t, FILE *out)
{
	struct cell cells[TABLE_MAX_COLUMNS];
	char buf[64];

	fputs("[\n", out);
	for (uint64_t r = 0; r < t->rows && !ferror(out); r++) {
		memset(cells, 0, t->column_count * sizeof(*cells));
		t->row(t->context, r, cells);
		fputs("  {\n", out);
		for (size_t c = 0; c < t->column_count; c++) {
			const char *header = table_header(&t->columns[c], buf);

			fputs("    ", out);
			print_json_text(header, strlen(header), out);
			fputs(": ", out);
			if (cells[c].type == CELL_TEXT)
				print_json_text(cells[c].text, cells[c].length, out);
			else if (cells[c].type == CELL_NONE)
				fputs("\"\"", out);
			else
				fputs_unlocked(table_number(&cells[c], t->columns[c].kind, buf), out);
			fputs(c + 1 < t->column_count ? ",\n" : "\n", out);
		}
		fputs(r + 1 < t->rows ? "  },\n" : "  }\n", out);
	}
	fputs("]\n", out);
	return 0;
}

static const struct table_format formats[] = {
	{"column", "txt", 1, table_print_column},
	{"table", "txt", 1, table_print_boxed},
	{"csv", "csv", 0, print_csv},
	{"tsv", "tsv", 0, print_tsv},
	{"json", "json", 0, print_json},
};

const char *const table_format_names[] = {"column", "table", "csv", "tsv", "json", NULL};

const struct table_format *table_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(name, formats[i].name))
			return &formats[i];
	return NULL;
}
