#!/usr/bin/env bash
# timeout: 300
# Shows that what CUPTI delivers is what the ring holds: on the simulated GPU, in three layouts of libcupti, eager
# and with graphs, on one stream and four, in real time and in virtual time, every kernel, copy, set and API call,
# compared one by one with the simulator's own log.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
decode=$CUFLIGHT_BUILD/examples/decode
[ -x "$decode" ] || skip "examples/decode is not built (no nvcc)"
[ -e "$CUFLIGHT_BUILD/simgpu/lib/libcuda.so.1" ] || skip "the simulated GPU is not built"

cat >compare.py <<'P'
"""compare.py TRUTH DUMP: prints every difference between the simulator's log and the ring."""
import collections, json, sys

truth = {"gpu": collections.Counter(), "name": collections.Counter(), "api": collections.Counter()}
for line in open(sys.argv[1]):
    r = json.loads(line)
    if "record" in r and r["kind"] in (1, 2, 10, 22):
        truth["gpu"][{1: "memcpy", 22: "memcpy", 2: "memset", 10: "kernel"}[r["kind"]], r["corr"], r["end"] - r["start"]] += 1
    elif "op" in r and r["kind"] == "kernel":
        truth["name"][r["name"], r["node"], r["corr"], *r["grid"], *r["block"]] += 1
    elif "api" in r and not r["inner"]:
        truth["api"][1 if r["domain"] == "driver" else 2, r["cbid"], r["corr"], r["end"] - r["start"], r["ret"], r["tid"]] += 1

ring = {"gpu": collections.Counter(), "name": collections.Counter(), "api": collections.Counter()}
for line in open(sys.argv[2]):
    kind, _, rest = line.rstrip("\n").partition(" ")
    if kind not in ("kernel", "memcpy", "memset", "api"):
        continue
    f = dict(part.split("=", 1) for part in rest.split(" ") if "=" in part)
    v = {int(k): int(x) for k, x in f.items() if k.isdigit()}
    if kind == "api":
        ring["api"][v[96], v[97], v[18], v[17], v[98], v[19]] += 1
    else:
        ring["gpu"][kind, v[18], v[17]] += 1
    if kind == "kernel":
        ring["name"][f["name"], v[24], v[18], *(v[i] for i in range(48, 54))] += 1

for what in truth:
    for missing, label in ((truth[what] - ring[what], "not recorded"), (ring[what] - truth[what], "not done")):
        for key, n in list(missing.items())[:3]:
            print(f"{what}: {label}: {key} x {n}; {sum(missing.values())} in all")
print(*(sum(ring[what].values()) for what in ring))
P

# simulated ARGUMENT...: run decode and compare
simulated()
{
	rm -f truth
	SIMGPU_TRUTH=$PWD/truth LD_PRELOAD='' record "$CUFLIGHT_ROOT/scripts/simgpu" env "LD_PRELOAD=$library" "$decode" "$@"
	what="SIMGPU_CUPTI=${SIMGPU_CUPTI:-} SIMGPU_SPEED=${SIMGPU_SPEED:-} decode $*"
	[ "$status" = 0 ] || fail "$what: status $status: $(tail -n 3 output)"
	expect 1 '^ring closed lived .* losses= ' "$what: a ring closed in order without losses"
	expect 1 '^device 0 .*simulated' "$what: the device says what it is"
	[ "$(grep '^fact recording' dump | tail -n 1)" = "fact recording on" ] || fail "$what: $(grep '^fact rec' dump)"
	python3 compare.py truth dump >compared || fail "$what: compare.py"
	[ "$(wc -l <compared)" = 1 ] || fail "$what: $(cat compared)"
	read -r gpu names api <compared
	[ "$gpu" -gt 100 ] && [ "$names" -gt 100 ] && [ "$api" -gt 100 ] || fail "$what: only $(cat compared)"
}

for SIMGPU_CUPTI in 11.8 12.4 13.0; do
	export SIMGPU_CUPTI
	[ -e "$CUFLIGHT_BUILD/simgpu/cupti-$SIMGPU_CUPTI/libcupti.so" ] || continue
	simulated --steps 20 --layers 8
	simulated --steps 20 --layers 8 --eager --streams 4
done
expect 1 '^fact cupti_version 1300'
expect 1 '^fact cudart_version '

# In virtual time records come a hundred times faster than from any GPU: room for all of them at once, so that nothing hangs on how fast this
# machine is. What happens without room is told below.
export SIMGPU_SPEED=0 CUFLIGHT_SLOTS=64
simulated --steps 400 --layers 16
simulated --steps 100 --layers 16 --eager --streams 4
# A second process of the same program, forked before CUDA: a ring of its own.
SIMGPU_TRUTH='' record "$CUFLIGHT_ROOT/scripts/simgpu" env "LD_PRELOAD=$library" "$decode" --steps 10 --procs 3
[ "$status" = 0 ] || fail "three processes: status $status: $(tail -n 3 output)"
expect 3 '^fact recording on$' "three processes that recorded"

# Small slots, and few: what finds none is counted, and what is recorded is whole.
unset SIMGPU_SPEED CUFLIGHT_SLOTS
CUFLIGHT_SLOTS=2 CUFLIGHT_SLOT_SIZE=32K CUFLIGHT_FLUSH=10s SIMGPU_SPEED=0 SIMGPU_TRUTH=$PWD/truth record \
	"$CUFLIGHT_ROOT/scripts/simgpu" env "LD_PRELOAD=$library" "$decode" --steps 400 --layers 16
[ "$status" = 0 ] || fail "two small slots: status $status"
lost=$(sed -n 's/^ring .*no_slot:\([0-9]*\),.*/\1/p' dump)
kept=$(count '^(kernel|memcpy|memset|api|overhead|device|context|stream) ')
done=$(($(grep -cE '"record":[0-9]*,"kind":(1|2|10|22),' truth) + $(grep '"api"' truth | grep -vc '"inner":true')))
# Devices, contexts, streams and overhead, which the log does not list, are a few more.
[ "${lost:-0}" -gt 0 ] && [ $((kept + lost)) -ge "$done" ] && [ $((kept + lost)) -le $((done + 100)) ] ||
	fail "two slots of 32 KB: $kept kept, ${lost:-0} lost, $done done"
finish
