/*
 * options.c: reading a command's options.
 */
#include "collector/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/message.h"

#define MAX_OPTIONS 64

static void tell_unknown(const char *command, const char *word, const struct option *options)
{
	const char *names[MAX_OPTIONS + 1], *near;
	char bare[64];
	int n = 0;

	for (; options->name && n < MAX_OPTIONS; options++)
		names[n++] = options->name;
	names[n] = NULL;
	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = nearest_name(bare, names);
	if (near)
		fail_usage(command, "%s: no option %s; did you mean --%s?", command, word, near);
	else
		fail_usage(command, "%s: no option %s", command, word);
}

int next_option(int argc, char **argv, const char *letters, const struct option *options)
{
	char with_colon[64];
	const char *word;
	int c;

	/* ":" tells a missing argument from an unknown option. */
	snprintf(with_colon, sizeof(with_colon), "%s:%s", *letters == '+' ? "+" : "",
		 letters + (*letters == '+'));
	opterr = 0;
	c = getopt_long(argc, argv, with_colon, options, NULL);
	if (c != '?' && c != ':')
		return c;
	word = argv[optind - 1];
	if (c == ':') {
		fail_usage(argv[0], "%s: %s needs a value", argv[0], word);
	} else if (optopt && !strncmp(word, "--", 2)) {
		fail_usage(argv[0], "%s: %.*s takes no value", argv[0], (int)strcspn(word, "="), word);
	} else if (optopt) {
		fail_usage(argv[0], "%s: no option -%c", argv[0], optopt);
	} else {
		tell_unknown(argv[0], word, options);
	}
	return '?';
}

int parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "kmgt";
	unsigned long long value;
	unsigned int shift = 0;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return -EINVAL;
	if (*end) {
		const char *unit = strchr(units, tolower((unsigned char)*end));

		if (unit) {
			shift = 10 * (unsigned int)(unit - units + 1);
			end++;
			if (*end == 'i' && tolower((unsigned char)end[1]) == 'b')
				end++;
		}
		if (tolower((unsigned char)*end) == 'b')
			end++;
		if (*end)
			return -EINVAL;
	}
	if (shift && value >> (64 - shift))
		return -EINVAL;
	*bytes = (uint64_t)value << shift;
	return 0;
}
