/*
 * engines.c: the table of known engines. docs/servers.md says which releases' sources were read for it, and
 * what counts as an iteration in each.
 */
#include "libinject/engines.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

const struct python_method engines[] = {
	{
		.engine = "vLLM",
		.module = "vllm.v1.worker.gpu_model_runner",
		.owner = "GPUModelRunner",
		.method = "execute_model",
		.last = "sample_tokens",
		.rank = 1,
	},
	{
		.engine = "vLLM",
		.module = "vllm.v1.worker.gpu.model_runner",
		.owner = "GPUModelRunner",
		.method = "execute_model",
		.last = "sample_tokens",
		.dummy = "dummy_run",
		.rank = 1,
	},
	{
		.engine = "SGLang",
		.module = "sglang.srt.managers.scheduler",
		.owner = "Scheduler",
		.method = "run_batch",
		.rank = 2,
	},
	{
		.engine = "TensorRT-LLM",
		.module = "tensorrt_llm._torch.pyexecutor.py_executor",
		.owner = "PyExecutor",
		.method = "_forward_step",
		.rank = 3,
	},
	/* Every engine above imports transformers too: hence last. */
	{
		.engine = "Hugging Face generate",
		.module = "transformers.generation.utils",
		.owner = "GenerationMixin",
		.method = "prepare_inputs_for_generation",
		.mark = true,
		.rank = 4,
	},
	{.module = NULL},
};

static int part(char *to, const char *from, size_t length)
{
	if (!length || length >= METHOD_NAME || from[0] == '.' || from[length - 1] == '.')
		return -EINVAL;
	memcpy(to, from, length);
	to[length] = '\0';
	return 0;
}

int python_method_parse(const char *text, char *module, char *owner, char *method)
{
	const char *colon = strchr(text, ':'), *dot = strrchr(text, '.');

	if (!colon || !dot || dot < colon || strchr(colon + 1, ':'))
		return -EINVAL;
	if (part(module, text, (size_t)(colon - text)) || part(owner, colon + 1, (size_t)(dot - colon - 1)) ||
	    part(method, dot + 1, strlen(dot + 1)))
		return -EINVAL;
	return 0;
}
