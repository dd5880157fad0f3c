/*
 * options.h: getopt_long(3) with messages of our own: an unknown option is told with the one that it is
 * probably meant to be.
 */
#ifndef COLLECTOR_OPTIONS_H
#define COLLECTOR_OPTIONS_H

#include <getopt.h>
#include <stdint.h>

/*
 * The next option of a command (argv[0] is its name): its `val`, with optarg and optind as getopt_long sets
 * them; -1: no more; '?': the message was printed, the command returns EXIT_USAGE. `letters` as getopt's,
 * beginning with "+" if options end at the first other word.
 */
int next_option(int argc, char **argv, const char *letters, const struct option *options);

/* "10G", "512M", "64K", "4096", also "10GB" and "10GiB": bytes, powers of 1024. 0 or -EINVAL. */
int parse_size(const char *text, uint64_t *bytes);

#endif
