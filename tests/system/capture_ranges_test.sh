#!/usr/bin/env bash
# timeout: 300
# Shows that CUFLIGHT_RANGES=10-19 keeps every record of iterations 10 to 19, by every source of iterations, and
# little else; that ITERATION rows are where the program says its iterations were; and TensorRT-LLM's variable.
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
	case $1 in
	*/decode) set -- "$@" --json-file "$PWD/program.json" ;;
	esac
	SIMGPU_TRUTH=$PWD/truth "$CUFLIGHT_BUILD/cuflight" run --quiet --force -o run.cuft -- \
		"$CUFLIGHT_ROOT/scripts/simgpu" "$@" >output 2>&1 || fail "$*: status $?: $(tail -n 3 output)"
	[ -e program.json ] || cp output program.json
}

# check LABEL ARGUMENT...
check()
{
	local label=$1
	shift
	python3 "$CUFLIGHT_ROOT/tests/system/capture_check.py" run.cuft truth program.json "$@" >checked 2>&1 ||
		fail "$label: $(cat checked)"
	echo "$label: $(head -n 2 checked | tr '\n' ' ')"
}

export CUFLIGHT_RANGES=10-19
# A margin of 1 ms is some three iterations of decode on each side, with 51 records each. The limits below are several times what an idle
# machine needs, and a fraction of what keeping everything would give: a busy one may take the processor away in the middle.
CUFLIGHT_ITERATION='nvtx:iteration *' run "$decode" --steps 300
check 'nvtx' 10-19 --outside 3000 --iterations 3200 --windows 1 --source 'nvtx:iteration *'
CUFLIGHT_ITERATION='nvtx:iteration *' run "$decode" --steps 100 --eager --streams 4 --pace 3000
check 'nvtx, eager' 10-19 --outside 1500 --iterations 3200 --windows 1
CUFLIGHT_ITERATION='nvtx:i*n *@' run "$decode" --steps 40
check 'nvtx in the default domain' 10-19 --outside 1400 --iterations 3200 --windows 1
CUFLIGHT_ITERATION='nvtx:iteration *@decode.engine' run "$decode" --steps 40
check 'nvtx in another domain' '' --outside 0
CUFLIGHT_ITERATION=mark run "$loop" --mark --iterations 200
check 'mark' 10-19 --outside 3000 --iterations 3200 --windows 1 --source mark
CUFLIGHT_ITERATION=mark run "$loop" --mark --iterations 60 --pace 3000
check 'mark, slowly' 10-19 --outside 300 --iterations 3200 --windows 1
run "$loop" --mark --iterations 60 --pace 3000
check 'auto takes marks' 10-19 --outside 300 --iterations 3200 --windows 1 --source mark
run "$decode" --steps 300 --pace 3000
check 'auto takes NVTX' 10-19 --outside 1500 --iterations 3200 --windows 1 --source 'auto: nvtx:iteration *'
# Edges that are known late: the gate opens well before, and stays open until the last is known.
CUFLIGHT_ITERATION=graph CUFLIGHT_RANGES=98-107 run "$decode" --steps 700 --pace 3000
check 'graph' 100-109 --outside 25000 --windows 1 --source graph
CUFLIGHT_ITERATION=d2h CUFLIGHT_RANGES=100-109 run "$decode" --steps 700 --pace 3000
check 'd2h' 100-109 --outside 25000 --iterations 3200 --ends --windows 1 --source d2h
CUFLIGHT_ITERATION=d2h run "$decode" --steps 50 --eager
check 'd2h, eager, a short run' 10-19 --iterations 3200 --ends --windows 1
CUFLIGHT_RANGES=1000-1009 NVTX_INJECTION64_PATH=/nowhere run "$decode" --steps 1500 --pace 3000 --eager
check 'auto without NVTX' 1000-1009 --outside 120000 --iterations 3200 --ends --windows 1 --source 'auto: d2h'
CUFLIGHT_RANGES=1200-1209 NVTX_INJECTION64_PATH=/nowhere run "$decode" --steps 1500 --pace 3000
check 'auto without NVTX, a graph' 1202-1211 --outside 65000 --windows 1 --source 'auto: graph'

CUFLIGHT_RANGES=5,10-12,30- CUFLIGHT_ITERATION=mark run "$loop" --mark --iterations 40 --pace 3000
check 'three ranges' 5-5,10-12,30-39 --outside 300 --iterations 3200 --windows 3
unset CUFLIGHT_RANGES
CUFLIGHT_ITERATION=mark TLLM_PROFILE_START_STOP=10-19 run "$loop" --mark --iterations 40 --pace 3000
check "TensorRT-LLM's variable" 10-19 --outside 300 --iterations 3200 --windows 1
CUFLIGHT_ITERATION=mark TLLM_PROFILE_START_STOP=10-19 run "$loop" --mark --iterations 60 --pace 3000 --profile 30-34
check "TensorRT-LLM's own calls win" 10-19,30-34 --outside 300 --iterations 3200 --windows 2
# Nothing asked for: everything is there, and the iterations with it.
run "$decode" --steps 60
check 'no ranges' 0-61 --iterations 3200 --windows 0 --source 'auto: nvtx:iteration *'
finish
