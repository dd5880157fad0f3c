/*
 * make_trace.c: makes trace files without a GPU, deterministic and as large as asked for: what reports,
 * exports and benchmarks are tried on. Values are invented; shapes are those of a decode loop: a few names,
 * many launch sites, durations within a percent.
 *
 * Usage: make_trace [OPTION=N]... FILE        see options[] below
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/facts.h"
#include "collector/trace_write.h"
#include "make_trace_names.h"
#include "wire/chunk_write.h"

enum option_index {
	KERNELS,
	COPIES,
	SETS,
	CALLS,
	RANGES,
	PROCESSES,
	STREAMS,
	DEVICES,
	SITES,
	NAMES,
	GRAPH,
	STRANGE,
	INDEX,
	CHUNK,
	SEED,
	TIES,
	ITERATIONS,
	OPTIONS,
};

static struct {
	const char *name, *help;
	uint64_t value;
} options[OPTIONS] = {
	[KERNELS] = {"kernels", "kernels a process", 10000},
	[COPIES] = {"copies", "copies a process", 200},
	[SETS] = {"sets", "memsets a process", 50},
	[CALLS] = {"calls", "1: API calls too: a launch for each kernel, with its driver call", 1},
	[RANGES] = {"ranges", "NVTX ranges a process, nested, of two threads and domains", 500},
	[PROCESSES] = {"processes", "", 1},
	[STREAMS] = {"streams", "of each process", 2},
	[DEVICES] = {"devices", "GPUs; process p uses p % devices as its device 0", 1},
	[SITES] = {"sites", "launch sites", 815},
	[NAMES] = {"names", "kernel names", 25},
	[GRAPH] = {"graph", "1: kernels are graph nodes", 0},
	[STRANGE] = {"strange", "1: names with quotes, commas, line ends, not UTF-8, of 60 KB", 0},
	[INDEX] = {"index", "0: no index, as if the recorder had been killed", 1},
	[CHUNK] = {"chunk", "records a chunk", 2048},
	[SEED] = {"seed", "", 1},
	[TIES] = {"ties", "1: many starts, durations and totals are equal", 0},
	[ITERATIONS] = {"iterations", "a process: each launches as many kernels, which run much later", 0},
};
#define OPTION(i) (options[i].value)

static struct trace_writer out;
static uint64_t random_state;

static void die(const char *what, int err)
{
	fprintf(stderr, "make_trace: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t below(uint64_t n)
{
	return n ? random64() % n : 0;
}

/* ----------------------------------------------------------------------------------------- a process */

struct process {
	uint32_t index, pid;
	uint64_t id, sequence;
	struct facts facts; /* permanent records */
	uint32_t strings;
	uint32_t kernel_names, launch_name, driver_name, copy_name, sync_name, old_name, domain, registered,
		source;
};

static void append_record(struct facts *f, const void *record, size_t fixed, const void *text, size_t length)
{
	size_t size = (fixed + length + 7) & ~(size_t)7;
	uint8_t *bytes = realloc(f->bytes, f->used + size);

	if (!bytes)
		die("memory", ENOMEM);
	f->bytes = bytes;
	memset(bytes + f->used, 0, size);
	memcpy(bytes + f->used, record, fixed);
	memcpy(bytes + f->used + fixed, text, length);
	((struct permanent_header *)(bytes + f->used))->size = (uint32_t)size;
	f->used += size;
	f->capacity = f->used;
	f->count++;
}

static uint32_t add_string(struct process *p, const char *text, size_t length, uint16_t string_class)
{
	struct permanent_string s = {
		.h.kind = PERMANENT_STRING, .length = (uint32_t)length, .string_class = string_class};

	append_record(&p->facts, &s, sizeof(s), text, length);
	return ++p->strings;
}

static uint32_t add_word(struct process *p, const char *text, uint16_t string_class)
{
	return add_string(p, text, strlen(text), string_class);
}

