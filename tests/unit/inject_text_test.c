/*
 * inject_text_test.c: wide strings become UTF-8, whatever they hold; equal NVTX texts share a handle; equal
 * permanent names share a number, and a full permanent region says so.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "libinject/fork.h"
#include "libinject/names.h"
#include "libinject/nvtx_text.h"
#include "libinject/recorder.h"

static void check(const wchar_t *wide, const char *expected)
{
	char out[64];
	size_t length = utf8_length(wide, sizeof(out));

	assert_int_equal(length, strlen(expected));
	utf8_write(out, wide, length);
	assert_memory_equal(out, expected, length);
}

static void test_utf8(void **state)
{
	const wchar_t surrogate[] = {'a', 0xd800, 0xdfff, 'b', 0}, beyond[] = {0x110000, -1, 0};

	(void)state;
	check(L"", "");
	check(L"plain", "plain");
	check(L"\x7f\x80\x7ff\x800\xffff", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
	check(L"\U00010000\U0010ffff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
	/* What is no character is replaced. */
	check(surrogate, "a\xef\xbf\xbd\xef\xbf\xbd"
			 "b");
	check(beyond, "\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_utf8_limit(void **state)
{
	char out[8];

	(void)state;
	/* Whole characters only. */
	assert_int_equal(utf8_length(L"ab\u20ac", 4), 2);
	assert_int_equal(utf8_length(L"ab\u20ac", 5), 5);
	assert_int_equal(utf8_length(L"abc", 0), 0);
	/* A text that changed since it was measured leaves no gap and does not overrun. */
	memset(out, '.', sizeof(out));
	utf8_write(out, L"x", 4);
	assert_memory_equal(out, "x???....", 8);
	utf8_write(out, L"ab\u20accd", 4);
	assert_memory_equal(out, "ab??....", 8);
}

static void make_ring(uint64_t permanent)
{
	const struct ring_config layout = {.permanent_size = permanent, .chunk_size = 64 << 10};
	void *memory = aligned_alloc(4096, ring_size(&layout));

	assert_non_null(memory);
	memset(memory, 0, ring_size(&layout));
	assert_int_equal(ring_init(&recorder.ring, memory, &layout), 0);
	names_forget();
	assert_int_equal(names_start(), 0);
	recorder.state = RECORDER_ON;
}

static void drop_ring(void)
{
	free(recorder.ring.header);
	recorder.state = RECORDER_IDLE;
	nvtx_texts_forget();
}

static void test_handles(void **state)
{
	struct nvtx_text *a = nvtx_text_get(STRING_NVTX_DOMAIN, "name"), *s;

	(void)state;
	assert_ptr_equal(nvtx_text_get_wide(STRING_NVTX_DOMAIN, L"name"), a);
	s = nvtx_text_get(STRING_NVTX_REGISTERED, "name");
	assert_ptr_not_equal(s, a);
	assert_int_not_equal(a->index, nvtx_text_get(STRING_NVTX_DOMAIN, "other")->index);
	assert_int_equal(a->reference, 0);
	assert_non_null(nvtx_text_get(STRING_NVTX_REGISTERED, NULL));

	make_ring(64 << 10);
	nvtx_texts_publish();
	assert_int_not_equal(a->reference, 0);
	/* A registered string has no number until it has been used some times. */
	for (int uses = 0; uses < 100 && !s->reference; uses++) {
		assert_true(uses < 20);
		nvtx_text_used(s);
		nvtx_texts_publish_wanted();
	}
	assert_int_not_equal(s->reference, a->reference);
	assert_int_not_equal(nvtx_text_get(STRING_NVTX_DOMAIN, "younger")->reference, 0);
	drop_ring();
	assert_int_equal(a->reference, 0);
}

/* fork() in a signal handler, while the thread that it interrupted holds the names' lock. */
static void test_fork_with_the_lock_held(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fork_register();
	alarm(20);
	names_lock();
	pid = fork();
	if (!pid) {
		alarm(20);
		names_lock();
		_exit(0);
	}
	names_unlock();
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	alarm(0);
	/* And it is free again. */
	assert_true(names_lock_briefly());
	names_unlock();
}

static void test_names(void **state)
{
	char text[128];
	uint32_t first, n;

	(void)state;
	make_ring(64 << 10);
	first = names_string(STRING_KERNEL, 1, "one", 3);
	assert_int_equal(first, TEXT_LOST + 1);
	assert_int_equal(names_string(STRING_KERNEL, 2, "one and more", 3), first);
	assert_int_equal(names_string(STRING_KERNEL, 0, "two", 3), first + 1);
	assert_int_equal(names_string(STRING_API, 0, "one", 3), first + 2);
	assert_int_equal(names_string(STRING_KERNEL, 0, "", 0), first + 3);
	assert_int_equal(recorder.ring.header->permanent_strings, first + 3);

	/* Until it is full; what is in it is found all the same. */
	for (n = 0; n < 10000; n++) {
		snprintf(text, sizeof(text), "a name of some length, number %u", n);
		if (!names_string(STRING_KERNEL, 0, text, strlen(text)))
			break;
	}
	assert_in_range(n, 500, 1000);
	assert_int_equal(names_string(STRING_API, 0, "one", 3), first + 2);
	drop_ring();
}

/* Registered strings leave room for others. */
static void test_share(void **state)
{
	char text[128];

	(void)state;
	make_ring(64 << 10);
	for (uint32_t n = 0; n < 10000; n++) {
		snprintf(text, sizeof(text), "a string of some length, number %u", n);
		names_string(STRING_NVTX_REGISTERED, 0, text, strlen(text));
	}
	assert_int_not_equal(names_string(STRING_KERNEL, 0, "kernel", 6), 0);
	assert_in_range(recorder.ring.permanent_used, 16 << 10, 40 << 10);
	drop_ring();
}

static void test_long_name(void **state)
{
	char *text = malloc(100000);
	struct permanent_string *s;

	(void)state;
	assert_non_null(text);
	memset(text, 'k', 100000);
	make_ring(256 << 10);
	assert_int_not_equal(names_string(STRING_KERNEL, 0, text, 60000), 0);
	assert_int_not_equal(names_string(STRING_KERNEL, 0, text, 100000), 0);
	s = (struct permanent_string *)(recorder.ring.permanent +
					((struct permanent_header *)recorder.ring.permanent)->size);
	assert_int_equal(s->length, 60000);
	s = (struct permanent_string *)((uint8_t *)s + s->h.size);
	assert_int_equal(s->length, NAMES_MAX_TEXT);
	drop_ring();
	free(text);
}

static void test_domain_without_room(void **state)
{
	struct nvtx_text *d;

	(void)state;
	make_ring(4096);
	while (names_string(STRING_KERNEL, 0,
			    (char[]){(char)rand(), (char)rand(), (char)rand(), (char)rand()}, 4))
		;
	d = nvtx_text_get(STRING_NVTX_DOMAIN, "too late");
	assert_int_equal(d->reference, TEXT_LOST);
	assert_int_equal(recorder.ring.header->losses[LOSS_NAME_FULL].count, 1);
	drop_ring();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8),	  cmocka_unit_test(test_utf8_limit),
		cmocka_unit_test(test_handles),	  cmocka_unit_test(test_fork_with_the_lock_held),
		cmocka_unit_test(test_names),	  cmocka_unit_test(test_share),
		cmocka_unit_test(test_long_name), cmocka_unit_test(test_domain_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
