#!/usr/bin/env python3
"""Runs NVIDIA's own sample of a CUPTI client in Python, unchanged, on the simulated GPU: simgpu_foreign_client.py SAMPLE.
Only what the sample takes from the GPU's compiler is given to it: no NVRTC is needed to launch a kernel that computes
nothing, and the architecture is asked of the static runtime, which no simulation reaches."""
import os
import sys
from types import SimpleNamespace

import cupti

samples = os.path.join(os.path.dirname(os.path.dirname(cupti.__file__)), "cupti-python-samples")
sys.path.insert(0, samples)
import CuptiVectorAddDrv as sample  # noqa: E402

OK = sample.nvrtc.nvrtcResult.NVRTC_SUCCESS
sample.get_gpu_architecture = lambda device: b"--gpu-architecture=compute_90"
sample.nvrtc = SimpleNamespace(nvrtcCreateProgram=lambda *a: (OK, 1), nvrtcCompileProgram=lambda *a: (OK,),
                               nvrtcGetPTXSize=lambda *a: (OK, 64), nvrtcGetPTX=lambda *a: (OK,))
# The sample checks its sum, and the simulated GPU has not added: its last word must be that the sum is wrong.
sys.exit(0 if sample.main(["--profile", "--output", "detailed"] + sys.argv[1:]) == -1 else 1)