static void add_names(struct process *p)
{
	char name[64], *huge;

	p->kernel_names = p->strings + 1;
	for (uint64_t i = 0; i < OPTION(NAMES); i++) {
		size_t n = sizeof(kernel_names) / sizeof(kernel_names[0]);

		if (i < n) {
			add_word(p, kernel_names[i], STRING_KERNEL);
		} else {
			snprintf(name, sizeof(name), "_Z%dkernel_%03uILi%uEEvPfi", 10,
				 (unsigned int)(i % 1000), (unsigned int)i);
			add_word(p, name, STRING_KERNEL);
		}
	}
	p->launch_name = add_word(p, "cudaLaunchKernel_v7000", STRING_API);
	p->driver_name = add_word(p, "cuLaunchKernel", STRING_API);
	p->copy_name = add_word(p, "cudaMemcpyAsync_v3020", STRING_API);
	p->sync_name = add_word(p, "cudaStreamSynchronize_v3020", STRING_API);
	p->old_name = add_word(p, "cudaGetDeviceProperties_v2_v12000", STRING_API);
	p->domain = add_word(p, p->index % 2 ? "engine" : "scheduler", STRING_NVTX_DOMAIN);
	p->source = add_word(p, "mark", STRING_OTHER);
	p->registered = add_word(p, "registered range", STRING_NVTX_REGISTERED);
	if (!OPTION(STRANGE))
		return;
	/* Take the place of the last names. */
	for (size_t i = 0; i < sizeof(strange_names) / sizeof(strange_names[0]); i++)
		add_string(p, strange_names[i].text, strange_names[i].length, STRING_KERNEL);
	huge = malloc(60000);
	if (!huge)
		die("memory", ENOMEM);
	memset(huge, 'h', 60000);
	add_string(p, huge, 60000, STRING_KERNEL);
	free(huge);
}

/* The text reference of a site's kernel. */
static uint32_t kernel_name(const struct process *p, uint64_t site)
{
	uint64_t strange = sizeof(strange_names) / sizeof(strange_names[0]) + 1;

	if (OPTION(STRANGE) && site % 7 == 0)
		return p->strings - (uint32_t)(site / 7 % strange);
	return p->kernel_names + (uint32_t)(site % OPTION(NAMES));
}

static void add_device(struct process *p)
{
	struct permanent_device d = {
		.h.kind = PERMANENT_DEVICE,
		.compute_major = 9,
		.multiprocessors = 132,
		.memory = UINT64_C(80) << 30,
		.bandwidth = 3350000000,
		.core_clock = 1980000,
		.l2_cache = 50 << 20,
		.name_length = 13,
	};
	struct permanent_context c = {.h.kind = PERMANENT_CONTEXT, .context = 1, .null_stream = 7};
	struct permanent_thread t = {.h.kind = PERMANENT_THREAD, .thread = p->pid, .name_length = 6};
	char name[32];

	/* Every process sees its GPU as device 0, as under CUDA_VISIBLE_DEVICES. */
	d.uuid[0] = 0xcf;
	d.uuid[15] = (uint8_t)(p->index % OPTION(DEVICES));
	snprintf(name, sizeof(name), "Invented GPU %u", (unsigned int)(p->index % OPTION(DEVICES)));
	d.name_length = (uint32_t)strlen(name);
	append_record(&p->facts, &d, sizeof(d), name, strlen(name));
	append_record(&p->facts, &c, sizeof(c), "", 0);
	for (uint32_t s = 0; s < OPTION(STREAMS); s++) {
		struct permanent_stream stream = {
			.h.kind = PERMANENT_STREAM, .context = 1, .stream = 7 + s, .flag = 2};

		append_record(&p->facts, &stream, sizeof(stream), "", 0);
	}
	append_record(&p->facts, &t, sizeof(t), "worker", 6);
}

static void put_chunk(const void *chunk, size_t size)
{
	struct chunk_header h;
	size_t room;
	void *at = trace_writer_room(&out, size, &room);

	if (!at)
		die("memory", ENOMEM);
	memcpy(at, chunk, size);
	memcpy(&h, chunk, sizeof(h));
	if (trace_writer_take(&out, &h))
		die("write", out.error);
}

static void put_facts(struct process *p)
{
	size_t size;
	void *chunk;

	facts_format(&p->facts, "pid", "%u", p->pid);
	facts_format(&p->facts, "exe", "/usr/bin/python3");
	facts_format(&p->facts, "rank", "%u", p->index);
	facts_format(&p->facts, "end", "exited");
	chunk = facts_chunk(&p->facts, p->id, 0, p->sequence++, &size);
	if (!chunk)
		die("memory", ENOMEM);
	put_chunk(chunk, size);
	free(chunk);
	facts_free(&p->facts);
}

/* ------------------------------------------------------------------------------------------- events */

struct stream_of_chunks {
	struct process *p;
	struct chunk_writer *w;
};

static void open_kind(struct stream_of_chunks *s, struct process *p, uint16_t kind)
{
	s->p = p;
	s->w = chunk_writer_new(kind, (uint32_t)OPTION(CHUNK));
	if (!s->w)
		die("memory", ENOMEM);
}

