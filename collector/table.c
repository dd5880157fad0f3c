/*
 * table.c: csv, tsv and json, and what all formats share. For people: table_column.c.
 */
#include "collector/table.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "collector/table_column.h"

const char *table_header(const struct table_column *column, char buf[64])
{
	static const char *const units[] = {
		[COLUMN_TEXT] = "",	   [COLUMN_COUNT] = "",	      [COLUMN_PERCENT] = " (%)",
		[COLUMN_TIME] = " (ns)",   [COLUMN_TIME_1] = " (ns)", [COLUMN_BYTES] = " (MB)",
		[COLUMN_RATE] = " (MB/s)",
	};

	snprintf(buf, 64, "%s%s", column->name, units[column->kind]);
	return buf;
}

const char *table_number(const struct cell *cell, enum column_kind kind, char buf[64])
{
	bool mega = kind == COLUMN_BYTES || kind == COLUMN_RATE;
	double real = cell->type == CELL_REAL	   ? cell->real
		      : cell->type == CELL_INTEGER ? (double)cell->integer
						   : (double)cell->number;

	if (mega)
		snprintf(buf, 64, "%.3f", real / 1e6);
	else if (cell->type == CELL_REAL)
		snprintf(buf, 64, "%.1f", real);
	else if (cell->type == CELL_INTEGER)
		snprintf(buf, 64, "%" PRId64, cell->integer);
	else
		snprintf(buf, 64, "%" PRIu64, cell->number);
	return buf;
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
		fwrite(text, 1, length, out);
		return;
	}
	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"')
			fputc('"', out);
		fputc(text[i], out);
	}
	fputc('"', out);
}

/* A field ends at a tab or a line's end: these become spaces. */
static void print_tsv_text(const char *text, size_t length, FILE *out)
{
	for (size_t i = 0; i < length; i++)
		fputc(text[i] == '\t' || text[i] == '\n' || text[i] == '\r' ? ' ' : text[i], out);
}

static int print_separated(const struct table *t, FILE *out, char separator,
			   void (*print_text)(const char *, size_t, FILE *))
{
	struct cell cells[TABLE_MAX_COLUMNS];
	char buf[64];

	for (size_t c = 0; c < t->column_count; c++) {
		const char *header = table_header(&t->columns[c], buf);

		if (c)
			fputc(separator, out);
		print_text(header, strlen(header), out);
	}
	fputc('\n', out);
	for (uint64_t r = 0; r < t->rows && !ferror(out); r++) {
		memset(cells, 0, t->column_count * sizeof(*cells));
		t->row(t->context, r, cells);
		for (size_t c = 0; c < t->column_count; c++) {
			if (c)
				fputc(separator, out);
			if (cells[c].type == CELL_TEXT)
				print_text(cells[c].text, cells[c].length, out);
			else if (cells[c].type != CELL_NONE)
				fputs(table_number(&cells[c], t->columns[c].kind, buf), out);
		}
		fputc('\n', out);
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
	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
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
				fputs(table_number(&cells[c], t->columns[c].kind, buf), out);
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
