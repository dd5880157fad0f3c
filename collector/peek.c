/*
 * peek.c: reading rings without being their consumer.
 */
#include "collector/peek.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/clock.h"
#include "collector/message.h"
#include "collector/rescue.h"
#include "wire/chunk_read.h"

#define ANSWER_WAIT (200 * NS_PER_MS)
#define COPIES	    20 /* attempts at a copy during which nothing is published */
#define FIRST_READ  65536u

struct peek {
	struct access a; /* first: what source_reach() is given */
	struct salvage *copy;
	struct ring view; /* the ring with `header`, whose positions are ours */
	struct ring_header header;
	uint64_t floor; /* the ring's own, after a chunk was copied */
};

static void access_copy(void *argument)
{
	struct peek *p = argument;
	struct ring *ring = &p->a.source->peer.ring;

	for (int i = 0; i < COPIES; i++) {
		salvage_copy(p->copy, ring);
		if (!salvage_is_torn(p->copy, ring))
			return;
	}
}

static void access_get(void *argument)
{
	struct peek *p = argument;

	p->a.n = ring_get(&p->view, p->a.buf, p->a.capacity, &p->a.need);
	fence_full();
	/* Partner: the producer's release, before it overwrites. */
	p->floor = load_acquire(&p->a.source->peer.ring.header->floor);
}

/* The chunks up to the head that the copy saw. */
static void peek_chunks(struct peek *p, struct source *s, struct trace_writer *w, int64_t since)
{
	size_t need = FIRST_READ;

	p->view = s->peer.ring;
	p->view.header = &p->header;
	p->header.head = p->copy->header.head;
	p->header.floor = p->header.tail = 0;
	if (p->header.head > s->peer.ring.chunk_size)
		p->header.tail = p->header.head - s->peer.ring.chunk_size;
	/* Chunks begin at the floor or at the consumer's tail. */
	p->a.capacity = 0;
	if (!source_reach(s, access_get, &p->a))
		return;
	p->header.floor = p->header.tail = p->floor;
	while (p->header.tail < p->header.head) {
		uint64_t at = p->header.tail;
		struct chunk_header h;

		p->a.buf = trace_writer_room(w, need, &p->a.capacity);
		if (!p->a.buf || !source_reach(s, access_get, &p->a))
			return;
		if (p->floor > at) { /* overwritten under our hands */
			p->header.floor = p->header.tail = p->floor;
			continue;
		}
		if (p->a.n == -ENOBUFS && p->a.need <= CHUNK_MAX_SIZE && p->a.need > p->a.capacity) {
			need = p->a.need;
			continue;
		}
		if (p->a.n <= 0)
			return;
		if (!chunk_peek(p->a.buf, (size_t)p->a.n, &h) && h.last_time && h.last_time < since)
			continue;
		source_accept(s, w, p->a.buf, (size_t)p->a.n);
	}
}

static void peek_source(struct drain *d, struct source *s, int64_t since)
{
	static struct peek p;
	struct facts facts = {0};
	struct rescue r = {.writer = &d->writer,
			   .process = s->peer.process,
			   .generation = s->peer.generation,
			   .losses = s->losses,
			   .facts = &facts};

	memset(&p, 0, sizeof(p));
	p.copy = salvage_new(&s->peer.ring);
	if (!p.copy || !source_reach(s, access_copy, &p.a)) {
		if (!p.copy)
			message("process %d (%s): no memory to copy what it has", (int)s->peer.pid, s->name);
		salvage_free(p.copy);
		return;
	}
	source_permanent(s, &d->writer, d->scratch, DRAIN_SCRATCH);
	peek_chunks(&p, s, &d->writer, since);
	r.sequence = s->sequence;
	if (p.copy->header.state != RING_CLOSED)
		rescue_write(&r, p.copy);
	s->sequence = r.sequence;
	facts_format(&facts, "salvaged", "%llu", (unsigned long long)r.records);
	source_add_facts(s, &d->writer, &facts);
	facts_free(&facts);
	salvage_free(p.copy);
}

void peek_all(struct drain *d, int64_t since)
{
	const struct timespec moment = {.tv_nsec = 100000};
	int64_t deadline = clock_now(CLOCK_MONOTONIC) + ANSWER_WAIT;
	size_t waiting;

	for (size_t i = 0; i < d->count; i++)
		source_snapshot(d->sources[i]);
	do {
		waiting = 0;
		for (size_t i = 0; i < d->count; i++)
			waiting += !source_has_answered(d->sources[i]);
	} while (waiting && clock_now(CLOCK_MONOTONIC) < deadline && !nanosleep(&moment, NULL));
	if (waiting)
		message("%zu process%s not answer: taken is what lies in their buffers", waiting,
			waiting == 1 ? " does" : "es do");
	for (size_t i = 0; i < d->count; i++)
		peek_source(d, d->sources[i], since);
	for (size_t i = 0; i < d->count; i++)
		source_finish(d->sources[i], &d->writer, source_end(d->sources[i]));
}
