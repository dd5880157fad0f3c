class GenerationMixin:
    def prepare_inputs_for_generation(self, input_ids, **kwargs):
        return {"input_ids": input_ids}

    def generate(self, tokens):
        for _ in range(tokens):
            self.prepare_inputs_for_generation([0])
