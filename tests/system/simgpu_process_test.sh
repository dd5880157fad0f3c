#!/usr/bin/env bash
# The simulated GPU as a process meets it: injection from cuInit, fork, SIGKILL, the runtime of CUDA 12, calls that are
# not simulated, entry points by version, times by seed, and scripts/simgpu's words for what is wrong.
set -euo pipefail
run=$CUFLIGHT_ROOT/scripts/simgpu
processes=(python3 "$CUFLIGHT_ROOT/tests/simgpu/processes.py")
inject=$CUFLIGHT_BUILD/simgpu/client/inject_count.so
ulimit -c 0
fail() { echo "$*"; [ ! -s out ] || cat out; exit 1; }
# ok WHAT...: succeeds and says nothing
ok() { "$run" "${processes[@]}" "$@" >out 2>&1 || fail "$*: failed"; [ ! -s out ] || fail "$*: said something"; }
# says STATUS TEXT COMMAND...
says() {
	local status=0 wanted=$1 text=$2
	shift 2
	"$@" >out 2>&1 || status=$?
	[ $status = "$wanted" ] || fail "$*: exit $status, not $wanted"
	grep -q -- "$text" out || fail "$*: did not say: $text"
}

# ---- scripts/simgpu
says 0 'usage: scripts/simgpu' "$run" --help
says 2 'usage: scripts/simgpu' "$run"
says 2 'one of 11.8, 12.4, 13.0' env SIMGPU_CUPTI=12.9 "$run" true
says 1 'run make first' env CUFLIGHT_BUILD=/nonexistent "$run" true
says 2 'SIMGPU_FAULT=nonsense: one or more of' env SIMGPU_FAULT=nonsense "$run" "${processes[@]}" init 1 0
says 2 'SIMGPU_SPEED=fast: ' env SIMGPU_SPEED=fast "$run" "${processes[@]}" init 1 0
says 0 'this is the simulated GPU' env SIMGPU_VERBOSE=1 "$run" "${processes[@]}" init 1 0
[ "$("$run" echo a "b  c")" = "a b  c" ] || fail "the command's own output"
status=0; "$run" sh -c 'exit 7' || status=$?
[ $status = 7 ] || fail "the command's exit status"

# ---- injection: once when it answers 1, again with every cuInit when it answers 0, also where cuInit fails
# injected TIMES ANSWER WANTED [VARIABLE=VALUE]
injected() {
	rm -f log
	env CUDA_INJECTION64_PATH="$inject" INJECT_LOG="$PWD/log" INJECT_RETURN="$2" "${@:4}" "$run" "${processes[@]}" init 3 "$3" \
		>out 2>&1 || fail "injection answering $2"
	[ "$(wc -l <log)" = "$1" ] || fail "called $(wc -l <log) times, not $1, answering $2"
}
injected 1 1 0
injected 3 0 0
injected 1 1 100 SIMGPU_FAULT=no-device
injected 3 0 100 SIMGPU_FAULT=no-device
CUDA_INJECTION64_PATH=/nonexistent.so ok init 2 0

# ---- fork and death
ok fork
ok fork_first
says 0 'called in a forked child' "$run" "${processes[@]}" fork_cupti
status=0
SIMGPU_TRUTH=$PWD/%p.truth bash -c '"$@" & wait $!; exit $?' - "$run" "${processes[@]}" killed >out 2>&1 || status=$?
[ $status = 137 ] || fail "killed: $status"
[ "$(tr -d '\0' <"$(echo ./*.truth)" | grep -c before_the_end)" = 500 ] || fail "SIGKILL lost lines of the truth log"

# ---- libraries
ok mapped
ok runtime12
ok proc_address
says 0 'cudaIpcGetMemHandle is not simulated' "$run" "${processes[@]}" unsupported
[ "$(wc -l <out)" = 3 ] || fail "each is named once"

# ---- times are a function of kernel, grid and seed
p=$CUFLIGHT_BUILD/tests/programs/graphs
if [ -x "$p" ]; then
	durations() {
		SIMGPU_SEED=$1 SIMGPU_TRUTH=$PWD/truth "$run" "$p"
		python3 -c 'import json, sys
for line in open("truth"):
    t = json.loads(line)
    if "op" in t: print(t["kind"], t.get("name"), t["end"] - t["start"] if t["kind"] != "host" else "")'
	}
	durations 1 >a
	durations 1 >b
	durations 2 >c
	cmp -s a b || fail "the same seed, other durations"
	! cmp -s a c || fail "another seed, the same durations"
	SIMGPU_KERNEL_NS='*step*=12345,*=7' durations 1 >d
	[ "$(grep -c '^kernel .* 12345$' d)" = "$(grep -c '^kernel' d)" ] || fail "SIMGPU_KERNEL_NS"
fi
echo "injection, fork, death, libraries, times"
