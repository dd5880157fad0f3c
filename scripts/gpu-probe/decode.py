#!/usr/bin/env python3
"""Steps 2 and 7: a small decode loop in PyTorch, like a server's: eager steps, then the same step as a CUDA graph.

usage: decode.py [STEPS]    exit 77: no PyTorch, or it sees no GPU

The model has random weights; only the shape of its launches matters. Also the module that neighbours.py uses.
"""

import ctypes
import os
import sys


class Probe:
    """The injection library, if the driver loaded it into this process."""

    class Counts(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in (
            "records", "kernels", "copies", "graphs", "api", "other", "start_zero", "end_zero", "reversed",
            "dropped", "requested", "completed", "refused", "bytes", "callbacks")]

    def __init__(self):
        path = os.environ.get("CUDA_INJECTION64_PATH")
        self.library = ctypes.CDLL(path) if path else None
        if self.library:
            self.library.probe_do.restype = ctypes.c_int64

    def do(self, commands):
        """ns of the last command, or below 0 (see probe_client.h); 0 without the library."""
        return self.library.probe_do(commands.encode()) if self.library else 0

    def counts(self):
        counts = self.Counts()
        if self.library:
            self.library.probe_get_counts(ctypes.byref(counts))
        return counts


def import_torch():
    try:
        import torch
    except ImportError as error:
        print("no PyTorch: %s" % error)
        sys.exit(77)
    if not torch.cuda.is_available():
        print("PyTorch %s sees no GPU" % torch.__version__)
        sys.exit(77)
    return torch


class Decoder:
    """Some layers with a fixed-length cache; step() produces the next ids on the host, as a server needs them."""

    LAYERS, BATCH, HEADS, HEAD, CACHE, WORDS = 4, 8, 8, 64, 128, 4096

    def __init__(self, torch):
        self.torch = torch
        width = self.HEADS * self.HEAD

        def weight(*shape):
            return torch.randn(*shape, device="cuda", dtype=torch.bfloat16) * 0.02

        self.embedding = weight(self.WORDS, width)
        self.layers = [(weight(width, 3 * width), weight(width, width), weight(width, 4 * width),
                        weight(4 * width, width)) for _ in range(self.LAYERS)]
        cache = (self.LAYERS, 2, self.BATCH, self.HEADS, self.CACHE, self.HEAD)
        self.cache = torch.zeros(cache, device="cuda", dtype=torch.bfloat16)
        self.ids = torch.zeros(self.BATCH, device="cuda", dtype=torch.int64)
        self.host_ids = torch.zeros(self.BATCH, dtype=torch.int64, pin_memory=True)
        self.done = torch.cuda.Event()
        self.graph = None

    def _norm(self, x):
        return x * self.torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-5).to(x.dtype)

    def _forward(self):
        torch = self.torch
        x = self.embedding[self.ids]
        for layer, (qkv, out, up, down) in enumerate(self.layers):
            q, k, v = (self._norm(x) @ qkv).view(self.BATCH, 3, self.HEADS, 1, self.HEAD).unbind(1)
            self.cache[layer, 0, :, :, :1].copy_(k)
            self.cache[layer, 1, :, :, :1].copy_(v)
            attention = torch.nn.functional.scaled_dot_product_attention(q, self.cache[layer, 0],
                                                                         self.cache[layer, 1])
            x = x + attention.reshape(self.BATCH, -1) @ out
            x = x + torch.nn.functional.silu(self._norm(x) @ up) @ down
        self.ids.copy_((self._norm(x) @ self.embedding.t()).argmax(-1))

    def capture(self):
        """From here on step() replays a graph."""
        torch = self.torch
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            self._forward()
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self._forward()

    def step(self):
        if self.graph:
            self.graph.replay()
        else:
            self._forward()
        self.host_ids.copy_(self.ids, non_blocking=True)
        self.done.record()
        self.done.synchronize()


def start_cuda(torch):
    """Makes a context, and gives the commands in PROBE_AFTER, as the CUDA programs do."""
    torch.zeros(1, device="cuda")
    probe = Probe()
    probe.do(os.environ.get("PROBE_AFTER", ""))
    return probe


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    torch = import_torch()
    probe = start_cuda(torch)
    with torch.no_grad():
        probe.do("note part: build the model, 2 eager steps as warm-up")
        decoder = Decoder(torch)
        decoder.step()
        decoder.step()
        torch.cuda.synchronize()
        probe.do("clock")
        probe.do("note part: %d eager steps" % steps)
        for _ in range(steps):
            decoder.step()
        torch.cuda.synchronize()
        probe.do("note part: capture the step as a graph")
        decoder.capture()
        torch.cuda.synchronize()
        probe.do("note part: %d replayed steps" % steps)
        for _ in range(steps):
            decoder.step()
        torch.cuda.synchronize()
        probe.do("note part: end")
        probe.do("clock")
    print("torch=%s cuda=%s steps=%d" % (torch.__version__, torch.version.cuda, steps))
    return 0


if __name__ == "__main__":
    sys.exit(main())
