/*
 * init.c: the two ways in: the constructor, when the library is loaded, and InitializeInjection, when CUDA is
 * initialised. NVTX's is in nvtx_install.c.
 */
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "wire/config.h"
#include "libinject/cupti.h"
#include "libinject/exit.h"
#include "libinject/facts.h"
#include "libinject/fork.h"
#include "libinject/inject.h"
#include "libinject/python.h"
#include "libinject/recorder.h"

#define CUDA_VARIABLE "CUDA_INJECTION64_PATH"
#define NVTX_VARIABLE "NVTX_INJECTION64_PATH"

/* Which loaded object is this? dladdr() would be simpler, but it is not in libc.so.6 of old glibc. */
static int find_self(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t here = (uintptr_t)&find_self;

	(void)size;
	(void)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || here < start || here >= start + p->p_memsz)
			continue;
		if (!info->dlpi_name || !strchr(info->dlpi_name, '/'))
			return 1;
		if (info->dlpi_name[0] != '/' && !realpath(info->dlpi_name, recorder.self))
			recorder.self[0] = '\0';
		else if (info->dlpi_name[0] == '/' && strlen(info->dlpi_name) < sizeof(recorder.self))
			strcpy(recorder.self, info->dlpi_name);
		return 1;
	}
	return 0;
}

/* "NAME=our path", for good. No stdio this early: pulling it in would cost more than all the rest. */
static char *entry(char *bytes, const char *variable)
{
	strcpy(stpcpy(stpcpy(bytes, variable), "="), recorder.self);
	return bytes;
}

/*
 * Have CUDA and NVTX load this library, in this process and in its children. Straight into `environ`: bash
 * has a setenv() of its own, which is not ready for calls this early.
 */
static void set_variables(bool cuda, bool nvtx)
{
	size_t n = 0, room = sizeof(CUDA_VARIABLE) + 1 + strlen(recorder.self);
	char **larger, *bytes;

	while (environ && environ[n])
		n++;
	larger = malloc((n + 3) * sizeof(*larger) + 2 * room);
	if (!larger)
		return;
	bytes = (char *)(larger + n + 3);
	if (n)
		memcpy(larger, environ, n * sizeof(*larger));
	if (cuda)
		larger[n++] = entry(bytes, CUDA_VARIABLE);
	if (nvtx)
		larger[n++] = entry(bytes + room, NVTX_VARIABLE);
	larger[n] = NULL;
	environ = larger;
}

_Static_assert(sizeof(CUDA_VARIABLE) == sizeof(NVTX_VARIABLE), "room for either");

/* Never over somebody else's. And only when preloaded: who names us in one of the variables has not asked for
   the other, and other threads may be reading the environment of a process that is up. */
static void announce(void)
{
	const char *cuda = config_lookup(environ, CUDA_VARIABLE),
		   *nvtx = config_lookup(environ, NVTX_VARIABLE);
	bool ours = (cuda && !strcmp(cuda, recorder.self)) || (nvtx && !strcmp(nvtx, recorder.self));

	recorder.foreign_cuda = cuda && *cuda && strcmp(cuda, recorder.self);
	recorder.foreign_nvtx = nvtx && *nvtx && strcmp(nvtx, recorder.self);
	if (!ours && recorder.self[0] && (!cuda || !nvtx))
		set_variables(!cuda, !nvtx);
}

/* Only where a rule that may name a method was given: an audit hook stays for life, and most Pythons that
   this library is loaded into have nothing to do with CUDA. */
static void watch_python(void)
{
	const struct iteration_rule *rule = &config.iteration;
	bool asked = rule->kind == ITERATION_PYTHON || (rule->kind == ITERATION_AUTO && *rule->text);

	if (!config.bad.variable && asked)
		python_start(rule->kind == ITERATION_PYTHON ? rule->python : NULL);
}

/* Runs in every process that is started, most of which have nothing to do with CUDA: no file, no thread. */
__attribute__((constructor)) static void load(void)
{
	int saved = errno;

	if (getauxval(AT_SECURE)) { /* setuid and the like: none of our business */
		recorder.state = RECORDER_OFF;
		return;
	}
	config_read(&config, environ);
	dl_iterate_phdr(find_self, NULL);
	announce();
	fork_register();
	watch_python();
	errno = saved;
}

int InitializeInjection(void)
{
	static pid_t started; /* in which process: a child may initialise CUDA too */
	int saved = errno;

	fork_check();
	if (__atomic_exchange_n(&started, getpid(), __ATOMIC_ACQ_REL) == getpid())
		return 1;
	if (load_relaxed(&recorder.state) != RECORDER_OFF && !recorder_arm()) {
		facts_cuda();
		watch_python(); /* a libpython that was loaded meanwhile */
		cupti_start();
		exit_register();
	}
	errno = saved;
	return 1;
}
