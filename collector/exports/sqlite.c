/*
 * sqlite.c: the export from its first table to its last.
 */
#include "collector/exports/sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/exports/sqlite_export.h"

int sqlite_error(const struct sqlite_export *x)
{
	/* What the last system call said that failed, for errors that come of one. */
	int system = sqlite3_system_errno(x->db);

	switch (sqlite3_errcode(x->db)) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return system ? -system : -EACCES;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_IOERR:
		return system ? -system : -EIO;
	default:
		return -EIO;
	}
}

static int execute(struct sqlite_export *x, const char *sql)
{
	return sqlite3_exec(x->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sqlite_error(x);
}

sqlite3_stmt *sqlite_insert(struct sqlite_export *x, enum sqlite_table table)
{
	sqlite3_stmt **statement = &x->inserts[table];

	if (!*statement && (sqlite_table_create(x->db, table) != SQLITE_OK ||
			    sqlite_table_insert(x->db, table, statement) != SQLITE_OK))
		return NULL;
	sqlite3_clear_bindings(*statement);
	return *statement;
}

int sqlite_add(struct sqlite_export *x, sqlite3_stmt *statement)
{
	sqlite3_step(statement);
	return sqlite3_reset(statement) == SQLITE_OK ? 0 : sqlite_error(x);
}

int sqlite_bind_string(struct sqlite_export *x, sqlite3_stmt *statement, int parameter, uint32_t text)
{
	size_t length;
	const char *s = texts_get(x->run->texts, text, &length);

	return sqlite3_bind_text(statement, parameter, s, (int)length, SQLITE_STATIC);
}

/* nsys's globalPid of every process. Two with the same pid (of different pid namespaces) get different "vm"s.
 */
static int number_processes(struct sqlite_export *x)
{
	const struct trace *t = x->run->trace;
	struct map seen = {.entries = NULL};
	int err = 0;

	x->global_pids = calloc(t->process_count + 1, sizeof(*x->global_pids));
	x->domain_count = calloc(t->process_count + 1, sizeof(*x->domain_count));
	if (!x->global_pids || !x->domain_count)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->process_count && !err; i++) {
		uint64_t pid = t->processes[i]->pid & 0xffffff, *before = map_find(&seen, pid);
		uint64_t vm = before ? *before + 1 : 1;

		x->global_pids[i] = (vm & 0xff) << 48 | pid << 24;
		err = map_put(&seen, pid, vm);
	}
	map_free(&seen);
	return err;
}

static void free_state(void *state)
{
	struct sqlite_export *x = state;

	for (int i = 0; i < SQLITE_TABLES; i++)
		sqlite3_finalize(x->inserts[i]);
	sqlite3_close(x->db);
	api_calls_free(x->calls);
	nvtx_ranges_free(x->ranges);
	map_free(&x->domains);
	free(x->global_pids);
	free(x->domain_count);
	free(x);
}

/* The file is new and nobody else's, and thrown away if anything fails: no journal, no syncing. */
static int open_database(struct sqlite_export *x, const char *path)
{
	int rc = sqlite3_open_v2(path, &x->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return x->db ? sqlite_error(x) : -ENOMEM;
	return execute(x,
		       "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
		       "PRAGMA page_size = 32768; PRAGMA cache_size = -32768; BEGIN");
}

static int begin(struct report_run *run, const char *path, void **state)
{
	struct sqlite_export *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	x->run = run;
	x->ranges = nvtx_ranges_new(sqlite_rows_range, x);
	err = x->ranges ? number_processes(x) : -ENOMEM;
	if (!err)
		err = api_calls_new(run->trace, &x->calls);
	if (!err)
		err = open_database(x, path);
	if (err) {
		free_state(x);
		return err;
	}
	*state = x;
	return 0;
}

static int batch(void *state, const struct report_batch *b)
{
	return sqlite_rows_batch(state, b);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	struct sqlite_export *x = state;
	uint64_t open;
	int err = nvtx_ranges_end(x->ranges, &open);

	(void)note;
	(void)note_size;
	memset(table, 0, sizeof(*table));
	if (!err)
		err = sqlite_info_write(x);
	return err ? err : execute(x, "COMMIT");
}

const struct report export_sqlite = {
	.name = "sqlite",
	.title = "SQLite file with nsys's tables",
	.arguments = "",
	.data = "",
	.help = "",
	.needs = sqlite_needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};
