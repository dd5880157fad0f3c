/*
 * Does with NVTX what a test asks for, so that the test can compare the recording with it.
 *
 *   inject_nvtx MODE [N]
 *
 *   pairs N     N pushes and pops, each named by its number, every 1000 a rest of 1 ms
 *   threads N   N threads that push and pop 100 times each and end
 *   handles     domains, registered strings, categories, thread names; ASCII, wide, payloads, colours, levels
 *   fork        events before, in the child (with handles from before) and after in the parent
 *   clone       the same with a child made by raw clone(2), which runs no fork handlers
 *   exec        an event, then itself again with `pairs 1`
 *   exit, _exit, kill, abort   10 pushes and pops, a rest of half a second, and that end
 *   signal      pushes and pops under a storm of signals whose handler does the same
 *   names       prints the helper thread's name and blocked signals
 *   long        a text of 5000 bytes and a push that is left open
 */
#include <stdio.h>

#if __has_include(<nvtx3/nvToolsExt.h>)

#include <dirent.h>
#include <nvtx3/nvToolsExt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void pairs(int n)
{
	char name[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "range %d", i);
		nvtxRangePushA(name);
		nvtxRangePop();
		if (i % 1000 == 999)
			usleep(1000);
	}
}

static void *thread_pairs(void *unused)
{
	pairs(100);
	return unused;
}

static void threads(int n)
{
	pthread_t thread[64];

	for (int done = 0; done < n; done += 64) {
		int now = n - done < 64 ? n - done : 64;

		for (int i = 0; i < now; i++)
			pthread_create(&thread[i], NULL, thread_pairs, NULL);
		for (int i = 0; i < now; i++)
			pthread_join(thread[i], NULL);
	}
}

static nvtxEventAttributes_t attributes(void)
{
	nvtxEventAttributes_t a = {0};

	a.version = NVTX_VERSION;
	a.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
	return a;
}

static void expect(int got, int wanted, const char *what)
{
	if (got != wanted)
		printf("%s: %d, not %d\n", what, got, wanted);
}

static void handles(void)
{
	nvtxDomainHandle_t a = nvtxDomainCreateA("domain a"),
			   w = nvtxDomainCreateW(L"domain \u00e9\u4e2d\U0001f600");
	nvtxStringHandle_t s = nvtxDomainRegisterStringA(a, "registered"),
			   sw = nvtxDomainRegisterStringW(w, L"registriert \u00fc");
	nvtxEventAttributes_t e = attributes();
	nvtxRangeId_t id;

	nvtxDomainNameCategoryA(a, 7, "category seven");
	nvtxNameCategoryW(8, L"Kategorie acht");
	nvtxNameOsThreadA((uint32_t)syscall(SYS_gettid), "the main thread");
	expect(nvtxDomainCreateA("domain a") == a, 1, "one domain, one handle");

	e.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
	e.message.registered = s;
	e.category = 7;
	e.colorType = NVTX_COLOR_ARGB;
	e.color = 0xff336699;
	e.payloadType = NVTX_PAYLOAD_TYPE_INT32;
	e.payload.llValue = 0x7777777700000000; /* what lies above a 32-bit payload is not part of it */
	e.payload.iValue = -5;
	expect(nvtxDomainRangePushEx(a, &e), 0, "level of a domain's first push");
	expect(nvtxRangePushA("default domain"), 0, "the default domain counts on its own");
	e = attributes();
	e.messageType = NVTX_MESSAGE_TYPE_UNICODE;
	e.message.unicode = L"breit \u20ac";
	e.payloadType = NVTX_PAYLOAD_TYPE_DOUBLE;
	e.payload.dValue = 2.5;
	expect(nvtxRangePushEx(&e), 1, "level of the second");
	expect(nvtxRangePop(), 1, "level popped");
	expect(nvtxRangePop(), 0, "level popped");
	expect(nvtxDomainRangePop(a), 0, "level popped");
	expect(nvtxRangePop() < 0, 1, "nothing to pop");

	e.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
	e.message.registered = sw;
	id = nvtxDomainRangeStartEx(w, &e);
	nvtxDomainRangeEnd(w, id);
	id = nvtxRangeStartA("started");
	nvtxRangeEnd(id);
	nvtxDomainMarkEx(a, &e);
	nvtxMarkA("mark");
	nvtxMarkA(NULL);
	nvtxMarkEx(NULL);
	nvtxDomainDestroy(a);
	expect(nvtxDomainCreateA("domain a") == a, 1, "and the same after it was destroyed");
}

