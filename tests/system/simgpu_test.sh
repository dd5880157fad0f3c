#!/usr/bin/env bash
# The simulated GPU keeps NVIDIA's rules: unchanged CUDA programs run on it; a CUPTI client written to NVIDIA's headers
# gets records that equal the truth log, in three record layouts; each rule a profiler depends on holds.
# timeout: 240
set -euo pipefail
sim=$CUFLIGHT_BUILD/simgpu
run=$CUFLIGHT_ROOT/scripts/simgpu
compare=(python3 "$CUFLIGHT_ROOT/tests/simgpu/compare.py")
[ -e "$sim/client/cupti_trace.so" ] || { echo "no CUDA headers: the clients that judge it are not built"; exit 77; }
ulimit -c 0
fail() { echo "$*"; exit 1; }

# ---- our idea of the binary interface is NVIDIA's
if [ -x "$sim/abi_check" ]; then
	"$sim/abi_check" || fail "the binary interface differs from NVIDIA's headers"
fi

# ---- programs, judged by what they see, by a CUPTI client and by the truth log
# judge PROGRAM: runs it under the client
judge() {
	rm -f truth client
	# As long as it spins on a GPU; without this a launch takes longer than the kernel.
	SIMGPU_KERNEL_NS='*spin*=50000' SIMGPU_TRUTH=$PWD/truth CLIENT_OUT=$PWD/client CUDA_INJECTION64_PATH=$sim/client/cupti_trace.so \
		"$run" "$@" >out 2>&1 || { cat out; fail "$*: failed under version ${SIMGPU_CUPTI-}"; }
	[ ! -s out ] || { cat out; fail "$*: said something"; }
	"${compare[@]}" truth client >compared || { cat compared; fail "$*: recorded is not launched, version ${SIMGPU_CUPTI-}"; }
	echo "${SIMGPU_CUPTI-} $(basename "$1") ${SIMGPU_SPEED-}: $(cat compared)"
}
for program in streams graphs copies; do
	p=$CUFLIGHT_BUILD/tests/programs/$program
	[ -x "$p" ] || { echo "$program: not built, no nvcc"; continue; }
	for version in 11.8 12.4 13.0; do
		export SIMGPU_CUPTI=$version
		CLIENT_CALLBACKS=1 judge "$p"
	done
	SIMGPU_SPEED=0 SIMGPU_DEVICES=2 judge "$p"
	SIMGPU_SPEED=0.2 CLIENT_BUFFER=2048 judge "$p"
done
unset SIMGPU_CUPTI

# ---- rules
export SIMGPU_KERNEL_NS='slow=50000000,quick=2000'
rules=$("$run" "$sim/client/cupti_rules")
for version in 11.8 12.4 13.0; do
	export SIMGPU_CUPTI=$version
	for rule in $rules; do
		status=0
		bash -c '"$@"; exit $?' - "$run" "$sim/client/cupti_rules" "$rule" >out 2>&1 || status=$?
		expected=0
		case $rule/$version in
		decline/11.8 | decline/12.4) expected=139 ;; # they do not survive NULL
		per_thread/11.8) expected=1 ;; # has no such attribute
		esac
		[ $status = $expected ] || { cat out; fail "$version: rule $rule: exit $status, not $expected"; }
	done
	[ $version = 11.8 ] || RULE_PER_THREAD=1 "$run" "$sim/client/cupti_rules" per_thread || fail "$version: buffers a thread"
	SIMGPU_RECYCLE=1 "$run" "$sim/client/cupti_rules" device_buffers || fail "$version: recycled device buffers"
	echo "$version: $(echo "$rules" | wc -w) rules"
done
unset SIMGPU_CUPTI
# The test can fail: a rule that is broken on purpose is noticed.
if SIMGPU_FAULT=drop:2 "$run" "$sim/client/cupti_rules" threads 2>/dev/null; then
	fail "dropped records went unnoticed"
fi
