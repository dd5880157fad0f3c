/*
 * writers.c: one open chunk for each kind of event, sealed when it is full or has waited long enough; and
 * LOST records.
 */
#include "libinject/writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libinject/clock.h"
#include "libinject/recorder.h"
#include "wire/chunk_write.h"
#include "wire/progress.h"

/* Clock samples come ten a second for ever: they wait longer than others. */
#define CLOCK_WAIT_MS 5000

/* Where rows of a kind come from, and what therefore is kept until they are published. */
enum origin {
	FROM_HELPER = 0, /* its own */
	FROM_SLOTS,
	FROM_PAGES,
};

struct writer {
	uint16_t kind;
	uint16_t from;	  /* enum origin */
	uint32_t records; /* a chunk holds at most */
	uint32_t wait_ms; /* 0: as configured */
	int64_t opened;	  /* CLOCK_MONOTONIC ns of the first row */
	uint64_t first;	  /* position of the first row */
	bool step;
	struct chunk_writer *w; /* made with the first row */
};

/* In the order in which they are published: the records that explain others last. A chunk of 16384 kernels
   takes some 40 KB; every one repeats the table of its sites, so that much smaller ones cost bytes. */
static struct writer writers[] = {
	{.kind = EVENT_KERNEL, .from = FROM_SLOTS, .records = 16384},
	{.kind = EVENT_MEMCPY, .from = FROM_SLOTS, .records = 4096},
	{.kind = EVENT_MEMSET, .from = FROM_SLOTS, .records = 4096},
	{.kind = EVENT_API, .from = FROM_SLOTS, .records = 16384},
	{.kind = EVENT_OVERHEAD, .from = FROM_SLOTS, .records = 1024},
	{.kind = EVENT_NVTX, .from = FROM_PAGES, .records = 16384},
	{.kind = EVENT_ITERATION, .records = 4096},
	{.kind = EVENT_WINDOW, .records = 256},
	{.kind = EVENT_CLOCK, .records = 256, .wait_ms = CLOCK_WAIT_MS},
};
static struct writer lost = {.kind = EVENT_LOST, .records = LOSS_CAUSES};

#define WRITERS (sizeof(writers) / sizeof(writers[0]))

static uint64_t sequence;
static uint64_t position;		      /* in the slots */
static uint32_t nvtx_chunks;		      /* published or given up */
static uint64_t lost_in_headers;	      /* told in chunk headers so far */
static uint64_t lost_in_records[LOSS_CAUSES]; /* told in LOST records so far */
static int64_t last_lost_record;
static uint8_t *buffer;
static size_t buffer_size;

/* Worth telling in the recording. What a flight recorder overwrites is not: that is how it works, and telling
   it would overwrite more. */
static bool is_told(uint32_t cause)
{
	return cause != LOSS_OVERWRITTEN;
}

/* Records that are missing. */
static uint64_t losses(void)
{
	uint64_t n = 0;

	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
		if (is_told(cause) && loss_cause_is_loss(cause))
			n += load_relaxed(&recorder.ring.header->losses[cause].count);
	return n;
}

static bool make_writer(struct writer *writer)
{
	const struct schema *schema = schema_find(writer->kind);
	/* The ring refuses chunks above a quarter of it: half of that before compression is well below. */
	uint64_t row = (schema->n_fields - schema->n_static + 1u) * sizeof(uint64_t);
	uint64_t most = recorder.ring.chunk_size / 8 / row;

	writer->w = chunk_writer_new(writer->kind, writer->records < most ? writer->records : (uint32_t)most);
	return writer->w != NULL;
}

/* Seal into the buffer. The chunk's size, 0 if there is nothing, or -errno: its records are gone. */
static ptrdiff_t seal(struct writer *writer, uint64_t told)
{
	size_t bound = chunk_writer_bound(writer->w);
	struct chunk_origin origin = {
		.process = recorder.process,
		.sequence = sequence,
		.lost = told > UINT32_MAX ? UINT32_MAX : (uint32_t)told,
		.flags = writer->step ? CHUNK_CLOCK_STEP : 0,
	};

	if (bound > buffer_size) {
		uint8_t *larger = realloc(buffer, bound + bound / 4);

		if (larger) {
			buffer = larger;
			buffer_size = bound + bound / 4;
		}
	}
	writer->step = false;
	return chunk_writer_seal(writer->w, &origin, buffer, buffer_size);
}

/* Seal and publish. 0 or -errno: the records are gone, and nobody counted them yet. */
static int put(struct writer *writer)
{
	struct ring_header *h = recorder.ring.header;
	uint64_t now_lost = losses(), overwritten = 0;
	ptrdiff_t size = seal(writer, now_lost - lost_in_headers);
	int err = size < 0 ? (int)size : 0;

	if (!size)
		return 0;
	sequence++; /* a chunk that finds no room leaves a gap */
	store_relaxed(&h->sequence, sequence);
	if (!err)
		err = ring_put(&recorder.ring, buffer, (size_t)size, &overwritten);
	if (overwritten)
		recorder_lose(LOSS_OVERWRITTEN, overwritten);
	if (err)
		return err;
	lost_in_headers = now_lost;
	store_relaxed(&h->chunks, h->chunks + 1);
	store_relaxed(&h->chunk_bytes, h->chunk_bytes + (uint64_t)size);
	return 0;
}

