/*
 * doctor_system.c: what recording needs of the system: our library in other programs, memory, a session
 * directory; and what it costs, measured on the spot.
 */
#include "collector/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/library.h"
#include "collector/session.h"
#include "wire/chunk_write.h"
#include "wire/config.h"

#define MIB	     (1024.0 * 1024.0)
#define WORKERS	     8
#define PROGRAM_TIME 5000 /* ms */

/* ------------------------------------------------------------------------------------- the library */

/* Runs a program with the library preloaded (NULL: without); its stdout is `out`'s. */
struct start {
	const char *library;
	const char *program, *argument;
};

static int run_program(void *argument, FILE *out)
{
	const struct start *s = argument;

	if (s->library && !library_set_environment(s->library, "/nonexistent"))
		return 126;
	if (dup2(fileno(out), STDOUT_FILENO) < 0 || dup2(fileno(out), STDERR_FILENO) < 0)
		return 126;
	execlp(s->program, s->program, s->argument, (char *)NULL);
	return 127;
}

void doctor_library(struct doctor *d)
{
	static char text[1 << 16];
	struct start with = {NULL, "cat", "/proc/self/maps"};
	char why[512];
	int status;

	d->library = library_find(why, sizeof(why));
	if (!d->library) {
		doctor_say(d, DOCTOR_FAIL, "library", "%s", why);
		return;
	}
	with.library = d->library;
	status = doctor_in_child(run_program, &with, PROGRAM_TIME, text, sizeof(text));
	if (!status && strstr(text, d->library)) {
		doctor_say(d, DOCTOR_OK, "library", "%s loads into other programs", d->library);
	} else {
		text[strcspn(text, "\n")] = '\0';
		doctor_say(d, DOCTOR_FAIL, "library", "%s does not load into other programs: %s", d->library,
			   status ? text : "the loader left it out");
		doctor_advise("programs must be able to read and map it: look at its permissions and at "
			      "noexec mounts");
	}
	doctor_say(d, DOCTOR_NOTE, "reach",
		   "LD_PRELOAD does not reach static and set-user-ID programs, nor children started with an "
		   "empty environment");
}

/* -------------------------------------------------------------------------------------- memory */

/* The memory limit of the container or service that we are in, bytes; 0: none known. */
static uint64_t memory_limit(void)
{
	static const char *const files[] = {"/sys/fs/cgroup/memory.max",
					    "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
	uint64_t limit = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !limit; i++) {
		FILE *f = fopen(files[i], "re");

		if (f && fscanf(f, "%" SCNu64, &limit) != 1) /* "max" */
			limit = 0;
		if (f)
			fclose(f);
	}
	return limit >> 60 ? 0 : limit; /* version 1 says "none" with a huge number */
}

/* As the library does it. 0 or -errno. */
static int try_memfd(uint64_t size)
{
	int fd = memfd_create("cuflight-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING), err = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		err = -errno;
	close(fd);
	return err;
}

void doctor_memory(struct doctor *d)
{
	struct config config;
	struct ring_config layout;
	struct rlimit files;
	uint64_t size, limit = memory_limit();
	char why[256];
	int err;

	config_read(&config, environ);
	if (config.bad.variable) {
		config_complaint(&config, why, sizeof(why));
		doctor_say(d, DOCTOR_FAIL, "variables", "%s", why);
		doctor_advise("cuflight help variables");
		return;
	}
	config_ring(&config, &layout);
	size = ring_size(&layout);
	/* SIGXFSZ would end us: a limit that is too low is not tried. */
	if (!getrlimit(RLIMIT_FSIZE, &files) && files.rlim_cur != RLIM_INFINITY && files.rlim_cur < size) {
		doctor_say(d, DOCTOR_FAIL, "memory",
			   "files are limited to %.1f MiB here (ulimit -f), which counts for memory too",
			   (double)files.rlim_cur / MIB);
		doctor_advise("ulimit -f unlimited");
		return;
	}
	err = try_memfd(size);
	if (err) {
		doctor_say(d, DOCTOR_FAIL, "memory", "no memory file of %.1f MiB: %s", (double)size / MIB,
			   strerror(-err));
		return;
	}
	doctor_say(d, DOCTOR_OK, "memory",
		   "%.1f MiB a recorded process, %.0f MiB for %d (CUPTI's own buffers come on top)",
		   (double)size / MIB, (double)size * WORKERS / MIB, WORKERS);
	if (limit && limit < size * WORKERS * 4) {
		doctor_say(d, DOCTOR_WARN, "memory", "this container is limited to %.0f MiB",
			   (double)limit / MIB);
		doctor_advise("CUFLIGHT_RING_SIZE=2M CUFLIGHT_SLOTS=4 need less");
	}
}

/* ------------------------------------------------------------------------------------- session */

/* Where a program leaves its ring that is started with LD_PRELOAD alone: what the library asks of the place.
 */
static void check_default_dir(struct doctor *d)
{
	struct config config;
	char path[CONFIG_PATH + 32];
	struct stat st;

	config_read(&config, environ);
	if (config.dir_given)
		return;
	snprintf(path, sizeof(path), "%s/cuflight-%u", config.dir, (unsigned int)geteuid());
	if (lstat(path, &st)) {
		if (errno == ENOENT && !access(config.dir, W_OK | X_OK))
			return;
		doctor_say(d, DOCTOR_WARN, "session", "%s cannot be made: %s", path, strerror(errno));
		doctor_advise("programs started with LD_PRELOAD alone are not recorded; set CUFLIGHT_DIR for "
			      "them, or use cuflight run");
	} else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) {
		doctor_say(d, DOCTOR_WARN, "session",
			   "%s is %s: programs started with LD_PRELOAD alone are not recorded", path,
			   !S_ISDIR(st.st_mode)	    ? "no directory"
			   : st.st_uid != geteuid() ? "another user's"
						    : "open to other users");
		doctor_advise(S_ISDIR(st.st_mode) && st.st_uid == geteuid() ? "chmod 700 %s" : "remove %s",
			      path);
	}
}

