/*
 * sqlite_tables.h: the tables of nsys's SQLite export, as far as they are written; for exports/sqlite*.c.
 */
#ifndef COLLECTOR_EXPORT_SQLITE_TABLES_H
#define COLLECTOR_EXPORT_SQLITE_TABLES_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define NSYS_SCHEMA_MAJOR 3
#define NSYS_SCHEMA_MINOR 24
#define NSYS_SCHEMA_MICRO 14

enum sqlite_table {
	TABLE_STRINGS,
	TABLE_KERNEL,
	TABLE_MEMCPY,
	TABLE_MEMSET,
	TABLE_RUNTIME,
	TABLE_OVERHEAD,
	TABLE_NVTX,
	TABLE_PROCESSES,
	TABLE_THREAD_NAMES,
	TABLE_GPU,
	TABLE_CUDA_DEVICE,
	TABLE_CUDA_CONTEXT,
	TABLE_CUDA_STREAM,
	TABLE_SESSION_START,
	TABLE_ANALYSIS,
	TABLE_META_EXPORT,
	TABLE_META_CAPTURE,
	SQLITE_TABLES,
};

/* nsys's numbers in NVTX_EVENTS.eventType and RUNTIME.eventClass. */
enum {
	NSYS_NVTX_CATEGORY = 33,
	NSYS_NVTX_MARK = 34,
	NSYS_NVTX_PUSH_POP = 59,
	NSYS_NVTX_START_END = 60,
	NSYS_NVTX_DOMAIN = 75,
	NSYS_CLASS_RUNTIME = 0,
	NSYS_CLASS_DRIVER = 1,
	NSYS_CLASS_OVERHEAD = 103,
};

/* Make a table. SQLITE_OK or an error, as all below. */
int sqlite_table_create(sqlite3 *db, enum sqlite_table table);
/* A statement that adds a row: its parameters are the columns written here, in sqlite_columns's order. */
int sqlite_table_insert(sqlite3 *db, enum sqlite_table table, sqlite3_stmt **statement);
/* All ENUM_ tables with their rows. */
int sqlite_enums_create(sqlite3 *db);
/* CUpti_ActivityOverheadKind in nsys's numbers, and its label. */
uint32_t sqlite_overhead_type(uint64_t cupti_kind, const char **label);

#endif
