/*
 * doctor_driver.c: the CUDA driver: its library, its kernel module, its devices, its restrictions. It is
 * asked in a child process, since initialising it may hang or crash.
 */
#include "collector/doctor.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INIT_TIMEOUT 30000 /* ms; eight GPUs without persistence mode take some seconds each */
#define MAX_DEVICES  64

/* CUresult values (cuda.h). */
#define CUDA_NO_DEVICE		  100
#define CUDA_DRIVER_MISMATCH	  803
#define CUDA_COMPAT_NOT_SUPPORTED 804

static const char *path_of(void *handle)
{
	struct link_map *map;

	return dlinfo(handle, RTLD_DI_LINKMAP, &map) ? "?" : map->l_name;
}

static int find_driver(void *argument, FILE *out)
{
	void *handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	int (*get_version)(int *) = handle ? (int (*)(int *))dlsym(handle, "cuDriverGetVersion") : NULL;
	int version = 0;

	(void)argument;
	if (!handle) {
		fprintf(out, "0 %s", dlerror());
		return 1;
	}
	if (get_version)
		get_version(&version);
	fprintf(out, "%d %s", version, path_of(handle));
	return 0;
}

/* Prints the devices' names, one a line. Returns cuInit's result if it fits, else 255. */
static int init_driver(void *argument, FILE *out)
{
	void *handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	int (*init)(unsigned int), (*count_devices)(int *), (*get)(int *, int), (*get_name)(char *, int, int);
	int result, count = 0, device;
	char name[128];

	(void)argument;
	/* The driver alone, not what it would inject. */
	unsetenv("CUDA_INJECTION64_PATH");
	if (!handle)
		return 255;
	init = (int (*)(unsigned int))dlsym(handle, "cuInit");
	count_devices = (int (*)(int *))dlsym(handle, "cuDeviceGetCount");
	get = (int (*)(int *, int))dlsym(handle, "cuDeviceGet");
	get_name = (int (*)(char *, int, int))dlsym(handle, "cuDeviceGetName");
	if (!init || !count_devices || !get || !get_name)
		return 255;
	result = init(0);
	if (!result)
		result = count_devices(&count);
	if (result) {
		fprintf(out, "%d", result);
		return 1;
	}
	for (int i = 0; i < count && i < MAX_DEVICES; i++)
		if (!get(&device, i) && !get_name(name, sizeof(name), device))
			fprintf(out, "%s\n", name);
	return 0;
}

/* The first line of a file that says what is asked for, its text after the match; "" if there is none. */
static void find_in_file(const char *path, const char *what, char *out, size_t size)
{
	char line[512], *found;
	FILE *f = fopen(path, "re");

	out[0] = '\0';
	while (f && !out[0] && fgets(line, sizeof(line), f)) {
		found = strstr(line, what);
		if (found) {
			found += strlen(what);
			found += strspn(found, " \t");
			found[strcspn(found, "\n")] = '\0';
			snprintf(out, size, "%s", found);
		}
	}
	if (f)
		fclose(f);
}

static void say_kernel_module(struct doctor *d)
{
	char version[128];

	find_in_file("/proc/driver/nvidia/version", "Kernel Module", version, sizeof(version));
	version[strcspn(version, "(")] = '\0';
	if (version[0])
		doctor_say(d, DOCTOR_OK, "module", "NVIDIA kernel module %s", version);
	else if (access("/dev/nvidiactl", F_OK))
		doctor_say(d, DOCTOR_NOTE, "module",
			   "no NVIDIA kernel module: /proc/driver/nvidia/version is not there");
}

static void say_init_failure(struct doctor *d, int status, const char *text)
{
	int result = atoi(text);

	if (status == -ETIMEDOUT) {
		doctor_say(d, DOCTOR_FAIL, "devices", "cuInit did not come back within %d s",
			   INIT_TIMEOUT / 1000);
		doctor_advise("the driver hangs: nvidia-smi and the kernel's log (dmesg) may say why");
	} else if (status >= 128) {
		doctor_say(d, DOCTOR_FAIL, "devices", "cuInit ended the process with signal %d",
			   status - 128);
	} else if (result == CUDA_NO_DEVICE) {
		doctor_say(d, DOCTOR_FAIL, "devices", "the driver finds no device (error 100)");
		doctor_advise("in a container: --gpus all; else look at CUDA_VISIBLE_DEVICES (now %s) and "
			      "nvidia-smi",
			      getenv("CUDA_VISIBLE_DEVICES") ? getenv("CUDA_VISIBLE_DEVICES") : "unset");
	} else if (result == CUDA_DRIVER_MISMATCH || result == CUDA_COMPAT_NOT_SUPPORTED) {
		doctor_say(d, DOCTOR_FAIL, "devices", "libcuda does not fit the kernel module (error %d)",
			   result);
		doctor_advise("the driver was updated without a reboot, or the container brings a libcuda of "
			      "its own");
	} else {
		doctor_say(d, DOCTOR_FAIL, "devices", "cuInit failed with CUDA error %d", result);
	}
}

static void say_devices(struct doctor *d)
{
	char names[MAX_DEVICES * 130], *rest = names, *line;
	const char *first = NULL;
	unsigned int count = 0;
	bool same = true;
	int status = doctor_in_child(init_driver, NULL, INIT_TIMEOUT, names, sizeof(names));

	if (status) {
		say_init_failure(d, status, names);
		return;
	}
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (!first)
			first = line;
		same &= !strcmp(first, line);
		count++;
	}
	if (!count)
		doctor_say(d, DOCTOR_FAIL, "devices", "the driver has no device to offer");
	else
		doctor_say(d, DOCTOR_OK, "devices", "%u x %s%s", count, first, same ? "" : " and others");
}

void doctor_driver(struct doctor *d)
{
	char text[1024], *rest;
	int status = doctor_in_child(find_driver, NULL, INIT_TIMEOUT, text, sizeof(text));

	rest = text + strcspn(text, " ");
	rest += *rest == ' ';
	if (status) {
		doctor_say(d, DOCTOR_FAIL, "driver", "no libcuda.so.1: %s",
			   status == 1 ? rest : "loading it failed");
		doctor_advise("install the NVIDIA driver; in a container start it with --gpus all (or "
			      "--runtime=nvidia)");
		say_kernel_module(d);
		return;
	}
	d->driver_version = atoi(text);
	doctor_say(d, DOCTOR_OK, "driver", "CUDA %d.%d, %s", d->driver_version / 1000,
		   d->driver_version % 1000 / 10, rest);
	say_kernel_module(d);
	say_devices(d);
}

void doctor_permissions(struct doctor *d)
{
	char value[32];

	find_in_file("/proc/driver/nvidia/params", "RmProfilingAdminOnly:", value, sizeof(value));
	if (!value[0])
		return;
	if (!strcmp(value, "0") || !geteuid())
		doctor_say(d, DOCTOR_OK, "counters",
			   "performance counters may be read (recording does not need them)");
	else
		doctor_say(d, DOCTOR_NOTE, "counters",
			   "performance counters are for root only (RmProfilingAdminOnly: 1); recording does "
			   "not need them");
}
