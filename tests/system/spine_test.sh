#!/usr/bin/env bash
# Recorded equals done: the example under `cuflight run` on the simulated GPU, eager and graphs, one and four streams, one and eight processes.
# Every kernel, copy, memset, API call and NVTX range is compared with the simulated GPU's truth log and with what the program says it did.
# timeout: 300
set -euo pipefail
decode=$CUFLIGHT_BUILD/examples/decode
[ -x "$decode" ] || { echo "examples/decode is not built: no nvcc"; exit 77; }

# check LABEL OPTION...
check() {
	local label=$1
	shift
	rm -rf truth json
	mkdir truth json
	SIMGPU_TRUTH=$PWD/truth/%p.jsonl "$CUFLIGHT_BUILD/cuflight" run --quiet --force -o run.cuft -- \
		"$CUFLIGHT_ROOT/scripts/simgpu" "$decode" "$@" --json-file "$PWD/json/%p.json" >out.txt 2>&1 || { cat out.txt; echo "$label: failed"; exit 1; }
	# The launcher of several processes does nothing itself.
	python3 "$CUFLIGHT_ROOT/tests/system/spine_check.py" run.cuft "$CUFLIGHT_BUILD/cuflight" truth json ||
		{ echo "$label: recorded is not done"; exit 1; }
	"$CUFLIGHT_BUILD/cuflight" verify run.cuft >verify.txt || { cat verify.txt; exit 1; }
	echo "$label: ok"
}

check "graphs" --layers 8 --steps 60
check "eager" --layers 8 --steps 30 --eager
check "graphs, 4 streams" --layers 8 --steps 40 --streams 4
check "eager, 4 streams, churn" --layers 4 --steps 20 --streams 4 --eager --churn 3
check "a slow iteration" --layers 4 --steps 20 --slow-at 7
check "8 processes" --layers 4 --steps 25 --procs 8
check "8 processes, eager, 4 streams" --layers 2 --steps 15 --procs 8 --eager --streams 4
