#!/usr/bin/env python3
"""Computes the table of iterations again from the whole export of a recording of make_trace's.

usage: iterations_sums.py CUFLIGHT FILE.cuft
"""
import collections
import csv
import io
import json
import sqlite3
import subprocess
import sys

cuflight, recording = sys.argv[1:]
problems = []
EACH = 60  # kernels an iteration


def run(*arguments):
    return subprocess.run([cuflight, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True).stdout


def expect(what, got, want):
    if got != want:
        problems.append(f"{what}: got {str(got)[:200]}, want {str(want)[:200]}")


def near(what, got, want, tolerance):
    if abs(got - want) > tolerance:
        problems.append(f"{what}: got {got}, want {want}")


run("export", "--to", "sqlite", "--force", "-o", "whole.sqlite", recording)
db = sqlite3.connect("whole.sqlite")
names = dict(db.execute("SELECT id, value FROM StringIds"))
calls = [(start, end, tid >> 24 & 0xffffff, tid & 0xffffff, correlation, names[name])
         for start, end, tid, correlation, name in db.execute("SELECT start, end, globalTid, correlationId, nameId FROM CUPTI_ACTIVITY_KIND_RUNTIME")]
kernels = [(pid >> 24 & 0xffffff, correlation, start, end, names[name])
           for pid, correlation, start, end, name in db.execute("SELECT globalPid, correlationId, start, end, shortName FROM CUPTI_ACTIVITY_KIND_KERNEL")]
copies = [(pid >> 24 & 0xffffff, correlation, start, end, kind, size)
          for pid, correlation, start, end, kind, size in db.execute("SELECT globalPid, correlationId, start, end, copyKind, bytes FROM CUPTI_ACTIVITY_KIND_MEMCPY")]
table = list(csv.DictReader(io.StringIO(run("iterations", "-f", "csv", recording))))
expect("as json", [r["wall_ms"] for r in json.loads(run("iterations", "-f", "json", recording))], [float(r["wall_ms"]) for r in table])
expect("iterations", [(r["iter"], r["rank"]) for r in table], [(str(n), str(p)) for p in range(2) for n in range(50)])


def union(spans):
    busy, until = 0, 0
    for start, end in sorted(spans):
        busy += max(0, end - max(start, until))
        until = max(until, end)
    return busy


taken = collections.Counter()
for row in table:
    pid, n = int(row["pid"]), int(row["iter"])
    start, wall = round(float(row["start_ms"]) * 1e6), round(float(row["wall_ms"]) * 1e6)
    what = f"iteration {n} of {pid}"
    launched = range(n * EACH, (n + 1) * EACH)
    # Other threads' calls by time. Edges are 1 us from the first call and 2 from the last; start_ms is rounded to 1.
    mine = [c for c in calls if c[2] == pid and start - 500 <= c[0] < start + wall + 500]
    ids = {c[4] for c in mine}
    expect(f"{what}: launches", {c & 0xffffffff for c in ids if (c & 0xffffffff) <= 3000}, {i + 1 for i in launched})
    work = [k for k in kernels if k[0] == pid and k[1] in ids]
    moved = [c for c in copies if c[0] == pid and c[1] in ids]
    taken["kernels"] += len(work)
    taken["copies"] += len(moved)
    expect(f"{what}: kernels", int(row["n_kernels"]), EACH)
    expect(f"{what}: kernels in the export", len(work), EACH)
    expect(f"{what}: to the device", int(row["h2d_bytes"]), sum(c[5] for c in moved if c[4] in (1, 3)))
    expect(f"{what}: from the device", int(row["d2h_bytes"]), sum(c[5] for c in moved if c[4] in (2, 4)))
    near(f"{what}: calls", float(row["api_ms"]), sum(c[1] - c[0] for c in mine) / 1e6, 0.0006)
    near(f"{what}: waits", float(row["sync_ms"]), sum(c[1] - c[0] for c in mine if "Synchronize" in c[5]) / 1e6, 0.0006)
    times = collections.Counter()
    for k in work:
        times[k[4]] += k[3] - k[2]
    expect(f"{what}: largest kernel", times[row["top_kernel"]], max(times.values()))
    busy = union([(k[2], k[3]) for k in work] + [(c[2], c[3]) for c in moved])
    near(f"{what}: busy", float(row["gpu_busy_%"]), 100 * busy / wall, 0.4)
    near(f"{what}: idle", float(row["idle_ms"]), max(0, wall - busy) / 1e6, 0.002)


def selected(*arguments):
    out = csv.DictReader(io.StringIO(run("report", "-r", "cuda_gpu_trace", "-f", "csv", *arguments, recording)))
    return collections.Counter("copies" if r["Name"].startswith("[CUDA memcpy") else "kernels" for r in out)


expect("iterations 10 to 19", selected("--iterations", "10-19")["kernels"], 2 * 10 * EACH)
expect("of one process", selected("--iterations", "10-19@1")["kernels"], 10 * EACH)
expect("of no process", selected("--iterations", "10-19@77"), {})
expect("all iterations", selected("--iterations", "0-"), taken)
parts = collections.Counter()
for n in range(50):
    parts += selected("--iterations", str(n))
expect("the parts", parts, taken)
expect("everything", selected("--all"), {"kernels": 6000, "copies": 600})

for problem in problems[:20]:
    print(problem)
sys.exit(bool(problems))
