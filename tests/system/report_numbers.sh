#!/usr/bin/env bash
# Shows that the summaries are right: computed again in Python from the rows of the SQLite export, and from
# cuda_gpu_trace, which agree with what make_trace says it made; on one process and on several.
set -u
cuflight=$CUFLIGHT_BUILD/cuflight
make_trace=$CUFLIGHT_BUILD/tests/programs/make_trace
reports=cuda_gpu_kern_sum,cuda_gpu_mem_time_sum,cuda_gpu_mem_size_sum,cuda_api_sum,nvtx_sum,cuda_gpu_trace
failed=0

# check NAME OPTION...: on a recording that make_trace makes with these options.
check()
{
	local name=$1
	shift
	if ! { "$make_trace" "$@" "$name.cuft" && "$cuflight" export --to sqlite "$name.cuft" 2>/dev/null &&
		"$cuflight" report -f csv -o "$name" "$name.cuft" -r "$reports" 2>/dev/null && compare "$name"; }; then
		echo "FAIL: $name ($*)"
		failed=1
	fi
}

compare()
{
	python3 - "$1" <<'END'
import csv, fractions, math, sqlite3, statistics, sys

name = sys.argv[1]
db = sqlite3.connect(f"{name}.sqlite")


def half_up(x, digits=1):
    scale = 10 ** digits
    return math.floor(fractions.Fraction(x) * scale + fractions.Fraction(1, 2)) / scale


def read(report):
    with open(f"{name}_{report}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def check(report, sql, labels, columns=("Total Time (ns)", "Avg (ns)", "Med (ns)", "Min (ns)", "Max (ns)", "StdDev (ns)")):
    groups = {}
    for *key, value in db.execute(sql):
        groups.setdefault(tuple(key), []).append(value)
    rows = read(report)
    assert len(rows) == len(groups), f"{report}: {len(rows)} rows, {len(groups)} groups"
    whole = sum(map(sum, groups.values()))
    totals = []
    for row in rows:
        values = groups[tuple(row[label] for label in labels)]
        count = next(row[c] for c in ("Instances", "Count", "Num Calls") if c in row)
        deviation = statistics.stdev(values) if len(values) > 1 else 0
        total, average, median, least, most, spread = (float(row[c]) for c in columns)
        where = f"{report}: {row}"
        assert int(count) == len(values), where
        if "Time (%)" in row:
            assert (total, least, most) == (sum(values), min(values), max(values)), where
            assert average == half_up(fractions.Fraction(sum(values), len(values))), where
            assert median == half_up(fractions.Fraction(statistics.median(values))), where
            assert abs(spread - deviation) <= 0.0500001, where
            assert float(row["Time (%)"]) == half_up(fractions.Fraction(100 * sum(values), whole)), where
        else:
            for shown, exact in ((total, sum(values)), (average, statistics.mean(values)), (spread, deviation),
                                 (median, statistics.median(values)), (least, min(values)), (most, max(values))):
                assert abs(shown - exact / 1e6) <= 0.000500001, where
        totals.append(sum(values))
    assert totals == sorted(totals, reverse=True), f"{report}: not by total"


strings = {id: value for id, value in db.execute("SELECT id, value FROM StringIds")}
check("cuda_gpu_kern_sum", "SELECT value, end - start FROM CUPTI_ACTIVITY_KIND_KERNEL JOIN StringIds ON id = demangledName", ["Name"])
operations = """SELECT '[CUDA memcpy ' || label || ']' AS name, start, end, bytes FROM CUPTI_ACTIVITY_KIND_MEMCPY
    JOIN ENUM_CUDA_MEMCPY_OPER ON id = copyKind UNION ALL SELECT '[CUDA memset]', start, end, bytes FROM CUPTI_ACTIVITY_KIND_MEMSET"""
check("cuda_gpu_mem_time_sum", f"SELECT name, end - start FROM ({operations})", ["Operation"])
check("cuda_gpu_mem_size_sum", f"SELECT name, bytes FROM ({operations})", ["Operation"],
      ("Total (MB)", "Avg (MB)", "Med (MB)", "Min (MB)", "Max (MB)", "StdDev (MB)"))
check("cuda_api_sum", """SELECT CASE WHEN value GLOB '*_v[0-9][0-9][0-9][0-9]' THEN substr(value, 1, length(value) - 6)
    ELSE value END, end - start FROM CUPTI_ACTIVITY_KIND_RUNTIME JOIN StringIds ON id = nameId""", ["Name"])
check("nvtx_sum", """SELECT CASE r.eventType WHEN 59 THEN 'PushPop' ELSE 'StartEnd' END,
    coalesce((SELECT d.text || ':' FROM NVTX_EVENTS d WHERE d.eventType = 75 AND d.domainId = r.domainId
    AND d.globalTid >> 24 = r.globalTid >> 24), '') || r.text, r.end - r.start
    FROM NVTX_EVENTS r WHERE r.eventType IN (59, 60)""", ["Style", "Range"])

trace = read("cuda_gpu_trace")
starts = [int(row["Start (ns)"]) for row in trace]
assert starts == sorted(starts)
assert len(trace) == sum(db.execute(f"SELECT count(*) FROM CUPTI_ACTIVITY_KIND_{t}").fetchone()[0] for t in ("KERNEL", "MEMCPY", "MEMSET"))
kernels = sum(int(row["Duration (ns)"]) for row in trace if row["GrdX"])
assert kernels == sum(int(row["Total Time (ns)"]) for row in read("cuda_gpu_kern_sum"))
END
}

check one kernels=5000
check many processes=3 devices=2 kernels=2000 copies=300
check few kernels=3 copies=2 sets=1 ranges=1
check ties ties=1 kernels=3000
# More kernels than are held one by one before they are counted, in one group.
check wide kernels=200000 names=2 sites=3 ranges=4

# make_trace made what it was asked for.
[ "$(awk -F, 'NR > 1 { n += $3 } END { print n }' one_cuda_gpu_kern_sum.csv)" = 5000 ] || { echo "FAIL: not 5000 kernels"; failed=1; }
[ "$(awk -F, 'NR > 1 { n += $2 } END { print n }' many_cuda_gpu_mem_size_sum.csv)" = 1050 ] || { echo "FAIL: not 1050 copies and sets"; failed=1; }
exit $failed
