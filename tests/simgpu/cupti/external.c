/* External correlation ids: a stack a thread and kind; every API call recorded meanwhile names the top of
 * each. */
#include <stdlib.h>

#include "tests/simgpu/cupti/cupti.h"

#define N_KINDS 6
#define DEPTH	256

struct stacks {
	uint64_t id[N_KINDS][DEPTH];
	uint32_t n[N_KINDS];
};
static __thread struct stacks *own;

API cuptiActivityPushExternalCorrelationId(uint32_t kind, uint64_t id);
API cuptiActivityPushExternalCorrelationId(uint32_t kind, uint64_t id)
{
	INIT();
	if (!kind || kind >= N_KINDS)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	if (!own)
		own = calloc(1, sizeof(*own));
	if (!own || own->n[kind] == DEPTH)
		return cupti_fail(CUPTI_OUT_OF_MEMORY);
	own->id[kind][own->n[kind]++] = id;
	return CUPTI_OK;
}

API cuptiActivityPopExternalCorrelationId(uint32_t kind, uint64_t *last);
API cuptiActivityPopExternalCorrelationId(uint32_t kind, uint64_t *last)
{
	INIT();
	if (!kind || kind >= N_KINDS)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	if (!own || !own->n[kind])
		return cupti_fail(CUPTI_QUEUE_EMPTY);
	own->n[kind]--;
	if (last)
		*last = own->id[kind][own->n[kind]];
	return CUPTI_OK;
}

void external_call(uint32_t correlation)
{
	for (uint32_t k = 1; own && k < N_KINDS; k++)
		if (own->n[k]) {
			struct rec_external r = {.kind = KIND_EXTERNAL_CORRELATION,
						 .externalKind = k,
						 .externalId = own->id[k][own->n[k] - 1],
						 .correlationId = correlation};

			buffers_put(&r);
		}
}
