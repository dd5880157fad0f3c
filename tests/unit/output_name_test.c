/*
 * output_name_test.c: patterns of file names expand as users of nsys expect, existing files are not touched
 * unless that was asked for, and numbers find the first free name.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector/output_name.h"

static char scratch[] = "/tmp/output-name-test-XXXXXX";

static void expect_name(const char *pattern, bool force, const char *expected)
{
	struct output_name n = {.pattern = pattern, .pid = 42, .force = force};
	struct output_place place;
	int fd = output_name_create(&n, &place);

	assert_true(fd >= 0);
	assert_string_equal(place.path, expected);
	assert_int_equal(output_place_keep(&place), 0);
	assert_int_equal(access(expected, F_OK), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	output_place_free(&place);
}

static void expect_error(const char *pattern, int err)
{
	struct output_name n = {.pattern = pattern, .pid = 42};
	struct output_place place;

	assert_int_equal(output_name_create(&n, &place), err);
	output_place_free(&place);
}

static void placeholders_expand(void **state)
{
	char host[256] = "", expected[300];

	(void)state;
	setenv("OUTPUT_NAME_TEST", "seven", 1);
	gethostname(host, sizeof(host) - 1);
	snprintf(expected, sizeof(expected), "%s-h.cuft", host);
	expect_name("%h-h", false, expected);
	expect_name("p%p", false, "p42.cuft");
	expect_name("q%q{OUTPUT_NAME_TEST}x.cuft", false, "qsevenx.cuft");
	expect_name("100%%", false, "100%.cuft");
	expect_name("a.cuft", false, "a.cuft");
	expect_name(".", false, "./cuflight-42-1.cuft");
}

static void numbers_find_a_free_name(void **state)
{
	(void)state;
	expect_name("n%n", false, "n1.cuft");
	expect_name("n%n", false, "n2.cuft");
	expect_name("n%n", true, "n3.cuft");
	assert_int_equal(unlink("n2.cuft"), 0);
	expect_name("n%n", false, "n2.cuft");
}

static void files_are_kept_unless_forced(void **state)
{
	struct stat before, after;
	int fd = open("kept.cuft", O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	expect_error("kept", -EEXIST);
	assert_int_equal(stat("kept.cuft", &before), 0);
	assert_int_equal(before.st_size, 8);
	/* Replaced by a new file: who has the old one open or mapped keeps it. */
	assert_int_equal(link("kept.cuft", "other-name"), 0);
	expect_name("kept", true, "kept.cuft");
	assert_int_equal(stat("kept.cuft", &after), 0);
	assert_int_equal(after.st_size, 0);
	assert_int_equal(stat("other-name", &before), 0);
	assert_int_equal(before.st_size, 8);
	/* A directory of that name is not replaced by any means. */
	assert_int_equal(mkdir("folder.cuft", 0700), 0);
	expect_error("folder", -EEXIST);
	expect_error("no-such-directory/x", -ENOENT);
}

static void a_replaced_file_stays_until_the_new_one_is_kept(void **state)
{
	struct output_name n = {.pattern = "old", .pid = 42, .force = true};
	struct output_place place;
	struct stat st;
	int fd = open("old.cuft", O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	fd = output_name_create(&n, &place);
	assert_true(fd >= 0);
	assert_non_null(place.temporary);
	assert_int_equal(access(place.temporary, F_OK), 0);
	output_place_discard(&place);
	assert_int_equal(access(place.temporary, F_OK), -1);
	assert_int_equal(stat("old.cuft", &st), 0);
	assert_int_equal(st.st_size, 8);
	close(fd);
	output_place_free(&place);
}

static void bad_patterns_are_explained(void **state)
{
	static const char *const bad[] = {
		"",	    "%x", "end%", "%q", "%qX", "%q{}", "-", "%q{open", "%q{OUTPUT_NAME_TEST_UNSET}",
		"/dev/null"};
	char why[160];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		assert_int_equal(output_name_check(bad[i], why, sizeof(why)), -EINVAL);
		assert_true(strlen(why) > 10);
	}
	assert_int_equal(output_name_check("%h-%p-%n-%%", why, sizeof(why)), 0);
}

static int enter_scratch(void **state)
{
	(void)state;
	return !mkdtemp(scratch) || chdir(scratch);
}

static int leave_scratch(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return chdir("/") || system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placeholders_expand),
		cmocka_unit_test(numbers_find_a_free_name),
		cmocka_unit_test(files_are_kept_unless_forced),
		cmocka_unit_test(a_replaced_file_stays_until_the_new_one_is_kept),
		cmocka_unit_test(bad_patterns_are_explained),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
