#!/usr/bin/env bash
# Shows that `cuflight report` and `export` do with their options what nsys stats does: several reports, formats and
# outputs, nsys's old names, files with its names; that nothing is overwritten unasked, that what cannot be written
# leaves no half file, that every form can be read back whatever names there are, and that mistakes are told with
# exit 2.
set -u
cuflight=$CUFLIGHT_BUILD/cuflight
failed=0

fail()
{
	echo "FAIL: $*"
	failed=1
}

# status EXPECTED COMMAND...: output in out and err.
status()
{
	local expected=$1 got
	shift
	"$@" >out 2>err </dev/null
	got=$?
	[ $got = "$expected" ] || fail "exit $got, not $expected: $* ($(head -c 300 err))"
}

says()
{
	grep -qF -- "$1" err || fail "no \"$1\" in: $(head -c 300 err)"
}

"$CUFLIGHT_BUILD/tests/programs/make_trace" strange=1 processes=2 kernels=2000 t.cuft || exit 1
"$CUFLIGHT_BUILD/tests/programs/make_trace" kernels=0 copies=0 sets=0 ranges=0 nothing.cuft || exit 1

# --- what is printed
status 0 "$cuflight" report t.cuft
[ "$(grep -c '^ \*\* ' out)" = 5 ] || fail "not the five reports of the default set"
status 0 "$cuflight" report t.cuft -r gpukernsum,cudaapisum --report nvtxsum
grep -q '^ \*\* CUDA GPU Kernel Summary (cuda_gpu_kern_sum):$' out || fail "old names"
[ "$(grep -c '^ \*\* ' out)" = 3 ] || fail "not three reports"
status 0 "$cuflight" report --help-reports
for report in cuda_gpu_kern_sum cuda_gpu_trace cuda_api_sum cuda_gpu_mem_time_sum cuda_gpu_mem_size_sum nvtx_sum; do
	grep -q "^  $report" out || fail "--help-reports without $report"
done
status 0 "$cuflight" report --help-reports=cuda_gpu_kern_sum
grep -q ':base' out || fail "--help-reports=NAME"

# --- every form, read back
for form in csv json tsv column table; do
	status 0 "$cuflight" report -r cuda_gpu_trace -f $form t.cuft
	mv out trace.$form
done
python3 - <<'END' || fail "forms differ"
import csv, json
csv.field_size_limit(1 << 30)
rows = list(csv.reader(open("trace.csv", newline="", encoding="utf-8"), strict=True))
objects = json.load(open("trace.json", encoding="utf-8"))
lines = open("trace.tsv", encoding="utf-8").read().split("\n")[:-1]
assert len(rows) - 1 == len(objects) == len(lines) - 1 > 4000
names = {row[-1] for row in rows}
for expected in ('with "quotes" in it', "with, comma", "line\nend and\ttab", "\u00e9t\u00e9 \u4e2d\u6587 \U0001f680",
                 "not \\xff\\xfe UTF-8 \\xc3", "nul \\x00 inside", "", "\x1b[31mred\x1b[0m", "h" * 60000, "_Z999foo"):
    assert expected in names, repr(expected[:50])
for row, o, line in zip(rows[1:], objects, lines[1:]):
    assert list(o) == rows[0]
    assert o["Name"] == row[-1]
    assert row[:3] == [str(v) for v in list(o.values())[:3]] == line.split("\t")[:3]
END
grep -q $'\x1b' trace.column trace.table && fail "an escape sequence reaches the terminal"
[ "$(wc -l <trace.column)" = "$(("$(wc -l <trace.tsv)" + 5))" ] || fail "a name with a line end breaks the columns"

# --- files
status 0 "$cuflight" report -r cuda_gpu_kern_sum:base,cuda_gpu_trace -f csv,json -o P,Q t.cuft
for file in P_cuda_gpu_kern_sum_base.csv Q_cuda_gpu_trace.json; do
	[ -s $file ] || fail "no $file: $(ls)"
