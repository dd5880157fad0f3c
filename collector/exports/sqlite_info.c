/*
 * sqlite_info.c: what a recording's tables say beside events: GPUs, processes, threads, texts, the session.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "collector/exports/sqlite_export.h"

#define GLOBAL_VID ((sqlite3_int64)1 << 48)
#define NS_PER_S   1000000000

static void bind(sqlite3_stmt *s, int parameter, uint64_t value)
{
	sqlite3_bind_int64(s, parameter, (sqlite3_int64)value);
}

static void bind_text(sqlite3_stmt *s, int parameter, const char *text)
{
	sqlite3_bind_text(s, parameter, text, -1, SQLITE_TRANSIENT);
}

/* Text of the recorded program: made valid UTF-8 first. */
static int bind_foreign(struct sqlite_export *x, sqlite3_stmt *s, int parameter, const char *text)
{
	uint32_t number = texts_add(x->run->texts, text, strlen(text));

	if (number == TEXT_NONE)
		return -ENOMEM;
	sqlite_bind_string(x, s, parameter, number);
	return 0;
}

static void format_uuid(const uint8_t uuid[16], char out[37])
{
	for (int i = 0; i < 16; i++)
		out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

static int gpu_row(struct sqlite_export *x, const struct gpu *gpu)
{
	const struct permanent_device *d = &gpu->device->info;
	sqlite3_stmt *s = sqlite_insert(x, TABLE_GPU);
	char uuid[37];
	int at = 3;

	if (!s)
		return sqlite_error(x);
	format_uuid(d->uuid, uuid);
	bind(s, 1, (uint64_t)GLOBAL_VID);
	bind(s, 2, gpu->number);
	if (bind_foreign(x, s, at++, gpu->device->name))
		return -ENOMEM;
	bind(s, at++, 1);
	bind(s, at++, d->l2_cache);
	bind(s, at++, d->memory);
	bind(s, at++, d->bandwidth * 1000);
	bind(s, at++, (uint64_t)d->core_clock * 1000);
	bind(s, at++, d->multiprocessors);
	bind_text(s, at++, uuid);
	bind(s, at++, d->device);
	for (int i = 0; i < 2; i++) {
		bind(s, at++, d->compute_major);
		bind(s, at++, d->compute_minor);
	}
	return sqlite_add(x, s);
}

static int device_rows(struct sqlite_export *x, const struct trace_process *p)
{
	int err = 0;

	for (size_t i = 0; i < p->device_count && !err; i++) {
		const struct permanent_device *d = &p->devices[i].info;
		sqlite3_stmt *s = sqlite_insert(x, TABLE_CUDA_DEVICE);
		char uuid[37];

		if (!s)
			return sqlite_error(x);
		format_uuid(d->uuid, uuid);
		bind(s, 1, gpus_number(x->run->gpus, p, d->device));
		bind(s, 2, d->device);
		bind(s, 3, p->pid);
		bind_text(s, 4, uuid);
		bind(s, 5, d->multiprocessors);
		err = sqlite_add(x, s);
	}
	return err;
}

static int context_rows(struct sqlite_export *x, const struct trace_process *p)
{
	int err = 0;

	for (size_t i = 0; i < p->context_count && !err; i++) {
		const struct permanent_context *c = &p->contexts[i];
		sqlite3_stmt *s = sqlite_insert(x, TABLE_CUDA_CONTEXT);

		if (!s)
			return sqlite_error(x);
		bind(s, 1, c->null_stream);
		bind(s, 2, 0);
		bind(s, 3, x->global_pids[p->index] >> 48 & 0xff);
		bind(s, 4, p->pid);
		bind(s, 5, gpus_number(x->run->gpus, p, c->device));
		bind(s, 6, c->context);
		err = sqlite_add(x, s);
	}
	for (size_t i = 0; i < p->stream_count && !err; i++) {
		const struct permanent_stream *stream = &p->streams[i];
		sqlite3_stmt *s = sqlite_insert(x, TABLE_CUDA_STREAM);

		if (!s)
			return sqlite_error(x);
		bind(s, 1, stream->stream);
		bind(s, 2, 0);
		bind(s, 3, x->global_pids[p->index] >> 48 & 0xff);
		bind(s, 4, p->pid);
		bind(s, 5, stream->context);
		bind(s, 6, (uint64_t)(int64_t)stream->priority);
		bind(s, 7, stream->flag);
		err = sqlite_add(x, s);
	}
	return err;
}

static int thread_rows(struct sqlite_export *x, const struct trace_process *p)
{
	int err = 0;

	for (size_t i = 0; i < p->thread_count && !err; i++) {
		const struct trace_thread *thread = &p->threads[i];
		uint32_t name = texts_add(x->run->texts, thread->name, strlen(thread->name));
		sqlite3_stmt *s = name == TEXT_NONE ? NULL : sqlite_insert(x, TABLE_THREAD_NAMES);

		if (!s)
			return name == TEXT_NONE ? -ENOMEM : sqlite_error(x);
		bind(s, 1, name);
		bind(s, 2, sqlite_global_tid(x, p, thread->thread));
		err = sqlite_add(x, s);
	}
	return err;
}

/* NVTX categories have rows of their own, like domains. */
static int category_rows(struct sqlite_export *x, const struct trace_process *p)
{
	int err = 0;

	for (size_t i = 0; i < p->category_count && !err; i++) {
		const struct trace_category *c = &p->categories[i];
		const struct trace_string *name = trace_string(p, c->domain);
		uint32_t domain = name ? texts_add(x->run->texts, name->text, name->length) : 0;
		uint64_t *number = map_find(&x->domains, (uint64_t)p->index << 32 | domain);
		sqlite3_stmt *s = sqlite_insert(x, TABLE_NVTX);

		if (!s)
			return sqlite_error(x);
		bind(s, 1, 0);
		bind(s, 3, NSYS_NVTX_CATEGORY);
		bind(s, 5, c->category);
		if (bind_foreign(x, s, 7, c->name))
			return -ENOMEM;
		bind(s, 8, x->global_pids[p->index]);
		bind(s, 11, number ? *number : 0);
		err = sqlite_add(x, s);
	}
	return err;
}

static int process_row(struct sqlite_export *x, const struct trace_process *p)
{
	sqlite3_stmt *s = sqlite_insert(x, TABLE_PROCESSES);
	int err;

	if (!s)
		return sqlite_error(x);
	bind(s, 1, x->global_pids[p->index]);
	bind(s, 2, p->pid);
	err = bind_foreign(x, s, 3, trace_process_name(p));
	if (!err)
		err = sqlite_add(x, s);
	if (!err)
		err = device_rows(x, p);
	if (!err)
		err = context_rows(x, p);
	if (!err)
		err = thread_rows(x, p);
	if (!err)
		err = category_rows(x, p);
	return err;
}

static void format_time(int64_t realtime, bool utc, char out[32])
{
	time_t seconds = (time_t)(realtime / NS_PER_S);
	struct tm tm;

	*out = 0;
	if (utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm))
		strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
}

