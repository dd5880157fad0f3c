/*
 * info_json.c: `cuflight info --format json`. Numbers are exact; times are ns after the session's start.
 */
#include "collector/info.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "collector/message.h"
#include "wire/ringbuf.h"
#include "wire/schema.h"

/* Any bytes: what is not UTF-8 and control characters are escaped as on a terminal. */
static json_t *text(const char *bytes, size_t n)
{
	char *escaped = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&escaped, &length);
	json_t *string;

	if (!out)
		return NULL;
	print_escaped(out, bytes, n);
	if (fclose(out))
		return NULL;
	string = json_stringn(escaped, length);
	free(escaped);
	return string;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* argv is an array; every other fact a string. */
static json_t *fact_value(const struct trace_fact *f)
{
	json_t *array;

	if (strcmp(f->key, "argv") && strcmp(f->key, "command"))
		return text(f->value, f->value_length);
	array = json_array();
	for (size_t at = 0; at < f->value_length; at += strlen(f->value + at) + 1)
		json_array_append_new(array, text(f->value + at, strlen(f->value + at)));
	return array;
}

static json_t *facts(const struct trace_process *p)
{
	json_t *object = json_object();

	for (size_t i = 0; i < p->fact_count; i++)
		json_object_set_new(object, p->facts[i].key, fact_value(&p->facts[i]));
	return object;
}

static json_t *devices(const struct trace_process *p)
{
	json_t *array = json_array();

	for (size_t i = 0; i < p->device_count; i++) {
		const struct permanent_device *d = &p->devices[i].info;
		json_t *o = json_object();

		json_object_set_new(o, "device", number(d->device));
		json_object_set_new(o, "name", text(p->devices[i].name, strlen(p->devices[i].name)));
		json_object_set_new(o, "compute_major", number(d->compute_major));
		json_object_set_new(o, "compute_minor", number(d->compute_minor));
		json_object_set_new(o, "multiprocessors", number(d->multiprocessors));
		json_object_set_new(o, "memory", number(d->memory));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *kinds(const struct info_process *p)
{
	json_t *object = json_object();
	char name[16];

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct info_kind *k = &p->kinds[i];
		json_t *o = json_object();

		json_object_set_new(o, "records", number(k->records));
		json_object_set_new(o, "chunks", number(k->chunks));
		json_object_set_new(o, "bytes", number(k->bytes));
		json_object_set_new(object, schema_kind_name(k->kind, name), o);
	}
	return object;
}

static json_t *losses(const struct trace_process *p)
{
	json_t *object = json_object();

	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
		if (p->losses[cause].count)
			json_object_set_new(object, loss_cause_key(cause), number(p->losses[cause].count));
	return object;
}

/* Two members, null if there are no events. */
static void set_span(json_t *o, const struct trace *t, int64_t first, int64_t last)
{
	json_object_set_new(o, "first", first > last ? json_null() : json_integer(first - t->origin));
	json_object_set_new(o, "last", first > last ? json_null() : json_integer(last - t->origin));
}

static json_t *process(const struct info *info, uint32_t i)
{
	const struct trace_process *p = info->trace->processes[i];
	const struct info_process *own = &info->processes[i];
	json_t *o = json_object();
	char id[24];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)p->id);
	json_object_set_new(o, "id", json_string(id));
	json_object_set_new(o, "pid", number(p->pid));
	json_object_set_new(o, "name", text(trace_process_name(p), strlen(trace_process_name(p))));
	set_span(o, info->trace, p->first_time, p->last_time);
	json_object_set_new(o, "facts", facts(p));
	json_object_set_new(o, "devices", devices(p));
	json_object_set_new(o, "kinds", kinds(own));
	json_object_set_new(o, "losses", losses(p));
	json_object_set_new(o, "losses_final", json_boolean(p->losses_final));
	json_object_set_new(o, "clock_samples", number(own->clock_samples));
	json_object_set_new(o, "clock_error", number(own->clock_error));
	json_object_set_new(o, "clock_steps", number(own->clock_steps));
	return o;
}

int info_print_json(const struct info *info)
{
	const struct trace *t = info->trace;
	json_t *o = json_object(), *processes = json_array();
	int err;

	for (uint32_t i = 0; i < t->process_count; i++)
		json_array_append_new(processes, process(info, i));
	json_object_set_new(o, "file", text(t->path, strlen(t->path)));
	json_object_set_new(o, "size", number(t->size));
	json_object_set_new(o, "complete", json_boolean(t->indexed));
	json_object_set_new(o, "created", json_integer(t->header.created));
	set_span(o, t, t->first_time, t->last_time);
	json_object_set_new(o, "session", facts(&t->session));
	json_object_set_new(o, "processes", processes);
	err = json_dumpf(o, stdout, JSON_INDENT(1)) ? -ENOMEM : 0;
	putchar('\n');
	json_decref(o);
	return err;
}
