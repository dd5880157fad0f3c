/*
 * Memory for CUPTI's activity records: handed out, counted when it comes back, written to the recording,
 * reused. Counting walks each buffer with the library's own stepping function. Everything under one lock
 * except the walk.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_BUFFERS 4096
#define MAX_TOTAL   ((size_t)4 << 30) /* the probe's own limit on memory, so that a leak ends in words */

struct buffer {
	uint8_t *data;
	size_t size;
	uint64_t requested_ns;
	int held; /* by CUPTI */
};

static struct {
	pthread_mutex_t lock;
	struct buffer buffer[MAX_BUFFERS];
	uint32_t count;
	size_t total;
	size_t size;
	enum buffer_fill fill;
	struct probe_counts counts;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .size = 1 << 20};

/* With the lock held: a buffer of the size in force that CUPTI does not hold, or NULL at the limit. */
static struct buffer *take_buffer(void)
{
	struct buffer *buffer;

	for (uint32_t i = 0; i < pool.count; i++)
		if (!pool.buffer[i].held && pool.buffer[i].size == pool.size)
			return &pool.buffer[i];
	if (pool.count == MAX_BUFFERS || pool.total + pool.size > MAX_TOTAL)
		return NULL;
	buffer = &pool.buffer[pool.count];
	if (posix_memalign((void **)&buffer->data, 4096, pool.size) != 0)
		return NULL;
	memset(buffer->data, 0, pool.size); /* touch it here once, not in CUPTI's time */
	buffer->size = pool.size;
	pool.total += pool.size;
	pool.count++;
	return buffer;
}

void CUPTIAPI buffers_request(uint8_t **data, size_t *size, size_t *max_records)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct rec_buffer head = {.api = callbacks_current(), .requested_ns = now};
	struct buffer *buffer;

	*data = NULL;
	*size = 0;
	*max_records = 0;
	pthread_mutex_lock(&pool.lock);
	buffer = take_buffer();
	if (buffer) {
		buffer->held = 1;
		buffer->requested_ns = now;
		*data = buffer->data;
		*size = buffer->size;
		head.id = (uint32_t)(buffer - pool.buffer);
		pool.counts.requested++;
	} else {
		pool.counts.refused++;
	}
	pthread_mutex_unlock(&pool.lock);
	if (buffer && pool.fill != FILL_NONE)
		memset(*data, pool.fill == FILL_DIRTY ? REC_FILL : 0, *size);
	head.address = (uint64_t)(uintptr_t)*data;
	head.size = *size;
	rec_write(REC_REQUEST, now, &head, sizeof(head), NULL, 0);
}

/* start@16 and end@24 in kernels, copies and memsets since CUDA 11.0; start@8 and end@16 in graph records. */
static void count_times(struct probe_counts *counts, const uint8_t *record, size_t at)
{
	uint64_t time[2];

	memcpy(time, record + at, sizeof(time));
	if (!time[0])
		counts->start_zero++;
	else if (!time[1])
		counts->end_zero++;
	else if (time[1] < time[0])
		counts->reversed++;
}

static void count_record(struct probe_counts *counts, const CUpti_Activity *record)
{
	const uint8_t *bytes = (const uint8_t *)record;

	counts->records++;
	switch (record->kind) {
	case CUPTI_ACTIVITY_KIND_KERNEL:
	case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
		counts->kernels++;
		count_times(counts, bytes, 16);
		rec_name(((const CUpti_ActivityKernel9 *)record)->name); /* name@104 since CUDA 11.0 */
		break;
	case CUPTI_ACTIVITY_KIND_MEMCPY:
	case CUPTI_ACTIVITY_KIND_MEMCPY2:
	case CUPTI_ACTIVITY_KIND_MEMSET:
		counts->copies++;
		count_times(counts, bytes, 16);
		break;
	case CUPTI_ACTIVITY_KIND_GRAPH_TRACE:
		counts->graphs++;
		count_times(counts, bytes, 8);
		break;
	case CUPTI_ACTIVITY_KIND_DRIVER:
	case CUPTI_ACTIVITY_KIND_RUNTIME:
		counts->api++;
		break;
	default:
		counts->other++;
	}
}

static void add_counts(struct probe_counts *to, const struct probe_counts *from)
{
	to->records += from->records;
	to->kernels += from->kernels;
	to->copies += from->copies;
	to->graphs += from->graphs;
	to->api += from->api;
	to->other += from->other;
	to->start_zero += from->start_zero;
	to->end_zero += from->end_zero;
	to->reversed += from->reversed;
	to->dropped += from->dropped;
	to->bytes += from->bytes;
}

