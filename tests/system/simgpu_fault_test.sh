#!/usr/bin/env bash
# The simulated GPU misbehaves on request (SIMGPU_FAULT), each time in the way and as often as it was asked to, and tells
# on stderr when CUPTI is used as it must not be.
set -euo pipefail
sim=$CUFLIGHT_BUILD/simgpu
run=$CUFLIGHT_ROOT/scripts/simgpu
program=$CUFLIGHT_BUILD/tests/programs/graphs
[ -e "$sim/client/cupti_trace.so" ] || { echo "no CUDA headers: the clients that judge it are not built"; exit 77; }
[ -x "$program" ] || { echo "tests/programs/graphs is not built: no nvcc"; exit 77; }
ulimit -c 0
export SIMGPU_KERNEL_NS='slow=50000000,quick=2000'
fail() { echo "$*"; [ ! -s out ] || cat out; exit 1; }

# trace FAULT: runs the program under the client
trace() {
	rm -f client truth
	SIMGPU_FAULT=$1 SIMGPU_TRUTH=$PWD/truth CLIENT_OUT=$PWD/client CUDA_INJECTION64_PATH=$sim/client/cupti_trace.so \
		"$run" "$program" >out 2>&1 || fail "$1: the program failed"
}
# records PATTERN: how many records of GPU work match
records() { grep -E '^(KERNEL|MEMCPY|MEMCPY2|MEMSET) ' client | grep -cE "$1" || true; }
equal() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }

trace ''
all=$(records .)
[ "$all" -gt 100 ] || fail "only $all records"
python3 "$CUFLIGHT_ROOT/tests/simgpu/compare.py" truth client >out || fail "without a fault"

trace zero-timestamps:4
equal zero-timestamps "$(records 'start=0 end=0')" $((all / 4))
trace negative-duration:3
equal negative-duration "$(grep -E '^(KERNEL|MEMCPY|MEMSET) ' client | sed 's/.*start=\([0-9]*\) end=\([0-9]*\).*/\1 \2/' |
	awk '$2 < $1' | wc -l)" $((all / 3))
trace unfinished:50
equal unfinished "$(records 'start=[1-9][0-9]* end=0')" $((all / 50))
CLIENT_FLUSH=0 trace unfinished:50
[ "$(records .)" -lt "$all" ] || fail "a flush without force hands over unfinished records"
trace drop:5
equal drop "$(records .)" $((all - all / 5))
equal 'drops counted' "$(sed -n 's/.* dropped=\([0-9]*\) .*/\1/p' client | awk '{ n += $1 } END { print n }')" $((all / 5))
equal 'drops in the truth log' "$(grep -c '"how":"dropped"' truth)" $((all / 5))
python3 "$CUFLIGHT_ROOT/tests/simgpu/compare.py" truth client --lossy >out || fail "lossy, and untrue"

CLIENT_CALLBACKS=1 trace subscribe-busy
grep -q '^ERROR cuptiSubscribe 39 ' client || fail "subscribe-busy"
trace cupti-missing
if ! grep -q 'libcupti\.so ' <(ldconfig -p); then
	grep -q '^ERROR no libcupti' client || fail "cupti-missing"
fi

status=0
SIMGPU_FAULT=no-memory "$run" "$program" >out 2>&1 || status=$?
equal no-memory "$status" 1
grep -q 'out of memory' out || fail "no-memory"
status=0
SIMGPU_FAULT=no-device "$run" "$program" >out 2>&1 || status=$?
equal no-device "$status" 1
grep -q 'no CUDA-capable device' out || fail "no-device"
status=0
SIMGPU_FAULT=no-null-buffer bash -c '"$@"; exit $?' - "$run" "$sim/client/cupti_rules" decline >out 2>&1 || status=$?
equal no-null-buffer "$status" 139
grep -q 'CUPTI misuse: the buffer request returned NULL' out || fail "no-null-buffer is not told"

begin=$(date +%s%N)
SIMGPU_FAULT=late-delivery:400 "$run" "$sim/client/cupti_rules" threads >out 2>&1 || fail "late-delivery"
[ $((($(date +%s%N) - begin) / 1000000)) -ge 400 ] || fail "late-delivery was not late"
echo "$all records, each fault as often as asked for"
