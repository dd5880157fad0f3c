/*
 * nvtx_auto.c: names with their digits taken out, counted by depth.
 */
#include "libinject/nvtx_auto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuflight/event.h"
#include "libinject/iterations.h"
#include "libinject/nvtx_match.h"
#include "libinject/nvtx_text.h"

#define CANDIDATES 32u
#define THREADS	   32u
#define DEPTH	   4u /* deeper ones are not looked at */
#define HISTORY	   1024u
#define ENOUGH	   8u
#define AT_LEAST   3u		/* at the end of a program */
#define CHANCE_NS  2000000000ll /* for an outer range to repeat, too */

static const struct pattern engines[] = {
	/* tensorrt_llm/_torch/pyexecutor: one range a step of the executor, its number and batch in the name
	 */
	{.glob = "[Executor] _forward_step *", .domain = "TensorRT-LLM"},
	/* vLLM with VLLM_NVTX_SCOPES_FOR_PROFILING=1: the engine's step; in a worker process the runner's */
	{.glob = "core step: execute_model", .any_domain = true},
	{.glob = "gpu_model_runner: forward", .any_domain = true},
};

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

struct candidate {
	char glob[PATTERN_MAX];
	uint32_t domain, thread, depth, count, ended;
	int64_t first;
	struct {
		int64_t start, end;
	} history[HISTORY];
};

struct stack {
	uint32_t thread, depth;
	uint8_t open[DEPTH]; /* candidate + 1, 0: none */
};

static struct {
	struct nvtx_matcher engines[ENGINES];
	struct candidate candidates[CANDIDATES];
	struct stack stacks[THREADS];
	uint32_t candidate_count, stack_count;
} * state;

static struct pattern decided;
static char source[2 * PATTERN_MAX + 32];

void nvtx_auto_start(void)
{
	state = calloc(1, sizeof(*state)); /* a parent's is not touched */
	for (size_t i = 0; state && i < ENGINES; i++)
		nvtx_match_start(&state->engines[i], &engines[i]);
}

void nvtx_auto_stop(void)
{
	free(state);
	state = NULL;
}

/* A pattern for a name and its like: every run of digits may be another. */
static void generalise(char glob[PATTERN_MAX], const char *text, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (n >= PATTERN_MAX - 4) {
			if (glob[n - 1] != '*')
				glob[n++] = '*';
			break;
		}
		if (digit && n && glob[n - 1] == '*' && text[i - 1] >= '0' && text[i - 1] <= '9')
			continue;
		if (text[i] == '*' || text[i] == '?' || text[i] == '\\')
			glob[n++] = '\\';
		glob[n++] = digit ? '*' : text[i];
	}
	glob[n] = '\0';
}

static struct stack *stack_of(uint32_t thread)
{
	for (uint32_t i = 0; i < state->stack_count; i++)
		if (state->stacks[i].thread == thread)
			return &state->stacks[i];
	if (state->stack_count == THREADS)
		return NULL;
	state->stacks[state->stack_count].thread = thread;
	return &state->stacks[state->stack_count++];
}

/* The candidate's number + 1, or 0. */
static uint8_t find(const struct page_item *item, uint32_t thread, uint32_t depth, int64_t time)
{
	char glob[PATTERN_MAX];
	struct candidate *c;
	const char *text;
	size_t length;

	text = nvtx_match_text(item, &length);
	generalise(glob, text, length);
	for (uint32_t i = 0; i < state->candidate_count; i++) {
		c = &state->candidates[i];
		if (c->thread == thread && c->domain == item->record.domain && c->depth == depth &&
		    !strcmp(c->glob, glob))
			return (uint8_t)(i + 1);
	}
	if (state->candidate_count == CANDIDATES)
		return 0;
	c = &state->candidates[state->candidate_count++];
	strcpy(c->glob, glob);
	c->domain = item->record.domain;
	c->thread = thread;
	c->depth = depth;
	c->first = time;
	return (uint8_t)state->candidate_count;
}

