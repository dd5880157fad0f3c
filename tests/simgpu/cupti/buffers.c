/* Activity buffers: asked for on the thread that has a record to write, handed back by CUPTI's own worker
   thread when full or by cuptiActivityFlushAll. A GPU operation's record is written at its launch without
   times, and is finished when the operation is; a buffer with an unfinished one is held back unless the flush
   is forced. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/simgpu/cupti/cupti.h"

/* A GPU operation's record in a buffer. Entries before buffer.n_done have their times. */
struct entry {
	size_t at;
	uint64_t id;
	uint32_t kind, corr;
	int64_t start, end;
	struct sim_op *op;	     /* not resolved yet, else NULL */
	bool timed, never, negative; /* has times at all; the faults "unfinished" and "negative-duration" */
};

struct buffer {
	uint8_t *data;
	size_t size, used, max_records, n_records;
	struct entry *entries;
	size_t n_entries, n_done, cap;
	int64_t full_at; /* real time, ns */
	struct buffer *next;
};

/* Where a thread writes; one for all threads unless PER_THREAD_ACTIVITY_BUFFER is set. Never freed. */
struct slot {
	struct buffer *current;
	struct slot *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake, idle = PTHREAD_COND_INITIALIZER;
static bool delivering; /* the worker is inside the client's completion function */
static struct slot shared_slot, *slots = &shared_slot;
static __thread struct slot *own_slot;
static pthread_key_t own_slot_key;
static struct buffer *spare;			 /* asked for, but no longer needed */
static struct buffer *full, **full_tail = &full; /* waiting for the worker */
static CUpti_RequestFunc request_func;
static CUpti_CompleteFunc complete_func;
static size_t dropped;
static uint32_t period_ms;
static uint64_t seen; /* GPU records so far, for the faults */

static int64_t real_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static bool every(long n)
{
	return n && seen % (uint64_t)n == 0;
}

/* Gives the records their times whose operations have ended. Lock held. */
static void settle(struct buffer *b)
{
	int64_t now = core->now();

	for (size_t i = b->n_done; i < b->n_entries; i++) {
		struct entry e = b->entries[i];
		uint64_t *times;

		if (e.op || e.never || e.end > now)
			continue;
		times = (uint64_t *)(b->data + e.at + offsetof(struct rec_kernel, start));
		if (e.timed) {
			times[0] = (uint64_t)e.start;
			times[1] = (uint64_t)(e.negative ? e.start - 1000 : e.end);
		}
		b->entries[i] = b->entries[b->n_done];
		if (b->entries[i].op)
			b->entries[i].op->prof_index = (uint32_t)i;
		b->entries[b->n_done++] = e;
	}
}

static bool complete(const struct buffer *b)
{
	return b->n_done == b->n_entries;
}

/* Calls the client's completion function with each buffer of a list, without the lock. */
static void deliver(struct buffer *list, const char *how)
{
	int inside = cupti_inside;
	struct buffer *b;

	while ((b = list)) {
		list = b->next;
		if (core->config->truth)
			for (size_t i = 0; i < b->n_entries; i++) {
				const struct entry *e = &b->entries[i];
				const uint64_t *t = (const uint64_t *)(b->data + e->at +
								       offsetof(struct rec_kernel, start));

				core->truth_record(e->id, (int)e->kind, e->corr, (int64_t)t[0], (int64_t)t[1],
						   how);
			}
		cupti_inside = CUPTI_IN_BUFFER;
		complete_func(NULL, 0, b->data, b->size, b->used);
		cupti_inside = inside;
		free(b->entries);
		free(b);
	}
}

/* Unlinks from the list of full buffers those that may go: to the worker, to a flush, or all of them. Lock
 * held. */
static struct buffer *take_full(bool flush, bool force)
{
	struct buffer *out = NULL, **out_tail = &out, **p = &full;
	int64_t late = real_now() - core->config->fault.late_delivery_ms * 1000000;

