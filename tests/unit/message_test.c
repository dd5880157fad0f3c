/*
 * message_test.c: what comes from outside reaches the terminal without control characters; a mistyped word
 * finds the right one and a strange word none; sizes are read with all their units and nothing else.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before cmocka.h, whose fail() is a macro. */
#include "collector/message.h"
#include "collector/options.h"

#include <cmocka.h>

static void expect_escaped(const char *text, size_t n, const char *expected)
{
	char *got = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&got, &length);

	print_escaped(out, text, n);
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
}

#define EXPECT(text, expected) expect_escaped(text, sizeof(text) - 1, expected)

static void control_characters_are_shown(void **state)
{
	(void)state;
	EXPECT("plain", "plain");
	EXPECT("\033[31mred", "\\x1b[31mred");
	EXPECT("a\nb\0c\x7f", "a\\x0ab\\x00c\\x7f");
	/* U+009B is a control character of its own: CSI. */
	EXPECT("\xc2\x9b", "\\xc2\\x9b");
}

static void only_utf8_passes(void **state)
{
	(void)state;
	EXPECT("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	EXPECT("\xff", "\\xff");
	EXPECT("\xc0\x80", "\\xc0\\x80");		    /* overlong */
	EXPECT("\xed\xa0\x80", "\\xed\\xa0\\x80");	    /* a surrogate */
	EXPECT("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond Unicode */
	EXPECT("cut \xe2\x82", "cut \\xe2\\x82");
}

static void mistyped_names_are_found(void **state)
{
	static const char *const names[] = {"run",  "collect", "report", "export",
					    "info", "verify",  "doctor", NULL};
	char endless[200];

	(void)state;
	assert_string_equal(nearest_name("rpeort", names), "report");
	assert_string_equal(nearest_name("rep", names), "report");
	assert_string_equal(nearest_name("colect", names), "collect");
	assert_string_equal(nearest_name("docter", names), "doctor");
	assert_null(nearest_name("profile", names));
	assert_null(nearest_name("", names));
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_null(nearest_name(endless, names));
}

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"0", 0},		{"4096", 4096},		{"64K", 64 << 10},
		    {"64k", 64 << 10},	{"500M", 500ull << 20}, {"2G", 2ull << 30},
		    {"1T", 1ull << 40}, {"3GB", 3ull << 30},	{"3GiB", 3ull << 30},
		    {"7b", 7}};
	static const char *const bad[] = {
		"", "G", "-1", " 1", "1X", "1Kx", "1 G", "1.5G", "99999999999999999999", "99999999999T"};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(parse_size(good[i].text, &bytes), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_size(bad[i], &bytes) != -EINVAL)
			fail_msg("%s was taken for a size", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_are_shown),
		cmocka_unit_test(only_utf8_passes),
		cmocka_unit_test(mistyped_names_are_found),
		cmocka_unit_test(sizes_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
