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

struct kern_sum {
	enum text_spelling spelling;
	struct sum_table sum;
	struct sum_group **by_name; /* by the number of the recorded name */
	uint32_t name_count;
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
	*state = s;
	return 0;
}

static struct sum_group *group_of(struct kern_sum *s, const struct report_batch *b, uint64_t reference)
{
	struct texts *texts = b->run->texts;
	uint32_t name = texts_resolve(texts, b->process, b->decoder, reference), spelled;

	if (name == TEXT_NONE)
		return NULL;
	if (name >= s->name_count) {
		uint32_t count = texts_count(texts) * 2;
		struct sum_group **grown = realloc(s->by_name, count * sizeof(*grown));

		if (!grown)
			return NULL;
		memset(grown + s->name_count, 0, (count - s->name_count) * sizeof(*grown));
		s->by_name = grown;
		s->name_count = count;
	}
	if (!s->by_name[name]) {
		spelled = texts_spell(texts, name, s->spelling);
		if (spelled != TEXT_NONE)
			s->by_name[name] = sum_table_group(&s->sum, spelled, spelled, NULL);
	}
	return s->by_name[name];
}

static int batch(void *state, const struct report_batch *b)
{
	struct kern_sum *s = state;
	int err = sum_table_sites(&s->sum, b->sites);

	for (uint32_t i = 0; i < b->sites && !err; i++) {
		s->sum.by_site[i] = group_of(s, b, report_static(b, NAME, i));
		err = s->sum.by_site[i] ? 0 : -ENOMEM;
	}
	return err ? err : sum_table_add(&s->sum, b->site, b->column[DURATION].values, b->count);
}

static int end(void *state, struct table *table, char *note, size_t note_size)
{
	struct kern_sum *s = state;

	(void)note;
	(void)note_size;
	sum_table_end(&s->sum, table);
	return 0;
}

static void free_state(void *state)
{
	struct kern_sum *s = state;

	sum_table_free(&s->sum);
	free(s->by_name);
	free(s);
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
