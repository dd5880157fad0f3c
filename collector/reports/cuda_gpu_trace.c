/*
 * cuda_gpu_trace.c: every kernel, copy and memset, by start. 48 bytes are held for each; what does not vary
 * between the records of a launch site is held once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/map.h"
#include "collector/memory_kinds.h"
#include "collector/reports/reports.h"

/* The same first columns for all kinds. */
enum {
	START,
	DURATION,
	CORRELATION,
	DEVICE,
	CONTEXT,
	STREAM,
	FIRST, /* of the kind's own */
	NAME = FIRST,
	LAUNCH, /* 9 of them */
	BYTES = FIRST,
	KIND,
	SOURCE,
	TARGET,
};
#define COMMON	      FIELD_START, FIELD_DURATION, FIELD_CORRELATION, FIELD_DEVICE, FIELD_CONTEXT, FIELD_STREAM
#define LAUNCH_FIELDS 9
static const uint16_t kernel_fields[] = {
	COMMON,		 FIELD_NAME,	      FIELD_GRID_X,	    FIELD_GRID_Y,
	FIELD_GRID_Z,	 FIELD_BLOCK_X,	      FIELD_BLOCK_Y,	    FIELD_BLOCK_Z,
	FIELD_REGISTERS, FIELD_STATIC_SHARED, FIELD_DYNAMIC_SHARED,
};
static const uint16_t copy_fields[] = {COMMON, FIELD_BYTES, FIELD_COPY_KIND, FIELD_SRC_KIND, FIELD_DST_KIND};
static const uint16_t set_fields[] = {COMMON, FIELD_BYTES, FIELD_MEMORY_KIND};

/* What the records of a launch site have in common. No padding: compared as bytes. */
struct site {
	uint32_t kind; /* event_kind */
	uint32_t name; /* text number */
	uint32_t gpu;
	uint32_t context;
	uint32_t stream;
	uint32_t source, target; /* memory, in nsys's numbers */
	uint32_t reserved;
	uint64_t launch[LAUNCH_FIELDS];
};

struct event {
	int64_t start;
	uint64_t duration, correlation, bytes;
	uint64_t order; /* among equal starts: kernels, copies, sets; then as they came */
	uint32_t site;
};

struct gpu_trace {
	struct report_run *run;
	enum text_spelling spelling;
	struct site *sites;
	size_t site_count, site_capacity;
	struct map by_hash; /* of a site's bytes, or the next free number after it -> index */
	struct event *events;
	size_t event_count, event_capacity;
	uint32_t *by_site; /* of a batch's sites -> index */
	size_t by_site_capacity;
	char device[300];
};

static void free_state(void *state)
{
	struct gpu_trace *s = state;

	free(s->sites);
	map_free(&s->by_hash);
	free(s->events);
	free(s->by_site);
	free(s);
}

static int begin(struct report_run *run, const char *argument, void **state)
{
	enum text_spelling spelling;
	struct gpu_trace *s;
	int err = kernel_spelling(argument, &spelling);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->run = run;
	s->spelling = spelling;
	*state = s;
	return 0;
}

