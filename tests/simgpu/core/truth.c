/* The truth log (SIMGPU_TRUTH): what was launched, as the timeline has it, and what CUPTI's side says it
   delivered. JSON lines in a file that is mapped, so that SIGKILL loses nothing; a file not closed ends in
   NUL bytes. docs/simgpu.md states the fields. Written from the timeline and never from CUPTI's records. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/simgpu/sim.h"

#define STEP ((size_t)4 << 20)
#define LINE 8192 /* longest line; longer kernel names are cut */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int fd = -2; /* -2: not opened yet; -1: off */
static pid_t owner;
static char *map;
static size_t map_at,
	used; /* map covers [map_at, map_at + STEP) of the file; used is the file's true length */

static const char *const kinds[] = {"kernel", "memcpy", "memset", "host", "graph", "empty",
				    "wait",   "record", "",	  "",	  "alloc", "free"};

static void open_log(void)
{
	char path[4096];
	const char *in = sim_config.truth;
	size_t n = 0;

	fd = -1;
	owner = getpid();
	if (!in || !*in)
		return;
	for (; *in && n < sizeof(path) - 16; in++) {
		if (in[0] == '%' && in[1] == 'p') {
			n += (size_t)snprintf(path + n, 16, "%d", (int)owner);
			in++;
		} else {
			path[n++] = *in;
		}
	}
	path[n] = 0;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	/* The file is mapped: two processes must not write the same one, and cutting it short would kill the
	 * other. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || ftruncate(fd, 0)) {
		fprintf(stderr, "simgpu: SIMGPU_TRUTH=%s: %s\n", path,
			errno == EWOULDBLOCK ? "another process writes it; %p in the name is the process id"
					     : strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
}

static bool room(size_t n)
{
	if (map && used + n <= map_at + STEP)
		return true;
	if (map)
		munmap(map, STEP);
	map = NULL;
	map_at = used & ~(size_t)4095;
	if (posix_fallocate(fd, (off_t)map_at, (off_t)STEP))
		goto off;
	map = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map_at);
	if (map != MAP_FAILED)
		return true;
	map = NULL;
off:
	fprintf(stderr, "simgpu: the truth log cannot grow: %m\n");
	close(fd);
	fd = -1;
	return false;
}

static bool active(void)
{
	if (fd == -1 || !sim_config.truth)
		return false;
	return true;
}

__attribute__((format(printf, 1, 2))) static void line(const char *format, ...)
{
	char buf[LINE];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(buf, sizeof(buf) - 1, format, ap);
	va_end(ap);
	if (n >= (int)sizeof(buf) - 1)
		return;
	buf[n++] = '\n';
	pthread_mutex_lock(&mutex);
	/* A forked child leaves its parent's log alone, and has one of its own if the name says so. */
	if (fd >= 0 && owner != getpid()) {
		close(fd);
		if (map)
			munmap(map, STEP);
		map = NULL;
		used = map_at = 0;
		fd = -2;
	}
	if (fd == -2)
		open_log();
	if (fd >= 0 && room((size_t)n)) {
		memcpy(map + (used - map_at), buf, (size_t)n);
		used += (size_t)n;
	}
	pthread_mutex_unlock(&mutex);
}

/* JSON text; a name that is too long is cut, which its length field tells. */
static const char *quoted(const char *s, char out[LINE / 2])
{
	size_t n = 0;

	for (; *s && n < LINE / 2 - 8; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c < 0x20 || c >= 0x7f) {
			n += (size_t)snprintf(out + n, 8, "\\u%04x", c);
		} else {
			out[n++] = (char)c;
		}
	}
	out[n] = 0;
	return out;
}

void sim_truth_op(const struct sim_op *op)
{
	const struct sim_work *w = &op->work;
	char name[LINE / 2], more[512] = "";

	if (!active())
		return;
	switch (w->kind) {
	case SIM_KERNEL:
		snprintf(more, sizeof(more), ",\"grid\":[%u,%u,%u],\"block\":[%u,%u,%u],\"len\":%zu",
			 w->u.kernel.grid[0], w->u.kernel.grid[1], w->u.kernel.grid[2], w->u.kernel.block[0],
			 w->u.kernel.block[1], w->u.kernel.block[2], strlen(w->u.kernel.func->name));
		break;
	case SIM_COPY:
		snprintf(more, sizeof(more), ",\"copy\":%u,\"src\":%u,\"dst\":%u,\"bytes\":%zu",
			 w->u.copy.kind, w->u.copy.src_kind, w->u.copy.dst_kind,
			 w->u.copy.width * w->u.copy.height * w->u.copy.depth);
		break;
	case SIM_SET:
		snprintf(more, sizeof(more), ",\"value\":%u,\"bytes\":%zu", w->u.set.value,
			 w->u.set.width * w->u.set.elem * w->u.set.height);
		break;
	default:
		break;
	}
	line("{\"op\":%llu,\"kind\":\"%s\"%s%s%s,\"dev\":%u,\"ctx\":%u,\"stream\":%u,\"corr\":%u,\"node\":%"
	     "llu,"
	     "\"graph\":%u,\"submit\":%lld,\"start\":%lld,\"end\":%lld%s}",
	     (unsigned long long)op->id, kinds[w->kind], w->kind == SIM_KERNEL ? ",\"name\":\"" : "",
	     w->kind == SIM_KERNEL ? quoted(w->u.kernel.func->name, name) : "",
	     w->kind == SIM_KERNEL ? "\"" : "", op->device, op->ctx_id, op->stream_id, op->corr,
	     (unsigned long long)op->graph_node, op->graph_id, (long long)op->submit, (long long)op->start,
	     (long long)op->end, more);
}

void sim_truth_call(const struct sim_call *call)
{
	if (!active())
		return;
	line("{\"api\":\"%s\",\"domain\":\"%s\",\"cbid\":%u,\"corr\":%u,\"tid\":%ld,\"inner\":%s,\"start\":%"
	     "lld,"
	     "\"end\":%lld,\"ret\":%u}",
	     call->name, call->domain == SIM_DOMAIN_RUNTIME ? "runtime" : "driver", call->cbid, call->corr,
	     syscall(SYS_gettid), call->outer ? "true" : "false", (long long)call->start,
	     (long long)call->end, call->ret);
}

void sim_truth_record(uint64_t op, int kind, uint32_t corr, int64_t start, int64_t end, const char *how)
{
	if (!active())
		return;
	line("{\"record\":%llu,\"kind\":%d,\"corr\":%u,\"start\":%lld,\"end\":%lld,\"how\":\"%s\"}",
	     (unsigned long long)op, kind, corr, (long long)start, (long long)end, how);
}

void sim_truth_close(void)
{
	pthread_mutex_lock(&mutex);
	if (fd >= 0 && owner == getpid()) {
		if (map)
			munmap(map, STEP);
		map = NULL;
		if (ftruncate(fd, (off_t)used))
			perror("simgpu: truth log");
		close(fd);
		fd = -1;
	}
	pthread_mutex_unlock(&mutex);
}