static struct buffer *find_buffer(const uint8_t *data)
{
	for (uint32_t i = 0; i < pool.count; i++)
		if (pool.buffer[i].data == data)
			return &pool.buffer[i];
	return NULL;
}

void CUPTIAPI buffers_complete(CUcontext context, uint32_t stream_id, uint8_t *data, size_t size,
			       size_t valid)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct rec_buffer head = {
		.stream_id = stream_id,
		.address = (uint64_t)(uintptr_t)data,
		.context = (uint64_t)(uintptr_t)context,
		.size = size,
		.valid = valid,
		.api = callbacks_current(),
	};
	struct probe_counts counts = {.bytes = valid};
	CUpti_Activity *record = NULL;
	struct buffer *buffer;
	size_t dropped = 0;

	while (valid && cupti.cuptiActivityGetNextRecord(data, valid, &record) == CUPTI_SUCCESS)
		count_record(&counts, record);
	/* Asked with no lock held: this call takes locks of CUPTI's. */
	if (cupti.cuptiActivityGetNumDroppedRecords &&
	    cupti.cuptiActivityGetNumDroppedRecords(context, stream_id, &dropped) == CUPTI_SUCCESS)
		counts.dropped = dropped;
	for (size_t i = valid; rec_active() && i < size && !data[i]; i++)
		head.tail_zero++;
	for (size_t i = size; rec_active() && i > valid && data[i - 1] == REC_FILL; i--)
		head.tail_fill++;

	pthread_mutex_lock(&pool.lock);
	buffer = find_buffer(data);
	if (buffer) {
		head.id = (uint32_t)(buffer - pool.buffer);
		head.requested_ns = buffer->requested_ns;
	}
	pool.counts.completed++;
	add_counts(&pool.counts, &counts);
	pthread_mutex_unlock(&pool.lock);

	rec_write(REC_COMPLETE, now, &head, sizeof(head), data, valid);

	pthread_mutex_lock(&pool.lock);
	if (buffer)
		buffer->held = 0;
	pthread_mutex_unlock(&pool.lock);
}

/* CUPTI writes into these buffers meanwhile: what is copied is what a reader of a hung process would see. */
void buffers_peek(void)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	pthread_mutex_lock(&pool.lock); /* held throughout, so that no buffer is recycled under the copy */
	for (uint32_t i = 0; i < pool.count; i++) {
		struct buffer *buffer = &pool.buffer[i];
		struct rec_buffer head = {.id = i, .address = (uint64_t)(uintptr_t)buffer->data};
		uint8_t rest = pool.fill == FILL_DIRTY ? REC_FILL : 0;

		if (!buffer->held)
			continue;
		head.size = head.valid = buffer->size;
		head.requested_ns = buffer->requested_ns;
		/* CUPTI zeroes a dirty buffer itself unless told that it comes zeroed: drop either. */
		while (head.valid && buffer->data[head.valid - 1] == rest)
			head.valid--;
		while (head.valid && buffer->data[head.valid - 1] == 0)
			head.valid--;
		head.valid = (head.valid + 7) & ~(uint64_t)7;
		rec_write(REC_LIVE, now, &head, sizeof(head), buffer->data, head.valid);
	}
	pthread_mutex_unlock(&pool.lock);
}

static int held_buffers(void)
{
	int held = 0;

	pthread_mutex_lock(&pool.lock);
	for (uint32_t i = 0; i < pool.count; i++)
		held += pool.buffer[i].held;
	pthread_mutex_unlock(&pool.lock);
	return held;
}

int buffers_wait(int ms)
{
	int held;

	while ((held = held_buffers()) && ms-- > 0)
		usleep(1000);
	return held;
}

void buffers_configure(size_t size)
{
	pthread_mutex_lock(&pool.lock);
	pool.size = (size + 7) & ~(size_t)7;
	pthread_mutex_unlock(&pool.lock);
}

void buffers_fill(enum buffer_fill fill)
{
	pool.fill = fill;
}

void buffers_counts(struct probe_counts *counts)
{
	pthread_mutex_lock(&pool.lock);
	*counts = pool.counts;
	pthread_mutex_unlock(&pool.lock);
	counts->callbacks = callbacks_count();
}
