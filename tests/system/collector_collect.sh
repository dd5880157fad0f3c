#!/usr/bin/env bash
# Shows `cuflight collect`: rings that dead processes left, processes that run (their newest records first, and none is
# lost from then on), Ctrl-C leaving them alone, one process of several, and what there is nothing to collect of.
. "$CUFLIGHT_ROOT/tests/collector.bash"
mkdir -m 700 s s/rings
export CUFLIGHT_DIR=$PWD/s
rings() {
	find s/rings -name '*.ring' | wc -l
}
are_rings() {
	[ "$(rings)" = "$1" ]
}

# ---- what dead processes left: ended in order, killed, by _exit
"$fake" --file --flight >out
"$fake" --file --flight --chunks=7 --end=kill >>out 2>/dev/null
"$fake" --file --flight --chunks=3 --end=_exit >>out
same rings "$(rings)" 3
expected=$(published)
expect 0 "$cuflight" collect -o dead
whole dead.cuft
same records "$(about dead.cuft 'sum(map(records, p))')" "$expected"
same ends "$(about dead.cuft 'sorted(q["facts"]["end"] for q in p)')" "['exited', 'unknown', 'unknown']"
same rings "$(rings)" 0
[ ! -e s/socket ] || fail "the socket was left"

# ---- what does not fit into the file stays in the ring
"$fake" --file --flight --chunks=400 --records=200 >out
expect 0 "$cuflight" collect -q -o part --max-size 64K
says err "what did not get into part.cuft is still in"
same rings "$(rings)" 1
"$cuflight" collect -q -o rest || fail "the rest"
whole part.cuft
whole rest.cuft
same records $(($(about part.cuft 'records(one) + one["losses"]["file"]') + $(about rest.cuft 'records(one)'))) 80000
[ "$(about part.cuft 'one["losses"]["file"] < 1000')" = True ] || fail "$(about part.cuft 'one["losses"]')"
same rings "$(rings)" 0

# ---- nothing there
expect 1 "$cuflight" collect -o none
says err "nothing to collect"
[ ! -e none.cuft ] || fail "an empty file was left"
expect 1 "$cuflight" collect -o none /no/such/directory
expect 1 "$cuflight" collect -o none $((1 << 22))
says err "no such process"
expect 2 "$cuflight" collect a b

# ---- nothing there, and the log says why: with the time, as it was before; told again to whoever asks again
echo "1700000000.123 pid 7 worker: no libcupti was found" >s/log
for _ in 1 2; do
	expect 1 "$cuflight" collect -o none
	says err "2023-11-14 "
	says err "pid 7 worker: no libcupti was found"
	says err "nothing to collect"
done
: >s/log

# ---- without a name: where the library leaves its rings, with XDG_RUNTIME_DIR and without
default() {
	env -u CUFLIGHT_DIR XDG_RUNTIME_DIR="$PWD/runtime" "$cuflight" collect "$@"
}
mkdir -m 700 runtime
if [ ! -e "/tmp/cuflight-$(id -u)" ]; then
	expect 1 default -o none
	says err "$PWD/runtime/cuflight-$(id -u) or /tmp/cuflight-$(id -u) (\`cuflight collect PID\`"
	mkdir -m 700 "/tmp/cuflight-$(id -u)" "/tmp/cuflight-$(id -u)/rings" "runtime/cuflight-$(id -u)"
	CUFLIGHT_DIR=/tmp/cuflight-$(id -u) "$fake" --file --flight >out
	expect 0 default -q -o elsewhere
	rm -rf "/tmp/cuflight-$(id -u)"
	same records "$(about elsewhere.cuft 'records(one)')" 1000
fi

# ---- another user's
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	name=$(getent passwd 65534 | cut -d : -f 1)
	setpriv --reuid=65534 --regid=65534 --clear-groups sleep 30 &
	expect_user() {
		expect 1 "$cuflight" collect -o none $!
		grep -qF "process $! belongs to user $name; as that user: sudo -u $name cuflight collect $!" err
	}
	wait_for 5 expect_user
	kill $!
	mkdir -m 700 theirs && chown 65534 theirs
	expect 1 "$cuflight" collect -o none "$PWD/theirs"
	says err "belongs to user $name"
fi
mkdir -m 750 wide
expect 1 "$cuflight" collect -o none "$PWD/wide"
says err "chmod 700"

# ---- a process that runs, in flight: its newest records, then all
"$fake" --file --flight --chunks=400 --records=5000 --names=0 --pace=5000 >fake.out &
wait_for 5 are_rings 1
sleep 1
expect 0 "$cuflight" collect -o live
says err "recording 1 process into live.cuft"
wait
whole live.cuft
[ "$(about live.cuft 'records(one) > 5000 * 200')" = True ] || fail "$(about live.cuft 'records(one)') records"
same end "$(about live.cuft 'one["facts"]["end"]')" exited
same 'lost in the ring' "$(about live.cuft '"ring_full" in one["losses"]')" False

# ---- Ctrl-C ends the collection, not the process; what comes later can be collected later
"$fake" --file --flight --chunks=60 --pace=50000 >out &
victim=$!
wait_for 5 are_rings 1
"$cuflight" collect -q -o first &
collector=$!
wait_for 5 test -e s/socket
sleep 0.7
kill -INT $collector
wait $collector || fail "collect: status $?"
same end "$(about first.cuft 'one["facts"]["end"]')" running
kill -0 $victim || fail "the process was harmed"
same rings "$(rings)" 1
wait $victim
expect_first=$(about first.cuft 'records(one)')
"$cuflight" collect -q -o second || fail "second collection"
whole first.cuft
whole second.cuft
same 'records in both' $((expect_first + $(about second.cuft 'records(one)'))) 6000

# ---- one of two processes, by its number
"$fake" --file --flight --tag=wanted --end=forever >/dev/null &
wanted=$!
"$fake" --file --flight --tag=other --end=forever >/dev/null &
other=$!
wait_for 5 are_rings 2
"$cuflight" collect -q -o "pid%p" $wanted &
collector=$!
wait_for 5 test -e "pid$wanted.cuft"
sleep 0.3
# ---- a second collector is sent away
expect 1 "$cuflight" collect -o late
says err "another collector serves"
kill -KILL $wanted
wait $collector || fail "collect: status $?"
same tag "$(about "pid$wanted.cuft" 'one["facts"]["tag"]')" wanted
# Who is not its parent sees how it ended only as long as that has not asked.
case $(about "pid$wanted.cuft" 'one["facts"]["end"]') in killed | unknown) ;; *) fail "end" ;; esac
kill -KILL $other
wait 2>/dev/null
same rings "$(rings)" 1
exit 0
