/*
 * summary.h: the one screen at the end of a recording: at most 24 lines of 100 columns.
 */
#ifndef COLLECTOR_SUMMARY_H
#define COLLECTOR_SUMMARY_H

#include <stdio.h>

/* Read the file and print. 0, or 1 with a message on stderr. */
int summary_print(const char *path, FILE *out);

#endif
