#!/usr/bin/env bash
# A CUPTI client that nobody here wrote runs on the simulated GPU: NVIDIA's cupti-python and its sample print every record
# by NVIDIA's own knowledge of the layout; what they print is what the truth log says was launched and called.
set -euo pipefail
python=$CUFLIGHT_ROOT/.deps/venv/bin/python
fail() { echo "$*"; tail -n 20 out; exit 1; }
"$python" -c 'import cupti, numpy, cuda.bindings' 2>/dev/null || {
	echo "cupti-python, cuda-bindings and numpy are not in .deps/venv"
	exit 77
}

# sample OPTION...: runs it and compares
sample() {
	SIMGPU_TRUTH=$PWD/truth "$CUFLIGHT_ROOT/scripts/simgpu" "$python" \
		"$CUFLIGHT_ROOT/tests/oracle/simgpu_foreign_client.py" "$@" >out 2>&1 || fail "the sample failed"
	python3 - "$@" <<'PYTHON' || fail "NVIDIA's client saw something else"
import json, re, sys

ranged = "--define-profile-range" in sys.argv
ops, calls = {}, {}
for line in open("truth"):
    t = json.loads(line)
    if "op" in t:
        ops[t["corr"], t["kind"]] = t
    elif "api" in t and not t["inner"]:
        calls[t["corr"]] = t
seen = {"CONCURRENT_KERNEL": 0, "MEMCPY": 0, "DRIVER": 0, "DEVICE": 0, "CONTEXT": 0, "STREAM": 0}
text, first = open("out").read(), sys.maxsize
for line in text.splitlines():
    word = line.split(" ")[0]
    if word in seen:
        seen[word] += 1
    times = re.search(r"\[ (\d+), (\d+) \]", line)
    corr = re.search(r"correlation_id (\d+)", line)
    if word == "DRIVER":
        first = min(first, int(times[1]))
        t = calls[int(corr[1])]
        assert (t["start"], t["end"]) == (int(times[1]), int(times[2])), line
        assert f'"{t["api"]}", cbid {t["cbid"]},' in line, line
    elif word in ("CONCURRENT_KERNEL", "MEMCPY"):
        t = ops[int(corr[1]), "kernel" if word[0] == "C" else "memcpy"]
        assert (t["start"], t["end"]) == (int(times[1]), int(times[2])), line
        assert t.get("name", "") in line and ("bytes" not in t or f'size {t["bytes"]},' in line), line
launched = sum(t["kind"] == "kernel" for t in ops.values()), sum(t["kind"] == "memcpy" for t in ops.values())
wanted = (1, 3) if ranged else launched  # the sample copies back after its range
assert (seen["CONCURRENT_KERNEL"], seen["MEMCPY"]) == wanted, (seen, launched)
assert "vector_add" in text and "grid [8192, 1, 1], block [128, 1, 1]" in text
if not ranged:
    traced = sum(t["start"] >= first for t in calls.values())  # the bindings ask for the version before that
    assert len(calls) - traced <= 1 and seen["DRIVER"] == traced and seen["DEVICE"] == 1 and seen["CONTEXT"] == 1 and seen["STREAM"] == 2, seen
    assert "simulated GPU" in text
print("NVIDIA's sample", *sys.argv[1:], seen)
PYTHON
}
sample
sample --define-profile-range
