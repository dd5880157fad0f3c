#!/usr/bin/env python3
"""Compares what was recorded with what was done, three ways, record by record.

usage: spine_check.py FILE.cuft CUFLIGHT TRUTH_DIR JSON_DIR

TRUTH_DIR/PID.jsonl is the simulated GPU's own log of each process, JSON_DIR/PID.json what `decode --json` says it did. The recording is read
by tests/oracle/format_reader.py (which knows only docs/format.md) and by CUFLIGHT's reports. Prints each difference; exit 1 if there is one.
"""
import collections
import csv
import io
import json
import os
import re
import subprocess
import sys

COPIES = {1: "HtoD", 2: "DtoH", 8: "DtoD", 10: "PtoP"}
problems = []


def expect(what, got, want):
    if got != want:
        problems.append(f"{what}: got {got}, want {want}")


def expect_same(what, got, want):
    """Two Counters."""
    if got != want:
        missing, extra = want - got, got - want
        problems.append(f"{what}: {sum(missing.values())} missing, {sum(extra.values())} too many; "
                        f"first missing {next(iter(missing), None)}, first extra {next(iter(extra), None)}")


def recorded_gpu(r):
    common = (r["device"], r["context"], r["stream"], r["correlation"], r["graph_node"], r["graph_exec"], r["duration"])
    if r["kind"] == "kernel":
        return ("kernel", r["name"], r["grid_x"], r["grid_y"], r["grid_z"], r["block_x"], r["block_y"], r["block_z"]) + common
    if r["kind"] == "memcpy":
        return ("memcpy", r["copy_kind"], r["bytes"]) + common
    return ("memset", r["value"], r["bytes"]) + common


def true_gpu(t):
    common = (t["dev"], t["ctx"], t["stream"], t["corr"], t["node"], t["graph"], t["end"] - t["start"])
    if t["kind"] == "kernel":
        return ("kernel", t["name"], *t["grid"], *t["block"]) + common
    if t["kind"] == "memcpy":
        return ("memcpy", t["copy"], t["bytes"]) + common
    return ("memset", t["value"], t["bytes"]) + common


def check_truth(pid, rows, truth):
    """Every operation of the GPU, and every API call, exactly; starts up to one shift of the clock."""
    ops = [t for t in truth if t.get("kind") in ("kernel", "memcpy", "memset")]
    gpu = [r for r in rows if r["kind"] in ("kernel", "memcpy", "memset")]
    expect_same(f"{pid} GPU work against the truth log", collections.Counter(map(recorded_gpu, gpu)),
                collections.Counter(map(true_gpu, ops)))
    calls = [t for t in truth if "api" in t and not t["inner"]]  # CUPTI reports the outer call
    api = [r for r in rows if r["kind"] == "api"]
    expect_same(f"{pid} API calls against the truth log",
                collections.Counter((r["api"], r["callback"], r["correlation"], r["thread"], r["return_value"], r["duration"]) for r in api),
                collections.Counter((1 if t["domain"] == "driver" else 2, t["cbid"], t["corr"], t["tid"], t["ret"], t["end"] - t["start"])
                                    for t in calls))
    shifts = []
    starts = {recorded_gpu(r): r["start"] for r in gpu}
    for t in ops:
        if true_gpu(t) in starts:
            shifts.append(t["start"] - starts[true_gpu(t)])
    if shifts and max(shifts) - min(shifts) > 100_000:
        problems.append(f"{pid} starts wander against the truth log by {max(shifts) - min(shifts)} ns")