static void seal(struct stream_of_chunks *s)
{
	struct chunk_origin origin = {.process = s->p->id, .sequence = s->p->sequence};
	size_t capacity = chunk_writer_bound(s->w);
	void *chunk = malloc(capacity);
	ptrdiff_t size = chunk ? chunk_writer_seal(s->w, &origin, chunk, capacity) : -ENOMEM;

	if (size < 0)
		die("seal", (int)size);
	if (size) {
		put_chunk(chunk, (size_t)size);
		s->p->sequence++;
	}
	free(chunk);
}

static void add(struct stream_of_chunks *s, const uint64_t *row)
{
	int err = chunk_writer_add(s->w, row);

	if (err == -ENOSPC) {
		seal(s);
		err = chunk_writer_add(s->w, row);
	}
	if (err)
		die("add", err);
}

static void close_kind(struct stream_of_chunks *s)
{
	seal(s);
	chunk_writer_free(s->w);
}

static uint64_t jitter(uint64_t base)
{
	return OPTION(TIES) ? base / 1000 * 1000 : base - base / 100 + below(base / 50 + 1);
}

/* When the call that launches kernel i starts, where there are iterations: long before the kernel. */
static uint64_t launch_time(uint64_t origin, uint64_t i)
{
	return origin - 4000000 + i * 6000;
}

/* Iteration n launches kernels n * each to (n + 1) * each - 1, on the process's first thread. */
static void put_iterations(struct process *p, uint64_t origin)
{
	struct stream_of_chunks s;
	uint64_t each = OPTION(ITERATIONS) ? OPTION(KERNELS) / OPTION(ITERATIONS) : 0;

	open_kind(&s, p, EVENT_ITERATION);
	for (uint64_t n = 0; n < OPTION(ITERATIONS); n++) {
		uint64_t start = launch_time(origin, n * each) - 1000;

		add(&s, (const uint64_t[ITERATION_FIELDS]){
				[ITERATION_SOURCE] = p->source,
				[ITERATION_THREAD] = p->pid,
				[ITERATION_START] = start,
				[ITERATION_DURATION] = launch_time(origin, (n + 1) * each) - 2000 - start,
				[ITERATION_NUMBER] = n,
			});
	}
	close_kind(&s);
}

/* Kernels, and with calls=1 the runtime call of each and the driver call within it. */
static void put_kernels(struct process *p, uint64_t origin)
{
	struct stream_of_chunks kernels, calls;
	uint64_t ends[64] = {0};

	open_kind(&kernels, p, EVENT_KERNEL);
	open_kind(&calls, p, EVENT_API);
	for (uint64_t i = 0; i < OPTION(KERNELS); i++) {
		uint64_t site = i % OPTION(SITES), stream = site % OPTION(STREAMS) % 64;
		uint64_t duration = jitter(1500 + site * 2654435761u % 20000), correlation = i + 1;
		uint64_t start = ends[stream] ? ends[stream] + jitter(600) : origin + stream * 100;
		uint64_t k[KERNEL_FIELDS] = {0}, c[API_FIELDS] = {0};

		if (OPTION(TIES))
			start = origin + i / 4 * 1000;
		k[KERNEL_NAME] = kernel_name(p, site);
		k[KERNEL_CONTEXT] = 1;
		k[KERNEL_STREAM] = 7 + stream;
		k[KERNEL_GRAPH_NODE] = OPTION(GRAPH) ? 1000 + site : 0;
		k[KERNEL_GRAPH_EXEC] = OPTION(GRAPH) ? 5 : 0;
		k[KERNEL_GRID_X] = 1 + site % 132;
		k[KERNEL_GRID_Y] = k[KERNEL_GRID_Z] = 1;
		k[KERNEL_BLOCK_X] = 128 << site % 3;
		k[KERNEL_BLOCK_Y] = k[KERNEL_BLOCK_Z] = 1;
		k[KERNEL_REGISTERS] = 32 + site % 200;
		k[KERNEL_STATIC_SHARED] = site * 1500 % 49152;
		k[KERNEL_DYNAMIC_SHARED] = site * 4500 % 230000;
		k[KERNEL_CHANNEL] = 8 + stream;
		k[KERNEL_START] = start;
		k[KERNEL_DURATION] = duration;
		k[KERNEL_CORRELATION] = OPTION(GRAPH) ? 1 + i / OPTION(SITES) : correlation;
		k[KERNEL_GRID_ID] = i + 1;
		add(&kernels, k);
		ends[stream] = start + duration;
		if (!OPTION(CALLS) || (OPTION(GRAPH) && site))
			continue;
		/* Every ninth launch is the program's own driver call. */
		c[API_THREAD] = p->pid;
		c[API_CORRELATION] = k[KERNEL_CORRELATION];
		c[API_DOMAIN] = 1;
		c[API_CBID] = 307;
		c[API_NAME] = p->driver_name;
		c[API_START] = OPTION(ITERATIONS) ? launch_time(origin, i) + 500 : start - 4000;
		c[API_DURATION] = jitter(1800);
		add(&calls, c);
		if (i % 9 == 8)
			continue;
		c[API_DOMAIN] = 2;
		c[API_CBID] = 211;
		c[API_NAME] = p->launch_name;
		c[API_START] -= 500;
		c[API_DURATION] = jitter(3000);
		add(&calls, c);
	}
	close_kind(&kernels);
	close_kind(&calls);
}

