/*
 * late_calls.c: correlation ids are dense and ascend, so the table is indexed by them.
 */
#include "libinject/late_calls.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "libinject/cupti.h"

#define CALLS 65536u /* some 100 ms of a process that does nothing but call */
#define CBIDS 2048u
#define FAR   8192u /* calls of other threads in between */

static struct call *calls;
static uint8_t classes[2][CBIDS]; /* enum call_class + 1; 0: not asked yet */

bool late_calls_start(void)
{
	if (!calls)
		calls = calloc(CALLS, sizeof(*calls));
	return calls != NULL;
}

void late_calls_stop(void)
{
	free(calls);
	calls = NULL;
}

struct call *late_call(uint64_t correlation)
{
	struct call *c = &calls[correlation % CALLS];

	if (c->correlation > correlation)
		return NULL;
	if (c->correlation < correlation)
		*c = (struct call){.correlation = correlation};
	return c;
}

struct call *late_call_near(const struct call *call, int step)
{
	uint64_t correlation = call->correlation;

	for (uint32_t i = 0; i < FAR && correlation; i++) {
		struct call *c;

		correlation += (uint64_t)step;
		c = &calls[correlation % CALLS];
		if (c->correlation == correlation && c->start && c->thread == call->thread)
			return c;
	}
	return NULL;
}

static enum call_class classify(const char *name)
{
	static const char *const launches[] = {"cudaLaunch", "cuLaunch", "GraphLaunch"};
	static const char *const waits[] = {"EventRecord", "Synchronize"};

	for (size_t i = 0; i < sizeof(launches) / sizeof(launches[0]); i++)
		if (strstr(name, launches[i]))
			return CALL_LAUNCH;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (strstr(name, waits[i]))
			return CALL_WAIT;
	return CALL_OTHER;
}

uint32_t late_call_class(uint32_t domain, uint32_t cbid)
{
	const char *name;
	uint8_t *known;

	if (domain < DOMAIN_DRIVER || domain > DOMAIN_RUNTIME || cbid >= CBIDS)
		return CALL_OTHER;
	known = &classes[domain - 1][cbid];
	if (!*known) {
		name = cupti_api_name(domain, cbid);
		*known = (uint8_t)(1 + (name ? classify(name) : CALL_OTHER));
	}
	return *known - 1u;
}
