/*
 * iteration_summary.c: how long iterations took, which was the slowest; which windows there are.
 */
#include "collector/iteration_summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/iteration_table.h"
#include "collector/windows.h"

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t wall(const struct iteration *i)
{
	return (uint64_t)i->end - (uint64_t)i->start;
}

static int describe_iterations(const struct trace *t, const struct iterations *it, char *out, size_t size)
{
	const struct iteration *slowest = it->items;
	uint64_t *walls = malloc((it->count + 1) * sizeof(*walls)), median;
	uint32_t processes = 0;
	char of[64] = "", which[32] = "";

	if (!walls)
		return -ENOMEM;
	for (size_t i = 0; i < it->count; i++) {
		walls[i] = wall(&it->items[i]);
		slowest = walls[i] > wall(slowest) ? &it->items[i] : slowest;
		processes += !i || it->items[i].process != it->items[i - 1].process;
	}
	if (processes > 1) {
		snprintf(of, sizeof(of), " of %" PRIu32 " processes", processes);
		snprintf(which, sizeof(which), " of %" PRIu32, t->processes[slowest->process]->pid);
	}
	qsort(walls, it->count, sizeof(*walls), compare);
	median = nearest_rank(walls, it->count, 50);
	if (it->count)
		snprintf(out, size,
			 "%zu%s: median %.3f ms, p99 %.3f ms, slowest %" PRIu64 "%s: %.3f ms (%.2f x)",
			 it->count, of, (double)median / 1e6,
			 (double)nearest_rank(walls, it->count, 99) / 1e6, slowest->number, which,
			 (double)wall(slowest) / 1e6, median ? (double)wall(slowest) / (double)median : 1.0);
	free(walls);
	return 0;
}

static void describe_windows(struct report_run *run, const struct windows *w, char *out, size_t size)
{
	size_t used = 0;

	if (w->count)
		used = (size_t)snprintf(out, size, "%zu:", w->count);
	for (size_t i = 0; i < w->count && used < 100; i++)
		used += (size_t)snprintf(out + used, size - used, "%s %" PRIu64 " \"%.40s\" %.1f ms",
					 i ? "," : "", w->items[i].number,
					 texts_get(run->texts, w->items[i].name, NULL),
					 ((double)w->items[i].end - (double)w->items[i].start) / 1e6);
}

int iteration_summary(struct report_run *run, struct iteration_summary *out)
{
	struct iterations iterations;
	struct windows windows;
	int err = iterations_read(&iterations, run, NULL);

	memset(out, 0, sizeof(*out));
	if (!err)
		err = describe_iterations(run->trace, &iterations, out->iterations, sizeof(out->iterations));
	iterations_free(&iterations);
	if (err)
		return err;
	err = windows_read(&windows, run);
	if (!err)
		describe_windows(run, &windows, out->windows, sizeof(out->windows));
	windows_free(&windows);
	return err;
}
