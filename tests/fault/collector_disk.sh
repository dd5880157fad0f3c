#!/usr/bin/env bash
# Shows that a full disk, a limit on file sizes, --max-size, and directories that vanish end the recording and not the
# program: its output and exit status are as ever, the file is whole, what is not in it is counted, and it is told once.
. "$CUFLIGHT_ROOT/tests/collector.bash"

# recorded + lost = published, of the one process of a file
accounts() {
	same "records and losses of $1" "$(about "$1" 'records(one) + one["losses"].get("file", 0) + one["losses"].get("ring_full", 0)')" "$2"
	[ "$(about "$1" 'one["losses"].get("file", 0) > 0')" = True ] || fail "no loss by the file in $1"
}
run_500() { # FILE [OPTIONS]: 250,000 records, some 500 KB; exit status 7
	local file=$1
	shift
	expect 7 timeout 60 "$cuflight" run --no-summary -o "$file" "$@" -- "$fake" --chunks=500 --records=500 --pace=500 --end=_exit
	[ "$(published)" -gt 100000 ] || fail "$(cat out)"
}

# ---- --max-size
run_500 limited --max-size 200K
says err "limited.cuft has reached --max-size"
same 'times told' "$(grep -c 'max-size' err)" 1
[ "$(stat -c %s limited.cuft)" -le 204800 ] || fail "limited.cuft has $(stat -c %s limited.cuft) bytes"
[ "$(stat -c %s limited.cuft)" -gt 100000 ] || fail "limited.cuft has only $(stat -c %s limited.cuft) bytes"
whole limited.cuft
accounts limited.cuft 250000
expect 0 "$cuflight" report -r cuda_gpu_kern_sum limited.cuft
says err "records are missing (most: not written"

# ---- a limit on file sizes, which raises SIGXFSZ. The ring is a file too: it takes 2.2 MB.
(
	ulimit -f 2500 # KB
	expect 7 timeout 60 "$cuflight" run --no-summary -o ulimit -- "$fake" --chunks=3000 --records=1000 --pace=300 --end=_exit
) || exit 1
says err "cannot write ulimit.cuft any more: File too large"
whole ulimit.cuft
accounts ulimit.cuft 3000000

# ---- the disk is full: a small file system of our own
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=300k none small 2>/dev/null; then
	trap 'umount small' EXIT
	run_500 small/full
	says err "No space left on device"
	same 'times told' "$(grep -c 'No space' err)" 1
	whole small/full.cuft
	accounts small/full.cuft 250000
	# Full from the start: nothing is run, since nothing would be recorded.
	dd if=/dev/zero of=small/filler bs=4k 2>/dev/null
	expect 1 "$cuflight" run -o small/none -- touch started
	[ ! -e started ] || fail "CMD was started"
	umount small
	trap - EXIT
else
	echo "not root, or no mounts here: the full disk was left out"
fi

# ---- the file is deleted while it is written
"$cuflight" run --no-summary -o deleted -- "$fake" --chunks=50 --pace=50000 --end=_exit >out 2>err &
wait_for 10 test -e deleted.cuft
sleep 0.5
rm deleted.cuft
wait $!
same status $? 7
says err "deleted.cuft"

# ---- the session directory is deleted: who is connected is recorded to the end
expect 7 timeout 30 "$cuflight" run --no-summary -o vanished -- sh -c "\"$fake\" --chunks=50 --pace=50000 & sleep 0.5; rm -rf \"\$CUFLIGHT_DIR\"; wait; exit 7"
says err "was removed: programs that start from now on are not recorded"
whole vanished.cuft
same records "$(about vanished.cuft 'records(one)')" 5000
exit 0
