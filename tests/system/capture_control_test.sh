#!/usr/bin/env bash
# Shows that a process told to hold its records back does, that it records while it is told to, and that a command
# takes effect within 50 ms, at any moment of the helper's sleep.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
loop=$programs/capture_loop
[ -x "$loop" ] || skip "tests/programs/capture_loop is not built (no nvcc)"
[ -e "$CUFLIGHT_BUILD/simgpu/lib/libcuda.so.1" ] || skip "the simulated GPU is not built"

mkdir -m 700 session
CUFLIGHT_CAPTURE=control CUFLIGHT_DIR=$PWD/session "$CUFLIGHT_ROOT/scripts/simgpu" env "LD_PRELOAD=$library" \
	"$loop" --iterations 1200 --pace 2000 >program.json 2>output &
program=$!
for ((i = 0; i < 100; i++)); do
	compgen -G 'session/rings/*.ring' >/dev/null && break
	sleep 0.05
done
sleep 0.3
"$programs/capture_control" session/rings/*.ring 40 37 20 >latency || fail "a command was not answered"
wait $program || fail "the program failed: $(cat output)"
python3 - <<'P' || fail "latency: $(cat latency)"
values = sorted(int(v) for line in open("latency") for v in line.split())
print(f"{len(values)} commands: median {values[len(values) // 2] / 1000:.2f} ms, most {values[-1] / 1000:.2f} ms")
assert len(values) == 40 and values[36] < 50_000 # a busy machine may keep one of them waiting
P
dump
kept=$(count '^kernel ')
# 20 times 40 ms and what the process takes to answer, of 2.6 s: 17 iterations of 5 kernels each time.
[ "$kept" -gt 1200 ] && [ "$kept" -lt 3500 ] || fail "$kept kernels kept of 6000"
expect 0 '^window ' "windows: they are the collector's to record"
expect 1 '^fact capture control$'
finish
