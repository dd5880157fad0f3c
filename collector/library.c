/*
 * library.c: finding libcuflight.so and getting it into programs by the dynamic loader.
 */
#include "collector/library.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static char *real_file(const char *path)
{
	struct stat st;
	char *real = realpath(path, NULL);

	if (real && (stat(real, &st) || !S_ISREG(st.st_mode) || access(real, R_OK))) {
		free(real);
		real = NULL;
	}
	return real;
}

static char *find_beside_executable(char *why, size_t why_size)
{
	static const char *const places[] = {"", "../lib/", "../lib/cuflight/", "../lib64/",
					     "../lib64/cuflight/"};
	char self[PATH_MAX], path[PATH_MAX + 64], *slash, *found;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0) {
		snprintf(why, why_size, "cannot read /proc/self/exe: %s", strerror(errno));
		return NULL;
	}
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		slash[1] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%s" LIBRARY_NAME, self, places[i]);
		found = real_file(path);
		if (found)
			return found;
	}
	snprintf(why, why_size,
		 LIBRARY_NAME " is neither in %s nor in ../lib beside it; CUFLIGHT_LIB=/path/to/" LIBRARY_NAME
			      " says where it is",
		 self);
	return NULL;
}

char *library_find(char *why, size_t why_size)
{
	const char *given = getenv("CUFLIGHT_LIB");
	char *found;

	if (given && *given) {
		found = real_file(given);
		if (!found)
			snprintf(why, why_size, "CUFLIGHT_LIB=%s is no file that can be read", given);
	} else {
		found = find_beside_executable(why, why_size);
	}
	/* LD_PRELOAD takes both as separators and has no way to quote them. */
	if (found && strpbrk(found, " :")) {
		snprintf(why, why_size,
			 "%s has a blank or a colon in its path, which LD_PRELOAD cannot hold; copy it "
			 "elsewhere and set CUFLIGHT_LIB",
			 found);
		free(found);
		found = NULL;
	}
	return found;
}

/* Is `library` one of the words of LD_PRELOAD's value? */
static bool has_word(const char *list, const char *library)
{
	size_t length = strlen(library);

	for (; *list; list += strcspn(list, " :"), list += strspn(list, " :"))
		if (strcspn(list, " :") == length && !memcmp(list, library, length))
			return true;
	return false;
}

bool library_set_environment(const char *library, const char *session_dir)
{
	const char *preload = getenv("LD_PRELOAD");
	char *joined = NULL;
	bool ok;

	if (!preload || !*preload)
		ok = !setenv("LD_PRELOAD", library, 1);
	else if (has_word(preload, library))
		ok = true;
	else
		ok = asprintf(&joined, "%s:%s", preload, library) >= 0 && !setenv("LD_PRELOAD", joined, 1);
	free(joined);
	return ok && !setenv("CUDA_INJECTION64_PATH", library, 0) &&
	       !setenv("NVTX_INJECTION64_PATH", library, 0) && !setenv("CUFLIGHT_DIR", session_dir, 1);
}

/* PT_INTERP is what names the dynamic loader; a program without it loads nothing. */
static const char *check_elf(int fd)
{
	Elf64_Ehdr ehdr, own;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = self < 0 ? -1 : pread(self, &own, sizeof(own), 0);

	if (self >= 0)
		close(self);
	if (n != sizeof(own) || pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG))
		return NULL;
	if (ehdr.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || ehdr.e_machine != own.e_machine)
		return "it is a program for another kind of machine (32 bits, or emulated)";
	for (unsigned int i = 0; i < ehdr.e_phnum && i < 128; i++) {
		Elf64_Phdr phdr;

		if (pread(fd, &phdr, sizeof(phdr), (off_t)(ehdr.e_phoff + i * sizeof(phdr))) != sizeof(phdr))
			return NULL;
		if (phdr.p_type == PT_INTERP)
			return NULL;
	}
	return "it is statically linked: no library can be loaded into it";
}

const char *library_cannot_enter(const char *program)
{
	const char *cause = NULL;
	struct stat st;
	int fd = open(program, O_RDONLY | O_CLOEXEC);

	if (!stat(program, &st) && (((st.st_mode & S_ISUID) && st.st_uid != geteuid()) ||
				    ((st.st_mode & S_ISGID) && st.st_gid != getegid())))
		cause = "it is set-user-ID or set-group-ID: the loader ignores LD_PRELOAD for it";
	else if (geteuid() != 0 && getxattr(program, "security.capability", NULL, 0) > 0)
		cause = "it has file capabilities: the loader ignores LD_PRELOAD for it";
	else if (fd >= 0)
		cause = check_elf(fd);
	if (fd >= 0)
		close(fd);
	return cause;
}

char *library_find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *candidate;
	struct stat st;

	if (strchr(name, '/'))
		return strdup(name);
	if (!path)
		path = "/bin:/usr/bin";
	while (path) {
		int length = (int)strcspn(path, ":");

		if (asprintf(&candidate, "%.*s/%s", length ? length : 1, length ? path : ".", name) < 0)
			return NULL;
		if (!stat(candidate, &st) && S_ISREG(st.st_mode) && !access(candidate, X_OK))
			return candidate;
		free(candidate);
		path = path[length] ? path + length + 1 : NULL;
	}
	return NULL;
}
