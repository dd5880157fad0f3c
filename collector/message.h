/*
 * message.h: what the collector says to the person who runs it, always on stderr, one line a call.
 */
#ifndef COLLECTOR_MESSAGE_H
#define COLLECTOR_MESSAGE_H

#include <stddef.h>
#include <stdio.h>

/*
 * "cuflight: ..." on stderr, a newline added. The text may hold names that come from a recording or a
 * process: control characters in it are shown as \xNN and never reach the terminal.
 */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* message(), and the exit status of a failure: `return fail("...");`. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a wrong call of a command; names its --help. Returns EXIT_USAGE. */
int fail_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Print n bytes with control characters, DEL and what is not UTF-8 as \xNN. */
void print_escaped(FILE *out, const char *text, size_t n);

/* Of `names` (NULL at the end) the one that `word` was probably meant to be, or NULL. */
const char *nearest_name(const char *word, const char *const *names);

#endif
