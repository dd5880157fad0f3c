/*
 * The writer of the recording described in recording.h: frames under one lock, names interned beside them.
 * It takes a lock and does stdio on application threads: right for a probe, wrong for the product.
 */
#define _GNU_SOURCE
#include "recording.h"

#include <cupti.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NAME_SLOTS 16384u /* a power of two; a name beyond is written each time it is met */

struct name {
	const char *pointer;
	uint64_t hash;
};

static struct {
	pthread_mutex_t lock;
	FILE *file;
	uint64_t limit;
	uint64_t written;
	uint64_t sequence;
	uint64_t lost;
	struct name names[NAME_SLOTS];
} rec = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local uint32_t thread_id; /* 0: this thread has not written yet */

uint64_t clock_ns(int clock_id)
{
	struct timespec t;

	clock_gettime(clock_id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return 0;
#endif
}

static void child_after_fork(void)
{
	/* The file and its half-filled buffer are the parent's. The lock may have been held by another
	 * thread. */
	rec.file = NULL;
	pthread_mutex_init(&rec.lock, NULL);
}

int rec_open(const char *path, uint64_t limit, uint32_t cupti_version)
{
	struct rec_file head = {
		.magic = {'G', 'P', 'U', 'P', 'R', 'O', 'B', 'E'},
		.format = REC_FORMAT,
		.size = sizeof(head),
		.pid = (uint32_t)getpid(),
		.cupti_version = cupti_version,
		.header_version = CUPTI_API_VERSION,
		.real_ns = clock_ns(CLOCK_REALTIME),
		.mono_ns = clock_ns(CLOCK_MONOTONIC),
	};
	char name[4096];
	const char *pid = strstr(path, "%p");
	FILE *file;

	if (pid)
		snprintf(name, sizeof(name), "%.*s%d%s", (int)(pid - path), path, (int)getpid(), pid + 2);
	else
		snprintf(name, sizeof(name), "%s", path);
	file = fopen(name, "wxe"); /* a second process must not overwrite the first one's recording */
	if (!file)
		return -errno;
	setvbuf(file, NULL, _IOFBF, 1 << 20);
	if (fwrite(&head, sizeof(head), 1, file) != 1) {
		fclose(file);
		return -EIO;
	}
	pthread_atfork(NULL, NULL, child_after_fork);
	pthread_mutex_lock(&rec.lock);
	rec.limit = limit;
	rec.written = sizeof(head);
	rec.file = file;
	pthread_mutex_unlock(&rec.lock);
	return 0;
}

int rec_active(void)
{
	return rec.file != NULL;
}

/* With the lock held. The size limit is for what comes in masses: commands, notes and the end pass it. */
static void put(enum rec_type type, uint64_t mono_ns, const void *head, size_t head_size, const void *body,
		size_t body_size)
{
	static const char zeros[8];
	struct rec_frame frame = {
		.magic = REC_FRAME_MAGIC,
		.type = (uint16_t)type,
		.size = (uint32_t)(head_size + body_size),
		.tid = thread_id,
		.sequence = rec.sequence,
		.mono_ns = mono_ns,
	};
	size_t pad = -(head_size + body_size) & 7;

	if (!rec.file)
		return;
	if (rec.written + sizeof(frame) + frame.size + pad > rec.limit && type != REC_END &&
	    type != REC_NOTE && type != REC_CALL) {
		static const char note[] = "size limit reached: frames are left out from here on";

		if (!rec.lost++)
			put(REC_NOTE, mono_ns, note, sizeof(note) - 1, NULL, 0);
		return;
	}
	fwrite(&frame, sizeof(frame), 1, rec.file);
	if (head_size)
		fwrite(head, head_size, 1, rec.file);
	if (body_size)
		fwrite(body, body_size, 1, rec.file);
	fwrite(zeros, pad, 1, rec.file);
	rec.written += sizeof(frame) + frame.size + pad;
	rec.sequence++;
	if (type == REC_NOTE || type == REC_CALL) /* a crash soon after must leave at least this much */
		fflush(rec.file);
}

static void introduce_thread(uint64_t mono_ns)
{
	struct rec_thread thread = {.pthread_self = (uint64_t)pthread_self()};
	char name[16] = "";

	if (thread_id)
		return;
	thread_id = thread.tid = (uint32_t)syscall(SYS_gettid);
	prctl(PR_GET_NAME, name);
	put(REC_THREAD, mono_ns, &thread, sizeof(thread), name, strnlen(name, sizeof(name)));
}

void rec_write(enum rec_type type, uint64_t mono_ns, const void *head, size_t head_size, const void *body,
	       size_t body_size)
{
	if (!rec.file)
		return;
	pthread_mutex_lock(&rec.lock);
	introduce_thread(mono_ns);
	put(type, mono_ns, head, head_size, body, body_size);
	pthread_mutex_unlock(&rec.lock);
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3u;
	return hash;
}

/* Write `name` beside its pointer unless exactly this was written already. NULL is ignored. */
void rec_name(const char *name)
{
	uint64_t key = (uint64_t)(uintptr_t)name;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint64_t hash;
	uint32_t slot;

	if (!name || !rec.file)
		return;
	hash = hash_text(name);
	slot = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 40) & (NAME_SLOTS - 1);
	pthread_mutex_lock(&rec.lock);
	for (uint32_t i = 0; i < 64; i++, slot = (slot + 1) & (NAME_SLOTS - 1)) {
		struct name *known = &rec.names[slot];

		if (known->pointer == name && known->hash == hash)
			goto out;
		if (known->pointer && known->pointer != name)
			continue;
		known->pointer = name;
		known->hash = hash;
		break;
	}
	introduce_thread(now);
	put(REC_NAME, now, &key, sizeof(key), name, strlen(name));
out:
	pthread_mutex_unlock(&rec.lock);
}

void rec_close(uint64_t records, uint64_t dropped)
{
	struct rec_end end = {.records = records, .dropped = dropped};

	if (!rec.file)
		return;
	pthread_mutex_lock(&rec.lock);
	introduce_thread(clock_ns(CLOCK_MONOTONIC));
	end.frames = rec.sequence;
	end.lost = rec.lost;
	put(REC_END, clock_ns(CLOCK_MONOTONIC), &end, sizeof(end), NULL, 0);
	if (rec.file)
		fclose(rec.file);
	rec.file = NULL;
	pthread_mutex_unlock(&rec.lock);
}
