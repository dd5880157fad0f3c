/*
 * source.c: emptying one ring. All reads of shared memory go through sigbus_call(); what they yield is
 * checked before it is written.
 */
#include "collector/source.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/facts.h"
#include "collector/message.h"
#include "collector/rescue.h"
#include "collector/sigbus.h"
#include "wire/chunk_read.h"
#include "wire/chunk_write.h"

#define FIRST_READ 65536u /* a chunk is rarely larger; if it is, ring_get() says how large */

static void access_attach(void *argument)
{
	struct ring_header *h = ((struct access *)argument)->source->peer.ring.header;

	store_relaxed(&h->policy, ((struct access *)argument)->source->flight ? RING_FLIGHT : RING_DRAIN);
	store_relaxed(&h->collector, 1);
}

static void access_detach(void *argument)
{
	struct ring_header *h = ((struct access *)argument)->source->peer.ring.header;

	store_relaxed(&h->policy, RING_FLIGHT);
	store_relaxed(&h->collector, 0);
}

static void access_state(void *argument)
{
	struct access *a = argument;
	struct ring_header *h = a->source->peer.ring.header;
	uint64_t tail, floor;

	a->died = ring_owner_died(&a->source->peer.ring);
	a->state = load_acquire(&h->state);   /* partner: the release after the process's last chunk */
	a->position = load_acquire(&h->head); /* partner: the release in ring_put() */
	tail = load_relaxed(&h->tail);
	floor = load_relaxed(&h->floor);
	if (tail < floor)
		tail = floor;
	a->fill = tail < a->position ? a->position - tail : 0;
	a->triggers = load_acquire(&h->trigger_count); /* partner: the helper's release */
}

static void access_permanent(void *argument)
{
	struct access *a = argument;

	a->n = ring_get_permanent(&a->source->peer.ring, &a->source->permanent_offset, a->buf, a->capacity,
				  &a->records);
}

static void access_chunk(void *argument)
{
	struct access *a = argument;

	a->n = ring_get(&a->source->peer.ring, a->buf, a->capacity, &a->need);
	a->position = load_relaxed(&a->source->peer.ring.header->tail); /* our own */
}

static void access_losses(void *argument)
{
	struct access *a = argument;

	memcpy(a->buf, a->source->peer.ring.header->losses, a->capacity);
}

