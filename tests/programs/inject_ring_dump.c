/*
 * Prints what is in the rings named on the command line, one line a thing: for tests of the recorded side
 * that want to see its ring and not what a collector makes of it. Leaves the ring as it is.
 *
 *   ring STATE POLICY liveness=N losses=KEY:N,...      fact KEY VALUE        string N CLASS TEXT
 *   device/context/stream/thread/category ...          chunk KIND sequence=N count=N lost=N
 *   KIND field=value ... name=TEXT                     one line an event
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/chunk_read.h"
#include "wire/ringbuf.h"
#include "wire/schema.h"

static const struct permanent_string **strings;
static uint32_t string_count;

static void print_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		putchar((unsigned char)text[i] < ' ' ? '|' : text[i]);
}

static void print_permanent(const struct permanent_header *p)
{
	if (p->kind == PERMANENT_STRING) {
		const struct permanent_string *s = (const void *)p;

		strings = realloc(strings, (string_count + 1) * sizeof(*strings));
		strings[string_count++] = s;
		printf("string %u %u ", string_count, s->string_class);
		print_text((const char *)(s + 1), s->length);
	} else if (p->kind == PERMANENT_FACT) {
		const struct permanent_fact *f = (const void *)p;
		const char *text = (const char *)(f + 1);

		printf("fact %.*s ", (int)f->key_length, text);
		print_text(text + f->key_length, f->value_length);
	} else if (p->kind == PERMANENT_THREAD) {
		const struct permanent_thread *t = (const void *)p;

		printf("thread %u ", t->thread);
		print_text((const char *)(t + 1), t->name_length);
	} else if (p->kind == PERMANENT_CATEGORY) {
		const struct permanent_category *c = (const void *)p;

		printf("category domain=%u %u ", c->domain, c->category);
		print_text((const char *)(c + 1), c->name_length);
	} else if (p->kind == PERMANENT_DEVICE) {
		const struct permanent_device *d = (const void *)p;

		printf("device %u ", d->device);
		print_text((const char *)(d + 1), d->name_length);
	} else if (p->kind == PERMANENT_CONTEXT) {
		const struct permanent_context *c = (const void *)p;

		printf("context %u device=%u null_stream=%u", c->context, c->device, c->null_stream);
	} else if (p->kind == PERMANENT_STREAM) {
		const struct permanent_stream *s = (const void *)p;

		printf("stream %u context=%u priority=%d flag=%u", s->stream, s->context, s->priority,
		       s->flag);
	}
	putchar('\n');
}

static void print_reference(const struct chunk_decoder *d, uint32_t reference)
{
	size_t length;
	const char *text;

	if (reference & TEXT_LOCAL) {
		text = chunk_decoder_text(d, reference, &length);
		print_text(text ? text : "?", text ? length : 1);
	} else if (reference && reference <= string_count) {
		print_text((const char *)(strings[reference - 1] + 1), strings[reference - 1]->length);
	} else if (reference) {
		printf("?");
	}
}

static void print_events(struct chunk_decoder *d, const void *chunk, size_t size, const struct schema *s)
{
	uint16_t fields[SCHEMA_MAX_FIELDS];
	struct batch b;

	for (int i = 0; i < s->n_fields; i++)
		fields[i] = s->fields[i].field;
	if (chunk_decode(d, chunk, size, fields, s->n_fields, &b)) {
		printf("damaged chunk\n");
		return;
	}
	for (uint32_t r = 0; r < b.count; r++) {
		printf("%s", s->name);
		for (uint32_t c = 0; c < s->n_fields; c++) {
			if (schema_is_text(fields[c])) {
				printf(fields[c] == FIELD_DOMAIN ? " domain=" : " name=");
				print_reference(d, (uint32_t)batch_value(&b, c, r));
			} else {
				printf(" %u=%" PRIu64, fields[c], batch_value(&b, c, r));
			}
		}
		putchar('\n');
	}
}

static void dump(struct ring *r)
{
	static const char *const states[] = {"setup", "armed", "recording", "stopped", "closed"};
	struct chunk_decoder *d = chunk_decoder_new();
	uint64_t offset = 0;
	uint32_t records;
	size_t need;
	ptrdiff_t n;
	uint8_t *buffer = malloc(r->permanent_size), *chunk = malloc(CHUNK_MAX_SIZE);

	printf("ring %s %s liveness=%u policy=%s losses=", states[r->header->state],
	       ring_owner_died(r) ? "died" : "lived", r->header->liveness,
	       r->header->policy == RING_FLIGHT ? "flight" : "drain");
	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
		if (r->header->losses[cause].count)
			printf("%s:%" PRIu64 ",", loss_cause_key(cause), r->header->losses[cause].count);
	printf(" records=%" PRIu64 " chunks=%" PRIu64 " bytes=%" PRIu64 " helper_ns=%" PRIu64 "\n",
	       r->header->records, r->header->chunks, r->header->chunk_bytes, r->header->helper_ns);
	n = ring_get_permanent(r, &offset, buffer, r->permanent_size, &records);
	for (ptrdiff_t at = 0; at < n;) {
		const struct permanent_header *p = (const void *)(buffer + at);

		print_permanent(p);
		at += p->size;
	}
	while ((n = ring_get(r, chunk, CHUNK_MAX_SIZE, &need)) != 0) {
		struct chunk_header h;
		const struct schema *s;

		if (n < 0 || chunk_check(chunk, (size_t)n, &h)) {
			printf("damaged chunk\n");
			continue;
		}
		s = schema_find(h.kind);
		printf("chunk %s sequence=%" PRIu64 " count=%u lost=%u size=%u\n", s ? s->name : "?",
		       h.sequence, h.count, h.lost, h.size);
		if (s)
			print_events(d, chunk, (size_t)n, s);
	}
	chunk_decoder_free(d);
	free(buffer);
	free(chunk);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC), err;
		struct stat st;
		struct ring r;
		void *memory;

		if (fd < 0 || fstat(fd, &st)) {
			perror(argv[i]);
			return 1;
		}
		/* Private: reading moves a tail that is nobody's business here. */
		memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		close(fd);
		if (memory == MAP_FAILED) {
			perror(argv[i]);
			return 1;
		}
		err = ring_open(&r, memory, (size_t)st.st_size);
		if (err) {
			fprintf(stderr, "%s: not a ring: %s\n", argv[i], strerror(-err));
			return 1;
		}
		string_count = 0;
		dump(&r);
	}
	return 0;
}
