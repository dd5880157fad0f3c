/*
 * table.h: a report's result, as rows of typed cells that are asked for one after another, and the forms in
 * which it is printed: nsys's column, table, csv, tsv and json.
 */
#ifndef COLLECTOR_TABLE_H
#define COLLECTOR_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_MAX_COLUMNS 32

/* What a column's numbers are, which decides its unit in the header and its decimals. */
enum column_kind {
	COLUMN_TEXT = 0,
	COLUMN_COUNT,	/* integers without a unit */
	COLUMN_PERCENT, /* (%), 1 decimal */
	COLUMN_TIME,	/* (ns), integers */
	COLUMN_TIME_1,	/* (ns), 1 decimal */
	COLUMN_BYTES,	/* (MB), 3 decimals; cells hold bytes */
	COLUMN_RATE,	/* (MB/s), 3 decimals; cells hold bytes a second */
	COLUMN_MS,	/* no unit in the header, 3 decimals; cells hold ns and are shown in ms */
};

struct table_column {
	const char *name; /* without the unit */
	enum column_kind kind;
};

enum cell_type {
	CELL_NONE = 0,
	CELL_INTEGER,
	CELL_UNSIGNED,
	CELL_REAL,
	CELL_TEXT,
};

struct cell {
	enum cell_type type;
	union {
		int64_t integer;
		uint64_t number;
		double real;
		struct {
			const char *text; /* UTF-8; need not be terminated; valid until the next row */
			size_t length;
		};
	};
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	uint64_t rows;
	/* Fill the cells of a row (zeroed before). Rows may be asked for in any order, more than once. */
	void (*row)(void *context, uint64_t index, struct cell *cells);
	void *context;
};

struct table_format {
	const char *name;
	const char *extension;
	/* How the result is laid out in a file: titled and with empty lines around, or the data alone. */
	int titled;
	int (*print)(const struct table *table, FILE *out); /* 0 or -ENOMEM; write errors stay in `out` */
};

/* "column", "table", "csv", "tsv", "json", or NULL. */
const struct table_format *table_format(const char *name);
/* The names, NULL at the end. */
extern const char *const table_format_names[];

/* For the formats. Header with its unit; the cell as text. Both into buf, returning the text. */
const char *table_header(const struct table_column *column, char buf[64]);
const char *table_number(const struct cell *cell, enum column_kind kind, char buf[64]);

static inline void cell_text(struct cell *cell, const char *text, size_t length)
{
	cell->type = CELL_TEXT;
	cell->text = text;
	cell->length = length;
}

static inline void cell_number(struct cell *cell, uint64_t number)
{
	cell->type = CELL_UNSIGNED;
	cell->number = number;
}

static inline void cell_integer(struct cell *cell, int64_t integer)
{
	cell->type = CELL_INTEGER;
	cell->integer = integer;
}

static inline void cell_real(struct cell *cell, double real)
{
	cell->type = CELL_REAL;
	cell->real = real;
}

#endif
