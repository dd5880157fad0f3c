#!/usr/bin/env bash
# Shows that the GPU probe handles its arguments and files, says what it lacks, resumes, steps through a real
# libcupti where there is one, and that `show` prints recordings, whole, truncated and damaged.
# Needs no GPU and works beside one: steps 1 and 3 run as they are, step 2 on the simulated GPU where it is built.
set -u
root=${CUFLIGHT_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
probe=$root/scripts/gpu-probe
helper=$root/tests/system/gpu_probe_recording.py
# CUDA as `make` knows it; without any, the parts that need its headers are left out and the test counts as skipped.
[ -n "${CUDA_HOME:-}" ] || CUDA_HOME=$(sed -n 's/^CUDA_HOME ?= //p' "$root/.deps/cuda.mk" 2>/dev/null)
[ -n "$CUDA_HOME" ] || CUDA_HOME=/usr/local/cuda
export CUDA_HOME
[ -n "${CUFLIGHT_ROOT:-}" ] || cd "$(mktemp -d)" || exit 1
export PYTHONDONTWRITEBYTECODE=1
unset CUDA_INJECTION64_PATH LD_PRELOAD
failed=0

fail()
{
	echo "FAIL: $*"
	failed=1
}

# expect STATUS TEXT COMMAND...: the exit status, and a text (a grep pattern) that the output must hold
expect()
{
	local status=$1 text=$2 got
	shift 2
	timeout 100 "$@" >out.txt 2>&1 </dev/null
	got=$?
	[ "$got" -eq "$status" ] || fail "$*: exit $got, not $status: $(tail -n 3 out.txt)"
	grep -qe "$text" out.txt || fail "$*: no '$text' in: $(head -n 5 out.txt)"
}

# refuse TEXT COMMAND...: as above, the text must not be there
refuse()
{
	local text=$1
	shift
	timeout 100 "$@" >out.txt 2>&1 </dev/null
	! grep -qe "$text" out.txt || fail "$*: '$text' in its output"
}

have_headers()
{
	[ -f "$CUDA_HOME/include/cupti.h" ] || [ -f "$CUDA_HOME/extras/CUPTI/include/cupti.h" ]
}

usage_is_checked()
{
	expect 0 '^usage:' "$probe/run" --help
	expect 2 'OUT is missing' "$probe/run"
	expect 2 'one OUT only' "$probe/run" a b
	expect 2 'unknown option --onyl' "$probe/run" out --onyl 1
	expect 2 "from 1 to 7" "$probe/run" out --only 8
	expect 2 "from 1 to 7" "$probe/run" out --only 1,,3
	expect 2 "from 1 to 7" "$probe/run" out --only facts
	expect 2 'needs a value' "$probe/run" out --only
	expect 2 'at least 10' "$probe/run" out --budget 9
	expect 2 'at least 10' "$probe/run" out --budget 5m
	echo text >file
	expect 2 'cannot be created' "$probe/run" file/out
	expect 2 'cannot be' "$probe/run" /proc/self/out
	[ ! -e out ] || fail "a refused call left an OUT behind"
}

builds_without_a_warning()
{
	PROBE_WERROR=1 "$probe/build" built >out.txt 2>&1 || fail "build: $(cat built/why-not.txt out.txt)"
	[ ! -s out.txt ] || fail "build is not quiet: $(head -n 5 out.txt)"
	for part in strides facts probe.so tour cost pool clock nccl; do
		[ -e "built/$part" ] || fail "$part was not built: $(cat built/why-not.txt)"
	done
	! readelf -d built/probe.so | grep -qE 'NEEDED.*(cuda|cupti)' || fail "probe.so links CUDA"
}

steps_without_gpu_run()
{
	expect 0 '^step 3 strides: ok' "$probe/run" out --only 3,1
	grep -q '^step 1 facts: ok' out.txt || fail "step 1 is not ok: $(cat out.txt)"
	grep -qE '^step 1 facts: ok .*Z\)$' out/summary.txt || fail "summary.txt has no dated line for step 1"
	[ "$(grep -c '^step ' out/summary.txt)" -eq 2 ] || fail "summary.txt: $(cat out/summary.txt)"
	tar -xzOf out/step3.tar.gz ./strides.txt >strides.txt || fail "no strides.txt in step3.tar.gz"
	# The layouts that every reader of kernel records knows: 200, 208 or 216 bytes, and more in newer libraries.
	awk '$1 == 10 { if ($3 < 200 || $3 > 512 || $3 % 8) exit 1; found = 1 } END { exit !found }' strides.txt ||
		fail "no sensible size of kernel records: $(grep '^10 ' strides.txt)"
	awk '$1 == 5 && $3 != 40 { exit 1 }' strides.txt || fail "API records are not of 40 bytes"
	[ "$(find out -type f | wc -l)" -eq 3 ] || fail "OUT holds more than summary.txt and two archives: $(ls out)"
}

a_finished_step_is_left_out()
{
	local before
	before=$(stat -c %Y.%i out/step3.tar.gz)
	expect 0 'step 3 strides: done before, left out' "$probe/run" out --only 3
	[ "$before" = "$(stat -c %Y.%i out/step3.tar.gz)" ] || fail "a finished step was run again"
	refuse 'done before' "$probe/run" out --only 3 --force
	[ "$before" != "$(stat -c %Y.%i out/step3.tar.gz)" ] || fail "--force did not run the step again"
	[ "$(grep -c '^step 3' out/summary.txt)" -eq 1 ] || fail "step 3 is in summary.txt twice"
	# A step whose archive is gone, or whose line is not ok, is not finished.
	rm out/step3.tar.gz
	refuse 'done before' "$probe/run" out --only 3
	sed -i 's/^step 3 strides: ok.*/step 3 strides: failed something/' out/summary.txt
	refuse 'done before' "$probe/run" out --only 3
}

what_is_missing_is_said()
{
	expect 77 'step 6 clock: skipped: .*no nvcc (looked in /nonexistent)' \
		env NVCC=/nonexistent "$probe/run" none --only 6
	expect 77 'step 3 strides: skipped: .*no C compiler' env CC=/nonexistent NVCC=/nonexistent \
		"$probe/run" none --only 3
	# A step that a limit leaves no time for is not taken for done.
	expect 77 'no time left' "$probe/run" none --only 4 --budget 10
	[ ! -e none/step6.tar.gz ] || fail "a skipped step left an archive"
}

show_prints_a_recording()
{
	local whole damaged
	python3 "$helper" good.rec || fail "the helper failed"
	expect 0 'records: 3 (1 MEMSET, 2 CONCURRENT_KERNEL)' "$probe/show" good.rec
	grep -q '2  _Z6decodePf' out.txt || fail "show: no kernel by name: $(cat out.txt)"
	expect 0 'start=1800000000000001000 end=1800000000000002024 .*duration=1024' "$probe/show" --records good.rec
	expect 0 'buffer 3 of 65536 bytes, in cudaLaunchKernel_v7000 (correlation 17)' "$probe/show" --frames good.rec
	expect 0 'Grüße' env LC_ALL=C.UTF-8 "$probe/show" good.rec
	refuse 'MEMSET' "$probe/show" --records --kind 10 good.rec
	tar -czf good.tar.gz good.rec
	expect 0 'records: 3' "$probe/show" good.tar.gz good.rec
	expect 0 ' good.rec$' "$probe/show" good.tar.gz
	expect 2 'no_such' "$probe/show" good.tar.gz no_such

	# Cut anywhere: never a traceback, always said, and never more records than there were.
	whole=$(stat -c %s good.rec)
	for damaged in 70 100 500 $((whole / 2)) $((whole - 70)) $((whole - 1)); do
		head -c "$damaged" good.rec >cut.rec
		expect 1 '^damaged: ' "$probe/show" cut.rec
		! grep -q Traceback out.txt || fail "show: traceback on a file cut at $damaged"
	done
	head -c $((whole - 64)) good.rec >cut.rec # all but the end frame
	expect 1 'records: 3' "$probe/show" cut.rec
	grep -q 'no end frame' out.txt || fail "show: a cut file is not said to be one"
	head -c 40 good.rec >cut.rec
	expect 2 'not a recording' "$probe/show" cut.rec
	expect 2 'not a recording' "$probe/show" /dev/null
	expect 2 'No such file' "$probe/show" no_such
	expect 2 'a FILE is needed' "$probe/show"

	# One frame's magic broken: that frame is lost, those behind it are found again.
	cp good.rec broken.rec
	printf 'XXXX' | dd of=broken.rec bs=1 seek=64 conv=notrunc status=none
	expect 1 'records: 3' "$probe/show" broken.rec
	grep -q 'damaged: no frame at byte 64' out.txt || fail "show: damage at byte 64 is not told: $(cat out.txt)"
	# A frame that claims to be huge.
	cp good.rec broken.rec
	printf '\377\377\377\377' | dd of=broken.rec bs=1 seek=72 conv=notrunc status=none
	expect 1 'ends beyond the file' "$probe/show" broken.rec
	# Another format version is refused, not guessed at.
	cp good.rec broken.rec
	printf '\002' | dd of=broken.rec bs=1 seek=8 conv=notrunc status=none
	expect 2 'format 2' "$probe/show" broken.rec
}

answers_are_worked_out()
{
	python3 "$helper" answer.rec
	expect 0 "times of GPU work: {'good': 3}; delivered twice: 0" python3 "$probe/answers.py" records answer.rec
	expect 0 'greatest common divisor: durations 1024, differences of starts 2000' \
		python3 "$probe/answers.py" clock answer.rec
	printf 'eager_median 2000.0\n' >none-1.txt
	printf 'eager_median 2400.0\ngraph1000_node_median 900\n' >kernels-1.txt
	expect 0 'verdict: a launch 2000 ns, kernels +400' python3 "$probe/tables.py" cost .
	printf '# seconds launched kernels copies start_zero end_zero reversed dropped gpu_mib host_mib\n' >limit-8.txt
	printf '0 0 0 0 0 0 0 0 500 80\n1 900 800 100 9 0 0 0 600 90\n' >>limit-8.txt
	expect 0 'limit-8 .*1.00% invalid, GPU +100 MiB' python3 "$probe/tables.py" pool .
}

# What the simulated GPU did is known: the tour's kernels all come back, in recordings that can be read.
simulated_gpu_is_recorded()
{
	expect 0 'step 2 recordings: ok 10 recordings, 10 read back, 0 damaged' \
		"$root/scripts/simgpu" "$probe/run" rehearsal --only 2
	tar -xzf rehearsal/step2.tar.gz ./answers.txt ./tour-node.rec ./tour-node.txt || fail "no recordings in step2.tar.gz"
	grep -q '^failed_calls=0' tour-node.txt || fail "tour: $(cat tour-node.txt)"
	# 40 on streams, 150 of threads, 420 in graphs, 12 around cudaProfilerStart, 3 forms, 42 in flight, 2000 in a row
	expect 0 ' 2667 CONCURRENT_KERNEL' "$probe/show" tour-node.rec
	sed -n '/^== tour-gettid/,/^$/p' answers.txt | grep -q "thread is: {'gettid': [0-9]*}" || fail "thread ids are not gettid"
	grep -q "thread is: {'pthread_self (32 bits)': [0-9]*}" answers.txt || fail "thread ids are never pthread_self"
}

usage_is_checked
show_prints_a_recording
answers_are_worked_out
if have_headers; then
	builds_without_a_warning
	what_is_missing_is_said
	steps_without_gpu_run
	a_finished_step_is_left_out
	if [ -e "${CUFLIGHT_BUILD:-$root/build}/simgpu/lib/libcuda.so.1" ]; then
		simulated_gpu_is_recorded
	else
		echo "the simulated GPU is not built: no recording was rehearsed"
	fi
fi
[ "$failed" = 0 ] || exit 1
if ! have_headers; then
	echo "no cupti.h in $CUDA_HOME: nothing was built, no libcupti was asked"
	exit 77
fi
