/*
 * A process that talks to a collector as libcuflight.so does, without CUDA, and misbehaves on request.
 *
 *   collector_fake_process [--OPTION=VALUE]...
 *     --chunks=N       publish N chunks (10)             --records=N   records in each (100)
 *     --pace=US        wait between two chunks (0)       --wait=MS     wait before the end (0)
 *     --names=N        names in the permanent region (3) --tag=TEXT    in the facts
 *     --end=closed|_exit|kill|exec|forever               how it ends (closed); exec runs `sleep 0.5`
 *     --file           leave the ring in rings/ without asking whether somebody listens
 *     --flight         the ring keeps the newest records
 *     --bad=KIND       what is wrong:
 *         hello size seal abi regions setup    refused before anything is read
 *         checksum magic chunksize process kind position tail permanent    some of it is refused
 *         truncate                             the ring file is cut short while it is read (with --file)
 *
 * Without CUFLIGHT_DIR it does nothing, like a program that is not recorded. Prints one line of JSON: what it
 * published.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "wire/chunk_write.h"
#include "wire/ringbuf.h"

static struct {
	unsigned int chunks, records, names, pace_us, wait_ms;
	const char *end, *bad, *tag;
	bool file, flight;
} opt = {.chunks = 10, .records = 100, .names = 3, .end = "closed", .bad = "", .tag = "fake"};

static const struct ring_config config = {
	.page_count = 2, .page_size = 4096, .permanent_size = 1 << 20, .chunk_size = 1 << 20};
static struct ring ring;
static size_t memory_size;
static struct robust_list_head robust;
static struct robust_list node;

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void nap(uint64_t us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	if (us)
		nanosleep(&t, NULL);
}

static bool bad(const char *kind)
{
	return !strcmp(opt.bad, kind);
}

static uint64_t start_time(void)
{
	char text[1024], *p;
	FILE *f = fopen("/proc/self/stat", "r");

	if (!f || !fgets(text, sizeof(text), f))
		die("/proc/self/stat");
	fclose(f);
	p = strrchr(text, ')');
	for (int field = 2; field < 22; field++)
		p = strchr(p + 1, ' ');
	return strtoull(p, NULL, 10);
}

/* The kernel sets FUTEX_OWNER_DIED in `liveness` when this thread ends: the list has one entry, `node`. */
static void make_robust(uint32_t *liveness)
{
	node.next = &robust.list;
	robust.list.next = &node;
	robust.futex_offset = (char *)liveness - (char *)&node;
	store_relaxed(liveness, (uint32_t)syscall(SYS_gettid));
	if (syscall(SYS_set_robust_list, &robust, sizeof(robust)))
		die("set_robust_list");
}

