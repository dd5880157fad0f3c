/*
 * inject_threads_test.c: many threads record NVTX events while the helper reads them, the first of them
 * making the ring: everything arrives, each thread's in order. Meant for the thread sanitizer too.
 */
#include <pthread.h>
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

#include "cuflight/event.h"
#include "libinject/helper.h"
#include "libinject/inject.h"
#include "libinject/recorder.h"
#include "wire/chunk_read.h"
#include "wire/config.h"

#define THREADS 8
#define PAIRS	2000

static nvtx_function core[CORE_ENTRIES], core2[CORE2_ENTRIES];
static nvtx_function *core_table[CORE_ENTRIES], *core2_table[CORE2_ENTRIES];

static int get_module_table(uint32_t module, nvtx_function ***table, unsigned int *size)
{
	*table = module == NVTX_MODULE_CORE ? core_table : core2_table;
	*size = module == NVTX_MODULE_CORE ? CORE_ENTRIES : CORE2_ENTRIES;
	return module == NVTX_MODULE_CORE || module == NVTX_MODULE_CORE2;
}

static const void *get_export_table(uint32_t id)
{
	static const struct nvtx_callbacks_table callbacks = {sizeof(callbacks), get_module_table};

	return id == NVTX_TABLE_CALLBACKS ? &callbacks : NULL;
}

static void *record(void *argument)
{
	int (*push)(const char *) = (int (*)(const char *))core[CORE_PUSH_A];
	int (*pop)(void) = (int (*)(void))core[CORE_POP];
	void *(*create)(const char *) = (void *(*)(const char *))core2[CORE2_CREATE_A];
	void *(*string)(void *, const char *) =
		(void *(*)(void *, const char *))core2[CORE2_REGISTER_STRING_A];
	void (*mark)(void *, const struct nvtx_attributes *) =
		(void (*)(void *, const struct nvtx_attributes *))core2[CORE2_MARK_EX];
	struct nvtx_attributes a = {.size = sizeof(a), .message_type = MESSAGE_REGISTERED};
	void *domain;
	char name[32];

	(void)argument;
	for (int i = 0; i < PAIRS; i++) {
		snprintf(name, sizeof(name), "%d", i);
		push(name);
		domain = create("one for all");
		a.message.registered = string(domain, i % 2 ? "odd" : "even");
		mark(domain, &a);
		pop();
		if (i % 100 == 99)
			usleep(2000);
	}
	return NULL;
}

static void test_threads(void **state)
{
	static const uint16_t fields[] = {FIELD_NVTX_TYPE, FIELD_THREAD, FIELD_NAME, FIELD_START,
					  FIELD_DOMAIN};
	static uint8_t chunk[4 << 20];
	struct chunk_decoder *d = chunk_decoder_new();
	uint32_t types[6] = {0}, seen = 0;
	uint64_t threads[THREADS] = {0}, times[THREADS] = {0};
	uint32_t pushes[THREADS] = {0};
	pthread_t thread[THREADS];
	struct batch b;
	size_t need;
	ptrdiff_t n;

	(void)state;
	assert_int_equal(InitializeInjectionNvtx2(get_export_table), 1);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, record, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_true(recorder_is_on());
	helper_finish();

	while ((n = ring_get(&recorder.ring, chunk, sizeof(chunk), &need)) > 0) {
		assert_int_equal(chunk_decode(d, chunk, (size_t)n, fields, 5, &b), 0);
		for (uint32_t i = 0; b.header.kind == EVENT_NVTX && i < b.count; i++) {
			uint64_t id = batch_value(&b, 1, i), time = batch_value(&b, 3, i);
			uint32_t type = (uint32_t)batch_value(&b, 0, i), t = 0;

			while (t < seen && threads[t] != id)
				t++;
			assert_true(t < THREADS);
			if (t == seen)
				threads[seen++] = id;
			assert_true(time >= times[t]);
			times[t] = time;
			types[type]++;
			if (type == NVTX_PUSH) {
				size_t length;
				const char *text =
					chunk_decoder_text(d, (uint32_t)batch_value(&b, 2, i), &length);

				char wanted[32];

				assert_non_null(text);
				assert_int_equal(snprintf(wanted, sizeof(wanted), "%u", pushes[t]++), length);
				assert_memory_equal(text, wanted, length);
			} else if (type == NVTX_MARK) {
				assert_int_not_equal(batch_value(&b, 4, i), 0);
			}
		}
	}
	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++)
		assert_int_equal(recorder.ring.header->losses[cause].count, 0);
	assert_int_equal(types[NVTX_PUSH], THREADS * PAIRS);
	assert_int_equal(types[NVTX_POP], THREADS * PAIRS);
	assert_int_equal(types[NVTX_MARK], THREADS * PAIRS);
	assert_int_equal(recorder.ring.header->state, RING_CLOSED);
	chunk_decoder_free(d);
}

/* The helper's memory is the process's, to its end. */
__attribute__((visibility("default"), used)) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};
	char dir[] = "/tmp/inject_threads_test.XXXXXX", variable[64], command[64];
	char *environment[] = {variable, "CUFLIGHT_MODE=drain", NULL};
	int failed;

	for (int i = 0; i < CORE_ENTRIES; i++)
		core_table[i] = &core[i];
	for (int i = 0; i < CORE2_ENTRIES; i++)
		core2_table[i] = &core2[i];
	if (!mkdtemp(dir))
		return 1;
	snprintf(variable, sizeof(variable), "CUFLIGHT_DIR=%s", dir);
	config_read(&config, environment);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) || failed;
}