static void publish(struct writer *writer)
{
	uint32_t records = chunk_writer_count(writer->w);
	uint64_t reach;
	int err;

	if (!records)
		return;
	reach = writer->from == FROM_PAGES ? nvtx_chunks + 1 : position;
	if (writer->from != FROM_HELPER)
		progress_promise(&recorder.ring, writer->kind, reach);
	err = put(writer);
	if (err) {
		recorder_lose(err == -ENOSPC || err == -E2BIG ? LOSS_RING_FULL : LOSS_NO_MEMORY, records);
		if (writer->from != FROM_HELPER)
			progress_skip(&recorder.ring, writer->kind, reach);
	}
	if (writer->from == FROM_PAGES)
		nvtx_chunks++;
}

/* What was lost since this could last be told. What cannot be told now stays to be told. */
static void publish_lost(void)
{
	uint64_t counts[LOSS_CAUSES];
	int64_t now = clock_now();
	bool any = false;

	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++) {
		const struct ring_loss *loss = &recorder.ring.header->losses[cause];
		int64_t first = load_relaxed(&loss->first), last = load_relaxed(&loss->last);
		uint64_t row[LOST_FIELDS];

		counts[cause] = load_relaxed(&loss->count);
		if (!is_told(cause) || counts[cause] == lost_in_records[cause])
			continue;
		if (!lost.w && !make_writer(&lost))
			return;
		if (first < last_lost_record) /* of an earlier loss, which was told */
			first = last_lost_record < last ? last_lost_record : last;
		row[LOST_CAUSE] = cause;
		row[LOST_START] = (uint64_t)first;
		row[LOST_DURATION] = (uint64_t)(last > first ? last - first : 0);
		row[LOST_COUNT] = counts[cause] - lost_in_records[cause];
		any |= !chunk_writer_add(lost.w, row);
	}
	if (!any || put(&lost))
		return;
	memcpy(lost_in_records, counts, sizeof(counts));
	last_lost_record = now;
}

static struct writer *writer_of(uint16_t kind)
{
	for (size_t i = 0; i < WRITERS; i++)
		if (writers[i].kind == kind)
			return &writers[i];
	return NULL;
}

/* The kind's writer with room for a row, or NULL: the row is lost, and counted. */
static struct writer *open_writer(uint16_t kind)
{
	struct writer *writer = writer_of(kind);

	if (!writer || (!writer->w && !make_writer(writer))) {
		recorder_lose(LOSS_NO_MEMORY, 1);
		return NULL;
	}
	if (chunk_writer_full(writer->w))
		publish(writer);
	if (!chunk_writer_count(writer->w)) {
		writer->opened = clock_now();
		writer->first = position;
	}
	return writer;
}

static void add(struct writer *writer, const uint64_t *row, bool step)
{
	struct ring_header *h = recorder.ring.header;

	if (chunk_writer_add(writer->w, row)) {
		recorder_lose(LOSS_NO_MEMORY, 1);
		return;
	}
	writer->step |= step;
	store_relaxed(&h->records, h->records + 1);
	if (writer->kind <= EVENT_MEMSET)
		store_relaxed(&h->records_gpu, h->records_gpu + 1);
}

void writers_add(uint16_t kind, const uint64_t *row, bool step)
{
	struct writer *writer = open_writer(kind);

	if (writer)
		add(writer, row, step);
}

void writers_add_text(uint16_t kind, uint64_t *row, int field, const char *text, size_t length, bool step)
{
	struct writer *writer = open_writer(kind);

	if (!writer)
		return;
	row[field] = chunk_writer_text(writer->w, text, length);
	add(writer, row, step);
}

void writers_at(uint64_t where)
{
	position = where;
	store_relaxed(&recorder.ring.header->decoded, where);
}

uint64_t writers_oldest(void)
{
	/* Of a slot that was read to its end nothing more comes. */
	uint64_t oldest = UINT64_MAX;

	for (size_t i = 0; i < WRITERS; i++) {
		const struct writer *writer = &writers[i];

		if (writer->from == FROM_SLOTS && writer->w && chunk_writer_count(writer->w) &&
		    writer->first < oldest)
			oldest = writer->first;
	}
	return oldest;
}

uint32_t writers_nvtx_chunk(void)
{
	return nvtx_chunks + 1;
}

void writers_publish(bool all)
{
	int64_t now = clock_now();

	for (size_t i = 0; i < WRITERS; i++) {
		struct writer *writer = &writers[i];
		int64_t wait = (int64_t)(writer->wait_ms ? writer->wait_ms : config.publish_ms) * 1000000;

		if (writer->w && chunk_writer_count(writer->w) && (all || now - writer->opened >= wait))
			publish(writer);
	}
	publish_lost();
}

void writers_forget(void)
{
	/* The parent's helper may have been in the middle of one: not to be touched, not even freed. */
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i].w = NULL;
		writers[i].step = false;
	}
	lost.w = NULL;
	buffer = NULL;
	buffer_size = 0;
	sequence = lost_in_headers = position = 0;
	nvtx_chunks = 0;
	last_lost_record = 0;
	memset(lost_in_records, 0, sizeof(lost_in_records));
}
