/*
 * A libcupti that does nothing of its own, for what the simulated GPU's does not do: it hangs in a flush, it
 * gives up, it lacks a function. FAKE_CUPTI says which: "hang", "fatal", "refuse" (every kind), or nothing.
 * The program asks it for records with fake_deliver().
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libinject/cupti_api.h"
#include "wire/cupti_record.h"

#define EXPORT __attribute__((visibility("default")))
#define STRIDE 216

static cupti_buffer_requested requested;
static cupti_buffer_completed completed;
static cupti_callback callback;
static int fatal, hanging;

static int is(const char *what)
{
	const char *wanted = getenv("FAKE_CUPTI");

	return wanted && !strcmp(wanted, what);
}

/* Whoever calls after the fatal error was told breaks CUPTI's rules. */
static void called(const char *name)
{
	if (fatal) {
		fprintf(stderr, "%s called after the fatal error\n", name);
		_exit(9);
	}
}

EXPORT int cuptiGetVersion(uint32_t *version)
{
	*version = 130000;
	return 0;
}

EXPORT int cuptiGetTimestamp(uint64_t *stamp)
{
	struct timespec t;

	called(__func__);
	clock_gettime(CLOCK_REALTIME, &t);
	*stamp = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return 0;
}

EXPORT int cuptiActivitySetAttribute(uint32_t attribute, size_t *size, void *value)
{
	(void)attribute, (void)size, (void)value;
	return 0;
}

EXPORT int cuptiActivityRegisterCallbacks(cupti_buffer_requested r, cupti_buffer_completed c)
{
	requested = r;
	completed = c;
	return 0;
}

EXPORT int cuptiActivityEnable(uint32_t kind)
{
	(void)kind;
	return is("refuse") ? 11 : 0;
}

EXPORT int cuptiActivityDisable(uint32_t kind)
{
	(void)kind;
	called(__func__);
	return 0;
}

EXPORT int cuptiActivityFlushAll(uint32_t flag)
{
	(void)flag;
	called(__func__);
	while (hanging)
		sleep(1000);
	return 0;
}

EXPORT int cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, void **record)
{
	uint8_t *next = *record ? (uint8_t *)*record + STRIDE : buffer;

	if (next + STRIDE > buffer + size || *(uint32_t *)buffer != ACTIVITY_KERNEL)
		return 12;
	*record = next;
	return 0;
}

EXPORT int cuptiActivityGetNumDroppedRecords(void *context, uint32_t stream, size_t *dropped)
{
	(void)context, (void)stream;
	called(__func__);
	*dropped = 0;
	return 0;
}

#ifndef FAKE_WITHOUT_NAMES
EXPORT int cuptiGetCallbackName(uint32_t domain, uint32_t id, const char **name)
{
	(void)domain, (void)id;
	called(__func__);
	*name = NULL;
	return 1;
}
#endif

EXPORT int cuptiSubscribe(void **subscriber, cupti_callback c, void *data)
{
	(void)data;
	*subscriber = &callback;
	callback = c;
	return 0;
}

EXPORT int cuptiEnableCallback(uint32_t enable, void *subscriber, uint32_t domain, uint32_t id)
{
	(void)enable, (void)subscriber, (void)domain, (void)id;
	return 0;
}

static uint8_t *held;
static size_t held_size;

/* Ask for a buffer, if there is none, and keep it. */
EXPORT void fake_hold(void)
{
	size_t records;

	if (requested && !held)
		requested(&held, &held_size, &records);
}

/* Write all over the buffer that is held, as a forked child of a CUDA program may. */
EXPORT void fake_scribble(void)
{
	memset(held, 0xff, held_size);
}

/* n kernel records into a buffer; then, as FAKE_CUPTI says, the worst. Returns how many were taken. */
EXPORT int fake_deliver(int n)
{
	struct timespec t;
	int i;

	if (!requested)
		return 0;
	fake_hold();
	clock_gettime(CLOCK_REALTIME, &t);
	for (i = 0; i < n && (size_t)(i + 1) * STRIDE <= held_size; i++) {
		uint32_t kind = ACTIVITY_KERNEL;
		uint64_t start = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec + (uint64_t)i,
			 end = start + 1;
		const char *name = "fake_kernel";

		memcpy(held + (size_t)i * STRIDE, &kind, sizeof(kind));
		memcpy(held + (size_t)i * STRIDE + 16, &start, sizeof(start));
		memcpy(held + (size_t)i * STRIDE + 24, &end, sizeof(end));
		memcpy(held + (size_t)i * STRIDE + 104, &name, sizeof(name));
	}
	hanging = is("hang");
	if (hanging)
		usleep(300000); /* the helper is in its flush by now, and the buffer comes after */
	completed(NULL, 0, held, held_size, (size_t)i * STRIDE);
	held = NULL;
	if (is("fatal")) {
		fatal = 1;
		callback(NULL, DOMAIN_STATE, STATE_FATAL_ERROR, NULL);
	}
	return i;
}