static void access_command(void *argument)
{
	struct access *a = argument;
	struct ring_header *h = a->source->peer.ring.header;

	store_relaxed(&h->wanted, a->state);
	/* Partner: the helper's acquire. */
	a->source->command = __atomic_add_fetch(&h->command, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &h->command, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void access_snapshot(void *argument)
{
	struct access *a = argument;
	struct ring_header *h = a->source->peer.ring.header;

	__atomic_fetch_add(&h->snapshot, 1, __ATOMIC_RELAXED);
	/* Partner: the helper's acquire. */
	a->source->command = __atomic_add_fetch(&h->command, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &h->command, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void access_answered(void *argument)
{
	struct access *a = argument;

	a->state = load_acquire(&a->source->peer.ring.header->answered); /* partner: the helper's release */
	a->died = ring_owner_died(&a->source->peer.ring) ||
		  load_relaxed(&a->source->peer.ring.header->state) == RING_CLOSED;
}

static void access_counters(void *argument)
{
	struct access *a = argument;

	memcpy(a->buf, a->source->peer.ring.header, sizeof(struct ring_header));
}

/* False when the ring is no more there. */
bool source_reach(struct source *s, void (*f)(void *), struct access *a)
{
	a->source = s;
	if (s->cut_short)
		return false;
	if (!sigbus_call(f, a))
		return true;
	s->cut_short = true;
	message("process %d (%s): its ring file was cut short; what it still held is lost", (int)s->peer.pid,
		s->name);
	return false;
}

void source_init(struct source *s, struct peer *peer, bool peek)
{
	*s = (struct source){.peer = *peer, .peek = peek};
	if (peer->pid && proc_stat(peer->pid, &s->born))
		s->born.pid = 0;
	snprintf(s->name, sizeof(s->name), "?");
	if (s->born.pid) {
		proc_name(peer->pid, s->name, sizeof(s->name));
		proc_title(peer->pid, s->title, sizeof(s->title));
	}
}

void source_command(struct source *s, bool record)
{
	struct access a = {.state = record ? WANTED_RECORD : 0};

	if (s->state == SOURCE_LIVE)
		source_reach(s, access_command, &a);
}

/* Is the process that came with this ring no more there? For one that ended without the kernel's telling us.
 */
static bool has_vanished(struct source *s, int64_t now)
{
	struct proc_stat st;

	if (!s->born.pid || now - s->last_look < NS_PER_S)
		return false;
	s->last_look = now;
	if (proc_title(s->born.pid, s->title, sizeof(s->title)))
		snprintf(s->name, sizeof(s->name), "%s", s->title);
	return proc_stat(s->born.pid, &st) || st.start_time != s->born.start_time || st.state == 'Z';
}

void source_attach(struct source *s)
{
	struct access a = {0};

	source_reach(s, access_attach, &a);
}

void source_snapshot(struct source *s)
{
	struct access a = {0};

	source_reach(s, access_snapshot, &a);
}

const char *source_end(struct source *s)
{
	struct access a = {0};

	if (!source_reach(s, access_state, &a))
		return "killed";
	return a.state == RING_CLOSED				       ? "exited"
	       : a.died || has_vanished(s, clock_now(CLOCK_MONOTONIC)) ? "killed"
								       : "running";
}

bool source_has_answered(struct source *s)
{
	struct access a = {0};

	if (s->state != SOURCE_LIVE || !source_reach(s, access_answered, &a))
		return true;
	return a.died || (int32_t)(a.state - s->command) >= 0;
}

void source_status(struct source *s, struct source_status *out)
{
	static const char *const states[] = {"starting", "nvtx only", "recording", "off", "closed"};
	int64_t now = clock_now(CLOCK_MONOTONIC);
	static struct ring_header h;
	struct access a = {.buf = &h};
	uint64_t fill;

	*out = (struct source_status){.state = "ended", .records = s->records};
	if (s->state == SOURCE_ENDED || !source_reach(s, access_counters, &a))
		return;
	fill = h.head - (h.tail > h.floor ? h.tail : h.floor);
	out->state = h.state < sizeof(states) / sizeof(states[0]) ? states[h.state] : "?";
	out->iteration = h.iteration;
	out->records = h.records;
	out->fill = fill > s->peer.ring.chunk_size ? 1 : (double)fill / (double)s->peer.ring.chunk_size;
	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
		if (loss_cause_is_loss(cause) && cause != LOSS_OVERWRITTEN)
			out->lost += h.losses[cause].count + s->losses[cause].count;
	/* Over half a second at least, so that one chunk more or less does not show. */
	if (s->rated && now - s->rated >= NS_PER_S / 2)
		s->rate = (double)(h.records - s->rated_records) * NS_PER_S / (double)(now - s->rated);
	if (!s->rated || now - s->rated >= NS_PER_S / 2) {
		s->rated = now;
		s->rated_records = h.records;
	}
	out->rate = s->rate;
}

void source_lose(struct ring_loss *loss, uint64_t count)
{
	loss->last = clock_now(CLOCK_MONOTONIC);
	if (!loss->first)
		loss->first = loss->last;
	loss->count += count;
}

static void set_name(struct source *s, const char *path, size_t length)
{
	const char *slash = memrchr(path, '/', length);

	if (s->title[0])
		snprintf(s->name, sizeof(s->name), "%s", s->title);
	else if (slash)
		snprintf(s->name, sizeof(s->name), "%.*s", (int)(path + length - slash - 1), slash + 1);
}

/* The STRING records among permanent records that were copied whole. */
static uint64_t count_strings(const uint8_t *bytes, size_t size)
{
	struct permanent_header h;
	uint64_t n = 0;

	for (size_t at = 0; size - at >= sizeof(h); at += h.size) {
		memcpy(&h, bytes + at, sizeof(h));
		n += h.kind == PERMANENT_STRING;
	}
	return n;
}

static void read_device(struct source *s, const uint8_t *record, size_t size)
{
	struct permanent_device device;

	if (s->device[0] || size < sizeof(device))
		return;
	memcpy(&device, record, sizeof(device));
	if (device.name_length <= size - sizeof(device))
		snprintf(s->device, sizeof(s->device), "%.*s", (int)device.name_length,
			 (const char *)record + sizeof(device));
}

/* What is of interest here: what the program is, its rank and device, and whether it is recorded. */
static void read_facts(struct source *s, const uint8_t *bytes, size_t size)
{
	struct permanent_fact fact;

	for (size_t at = 0; size - at >= sizeof(fact); at += fact.h.size) {
		const char *key = (const char *)bytes + at + sizeof(fact);

		memcpy(&fact, bytes + at, sizeof(fact));
		if (fact.h.size < sizeof(fact.h) || fact.h.size > size - at)
			return;
		if (fact.h.kind == PERMANENT_DEVICE)
			read_device(s, bytes + at, fact.h.size);
		if (fact.h.kind != PERMANENT_FACT || fact.h.size < sizeof(fact) ||
		    fact.key_length > fact.h.size - sizeof(fact) ||
		    fact.value_length > fact.h.size - sizeof(fact) - fact.key_length)
			continue;
		if (fact.key_length == 9 && !memcmp(key, "recording", 9))
			snprintf(s->recording, sizeof(s->recording), "%.*s", (int)fact.value_length, key + 9);
		else if (fact.key_length == 4 && !memcmp(key, "rank", 4))
			snprintf(s->rank, sizeof(s->rank), "%.*s", (int)fact.value_length, key + 4);
		else if (fact.key_length == 3 && !memcmp(key, "exe", 3))
			set_name(s, key + 3, fact.value_length);
	}
}

static void permanent_is_bad(struct source *s)
{
	s->permanent_broken = true;
	source_lose(&s->losses[LOSS_BAD_CHUNK], 1);
	message("process %d (%s): its table of names is damaged; names from here on are missing",
		(int)s->peer.pid, s->name);
}

/* Write the permanent records published since the last time. */
void source_permanent(struct source *s, struct trace_writer *w, void *scratch, size_t scratch_size)
{
	struct access a = {.buf = scratch, .capacity = scratch_size};

	while (!s->permanent_broken && source_reach(s, access_permanent, &a) && a.n) {
		struct chunk_origin origin = {.process = s->peer.process,
					      .sequence = s->sequence,
					      .generation = s->peer.generation,
					      .first_string = s->strings + 1,
					      .flags = CHUNK_BY_COLLECTOR};
		struct chunk_header h;
		ptrdiff_t size;
		size_t room;
		void *out;

		if (a.n < 0) {
			permanent_is_bad(s);
			return;
		}
		read_facts(s, scratch, (size_t)a.n);
		s->strings += count_strings(scratch, (size_t)a.n);
		out = trace_writer_room(w, chunk_raw_bound((size_t)a.n), &room);
		if (!out) { /* these are gone, and later ones would be numbered wrongly */
			permanent_is_bad(s);
			return;
		}
		size = chunk_write_raw(EVENT_PERMANENT, a.records, scratch, (size_t)a.n, &origin, out, room);
		/* So many tiny records in one read are no process's that means well. */
		if (size <= 0 || chunk_peek(out, (size_t)size, &h)) {
			permanent_is_bad(s);
			return;
		}
		if (!trace_writer_take(w, &h))
			s->sequence++;
	}
}

static void chunk_is_bad(struct source *s, uint64_t records)
{
	source_lose(&s->losses[LOSS_BAD_CHUNK], records ? records : 1);
	if (!s->told_bad)
		message("process %d (%s): a damaged chunk in its ring was left out (told once)",
			(int)s->peer.pid, s->name);
	s->told_bad = true;
}

/* What the ring gave: a chunk of this process, whole, of a kind that is a process's to write? */
void source_accept(struct source *s, struct trace_writer *w, const void *chunk, size_t size)
{
	struct chunk_header h;
	int err = chunk_check(chunk, size, &h);

	if (err || h.process != s->peer.process || h.kind == EVENT_INDEX || h.kind == EVENT_PERMANENT ||
	    h.flags & CHUNK_BY_COLLECTOR) {
		chunk_is_bad(s, err ? 1 : h.count);
		return;
	}
	s->records += h.count;
	if (trace_writer_take(w, &h))
		source_lose(&s->losses[LOSS_FILE], h.count);
}

/* Take the chunks up to `end`, the head as it was before the permanent records were copied. */
static uint64_t drain_chunks(struct source *s, struct trace_writer *w, uint64_t end)
{
	size_t need = FIRST_READ;
	uint64_t moved = 0;

	/* Bounded, so that a process that plays with its positions does not keep us from the others. */
	while (moved < s->peer.ring.chunk_size) {
		struct access a = {0};

		a.buf = trace_writer_room(w, need, &a.capacity);
		if (!a.buf || !source_reach(s, access_chunk, &a))
			break;
		if (a.n == -ENOBUFS && a.need <= CHUNK_MAX_SIZE && a.need > a.capacity) {
			need = a.need;
			continue;
		}
		if (a.n == -EBADMSG) {
			chunk_is_bad(s, 1);
			moved += a.need;
		}
		if (a.n <= 0)
			break;
		source_accept(s, w, a.buf, (size_t)a.n);
		moved += (uint64_t)a.n;
		/* A ring file keeps what the trace file has no room for. */
		if (a.position >= end || (w->error && s->peer.file >= 0))
			break;
	}
	return moved;
}

struct source_pass source_drain(struct source *s, struct trace_writer *w, void *scratch, size_t scratch_size,
				bool take)
{
	struct source_pass pass = {0};
	struct access a = {0};
	int64_t now = clock_now(CLOCK_MONOTONIC);
	bool vanished;

	/* Before the drain: what is said here was said after the last chunk. */
	vanished = has_vanished(s, now);
	if (source_reach(s, access_state, &a)) {
		source_permanent(s, w, scratch, scratch_size);
		/* What was published since may name texts that were not copied: it is for the next pass. */
		pass.triggered = a.triggers != s->triggers;
		s->triggers = a.triggers;
		take |= a.state == RING_CLOSED || a.died || vanished;
		if (take && a.fill && !(w->error && s->peer.file >= 0))
			pass.bytes = drain_chunks(s, w, a.position);
		pass.behind = pass.bytes >= s->peer.ring.chunk_size / 4;
	}
	if (a.state == RING_CLOSED) {
		source_finish(s, w, "exited");
	} else if (a.died || vanished || s->cut_short) {
		s->state = SOURCE_ENDING;
		s->ending_since = now;
	}
	return pass;
}

static void add_loss(struct ring_loss *sum, const struct ring_loss *loss)
{
	if (!loss->count)
		return;
	sum->count += loss->count;
	if (!sum->first)
		sum->first = loss->first;
	if (loss->last > sum->last)
		sum->last = loss->last;
}

static void add_losses(struct source *s, struct facts *facts)
{
	struct ring_loss losses[LOSS_CAUSES];
	struct access a = {.buf = losses, .capacity = sizeof(losses)};

	if (!source_reach(s, access_losses, &a))
		memset(losses, 0, sizeof(losses));
	/* Those are the collector's alone to count. */
	losses[LOSS_FILE] = losses[LOSS_BAD_CHUNK] = (struct ring_loss){0};
	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
		add_loss(&losses[cause], &s->losses[cause]);
	/* One at least, though it be 0: it says that these counters are the last word. */
	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
		if (losses[cause].count || !cause)
			facts_add_loss(facts, cause, &losses[cause]);
}

static void access_salvage(void *argument)
{
	struct access *a = argument;

	salvage_copy(a->buf, &a->source->peer.ring);
}

/* What the process had not published when it ended. */
static void rescue(struct source *s, struct trace_writer *w, struct facts *facts)
{
	struct rescue r = {.writer = w,
			   .process = s->peer.process,
			   .generation = s->peer.generation,
			   .sequence = s->sequence,
			   .losses = s->losses,
			   .facts = facts};
	struct access a = {0};

	/* With chunks left in the ring for want of room, they would only be out of order. */
	if (s->cut_short || w->error)
		return;
	a.buf = salvage_new(&s->peer.ring);
	if (!a.buf || (source_reach(s, access_salvage, &a) && rescue_write(&r, a.buf)))
		message("process %d (%s): no memory to take what it left unpublished", (int)s->peer.pid,
			s->name);
	salvage_free(a.buf);
	s->sequence = r.sequence;
	s->rescued = r.records;
	if (r.records)
		facts_format(facts, "salvaged", "%llu", (unsigned long long)r.records);
}

static void access_cost(void *argument)
{
	struct access *a = argument;

	a->position = load_relaxed(&a->source->peer.ring.header->helper_ns);
}

void source_add_facts(struct source *s, struct trace_writer *w, const struct facts *facts)
{
	size_t size;
	void *chunk = facts_chunk(facts, s->peer.process, s->peer.generation, s->sequence, &size);

	if (chunk && !trace_writer_closing(w, chunk, size))
		s->sequence++;
	free(chunk);
}

void source_finish(struct source *s, struct trace_writer *w, const char *end)
{
	struct facts facts = {0};
	struct access a = {0};

	/* One that goes on will publish it itself, one that said good-bye has. */
	if (!s->peek && strcmp(end, "running") && strcmp(end, "exited"))
		rescue(s, w, &facts);
	if (s->title[0])
		facts_format(&facts, "title", "%s", s->title);
	facts_format(&facts, "end", "%s", end);
	if (s->reaped && WIFSIGNALED(s->wait_status))
		facts_format(&facts, "end_status", "signal %d", WTERMSIG(s->wait_status));
	else if (s->reaped)
		facts_format(&facts, "end_status", "exit %d", WEXITSTATUS(s->wait_status));
	if (s->peer.pid && s->peer.pid != s->peer.inner_pid)
		facts_format(&facts, "collector_pid", "%d", (int)s->peer.pid);
	if (source_reach(s, access_cost, &a))
		facts_format(&facts, "helper_ms", "%.1f", (double)a.position / NS_PER_MS);
	add_losses(s, &facts);
	source_add_facts(s, w, &facts);
	facts_free(&facts);

	if (!s->peek && !strcmp(end, "running"))
		source_reach(s, access_detach, &a);
	peer_unmap(&s->peer);
	s->end = end;
	s->state = SOURCE_ENDED;
}
