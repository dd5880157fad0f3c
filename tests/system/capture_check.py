#!/usr/bin/env python3
"""Compares a recording of some iterations with the simulated GPU's own log of all.

usage: capture_check.py FILE.cuft TRUTH PROGRAM.json FIRST-LAST[,FIRST-LAST] [--outside N] [--iterations S]
                        [--first NUMBER] [--windows N] [--source TEXT] [--ends]

Every API call that the program made in the iterations FIRST to LAST (as it says itself: PROGRAM.json), and all GPU
work launched by them, has to be in the file, once. --outside: how many records of the rest may be. --iterations:
how many us an ITERATION row may be off the program's own times (--ends: their ends only), by number; --first: the program's iteration that
the rows call 0. --windows: WINDOW rows, one a span. Prints every difference; exit 1 if there is one.
"""
import argparse
import bisect
import collections
import json
import os
import subprocess
import sys

p = argparse.ArgumentParser()
p.add_argument("file")
p.add_argument("truth")
p.add_argument("program")
p.add_argument("spans")
p.add_argument("--outside", type=int)
p.add_argument("--iterations", type=float)
p.add_argument("--ends", action="store_true")
p.add_argument("--first", type=int, default=0)
p.add_argument("--windows", type=int)
p.add_argument("--source")
args = p.parse_args()
problems = []


def expect(condition, what):
    if not condition:
        problems.append(what)


reader = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle", "format_reader.py")
rows = [json.loads(line) for line in
        subprocess.run([sys.executable, reader, args.file, "--json"], check=True, stdout=subprocess.PIPE).stdout.splitlines()]
truth = [json.loads(line) for line in open(args.truth)]
program = json.load(open(args.program))["iterations"]

# The log's times are CLOCK_REALTIME, the program's and the recording's CLOCK_MONOTONIC: the recording's own samples of
# both, taken ten times a second, join them better than two clocks read here, now.
samples = sorted((r["realtime"], r["start"] - r["realtime"]) for r in rows if r["kind"] == "clock")
stamps = [realtime for realtime, _ in samples]
for t in truth:
    if "api" in t:
        shift = samples[max(0, bisect.bisect(stamps, t["start"]) - 1)][1]
        t["start"], t["end"] = t["start"] + shift, t["end"] + shift

spans = [tuple(map(int, span.split("-"))) for span in args.spans.split(",") if span]
spans = [(program[a]["start"], program[b]["end"]) for a, b in spans]

calls = {t["corr"]: t for t in truth if "api" in t and not t["inner"]}
wanted = {c for c, t in calls.items() if any(a <= t["start"] and t["end"] <= b for a, b in spans)}
expect(wanted or not spans, "the program did nothing in its iterations")

GPU = ("kernel", "memcpy", "memset")
did = collections.Counter(("api", c, 0) for c in wanted)
did.update((t["kind"], t["corr"], t["end"] - t["start"]) for t in truth if t.get("kind") in GPU and t["corr"] in wanted)
recorded = collections.Counter(("api", r["correlation"], 0) for r in rows if r["kind"] == "api")
recorded.update((r["kind"], r["correlation"], r["duration"]) for r in rows if r["kind"] in GPU)
missing = did - recorded
expect(not missing, f"{sum(missing.values())} of {sum(did.values())} records missing, first {next(iter(missing), None)}")
outside = recorded - did
print(f"wanted {sum(did.values())} kept {sum(recorded.values())} outside {sum(outside.values())}")
if args.outside is not None:
    expect(sum(outside.values()) <= args.outside, f"{sum(outside.values())} records outside, allowed are {args.outside}")

iterations = [r for r in rows if r["kind"] == "iteration"]
if args.iterations is not None:
    expect(sorted(r["number"] for r in iterations) == list(range(len(program) - args.first)),
           f"{len(iterations)} ITERATION rows for {len(program) - args.first} iterations")
    worst = 0
    for r in iterations:
        own = program[r["number"] + args.first]
        worst = max(worst, abs(r["start"] + r["duration"] - own["end"]))
        if not args.ends:
            worst = max(worst, abs(r["start"] - own["start"]))
        made = [c for c, t in calls.items() if r["start"] <= t["start"] < r["start"] + r["duration"]]
        got = r["correlation_first"], r["correlation_last"]
        expect(got == (min(made), max(made)) or got == (0, 0),
               f"iteration {r['number']}: correlation {got}, made {min(made)} to {max(made)}")
    print(f"iterations at most {worst / 1000:.1f} us off")
    expect(worst <= args.iterations * 1000, f"an ITERATION row is {worst / 1000} us off")
if args.source:
    expect({r["source"] for r in iterations} == {args.source}, f"sources {({r['source'] for r in iterations})}")
if args.windows is not None:
    windows = [r for r in rows if r["kind"] == "window"]
    expect(len(windows) == args.windows, f"{len(windows)} windows, not {args.windows}")
    expect([w["number"] for w in windows] == list(range(len(windows))), "windows are not numbered")
for problem in problems[:20]:
    print(problem)
sys.exit(bool(problems))
