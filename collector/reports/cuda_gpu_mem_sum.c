/*
 * cuda_gpu_mem_sum.c: copies and memsets by their kind: cuda_gpu_mem_time_sum and cuda_gpu_mem_size_sum,
 * which differ in the value they add up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/memory_kinds.h"
#include "collector/reports/reports.h"
#include "collector/sum_table.h"

#define KEY_MEMSET UINT64_MAX

/* The value first: duration or bytes. */
static const uint16_t copy_times[] = {FIELD_DURATION, FIELD_COPY_KIND};
static const uint16_t copy_sizes[] = {FIELD_BYTES, FIELD_COPY_KIND};

static int begin(struct report_run *run, const char *argument, bool bytes, void **state)
{
	struct sum_table *sum;

	if (*argument)
		return -EINVAL;
	sum = calloc(1, sizeof(*sum));
	if (!sum)
		return -ENOMEM;
	sum->texts = run->texts;
	sum->count_name = "Count";
	sum->name_name = "Operation";
	sum->bytes = bytes;
	*state = sum;
	return 0;
}

static int begin_time(struct report_run *run, const char *argument, void **state)
{
	return begin(run, argument, false, state);
}

static int begin_size(struct report_run *run, const char *argument, void **state)
{
	return begin(run, argument, true, state);
}

static struct sum_group *group_of(struct sum_table *sum, const struct report_batch *b, uint32_t site)
{
	uint64_t kind = b->kind == EVENT_MEMCPY ? report_static(b, 1, site) : KEY_MEMSET;
	const char *name = b->kind == EVENT_MEMCPY ? copy_kind_operation(kind) : MEMSET_OPERATION;
	uint32_t text = texts_add(b->run->texts, name, strlen(name));

	/* By name: what nsys cannot name is one row. */
	return text == TEXT_NONE ? NULL : sum_table_group(sum, text, text, NULL);
}

static int batch(void *state, const struct report_batch *b)
{
	struct sum_table *sum = state;
	int err = sum_table_sites(sum, b->sites);

	for (uint32_t i = 0; i < b->sites && !err; i++) {
		sum->by_site[i] = group_of(sum, b, i);
		err = sum->by_site[i] ? 0 : -ENOMEM;
	}
	return err ? err : sum_table_add(sum, b->site, b->column[0].values, b->count, b->sites);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	(void)note;
	(void)note_size;
	sum_table_end(state, table);
	return 0;
}

static void free_state(void *state)
{
	sum_table_free(state);
	free(state);
}

static const struct report_need time_needs[] = {
	{EVENT_MEMCPY, 2, copy_times}, {EVENT_MEMSET, 1, copy_times}, {.kind = 0}};
static const struct report_need size_needs[] = {
	{EVENT_MEMCPY, 2, copy_sizes}, {EVENT_MEMSET, 1, copy_sizes}, {.kind = 0}};

const struct report report_cuda_gpu_mem_time_sum = {
	.name = "cuda_gpu_mem_time_sum",
	.old_name = "gpumemtimesum",
	.title = "CUDA GPU MemOps Summary (by Time)",
	.arguments = "",
	.data = "GPU memory data",
	.help = "Copies and memsets by kind, by the time they took. Time: share of the time of all of them.",
	.needs = time_needs,
	.begin = begin_time,
	.batch = batch,
	.end = end,
	.free = free_state,
};

const struct report report_cuda_gpu_mem_size_sum = {
	.name = "cuda_gpu_mem_size_sum",
	.old_name = "gpumemsizesum",
	.title = "CUDA GPU MemOps Summary (by Size)",
	.arguments = "",
	.data = "GPU memory data",
	.help = "Copies and memsets by kind, by the bytes they moved. MB are 1,000,000 bytes.",
	.needs = size_needs,
	.begin = begin_size,
	.batch = batch,
	.end = end,
	.free = free_state,
};