static void push(const struct page_item *item, uint32_t thread, int64_t time)
{
	struct stack *s = stack_of(thread);
	struct candidate *c;

	if (!s)
		return;
	if (s->depth < DEPTH) {
		s->open[s->depth] = find(item, thread, s->depth, time);
		if (s->open[s->depth]) {
			c = &state->candidates[s->open[s->depth] - 1];
			if (c->count < HISTORY)
				c->history[c->count].start = time;
			c->count++;
		}
	}
	s->depth++;
}

/* The range that ended, or NULL. */
static struct candidate *pop(uint32_t thread, int64_t time)
{
	struct stack *s = stack_of(thread);
	struct candidate *c;

	if (!s || !s->depth || --s->depth >= DEPTH || !s->open[s->depth])
		return NULL;
	c = &state->candidates[s->open[s->depth] - 1];
	if (c->count && c->count <= HISTORY)
		c->history[c->count - 1].end = time;
	c->ended = c->count;
	return c;
}

static bool is_good(const struct candidate *c, int64_t now)
{
	if (c->ended < ENOUGH)
		return false;
	if (c->depth && now - c->first < CHANCE_NS)
		return false;
	for (uint32_t i = 0; i < state->candidate_count; i++)
		if (state->candidates[i].depth < c->depth && state->candidates[i].ended >= ENOUGH)
			return false;
	return true;
}

static const struct pattern *decide_candidate(const struct candidate *c)
{
	const struct nvtx_text *domain =
		c->domain ? nvtx_text_by_reference(STRING_NVTX_DOMAIN, c->domain) : NULL;
	uint32_t count = c->ended < HISTORY ? c->ended : HISTORY;

	memset(&decided, 0, sizeof(decided));
	strcpy(decided.glob, c->glob);
	if (domain)
		snprintf(decided.domain, sizeof(decided.domain), "%.*s", (int)domain->length, domain->bytes);
	snprintf(source, sizeof(source), "auto: nvtx:%s%s%s", decided.glob, domain ? "@" : "",
		 decided.domain);
	for (uint32_t i = 0; i < count; i++) {
		const struct iteration past = {.start = c->history[i].start,
					       .end = c->history[i].end,
					       .number = i,
					       .source = iterations_source(source)};

		iterations_add(c->thread, &past);
	}
	return &decided;
}

static const struct pattern *decide_engine(const struct page_item *item, uint32_t thread)
{
	for (size_t i = 0; i < ENGINES; i++) {
		uint32_t on = thread;

		if (nvtx_match(&state->engines[i], item, &on) != MATCH_BEGIN)
			continue;
		decided = engines[i];
		snprintf(source, sizeof(source), "auto: nvtx:%s%s%s", decided.glob,
			 decided.any_domain ? "" : "@", decided.domain);
		return &decided;
	}
	return NULL;
}

const struct pattern *nvtx_auto_see(const struct page_item *item, uint32_t thread, int64_t time,
				    const char **text)
{
	const struct pattern *found;
	struct candidate *c;

	if (!state)
		return NULL;
	*text = source;
	found = decide_engine(item, thread);
	if (found)
		return found;
	if (item->record.type == NVTX_PUSH)
		push(item, thread, time);
	if (item->record.type != NVTX_POP)
		return NULL;
	c = pop(thread, time);
	return c && is_good(c, time) ? decide_candidate(c) : NULL;
}

void nvtx_auto_finish(void)
{
	const struct candidate *best = NULL;

	for (uint32_t i = 0; state && i < state->candidate_count; i++) {
		const struct candidate *c = &state->candidates[i];

		if (!c->depth && c->ended >= AT_LEAST && (!best || c->ended > best->ended))
			best = c;
	}
	if (!best)
		return;
	decide_candidate(best);
	iterations_claim(RULE_NVTX, best->history[0].start);
}