done
cp P_cuda_gpu_kern_sum_base.csv before
status 1 "$cuflight" report -r cuda_gpu_kern_sum:base -o P nothing.cuft
says "--force"
cmp -s before P_cuda_gpu_kern_sum_base.csv || fail "overwritten"
status 0 "$cuflight" report -r cuda_gpu_kern_sum:base -o P --force nothing.cuft
[ "$(wc -l <P_cuda_gpu_kern_sum_base.csv)" = 1 ] || fail "--force did not replace"
status 0 "$cuflight" report -r nvtx_sum -o . t.cuft
[ -s t_nvtx_sum.csv ] || fail "-o ."
status 0 "$cuflight" report -r nvtx_sum,cuda_api_sum -o -,R -f csv t.cuft
[ -s out ] || fail "-o -"
[ -s R_cuda_api_sum.csv ] || fail "-o -,R"
status 1 "$cuflight" report -r nvtx_sum -o no/such/dir/P t.cuft
says "no/such/dir"
status 1 "$cuflight" export --to sqlite -o no/such/dir/t.sqlite t.cuft
says "no/such/dir/t.sqlite: No such file or directory"
status 0 "$cuflight" export --to sqlite t.cuft
[ -s t.sqlite ] || fail "no t.sqlite"
cp t.sqlite before
status 1 "$cuflight" export --to sqlite t.cuft
says "--force"
cmp -s before t.sqlite || fail "t.sqlite overwritten"
status 0 "$cuflight" export --to sqlite --force -o t.sqlite nothing.cuft
cmp -s before t.sqlite && fail "--force did not replace t.sqlite"

# --- nothing in it: said, empty tables, exit 0
status 0 "$cuflight" report nothing.cuft
[ "$(grep -c '^SKIPPED: nothing.cuft does not contain' out)" = 5 ] || fail "empty reports: $(cat out)"
status 0 "$cuflight" report -r cuda_gpu_kern_sum -f json nothing.cuft
python3 -c 'import json; assert json.load(open("out")) == []' || fail "empty JSON"
says "does not contain CUDA kernel data"
# Several reports are one document.
status 0 "$cuflight" report -r cuda_gpu_kern_sum:base,cuda_api_sum -f json t.cuft
python3 -c 'import json; d = json.load(open("out")); assert list(d) == ["cuda_gpu_kern_sum:base", "cuda_api_sum"] and d["cuda_api_sum"]' ||
	fail "several reports in JSON are not one object"
# A terminal gets a screenful, a pipe everything.
"$cuflight" report -r cuda_gpu_trace t.cuft >piped 2>/dev/null
script -qec "$cuflight report -r cuda_gpu_trace t.cuft" /dev/null >screen </dev/null
[ "$(wc -l <screen)" -lt 60 ] || fail "a terminal gets $(wc -l <screen) rows"
grep -q 'more rows: pipe it' screen || fail "the terminal is not told of the rest"
[ "$(wc -l <piped)" -gt 2000 ] || fail "a pipe gets only $(wc -l <piped) rows"

# --- no room: told, and no half file
status 1 sh -c "\"$cuflight\" report -r cuda_gpu_trace -f csv t.cuft >/dev/full"
says "No space left"
mkdir full
if mount -t tmpfs -o size=200k none full 2>/dev/null; then
	status 1 "$cuflight" export --to sqlite -o full/t.sqlite t.cuft
	says "full/t.sqlite"
	status 1 "$cuflight" report -r cuda_gpu_trace -o full/P t.cuft
	says "full/P_cuda_gpu_trace.csv: No space left"
	[ -z "$(ls -A full)" ] || fail "left behind: $(ls full)"
	umount full
else
	echo "no mount allowed: a full disk was not tried"
fi
[ -z "$(ls ./*.tmp-* 2>/dev/null)" ] || fail "temporary files stay: $(ls ./*.tmp-*)"

# --- mistakes
status 2 "$cuflight" report -r cuda_gpu_kern_sun t.cuft
says "did you mean cuda_gpu_kern_sum?"
status 2 "$cuflight" report -r cuda_gpu_kern_sum:bass t.cuft
says "[:base|:mangled]"
status 2 "$cuflight" report -f cvs t.cuft
says "csv"
status 2 "$cuflight" report
status 2 "$cuflight" report t.cuft nothing.cuft
status 2 "$cuflight" report -r , t.cuft
status 2 "$cuflight" report --reprot x t.cuft
says "--report"
status 2 "$cuflight" export t.cuft
status 2 "$cuflight" export --to sqllite t.cuft
says "sqlite"
status 2 "$cuflight" export --to sqlite
status 2 "$cuflight" export --to sqlite -o - t.cuft
says "name a file"
[ ! -e ./- ] || fail "a file named -"

# --- a recording is never replaced by what is made of it, by whatever name
cp t.cuft copy.cuft
ln t.cuft other-name
for name in t.cuft ./t.cuft other-name copy.cuft; do
	status 2 "$cuflight" export --to sqlite --force -o $name t.cuft
	says "$name is a recording"
	cmp -s t.cuft copy.cuft || fail "$name: the recording was overwritten"
done
cmp -s t.cuft other-name || fail "other-name was overwritten"
exit $failed
