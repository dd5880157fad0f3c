/*
 * control.c: a window opens and closes in all processes of the session at once.
 */
#include "collector/control.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector/clock.h"
#include "wire/chunk_write.h"

/* How long a process has for an answer; one that hangs must not keep us from the others. */
#define ANSWER_WAIT (200 * NS_PER_MS)
#define LAST_ROUNDS 64

static void reply(int connection, uint32_t kind, int status, const char *text, size_t length)
{
	struct session_reply r = {.kind = kind, .status = status};

	do {
		size_t part = length < sizeof(r.text) ? length : sizeof(r.text);

		memcpy(r.text, text, part);
		r.length = (uint32_t)part;
		/* A client that does not read is none of our business. */
		if (send(connection, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return;
		text += part;
		length -= part;
	} while (length);
}

static void say(int connection, uint32_t kind, int status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void say(int connection, uint32_t kind, int status, const char *format, ...)
{
	char text[1000];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (n >= 0)
		reply(connection, kind, status, text,
		      (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Tell all processes, and wait until they have done it. Returns how many have not. */
static size_t command_all(const struct drain *d, bool record)
{
	const struct timespec moment = {.tv_nsec = 100000};
	int64_t deadline;
	size_t waiting;

	for (size_t i = 0; i < d->count; i++)
		source_command(d->sources[i], record);
	deadline = clock_now(CLOCK_MONOTONIC) + ANSWER_WAIT;
	for (;;) {
		waiting = 0;
		for (size_t i = 0; i < d->count; i++)
			waiting += !source_has_answered(d->sources[i]);
		if (!waiting || clock_now(CLOCK_MONOTONIC) >= deadline)
			return waiting;
		nanosleep(&moment, NULL);
	}
}

/* What they have published by now is the last of it. */
static void take_last(struct drain *d)
{
	for (int i = 0; i < LAST_ROUNDS; i++) {
		d->take = true;
		if (!drain_pass(d).bytes)
			break;
	}
	trace_writer_flush(&d->writer); /* failures are in writer.error */
}

int control_start(struct control *c, const char *label)
{
	if (c->open)
		return -EALREADY;
	if (*label)
		snprintf(c->label, sizeof(c->label), "%s", label);
	else
		snprintf(c->label, sizeof(c->label), "window %llu", (unsigned long long)c->number);
	c->open = true;
	c->since = clock_now(CLOCK_MONOTONIC);
	c->drain->record = true;
	command_all(c->drain, true);
	return 0;
}

/* The window as a record of the session: its processes share it. */
static void write_window(const struct control *c, const char *source, int64_t end)
{
	struct chunk_writer *w = chunk_writer_new(EVENT_WINDOW, 1);
	struct chunk_origin origin = {.sequence = c->drain->writer.sequence, .flags = CHUNK_BY_COLLECTOR};
	uint64_t row[WINDOW_FIELDS];
	size_t capacity;
	ptrdiff_t size;
	void *chunk;

	if (!w)
		return;
	row[WINDOW_SOURCE] = chunk_writer_text(w, source, strlen(source));
	row[WINDOW_NAME] = chunk_writer_text(w, c->label, strlen(c->label));
	row[WINDOW_START] = (uint64_t)c->since;
	row[WINDOW_DURATION] = (uint64_t)(end - c->since);
	row[WINDOW_NUMBER] = c->number;
	chunk_writer_add(w, row);
	capacity = chunk_writer_bound(w);
	chunk = malloc(capacity);
	size = chunk ? chunk_writer_seal(w, &origin, chunk, capacity) : 0;
	if (size > 0 && !trace_writer_closing(&c->drain->writer, chunk, (size_t)size))
		c->drain->writer.sequence++;
	free(chunk);
	chunk_writer_free(w);
}

int control_stop(struct control *c, const char *source)
{
	int64_t end = clock_now(CLOCK_MONOTONIC);

	if (!c->open)
		return -EALREADY;
	c->drain->record = false;
	command_all(c->drain, false);
	take_last(c->drain);
	write_window(c, source, end);
	trace_writer_flush(&c->drain->writer);
	c->open = false;
	c->number++;
	return 0;
}

static void serve_start(struct control *c, int connection, const struct session_request *request)
{
	int err = control_start(c, request->label);

	if (err) {
		say(connection, REPLY_END, -err,
		    "window %llu, \"%s\", is open since %.1f s: `cuflight stop` ends it",
		    (unsigned long long)c->number, c->label,
		    (double)(clock_now(CLOCK_MONOTONIC) - c->since) / NS_PER_S);
		return;
	}
	say(connection, REPLY_TEXT, 0,
	    "window %llu, \"%s\", is open in %zu process%s; `cuflight stop` ends it",
	    (unsigned long long)c->number, c->label, c->drain->live, c->drain->live == 1 ? "" : "es");
	say(connection, REPLY_END, 0, "%s", c->path);
}

static void serve_stop(struct control *c, int connection)
{
	int64_t since = c->since;
	int err = control_stop(c, "control");

	if (err) {
		say(connection, REPLY_END, -err, "no window is open: `cuflight start` opens one");
		return;
	}
	say(connection, REPLY_TEXT, 0, "window %llu, \"%s\", took %.3f s",
	    (unsigned long long)(c->number - 1), c->label,
	    (double)(clock_now(CLOCK_MONOTONIC) - since) / NS_PER_S);
	if (c->drain->writer.error)
		say(connection, REPLY_END, EIO, "%s could not be written to its end", c->path);
	else
		say(connection, REPLY_END, 0, "%s", c->path);
}

static json_t *process_status(struct source *s)
{
	struct source_status status;

	source_status(s, &status);
	return json_pack("{s:i, s:s?, s:s, s:s?, s:s?, s:s?, s:I, s:I, s:f, s:f, s:I}", "pid",
			 (int)s->peer.pid, "name", s->name, "state",
			 s->state == SOURCE_ENDED ? s->end : status.state, "recording",
			 s->recording[0] ? s->recording : NULL, "rank", s->rank[0] ? s->rank : NULL, "device",
			 s->device[0] ? s->device : NULL, "iteration", (json_int_t)status.iteration,
			 "records", (json_int_t)status.records, "records_per_second", status.rate,
			 "ring_fill", status.fill, "lost", (json_int_t)status.lost);
}

static void serve_status(struct control *c, int connection)
{
	json_t *processes = json_array(), *all;
	char *text;

	for (size_t i = 0; i < c->drain->count; i++)
		json_array_append_new(processes, process_status(c->drain->sources[i]));
	all = json_pack(
		"{s:s, s:s, s:I, s:o?, s:o}", "session", c->dir, "file", c->path, "file_bytes",
		(json_int_t)c->drain->writer.size + (json_int_t)c->drain->writer.pending_used, "window",
		c->open ? json_pack("{s:I, s:s, s:f}", "number", (json_int_t)c->number, "name", c->label,
				    "seconds", (double)(clock_now(CLOCK_MONOTONIC) - c->since) / NS_PER_S)
			: NULL,
		"processes", processes);
	text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	if (text)
		reply(connection, REPLY_JSON, 0, text, strlen(text));
	say(connection, REPLY_END, text ? 0 : ENOMEM, "%s", c->path);
	free(text);
	json_decref(all);
}

/* Everything goes into the file anyway: what there is now is hurried there. */
static void serve_dump(struct control *c, int connection)
{
	command_all(c->drain, c->open);
	take_last(c->drain);
	say(connection, REPLY_END, c->drain->writer.error ? EIO : 0, "%s", c->path);
}

bool control_serve(struct control *c, int connection, const char *path)
{
	struct session_request request;
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof(peer);
	uint32_t magic = 0;

	if (recv(connection, &magic, sizeof(magic), MSG_PEEK | MSG_DONTWAIT) < (ssize_t)sizeof(magic) ||
	    magic != SESSION_REQUEST_MAGIC)
		return false;
	if (recv(connection, &request, sizeof(request), MSG_DONTWAIT) != sizeof(request) ||
	    request.abi != SESSION_ABI) {
		say(connection, REPLY_END, EPROTO, "the session is served by another version of cuflight");
		return true;
	}
	if (!realpath(path, c->path))
		snprintf(c->path, sizeof(c->path), "%s", path);
	getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	request.label[sizeof(request.label) - 1] = '\0';
	if (peer.uid != geteuid() && peer.uid != 0)
		say(connection, REPLY_END, EPERM, "the session is another user's");
	else if (request.operation == SESSION_START)
		serve_start(c, connection, &request);
	else if (request.operation == SESSION_STOP)
		serve_stop(c, connection);
	else if (request.operation == SESSION_STATUS)
		serve_status(c, connection);
	else if (request.operation == SESSION_DUMP)
		serve_dump(c, connection);
	else
		say(connection, REPLY_END, EPROTO, "the session is served by another version of cuflight");
	return true;
}
