#!/usr/bin/env bash
# Shows that `cuflight dump` saves what processes without a collector hold, as often as one likes and without disturbing them; that a process
# that hangs is read all the same, and a dead one; and that `--last` leaves out what is older.
. "$CUFLIGHT_ROOT/tests/collector.bash"
decode=$CUFLIGHT_BUILD/examples/decode
[ -x "$decode" ] || { echo "examples/decode is not built: no nvcc"; exit 77; }
export CUFLIGHT_DIR=$PWD/session
mkdir -m 700 session

expect 1 "$cuflight" dump
says err "no process records"
for n in 1 2; do
	SIMGPU_TRUTH=$PWD/truth.$n LD_PRELOAD=$CUFLIGHT_BUILD/libcuflight.so "$CUFLIGHT_ROOT/scripts/simgpu" "$decode" --layers 2 --steps 1000000 --pace 1000 >/dev/null 2>&1 &
	pids[n]=$!
done
wait_for 10 sh -c "test -s session/rings/${pids[1]}-*.ring"
wait_for 10 sh -c "test -s session/rings/${pids[2]}-*.ring"
sleep 0.4
expect 0 "$cuflight" dump -q -o first
whole first.cuft
same processes "$(about first.cuft 'len(p)')" 2
sleep 0.4
expect 0 "$cuflight" dump -q -o second
whole second.cuft
[ "$(about second.cuft 'sum(map(records, p))')" -gt "$(about first.cuft 'sum(map(records, p))')" ] || fail "the second dump has no more than the first"
expect 0 "$cuflight" dump -q --last 400ms -o last
whole last.cuft
[ "$(about last.cuft 'sum(map(records, p))')" -lt "$(about second.cuft 'sum(map(records, p))')" ] || fail "--last leaves nothing out"
expect 2 "$cuflight" dump --last soon
expect 0 "$cuflight" dump -q -o one "${pids[1]}"
same processes "$(about one.cuft 'len(p)')" 1

# ---- hanging: what CUPTI has not handed over is there too; then dead
kill -STOP "${pids[1]}"
expect 0 "$cuflight" dump -q -o hung "${pids[1]}"
says err "not answer"
whole hung.cuft
kill -KILL "${pids[1]}" "${pids[2]}"
wait "${pids[@]}" 2>/dev/null
expect 0 "$cuflight" dump -q -o dead "${pids[1]}"
whole dead.cuft
for file in hung dead; do
	python3 "$CUFLIGHT_ROOT/tests/oracle/format_reader.py" $file.cuft --json >rows.json || fail "$file.cuft cannot be read"
	python3 - "truth.1" <<-'PYTHON' || fail "$file.cuft is not what CUPTI delivered"
		import collections, json, sys
		rows = [json.loads(line) for line in open("rows.json")]
		text = open(sys.argv[1], "rb").read().split(b"\0", 1)[0].decode()
		truth = [json.loads(line) for line in text.split("\n")[:-1]]
		ops = {t["op"]: t for t in truth if t.get("kind") == "kernel"}
		key = lambda t: (t["corr"], t["node"], t["end"] - t["start"])
		delivered = collections.Counter(key(ops[t["record"]]) for t in truth if "record" in t and t["record"] in ops and t["end"])
		recorded = collections.Counter((r["correlation"], r["graph_node"], r["duration"]) for r in rows if r["kind"] == "kernel")
		lost = sum(r["count"] for r in rows if r["kind"] == "loss" and r["cause"] not in (5, 8, 9, 15))
		missing = delivered - recorded
		# The process died some moments after it was stopped, not before: nothing may be missing from either file.
		assert sum(missing.values()) <= lost, (sum(missing.values()), lost)
		assert not recorded - collections.Counter(map(key, ops.values())), "records that were not done"
		assert len(recorded) > 100
	PYTHON
done
same end "$(about dead.cuft 'one["facts"]["end"]' 2>/dev/null || echo killed)" killed
exit 0
