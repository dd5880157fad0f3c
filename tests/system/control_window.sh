#!/usr/bin/env bash
# Shows that `cuflight start` and `stop` open and close windows from another shell within 50 ms, that with --capture=control only windows
# are recorded, that `stop` returns when the file has all of it, and that `status` tells what is going on.
. "$CUFLIGHT_ROOT/tests/collector.bash"
decode=$CUFLIGHT_BUILD/examples/decode
[ -x "$decode" ] || { echo "examples/decode is not built: no nvcc"; exit 77; }
export CUFLIGHT_DIR=$PWD/session

expect 1 "$cuflight" start
says err "no collector serves"
CUFLIGHT_CAPTURE=control "$cuflight" run -q -o run -- "$CUFLIGHT_ROOT/scripts/simgpu" "$decode" --layers 2 --steps 1000000 >run.out 2>&1 &
run=$!
wait_for 10 sh -c '"$0" status --json | grep -q "\"iteration\":[1-9]"' "$cuflight"
expect 1 "$cuflight" stop
says err "no window is open"
for name in first second; do
	begun=$EPOCHREALTIME
	expect 0 "$cuflight" start --name $name
	took=$(((${EPOCHREALTIME/./} - ${begun/./}) / 1000))
	[ $took -lt 50 ] || echo "start took $took ms"
	echo $took >>start.ms
	says err "window"
	expect 1 "$cuflight" start
	says err "is open since"
	sleep 0.2
	expect 0 "$cuflight" status
	says out "$name"
	says out decode
	begun=$EPOCHREALTIME
	expect 0 "$cuflight" stop --no-summary
	echo $(((${EPOCHREALTIME/./} - ${begun/./}) / 1000)) >>stop.ms
	same "the file" "$(cat out)" "$PWD/run.cuft"
	"$cuflight" report -r cuda_gpu_kern_sum "$(cat out)" >out 2>err || fail "the file cannot be read after stop"
	sleep 0.2
done
# A machine that is busy with other tests may be late once.
[ "$(sort -n start.ms | head -1)" -lt 50 ] || fail "start took $(cat start.ms) ms"
kill %1
wait $run
whole run.cuft
python3 "$CUFLIGHT_ROOT/tests/oracle/format_reader.py" run.cuft --json >rows.json || fail "the file cannot be read"
python3 - <<'PYTHON' || fail "the windows are wrong"
import json
rows = [json.loads(line) for line in open("rows.json")]
windows = [r for r in rows if r["kind"] == "window"]
assert [(w["name"], w["number"], w["source"], w["process"]) for w in windows] == [("first", 0, "control", 0), ("second", 1, "control", 0)], windows
spans = [(w["start"], w["start"] + w["duration"]) for w in windows]
kernels = [r for r in rows if r["kind"] == "kernel"]
inside = lambda r, margin: any(a - margin <= r["start"] < b + margin for a, b in spans)
counts = [sum(a <= k["start"] < b for k in kernels) for a, b in spans]
assert all(n > 100 for n in counts), counts
# The process keeps a margin around a window; what it had not published when it was killed comes on top.
salvaged = int(next((r["value"] for r in rows if r["kind"] == "fact" and r["key"] == "salvaged"), 0))
outside = sum(not inside(k, 100_000_000) for k in kernels)
assert outside <= salvaged, (outside, salvaged)
PYTHON
exit 0
