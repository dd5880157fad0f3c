class Scheduler:
    def run_batch(self, batch):
        return batch
