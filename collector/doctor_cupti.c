/*
 * doctor_cupti.c: every libcupti on this machine that a recorded program may get, and its version. Which of
 * them it gets depends on the program: the copy that it has loaded itself comes first (PyTorch's wheels bring
 * one).
 */
#include "collector/doctor.h"

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/library.h"
#include "collector/proc.h"

#define LOAD_TIMEOUT   10000 /* ms */
#define MAX_CANDIDATES 24

struct candidates {
	char *path[MAX_CANDIDATES]; /* real paths, each once */
	size_t count;
};

static void add_candidate(struct candidates *c, const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real && (stat(real, &st) || !S_ISREG(st.st_mode))) {
		free(real);
		return;
	}
	for (size_t i = 0; real && i < c->count; i++)
		if (!strcmp(c->path[i], real)) {
			free(real);
			real = NULL;
		}
	if (real && c->count < MAX_CANDIDATES)
		c->path[c->count++] = real;
	else
		free(real);
}

static void add_pattern(struct candidates *c, const char *directory, const char *pattern)
{
	char path[PATH_MAX];
	glob_t found;

	if (snprintf(path, sizeof(path), "%s%s/libcupti.so*", directory, pattern) >= (int)sizeof(path))
		return;
	if (!glob(path, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_candidate(c, found.gl_pathv[i]);
	globfree(&found);
}

/* Prints the directories in which the active Python looks for packages, one a line. */
static int ask_python(void *argument, FILE *out)
{
	(void)argument;
	if (dup2(fileno(out), STDOUT_FILENO) < 0)
		return 126;
	execlp("python3", "python3", "-E", "-c",
	       "import site; print(*site.getsitepackages(), site.getusersitepackages(), sep='\\n')",
	       (char *)NULL);
	return 127;
}

/* The wheels that pip installs; PyTorch brings them. */
static void add_python(struct candidates *c)
{
	char text[4096], *rest = text, *directory;

	if (doctor_in_child(ask_python, NULL, LOAD_TIMEOUT, text, sizeof(text)))
		return;
	while ((directory = strsep(&rest, "\n"))) {
		if (*directory != '/')
			continue;
		add_pattern(c, directory, "/nvidia/cuda_cupti/lib");
		add_pattern(c, directory, "/nvidia/cu13/lib");
	}
}

static void add_toolkits(struct candidates *c)
{
	const char *const homes[] = {getenv("CUDA_HOME"), getenv("CUDA_PATH"), "/usr/local/cuda", "/opt/cuda",
				     "/usr/local/cuda-*"};

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		if (!homes[i] || homes[i][0] != '/')
			continue;
		add_pattern(c, homes[i], "/extras/CUPTI/lib64");
		add_pattern(c, homes[i], "/lib64");
		add_pattern(c, homes[i], "/targets/*/lib");
	}
}

/* What the loader finds by name: its cache, LD_LIBRARY_PATH. Prints the path. */
static int find_by_name(void *name, FILE *out)
{
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map;

	if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &map))
		return 1;
	fputs(map->l_name, out);
	return 0;
}

static void add_loader(struct candidates *c)
{
	static const char *const names[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so.11.8",
					    "libcupti.so"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!doctor_in_child(find_by_name, (void *)names[i], LOAD_TIMEOUT, path, sizeof(path)))
			add_candidate(c, path);
}

static int ask_version(void *path, FILE *out)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*get_version)(uint32_t *) =
		handle ? (int (*)(uint32_t *))dlsym(handle, "cuptiGetVersion") : NULL;
	uint32_t version;

	if (!get_version || get_version(&version)) {
		fprintf(out, "%s", handle ? "it has no cuptiGetVersion" : dlerror());
		return 1;
	}
	fprintf(out, "%u", version);
	return 0;
}