static void put_copies(struct process *p, uint64_t origin)
{
	static const uint8_t kinds[] = {1, 2, 8, 10, 3, 9, 99};
	struct stream_of_chunks copies, sets, calls;

	open_kind(&copies, p, EVENT_MEMCPY);
	open_kind(&sets, p, EVENT_MEMSET);
	open_kind(&calls, p, EVENT_API);
	for (uint64_t i = 0; i < OPTION(COPIES); i++) {
		uint64_t kind = kinds[i % (OPTION(STRANGE) ? 7 : 5)], c[MEMCPY_FIELDS] = {0},
			 a[API_FIELDS] = {0};

		c[MEMCPY_COPY_KIND] = kind;
		c[MEMCPY_SRC_KIND] = 1 + i % 5;
		c[MEMCPY_DST_KIND] = 3;
		c[MEMCPY_FLAGS] = 1;
		c[MEMCPY_CONTEXT] = 1;
		c[MEMCPY_STREAM] = 7 + i % OPTION(STREAMS);
		c[MEMCPY_DST_CONTEXT] = kind == 10;
		c[MEMCPY_COPY_COUNT] = 1;
		c[MEMCPY_START] = origin + i * 30000;
		c[MEMCPY_DURATION] = i % 50 == 49 ? 0 : jitter(2000 + i % 13 * 500);
		c[MEMCPY_CORRELATION] = OPTION(KERNELS) + 1 + i;
		c[MEMCPY_BYTES] = i % 3 ? below(1 << 20) : i * 1000 + 500;
		add(&copies, c);
		a[API_DOMAIN] = 2;
		a[API_CBID] = 41;
		a[API_NAME] = i % 20 ? p->copy_name : i % 40 ? p->sync_name : p->old_name;
		a[API_THREAD] = p->pid + 1;
		a[API_START] = c[MEMCPY_START] - 3000;
		a[API_DURATION] = jitter(2500);
		a[API_CORRELATION] = c[MEMCPY_CORRELATION];
		if (OPTION(CALLS))
			add(&calls, a);
	}
	for (uint64_t i = 0; i < OPTION(SETS); i++) {
		uint64_t s[MEMSET_FIELDS] = {0};

		s[MEMSET_CONTEXT] = 1;
		s[MEMSET_STREAM] = 7;
		s[MEMSET_MEMORY_KIND] = i % 9;
		s[MEMSET_START] = origin + i * 30000 + 10;
		s[MEMSET_DURATION] = jitter(900);
		s[MEMSET_CORRELATION] = OPTION(KERNELS) + OPTION(COPIES) + 1 + i;
		s[MEMSET_BYTES] = i * 1000 + 500;
		add(&sets, s);
	}
	close_kind(&copies);
	close_kind(&sets);
	close_kind(&calls);
}

static void put_event(struct stream_of_chunks *s, uint64_t type, uint64_t thread, uint64_t domain,
		      uint64_t name, uint64_t time, uint64_t id)
{
	uint64_t n[NVTX_ROW_FIELDS] = {0};

	n[NVTX_ROW_TYPE] = type;
	n[NVTX_ROW_THREAD] = thread;
	n[NVTX_ROW_DOMAIN] = domain;
	n[NVTX_ROW_NAME] = name;
	n[NVTX_ROW_START] = time;
	n[NVTX_ROW_RANGE_ID] = id;
	if (type == NVTX_PUSH && id == 0 && name) {
		n[NVTX_ROW_FLAGS] = NVTX_HAS_COLOR | NVTX_HAS_PAYLOAD;
		n[NVTX_ROW_COLOR] = 0xff00ff00;
		n[NVTX_ROW_PAYLOAD_TYPE] = 1 + time % 6;
		n[NVTX_ROW_PAYLOAD] = time;
	}
	add(s, n);
}

/* Pushes within pushes in two domains and threads, ranges that end before they start in the file, marks, and
   some of everything left open. */
