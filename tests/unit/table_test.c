/*
 * table_test.c: every form prints what it should, to the byte: nsys's layout of columns and boxes, CSV that
 * other programs read back, valid JSON; names that would break them or the terminal; numbers rounded as nsys
 * rounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collector/table.h"

struct line {
	double share;
	uint64_t total;
	const char *name;
};

static void row(void *context, uint64_t index, struct cell *cells)
{
	const struct line *line = (const struct line *)context + index;

	cell_real(&cells[0], line->share);
	cell_number(&cells[1], line->total);
	if (line->name)
		cell_text(&cells[2], line->name, strlen(line->name));
}

static const struct table_column columns[] = {
	{"Time", COLUMN_PERCENT}, {"Total", COLUMN_BYTES}, {"Name", COLUMN_TEXT}};

static char *print(const char *format, struct line *lines, uint64_t count)
{
	struct table t = {.columns = columns, .column_count = 3, .rows = count, .row = row, .context = lines};
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(table_format(format)->print(&t, out), 0);
	fclose(out);
	return text;
}

static void assert_printed(const char *format, struct line *lines, uint64_t count, const char *expected)
{
	char *text = print(format, lines, count);

	assert_string_equal(text, expected);
	free(text);
}

static void test_forms(void **state)
{
	struct line lines[] = {{75.04, 1234567890, "one"}, {25, 500, "a, \"b\"\nc\td\\"}, {0, 0, NULL}};

	(void)state;
	assert_printed("csv", lines, 3,
		       "Time (%),Total (MB),Name\n75.0,1234.568,one\n25.0,0.001,\"a, "
		       "\"\"b\"\"\nc\td\\\"\n0.0,0.000,\n");
	assert_printed("tsv", lines, 3,
		       "Time (%)\tTotal (MB)\tName\n75.0\t1234.568\tone\n25.0\t0.001\ta, \"b\" c "
		       "d\\\n0.0\t0.000\t\n");
	assert_printed(
		"json", lines, 3,
		"[\n  {\n    \"Time (%)\": 75.0,\n    \"Total (MB)\": 1234.568,\n    \"Name\": \"one\"\n  "
		"},\n"
		"  {\n    \"Time (%)\": 25.0,\n    \"Total (MB)\": 0.001,\n    \"Name\": \"a, "
		"\\\"b\\\"\\u000ac\\u0009d\\\\\"\n  },\n"
		"  {\n    \"Time (%)\": 0.0,\n    \"Total (MB)\": 0.000,\n    \"Name\": \"\"\n  }\n]\n");
	assert_printed("column", lines, 3,
		       " Time (%)  Total (MB)        Name       \n"
		       " --------  ----------  -----------------\n"
		       "     75.0    1234.568  one              \n"
		       "     25.0       0.001  a, \"b\"\\x0ac\\x09d\\\n"
		       "      0.0       0.000                   \n");
	assert_printed("table", lines, 1,
		       "+----------+------------+------+\n"
		       "| Time (%) | Total (MB) | Name |\n"
		       "+----------+------------+------+\n"
		       "|     75.0 |   1234.568 | one  |\n"
		       "+----------+------------+------+\n");
}

static void test_empty(void **state)
{
	(void)state;
	assert_printed("csv", NULL, 0, "Time (%),Total (MB),Name\n");
	assert_printed("json", NULL, 0, "[\n]\n");
	assert_printed("column", NULL, 0,
		       " Time (%)  Total (MB)  Name\n"
		       " --------  ----------  ----\n");
	assert_null(table_format("yaml"));
}

/* Wider than 100 characters: cut, and the cut is marked; characters are counted, not bytes. */
static void test_width(void **state)
{
	char wide[301] = "", expected[200] = "";
	struct line line = {1, 1, wide};
	char *text, *last;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(wide, "\xc3\xa9");
	text = print("column", &line, 1);
	assert_non_null(strstr(text, wide));
	free(text);
	strcat(wide, "xy");
	text = print("column", &line, 1);
	assert_null(strstr(text, wide));
	for (int i = 0; i < 99; i++)
		strcat(expected, "\xc3\xa9");
	last = strstr(text, "\xc3\xa9");
	assert_non_null(last);
	assert_memory_equal(last, expected, 198);
	assert_string_equal(last + 198, "\xe2\x80\xa6\n");
	free(text);
	/* A terminal's escape sequence is shown, not obeyed; also one in UTF-8's second page of controls. */
	line.name = "\x1b[31m\xc2\x9b";
	text = print("column", &line, 1);
	assert_null(strchr(text, 0x1b));
	assert_null(strstr(text, "\xc2\x9b"));
	assert_non_null(strstr(text, "\\x1b[31m"));
	free(text);
}

static void test_numbers(void **state)
{
	static const uint64_t edges[] = {0,    1,    499,  500,	   501,	   999,	   1000,    1499,      1500,
					 2500, 4500, 8500, 999499, 999500, 999999, 1000000, UINT64_MAX};
	char expected[64], buf[64];
	struct cell cell;

	(void)state;
	for (size_t i = 0; i < 20000 + sizeof(edges) / sizeof(edges[0]); i++) {
		uint64_t n = i < 20000 ? i * i * 250 : edges[i - 20000];

		cell_number(&cell, n);
		snprintf(expected, sizeof(expected), "%.3f", (double)n / 1e6);
		assert_string_equal(table_number(&cell, COLUMN_BYTES, buf), expected);
		snprintf(expected, sizeof(expected), "%llu", (unsigned long long)n);
		assert_string_equal(table_number(&cell, COLUMN_TIME, buf), expected);
	}
	cell_integer(&cell, INT64_MIN);
	assert_string_equal(table_number(&cell, COLUMN_TIME, buf), "-9223372036854775808");
	cell_integer(&cell, -5);
	assert_string_equal(table_number(&cell, COLUMN_TIME, buf), "-5");
	cell_real(&cell, 1194255.1);
	assert_string_equal(table_number(&cell, COLUMN_TIME_1, buf), "1194255.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
