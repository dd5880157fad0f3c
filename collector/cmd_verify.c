/*
 * cmd_verify.c: `cuflight verify`: is a recording what its writer wrote? It reads the file on its own, byte
 * by byte, where the reports trust the index; the checks of one chunk's contents are in verify_chunk.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/message.h"
#include "collector/options.h"
#include "collector/trace_read.h"
#include "collector/verify.h"

const char verify_usage[] =
	"Usage: cuflight verify FILE...\n"
	"\n"
	"Reads every byte of a recording: checksums, sizes, the order of each process's chunks, the index "
	"against the\n"
	"chunks, every column of every record, text references, times. Prints what is wrong and where.\n"
	"\n"
	"Exit status: 0 all is well; 1 something is damaged, or the recording was not completed (it is still "
	"being\n"
	"written, or its collector was killed; such a file can be read all the same).\n";

#define MAX_PRINTED   50
#define SEARCH_WINDOW (1u << 20)

void verify_problem(struct verify *v, uint64_t offset, const char *format, ...)
{
	char *text;
	va_list args;
	int n;

	if (v->problems++ >= MAX_PRINTED)
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	printf("  at %" PRIu64 ": ", offset);
	print_escaped(stdout, text, (size_t)n);
	putchar('\n');
	free(text);
}

/* Up to size bytes at an offset into v->bytes. How many there were, or -errno. */
static ssize_t load(struct verify *v, uint64_t offset, size_t size)
{
	size_t done = 0;

	if (size > v->capacity) {
		uint8_t *grown = realloc(v->bytes, size);

		if (!grown)
			return -ENOMEM;
		v->bytes = grown;
		v->capacity = size;
	}
	while (done < size) {
		ssize_t n = pread(v->fd, v->bytes + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* -EBADMSG, -EPROTONOSUPPORT: trace_open() says what it is. */
static int check_file_header(struct verify *v, uint64_t *first_chunk)
{
	struct file_header h;
	ssize_t n = load(v, 0, sizeof(h));

	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(h) || memcmp(v->bytes, FILE_MAGIC, 8))
		return -EBADMSG;
	memcpy(&h, v->bytes, sizeof(h));
	if (h.version > FILE_VERSION)
		return -EPROTONOSUPPORT;
	if (!h.version || h.header_size < sizeof(h) || h.header_size % CHUNK_ALIGN || h.header_size > v->size)
		return -EBADMSG;
	*first_chunk = h.header_size;
	return 0;
}

/* Is there a whole chunk at `at`, be its checksum right or wrong? */
static bool is_chunk(struct verify *v, uint64_t at)
{
	struct chunk_header h;
	int err;

	if (load(v, at, sizeof(h)) < (ssize_t)sizeof(h))
		return false;
	err = chunk_peek(v->bytes, sizeof(h), &h);
	return err != -EBADMSG && h.size <= v->size - at;
}

/* The next place from `at` on where there is one, or the file's end. */
static uint64_t find_chunk(struct verify *v, uint64_t at)
{
	static const uint32_t magic = CHUNK_MAGIC;

	while (at < v->size) {
		ssize_t n = load(v, at, SEARCH_WINDOW), i = 0;

		if (n < (ssize_t)sizeof(struct chunk_header))
			break;
		n -= n % CHUNK_ALIGN;
		while (i < n && memcmp(v->bytes + i, &magic, sizeof(magic)))
			i += CHUNK_ALIGN;
		at += (uint64_t)i;
		if (i < n && is_chunk(v, at))
			return at;
		at += i < n ? CHUNK_ALIGN : 0;
	}
	return v->size;
}

/* Does the file end here with a footer? Then its index's place is noted. */
static bool is_footer(struct verify *v, uint64_t at)
{
	struct file_footer footer;

	if (v->size - at != sizeof(footer) || load(v, at, sizeof(footer)) != sizeof(footer))
		return false;
	memcpy(&footer, v->bytes, sizeof(footer));
	if (memcmp(footer.magic, FILE_FOOTER_MAGIC, sizeof(footer.magic)))
		return false;
	v->complete = true;
	if (footer.file_size != v->size)
		verify_problem(v, at, "the footer says the file has %" PRIu64 " bytes; it has %" PRIu64,
			       footer.file_size, v->size);
	if (footer.index_offset != v->index_offset)
		verify_problem(v, at, "the footer says the index is at %" PRIu64 "; it is at %" PRIu64,
			       footer.index_offset, v->index_offset);
	return true;
}

static struct verify_process *find_process(struct verify *v, uint64_t id)
{
	struct verify_process *grown;

	for (size_t i = v->process_count; i-- > 0;)
		if (v->processes[i].id == id)
			return &v->processes[i];
	grown = realloc(v->processes, (v->process_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	v->processes = grown;
	v->processes[v->process_count] = (struct verify_process){.id = id};
	return &v->processes[v->process_count++];
}

/*
 * Sequence numbers count up; a gap is a chunk that is not here, which losses have to account for. A recording
 * may begin in the middle: what a collector took before is in another file.
 */
static void check_sequence(struct verify *v, struct verify_process *p, const struct chunk_header *h,
			   uint64_t at)
{
	bool by_collector = h->flags & CHUNK_BY_COLLECTOR;
	uint64_t *next = &p->next[by_collector];

	if (!by_collector && !p->seen) {
		p->seen = true;
		*next = h->sequence;
	}
	if (h->sequence < *next)
		verify_problem(v, at, "process %016" PRIx64 ": chunk %" PRIu64 " comes after chunk %" PRIu64,
			       p->id, h->sequence, *next - 1);
	else if (h->sequence > *next && !p->missing)
		p->first_gap = at;
	if (h->sequence > *next)
		p->missing += h->sequence - *next;
	*next = h->sequence + 1;
}

/* The chunk at `at`, in v->bytes; not `whole`: its checksum is wrong, and only its header is believed. */
static int check_one(struct verify *v, const struct chunk_header *h, uint64_t at, bool whole)
{
	struct verify_process *p = find_process(v, h->process);
	int err;

	if (!p)
		return -ENOMEM;
	check_sequence(v, p, h, at);
	v->chunks++;
	if (!whole)
		return verify_note(v, h, at);
	if (h->kind == EVENT_INDEX) {
		if (!v->index_offset)
			v->index_offset = at;
		return verify_index(v, h, at);
	}
	if (v->index_offset)
		verify_problem(v, at, "a chunk behind the index");
	if (h->kind != EVENT_PERMANENT)
		v->records += h->count;
	err = verify_note(v, h, at);
	return err ? err : verify_chunk(v, p, h, at);
}

static int check_chunks(struct verify *v, uint64_t at)
{
	while (at < v->size) {
		struct chunk_header h;
		ssize_t n = load(v, at, sizeof(h));
		uint64_t next;
		int err;

		if (n < 0)
			return (int)n;
		err = chunk_peek(v->bytes, (size_t)n, &h);
		if ((err == -EAGAIN && (size_t)n == sizeof(h)) || err == -EPROTONOSUPPORT) {
			if (h.size <= v->size - at) {
				if (load(v, at, h.size) != (ssize_t)h.size)
					return -EIO;
				err = chunk_check(v->bytes, h.size, &h);
			} else {
				err = -EAGAIN;
			}
		}
		if (err == -EAGAIN || err == -EBADMSG) {
			if (is_footer(v, at))
				return 0;
			next = find_chunk(v, at + CHUNK_ALIGN);
			if (err == -EAGAIN && next == v->size)
				v->cut = v->size - at;
			else
				verify_problem(v, at, "%" PRIu64 " bytes that are no chunk", next - at);
			at = next;
			continue;
		}
		if (err == -EPROTONOSUPPORT) {
			v->newer++;
			err = 0;
		} else {
			if (err == -EILSEQ)
				verify_problem(v, at,
					       "wrong checksum in a chunk of %u bytes of process %016" PRIx64,
					       h.size, h.process);
			err = check_one(v, &h, at, !err);
		}
		if (err)
			return err;
		at += h.size;
	}
	return 0;
}

static void check_end(struct verify *v)
{
	if (v->complete && v->indexed != v->noted_count)
		verify_problem(v, v->index_offset, "the index has %zu of %zu chunks", v->indexed,
			       v->noted_count);
	for (size_t i = 0; i < v->process_count; i++) {
		const struct verify_process *p = &v->processes[i];

		if (p->missing && !p->losses)
			verify_problem(v, p->first_gap,
				       "process %016" PRIx64
				       ": chunks missing with no loss that accounts for them: %" PRIu64,
				       p->id, p->missing);
		else if (p->missing)
			printf("  process %016" PRIx64
			       ": chunks lost while recording, as its losses say: %" PRIu64 "\n",
			       p->id, p->missing);
	}
	if (v->problems > MAX_PRINTED)
		printf("  and %" PRIu64 " more\n", v->problems - MAX_PRINTED);
	if (v->newer)
		printf("  %" PRIu64 " chunks are of a newer version and were not looked into\n", v->newer);
	if (v->cut)
		printf("  the last %" PRIu64
		       " bytes are the beginning of a chunk: the file was cut off there\n",
		       v->cut);
	if (!v->complete)
		printf("  there is no index: the recording was not completed, or is still being written\n");
}

/* No recording, or one that this program does not know: in the words of every other command. */
static int tell_refused(const char *path)
{
	struct trace *trace;
	char why[512];

	if (trace_open(&trace, path, why, sizeof(why)))
		return fail("%s", why);
	trace_close(trace);
	return fail("%s: it changed meanwhile", path);
}

static int verify_file(const char *path)
{
	struct verify v = {.fd = open(path, O_RDONLY | O_CLOEXEC), .decoder = chunk_decoder_new()};
	uint64_t first_chunk = 0;
	size_t processes = 0;
	bool refused = false;
	struct stat st;
	int err;

	if (v.fd < 0 || fstat(v.fd, &st)) {
		err = -errno;
		goto out;
	}
	v.size = (uint64_t)st.st_size;
	err = v.decoder ? check_file_header(&v, &first_chunk) : -ENOMEM;
	refused = err == -EBADMSG || err == -EPROTONOSUPPORT;
	if (err)
		goto out;
	printf("%s\n", path);
	err = check_chunks(&v, first_chunk);
	if (!err)
		check_end(&v);
	for (size_t i = 0; i < v.process_count; i++)
		processes += v.processes[i].id != 0;
	if (!err)
		printf("  chunks %" PRIu64 ", records %" PRIu64 ", processes %zu: %s\n", v.chunks, v.records,
		       processes,
		       v.problems   ? "damaged"
		       : v.complete ? "all is well"
				    : "what is there is well");
out:
	if (refused)
		tell_refused(path);
	else if (err)
		fail("%s: %s", path, strerror(-err));
	if (v.fd >= 0)
		close(v.fd);
	verify_free(&v);
	return err || v.problems || !v.complete ? EXIT_FAILURE : EXIT_SUCCESS;
}

int command_verify(int argc, char **argv)
{
	static const struct option options[] = {{0}};
	int status = EXIT_SUCCESS;

	if (next_option(argc, argv, "", options) != -1)
		return EXIT_USAGE;
	if (optind == argc)
		return fail_usage("verify", "which file?");
	for (int i = optind; i < argc; i++)
		if (verify_file(argv[i]))
			status = EXIT_FAILURE;
	return status;
}
