/*
 * child.c: fork and exec. The program stays in our process group, so that the terminal treats it as without
 * us.
 */
#include "collector/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/library.h"

static void run_child(int gate, int result, char **argv, const char *library, const char *session_dir,
		      const struct signals_before *before)
{
	char go;
	int err;

	if (read(gate, &go, 1) != 1)
		_exit(127);
	signals_restore(before);
	err = ENOMEM;
	if (library_set_environment(library, session_dir)) {
		execvp(argv[0], argv);
		err = errno;
	}
	if (write(result, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

int child_start(struct child *c, char **argv, const char *library, const char *session_dir,
		const struct signals_before *before)
{
	int gate[2], result[2], err;

	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	if (pipe2(result, O_CLOEXEC)) {
		err = -errno;
		goto close_gate;
	}
	c->pid = fork();
	if (c->pid < 0) {
		err = -errno;
		close(result[0]);
		close(result[1]);
		goto close_gate;
	}
	if (!c->pid) {
		close(gate[1]);
		run_child(gate[0], result[1], argv, library, session_dir, before);
	}
	close(gate[0]);
	close(result[1]);
	c->gate = gate[1];
	c->result = result[0];
	return 0;
close_gate:
	close(gate[0]);
	close(gate[1]);
	return err;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int child_go(struct child *c)
{
	ssize_t n = write(c->gate, "", 1);
	int err = 0;

	close(c->gate);
	/* No errno comes from a program that runs, nor from a child that was killed while it waited. */
	while (n > 0 && (n = read(c->result, &err, sizeof(err))) < 0 && errno == EINTR)
		n = 1;
	close(c->result);
	if (n != sizeof(err))
		return 0;
	reap(c->pid);
	return -err;
}

void child_abandon(struct child *c)
{
	close(c->gate);
	close(c->result);
	reap(c->pid);
}
