#!/usr/bin/env python3
"""Kills a program at random moments and compares its recording with the simulated GPU's truth log.

usage: kill_program.py ROUNDS [SEED]     (CUFLIGHT_BUILD and CUFLIGHT_ROOT set; works in the current directory)

In every round `cuflight run` records examples/decode on the simulated GPU, and the program is killed with SIGKILL after a random time. Then
every record of GPU work that CUPTI had delivered, finished, before that is in the file exactly once, under its own name, or counted as lost
or unnamed; nothing is in the file that was not done; no API call and no NVTX range is there twice; and the file says how the process ended.
Prints what differs, and in the end how much was salvaged. Exit status 1 if anything differs.
"""
import collections
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

BUILD, ROOT = os.environ["CUFLIGHT_BUILD"], os.environ["CUFLIGHT_ROOT"]
CUPTI_KINDS = {1: "memcpy", 2: "memset", 10: "kernel"}
UNFINISHED, UNNAMED, BAD_TIME, NAME_FULL, TEXT_CUT = 14, 15, 5, 8, 9
KEPT = {UNNAMED, BAD_TIME, NAME_FULL, TEXT_CUT}


def read_truth(path):
    with open(path, "rb") as f:
        text = f.read().split(b"\0", 1)[0].decode()
    # What was being written when the process was killed has no newline yet.
    return [json.loads(line) for line in text.split("\n")[:-1]]


def read_rows(path):
    reader = os.path.join(ROOT, "tests", "oracle", "format_reader.py")
    out = subprocess.run([sys.executable, reader, path, "--json"], capture_output=True, text=True)
    if out.returncode:
        raise RuntimeError(f"format_reader.py: {out.stderr}")
    return [json.loads(line) for line in out.stdout.splitlines()]


def gpu_key(kind, r, duration):
    return kind, r["corr"], r["node"], r["stream"], duration


def compare(rows, truth, problems):
    """Returns how many finished records were delivered."""
    done = {t["op"]: t for t in truth if "op" in t}
    names = {}
    all_done, delivered = collections.Counter(), collections.Counter()
    for t in done.values():
        if t["kind"] in CUPTI_KINDS.values():
            key = gpu_key(t["kind"], t, t["end"] - t["start"])
            all_done[key] += 1
            names[key] = t.get("name")
    for t in truth:
        if "record" in t and t["how"] != "dropped" and t["start"] and t["end"] and t["record"] in done:
            delivered[gpu_key(CUPTI_KINDS[t["kind"]], done[t["record"]], t["end"] - t["start"])] += 1
    recorded = collections.Counter()
    unnamed = 0
    for r in rows:
        if r["kind"] in CUPTI_KINDS.values():
            key = (r["kind"], r["correlation"], r["graph_node"], r["stream"], r["duration"])
            recorded[key] += 1
            if r["kind"] == "kernel" and r["name"] != names.get(key):
                unnamed += 1
    losses = collections.Counter()
    for r in rows:
        if r["kind"] == "loss":
            losses[r["cause"]] += r["count"]
    lost = sum(n for cause, n in losses.items() if cause not in KEPT)
    missing, extra = delivered - recorded, recorded - all_done
    if sum(missing.values()) > lost:
        problems.append(f"{sum(missing.values())} delivered records are missing and {lost} counted: {next(iter(missing))}")
    if extra:
        problems.append(f"{sum(extra.values())} records too many: {next(iter(extra.items()))}")
    if unnamed > losses[UNNAMED]:
        problems.append(f"{unnamed} kernels without their name, {losses[UNNAMED]} counted")
    # A call is noted when it has returned, its record may be there a moment before: one a thread.
    calls = collections.Counter((t["corr"], t["tid"], t["cbid"]) for t in truth if "api" in t)
    api = collections.Counter((r["correlation"], r["thread"], r["callback"]) for r in rows if r["kind"] == "api")
    if sum((api - calls).values()) > len({tid for _, tid, _ in calls}) or any(n > 1 for n in api.values()):
        problems.append(f"API calls that are not in the truth log: {list((api - calls).items())[:3]}")
    # The program numbers its iterations.
    nvtx = collections.Counter(r["name"] for r in rows if r["kind"] == "nvtx" and r["type"] == 1)
    twice = [name for name, n in nvtx.items() if n > 1 and re.fullmatch(r"iteration \d+", name or "")]
    if twice:
        problems.append(f"{len(twice)} NVTX events are there twice: {twice[0]}")
    pushes = {}
    for r in sorted((r for r in rows if r["kind"] == "nvtx"), key=lambda r: r["start"]):
        if r["type"] in (1, 2):
            pushes[r["thread"]] = pushes.get(r["thread"], 0) + (1 if r["type"] == 1 else -1)
            if pushes[r["thread"]] < 0:
                problems.append(f"a pop without its push at {r['start']}")
                break
    return sum(delivered.values())


