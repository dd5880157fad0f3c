/*
 * drain.c: the rounds over all rings, and telling how a process ended.
 */
#include "collector/drain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "collector/clock.h"
#include "collector/message.h"

/* How long to wait for a process's parent, which may be us, to learn how it ended. */
#define CAUSE_WAIT (2 * NS_PER_S)
/* A helper thread that is dead for so long in a process that lives on was ended by exec. */
#define EXEC_WAIT	  (250 * NS_PER_MS)
#define TRIGGER_AFTER	  NS_PER_S
#define TRIGGER_COOL_DOWN (30 * NS_PER_S)
#define CLOSING_SIZE	  4096u /* bytes of closing records a process may need */

static void on_lost(void *context, const struct file_index_entry *chunk)
{
	struct drain *d = context;

	if (chunk->kind == EVENT_PERMANENT)
		return;
	for (size_t i = 0; i < d->count; i++)
		if (d->sources[i]->peer.process == chunk->process) {
			source_lose(&d->sources[i]->losses[LOSS_FILE], chunk->count);
			return;
		}
}

int drain_open(struct drain *d, int fd, uint64_t session, uint64_t max_size)
{
	int err;

	*d = (struct drain){
		.writer = {.session = session, .max_size = max_size, .lost = on_lost, .lost_context = d}};
	d->scratch = malloc(DRAIN_SCRATCH);
	if (!d->scratch)
		return -ENOMEM;
	err = trace_writer_open(&d->writer, fd);
	if (err)
		drain_close(d);
	return err;
}

int drain_add(struct drain *d, struct peer *peer)
{
	struct source *s;

	for (size_t i = 0; i < d->count; i++)
		if (d->sources[i]->peer.process == peer->process &&
		    d->sources[i]->peer.generation == peer->generation) {
			peer_unmap(peer);
			return -EEXIST;
		}
	if (d->count == d->capacity) {
		size_t capacity = d->capacity ? d->capacity * 2 : 64;
		struct source **grown = realloc(d->sources, capacity * sizeof(*grown));

		if (!grown)
			goto no_memory;
		d->sources = grown;
		d->capacity = capacity;
	}
	s = malloc(sizeof(*s));
	if (!s)
		goto no_memory;
	source_init(s, peer, d->peek);
	s->flight = d->flight;
	if (!d->peek)
		source_attach(s);
	if (d->record)
		source_command(s, true);
	d->sources[d->count++] = s;
	d->live++;
	d->writer.reserve += CLOSING_SIZE;
	return 0;
no_memory:
	peer_unmap(peer);
	return -ENOMEM;
}

bool drain_has_file(const struct drain *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(d->sources[i]->peer.name, name))
			return true;
	return false;
}

bool drain_has_pid(const struct drain *d, pid_t pid)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->sources[i]->peer.pid == pid)
			return true;
	return false;
}

void drain_reaped(struct drain *d, pid_t pid, int wait_status)
{
	d->reaped[d->reaped_count++ % DRAIN_REAPED] = (struct reaped){pid, wait_status};
}

/* Was the process reaped here? It may have been so before its ring was handed over. */
static void find_reaped(const struct drain *d, struct source *s)
{
	for (size_t i = 0; i < DRAIN_REAPED && !s->reaped; i++)
		if (d->reaped[i].pid == s->peer.pid && s->peer.pid) {
			s->reaped = true;
			s->wait_status = d->reaped[i].wait_status;
		}
}

/* The fact "end" of a process that left without good-bye; NULL while it cannot be told. */
static const char *how_it_ended(const struct drain *d, struct source *s, int64_t now)
{
	struct proc_stat st;
	bool there = s->born.pid && !proc_stat(s->born.pid, &st) && st.start_time == s->born.start_time;

	find_reaped(d, s);
	if (!s->reaped && there && st.state == 'Z') {
		s->reaped = true;
		s->wait_status = st.exit_code;
	}
	if (s->reaped)
		return WIFSIGNALED(s->wait_status) ? "killed" : "_exit";
	if (there && s->cut_short && !proc_is_dying(s->born.pid))
		return "running";
	if (there) {
		/* The same process with another stack: it runs another program. */
		if (st.start_stack && s->born.start_stack && st.start_stack != s->born.start_stack)
			return "exec";
		if (now - s->ending_since > EXEC_WAIT && !proc_is_dying(s->born.pid))
			return "exec";
		if (now - s->ending_since < CAUSE_WAIT)
			return NULL;
	}
	/* Gone, and somebody else was told how. */
	return "unknown";
}

/* What led up to a trigger is saved a moment later, with what came of it; not again within the cool-down. */
static void watch_triggers(struct drain *d, const struct source_pass *pass, bool taken, int64_t now)
{
	if (taken)
		d->take = false;
	if (pass->triggered && !d->triggered && (!d->saved || now - d->saved >= TRIGGER_COOL_DOWN))
		d->triggered = now;
	if (d->triggered && now - d->triggered >= TRIGGER_AFTER) {
		message("a trigger: what the processes hold is saved");
		d->take = true;
		d->saved = now;
		d->triggered = 0;
	}
}

struct source_pass drain_pass(struct drain *d)
{
	int64_t now = clock_now(CLOCK_MONOTONIC);
	struct source_pass all = {0};
	bool take = !d->flight || d->take;

	d->live = 0;
	for (size_t i = 0; i < d->count; i++) {
		struct source *s = d->sources[i];

		if (s->state == SOURCE_LIVE) {
			struct source_pass one = source_drain(s, &d->writer, d->scratch, DRAIN_SCRATCH, take);

			all.bytes += one.bytes;
			all.behind |= one.behind;
			all.triggered |= one.triggered;
		}
		if (s->state == SOURCE_ENDING) {
			const char *end = how_it_ended(d, s, now);

			if (end)
				source_finish(s, &d->writer, end);
		}
		d->live += s->state != SOURCE_ENDED;
	}
	if (d->flight)
		watch_triggers(d, &all, take, now);
	trace_writer_flush(&d->writer); /* failures are in writer.error */
	return all;
}

void drain_session_facts(struct drain *d, const struct facts *facts)
{
	size_t size;
	void *chunk = facts_chunk(facts, 0, 0, d->writer.sequence, &size);

	if (chunk && !trace_writer_closing(&d->writer, chunk, size))
		d->writer.sequence++;
	free(chunk);
}

int drain_finish(struct drain *d)
{
	d->take = true;
	drain_pass(d);
	for (size_t i = 0; i < d->count; i++) {
		struct source *s = d->sources[i];

		if (s->state == SOURCE_LIVE)
			source_finish(s, &d->writer, "running");
		else if (s->state == SOURCE_ENDING)
			source_finish(s, &d->writer, "unknown");
	}
	d->live = 0;
	return trace_writer_finish(&d->writer);
}

void drain_close(struct drain *d)
{
	for (size_t i = 0; i < d->count; i++) {
		peer_unmap(&d->sources[i]->peer);
		free(d->sources[i]);
	}
	free(d->sources);
	free(d->scratch);
	trace_writer_close(&d->writer);
	*d = (struct drain){0};
}
