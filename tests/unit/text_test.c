/*
 * text_test.c: equal texts have one number; what is not UTF-8 is spelled out, so that different names stay
 * different and every export may print them; spellings of kernels; references that lead nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "collector/text.h"

static void assert_kept(struct texts *t, const char *text, size_t length, const char *expected)
{
	uint32_t number = texts_add(t, text, length);
	size_t got;

	assert_true(number != TEXT_NONE);
	assert_string_equal(texts_get(t, number, &got), expected);
	assert_int_equal(got, strlen(expected));
	assert_int_equal(texts_add(t, text, length), number);
}

static void test_clean(void **state)
{
	struct texts *t = texts_new();

	(void)state;
	assert_int_equal(texts_add(t, "", 0), 0);
	assert_kept(t, "plain", 5, "plain");
	assert_kept(t, "\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x9a\x80", 11,
		    "\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x9a\x80");
	assert_kept(t, "a\xff\xfe", 3, "a\\xff\\xfe");
	assert_kept(t, "cut \xc3", 5, "cut \\xc3");
	assert_kept(t, "over\xc0\x80long", 10, "over\\xc0\\x80long");
	assert_kept(t, "surrogate \xed\xa0\x80", 13, "surrogate \\xed\\xa0\\x80");
	assert_kept(t, "\xf5\x80\x80\x80", 4, "\\xf5\\x80\\x80\\x80");
	assert_kept(t, "nul\0in", 6, "nul\\x00in");
	/* Control characters are text: whoever prints them to a terminal takes care. */
	assert_kept(t, "\x1b[1m\n", 5, "\x1b[1m\n");
	texts_free(t);
}

static void test_many(void **state)
{
	struct texts *t = texts_new();
	char text[32];

	(void)state;
	for (uint32_t i = 0; i < 50000; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		assert_int_equal(texts_add(t, text, strlen(text)), i + 1);
	}
	for (uint32_t i = 0; i < 50000; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		assert_int_equal(texts_add(t, text, strlen(text)), i + 1);
		assert_string_equal(texts_get(t, i + 1, NULL), text);
	}
	assert_int_equal(texts_count(t), 50001);
	assert_string_equal(texts_get(t, 12345678, NULL), "");
	texts_free(t);
}

static void test_spellings(void **state)
{
	struct texts *t = texts_new();
	uint32_t mangled = texts_add(t, "_Z7rmsnormIfEvPT_", 17), plain = texts_add(t, "gemm_tn", 7);

	(void)state;
	assert_string_equal(texts_get(t, texts_spell(t, mangled, TEXT_DEMANGLED), NULL),
			    "void rmsnorm<float>(T1 *)");
	assert_string_equal(texts_get(t, texts_spell(t, mangled, TEXT_BASE), NULL), "rmsnorm");
	assert_int_equal(texts_spell(t, mangled, TEXT_MANGLED), mangled);
	for (int i = 0; i < TEXT_SPELLINGS; i++)
		assert_int_equal(texts_spell(t, plain, i), plain);
	texts_free(t);
}

static void test_references(void **state)
{
	struct trace_string strings[] = {{"first", 5, STRING_KERNEL}, {"second", 6, STRING_KERNEL}};
	struct trace_process p = {.index = 2, .strings = strings, .string_count = 2};
	struct chunk_decoder *d = chunk_decoder_new();
	struct texts *t = texts_new();

	(void)state;
	assert_int_equal(texts_resolve(t, &p, d, 0), 0);
	for (int twice = 0; twice < 2; twice++) {
		assert_string_equal(texts_get(t, texts_resolve(t, &p, d, 1), NULL), "first");
		assert_string_equal(texts_get(t, texts_resolve(t, &p, d, 2), NULL), "second");
		assert_string_equal(texts_get(t, texts_resolve(t, &p, d, 3), NULL), "[unknown]");
		assert_string_equal(texts_get(t, texts_resolve(t, &p, d, TEXT_LOCAL | 5), NULL), "[unknown]");
		assert_string_equal(texts_get(t, texts_resolve(t, &p, d, UINT64_MAX), NULL), "[unknown]");
	}
	chunk_decoder_free(d);
	texts_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