static int child_events(nvtxDomainHandle_t d, nvtxStringHandle_t s)
{
	nvtxEventAttributes_t e = attributes();

	e.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
	e.message.registered = s;
	nvtxDomainRangePushEx(d, &e);
	nvtxMarkA("in the child");
	nvtxDomainRangePop(d);
	return 0;
}

static int forks(int raw)
{
	nvtxDomainHandle_t d = nvtxDomainCreateA("shared domain");
	nvtxStringHandle_t s = nvtxDomainRegisterStringA(d, "shared string");
	int status = 1;
	pid_t child;

	nvtxMarkA("before");
	child_events(d, s);
	child = raw ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) : fork();
	if (!child)
		exit(child_events(d, s));
	waitpid(child, &status, 0);
	nvtxMarkA("after");
	return status;
}

static void handler(int number)
{
	(void)number;
	nvtxRangePushA("in a handler");
	nvtxRangePop();
}

static volatile int finished;

static void *shoot(void *target)
{
	pthread_t *thread = target;

	while (!finished) {
		pthread_kill(*thread, SIGUSR1);
		usleep(10);
	}
	return NULL;
}

static void signals(void)
{
	pthread_t self = pthread_self(), shooter;

	signal(SIGUSR1, handler);
	pthread_create(&shooter, NULL, shoot, &self);
	pairs(20000);
	finished = 1;
	pthread_join(shooter, NULL);
}

/* One line for each thread that is not the main one. */
static void print_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;

	while (tasks && (task = readdir(tasks))) {
		char path[300], line[256];
		FILE *status;

		if (task->d_name[0] == '.' || atoi(task->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		status = fopen(path, "r");
		while (status && fgets(line, sizeof(line), status))
			if (!strncmp(line, "Name:", 5) || !strncmp(line, "SigBlk:", 7))
				printf("%s", line);
		if (status)
			fclose(status);
	}
}

static int leave(const char *how)
{
	pairs(10);
	usleep(500000);
	if (!strcmp(how, "_exit"))
		_exit(0);
	if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(how, "abort"))
		abort();
	exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 1;

	if (!strcmp(mode, "pairs")) {
		pairs(n);
	} else if (!strcmp(mode, "threads")) {
		threads(n);
	} else if (!strcmp(mode, "handles")) {
		handles();
	} else if (!strcmp(mode, "fork")) {
		return forks(0);
	} else if (!strcmp(mode, "clone")) {
		return forks(1);
	} else if (!strcmp(mode, "exec")) {
		nvtxMarkA("before exec");
		execl("/proc/self/exe", argv[0], "pairs", "1", (char *)NULL);
		return 1;
	} else if (!strcmp(mode, "signal")) {
		signals();
	} else if (!strcmp(mode, "names")) {
		nvtxMarkA("start");
		usleep(50000);
		print_threads();
	} else if (!strcmp(mode, "long")) {
		static char text[5001];

		memset(text, 'x', 5000);
		nvtxRangePushA("left open");
		nvtxMarkA(text);
	} else {
		return leave(mode);
	}
	return 0;
}

#else

int main(void)
{
	printf("skipped: built without NVTX's headers (nvtx3/nvToolsExt.h)\n");
	return 77;
}

#endif