static void put_ranges(struct process *p, uint64_t origin)
{
	struct stream_of_chunks s;
	char name[64];

	open_kind(&s, p, EVENT_NVTX);
	for (uint64_t i = 0; i < OPTION(RANGES); i += 4) {
		uint64_t t = origin + i * 25000, thread = p->pid + i / 4 % 2,
			 id = (uint64_t)p->index << 40 | (i + 1);
		uint32_t step;

		snprintf(name, sizeof(name), i % 16 ? "step %u" : "step \"%u\", first",
			 (unsigned int)(i % 12));
		if (chunk_writer_count(s.w) + 16 > OPTION(CHUNK))
			seal(&s); /* the text must be of the chunk that its records are in */
		step = chunk_writer_text(s.w, name, strlen(name));
		put_event(&s, NVTX_PUSH, thread, 0, step, t, 0);
		put_event(&s, NVTX_PUSH, thread, p->domain, p->registered, t + 100, 0);
		put_event(&s, NVTX_MARK, thread, 0, step, t + 150, 0);
		if (i % 8)
			put_event(&s, NVTX_START, thread, p->domain, step, t + 200, id);
		put_event(&s, NVTX_PUSH, thread, p->domain, 0, t + 300, 0);
		put_event(&s, NVTX_POP, thread, p->domain, 0, t + 300 + jitter(2000), 0);
		put_event(&s, NVTX_POP, thread, 0, 0, t + 3000 + jitter(1000), 0);
		put_event(&s, NVTX_END, p->pid + 2, p->domain, 0, t + 5000, id);
		if (!(i % 8)) /* the thread that started it comes later in the file */
			put_event(&s, NVTX_START, thread, p->domain, step, t + 200, id);
		put_event(&s, NVTX_POP, thread, p->domain, 0, t + 6000 + jitter(1000), 0);
	}
	put_event(&s, NVTX_POP, p->pid, 0, 0, origin + 1, 0); /* nothing to pop */
	put_event(&s, NVTX_END, p->pid, 0, 0, origin + 2, 77);
	if (OPTION(RANGES)) {
		put_event(&s, NVTX_PUSH, p->pid, 0, p->registered, origin + 5, 0);
		put_event(&s, NVTX_START, p->pid, p->domain, p->registered, origin + 6, 78);
	}
	close_kind(&s);
}

static void put_process(uint32_t index)
{
	struct process p = {.index = index, .pid = 1000 + index * 10, .id = random64() | 1};
	uint64_t origin;

	add_names(&p);
	add_device(&p);
	put_facts(&p);
	/* The session's time 0 is the file's. Processes begin at different times. */
	origin = 5000000000 + index * 1234567;
	put_kernels(&p, origin);
	put_copies(&p, origin);
	put_ranges(&p, origin);
	put_iterations(&p, origin);
}

static void read_option(const char *word)
{
	for (int i = 0; i < OPTIONS; i++) {
		size_t length = strlen(options[i].name);

		if (!strncmp(word, options[i].name, length) && word[length] == '=') {
			OPTION(i) = strtoull(word + length + 1, NULL, 0);
			return;
		}
	}
	fprintf(stderr, "make_trace: no option %s\nUsage: make_trace [OPTION=N]... FILE\n", word);
	for (int i = 0; i < OPTIONS; i++)
		fprintf(stderr, "  %-10s %-10llu %s\n", options[i].name, (unsigned long long)OPTION(i),
			options[i].help);
	exit(2);
}

/* The header's time of day and clock: fixed, so that equal options give equal files. */
static void fix_times(int fd)
{
	struct file_header h;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h))
		die("read", EIO);
	h.created = INT64_C(1700000000000000000);
	h.monotonic = 4000000000;
	if (pwrite(fd, &h, sizeof(h), 0) != sizeof(h))
		die("write", errno);
}

int main(int argc, char **argv)
{
	int fd;

	for (int i = 1; i < argc - 1; i++)
		read_option(argv[i]);
	if (argc < 2 || strchr(argv[argc - 1], '='))
		read_option(argc < 2 ? "" : argv[argc - 1]);
	random_state = OPTION(SEED) * 88172645463325252u + 1;
	fd = open(argv[argc - 1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		die(argv[argc - 1], errno);
	out.session = 42;
	if (trace_writer_open(&out, fd))
		die("write", out.error);
	for (uint32_t i = 0; i < OPTION(PROCESSES); i++)
		put_process(i);
	if (trace_writer_flush(&out) || (OPTION(INDEX) && trace_writer_finish(&out)))
		die("write", out.error);
	trace_writer_close(&out);
	fix_times(fd);
	if (close(fd))
		die("write", errno);
	return 0;
}