def check_program(pid, rows, done):
    """What the program says it did."""
    kernels = collections.Counter(r["name"] for r in rows if r["kind"] == "kernel")
    expect_same(f"{pid} launches a kernel", kernels, collections.Counter({k["mangled"]: k["total"] for k in done["kernels"] if k["total"]}))
    copies = collections.Counter(COPIES[r["copy_kind"]] for r in rows if r["kind"] == "memcpy")
    copies["memset"] = sum(r["kind"] == "memset" for r in rows)
    expect_same(f"{pid} copies", copies, collections.Counter({c["kind"]: c["total"] for c in done["copies"]}))
    size = collections.Counter()
    for r in rows:
        if r["kind"] in ("memcpy", "memset"):
            size[COPIES[r["copy_kind"]] if r["kind"] == "memcpy" else "memset"] += r["bytes"]
    expect_same(f"{pid} bytes", size, collections.Counter({c["kind"]: c["bytes"] for c in done["copies"]}))
    kinds = {1: "push", 3: "start", 5: "mark"}
    ranges = collections.Counter((r["domain"] or "", r["name"], kinds[r["type"]]) for r in rows if r["kind"] == "nvtx" and r["type"] in kinds)
    expect_same(f"{pid} NVTX", ranges, collections.Counter({(n["domain"], n["text"], n["type"]): n["count"] for n in done["nvtx"]}))
    calls = collections.Counter(re.sub(r"^__|_v\d+$|_ptsz$", "", r["name"]) for r in rows if r["kind"] == "api" and r["api"] == 2)
    for name, count in done["api"].items():
        if name != "cudaGetLastError":
            expect(f"{pid} calls of {name}", calls[name], count)
    graph_launches = {r["correlation"] for r in rows if r["kind"] == "kernel" and r["graph_node"]}
    expect(f"{pid} graph launches", len(graph_launches), done["graph_launches"])


def report(cuflight, path, name):
    out = subprocess.run([cuflight, "report", "-r", name, "--format", "csv", path], check=True, capture_output=True, text=True).stdout
    lines = out.splitlines()
    begin = next((i for i, line in enumerate(lines) if "," in line), None)
    return [] if begin is None else list(csv.DictReader(io.StringIO("\n".join(lines[begin:]))))


def check_reports(path, cuflight, rows):
    """The product's tables against the independent reader."""
    kernels, times = collections.Counter(), collections.Counter()
    for r in rows:
        if r["kind"] == "kernel":
            kernels[r["name"]] += 1
            times[r["name"]] += r["duration"]
    table = report(cuflight, path, "cuda_gpu_kern_sum:mangled")
    expect_same("cuda_gpu_kern_sum instances", collections.Counter({t["Name"]: int(t["Instances"]) for t in table}), kernels)
    expect_same("cuda_gpu_kern_sum total time", collections.Counter({t["Name"]: int(t["Total Time (ns)"]) for t in table}), times)
    expect("cuda_gpu_trace rows", len(report(cuflight, path, "cuda_gpu_trace")),
           sum(r["kind"] in ("kernel", "memcpy", "memset") for r in rows))


def main():
    path, cuflight, truth_dir, json_dir = sys.argv[1:]
    reader = os.path.join(os.path.dirname(__file__), "..", "oracle", "format_reader.py")
    out = subprocess.run([sys.executable, reader, path, "--json"], capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"format_reader.py: exit {out.returncode}: {out.stderr}")
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    pids, by_process = {}, collections.defaultdict(list)
    for r in rows:
        by_process[r["process"]].append(r)
        if r["kind"] == "fact" and r["key"] == "pid":
            pids[r["process"]] = int(r["value"])
        if r["kind"] == "loss" and r["count"]:
            problems.append(f"lost {r['count']} by cause {r['cause']}")
        if r["kind"] == "lost":
            problems.append(f"a LOST record: {r}")
    recorded = 0
    for process, pid in pids.items():
        mine = by_process[process]
        if not any(r["kind"] == "kernel" for r in mine):
            continue
        recorded += 1
        with open(os.path.join(truth_dir, f"{pid}.jsonl")) as f:
            check_truth(pid, mine, [json.loads(line) for line in f])
        with open(os.path.join(json_dir, f"{pid}.json")) as f:
            check_program(pid, mine, json.load(f))
    expect("processes with GPU work", recorded, len(os.listdir(json_dir)))
    check_reports(path, cuflight, rows)
    for p in problems[:20]:
        print(p)
    print(f"{recorded} processes, {sum(r['kind'] == 'kernel' for r in rows)} kernels compared, {len(problems)} differences")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