	while (*p) {
		struct buffer *b = *p;

		settle(b);
		if (!force && (!complete(b) || (!flush && b->full_at > late))) {
			p = &b->next;
			continue;
		}
		*p = b->next;
		b->next = NULL;
		*out_tail = b;
		out_tail = &b->next;
	}
	full_tail = p;
	return out;
}

static void *work(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "simgpu-cupti");
	pthread_mutex_lock(&mutex);
	for (;;) {
		struct buffer *list = complete_func ? take_full(false, false) : NULL;

		if (list) {
			delivering = true;
			pthread_mutex_unlock(&mutex);
			deliver(list, "worker");
			pthread_mutex_lock(&mutex);
			delivering = false;
			pthread_cond_broadcast(&idle);
		} else if (full) {
			/* One waits for an operation to end, or to be late: look again soon. */
			struct timespec ts;

			clock_gettime(CLOCK_MONOTONIC, &ts);
			ts.tv_nsec += 2000000;
			if (ts.tv_nsec >= 1000000000) {
				ts.tv_nsec -= 1000000000;
				ts.tv_sec++;
			}
			pthread_cond_timedwait(&wake, &mutex, &ts);
		} else {
			pthread_cond_wait(&wake, &mutex);
		}
	}
	return NULL;
}

static void thread_gone(void *arg);

static void start_worker(void)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	pthread_t thread;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&wake, &attr);
	pthread_key_create(&own_slot_key, thread_gone);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!pthread_create(&thread, NULL, work, NULL))
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void buffers_register(CUpti_RequestFunc request, CUpti_CompleteFunc done)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_worker);
	pthread_mutex_lock(&mutex);
	request_func = request;
	complete_func = done;
	pthread_mutex_unlock(&mutex);
}

bool buffers_registered(void)
{
	return request_func != NULL;
}

void buffers_period(uint32_t ms)
{
	pthread_mutex_lock(&mutex);
	period_ms = ms; /* the worker hands over full, complete buffers at once, with or without a period */
	pthread_mutex_unlock(&mutex);
}

size_t buffers_dropped(void)
{
	size_t n;

	pthread_mutex_lock(&mutex);
	n = dropped;
	dropped = 0;
	pthread_mutex_unlock(&mutex);
	return n;
}

static void to_full(struct buffer *b) /* lock held */
{
	b->full_at = real_now();
	b->next = NULL;
	*full_tail = b;
	full_tail = &b->next;
	pthread_cond_signal(&wake);
}

/* A thread that ends leaves its buffer to the worker. */
static void thread_gone(void *arg)
{
	struct slot *s = arg;

	pthread_mutex_lock(&mutex);
	if (s->current)
		to_full(s->current);
	s->current = NULL;
	pthread_mutex_unlock(&mutex);
}

static struct slot *my_slot(void) /* lock held */
{
	if (!cupti_per_thread)
		return &shared_slot;
	if (!own_slot) {
		own_slot = calloc(1, sizeof(*own_slot));
		if (!own_slot)
			return &shared_slot;
		own_slot->next = slots;
		slots = own_slot;
		pthread_setspecific(own_slot_key, own_slot);
	}
	return own_slot;
}

/* Asks the client for a buffer. Before CUDA 12.9 a client that declined with NULL crashed, and so it does
 * here. */
static struct buffer *request(void)
{
	struct buffer *b = calloc(1, sizeof(*b));
	int inside;

	if (!b)
		return NULL;
	inside = cupti_inside;
	cupti_inside = CUPTI_IN_BUFFER;
	request_func(&b->data, &b->size, &b->max_records);
	cupti_inside = inside;
	if (!b->data && SIM_CUPTI >= 1209 && !core->config->fault.no_null_buffer) {
		free(b);
		return NULL;
	}
	if (!b->data) {
		core->misuse("the buffer request returned NULL, which this version does not survive");
		*(volatile uint8_t *)b->data = 0;
	}
	if (!cupti_zeroed)
		memset(b->data, 0, b->size);
	return b;
}

static bool fits(const struct buffer *b, size_t size)
{
	return b && b->used + size <= b->size && (!b->max_records || b->n_records < b->max_records);
}

/* The current buffer, with room, and the lock held; NULL when the client has declined. */
static struct buffer *acquire(size_t size)
{
	bool asked = false;

