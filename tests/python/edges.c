/*
 * edges.c: stands in for the recorder behind the wrapped Python method: preloaded, it counts the edges of a
 * process and appends one line when the process ends, to the file $EDGES: PID begin=N end=N mark=N open=N
 * source=TEXT. EDGES_METHOD is the method, or "auto". open counts threads' edges out of order: an end without
 * a begin, a begin in an open iteration.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pthread.h>

#include "libinject/iteration.h"
#include "libinject/python.h"
#include "libinject/session.h"

static uint64_t edges[3], disorder;
static const char *source = "none";
static pid_t process;
static __thread bool open_here;

static void line(const char *format, ...)
{
	const char *path = getenv("EDGES");
	char text[512];
	va_list arguments;
	int fd, n;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
	if (fd >= 0 && write(fd, text, (size_t)n) == n)
		close(fd);
}

void iteration_edge(enum iteration_edge_kind kind, int64_t number)
{
	if (number != -1 || (kind == EDGE_BEGIN && open_here) || (kind == EDGE_END && !open_here))
		__atomic_fetch_add(&disorder, 1, __ATOMIC_RELAXED);
	if (kind != EDGE_MARK)
		open_here = kind == EDGE_BEGIN;
	__atomic_fetch_add(&edges[kind], 1, __ATOMIC_RELAXED);
}

void iteration_edge_source(const char *text)
{
	source = text;
}

void session_log(const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	line("log %s\n", text);
}

/* A child starts from nothing; what its parent counted is the parent's. */
static void child(void)
{
	memset(edges, 0, sizeof(edges));
	disorder = 0;
	open_here = false;
	process = getpid();
}

static void tell(void)
{
	if (edges[EDGE_BEGIN] || edges[EDGE_END] || edges[EDGE_MARK])
		line("%d begin=%lu end=%lu mark=%lu open=%lu source=%s\n", (int)process,
		     (unsigned long)edges[EDGE_BEGIN], (unsigned long)edges[EDGE_END],
		     (unsigned long)edges[EDGE_MARK], (unsigned long)disorder, source);
}

/* multiprocessing ends its children by _exit(), which runs no destructor. */
__attribute__((visibility("default"))) void _exit(int status)
{
	tell();
	_Exit(status);
}

__attribute__((destructor)) static void unload(void)
{
	tell();
}

__attribute__((constructor)) static void load(void)
{
	const char *method = getenv("EDGES_METHOD");

	process = getpid();
	pthread_atfork(NULL, NULL, child);
	if (method && !getenv("EDGES_LATE"))
		python_start(strcmp(method, "auto") ? method : NULL);
}

/* What CUDA would do when it loads the library into a program that runs already; by ctypes. */
__attribute__((visibility("default"))) int edges_start_late(void)
{
	return python_start(getenv("EDGES_METHOD"));
}