static int make_memory(int dir)
{
	char name[64];
	int fd;

	if (opt.file) {
		snprintf(name, sizeof(name), "rings/%d-%llu.ring", (int)getpid(),
			 (unsigned long long)start_time());
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} else {
		fd = memfd_create("cuflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	}
	if (fd < 0 || ftruncate(fd, (off_t)memory_size))
		die("ring");
	if (!opt.file && !bad("seal") && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		die("F_ADD_SEALS");
	return fd;
}

static void make_ring(int fd)
{
	struct ring_header *h;
	struct stat st;
	void *memory;

	memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED || ring_init(&ring, memory, &config))
		die("mmap");
	h = ring.header;
	if (getrandom(&h->process, sizeof(h->process), 0) != sizeof(h->process))
		die("getrandom");
	h->pid = (uint32_t)getpid();
	h->uid = geteuid();
	h->start_time = start_time();
	h->pid_ns = stat("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
	h->created_monotonic = now(CLOCK_MONOTONIC);
	h->created_realtime = now(CLOCK_REALTIME);
	h->policy = opt.flight ? RING_FLIGHT : RING_DRAIN;
	if (bad("abi"))
		h->abi = RING_ABI + 1;
	if (bad("regions"))
		h->regions[REGION_CHUNKS].size = 1ull << 40;
	make_robust(&h->liveness);
	store_release(&h->state, bad("setup") ? RING_SETUP : RING_RECORDING);
}

static int hand_over(int dir, int memory)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct session_hello hello = {.magic = bad("hello") ? 1 : SESSION_HELLO_MAGIC,
				      .abi = SESSION_ABI,
				      .pid = (uint32_t)getpid(),
				      .process = ring.header->process,
				      .ring_size = bad("size") ? memory_size * 2 : memory_size};
	struct iovec part = {.iov_base = &hello, .iov_len = sizeof(hello)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &memory, sizeof(memory));
	if (sendmsg(fd, &message, MSG_NOSIGNAL) != sizeof(hello))
		return -errno;
	close(fd);
	return 0;
}

static void put_permanent(uint16_t kind, const void *body, size_t body_size, const char *text, size_t length)
{
	uint64_t words[512] = {0};
	struct permanent_header *h = (void *)words;

	h->kind = kind;
	h->size = (uint32_t)((sizeof(*h) + body_size + length + 7) & ~7ull);
	memcpy(h + 1, body, body_size);
	memcpy((char *)(h + 1) + body_size, text, length);
	if (ring_put_permanent(&ring, words, h->size))
		fprintf(stderr, "permanent region full\n");
}

static void put_fact(const char *key, const char *value)
{
	uint32_t lengths[2] = {(uint32_t)strlen(key), (uint32_t)strlen(value)};
	char text[256];

	snprintf(text, sizeof(text), "%s%s", key, value);
	put_permanent(PERMANENT_FACT, lengths, sizeof(lengths), text, strlen(text));
}

static void put_names(void)
{
	struct permanent_string string = {.string_class = STRING_KERNEL};
	char name[64];

	snprintf(name, sizeof(name), "%d", (int)getpid());
	put_fact("pid", name);
	put_fact("exe", "/usr/bin/fake");
	put_fact("recording", "on");
	put_fact("tag", opt.tag);
	for (unsigned int i = 0; i < opt.names; i++) {
		string.length = (uint32_t)snprintf(name, sizeof(name), "kernel_%u", i);
		put_permanent(PERMANENT_STRING, (char *)&string + sizeof(string.h),
			      sizeof(string) - sizeof(string.h), name, string.length);
	}
	if (bad("permanent")) {
		struct permanent_header nonsense = {.size = 12, .kind = PERMANENT_STRING};

		memcpy(ring.permanent + ring.permanent_used, &nonsense, sizeof(nonsense));
		store_release(&ring.header->permanent_used, ring.permanent_used + 16);
	}
}

/* A chunk of kernels, or one that is wrong in the way asked for. */
static size_t make_chunk(struct chunk_writer *w, uint64_t number, uint8_t *out, size_t capacity)
{
	struct chunk_origin origin = {.process = ring.header->process, .sequence = number};
	struct chunk_header *h = (void *)out;
	ptrdiff_t size;

	for (unsigned int i = 0; i < opt.records; i++) {
		uint64_t row[KERNEL_FIELDS] = {0};

		row[KERNEL_NAME] = opt.names ? 1 + i % opt.names : 0;
		row[KERNEL_GRID_X] = row[KERNEL_GRID_Y] = row[KERNEL_GRID_Z] = 1;
		row[KERNEL_BLOCK_X] = 128;
		row[KERNEL_START] = (uint64_t)now(CLOCK_MONOTONIC);
		row[KERNEL_DURATION] = 1000 + i % 7;
		row[KERNEL_CORRELATION] = number * opt.records + i + 1;
		if (chunk_writer_add(w, row))
			die("chunk_writer_add");
	}
	if (bad("process"))
		origin.process++;
	size = chunk_writer_seal(w, &origin, out, capacity);
	if (size <= 0)
		die("chunk_writer_seal");
	if (bad("kind"))
		size = chunk_write_raw(EVENT_INDEX, 1, "12345678", 8, &origin, out, capacity);
	if (bad("checksum") && number % 2)
		out[size - 1] ^= 0x55;
	if (bad("magic") && number == 2)
		h->magic = 0;
	if (bad("chunksize") && number == 2)
		h->size = 0x7ffffff8;
	return (size_t)size;
}

static uint64_t publish(void)
{
	struct chunk_writer *w = chunk_writer_new(EVENT_KERNEL, CHUNK_MAX_RECORDS);
	size_t capacity = (size_t)opt.records * 400 + (1 << 16);
	uint8_t *chunk = malloc(capacity);
	uint64_t published = 0;

	if (!w || !chunk)
		die("malloc");
	for (unsigned int i = 0; i < opt.chunks; i++) {
		size_t size = make_chunk(w, i, chunk, capacity);

		if (!ring_put(&ring, chunk, size, NULL))
			published += opt.records;
		else
			ring_lose(&ring, LOSS_RING_FULL, opt.records, now(CLOCK_MONOTONIC));
		if (bad("position"))
			store_release(&ring.header->head, ring.header->head + (i % 2 ? 1ull << 60 : 13));
		if (bad("tail"))
			store_release(&ring.header->tail, ring.header->head + 1000);
		nap(opt.pace_us);
	}
	chunk_writer_free(w);
	free(chunk);
	return published;
}

static void leave(void)
{
	if (!strcmp(opt.end, "closed")) {
		store_release(&ring.header->state, RING_CLOSED);
		store_release(&ring.header->liveness, 0);
		robust.list.next = &robust.list;
	} else if (!strcmp(opt.end, "_exit")) {
		_exit(7);
	} else if (!strcmp(opt.end, "kill")) {
		kill(getpid(), SIGKILL);
	} else if (!strcmp(opt.end, "exec")) {
		execlp("sleep", "sleep", "0.5", (char *)NULL);
	} else if (!strcmp(opt.end, "forever")) {
		for (;;)
			pause();
	}
}

static bool option(const char *word)
{
	static const struct {
		const char *name;
		unsigned int *number;
		const char **text;
	} table[] = {
		{"--chunks=", &opt.chunks, NULL}, {"--records=", &opt.records, NULL},
		{"--names=", &opt.names, NULL},	  {"--pace=", &opt.pace_us, NULL},
		{"--wait=", &opt.wait_ms, NULL},  {"--end=", NULL, &opt.end},
		{"--bad=", NULL, &opt.bad},	  {"--tag=", NULL, &opt.tag},
	};

	opt.file |= !strcmp(word, "--file");
	opt.flight |= !strcmp(word, "--flight");
	if (!strcmp(word, "--file") || !strcmp(word, "--flight"))
		return true;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(table[i].name);

		if (strncmp(word, table[i].name, n))
			continue;
		if (table[i].number)
			*table[i].number = (unsigned int)strtoul(word + n, NULL, 10);
		else
			*table[i].text = word + n;
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *session = getenv("CUFLIGHT_DIR");
	int dir, memory, err;
	uint64_t published;

	for (int i = 1; i < argc; i++)
		if (!option(argv[i])) {
			fprintf(stderr, "%s: not known\n", argv[i]);
			return 2;
		}
	if (!session) {
		puts("{\"published\": 0}");
		return 0;
	}
	dir = open(session, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		die(session);
	memory_size = ring_size(&config);
	memory = make_memory(dir);
	make_ring(memory);
	put_names();
	err = opt.file ? 0 : hand_over(dir, memory);
	if (err)
		fprintf(stderr, "no collector: %s\n", strerror(-err));
	published = publish();
	printf("{\"published\": %llu, \"process\": \"%016llx\", \"pid\": %d}\n",
	       (unsigned long long)published, (unsigned long long)ring.header->process, (int)getpid());
	fflush(stdout);
	nap(opt.wait_ms * 1000ull);
	if (bad("truncate") && ftruncate(memory, 0))
		die("ftruncate");
	leave();
	return 0;
}
