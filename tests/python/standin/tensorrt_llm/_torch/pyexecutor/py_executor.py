class PyExecutor:
    def _forward_step(self, scheduled_requests, new_tensors_device=None):
        return scheduled_requests
