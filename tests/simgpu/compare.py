#!/usr/bin/env python3
"""Compares what a CUPTI client recorded with the simulated GPU's truth log, both ways: every operation that was
launched has exactly one record with the same fields, and nothing was recorded that was not launched.

usage: compare.py TRUTH CLIENT [--lossy]     CLIENT: the output of client/cupti_trace.c
--lossy: records may be missing or have no times; what there is must still be true. Exit 1 tells of differences."""
import json
import sys
from collections import Counter


def truth(path):
    ops, calls, records = {}, [], Counter()
    for line in open(path, "rb"):
        line = line.rstrip(b"\0\n")
        if not line:
            continue
        t = json.loads(line)
        if "op" in t:
            ops[t["op"]] = t
        elif "api" in t:
            calls.append(t)
        elif "record" in t:
            records[t["record"], t["how"]] += 1
    return ops, calls, records


def client(path):
    """Lines `WORD key=value ...`; a name with blanks comes last or not at all."""
    out = []
    for line in open(path, errors="replace"):
        word, *fields = line.split()
        out.append((word, dict(f.split("=", 1) for f in fields if "=" in f)))
    return out


def op_key(t):
    base = (t["corr"], t["dev"], t["ctx"], t["stream"], t["node"], t["graph"])
    if t["kind"] == "kernel":
        return ("KERNEL", t["name"], tuple(t["grid"]), tuple(t["block"])) + base
    if t["kind"] == "memset":
        return ("MEMSET", t["value"], t["bytes"]) + base
    if t["copy"] == 10:  # peer: CUPTI's record says which devices instead of which context
        return ("MEMCPY2", t["bytes"], t["corr"], t["stream"], t["node"], t["graph"])
    return ("MEMCPY", t["copy"], t["src"], t["dst"], t["bytes"]) + base


def record_key(word, f):
    n = {k: int(v) for k, v in f.items() if v.lstrip("-").isdigit()}
    if word == "MEMCPY2":
        return ("MEMCPY2", n["bytes"], n["corr"], n["stream"], n["node"], n["graph"])
    base = tuple(n[k] for k in ("corr", "dev", "ctx", "stream", "node", "graph"))
    if word == "KERNEL":
        grid, block = (tuple(int(x) for x in f[k].split(",")) for k in ("grid", "block"))
        return ("KERNEL", f["name"], grid, block) + base
    if word == "MEMSET":
        return ("MEMSET", n["value"], n["bytes"]) + base
    return ("MEMCPY", n["copy"], n["src"], n["dst"], n["bytes"]) + base


def differences(a, b, what):
    n = 0
    for key, count in (a - b).items():
        n += 1
        if n <= 5:
            print(f"compare: {what}: {count} x {key}")
    return n


def callbacks(lines):
    """Where the client subscribed: calls nest, and every graph node in a record was announced as a clone of a node
    that had been announced as created."""
    stacks, created, cloned, bad = {}, set(), {}, 0
    announced = any(w == "API" for w, _ in lines)
    for word, f in lines:
        if word == "API":
            stack = stacks.setdefault(f["tid"], [])
            if f["site"] == "enter":
                stack.append((f["fn"], f["corr"]))
            elif not stack or stack.pop() != (f["fn"], f["corr"]):
                print("compare: callbacks do not nest at", f)
                bad += 1
        elif word == "RESOURCE" and f["cbid"] == "13":
            created.add(f["node"])
        elif word == "RESOURCE" and f["cbid"] == "20":
            cloned[f["node"]] = f["original"]
            if f["original"] not in created:
                print("compare: cloned from a node never created", f)
                bad += 1
    for tid, stack in stacks.items():
        if stack:
            print("compare: never left:", tid, stack)
            bad += 1
    for word, f in lines:
        if announced and f.get("node", "0") != "0" and word != "RESOURCE" and f["node"] not in cloned:
            print("compare: a record's node was never announced", f)
            bad += 1
    return bad


def main():
    lossy = "--lossy" in sys.argv
    ops, calls, records = truth(sys.argv[1])
    lines = client(sys.argv[2])
    bad = 0
    want, got = Counter(), Counter()
    for t in ops.values():
        if t["kind"] in ("kernel", "memcpy", "memset"):
            want[op_key(t) + ((t["start"], t["end"]) if not lossy else ())] += 1
            if not t["submit"] <= t["start"] < t["end"]:
                print("compare: impossible times", t)
                bad += 1
    for word, f in lines:
        if word in ("KERNEL", "MEMCPY", "MEMCPY2", "MEMSET"):
            got[record_key(word, f) + ((int(f["start"]), int(f["end"])) if not lossy else ())] += 1
        elif word == "ERROR":
            print("compare: the client reports", f)
            bad += 1
    if not lossy:
        bad += differences(want, got, "launched, not recorded")
    bad += differences(got, want, "recorded, not launched")

    # API calls: those a program made itself; what the runtime does on their behalf is not recorded.
    want_calls = Counter((t["domain"], t["cbid"], t["corr"], t["start"], t["end"], t["ret"]) for t in calls if not t["inner"])
    got_calls = Counter((w.lower(), *(int(f[k]) for k in ("cbid", "corr", "start", "end", "ret")))
                        for w, f in lines if w in ("RUNTIME", "DRIVER"))
    if got_calls:
        if not lossy:
            bad += differences(want_calls, got_calls, "called, not recorded")
        bad += differences(got_calls, want_calls, "recorded, not called")
    bad += callbacks(lines)
    for (op, how), n in records.items():
        if n != 1:
            print(f"compare: operation {op} was delivered {n} times ({how})")
            bad += 1
    print(f"compare: {sum(want.values())} operations, {sum(got.values())} records, "
          f"{sum(got_calls.values())} API records, {bad} differences")
    sys.exit(1 if bad or not got else 0)


main()