def one_round(number, rng):
    options = ["--layers", str(rng.choice((2, 4, 8))), "--steps", "1000000", "--streams", rng.choice(("1", "4"))]
    options += rng.choice(([], [], ["--eager"]))
    variables = rng.choice(({}, {}, {"CUFLIGHT_SLOTS": "3", "CUFLIGHT_SLOT_SIZE": "64K"}, {"CUFLIGHT_PUBLISH": "1s"},
                            {"CUFLIGHT_PAGES": "4", "CUFLIGHT_PAGE_SIZE": "8K"}, {"CUFLIGHT_RING_SIZE": "256K", "CUFLIGHT_PUBLISH": "10ms"}))
    delay = rng.choice((rng.uniform(0, 0.2), rng.uniform(0.1, 0.7)))
    what = f"round {number}: {' '.join(options)} {variables} killed after {delay:.4f} s"
    problems = []
    for name in ("pid", "run.cuft", "truth.jsonl"):
        if os.path.exists(name):
            os.unlink(name)
    environment = dict(os.environ, SIMGPU_TRUTH=os.path.abspath("truth.jsonl"), **variables)
    command = [os.path.join(BUILD, "cuflight"), "run", "-q", "-o", "run.cuft", "--", "sh", "-c", 'echo $$ >pid.new; mv pid.new pid; exec "$@"', "sh",
               os.path.join(ROOT, "scripts", "simgpu"), os.path.join(BUILD, "examples", "decode"), *options]
    with open("output", "w") as output:
        run = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    deadline = time.monotonic() + 20
    while not os.path.exists("pid") and time.monotonic() < deadline:
        time.sleep(0.001)
    with open("pid") as f:
        pid = int(f.read())
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    status = run.wait(timeout=60)
    if status != 128 + signal.SIGKILL:
        problems.append(f"cuflight run returned {status}: {open('output').read()[-500:]}")
        return what, problems, 0, 0
    verify = subprocess.run([os.path.join(BUILD, "cuflight"), "verify", "run.cuft"], capture_output=True, text=True)
    if verify.returncode:
        problems.append(verify.stdout)
    rows = read_rows("run.cuft")
    delivered = compare(rows, read_truth("truth.jsonl") if os.path.exists("truth.jsonl") else [], problems)
    if any(r["kind"] == "fact" and r["key"] == "pid" for r in rows):
        ends = [r["value"] for r in rows if r["kind"] == "fact" and r["key"] in ("end", "end_status")]
        if ends != ["killed", "signal 9"]:
            problems.append(f"the file says it ended so: {ends}")
    return what, problems, delivered, sum(1 for r in rows if r["kind"] == "fact" and r["key"] == "salvaged")


def main():
    rounds = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    failed = records = salvaged = 0
    for number in range(rounds):
        what, problems, delivered, rescued = one_round(number, rng)
        records += delivered
        salvaged += rescued
        if problems:
            failed += 1
            print(what, *problems, sep="\n  ")
            for name in ("run.cuft", "truth.jsonl"):
                if os.path.exists(name) and failed <= 5:
                    os.rename(name, f"failed{number}.{name}")
    print(f"{rounds} rounds, {failed} failed, {records} delivered records compared, salvaged something in {salvaged}")
    if rounds >= 20 and not salvaged:
        sys.exit("nothing was ever salvaged: this shows nothing")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
