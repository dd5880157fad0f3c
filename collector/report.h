/*
 * report.h: what a report is. cmd_report.c chooses reports, report_run.c feeds them, table.h prints what they
 * give; exports are fed in the same way.
 *
 * Life of one: begin() makes a state; batch() is called for every chunk of the kinds it needs, with the
 * columns it named; end() turns the state into a table; free() ends it. Several reports share one pass over
 * the file: each chunk is read and decoded once, with the columns that any of them needs.
 *
 * Order of batches. GPU work (kinds 0x01xx) comes in the order of the chunks' first times, and `horizon` says
 * before which time nothing more will start. Every other kind comes in file order, which keeps the order of
 * what one thread did. A state is fed by one thread; it holds no globals, so that several states of a report
 * can be fed with parts of a file at once once there is a way to merge them.
 */
#ifndef COLLECTOR_REPORT_H
#define COLLECTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/gpus.h"
#include "collector/table.h"
#include "collector/text.h"
#include "collector/trace_read.h"
#include "wire/schema.h"

/* A kind of chunk that a report wants, and which of its columns. */
struct report_need {
	uint16_t kind; /* 0 ends the list */
	uint8_t field_count;
	const uint16_t *fields;
};

/* What the reports of one run share. */
struct report_run {
	const struct trace *trace;
	struct texts *texts;
	struct gpus *gpus;
	struct selection *selection;   /* select.h; NULL: everything */
	struct iterations *iterations; /* for the table of them, else NULL; its owner's */
	uint64_t bad_chunks;	       /* that could not be decoded, and their records */
	uint64_t bad_records;
};

struct report_batch {
	struct report_run *run;
	const struct trace_process *process;
	const struct chunk_decoder *decoder; /* for texts_resolve() */
	uint16_t kind;
	uint32_t count;	      /* records, not 0 */
	uint32_t sites;	      /* not 0 */
	const uint32_t *site; /* of each record */
	/*
	 * In the order of report_need.fields. A field that the kind's schema has as static: one value a site,
	 * read by report_static(); any other: one value a record. Zeros where the chunk has no such column.
	 */
	struct report_column {
		const uint64_t *values;
		bool constant; /* static fields: values[0] for all sites */
	} column[SCHEMA_MAX_FIELDS];
	int64_t horizon; /* GPU work only: no later batch has a start before this; INT64_MIN: not known */
};

struct report {
	const char *name;
	const char *old_name; /* nsys's before 2023, or NULL */
	const char *title;
	const char *arguments; /* "[:base|:mangled]", or "" */
	const char *data;      /* "CUDA kernel data": what a file without any row is said not to contain */
	const char *help;      /* columns and what they mean */
	const struct report_need *needs;
	/* The state, in *state. `argument`: what came after the ":" or "". 0; -EINVAL: no such argument;
	 * -ENOMEM. */
	int (*begin)(struct report_run *run, const char *argument, void **state);
	int (*batch)(void *state, const struct report_batch *batch); /* 0; or -errno, which ends the run */
	/* *table refers to the state. note: a sentence worth telling, or left empty. */
	int (*end)(void *state, struct table *table, char *note, size_t note_size);
	void (*free)(void *state); /* what begin() made, also after an error */
};

/* A static field's value for a site. */
static inline uint64_t report_static(const struct report_batch *b, unsigned int column, uint32_t site)
{
	return b->column[column].values[b->column[column].constant ? 0 : site];
}

/* ---- running (report_run.c) ---- */

/* One report of a run. The caller sets report and argument. */
struct report_job {
	const struct report *report;
	const char *argument;
	void *state;
	struct table table;
	char note[256];
};

int report_run_open(struct report_run *run, const struct trace *trace); /* 0 or -ENOMEM */
/* Feed all jobs in one pass and end them. 0, or -errno (-EINVAL: *failed has an argument that is not its). */
int report_run(struct report_run *run, struct report_job *jobs, size_t count, size_t *failed);
void report_run_free(struct report_job *jobs, size_t count);
void report_run_close(struct report_run *run);

/* ---- the list (report_list.c) ---- */

extern const struct report *const report_list[]; /* by name, NULL at the end */
/* By name, old name, or NULL. */
const struct report *report_find(const char *name);
/* What is printed when no report is named: nsys's default set, as far as there is. NULL at the end. */
extern const struct report *const report_default[];

#endif