	pthread_mutex_lock(&mutex);
	while (request_func) {
		struct slot *s = my_slot();

		if (fits(s->current, size))
			return s->current;
		if (s->current) {
			to_full(s->current);
			s->current = NULL;
		}
		if (spare) {
			s->current = spare;
			spare = spare->next;
			s->current->next = NULL;
			if (asked && !fits(s->current, size))
				return NULL; /* too small for any record */
			continue;
		}
		pthread_mutex_unlock(&mutex);
		struct buffer *b = request();
		pthread_mutex_lock(&mutex);
		if (!b)
			return NULL;
		asked = true;
		b->next = spare;
		spare = b;
	}
	return NULL;
}

static uint8_t *append(struct buffer *b, const void *record, size_t size)
{
	uint8_t *at = b->data + b->used;

	memcpy(at, record, size);
	b->used += size;
	b->n_records++;
	return at;
}

void buffers_put(const void *record)
{
	size_t size = cupti_strides[*(const uint32_t *)record];
	struct buffer *b = acquire(size);

	if (b)
		append(b, record, size);
	else
		dropped++;
	pthread_mutex_unlock(&mutex);
}

void buffers_put_op(const void *record, struct sim_op *op, bool timed)
{
	uint32_t kind = *(const uint32_t *)record;
	size_t size = cupti_strides[kind];
	const struct sim_faults *fault = &core->config->fault;
	struct buffer *b = acquire(size);
	struct entry *e;

	seen++;
	if (!b || every(fault->drop)) {
		dropped++;
		pthread_mutex_unlock(&mutex);
		core->truth_record(op->id, (int)kind, op->corr, 0, 0, "dropped");
		return;
	}
	if (b->n_entries == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 256;
		b->entries = realloc(b->entries, b->cap * sizeof(*b->entries));
		if (!b->entries)
			abort();
	}
	e = &b->entries[b->n_entries++];
	*e = (struct entry){.at = b->used, .id = op->id, .kind = kind, .corr = op->corr, .timed = timed};
	append(b, record, size);
	if (op->deferred) {
		e->op = op;
		op->prof = b;
		op->prof_index = (uint32_t)(b->n_entries - 1);
	} else {
		e->start = op->start;
		e->end = op->end;
	}
	if (every(fault->zero_timestamps))
		e->timed = false;
	e->negative = every(fault->negative_duration);
	e->never = every(fault->unfinished);
	pthread_mutex_unlock(&mutex);
}

void buffers_resolved(struct sim_op *op)
{
	struct entry *e;

	pthread_mutex_lock(&mutex);
	if (op->prof) { /* else the buffer has been handed over by force */
		e = &((struct buffer *)op->prof)->entries[op->prof_index];
		e->op = NULL;
		e->start = op->start;
		e->end = op->end;
	}
	pthread_mutex_unlock(&mutex);
}

void buffers_progress(void)
{
	pthread_mutex_lock(&mutex);
	if (full)
		pthread_cond_signal(&wake);
	pthread_mutex_unlock(&mutex);
}

CUptiResult buffers_flush(bool force)
{
	struct buffer *list, **tail = &list;

	if (!complete_func)
		return CUPTI_INVALID_OPERATION;
	pthread_mutex_lock(&mutex);
	/* What the worker has taken is handed over when the flush returns. */
	while (delivering && !cupti_inside)
		pthread_cond_wait(&idle, &mutex);
	list = take_full(true, force);
	while (*tail)
		tail = &(*tail)->next;
	for (struct slot *s = slots; s; s = s->next) {
		struct buffer *b = s->current;

		if (!b || !b->n_records)
			continue;
		settle(b);
		if (!force && !complete(b))
			continue;
		s->current = NULL;
		b->next = NULL;
		*tail = b;
		tail = &b->next;
	}
	/* What goes out unfinished keeps the end 0, and is never handed over again. */
	for (struct buffer *b = list; b; b = b->next)
		for (size_t i = b->n_done; i < b->n_entries; i++) {
			struct entry *e = &b->entries[i];

			if (e->op)
				e->op->prof = NULL;
			else if (e->timed && e->start <= core->now())
				*(uint64_t *)(b->data + e->at + offsetof(struct rec_kernel, start)) =
					(uint64_t)e->start;
		}
	pthread_mutex_unlock(&mutex);
	deliver(list, force ? "forced" : "flush");
	return CUPTI_OK;
}
