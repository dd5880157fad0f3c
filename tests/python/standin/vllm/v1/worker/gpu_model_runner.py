"""Model runner V1: a dummy run does not go through execute_model()."""
import functools


def inference_mode(method):
    @functools.wraps(method)
    def decorate_context(*args, **kwargs):
        return method(*args, **kwargs)

    return decorate_context


class GPUModelRunner:
    @inference_mode
    def execute_model(self, scheduler_output, intermediate_tensors=None):
        """Run one step."""
        if scheduler_output is None:
            raise ValueError("no step")
        return scheduler_output if scheduler_output == "pooled" else None

    @inference_mode
    def sample_tokens(self, grammar_output):
        return "tokens"

    @inference_mode
    def _dummy_run(self, num_tokens):
        return num_tokens
