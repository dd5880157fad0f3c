#!/usr/bin/env bash
# Shows that a recording that cannot be made harms nobody and says why, once: malformed variables, a session
# directory that is not there or not ours, limits on files, memory and threads, a full disk; and where rings go
# when nobody asked for a place.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
need_nvtx
nvtx=$programs/inject_nvtx

# unharmed WHAT: the last program ran as if alone
unharmed()
{
	[ "$status" = 0 ] || fail "$1: status $status: $(cat output)"
	[ ! -s output ] || fail "$1: output: $(cat output)"
}

# told PATTERN: one line of the log, and no other
told()
{
	grep -qE -e "$1" session/log 2>/dev/null || fail "not told: $1: $(cat session/log 2>/dev/null)"
	[ "$(wc -l <session/log)" = 1 ] || fail "told more than once: $(cat session/log)"
}

CUFLIGHT_SLOT_SIZE=lots record bash -c "'$nvtx' pairs 10 & '$nvtx' pairs 10; wait; '$nvtx' pairs 10"
unharmed "a malformed variable"
[ "$(rings)" = 0 ] || fail "recorded in spite of a malformed variable"
told 'recording is off: CUFLIGHT_SLOT_SIZE=lots is not understood; an example: CUFLIGHT_SLOT_SIZE=512K .32K to 16M.$'

record bash -c "ulimit -f 1000; exec '$nvtx' pairs 10"
unharmed "a limit on file sizes"
[ "$(rings)" = 0 ] || fail "a ring above the limit on file sizes"
told 'recording is off: no ring: .*ulimit -f'
record bash -c "ulimit -f 0; exec '$nvtx' pairs 10"
unharmed "a limit on file sizes of nothing"

CUFLIGHT_RING_SIZE=512M record bash -c "ulimit -v 400000; exec '$nvtx' pairs 10"
unharmed "no memory for a ring"
[ "$(rings)" = 0 ] || fail "a ring without memory"
told 'recording is off: no ring: Cannot allocate memory'

# A disk with less room than the ring takes.
if mkdir -p small && mount -t tmpfs -o size=1m,mode=700 small "$PWD/small" 2>/dev/null; then
	CUFLIGHT_DIR=$PWD/small LD_PRELOAD=$library "$nvtx" pairs 10 >output 2>&1
	status=$?
	unharmed "a full disk"
	grep -q 'no ring: No space left on device' small/log || fail "a full disk: $(cat small/log)"
	[ -z "$(ls small/rings)" ] || fail "a full disk: left $(ls small/rings)"
	umount small
fi

# Directories that cannot be trusted.
for place in "$PWD/missing" "$PWD/open" "$PWD/link" /proc; do
	rm -rf open link real
	mkdir -m 755 open
	mkdir -m 700 real
	ln -s real link
	CUFLIGHT_DIR=$place LD_PRELOAD=$library "$nvtx" pairs 10 >output 2>&1
	status=$?
	unharmed "$place"
	[ -z "$(ls open)$(ls real)" ] || fail "wrote to $place: $(ls open real)"
	[ ! -e missing ] || fail "made $place"
done
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir -m 755 others
	chown 12345 others
	CUFLIGHT_DIR=$PWD/others LD_PRELOAD=$library "$nvtx" pairs 10 >output 2>&1
	status=$?
	unharmed "somebody else's directory"
	[ -z "$(ls others)" ] || fail "wrote to somebody else's directory"
fi
# Nothing in it is followed out of it.
rm -rf session target
mkdir -m 700 session
mkdir target
ln -s "$PWD/target" session/rings
ln -s "$PWD/target/log" session/log
record_more "$nvtx" pairs 10
unharmed "links in the session directory"
[ -z "$(ls target)" ] || fail "followed a link: $(ls target)"

# No place given: one directory a user, ours alone.
mkdir runtime
XDG_RUNTIME_DIR=$PWD/runtime LD_PRELOAD=$library "$nvtx" pairs 10 >output 2>&1
status=$?
unharmed "no session"
[ "$(stat -c %a "runtime/cuflight-$(id -u)")" = 700 ] || fail "the default directory: $(ls -la runtime)"
"$programs/inject_ring_dump" runtime/cuflight-*/rings/*.ring >dump
expect 1 '^ring closed lived .*policy=flight' "a flight recording"
expect 20 '^nvtx'

# A collector that is gone leaves its socket behind: a named ring, and flight.
rm -rf session && mkdir -m 700 session
python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind("session/socket")'
record_more "$nvtx" pairs 10
unharmed "a dead socket"
expect 1 '^ring closed lived .*policy=flight'
CUFLIGHT_MODE=drain record "$nvtx" pairs 10
expect 1 '^ring closed lived .*policy=drain'

# Flight: the newest are kept, the rest counted.
CUFLIGHT_RING_SIZE=256K CUFLIGHT_PUBLISH=10ms record "$nvtx" pairs 300000
gone=$(sed -n 's/^ring .*overwritten:\([0-9]*\),.*/\1/p' dump)
kept=$(count '^nvtx')
[ "${gone:-0}" -gt 0 ] || fail "nothing was overwritten"
dropped=$(sed -n 's/^ring .*no_page:\([0-9]*\),.*/\1/p' dump) # a busy machine may not give the helper its turn in time
[ $((kept + gone + ${dropped:-0})) -ge 600000 ] || fail "$kept kept, $gone overwritten, ${dropped:-0} without a page, of 600000"
expect 1 '^nvtx 112=1 .* name=range 299999 '
finish
