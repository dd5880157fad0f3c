/*
 * table_column.h: tables for people; see table.h.
 */
#ifndef COLLECTOR_TABLE_COLUMN_H
#define COLLECTOR_TABLE_COLUMN_H

#include <stdbool.h>

#include "collector/table.h"

int table_print_column(const struct table *table, FILE *out);
int table_print_boxed(const struct table *table, FILE *out);

#endif
