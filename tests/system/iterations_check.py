#!/usr/bin/env python3
"""Compares what is selected by iteration with what was launched in it.

usage: iterations_check.py CUFLIGHT FILE.cuft TRUTH.jsonl DONE.json

DONE.json is what `decode --json` says it did, TRUTH.jsonl the simulated GPU's own log: the calls that started between an iteration's start and end
on the program's one thread, and the GPU work with their correlation ids. Prints each difference; exit 1 if there is one.
"""
import collections
import csv
import io
import json
import sqlite3
import subprocess
import sys
import time

cuflight, recording, truth_file, done_file = sys.argv[1:]
truth = [json.loads(line) for line in open(truth_file)]
done = json.load(open(done_file))
NVTX = ["--nvtx", "iteration *"]
problems = []


def run(*arguments):
    result = subprocess.run([cuflight, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit(f"{arguments}: exit {result.returncode}: {result.stderr}")
    return result.stdout


def rows(*arguments):
    return list(csv.DictReader(io.StringIO(run(*arguments, "-f", "csv", recording))))


def work(*selection):
    """(correlation, duration) of all GPU work selected."""
    return collections.Counter((int(r["CorrId"]), int(r["Duration (ns)"])) for r in rows("report", "-r", "cuda_gpu_trace", *selection))


def expect(what, got, want):
    if got != want:
        problems.append(f"{what}: got {str(got)[:300]}, want {str(want)[:300]}")


def expect_work(what, got, want):
    if got != want:
        problems.append(f"{what}: {sum((want - got).values())} missing, {sum((got - want).values())} too many")


def started_in(first, last):
    """Correlation ids of the calls that the program made from the start of one iteration to the end of another; it makes none between."""
    own = {t["tid"] for t in truth if "api" in t and not t["inner"]}
    if len(own) != 1:
        sys.exit(f"calls of several threads: {own}")
    spans = [(i["start"], i["end"]) for i in done["iterations"][first:last + 1]]
    return {t["corr"] for t in truth if "api" in t and not t["inner"] and any(a <= t["start"] + shift < b for a, b in spans)}


def launched(calls):
    return collections.Counter((t["corr"], t["end"] - t["start"]) for t in truth
                               if t.get("kind") in ("kernel", "memcpy", "memset") and t["corr"] in calls)


def clock_shift():
    """What to add to the log's CLOCK_REALTIME for the program's CLOCK_MONOTONIC: about what the clocks say now, and so that every iteration begins
    between the last call of the one before, which is cudaGetLastError, and its own first."""
    before, real, after = (time.clock_gettime_ns(c) for c in (time.CLOCK_MONOTONIC, time.CLOCK_REALTIME, time.CLOCK_MONOTONIC))
    about = (before + after) // 2 - real
    calls = sorted((t for t in truth if "api" in t and not t["inner"]), key=lambda t: t["start"])
    firsts = [n for n in range(1, len(calls)) if calls[n - 1]["api"] == "cudaGetLastError"]
    least, most = about - 100_000, about + 100_000
    for iteration in done["iterations"][1:]:
        first = min(firsts, key=lambda n: abs(calls[n]["start"] + about - iteration["start"]))
        least = max(least, iteration["start"] - calls[first]["start"])
        most = min(most, iteration["start"] - calls[first - 1]["start"] - 1)
    if least > most:
        sys.exit(f"the clocks do not agree: about {about}, from {least} to {most}")
    return least


shift = clock_shift()
count = len(done["iterations"])
whole = work("--all")
expect_work("everything", whole, launched({t["corr"] for t in truth if "api" in t}))

parts = collections.Counter()
table = rows("iterations", *NVTX)
expect("rows of the table", len(table), count)
for n in range(count):
    want = launched(started_in(n, n))
    got = work("--iterations", str(n), *NVTX)
    if not want:
        sys.exit(f"iteration {n}: nothing launched in it, by the truth log: the clocks do not agree")
    expect_work(f"iteration {n}", got, want)
    expect_work(f"iteration {n} as recorded", work("--iterations", str(n)), want)
    names = {(t["corr"], t["end"] - t["start"]) for t in truth if t.get("kind") == "kernel"}
    expect(f"kernels of iteration {n} in the table", int(table[n]["n_kernels"]), sum(c for w, c in got.items() if w in names))
    parts += got
expect_work("iterations 10 to 19", work("--iterations", "10-19", *NVTX), launched(started_in(10, 19)))
expect_work("all iterations", work("--iterations", "0-", *NVTX), parts)
outside = launched({t["corr"] for t in truth if "api" in t} - started_in(0, count - 1))
expect_work("iterations and what is outside", parts + outside, whole)
expect("iterations that are not there", sum(work("--iterations", f"{count}-", *NVTX).values()), 0)

# The export has the same part.
run("export", "--to", "sqlite", "--force", "-o", "part.sqlite", "--iterations", "10-19", *NVTX, recording)
db = sqlite3.connect("part.sqlite")
got = collections.Counter()
for name in ("KERNEL", "MEMCPY", "MEMSET"):
    if db.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (f"CUPTI_ACTIVITY_KIND_{name}",)).fetchone()[0]:
        got += collections.Counter(db.execute(f"SELECT correlationId & 0xffffffff, end - start FROM CUPTI_ACTIVITY_KIND_{name}").fetchall())
expect_work("iterations 10 to 19 in the export", got, launched(started_in(10, 19)))
calls = {r[0] & 0xffffffff for r in db.execute("SELECT correlationId FROM CUPTI_ACTIVITY_KIND_RUNTIME")}
expect("calls of iterations 10 to 19 in the export", calls, started_in(10, 19))

for problem in problems[:20]:
    print(problem)
sys.exit(bool(problems))
