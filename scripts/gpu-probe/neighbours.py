#!/usr/bin/env python3
"""Step 7: torch.profiler and this probe in one process: what each side sees, in one order of events a run.

usage: neighbours.py CASE    exit 77: no PyTorch, or it sees no GPU
  alone      no probe: torch.profiler off, on, off, on, off
  holding    the probe records and holds the subscription; torch.profiler on, off
  callbacks  the probe holds the subscription and records nothing; torch.profiler on, off
  buffers    the probe records without a subscription; torch.profiler on, off
  yielding   the probe records, gives way before torch.profiler starts, and takes up again after it stopped
  late       torch.profiler is on when the probe arms itself; then it stops
Every phase runs the same 10 eager steps; how many kernels those have, `alone` says (torch.profiler's count).
"""

import sys
import time

from decode import Decoder, import_torch, start_cuda

STEPS = 10
RECORD = "arm; register; enable 10,1,2"
SUBSCRIBE = "arm; subscribe; callbacks 2:211"


class Session:
    """Runs phases of STEPS eager steps and prints what both sides got in each."""

    def __init__(self, case):
        self.torch = import_torch()
        self.case = case
        self.probe = start_cuda(self.torch)
        self.decoder = Decoder(self.torch)
        self.kernels = 0
        self.armed = False
        self.profiler = None
        self._steps()

    def _steps(self):
        with self.torch.no_grad():
            for _ in range(STEPS):
                self.decoder.step()
        self.torch.cuda.synchronize()

    def probe_do(self, commands):
        self.armed = True
        for command in commands.split(";"):
            result = self.probe.do(command.strip())
            print("case %s: probe: %s -> %s" % (self.case, command.strip(), "ok" if result >= 0 else result))

    def start_profiler(self):
        activities = self.torch.profiler.ProfilerActivity
        start = time.monotonic()
        self.profiler = self.torch.profiler.profile(activities=[activities.CPU, activities.CUDA])
        self.profiler.start()
        print("case %s: torch.profiler starts in %.1f ms" % (self.case, (time.monotonic() - start) * 1e3))

    def stop_profiler(self):
        """Prints how many GPU events the profiler has of everything since it was started."""
        start = time.monotonic()
        self.profiler.stop()
        stopped = time.monotonic() - start
        cuda = self.torch.autograd.DeviceType.CUDA
        events = [event for event in self.profiler.events() if event.device_type == cuda]
        print("case %s: torch.profiler stops in %.1f ms with %d GPU events" % (self.case, stopped * 1e3, len(events)))
        self.profiler = None

    def phase(self, name):
        start = time.monotonic()
        self._steps()
        ms = (time.monotonic() - start) * 1e3 / STEPS
        if self.armed:
            self.probe.do("flush 0")
        counts = self.probe.counts()
        print("case %s: phase %s: %.3f ms a step, the probe received %d kernels, %d callbacks so far" % (
            self.case, name, ms, counts.kernels - self.kernels, counts.callbacks))
        self.kernels = counts.kernels


def profiled(session, name):
    session.start_profiler()
    session.phase(name)
    session.stop_profiler()


def alone(session):
    session.phase("never profiled")
    for cycle in (1, 2):
        profiled(session, "profiler on, time %d" % cycle)
        session.phase("profiler off, time %d" % cycle)


def beside(session, commands):
    session.phase("before the probe")
    session.probe_do(commands)
    session.phase("probe alone")
    for cycle in (1, 2):
        profiled(session, "both on, time %d" % cycle)
        session.phase("profiler off again, time %d" % cycle)
    session.probe_do("disable 10,1,2; register; enable 10,1,2")
    session.phase("probe registered and enabled again")


def yielding(session):
    session.probe_do(SUBSCRIBE + "; " + RECORD)
    session.phase("probe alone")
    for cycle in (1, 2):
        session.probe_do("disable 10,1,2; flush 1; unsubscribe")
        profiled(session, "probe has given way, time %d" % cycle)
        session.probe_do("subscribe; register; enable 10,1,2")
        session.phase("probe has taken up again, time %d" % cycle)


def late(session):
    session.start_profiler()
    session.phase("profiler alone")
    session.probe_do(SUBSCRIBE)
    session.phase("profiler on, probe has asked for the subscription")
    session.probe_do(RECORD)
    session.phase("profiler on, probe records")
    session.stop_profiler()
    session.phase("profiler stopped")
    session.probe_do("subscribe; register; enable 10,1,2")
    session.phase("profiler stopped, probe has asked again")


CASES = {
    "alone": alone,
    "holding": lambda session: beside(session, SUBSCRIBE + "; " + RECORD),
    "callbacks": lambda session: beside(session, SUBSCRIBE),
    "buffers": lambda session: beside(session, RECORD),
    "yielding": yielding,
    "late": late,
}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in CASES:
        print("usage: neighbours.py %s" % "|".join(CASES), file=sys.stderr)
        return 2
    CASES[sys.argv[1]](Session(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
