/*
 * cuda_gpu_kern_sum.c: kernels by name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/report.h"
#include "collector/reports/reports.h"
#include "collector/sum_table.h"

enum {
	NAME,
	DURATION,
};
static const uint16_t fields[] = {FIELD_NAME, FIELD_DURATION};

/* The groups of a process's kernel names, by text reference: NULL until one is met. */
struct name_groups {
	struct sum_group **groups;
	size_t count;
};

struct kern_sum {
	enum text_spelling spelling;
	struct sum_table sum;
	struct name_groups *processes;
	uint32_t process_count;
};

int kernel_spelling(const char *argument, enum text_spelling *spelling)
{
	if (!*argument)
		*spelling = TEXT_DEMANGLED;
	else if (!strcmp(argument, "base"))
		*spelling = TEXT_BASE;
	else if (!strcmp(argument, "mangled"))
		*spelling = TEXT_MANGLED;
	else
		return -EINVAL;
	return 0;
}

static void free_state(void *state)
{
	struct kern_sum *s = state;

	for (uint32_t i = 0; i < s->process_count; i++)
		free(s->processes[i].groups);
	free(s->processes);
	sum_table_free(&s->sum);
	free(s);
}

static int begin(struct report_run *run, const char *argument, void **state)
{
	enum text_spelling spelling;
	struct kern_sum *s;
	int err = kernel_spelling(argument, &spelling);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->spelling = spelling;
	s->sum = (struct sum_table){.texts = run->texts, .count_name = "Instances", .name_name = "Name"};
	s->processes = calloc(run->trace->process_count + 1, sizeof(*s->processes));
	if (!s->processes) {
		free_state(s);
		return -ENOMEM;
	}
	s->process_count = run->trace->process_count;
	*state = s;
	return 0;
}

/* The groups of the batch's process, made when it is met first, or NULL: no memory. */
static struct name_groups *names_of(struct kern_sum *s, const struct trace_process *p)
{
	struct name_groups *names = &s->processes[p->index];

	if (!names->groups) {
		names->groups = calloc(p->string_count + 1, sizeof(struct sum_group *));
		if (!names->groups)
			return NULL;
		names->count = p->string_count + 1;
	}
	return names;
}

static struct sum_group *new_name(struct kern_sum *s, const struct report_batch *b, uint64_t reference)
{
	struct texts *texts = b->run->texts;
	uint32_t name = texts_resolve(texts, b->process, b->decoder, reference);

	if (name != TEXT_NONE)
		name = texts_spell(texts, name, s->spelling);
	return name == TEXT_NONE ? NULL : sum_table_group(&s->sum, name, name, NULL);
}

static int batch(void *state, const struct report_batch *b)
{
	struct kern_sum *s = state;
	struct name_groups *names = names_of(s, b->process);
	int err = names ? sum_table_sites(&s->sum, b->sites) : -ENOMEM;

	for (uint32_t i = 0; i < b->sites && !err; i++) {
		uint64_t reference = report_static(b, NAME, i);
		struct sum_group *group = reference < names->count ? names->groups[reference] : NULL;

		if (!group) {
			group = new_name(s, b, reference);
			if (!group)
				return -ENOMEM;
			if (reference < names->count)
				names->groups[reference] = group;
		}
		s->sum.by_site[i] = group;
	}
	return err ? err : sum_table_add(&s->sum, b->site, b->column[DURATION].values, b->count, b->sites);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	struct kern_sum *s = state;

	(void)note;
	(void)note_size;
	sum_table_end(&s->sum, table);
	return 0;
}

static const struct report_need needs[] = {{EVENT_KERNEL, 2, fields}, {.kind = 0}};

const struct report report_cuda_gpu_kern_sum = {
	.name = "cuda_gpu_kern_sum",
	.old_name = "gpukernsum",
	.title = "CUDA GPU Kernel Summary",
	.arguments = "[:base|:mangled]",
	.data = "CUDA kernel data",
	.help = "One row a kernel. Time: its share of the time of all kernels. Total, average, median, "
		"smallest\n"
		"and largest duration, and standard deviation.\n"
		"  :base     by the function's own name, without scope, template arguments and parameters\n"
		"  :mangled  by the symbol",
	.needs = needs,
	.begin = begin,
	.batch = batch,
	.end = end,
	.free = free_state,
};
