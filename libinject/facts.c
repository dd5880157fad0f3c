/*
 * facts.c: facts about the process, from /proc and from an allow-list of variables.
 */
#include "libinject/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "libinject/clock.h"
#include "libinject/cupti_find.h"
#include "libinject/names.h"
#include "libinject/nvtx_text.h"
#include "libinject/recorder.h"
#include "libinject/session.h"

/* Variables whose values explain a recording. Nothing that could hold a secret, a host or a path of users. */
static const char *const allowed[] = {
	"CUDA_VISIBLE_DEVICES",
	"CUDA_DEVICE_ORDER",
	"CUDA_LAUNCH_BLOCKING",
	"CUDA_DEVICE_MAX_CONNECTIONS",
	"CUDA_MODULE_LOADING",
	"RANK",
	"LOCAL_RANK",
	"WORLD_SIZE",
	"LOCAL_WORLD_SIZE",
	"OMPI_COMM_WORLD_RANK",
	"OMPI_COMM_WORLD_LOCAL_RANK",
	"OMPI_COMM_WORLD_SIZE",
	"PMI_RANK",
	"PMI_SIZE",
	"SLURM_PROCID",
	"SLURM_LOCALID",
	"SLURM_NTASKS",
	"NCCL_ALGO",
	"NCCL_PROTO",
	"NCCL_MIN_NCHANNELS",
	"NCCL_MAX_NCHANNELS",
	"NCCL_NTHREADS",
	"NCCL_BUFFSIZE",
	"NCCL_P2P_DISABLE",
	"NCCL_P2P_LEVEL",
	"NCCL_SHM_DISABLE",
	"NCCL_IB_DISABLE",
	"NCCL_NET_GDR_LEVEL",
	"NCCL_NVLS_ENABLE",
	"NCCL_CUMEM_ENABLE",
	"NCCL_LAUNCH_MODE",
	"NCCL_NVTX_DISABLE",
};

static const char *const ranks[] = {"RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID", "PMI_RANK", NULL};
static const char *const local_ranks[] = {"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID", NULL};
static const char *const world_sizes[] = {"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS", "PMI_SIZE",
					  NULL};

/* A file of /proc, all of it that fits, terminated. Bytes read, 0 on error. */
static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 0;

	while (fd >= 0 && used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[used] = '\0';
	return used;
}

static void fact_link(const char *key, const char *path)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text));

	if (n > 0)
		names_fact(key, text, (size_t)n);
}

static void fact_variable(const char *key, const char *const *variables)
{
	for (; *variables; variables++) {
		const char *value = getenv(*variables);

		if (value && *value) {
			names_fact(key, value, strlen(value));
			return;
		}
	}
}

/* The first run of 64 hexadecimal digits in a text. */
static bool find_id(const char *p, const char *end, char id[65])
{
	static const char digits[] = "0123456789abcdef";

	while (p < end) {
		size_t n = strspn(p, digits);

		if (n == 64) {
			memcpy(id, p, 64);
			id[64] = '\0';
			return true;
		}
		p += n ? n : 1;
	}
	return false;
}

/* A container runtime names the cgroup after the container, or, where the process cannot see that, the
   directory from which it mounts the container's /etc/hostname. */
static bool container_id(char id[65])
{
	const char *line, *end;
	char text[16384];
	size_t n = read_file("/proc/self/cgroup", text, sizeof(text));

	if (find_id(text, text + n, id))
		return true;
	read_file("/proc/self/mountinfo", text, sizeof(text));
	end = strstr(text, " /etc/hostname ");
	if (!end)
		return false;
	for (line = end; line > text && line[-1] != '\n'; line--)
		;
	return find_id(line, end, id);
}

uint64_t process_start_time(void)
{
	char text[1024], *p;

	read_file("/proc/self/stat", text, sizeof(text));
	/* The program's name stands in parentheses and may hold anything: count from the last one. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : 0;
}

uint64_t process_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
}

void facts_publish(void)
{
	const struct ring_header *h = recorder.ring.header;
	struct utsname host;
	char text[2048], id[65];
	size_t n;

	names_fact_format("pid", "%u", h->pid);
	names_fact_format("ppid", "%d", (int)getppid());
	names_fact_format("pid_ns", "%llu", (unsigned long long)h->pid_ns);
	fact_link("exe", "/proc/self/exe");
	fact_link("cwd", "/proc/self/cwd");
	n = read_file("/proc/self/cmdline", text, sizeof(text));
	while (n && !text[n - 1])
		n--;
	names_fact("argv", text, n);
	if (!uname(&host))
		names_fact("host", host.nodename, strlen(host.nodename));
	if (container_id(id))
		names_fact("container", id, strlen(id));
	fact_variable("rank", ranks);
	fact_variable("local_rank", local_ranks);
	fact_variable("world_size", world_sizes);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		const char *value = getenv(allowed[i]);

		if (value) {
			snprintf(text, sizeof(text), "env.%s", allowed[i]);
			names_fact(text, value, strlen(value));
		}
	}
	names_fact_format("clock", "%s", clock_source_name(h->clock_source));
	if (recorder.foreign_cuda)
		facts_recording("NVTX only: CUDA_INJECTION64_PATH names another tool's library already");
	else
		names_fact_format("recording", "NVTX only: CUDA was not initialised");
	if (recorder.foreign_nvtx)
		session_log("NVTX_INJECTION64_PATH names another tool's library: NVTX is not recorded");
}

void facts_recording(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	names_fact("recording", text, strlen(text));
	if (strcmp(text, "on"))
		session_log("%s", text);
}

/* The kernel module tells in words: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  ...". */
static void fact_driver(void)
{
	char text[512], *word, *rest = text;

	read_file("/proc/driver/nvidia/version", text, sizeof(text));
	while ((word = strsep(&rest, " \t\n")))
		if (strspn(word, "0123456789") && strspn(word, "0123456789.") == strlen(word) &&
		    strchr(word, '.'))
			break;
	if (word)
		names_fact("driver_version", word, strlen(word));
}

/* Nothing of CUDA is called: we are in the middle of its set-up, and calls would be recorded as the
   program's. */
void facts_cuda(void)
{
	char path[PATH_MAX], real[PATH_MAX];
	const char *version;

	fact_driver();
	if (!find_loaded("libcudart.so.", path, sizeof(path)) && realpath(path, real)) {
		version = strstr(real, "libcudart.so.");
		if (version)
			names_fact_format("cudart_version", "%s", version + strlen("libcudart.so."));
	}
}

/* Threads named already; a full table names no more. Helper only. */
#define THREADS 4096
static uint32_t threads[THREADS];
static uint32_t thread_count;

void threads_seen(uint32_t thread)
{
	struct permanent_thread record = {.h.kind = PERMANENT_THREAD, .thread = thread};
	uint32_t at = thread * 0x9e3779b1u;
	char path[64], name[64];
	size_t n;

	for (; threads[at % THREADS]; at++)
		if (threads[at % THREADS] == thread)
			return;
	if (!thread || thread_count >= THREADS * 3 / 4)
		return;
	threads[at % THREADS] = thread;
	thread_count++;
	if (nvtx_names_thread(thread))
		return;
	snprintf(path, sizeof(path), "/proc/self/task/%u/comm", thread);
	n = read_file(path, name, sizeof(name));
	if (n && name[n - 1] == '\n')
		n--;
	if (!n)
		return; /* it has ended */
	record.name_length = (uint32_t)n;
	names_put_text(&record.h, sizeof(record), name, n);
}

void threads_forget(void)
{
	memset(threads, 0, sizeof(threads));
	thread_count = 0;
}
