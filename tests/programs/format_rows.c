/*
 * format_rows.c: the product's side of tests/oracle/format_reader_test.sh: the records of a trace file as
 * JSON lines, in the shape of format_reader.py --json.
 *
 *   format_rows write FILE ROWS    writes a file with every kind and ROWS rows for each mix of values and
 * process; prints what went in, not what a reader makes of the file format_rows read FILE          prints
 * what the product's own reader finds; exit 1 when the file is damaged or not complete
 */
#include <fcntl.h>
#include <unistd.h>

#include "collector/trace_read.h"
#include "format_print.h"
#include "format_write.h"

static struct trace_reader reader;
static const struct trace_process *reading; /* NULL: a file is being written */

static const char *format_text(uint64_t reference, size_t *length)
{
	const struct trace_string *string;

	if (!reading)
		return written_text(reference, length);
	if (reference & TEXT_LOCAL)
		return chunk_decoder_text(reader.decoder, (uint32_t)reference, length);
	string = trace_string(reading, reference);
	*length = string ? string->length : 0;
	return string ? string->text : NULL;
}

/* Strings are numbered as far as the reader has them: after a damaged chunk their numbers are not known. */
static int read_records(const struct trace_chunk *chunk, uint64_t process, uint32_t *strings)
{
	const void *bytes;
	size_t size;
	int err = chunk_decode_raw(reader.decoder, reader.bytes, chunk->size, &bytes, &size);

	for (size_t at = 0; !err && at < size;) {
		const struct permanent_header *h = (const void *)((const uint8_t *)bytes + at);
		uint32_t number = 0;

		if (h->kind == PERMANENT_STRING && *strings < reading->string_count)
			number = ++*strings;
		print_permanent(process, h, number);
		at += h->size;
	}
	return err;
}

static int read_rows(const struct trace_chunk *chunk, uint64_t process, const struct schema *s)
{
	uint16_t fields[SCHEMA_MAX_FIELDS];
	struct batch b;
	int err;

	for (int f = 0; f < s->n_fields; f++)
		fields[f] = s->fields[f].field;
	err = chunk_decode(reader.decoder, reader.bytes, chunk->size, fields, s->n_fields, &b);
	for (uint32_t i = 0; !err && i < b.count; i++) {
		uint64_t row[SCHEMA_MAX_FIELDS];

		for (uint32_t f = 0; f < s->n_fields; f++)
			row[f] = batch_value(&b, f, i);
		print_row(process, s, row);
	}
	return err;
}

/* Exit status: 1 when something could not be read. */
static int read_file(const char *path)
{
	char why[256];
	struct trace *t;
	uint32_t *strings;
	bool damaged;
	int err = trace_open(&t, path, why, sizeof(why));

	if (err)
		die(why, err);
	trace_tell_damage(t);
	damaged = !t->indexed || t->unread || t->bad_chunks;
	strings = calloc(t->process_count + 1, sizeof(*strings)); /* the session's last */
	if (!strings || trace_reader_init(&reader, t))
		die("memory", -ENOMEM);
	for (size_t i = 0; i < t->chunk_count; i++) {
		const struct trace_chunk *chunk = &t->chunks[i];
		bool session = chunk->process == TRACE_SESSION;
		const struct schema *s = schema_find(chunk->kind);

		reading = session ? &t->session : t->processes[chunk->process];
		err = trace_reader_load(&reader, chunk);
		if (!err && chunk->kind == EVENT_PERMANENT)
			err = read_records(chunk, reading->id,
					   &strings[session ? t->process_count : chunk->process]);
		else if (!err && s)
			err = read_rows(chunk, reading->id, s);
		damaged |= err && err != -EPROTONOSUPPORT;
	}
	trace_reader_free(&reader);
	free(strings);
	trace_close(t);
	return damaged;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "read"))
		return read_file(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "write")) {
		int fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

		if (fd < 0)
			die(argv[2], -errno);
		write_file(fd, (uint32_t)strtoul(argv[3], NULL, 10));
		return close(fd) ? 2 : 0;
	}
	fprintf(stderr, "usage: format_rows write FILE ROWS | read FILE\n");
	return 2;
}
