"""Model runner V2: a dummy run is execute_model(dummy_run=True)."""


class GPUModelRunner:
    def execute_model(self, scheduler_output, intermediate_tensors=None, dummy_run=False):
        return None

    def sample_tokens(self, grammar_output):
        return "tokens"

    def _dummy_run(self, num_tokens):
        self.execute_model(num_tokens, intermediate_tensors=None, dummy_run=True)
        return num_tokens
