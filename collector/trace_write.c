/*
 * trace_write.c: appending to a trace file so that it can be read whatever ends the recording.
 */
#include "collector/trace_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/clock.h"
#include "cuflight/event.h"
#include "wire/chunk_write.h"

#define PENDING_SIZE   (1u << 20)
#define CLOSING_MAX    (16u << 20)
#define INDEX_ENTRIES  65536u /* in one index chunk */
#define INDEX_OVERHEAD 256u   /* bytes of an index chunk beside its entries, at most */
#define CLOSING_ROOM   8192u  /* bytes kept free for closing() whatever the caller asked for */

/* Returns how much was written: less than size after an error, which is in *err. */
static size_t write_at(int fd, uint64_t at, const uint8_t *bytes, size_t size, int *err)
{
	size_t done = 0;

	*err = 0;
	while (done < size) {
		ssize_t n = pwrite(fd, bytes + done, size - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*err = n ? -errno : -ENOSPC;
			break;
		}
		done += (size_t)n;
	}
	return done;
}

/* What index, footer and closing chunks may need when there are `chunks` chunks, bytes. */
static uint64_t tail_size(const struct trace_writer *w, size_t chunks)
{
	return (uint64_t)chunks * sizeof(*w->index) + (chunks / INDEX_ENTRIES + 1) * INDEX_OVERHEAD +
	       sizeof(struct file_footer) + CLOSING_ROOM + w->reserve;
}

int trace_writer_open(struct trace_writer *w, int fd)
{
	struct file_header header = {
		.version = FILE_VERSION,
		.session = w->session,
		.header_size = sizeof(header),
		.created = clock_now(CLOCK_REALTIME),
		.monotonic = clock_now(CLOCK_MONOTONIC),
	};
	int err;

	memcpy(header.magic, FILE_MAGIC, sizeof(header.magic));
	w->fd = fd;
	w->pending = malloc(PENDING_SIZE);
	if (!w->pending)
		return -ENOMEM;
	w->pending_capacity = PENDING_SIZE;
	w->size = write_at(fd, 0, (const uint8_t *)&header, sizeof(header), &err);
	return err;
}

/* Take the last chunk out of the index and tell its loss. */
static void drop_last(struct trace_writer *w)
{
	w->index_count--;
	if (w->lost)
		w->lost(w->lost_context, &w->index[w->index_count]);
}

/*
 * A write failed after `held` bytes of the file: it is to end at the last whole chunk, and enough of the
 * newest chunks are given back for the tail to find room, which is then claimed before another writer does.
 */
static void cut_back(struct trace_writer *w, uint64_t held)
{
	uint64_t end = sizeof(struct file_header);

	while (w->index_count) {
		const struct file_index_entry *last = &w->index[w->index_count - 1];

		end = last->offset + last->size;
		if (end <= held && held - end >= tail_size(w, w->index_count))
			break;
		drop_last(w);
		end = last->offset;
	}
	w->size = end;
	w->pending_used = 0;
	/* Neither is needed for the file to be right: a reader stops at the last whole chunk. */
	if (!ftruncate(w->fd, (off_t)end))
		fallocate(w->fd, FALLOC_FL_KEEP_SIZE, (off_t)end, (off_t)tail_size(w, w->index_count));
}

int trace_writer_flush(struct trace_writer *w)
{
	size_t done;
	int err;

	if (!w->pending_used)
		return w->error;
	done = write_at(w->fd, w->size, w->pending, w->pending_used, &err);
	if (err) {
		w->error = err;
		cut_back(w, w->size + done);
	} else {
		w->size += done;
		w->pending_used = 0;
	}
	return w->error;
}

void *trace_writer_room(struct trace_writer *w, size_t size, size_t *room)
{
	if (w->pending_capacity - w->pending_used < size)
		trace_writer_flush(w);
	if (w->pending_capacity < size) {
		uint8_t *grown = realloc(w->pending, size);

		if (!grown)
			return NULL;
		w->pending = grown;
		w->pending_capacity = size;
	}
	*room = w->pending_capacity - w->pending_used;
	return w->pending + w->pending_used;
}

static bool index_has_room(struct trace_writer *w)
{
	size_t capacity = w->index_capacity ? w->index_capacity * 2 : 1024;
	struct file_index_entry *grown;

	if (w->index_count < w->index_capacity)
		return true;
	grown = realloc(w->index, capacity * sizeof(*grown));
	if (!grown)
		return false;
	w->index = grown;
	w->index_capacity = capacity;
	return true;
}

