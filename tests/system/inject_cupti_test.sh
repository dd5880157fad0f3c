#!/usr/bin/env bash
# Shows that a libcupti that misbehaves does not take the program with it: it hangs in a flush, reports that it has
# given up, refuses every kind, lacks a function, is not there at all, or is in use by another tool; and that the
# real driver without a device is quiet.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
[ -e "$programs/cupti_fake.so" ] || skip "tests/programs/cupti_fake.so is not built"

# deliver HOW RECORDING: three times 100 records
deliver()
{
	FAKE_CUPTI=$1 CUFLIGHT_CUPTI=${3:-$programs/cupti_fake.so} record "$programs/inject_driver" 100 3
	[ "$status" = 0 ] || fail "$1: status $status: $(cat output)"
	[ "$(grep '^fact recording' dump | tail -n 1)" = "fact recording $2" ] ||
		fail "$1: $(grep '^fact recording' dump), not $2"
	expect 1 '^ring closed lived '
}

deliver "" on
[ "$(cat output)" = 300 ] || fail "$(cat output)"
expect 300 '^kernel name=fake_kernel '
expect 0 'losses=[a-z]' "losses"
[ ! -e session/log ] || fail "$(cat session/log)"

# The end of a process is not held up for longer than two seconds, and what was delivered is kept.
begin=$EPOCHREALTIME
deliver hang on
expect 300 '^kernel name=fake_kernel '
awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 10) }' || fail "held up from $begin to $EPOCHREALTIME"

# After this the fake ends the program if it is called once more.
deliver fatal "NVTX only: CUPTI reported a fatal error and ended its own recording"
expect 300 '^kernel name=fake_kernel '

deliver refuse "NVTX only: CUPTI refuses every activity kind"
[ "$(wc -l <session/log)" = 2 ] || fail "$(cat session/log)"

deliver "" "NVTX only: the libcupti found has no cuptiGetCallbackName" "$programs/cupti_fake_without_names.so"
deliver "" "NVTX only: libcupti could not be loaded from CUFLIGHT_CUPTI=/not/there.so" /not/there.so

# A forked child writes over the buffer that its parent's CUPTI is filling, and goes on calling: neither is harmed.
CUFLIGHT_CUPTI=$programs/cupti_fake.so record "$programs/inject_driver" 100 3 fork
[ "$status" = 0 ] && [ "$(cat output)" = 300 ] || fail "fork: status $status: $(cat output)"
[ "$(rings)" = 1 ] || fail "fork: $(rings) rings"
expect 300 '^kernel name=fake_kernel 21=0 22=0 23=0 24=0 25=0 ' "the parent's records, as it wrote them"
expect 0 'losses=[a-z]' "losses after a fork"

# A real libcupti where there is no driver; a real driver where there is no device.
# Beside a GPU the answer would be another.
[ -e /dev/nvidiactl ] || for cupti in "$CUFLIGHT_ROOT"/.deps/cupti-*/libcupti.so.1*; do
	[ -e "$cupti" ] || continue
	CUFLIGHT_CUPTI=$cupti record "$programs/inject_driver" 0
	[ "$status" = 0 ] && [ "$(cat output)" = 0 ] || fail "$cupti without a driver: status $status: $(cat output)"
	expect 1 '^fact recording NVTX only: cuptiSubscribe: CUPTI error '
	expect 1 '^fact cupti_strides .*10:2[0-9][0-9] '
done
driver=$CUFLIGHT_ROOT/.deps/libcuda
if [ -e "$driver/libcuda.so.1" ]; then
	cat >cuinit.py <<'P'
import ctypes
print(ctypes.CDLL("libcuda.so.1").cuInit(0))
P
	LD_LIBRARY_PATH=$driver python3 cuinit.py >wanted 2>&1
	LD_LIBRARY_PATH=$driver record python3 cuinit.py
	cmp -s wanted output || fail "the real driver: $(cat output), not $(cat wanted)"
	if [ ! -e /dev/nvidiactl ]; then
		expect 1 '^fact recording NVTX only: (cuptiSubscribe: CUPTI error|libcupti not found)'
	fi
	expect 1 '^ring closed lived '
else
	echo "without NVIDIA's driver library, which scripts/setup --oracle fetches"
fi
finish
