/*
 * trace_read.c: finding a trace file's chunks, by its index or by walking, and loading them.
 */
#include "collector/trace_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/map.h"
#include "collector/message.h"
#include "collector/trace_process.h"

#define MAX_PROCESSES 65536u
#define MAX_CHUNKS    (UINT32_MAX / 2)

/* What opening needs beside the trace. */
struct opening {
	struct trace *t;
	struct map by_id; /* process id -> index */
	size_t chunk_capacity;
	char *why;
	size_t why_size;
};

static int refuse(struct opening *o, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(struct opening *o, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(o->why, o->why_size, format, args);
	va_end(args);
	return err;
}

/* Read up to size bytes at an offset. Returns how many there were (less at the end of the file), or -errno.
 */
static ptrdiff_t read_at(int fd, uint64_t offset, void *out, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)out + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ptrdiff_t)done;
}

/* The whole of it, or -EIO if the file ends before (it was cut off since). */
static int read_whole(int fd, uint64_t offset, void *out, size_t size)
{
	ptrdiff_t n = read_at(fd, offset, out, size);

	return n < 0 ? (int)n : (size_t)n < size ? -EIO : 0;
}

/* ------------------------------------------------------------------------------------------- chunks */

static int find_process(struct opening *o, uint64_t id, uint32_t *index)
{
	struct trace *t = o->t;
	struct trace_process *p, **grown;
	uint64_t *known;

	*index = TRACE_SESSION;
	if (!id)
		return 0;
	known = map_find(&o->by_id, id);
	if (known) {
		*index = (uint32_t)*known;
		return 0;
	}
	if (t->process_count == MAX_PROCESSES)
		return -EBADMSG;
	grown = realloc(t->processes, (t->process_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->processes = grown;
	p = calloc(1, sizeof(*p));
	if (!p || map_put(&o->by_id, id, t->process_count)) {
		free(p);
		return -ENOMEM;
	}
	*p = (struct trace_process){
		.id = id, .index = t->process_count, .first_time = INT64_MAX, .last_time = INT64_MIN};
	*index = t->process_count;
	t->processes[t->process_count++] = p;
	return 0;
}

static void widen(int64_t *first, int64_t *last, const struct file_index_entry *e)
{
	if (!e->first_time && !e->last_time)
		return;
	*first = e->first_time < *first ? e->first_time : *first;
	*last = e->last_time > *last ? e->last_time : *last;
}

/* Take a chunk into the table. -EBADMSG: more processes or chunks than can be. */
static int add_chunk(struct opening *o, const struct file_index_entry *e)
{
	struct trace *t = o->t;
	struct trace_process *p;
	uint32_t process;
	int err;

	if (t->chunk_count == o->chunk_capacity) {
		size_t capacity = o->chunk_capacity ? o->chunk_capacity * 2 : 1024;
		struct trace_chunk *grown = realloc(t->chunks, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->chunks = grown;
		o->chunk_capacity = capacity;
	}
	if (t->chunk_count == MAX_CHUNKS)
		return -EBADMSG;
	err = find_process(o, e->process, &process);
	if (err)
		return err;
	p = process == TRACE_SESSION ? &t->session : t->processes[process];
	t->chunks[t->chunk_count++] = (struct trace_chunk){
		.offset = e->offset,
		.first_time = e->first_time,
		.last_time = e->last_time,
		.size = e->size,
		.count = e->count,
		.process = process,
		.lost = e->lost,
		.kind = e->kind,
		.flags = e->flags,
	};
	p->chunks++;
	p->lost += e->lost;
	if (e->kind == EVENT_PERMANENT)
		return 0;
	p->records += e->count;
	/* Clock samples and losses are no events of the program. */
	if (e->kind != EVENT_CLOCK && e->kind != EVENT_LOST) {
		widen(&p->first_time, &p->last_time, e);
		widen(&t->first_time, &t->last_time, e);
	}
	return 0;
}

/* Forget all chunks: the index turned out to be wrong. */
static void forget_chunks(struct opening *o)
{
	struct trace *t = o->t;

	for (uint32_t i = 0; i < t->process_count; i++)
		free(t->processes[i]);
	t->process_count = 0;
	t->chunk_count = 0;
	t->session.chunks = t->session.records = t->session.lost = 0;
	t->first_time = INT64_MAX;
	t->last_time = INT64_MIN;
	map_free(&o->by_id);
}

/*
 * Entries of one index chunk. They must lie end to end from *at on: a file's index covers all its chunks, so
 * one that does not is wrong.
 */
static int take_entries(struct opening *o, const void *bytes, size_t size, uint64_t *at, uint64_t end)
{
	if (size % sizeof(struct file_index_entry))
		return -EBADMSG;
	for (size_t i = 0; i < size; i += sizeof(struct file_index_entry)) {
		struct file_index_entry e;
		int err;

		memcpy(&e, (const char *)bytes + i, sizeof(e));
		if (e.offset != *at || e.size < sizeof(struct chunk_header) || e.size % CHUNK_ALIGN ||
		    e.size > CHUNK_MAX_SIZE || e.size > end - *at || e.count > CHUNK_MAX_RECORDS)
			return -EBADMSG;
		err = add_chunk(o, &e);
		if (err)
			return err;
		*at += e.size;
	}
	return 0;
}

/* The index, which is one EVENT_INDEX chunk or several up to the footer. -EBADMSG: there is no good one. */
static int read_index(struct opening *o)
{
	struct trace *t = o->t;
	struct trace_reader r;
	struct file_footer footer;
	uint64_t at = t->header.header_size, index_at;
	int err;

	if (t->size < at + sizeof(footer))
		return -EBADMSG;
	err = read_whole(t->fd, t->size - sizeof(footer), &footer, sizeof(footer));
	if (err)
		return err;
	if (memcmp(footer.magic, FILE_FOOTER_MAGIC, sizeof(footer.magic)) || footer.file_size != t->size ||
	    footer.index_offset < at || footer.index_offset > t->size - sizeof(footer) ||
	    footer.index_offset % CHUNK_ALIGN)
		return -EBADMSG;
	err = trace_reader_init(&r, t);
	index_at = footer.index_offset;
	while (!err && index_at < t->size - sizeof(footer)) {
		struct trace_chunk chunk = {
			.offset = index_at, .kind = EVENT_INDEX, .process = TRACE_SESSION};
		uint64_t left = t->size - sizeof(footer) - index_at;
		struct chunk_header h;
		const void *bytes;
		size_t size;

		err = left < sizeof(h) ? -EBADMSG : read_whole(t->fd, index_at, &h, sizeof(h));
		if (err)
			break;
		if (chunk_peek(&h, sizeof(h), &h) != -EAGAIN || h.size > left || h.kind != EVENT_INDEX) {
			err = -EBADMSG;
			break;
		}
		chunk.size = h.size;
		chunk.count = h.count;
		err = trace_reader_load(&r, &chunk);
		if (!err)
			err = chunk_decode_raw(r.decoder, r.bytes, chunk.size, &bytes, &size);
		if (!err)
			err = take_entries(o, bytes, size, &at, footer.index_offset);
		index_at += chunk.size;
	}
	trace_reader_free(&r);
	return err ? err : at == footer.index_offset ? 0 : -EBADMSG;
}

/* Is this the end that a finished file has? */
static bool is_footer(const struct trace *t, uint64_t at)
{
	struct file_footer footer;

	return t->size - at == sizeof(footer) && !read_whole(t->fd, at, &footer, sizeof(footer)) &&
	       !memcmp(footer.magic, FILE_FOOTER_MAGIC, sizeof(footer.magic));
}

/* Go from chunk to chunk to the last whole one. Only headers are looked at. */
static int walk(struct opening *o)
{
	struct trace *t = o->t;
	uint64_t at = t->header.header_size;

	while (at < t->size) {
		struct chunk_header h;
		ptrdiff_t n = read_at(t->fd, at, &h, sizeof(h));
		struct file_index_entry e;
		int err;

		if (n < 0)
			return (int)n;
		err = chunk_peek(&h, (size_t)n, &h);
		if ((err == -EAGAIN && (size_t)n < sizeof(h)) || err == -EBADMSG || h.size > t->size - at) {
			if (is_footer(t, at))
				break;
			t->unread_offset = at;
			t->unread = t->size - at;
			t->damaged = err == -EBADMSG;
			break;
		}
		if (err == -EPROTONOSUPPORT) {
			t->newer_chunks++;
		} else if (h.kind != EVENT_INDEX) {
			e = (struct file_index_entry){.offset = at,
						      .process = h.process,
						      .first_time = h.first_time,
						      .last_time = h.last_time,
						      .size = h.size,
						      .count = h.count,
						      .kind = h.kind,
						      .flags = h.flags,
						      .lost = h.lost};
			err = add_chunk(o, &e);
			if (err == -EBADMSG)
				t->bad_chunks++;
			else if (err)
				return err;
		}
		at += h.size;
	}
	return 0;
}

/* ---------------------------------------------------------------------------- processes and losses */

static int take_losses(struct trace_reader *r, const struct trace_chunk *chunk, struct trace_process *p)
{
	static const uint16_t fields[] = {FIELD_CAUSE, FIELD_COUNT, FIELD_START, FIELD_DURATION};
	struct batch b;
	int err = chunk_decode(r->decoder, r->bytes, chunk->size, fields, 4, &b);

	for (uint32_t i = 0; !err && i < b.count; i++) {
		uint64_t start = batch_value(&b, 2, i);

		trace_process_lost(p, batch_value(&b, 0, i), batch_value(&b, 1, i), (int64_t)start,
				   (int64_t)(start + batch_value(&b, 3, i)));
	}
	return err;
}

/* The pass over permanent chunks that comes before all others, so that every name is known. */
static int read_permanent(struct trace *t)
{
	struct trace_reader r;
	int err = trace_reader_init(&r, t);

	for (size_t i = 0; i < t->chunk_count && !err; i++) {
		const struct trace_chunk *chunk = &t->chunks[i];
		struct trace_process *p =
			chunk->process == TRACE_SESSION ? &t->session : t->processes[chunk->process];
		const void *bytes;
		size_t size;

		if (chunk->kind != EVENT_PERMANENT && chunk->kind != EVENT_LOST)
			continue;
		err = trace_reader_load(&r, chunk);
		if (!err && chunk->kind == EVENT_LOST) {
			err = take_losses(&r, chunk, p);
		} else if (!err) {
			err = chunk_decode_raw(r.decoder, r.bytes, chunk->size, &bytes, &size);
			if (!err)
				err = trace_process_number_strings(p, r.header.first_string);
			if (!err)
				err = trace_process_take(t, p, bytes, size);
		}
		if (err == -EBADMSG || err == -EILSEQ || err == -EPROTONOSUPPORT) {
			if (err == -EPROTONOSUPPORT)
				t->newer_chunks++;
			else
				t->bad_chunks++;
			if (chunk->kind == EVENT_PERMANENT)
				trace_process_missing(p, chunk->count);
			err = 0;
		}
	}
	trace_reader_free(&r);
	return err;
}

/* ------------------------------------------------------------------------------------ open and close */

static int open_file(struct opening *o)
{
	struct trace *t = o->t;
	struct stat st;

	t->fd = open(t->path, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0)
		return refuse(o, -errno, "%s: %s", t->path, strerror(errno));
	if (fstat(t->fd, &st))
		return refuse(o, -errno, "%s: %s", t->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(o, -EINVAL, "%s: not a file", t->path);
	t->size = (uint64_t)st.st_size;
	if (!t->size)
		return refuse(o, -EBADMSG, "%s: the file is empty", t->path);
	return 0;
}

static int open_header(struct opening *o)
{
	struct trace *t = o->t;
	struct file_header *h = &t->header;
	ptrdiff_t n = read_at(t->fd, 0, h, sizeof(*h));

	if (n < 0)
		return refuse(o, (int)n, "%s: %s", t->path, strerror((int)-n));
	if ((size_t)n < sizeof(h->magic) || memcmp(h->magic, FILE_MAGIC, sizeof(h->magic)))
		return refuse(o, -EBADMSG, "%s: not a cuflight recording", t->path);
	if ((size_t)n < sizeof(*h))
		return refuse(o, -EBADMSG, "%s: a recording cut off within its first %zu bytes", t->path,
			      sizeof(*h));
	if (h->version > FILE_VERSION)
		return refuse(o, -EPROTONOSUPPORT,
			      "%s: made by a newer cuflight (file version %" PRIu32
			      ", this program reads %d)",
			      t->path, h->version, FILE_VERSION);
	if (!h->version || h->header_size < sizeof(*h) || h->header_size % CHUNK_ALIGN ||
	    h->header_size > t->size)
		return refuse(o, -EBADMSG, "%s: damaged in its first %zu bytes", t->path, sizeof(*h));
	return 0;
}

int trace_open(struct trace **out, const char *path, char *why, size_t why_size)
{
	struct trace *t = calloc(1, sizeof(*t));
	struct opening o = {.t = t, .why = why, .why_size = why_size};
	int err;

	*out = NULL;
	if (why_size)
		*why = 0;
	if (!t)
		return -ENOMEM;
	t->fd = -1;
	t->first_time = t->session.first_time = INT64_MAX;
	t->last_time = t->session.last_time = INT64_MIN;
	t->session.index = TRACE_SESSION;
	t->path = strdup(path);
	err = t->path ? open_file(&o) : -ENOMEM;
	if (!err)
		err = open_header(&o);
	if (err)
		goto out;
	err = read_index(&o);
	t->indexed = !err;
	if (err && err != -ENOMEM) {
		forget_chunks(&o);
		err = walk(&o);
	}
	if (!err)
		err = read_permanent(t);
	t->origin = t->header.monotonic;
	if (t->first_time <= t->last_time && t->first_time < t->origin)
		t->origin = t->first_time;
out:
	map_free(&o.by_id);
	if (err) {
		if (why_size && !*why)
			refuse(&o, err, "%s: %s", path, strerror(-err));
		trace_close(t);
		return err;
	}
	*out = t;
	return 0;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->process_count; i++) {
		trace_process_free(t->processes[i]);
		free(t->processes[i]);
	}
	trace_process_free(&t->session);
	trace_memory_free(t->memory);
	free(t->processes);
	free(t->chunks);
	free(t->path);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

void trace_tell_damage(const struct trace *t)
{
	if (t->unread && t->damaged)
		message("%s: damaged at byte %" PRIu64 ": the last %" PRIu64 " bytes cannot be read", t->path,
			t->unread_offset, t->unread);
	else if (t->unread)
		message("%s: the last %" PRIu64
			" bytes are the beginning of a chunk: still being written, or "
			"cut off",
			t->path, t->unread);
	if (t->newer_chunks)
		message("%s: %" PRIu64 " chunks of a newer cuflight were skipped", t->path, t->newer_chunks);
	if (t->bad_chunks)
		message("%s: %" PRIu64 " chunks with names or losses are damaged", t->path, t->bad_chunks);
}

/* -------------------------------------------------------------------------------------------- reader */

int trace_reader_init(struct trace_reader *r, const struct trace *t)
{
	memset(r, 0, sizeof(*r));
	r->trace = t;
	r->decoder = chunk_decoder_new();
	return r->decoder ? 0 : -ENOMEM;
}

void trace_reader_free(struct trace_reader *r)
{
	chunk_decoder_free(r->decoder);
	free(r->bytes);
	memset(r, 0, sizeof(*r));
}

static uint64_t process_id(const struct trace *t, const struct trace_chunk *chunk)
{
	return chunk->process == TRACE_SESSION ? 0 : t->processes[chunk->process]->id;
}

int trace_reader_load(struct trace_reader *r, const struct trace_chunk *chunk)
{
	const struct chunk_header *h = &r->header;
	int err;

	if (chunk->size > r->capacity) {
		size_t capacity = chunk->size + chunk->size / 2;
		uint8_t *bytes = malloc(capacity);

		if (!bytes)
			return -ENOMEM;
		free(r->bytes);
		r->bytes = bytes;
		r->capacity = capacity;
	}
	err = read_whole(r->trace->fd, chunk->offset, r->bytes, chunk->size);
	if (err)
		return err;
	err = chunk_check(r->bytes, chunk->size, &r->header);
	if (err)
		return err == -EAGAIN ? -EBADMSG : err;
	if (h->size != chunk->size || h->kind != chunk->kind || h->count != chunk->count ||
	    h->process != process_id(r->trace, chunk))
		return -EBADMSG;
	return 0;
}
