/*
 * recording_options.c: where a recording goes and how large it may get.
 */
#include "collector/recording_options.h"

#include "collector/command.h"
#include "collector/message.h"

#define MIN_MAX_SIZE (64u << 10)

int recording_option(struct recording_options *o, const char *command, int letter)
{
	switch (letter) {
	case 'o':
		o->name.pattern = optarg;
		o->named = true;
		return 0;
	case 'f':
		o->name.force = true;
		return 0;
	case 'm':
		if (!parse_size(optarg, &o->max_size) && o->max_size >= MIN_MAX_SIZE)
			return 0;
		return fail_usage(command, "--max-size %s: a size like 500M or 20G is needed, 64K at least",
				  optarg);
	case 'n':
		o->summary = false;
		return 0;
	case 'q':
		o->quiet = true;
		o->summary = false;
		return 0;
	default:
		return EXIT_USAGE;
	}
}

int recording_options_check(const struct recording_options *o, const char *command)
{
	char why[160];

	if (output_name_check(o->name.pattern, why, sizeof(why)))
		return fail_usage(command, "--output %s: %s", o->name.pattern, why);
	return 0;
}