/* The chunk lies after all that is written and pending. */
static void index_add(struct trace_writer *w, const struct chunk_header *h)
{
	w->index[w->index_count++] = (struct file_index_entry){
		.offset = w->size + w->pending_used,
		.process = h->process,
		.first_time = h->first_time,
		.last_time = h->last_time,
		.size = h->size,
		.count = h->count,
		.kind = h->kind,
		.flags = h->flags,
		.lost = h->lost,
	};
}

static void take(struct trace_writer *w, const struct chunk_header *h)
{
	index_add(w, h);
	w->pending_used += h->size;
}

int trace_writer_take(struct trace_writer *w, const struct chunk_header *h)
{
	if (w->error)
		return w->error;
	if (!index_has_room(w)) {
		w->error = -ENOMEM;
	} else if (w->max_size &&
		   w->size + w->pending_used + h->size + tail_size(w, w->index_count + 1) > w->max_size) {
		w->error = TRACE_FULL;
	} else {
		take(w, h);
		return 0;
	}
	return w->error;
}

int trace_writer_closing(struct trace_writer *w, const void *chunk, size_t size)
{
	size_t room;
	uint8_t *at;

	if (!w->error) {
		at = trace_writer_room(w, size, &room);
		/* The room may have been made by a flush that failed. */
		if (at && !w->error && index_has_room(w)) {
			memcpy(at, chunk, size);
			take(w, chunk);
			return 0;
		}
	}
	if (size > CLOSING_MAX - w->closing_used)
		return -ENOSPC;
	at = realloc(w->closing, w->closing_used + size);
	if (!at)
		return -ENOMEM;
	w->closing = at;
	memcpy(w->closing + w->closing_used, chunk, size);
	w->closing_used += size;
	return 0;
}

/* Write at the end of the file, past w->size only if all of it could be written. */
static int append(struct trace_writer *w, const void *bytes, size_t size)
{
	int err;

	write_at(w->fd, w->size, bytes, size, &err);
	if (!err)
		w->size += size;
	return err;
}

static int write_closing(struct trace_writer *w)
{
	uint64_t start = w->size;
	int err = append(w, w->closing, w->closing_used);

	if (err)
		return err;
	for (size_t at = 0; at < w->closing_used;) {
		struct chunk_header h;

		memcpy(&h, w->closing + at, sizeof(h));
		if (!index_has_room(w))
			return -ENOMEM;
		w->size = start + at; /* where index_add() says it is */
		index_add(w, &h);
		at += h.size;
	}
	w->size = start + w->closing_used;
	return 0;
}

static int write_index(struct trace_writer *w)
{
	struct file_footer footer = {.index_offset = w->size};
	size_t capacity = chunk_raw_bound(INDEX_ENTRIES * sizeof(*w->index));
	uint8_t *chunk = malloc(capacity);
	int err = chunk ? 0 : -ENOMEM;

	for (size_t at = 0; !err && at < w->index_count; at += INDEX_ENTRIES) {
		size_t n = w->index_count - at < INDEX_ENTRIES ? w->index_count - at : INDEX_ENTRIES;
		struct chunk_origin origin = {.sequence = w->sequence++, .flags = CHUNK_BY_COLLECTOR};
		ptrdiff_t size = chunk_write_raw(EVENT_INDEX, (uint32_t)n, w->index + at,
						 n * sizeof(*w->index), &origin, chunk, capacity);

		err = size < 0 ? (int)size : append(w, chunk, (size_t)size);
	}
	free(chunk);
	if (err)
		return err;
	footer.file_size = w->size + sizeof(footer);
	memcpy(footer.magic, FILE_FOOTER_MAGIC, sizeof(footer.magic));
	return append(w, &footer, sizeof(footer));
}

int trace_writer_finish(struct trace_writer *w)
{
	uint64_t chunks_end;
	int err;

	trace_writer_flush(w); /* its failure is in w->error, and the tail has its room */
	err = write_closing(w);
	chunks_end = w->size;
	if (!err)
		err = write_index(w);
	if (err && ftruncate(w->fd, (off_t)chunks_end))
		w->error = w->error ? w->error : -errno;
	return err;
}

void trace_writer_close(struct trace_writer *w)
{
	free(w->index);
	free(w->pending);
	free(w->closing);
	w->index = NULL;
	w->pending = w->closing = NULL;
	w->index_count = w->index_capacity = w->pending_used = w->pending_capacity = w->closing_used = 0;
}
