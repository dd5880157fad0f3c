/*
 * facts.h: what the ring says about the process itself, and about its threads.
 */
#ifndef INJECT_FACTS_H
#define INJECT_FACTS_H

#include <stdint.h>

/* Who this process is: for the ring just made. Reads /proc; once, not on a record path. */
void facts_publish(void);
/* Is CUDA recorded, and if not, why: the fact "recording", and a line in the log unless it is just "on". */
void facts_recording(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Versions of the CUDA libraries in the process, once cuInit loaded them. */
void facts_cuda(void);

/* Helper: a thread that recorded something; its name goes into the ring the first time. */
void threads_seen(uint32_t thread);
void threads_forget(void);

/* Field 22 of /proc/self/stat: with the pid it names a process for good. 0: unknown. */
uint64_t process_start_time(void);
/* The inode of this process's pid namespace. 0: unknown. */
uint64_t process_pid_namespace(void);

#endif
