#!/usr/bin/env bash
# Shows that `cuflight iterations` and `--iterations` are right on recordings whose answers are known: each iteration launches as many kernels,
# which run long after it is over; copies are another thread's. Sums are computed again from the whole export, and the parts are the whole. Also
# what is said where there are no iterations, and bad options.
set -u
cuflight=$CUFLIGHT_BUILD/cuflight
failed=0

fail()
{
	echo "FAIL: $*"
	failed=1
}

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
	grep -q -- "$2" "$1" || fail "no \"$2\" in $1: $(head -c 300 "$1")"
}

"$CUFLIGHT_BUILD/tests/programs/make_trace" kernels=3000 copies=300 sets=0 iterations=50 processes=2 devices=2 t.cuft || exit 1
python3 "$CUFLIGHT_ROOT/tests/system/iterations_sums.py" "$cuflight" t.cuft || fail "sums"

# --- for people
status 0 "$cuflight" iterations t.cuft
says out "50 iterations by mark: median 0.359 ms"
says out "next: cuflight report --iterations "
[ "$(grep -c '^ *[0-9][0-9 ]' out)" -ge 10 ] || fail "not ten rows"
status 0 "$cuflight" iterations --limit 3 --sort number -f csv t.cuft
[ "$(wc -l <out)" = 4 ] || fail "--limit 3: $(wc -l <out) lines"
status 0 "$cuflight" iterations -f json t.cuft
python3 -c 'import json; assert len(json.load(open("out"))) == 100' || fail "json"
status 0 "$cuflight" iterations --source "m?rk" -f csv t.cuft
[ "$(wc -l <out)" = 101 ] || fail "--source: $(wc -l <out) lines"
status 0 "$cuflight" iterations --source nvtx t.cuft
says err "no iterations from a source like nvtx"

# --- none
"$CUFLIGHT_BUILD/tests/programs/make_trace" kernels=100 none.cuft || exit 1
status 0 "$cuflight" iterations none.cuft
says err "nvtx GLOB"
status 0 "$cuflight" iterations --nvtx "step *" -f csv none.cuft
[ "$(wc -l <out)" -gt 50 ] || fail "--nvtx: $(wc -l <out) lines"
status 0 "$cuflight" report --iterations 3 none.cuft
says err "has no iterations: nothing is selected"
status 0 "$cuflight" report --iterations 50- t.cuft
says err "has iterations 0 to 49"
status 0 "$cuflight" report --window 0 t.cuft
says err "there are none"

# --- bad options
for bad in "report --iterations x" "report --iterations 3-1" "report --iterations 1@" "report --nvtx @" "export --to sqlite --iterations -3" \
	"iterations --sort time" "iterations --limit x" "iterations --limit" "iterations -f xml" "iterations --source a --nvtx b"; do
	# shellcheck disable=SC2086
	status 2 "$cuflight" $bad t.cuft
	[ -s err ] || fail "nothing is said of $bad"
done
status 2 "$cuflight" iterations
status 1 "$cuflight" iterations missing.cuft

# --- cut off and damaged: an answer or a refusal
size=$(stat -c %s t.cuft)
for percent in 20 60 97; do
	head -c $((size * percent / 100)) t.cuft >cut.cuft
	status 0 "$cuflight" iterations -f csv cut.cuft
done
python3 - <<'END'
import random
good = open("t.cuft", "rb").read()
random.seed(5)
for i in range(30):
    bad = bytearray(good)
    for _ in range(random.choice((1, 10, 300))):
        bad[random.randrange(len(bad))] = random.randrange(256)
    open(f"random{i}.cuft", "wb").write(bad)
END
for i in {0..29}; do
	for command in "iterations" "report --iterations 3-9 --window 0" "report --nvtx step* --iterations 1-"; do
		# shellcheck disable=SC2086
		timeout 20 "$cuflight" $command random"$i".cuft >out 2>err
		got=$?
		[ $got -le 1 ] || fail "$command, random damage $i: exit $got: $(tail -n 2 err)"
	done
done
exit $failed
