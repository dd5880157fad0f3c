#!/usr/bin/env bash
# How fast a recording becomes a summary: events/s from the file, and beside NVIDIA's own `nsys stats` on the same
# events (in SQLite, the form that it reads), where there is one. Usage: report_speed.sh [--quick], in an empty directory
set -euo pipefail
build=${CUFLIGHT_BUILD:?}
root=${CUFLIGHT_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
nsys=${NSYS:-$root/.deps/bin/nsys}
millions=20 compared=2 runs=5
if [ "${1:-}" = --quick ]; then millions=4 compared=1 runs=3; fi

# timed RUNS COMMAND...: "median least most" of CPU seconds, then of wall seconds, output thrown away.
timed() {
	python3 - "$@" <<-'END'
		import os, resource, statistics, subprocess, sys, time
		cpu, wall = [], []
		for _ in range(int(sys.argv[1])):
		    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
		    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		    after = resource.getrusage(resource.RUSAGE_CHILDREN)
		    cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
		    wall.append(time.monotonic() - begin)
		for figures in cpu, wall:
		    print(f"{statistics.median(figures):.4f} {min(figures):.4f} {max(figures):.4f}", end=" ")
		print()
	END
}

# rate NAME MILLIONS MEDIAN LEAST MOST: millions a second.
rate() {
	awk -v n="$2" -v m="$3" -v l="$4" -v h="$5" -v name="$1" \
		'BEGIN { printf "  %-44s %8.1f M/s  (%.1f to %.1f)\n", name, n / m, n / h, n / l }'
}

echo "Summary of $millions M kernels from the file, one core's time (budget 60 M events/s)"
"$build/tests/programs/make_trace" kernels=${millions}000000 graph=1 calls=0 copies=0 sets=0 ranges=0 big.cuft
read -r median least most _ < <(timed $runs "$build/cuflight" report -r cuda_gpu_kern_sum -f csv big.cuft)
rate "cuda_gpu_kern_sum" $millions "$median" "$least" "$most"
read -r median least most _ < <(timed $runs "$build/cuflight" report -r cuda_gpu_kern_sum:base,cuda_gpu_kern_sum -f csv big.cuft)
rate "two reports in one pass" $millions "$median" "$least" "$most"
rm big.cuft

"$build/tests/programs/make_trace" kernels=${compared}000000 ranges=${compared}000000 t.cuft
echo "SQLite export (budget 0.8 M rows/s)"
read -r _ _ _ median least most < <(timed 1 "$build/cuflight" export --to sqlite --force t.cuft)
rows=$(python3 -c '
import sqlite3
db = sqlite3.connect("t.sqlite")
print(sum(db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in
          ("CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_RUNTIME", "NVTX_EVENTS")) / 1e6)')
rate "rows, wall time" "$rows" "$median" "$least" "$most"

echo "Against nsys stats on the same events, wall time (budget 100x)"
if ! "$nsys" --version >/dev/null 2>&1; then
	echo "  no nsys here: not compared (scripts/setup --oracle)"
	exit 0
fi
for report in cuda_gpu_kern_sum cuda_api_sum nvtx_sum; do
	timed 1 cat t.sqlite >/dev/null
	read -r _ _ _ theirs _ < <(timed 1 "$nsys" stats -q -r $report -f csv t.sqlite)
	read -r _ _ _ ours _ < <(timed $runs "$build/cuflight" report -r $report -f csv t.cuft)
	awk -v t="$theirs" -v o="$ours" -v r=$report \
		'BEGIN { printf "  %-20s nsys %7.3f s, cuflight %7.4f s: %5.0fx\n", r, t, o, t / o }'
done
awk -v c="$(stat -c %s t.cuft)" -v s="$(stat -c %s t.sqlite)" -v n="$rows" \
	'BEGIN { printf "  bytes a row: .cuft %.2f, SQLite %.1f\n", c / n / 1e6, s / n / 1e6 }'
