/*
 * sqlite_export.h: the export under way; for exports/sqlite*.c.
 */
#ifndef COLLECTOR_EXPORT_SQLITE_EXPORT_H
#define COLLECTOR_EXPORT_SQLITE_EXPORT_H

#include "collector/api_calls.h"
#include "collector/exports/sqlite_tables.h"
#include "collector/map.h"
#include "collector/nvtx_ranges.h"
#include "collector/report.h"

struct sqlite_export {
	struct report_run *run;
	sqlite3 *db;
	sqlite3_stmt *inserts[SQLITE_TABLES]; /* NULL: table not made yet */
	uint64_t *global_pids;		      /* by process */
	struct api_calls *calls;
	struct nvtx_ranges *ranges;
	struct map domains;	/* process << 32 | text -> nsys's number of the domain */
	uint32_t *domain_count; /* by process */
};

/*
 * The statement that adds a row to a table, its parameters all NULL; the table is made if it is not there
 * yet: like nsys, a file has the tables for which it has rows. NULL: failed, sqlite_error() says how.
 */
sqlite3_stmt *sqlite_insert(struct sqlite_export *x, enum sqlite_table table);
int sqlite_add(struct sqlite_export *x, sqlite3_stmt *statement); /* 0 or -errno */
int sqlite_error(const struct sqlite_export *x);		  /* the latest error as -errno, never 0 */
int sqlite_bind_string(struct sqlite_export *x, sqlite3_stmt *statement, int parameter, uint32_t text);

/* nsys's serialised ids: (hw << 56) | (vm << 48) | (pid << 24) | tid. */
static inline uint64_t sqlite_global_tid(const struct sqlite_export *x, const struct trace_process *p,
					 uint64_t thread)
{
	return x->global_pids[p->index] | (thread & 0xffffff);
}

/* Correlation ids unique among processes, 0 stays 0 ("none"). */
static inline uint64_t sqlite_correlation(const struct trace_process *p, uint64_t correlation)
{
	return correlation ? (uint64_t)p->index << 32 | correlation : 0;
}

/* exports/sqlite_rows.c */
extern const struct report_need sqlite_needs[];
int sqlite_rows_batch(struct sqlite_export *x, const struct report_batch *b);
int sqlite_rows_range(void *x, const struct nvtx_range *range); /* for nvtx_ranges */

/* exports/sqlite_info.c: everything that is not events. */
int sqlite_info_write(struct sqlite_export *x);

#endif