static uint64_t hash(const struct site *site)
{
	uint64_t words[sizeof(*site) / 8], h = 0;

	memcpy(words, site, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		h = map_mix(h ^ words[i]);
	return h;
}

/* The index of a site in s->sites, where it is added if it is new. */
static int find_site(struct gpu_trace *s, const struct site *site, uint32_t *index)
{
	uint64_t key = hash(site), *known;

	for (; (known = map_find(&s->by_hash, key)); key++) {
		*index = (uint32_t)*known;
		if (!memcmp(&s->sites[*index], site, sizeof(*site)))
			return 0;
	}
	if (s->site_count == s->site_capacity) {
		size_t capacity = s->site_capacity ? s->site_capacity * 2 : 256;
		struct site *grown = realloc(s->sites, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->sites = grown;
		s->site_capacity = capacity;
	}
	*index = (uint32_t)s->site_count;
	s->sites[s->site_count++] = *site;
	return map_put(&s->by_hash, key, *index);
}

static int read_site(struct gpu_trace *s, const struct report_batch *b, uint32_t i, uint32_t *index)
{
	struct texts *texts = s->run->texts;
	struct site site = {
		.kind = b->kind,
		.gpu = gpus_number(s->run->gpus, b->process, (uint32_t)report_static(b, DEVICE, i)),
		.context = (uint32_t)report_static(b, CONTEXT, i),
		.stream = (uint32_t)report_static(b, STREAM, i),
	};
	const char *operation = MEMSET_OPERATION;

	if (b->kind == EVENT_KERNEL) {
		site.name = texts_resolve(texts, b->process, b->decoder, report_static(b, NAME, i));
		if (site.name != TEXT_NONE)
			site.name = texts_spell(texts, site.name, s->spelling);
		for (unsigned int l = 0; l < LAUNCH_FIELDS; l++)
			site.launch[l] = report_static(b, LAUNCH + l, i);
	} else if (b->kind == EVENT_MEMCPY) {
		operation = copy_kind_operation(report_static(b, KIND, i));
		site.source = memory_kind_number(report_static(b, SOURCE, i));
		site.target = memory_kind_number(report_static(b, TARGET, i));
	} else {
		site.source = memory_kind_number(report_static(b, KIND, i));
	}
	if (b->kind != EVENT_KERNEL)
		site.name = texts_add(texts, operation, strlen(operation));
	return site.name == TEXT_NONE ? -ENOMEM : find_site(s, &site, index);
}

static int make_room(struct gpu_trace *s, const struct report_batch *b)
{
	if (b->sites > s->by_site_capacity) {
		free(s->by_site);
		s->by_site_capacity = 0;
		s->by_site = malloc(b->sites * sizeof(*s->by_site));
		if (!s->by_site)
			return -ENOMEM;
		s->by_site_capacity = b->sites;
	}
	if (b->count > s->event_capacity - s->event_count) {
		size_t capacity = (s->event_capacity + b->count) * 2;
		struct event *grown = realloc(s->events, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->events = grown;
		s->event_capacity = capacity;
	}
	return 0;
}

static int batch(void *state, const struct report_batch *b)
{
	struct gpu_trace *s = state;
	uint64_t process = (uint64_t)b->process->index << 32;
	uint64_t rank = b->kind == EVENT_KERNEL ? 0 : b->kind == EVENT_MEMCPY ? 1 : 2;
	int err = make_room(s, b);

	for (uint32_t i = 0; i < b->sites && !err; i++)
		err = read_site(s, b, i, &s->by_site[i]);
	for (uint32_t i = 0; i < b->count && !err; i++) {
		struct event *e = &s->events[s->event_count];

		*e = (struct event){
			.start = (int64_t)b->column[START].values[i],
			.duration = b->column[DURATION].values[i],
			/* Unique among processes: as it is exported. */
			.correlation = b->column[CORRELATION].values[i] | process,
			.bytes = rank ? b->column[BYTES].values[i] : 0,
			.order = rank << 62 | s->event_count,
			.site = s->by_site[b->site[i]],
		};
		s->event_count++;
	}
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static bool is_sorted(const struct gpu_trace *s)
{
	for (size_t i = 1; i < s->event_count; i++)
		if (compare(&s->events[i - 1], &s->events[i]) > 0)
			return false;
	return true;
}

static void text(struct cell *cell, const char *s)
{
	if (s)
		cell_text(cell, s, strlen(s));
}

/* nsys divides a second by the duration first, in integers; the same here, so that the numbers are equal. */
static void throughput(struct cell *cell, const struct event *e)
{
	if (e->duration)
		cell_number(cell, e->bytes * (UINT64_C(1000000000) / e->duration));
}

static void row(void *context, uint64_t index, struct cell *cells)
{
	struct gpu_trace *s = context;
	const struct event *e = &s->events[index];
	const struct site *site = &s->sites[e->site];
	const struct trace_device *device = gpus_device(s->run->gpus, site->gpu);
	const char *name;
	size_t length;

	cell_integer(&cells[0], e->start - s->run->trace->origin);
	cell_number(&cells[1], e->duration);
	cell_number(&cells[2], e->correlation);
	if (site->kind == EVENT_KERNEL) {
		for (size_t l = 0; l < LAUNCH_FIELDS; l++)
			cell_number(&cells[3 + l], site->launch[l]);
	} else {
		cell_number(&cells[12], e->bytes);
		throughput(&cells[13], e);
		text(&cells[14], memory_kind_label(site->source));
		if (site->kind == EVENT_MEMCPY)
			text(&cells[15], memory_kind_label(site->target));
	}
	snprintf(s->device, sizeof(s->device), "%.256s (%u)", device ? device->name : "", site->gpu);
	text(&cells[16], s->device);
	cell_number(&cells[17], site->context);
	cell_number(&cells[19], site->stream);
	name = texts_get(s->run->texts, site->name, &length);
	cell_text(&cells[20], name, length);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	static const struct table_column columns[] = {
		{"Start", COLUMN_TIME},	    {"Duration", COLUMN_TIME},	 {"CorrId", COLUMN_COUNT},
		{"GrdX", COLUMN_COUNT},	    {"GrdY", COLUMN_COUNT},	 {"GrdZ", COLUMN_COUNT},
		{"BlkX", COLUMN_COUNT},	    {"BlkY", COLUMN_COUNT},	 {"BlkZ", COLUMN_COUNT},
		{"Reg/Trd", COLUMN_COUNT},  {"StcSMem", COLUMN_BYTES},	 {"DymSMem", COLUMN_BYTES},
		{"Bytes", COLUMN_BYTES},    {"Throughput", COLUMN_RATE}, {"SrcMemKd", COLUMN_TEXT},
		{"DstMemKd", COLUMN_TEXT},  {"Device", COLUMN_TEXT},	 {"Ctx", COLUMN_COUNT},
		{"GreenCtx", COLUMN_COUNT}, {"Strm", COLUMN_COUNT},	 {"Name", COLUMN_TEXT},
	};
	struct gpu_trace *s = state;

	(void)note;
	(void)note_size;
	if (!is_sorted(s))
		qsort(s->events, s->event_count, sizeof(*s->events), compare);
	*table = (struct table){.columns = columns,
				.column_count = sizeof(columns) / sizeof(columns[0]),
				.rows = s->event_count,
				.row = row,
				.context = s};
	return 0;
}

#define NEED(kind, fields)                                                                                   \
	{                                                                                                    \
		kind, sizeof(fields) / sizeof((fields)[0]), fields                                           \
	}
static const struct report_need needs[] = {NEED(EVENT_KERNEL, kernel_fields),
					   NEED(EVENT_MEMCPY, copy_fields),
					   NEED(EVENT_MEMSET, set_fields),
					   {.kind = 0}};

const struct report report_cuda_gpu_trace = {
	.name = "cuda_gpu_trace",
	.old_name = "gputrace",
	.title = "CUDA GPU Trace",
	.arguments = "[:base|:mangled]",
	.data = "CUDA kernel, copy or memset data",
	.help = "One row a kernel, copy and memset, by start. Start: ns since the recording began. Grd, Blk: "
		"grid\n"
		"and block; Reg/Trd: registers a thread; StcSMem, DymSMem: static and dynamic shared "
		"memory;\n"
		"SrcMemKd, DstMemKd: kinds of memory; Strm: stream.\n"
		"  :base     kernels by their own name, without scope, template arguments and parameters\n"
		"  :mangled  kernels by their symbol",
	.needs = needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};
