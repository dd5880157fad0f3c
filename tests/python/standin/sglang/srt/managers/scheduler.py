class Scheduler:
    def run_batch(self, batch, pp_proxy_tensors=None):
        return batch
