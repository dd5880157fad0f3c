#!/usr/bin/env bash
# Shows that NVIDIA's own `nsys stats`, run on our SQLite export, prints number for number what `cuflight report`
# prints: six reports and their variants, on recordings with several processes and GPUs, streams, graphs, equal
# values, odd names, and with nothing in them; and on one that was really recorded, where the simulated GPU is built.
# timeout: 400
set -u
cuflight=$CUFLIGHT_BUILD/cuflight
make_trace=$CUFLIGHT_BUILD/tests/programs/make_trace
nsys=${NSYS:-$CUFLIGHT_ROOT/.deps/bin/nsys}
reports=nvtx_sum,cuda_api_sum,cuda_gpu_kern_sum,cuda_gpu_kern_sum:base,cuda_gpu_kern_sum:mangled
reports+=,cuda_gpu_mem_time_sum,cuda_gpu_mem_size_sum,cuda_gpu_trace,cuda_gpu_trace:base
failed=0

if ! "$nsys" --version >/dev/null 2>&1; then
	echo "no nsys here (scripts/setup --oracle unpacks one)"
	exit 77
fi

fail()
{
	echo "FAIL: $*"
	failed=1
}

# The tables must make sense to SQL too, not to nsys's reports alone.
check_tables()
{
	python3 - "$1" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
one = lambda sql: db.execute(sql).fetchone()[0]
tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
assert one("PRAGMA integrity_check") == "ok"
if "CUPTI_ACTIVITY_KIND_RUNTIME" in tables:
    # One row a call, also across processes.
    assert one("SELECT count(*) - count(DISTINCT correlationId) FROM CUPTI_ACTIVITY_KIND_RUNTIME") == 0, "correlation"
if {"CUPTI_ACTIVITY_KIND_RUNTIME", "CUPTI_ACTIVITY_KIND_KERNEL"} <= tables:
    kernels = one("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL")
    joined = one("""SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUPTI_ACTIVITY_KIND_RUNTIME r
        ON k.correlationId = r.correlationId AND k.globalPid = (r.globalTid & 0xFFFFFFFFFF000000)""")
    assert joined == kernels, f"{joined} of {kernels} kernels have their call"
for table in tables:
    for (name,) in db.execute(f"SELECT name FROM pragma_table_info('{table}') WHERE name IN "
                              "('nameId', 'demangledName', 'shortName', 'mangledName', 'textId')"):
        missing = one(f"SELECT count(*) FROM {table} WHERE {name} IS NOT NULL AND {name} NOT IN (SELECT id FROM StringIds)")
        assert missing == 0, f"{table}.{name}: {missing} without a string"
END
}

# compare NAME FILE: export, ask both, compare.
compare()
{
	local name=$1 file=$2
	"$cuflight" export --to sqlite -o "$name.sqlite" "$file" 2>"$name.err" || fail "$name: export: $(cat "$name.err")"
	check_tables "$name.sqlite" || fail "$name: tables"
	"$nsys" stats -q -r "$reports" -f csv -o "$name-nsys" "$name.sqlite" >"$name.out" 2>&1 || fail "$name: nsys: $(cat "$name.out")"
	"$cuflight" report -r "$reports" -f csv -o "$name-ours" "$file" 2>"$name.err" || fail "$name: report: $(cat "$name.err")"
	# shellcheck disable=SC2086
	python3 "$CUFLIGHT_ROOT/tests/oracle/nsys_stats_compare.py" "$name-nsys" "$name-ours" ${reports//,/ } >"$name.diff" ||
		fail "$name"$'\n'"$(grep -A 3 DIFFER "$name.diff" | cut -c 1-2000)"
	echo "$name: $(grep -c equal "$name.diff") of $(wc -l <"$name.diff") reports equal," \
		"$(awk '{ n += $2 } END { print n }' "$name.diff") rows"
}

# made NAME OPTION...: on a recording of make_trace.
made()
{
	local name=$1
	shift
	"$make_trace" "$@" "$name.cuft" || fail "make_trace $*"
	compare "$name" "$name.cuft"
}

made plain
made many processes=5 devices=2 streams=4 kernels=3000
made graph graph=1 kernels=20000 calls=1
made strange strange=1 processes=2 kernels=4000
made ties ties=1 names=40 kernels=4000
made walked index=0 kernels=500 chunk=64
made kernels_only copies=0 sets=0 calls=0 ranges=0
made ranges_only kernels=0 copies=0 sets=0 ranges=4000
made nothing kernels=0 copies=0 sets=0 ranges=0
made one_each kernels=1 copies=1 sets=1 ranges=1

# Both saw data where there was some: a comparison of two empty outputs shows nothing.
for name in plain many graph strange ties; do
	for report in nvtx_sum cuda_api_sum cuda_gpu_kern_sum cuda_gpu_mem_size_sum cuda_gpu_trace; do
		for who in nsys ours; do
			[ "$(wc -l <"$name-${who}_$report.csv")" -gt 5 ] || fail "$name: $report of $who is empty"
		done
	done
done

if [ -x "$CUFLIGHT_BUILD/examples/decode" ] && [ -e "$CUFLIGHT_BUILD/libcuflight.so" ]; then
	if SIMGPU_SPEED=0 "$CUFLIGHT_ROOT/scripts/simgpu" "$cuflight" run -o recorded.cuft -- \
		"$CUFLIGHT_BUILD/examples/decode" --steps 20 --streams 2 >recorded.log 2>&1; then
		compare recorded recorded.cuft
	else
		fail "recording the example: $(tail -n 3 recorded.log)"
	fi
else
	echo "the example is not built: no real recording was compared"
fi
exit $failed
