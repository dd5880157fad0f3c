#!/usr/bin/env bash
# What recording adds to a process's memory: the example on the simulated GPU, plain and recorded, proportional set size at its largest.
set -euo pipefail
build=${CUFLIGHT_BUILD:?}
root=${CUFLIGHT_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}

# peak COMMAND...: the largest Pss of the `decode` process, in KB.
peak() {
	local pid pss most=0
	"$@" >/dev/null 2>&1 &
	local job=$!
	while kill -0 "$job" 2>/dev/null; do
		pid=$(pgrep -n -f "$build/examples/decode" || true)
		pss=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/${pid:-none}/smaps_rollup" 2>/dev/null || true)
		if [ "${pss:-0}" -gt "$most" ]; then most=$pss; fi
		sleep 0.02
	done
	wait "$job"
	echo "$most"
}

program=("$root/scripts/simgpu" "$build/examples/decode" --steps 400 --layers 20 --pace 2000)
plain=$(peak "${program[@]}")
recorded=$(peak "$build/cuflight" run --quiet --force -o memory.cuft -- "${program[@]}")
echo "  $plain KB plain, $recorded KB recorded: $((recorded - plain)) KB added, the simulated CUPTI's own included"
