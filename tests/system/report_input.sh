#!/usr/bin/env bash
# Shows that a recording that is cut off, damaged, foreign, newer or still growing is read as far as it can be, with
# what is missing told: exit 1 where something was lost, 0 where it is only not there yet; never a crash.
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
	grep -q -- "$1" err || fail "no \"$1\" in: $(head -c 300 err)"
}

count()
{
	awk -F, 'NR > 1 { n += $3 } END { print n + 0 }' out
}

"$CUFLIGHT_BUILD/tests/programs/make_trace" kernels=20000 chunk=500 t.cuft || exit 1
size=$(stat -c %s t.cuft)
report=("$cuflight" report -r cuda_gpu_kern_sum -f csv)

# --- no recording
status 1 "${report[@]}" missing.cuft
says "missing.cuft: No such file"
: >empty.cuft
status 1 "${report[@]}" empty.cuft
says "empty"
echo "just text, nothing of ours in it, but long enough to hold a header of sixty-four bytes" >text.cuft
status 1 "${report[@]}" text.cuft
says "not a cuflight recording"
mkdir dir.cuft
status 1 "${report[@]}" dir.cuft
says "not a file"
cp t.cuft newer.cuft
printf '\377' | dd of=newer.cuft bs=1 seek=8 conv=notrunc status=none
status 1 "${report[@]}" newer.cuft
says "newer cuflight"
for file in missing empty text newer; do
	status 1 "$cuflight" export --to sqlite $file.cuft
	[ ! -e $file.sqlite ] || fail "$file.sqlite was made"
done

# --- cut off: what is whole is shown, and the more the longer
last=0
for percent in 1 10 30 50 70 90 99; do
	head -c $((size * percent / 100)) t.cuft >cut.cuft
	status 0 "${report[@]}" cut.cuft
	kernels=$(count)
	[ "$kernels" -ge "$last" ] || fail "$percent %: $kernels kernels, $last before"
	last=$kernels
done
[ "$last" -gt 10000 ] || fail "hardly anything is read from a cut file: $last kernels"
says "cut off"
head -c $((size - 40)) t.cuft >cut.cuft
status 0 "${report[@]}" cut.cuft
[ "$(count)" = 20000 ] || fail "without its index: $(count) kernels"
status 0 "${report[@]}" t.cuft
[ "$(count)" = 20000 ] || fail "$(count) kernels"
[ ! -s err ] || fail "said of a good file: $(cat err)"

# --- growing while it is read
head -c $((size / 2)) t.cuft >grow.cuft
(tail -c +$((size / 2 + 1)) t.cuft | while IFS= read -r -d '' -n 4096 part || [ "$part" ]; do printf '%s\0' "$part"; done >>grow.cuft) &
for _ in 1 2 3 4 5; do
	"$cuflight" report grow.cuft >out 2>err || [ -s err ] || fail "while it grows: silent failure"
done
wait

# --- damaged in the middle: the index still finds the rest
cp t.cuft bad.cuft
printf 'XXXXXXXXXXXXXXXX' | dd of=bad.cuft bs=1 seek=$((size / 2)) conv=notrunc status=none
status 1 "$cuflight" report -r cuda_gpu_kern_sum,cuda_api_sum -f csv bad.cuft
says "damaged"
awk -F, '{ n += $3 } END { exit !(n > 39500 && n < 40200) }' out || fail "one bad chunk costs more than it holds"
status 1 "$cuflight" export --to sqlite bad.cuft
[ -s bad.sqlite ] || fail "nothing exported of a damaged file"

# --- any damage at all: no crash, an answer or a refusal
python3 - <<'END'
import random
good = open("t.cuft", "rb").read()
random.seed(7)
for i in range(60):
    bad = bytearray(good)
    for _ in range(random.choice((1, 10, 1000))):
        bad[random.randrange(len(bad))] = random.randrange(256)
    if i % 3 == 0:
        at = random.randrange(len(bad))
        del bad[at:at + random.randrange(5000)]
    open(f"random{i}.cuft", "wb").write(bad)
END
for i in {0..59}; do
	timeout 20 "$cuflight" report random"$i".cuft >out 2>err
	got=$?
	[ $got -le 1 ] || fail "random damage $i: exit $got: $(tail -n 2 err)"
	[ $got = 0 ] || [ -s err ] || fail "random damage $i: nothing is said"
done
exit $failed