static int session_rows(struct sqlite_export *x)
{
	const struct trace *t = x->run->trace;
	uint64_t began = (uint64_t)t->header.created - (uint64_t)t->header.monotonic + (uint64_t)t->origin;
	int64_t length = t->first_time <= t->last_time ? t->last_time - t->origin : 0;
	sqlite3_stmt *s = sqlite_insert(x, TABLE_SESSION_START);
	char utc[32], local[32];
	int err;

	if (!s)
		return sqlite_error(x);
	format_time((int64_t)began, true, utc);
	format_time((int64_t)began, false, local);
	bind(s, 1, began);
	bind_text(s, 2, utc);
	bind_text(s, 3, local);
	bind(s, 4, (uint64_t)t->origin);
	err = sqlite_add(x, s);
	s = err ? NULL : sqlite_insert(x, TABLE_ANALYSIS);
	if (!s)
		return err ? err : sqlite_error(x);
	bind(s, 1, (uint64_t)GLOBAL_VID);
	bind(s, 2, (uint64_t)length);
	bind(s, 3, 0);
	bind(s, 4, (uint64_t)length);
	return sqlite_add(x, s);
}

static int meta_row(struct sqlite_export *x, enum sqlite_table table, const char *name, const char *value)
{
	sqlite3_stmt *s = sqlite_insert(x, table);

	if (!s)
		return sqlite_error(x);
	bind_text(s, 1, name);
	if (bind_foreign(x, s, 2, value))
		return -ENOMEM;
	return sqlite_add(x, s);
}