/* API versions name the CUDA release since 13.0 (130001 is 13.0 update 1); before they are a mere count. */
static void say_candidate(struct doctor *d, const char *path, size_t *usable)
{
	char text[512];
	int status = doctor_in_child(ask_version, (void *)path, LOAD_TIMEOUT, text, sizeof(text));
	int version = atoi(text), major = version / 10000;

	if (status) {
		doctor_say(d, DOCTOR_WARN, "libcupti", "%s cannot be loaded: %s", path, text);
	} else if (major && d->driver_version && major > d->driver_version / 1000) {
		doctor_say(d, DOCTOR_WARN, "libcupti", "%s is of CUDA %d.%d, newer than the driver", path,
			   major, version / 100 % 100);
	} else {
		(*usable)++;
		if (major)
			doctor_say(d, DOCTOR_OK, "libcupti", "CUDA %d.%d (API %d), %s", major,
				   version / 100 % 100, version, path);
		else
			doctor_say(d, DOCTOR_OK, "libcupti", "API %d, %s", version, path);
	}
}

void doctor_cupti(struct doctor *d)
{
	const char *given = getenv("CUFLIGHT_CUPTI");
	struct candidates c = {.count = 0};
	size_t usable = 0;

	if (given && *given) {
		add_candidate(&c, given);
		add_pattern(&c, given, "");
		if (!c.count)
			doctor_say(d, DOCTOR_FAIL, "libcupti", "CUFLIGHT_CUPTI=%s is not there", given);
	} else {
		add_python(&c);
		add_toolkits(&c);
		add_loader(&c);
	}
	for (size_t i = 0; i < c.count; i++) {
		say_candidate(d, c.path[i], &usable);
		free(c.path[i]);
	}
	if (usable > 1)
		doctor_say(d, DOCTOR_NOTE, "libcupti",
			   "a program gets the one that it has loaded itself, else the one of its CUDA "
			   "version, beside its "
			   "CUDA libraries first");
	else if (!usable && (!given || !*given || c.count))
		doctor_say(d, DOCTOR_FAIL, "libcupti", "none that can be used was found");
	if (!usable)
		doctor_advise("pip install nvidia-cuda-cupti (CUDA 13) or nvidia-cuda-cupti-cu12, or "
			      "CUFLIGHT_CUPTI=/path/to/libcupti.so");
}

/* ------------------------------------------------------------------------------- who else wants CUPTI */

/* Libraries that other tools put into a process. */
static const struct {
	const char *file, *tool;
} tools[] = {
	{"/libToolsInjection64.so", "Nsight Systems"},
	{"/libcuda-injection.so", "Nsight Compute"},
};

/* The tool that a process is under, or NULL. */
static const char *find_tool(pid_t pid)
{
	char path[32], line[4352];
	const char *tool = NULL;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	while (maps && !tool && fgets(line, sizeof(line), maps))
		for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]) && !tool; i++)
			if (strstr(line, tools[i].file))
				tool = tools[i].tool;
	if (maps)
		fclose(maps);
	return tool;
}

static bool say_variable(struct doctor *d, const char *name, enum doctor_verdict verdict, const char *what)
{
	const char *value = getenv(name);

	if (!value || !*value || strstr(value, LIBRARY_NAME))
		return false;
	doctor_say(d, verdict, "other tools", "%s=%s: %s", name, value, what);
	doctor_advise("unset %s", name);
	return true;
}

void doctor_other_tools(struct doctor *d)
{
	struct proc_stat *all = NULL;
	ssize_t n = proc_all(&all);
	bool any;

	any = say_variable(d, "CUDA_INJECTION64_PATH", DOCTOR_FAIL,
			   "the driver loads that tool and not cuflight; CUDA is not recorded");
	any |= say_variable(d, "NVTX_INJECTION64_PATH", DOCTOR_WARN,
			    "NVTX goes to that tool and not to cuflight");
	for (ssize_t i = 0; i < n; i++) {
		const char *tool = find_tool(all[i].pid);

		if (!tool)
			continue;
		any = true;
		doctor_say(d, DOCTOR_NOTE, "other tools", "process %d (%s) runs under %s", (int)all[i].pid,
			   all[i].name, tool);
	}
	free(all);
	if (!any)
		doctor_say(d, DOCTOR_OK, "other tools",
			   "none in sight; a process has one CUPTI subscriber, so torch.profiler or nsys in "
			   "it exclude recording");
}
