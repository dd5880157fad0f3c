#!/usr/bin/env bash
# Shows that NVTX is recorded as the program says it: every push, pop, start, end and mark with its text, domain,
# category, colour and payload, in the order of its thread, from many threads, under signals, with both clocks;
# and that Python's nvtx package and NCCL are recorded.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
need_nvtx
nvtx=$programs/inject_nvtx

# Types (field 112): 1 push, 2 pop, 3 start, 4 end, 5 mark.
record "$nvtx" pairs 20000
[ "$status" = 0 ] || fail "pairs: status $status"
expect 1 '^ring closed lived liveness=0 policy=flight losses= ' "a ring closed in order, nothing lost"
expect 20000 '^nvtx 112=1 '
expect 20000 '^nvtx 112=2 '
expect 1 '^fact recording NVTX only: CUDA was not initialised$'
expect 1 "^fact argv $nvtx\|pairs\|20000$"
expect 1 '^thread [0-9]+ inject_nvtx$'
# In order, each with its own name, times rising.
grep '^nvtx' dump | awk 'BEGIN { n = 0 }
	/112=1 / { if ($0 !~ "name=range " n " ") { print "out of order at " n; exit 1 } n++ }
	{ match($0, / 16=[0-9]+/); t = substr($0, RSTART + 4, RLENGTH - 4) + 0; if (t < last) { print "back in time"; exit 1 } last = t }' ||
	fail "order"

record "$nvtx" threads 150
expect 15000 '^nvtx 112=1 '
expect 15000 '^nvtx 112=2 '
expect 0 'losses=[a-z]' "losses"
[ "$(grep -o '^nvtx 112=1 19=[0-9]*' dump | sort | uniq -c | awk '$1 == 100' | wc -l)" = 150 ] || fail "100 ranges of each of 150 threads"

record "$nvtx" handles
[ ! -s output ] || fail "handles: $(cat output)"
expect 1 '^nvtx 112=1 .* domain=domain a name=registered 28=7 114=7 115=4281558681 116=5 .* 117=4294967291$'
expect 1 '^nvtx 112=1 .* domain= name=default domain 28=0 '
expect 1 '^nvtx 112=1 .* domain= name=breit € 28=2 .* 116=3 .* 117=4612811918334230528$'
expect 3 '^nvtx 112=2 '
expect 1 '^nvtx 112=3 .* domain=domain é中😀 name=registriert ü '
start=$(sed -n 's/^nvtx 112=3 .* domain=domain é.* 118=\([0-9]*\) .*/\1/p' dump)
expect 1 "^nvtx 112=4 .* domain=domain é中😀 .* 118=$start 117=0\$" "the end of that start"
expect 4 '^nvtx 112=5 '
expect 1 '^category domain=0 8 Kategorie acht$'
expect 1 '^category domain=[1-9][0-9]* 7 category seven$'
expect 1 '^thread [0-9]+ the main thread$'
expect 1 '^thread ' "its own name in place of the kernel's"

record "$nvtx" long
expect 1 '^nvtx 112=5 .* name=x{4064} 28=8 '
expect 1 'losses=text_cut:1,'

record "$nvtx" signal
[ "$status" = 0 ] || fail "signal: status $status"
expect 20000 '^nvtx 112=1 .*name=range '
pushes=$(count '^nvtx 112=1 ') pops=$(count '^nvtx 112=2 ')
[ "$pushes" = "$pops" ] || fail "under signals: $pushes pushes, $pops pops"

record "$nvtx" names
grep -q '^Name:	cuflight$' output || fail "the helper thread is not named cuflight: $(cat output)"
# Every signal that can be blocked; the two that glibc keeps for itself cannot.
grep -qix 'SigBlk:	fffffffe7ffbfeff' output || fail "signals of the helper thread: $(cat output)"

for clock in monotonic tsc; do
	CUFLIGHT_CLOCK=$clock record "$nvtx" pairs 100
	expect 100 '^nvtx 112=1 '
	begin=$(grep -m 1 '^nvtx' dump | grep -o ' 16=[0-9]*' | cut -d= -f2)
	now=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
	[ $((now - begin)) -ge 0 ] && [ $((now - begin)) -lt 20000000000 ] || fail "time by $clock: $begin, now $now"
done

# More than the pages hold at once, from a program that does nothing else: what is lost is counted, and the rest is
# whole.
CUFLIGHT_PAGES=2 CUFLIGHT_PAGE_SIZE=8K record "$nvtx" pairs 20000
lost=$(sed -n 's/^ring .*no_page:\([0-9]*\),.*/\1/p' dump)
kept=$(count '^nvtx')
[ $((kept + ${lost:-0})) = 40000 ] || fail "$kept recorded and ${lost:-0} lost, of 40000"
[ "${lost:-0}" -gt 0 ] || fail "nothing was lost with two small pages"
[ "$(grep -o '^lost 160=2 .* 161=[0-9]*' dump | sed 's/.*161=//' | awk '{ n += $1 } END { print n + 0 }')" = "${lost:-0}" ] ||
	fail "LOST records add up to the loss"

python=$CUFLIGHT_ROOT/.deps/venv/bin/python
if [ -x "$python" ] && "$python" -c 'import nvtx' 2>/dev/null; then
	cat >program.py <<'P'
import nvtx
import threading

@nvtx.annotate("decorated", domain="python domain", category="python category", color="blue")
def decorated(i):
    with nvtx.annotate(f"number {i}"):
        nvtx.mark("a mark", payload=i)

def thread():
    for i in range(500):
        decorated(i)

threads = [threading.Thread(target=thread) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
P
	record "$python" program.py
	[ "$status" = 0 ] || fail "python: $(cat output)"
	expect 2000 '^nvtx 112=1 .* domain=python domain name=decorated '
	expect 4 '^nvtx 112=1 .* domain= name=number 77 '
	expect 2000 '^nvtx 112=5 .* domain= name=a mark .* 116=[1-6] '
	expect 4000 '^nvtx 112=2 '
	expect 1 '^category domain=[0-9]+ [0-9]+ python category$'
	expect 0 'losses=[a-z]' "losses"
	if "$python" -c 'import nvidia.nccl' 2>/dev/null; then
		cat >nccl.py <<'P'
import ctypes
import glob
import nvidia.nccl
path = glob.glob(list(nvidia.nccl.__path__)[0] + "/lib/libnccl.so.*")[0]
print(ctypes.CDLL(path).ncclAllReduce(None, None, ctypes.c_size_t(1000), 7, 0, None, None))
P
		record "$python" nccl.py
		[ "$(cat output)" = 4 ] || fail "NCCL: $(cat output)"
		expect 1 '^nvtx 112=1 .* domain=NCCL name=ncclAllReduce '
		expect 1 '^nvtx 112=2 .* domain=NCCL '
	fi
else
	echo "without Python's nvtx package and NCCL, which scripts/setup installs"
fi
finish
