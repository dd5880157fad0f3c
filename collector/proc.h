/*
 * proc.h: reading /proc about other processes. Everything there may vanish between two reads.
 */
#ifndef COLLECTOR_PROC_H
#define COLLECTOR_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	pid_t pid, parent;
	char state;	      /* 'R', 'S', 'Z' ... */
	int exit_code;	      /* of a zombie, as waitpid(2) gives it */
	char name[64];	      /* comm */
	uint64_t start_time;  /* clock ticks after boot: with pid names a process for good */
	uint64_t start_stack; /* changes at exec (address space randomisation); 0: not readable, or ended */
};

/* 0 or -errno: -ENOENT, -ESRCH: no such process. */
int proc_stat(pid_t pid, struct proc_stat *out);

/* Reads at most `size` bytes of /proc/PID/NAME. Returns the bytes or -errno. */
ssize_t proc_read(pid_t pid, const char *name, void *buf, size_t size);

/* The program's file name without its directories, else comm, else "?". */
void proc_name(pid_t pid, char *out, size_t size);
/* The title that a Python program gave itself (setproctitle: VLLM::Worker_TP3). False: none. */
bool proc_title(pid_t pid, char *out, size_t size);

/* Has it been told to end and not got there yet? A thread may be stuck in a driver for seconds. */
bool proc_is_dying(pid_t pid);

/* All processes of this machine that can be seen, in an array to be freed. Returns their number or -errno. */
ssize_t proc_all(struct proc_stat **out);

/* A user's name for people, or the number. /etc/passwd is asked and no name service, which might wait. */
void user_name(uid_t uid, char *out, size_t size);

#endif
