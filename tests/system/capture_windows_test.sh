#!/usr/bin/env bash
# timeout: 200
# Shows that windows hold what they should: cudaProfilerStart and Stop by either API, NVTX ranges, delay and
# duration, what the collector asks for; repeat and stop; NVTX events in whole pairs; triggers.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
decode=$CUFLIGHT_BUILD/examples/decode loop=$CUFLIGHT_BUILD/tests/programs/capture_loop
[ -x "$decode" ] && [ -x "$loop" ] || skip "examples/decode is not built (no nvcc)"
[ -e "$CUFLIGHT_BUILD/simgpu/lib/libcuda.so.1" ] || skip "the simulated GPU is not built"

# run PROGRAM ARGUMENT...: under `cuflight run`, into run.cuft, truth, program.json
run()
{
	rm -f run.cuft truth program.json
	SIMGPU_TRUTH=$PWD/truth "$CUFLIGHT_BUILD/cuflight" run --quiet --force -o run.cuft -- \
		"$CUFLIGHT_ROOT/scripts/simgpu" "$@" >program.json 2>output || fail "$*: status $?: $(tail -n 3 output)"
	python3 "$CUFLIGHT_ROOT/tests/oracle/format_reader.py" run.cuft --json >rows || fail "$*: unreadable"
}

# check LABEL ARGUMENT...
check()
{
	local label=$1
	shift
	python3 "$CUFLIGHT_ROOT/tests/system/capture_check.py" run.cuft truth program.json "$@" >checked 2>&1 ||
		fail "$label: $(cat checked)"
	echo "$label: $(head -n 1 checked)"
}

# rows NUMBER PATTERN [WHAT]
rows()
{
	local got
	got=$(grep -c -e "$2" rows)
	[ "$got" = "$1" ] || fail "${3:-$2}: $got, not $1"
}

for SIMGPU_CUPTI in 11.8 13.0; do
	export SIMGPU_CUPTI
	CUFLIGHT_CAPTURE=cudaProfilerApi run "$loop" --pace 3000 --profile 10-19,30-34
	check "cudaProfilerApi, CUPTI $SIMGPU_CUPTI" 10-19,30-34 --outside 300 --windows 2
	rows 2 '"kind": "window".*"name": "cudaProfilerApi"'
	CUFLIGHT_CAPTURE=cudaProfilerApi run "$loop" --pace 3000 --profile 10-19 --driver
	check "cuProfilerStart, CUPTI $SIMGPU_CUPTI" 10-19 --outside 150 --windows 1
done
unset SIMGPU_CUPTI
CUFLIGHT_CAPTURE=cudaProfilerApi run "$loop" --iterations 30
check 'never started' '' --outside 0 --windows 0
CUFLIGHT_CAPTURE=cudaProfilerApi:stop run "$loop" --pace 3000 --profile 10-19,30-34
check 'stop' 10-19 --outside 150 --windows 1
CUFLIGHT_CAPTURE=cudaProfilerApi:repeat:2 run "$loop" --pace 3000 --profile 5-6,10-19,30-34
check 'repeat:2' 5-6,10-19 --outside 300 --windows 2
CUFLIGHT_CAPTURE='nvtx:window *' run "$loop" --pace 3000 --nvtx 10-19,30-34
check 'nvtx' 10-19,30-34 --outside 300 --windows 2
rows 1 '"kind": "window".*"name": "window 30"'
CUFLIGHT_CAPTURE=iterations CUFLIGHT_ITERATION=mark run "$loop" --pace 3000 --mark --iterations 20
check 'iterations' 0-19 --windows 1
# The conjunction of two.
CUFLIGHT_CAPTURE='nvtx:window *' CUFLIGHT_RANGES=15-32 CUFLIGHT_ITERATION=mark run "$loop" --pace 3000 --mark --nvtx 10-19,30-34
check 'nvtx and ranges' 15-19,30-32 --outside 300 --windows 2

CUFLIGHT_DELAY=200ms CUFLIGHT_DURATION=300ms run "$loop" --pace 5000 --iterations 200
python3 - <<'P' || fail "delay and duration"
import json
rows = [json.loads(line) for line in open("rows")]
window, = (r for r in rows if r["kind"] == "window")
calls = [r["start"] for r in rows if r["kind"] == "api"]
first, last = min(calls) - window["start"], max(calls) - window["start"]
assert window["source"] == "duration" and window["duration"] == 300_000_000, window
# The program runs for a second; a busy machine may hold program or helper up for some of it.
assert -20e6 <= first <= 100e6 and 200e6 <= last <= 400e6, (first, last)
P

# Pairs of NVTX stay whole: of decode's ranges, all that are pushed are popped.
CUFLIGHT_RANGES=10-19 CUFLIGHT_ITERATION='nvtx:iteration *' run "$decode" --steps 200 --streams 4
python3 - <<'P' || fail "pairs of NVTX"
import collections, json
depth, seen = collections.Counter(), 0
for line in open("rows"):
    r = json.loads(line)
    if r["kind"] == "nvtx" and r["type"] in (1, 2):
        depth[r["thread"], r["domain"]] += 1 if r["type"] == 1 else -1
        seen += 1
        assert depth[r["thread"], r["domain"]] >= 0, r
assert seen >= 40 and not any(depth.values()), (seen, depth)
P

# A slow iteration, against the median and against a time; the end of the process.
CUFLIGHT_ITERATION=mark CUFLIGHT_TRIGGER='iteration>3x' run "$loop" --pace 3000 --mark --iterations 40 --slow 30
rows 1 '"key": "trigger", "value": "slow iteration 30: '
CUFLIGHT_ITERATION=mark CUFLIGHT_TRIGGER='iteration>15ms,exit' run "$loop" --pace 3000 --mark --iterations 20 --slow 5
rows 1 '"key": "trigger", "value": "slow iteration 5: '
rows 1 '"key": "trigger", "value": "exit after iteration 19: '
CUFLIGHT_TRIGGER='idle>100ms' run "$loop" --pace 60000 --iterations 8 --slow 4
rows 1 '"key": "trigger", "value": "idle after iteration'

# A malformed value: the command is not started, and the message says what to write.
CUFLIGHT_RANGES=19-10 "$CUFLIGHT_BUILD/cuflight" run -- touch started 2>output
[ $? = 2 ] && [ ! -e started ] && grep -q 'CUFLIGHT_RANGES=19-10.*CUFLIGHT_RANGES=100-150' output ||
	fail "CUFLIGHT_RANGES=19-10: $(cat output)"
finish
