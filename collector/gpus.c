/*
 * gpus.c: GPUs are told apart by their UUIDs.
 */
#include "collector/gpus.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GPUS 1024u /* a damaged file may claim any number */

static bool has_uuid(const struct trace_device *d)
{
	static const uint8_t none[sizeof(d->info.uuid)];

	return memcmp(d->info.uuid, none, sizeof(none));
}

/* The same GPU? Without UUIDs: the same number. */
static bool same(const struct gpu *gpu, const struct trace_device *d)
{
	if (has_uuid(gpu->device) && has_uuid(d))
		return !memcmp(gpu->device->info.uuid, d->info.uuid, sizeof(d->info.uuid));
	return gpu->number == d->info.device;
}

static bool taken(const struct gpus *g, uint32_t number)
{
	for (uint32_t i = 0; i < g->count; i++)
		if (g->items[i].number == number)
			return true;
	return false;
}

static bool add(struct gpus *g, const struct trace_device *d, uint32_t *number)
{
	struct gpu *grown;

	for (uint32_t i = 0; i < g->count; i++) {
		if (same(&g->items[i], d)) {
			*number = g->items[i].number;
			return true;
		}
	}
	*number = d->info.device;
	if (g->count == MAX_GPUS)
		return true;
	grown = realloc(g->items, (g->count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	g->items = grown;
	for (uint32_t next = 0; taken(g, *number); next++)
		*number = next;
	g->items[g->count++] = (struct gpu){.number = *number, .device = d};
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct gpu *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

struct gpus *gpus_new(const struct trace *trace)
{
	struct gpus *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->trace = trace;
	g->process_count = trace->process_count;
	g->numbers = calloc(trace->process_count + 1, sizeof(*g->numbers));
	for (uint32_t i = 0; g->numbers && i < trace->process_count; i++) {
		const struct trace_process *p = trace->processes[i];

		g->numbers[i] = calloc(p->device_count + 1, sizeof(**g->numbers));
		for (size_t d = 0; d < p->device_count; d++)
			if (!g->numbers[i] || !add(g, &p->devices[d], &g->numbers[i][d]))
				goto fail;
	}
	if (!g->numbers)
		goto fail;
	if (g->count)
		qsort(g->items, g->count, sizeof(*g->items), compare);
	return g;
fail:
	gpus_free(g);
	return NULL;
}

void gpus_free(struct gpus *g)
{
	if (!g)
		return;
	for (uint32_t i = 0; g->numbers && i < g->process_count; i++)
		free(g->numbers[i]);
	free(g->numbers);
	free(g->items);
	free(g);
}

uint32_t gpus_number(const struct gpus *g, const struct trace_process *p, uint32_t device)
{
	for (size_t d = 0; p->index < g->process_count && d < p->device_count; d++)
		if (p->devices[d].info.device == device)
			return g->numbers[p->index][d];
	return device;
}

const struct trace_device *gpus_device(const struct gpus *g, uint32_t number)
{
	for (uint32_t i = 0; i < g->count; i++)
		if (g->items[i].number == number)
			return g->items[i].device;
	return NULL;
}