void doctor_session(struct doctor *d)
{
	char why[SESSION_PATH + 160], dir[SESSION_PATH];
	const char *wanted = getenv("CUFLIGHT_DIR");
	struct session s;
	int err = session_open(&s, wanted && *wanted ? wanted : NULL, why, sizeof(why));

	check_default_dir(d);
	if (err == -EBUSY) {
		doctor_say(d, DOCTOR_NOTE, "session", "%s", why);
		return;
	}
	if (err) {
		doctor_say(d, DOCTOR_FAIL, "session", "%s", why);
		doctor_advise("XDG_RUNTIME_DIR, else /tmp, must be a directory that you can write to");
		return;
	}
	snprintf(dir, sizeof(dir), "%s", s.dir);
	session_close(&s, !s.made);
	*strrchr(dir, '/') = '\0';
	doctor_say(d, DOCTOR_OK, "session", "directory and socket can be made in %s", *dir ? dir : "/");
}

/* -------------------------------------------------------------------------------- surroundings */

static bool in_container(void)
{
	return !access("/.dockerenv", F_OK) || !access("/run/.containerenv", F_OK) ||
	       getenv("KUBERNETES_SERVICE_HOST") || getenv("SINGULARITY_NAME") || getenv("APPTAINER_NAME");
}

void doctor_surroundings(struct doctor *d)
{
	const char *preload = getenv("LD_PRELOAD");
	char *python = library_find_program("python3");
	struct statvfs shm;

	if (preload && *preload)
		doctor_say(d, DOCTOR_NOTE, "LD_PRELOAD", "holds %s already; cuflight comes after it",
			   preload);
	if (in_container()) {
		doctor_say(d, DOCTOR_NOTE, "container", "this is one: cuflight must run in it, beside CMD");
		if (!statvfs("/dev/shm", &shm) && (uint64_t)shm.f_blocks * shm.f_frsize <= 64 << 20)
			doctor_say(d, DOCTOR_NOTE, "container",
				   "/dev/shm is small; rings do not lie there, so it does not matter");
	}
	if (python)
		doctor_say(d, DOCTOR_NOTE, "python", "%s; nothing has to be installed in it", python);
	free(python);
}

/* ---------------------------------------------------------------------------------------- cost */

/* The shortest of some starts of /bin/true, us: the others had to wait for a CPU. -1: it did not start. */
static double time_start(const char *library)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 20; i++) {
		int64_t begun = clock_now(CLOCK_MONOTONIC), took;
		pid_t pid = fork();
		int status;

		if (!pid) {
			if (library)
				library_set_environment(library, "/nonexistent");
			execlp("true", "true", (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
			return -1;
		took = clock_now(CLOCK_MONOTONIC) - begun;
		best = took < best ? took : best;
	}
	return (double)best / 1000;
}

/* Encoding kernel records as the helper thread does, ns a record; -1: no memory. */
static double time_encoding(void)
{
	enum { records = 8192, rounds = 8 };
	struct chunk_writer *w = chunk_writer_new(EVENT_KERNEL, records);
	struct chunk_origin origin = {.process = 1};
	uint64_t row[KERNEL_FIELDS] = {0};
	size_t capacity = 4 << 20;
	uint8_t *chunk = malloc(capacity);
	int64_t best = INT64_MAX;
	uint32_t random = 1;

	for (int round = 0; w && chunk && round < rounds; round++) {
		int64_t begun = clock_now(CLOCK_MONOTONIC), took;

		for (uint64_t i = 0; i < records; i++) {
			random = random * 1664525 + 1013904223;
			row[KERNEL_NAME] = 1 + i % 100;
			row[KERNEL_GRID_X] = i % 100;
			row[KERNEL_START] += 12000 + (random >> 22);
			row[KERNEL_DURATION] = 10000 + (random >> 26);
			row[KERNEL_CORRELATION]++;
			chunk_writer_add(w, row);
		}
		if (chunk_writer_seal(w, &origin, chunk, capacity) <= 0)
			break;
		took = clock_now(CLOCK_MONOTONIC) - begun;
		best = took < best ? took : best;
	}
	chunk_writer_free(w);
	free(chunk);
	return best == INT64_MAX ? -1 : (double)best / records;
}

void doctor_cost(struct doctor *d)
{
	double without = time_start(NULL), with = d->library ? time_start(d->library) : -1,
	       encoding = time_encoding();

	if (without > 0 && with > 0)
		doctor_say(d, DOCTOR_NOTE, "cost",
			   "start of a program: %.0f us, with the library %.0f us (measured)", without, with);
	if (encoding > 0)
		doctor_say(d, DOCTOR_NOTE, "cost",
			   "encoding alone: %.0f ns a record on a thread of its own (measured): 100,000 "
			   "kernels/s take %.2f%% of a core",
			   encoding, encoding * 100000 / 1e9 * 100);
	doctor_say(d, DOCTOR_NOTE, "cost",
		   "reading CUPTI's buffers and CUPTI itself come on top and depend on the program: "
		   "`cuflight info FILE` says what that thread took in a run");
}