/* The schema is nsys's, the program that wrote the file is not. */
static int meta_rows(struct sqlite_export *x)
{
	char version[32], major[12], minor[12], micro[12];
	struct utsname host;
	const struct {
		const char *name, *value;
	} rows[] = {
		{"EXPORT_PRODUCT_NAME", "cuflight"},
		{"EXPORT_PRODUCT_VERSION", CUFLIGHT_VERSION},
		{"EXPORT_SCHEMA_VERSION", version},
		{"EXPORT_SCHEMA_VERSION_MAJOR", major},
		{"EXPORT_SCHEMA_VERSION_MINOR", minor},
		{"EXPORT_SCHEMA_VERSION_MICRO", micro},
		{"EXPORT_HOST", uname(&host) ? "" : host.nodename},
		{"EXPORT_PARAM_INPUT_PATH", x->run->trace->path},
		{"EXPORT_PARAM_LAZY", "true"},
	};
	const char *command = trace_fact(&x->run->trace->session, "command", NULL);
	int err = 0;

	snprintf(version, sizeof(version), "%d.%d.%d", NSYS_SCHEMA_MAJOR, NSYS_SCHEMA_MINOR,
		 NSYS_SCHEMA_MICRO);
	snprintf(major, sizeof(major), "%d", NSYS_SCHEMA_MAJOR);
	snprintf(minor, sizeof(minor), "%d", NSYS_SCHEMA_MINOR);
	snprintf(micro, sizeof(micro), "%d", NSYS_SCHEMA_MICRO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err; i++)
		err = meta_row(x, TABLE_META_EXPORT, rows[i].name, rows[i].value);
	if (!err && command)
		err = meta_row(x, TABLE_META_CAPTURE, "PROCESS_0:COMMAND", command);
	if (!err && trace_is_simulated(x->run->trace))
		err = meta_row(x, TABLE_META_CAPTURE, "SIMULATED_GPU", "true");
	return err;
}

/* The ids of texts are their numbers here. Last: what comes before adds some. */
static int string_rows(struct sqlite_export *x)
{
	int err = 0;

	for (uint32_t i = 0; i < texts_count(x->run->texts) && !err; i++) {
		sqlite3_stmt *s = sqlite_insert(x, TABLE_STRINGS);

		if (!s)
			return sqlite_error(x);
		bind(s, 1, i);
		sqlite_bind_string(x, s, 2, i);
		err = sqlite_add(x, s);
	}
	return err;
}

int sqlite_info_write(struct sqlite_export *x)
{
	const struct trace *t = x->run->trace;
	int err = sqlite_enums_create(x->db) == SQLITE_OK ? 0 : sqlite_error(x);

	/* nsys's reports about GPUs want this table even if nothing is known of them. */
	if (!err && !sqlite_insert(x, TABLE_GPU))
		err = sqlite_error(x);
	for (uint32_t i = 0; i < x->run->gpus->count && !err; i++)
		err = gpu_row(x, &x->run->gpus->items[i]);
	for (uint32_t i = 0; i < t->process_count && !err; i++)
		err = process_row(x, t->processes[i]);
	if (!err)
		err = session_rows(x);
	if (!err)
		err = meta_rows(x);
	return err ? err : string_rows(x);
}
