#!/usr/bin/env bash
# Shows that exactly the work launched in iterations 10 to 19 is selected: of the example on the simulated GPU, eager and with graphs, on one
# stream and four, by NVTX and as recorded; against the program's own iterations and the simulated GPU's truth log, by correlation id. And that the
# iterations and what is outside of them are together the whole, in the report, in the export and in the table.
# timeout: 200
set -euo pipefail
decode=$CUFLIGHT_BUILD/examples/decode cuflight=$CUFLIGHT_BUILD/cuflight
[ -x "$decode" ] || { echo "examples/decode is not built: no nvcc"; exit 77; }

for options in "" "--eager" "--streams 4 --slow-at 13" "--eager --streams 4 --churn 3"; do
	# shellcheck disable=SC2086
	SIMGPU_TRUTH=$PWD/truth.jsonl "$cuflight" run --quiet --force -o run.cuft -- \
		"$CUFLIGHT_ROOT/scripts/simgpu" "$decode" --layers 3 --steps 30 $options --json-file "$PWD/done.json" >out 2>&1 ||
		{ cat out; exit 1; }
	python3 "$CUFLIGHT_ROOT/tests/system/iterations_check.py" "$cuflight" run.cuft truth.jsonl done.json ||
		{ echo "FAIL: decode $options"; exit 1; }
	echo "decode $options: ok"
done
