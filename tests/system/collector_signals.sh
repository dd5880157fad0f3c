#!/usr/bin/env bash
# Shows what signals do: Ctrl-C on a terminal reaches CMD as without cuflight, the recording is completed when CMD has
# ended, a second one stops the waiting; signals sent to cuflight alone are passed on; and the file is whole every time.
. "$CUFLIGHT_ROOT/tests/collector.bash"
press="python3 $CUFLIGHT_ROOT/tests/system/collector_signals.py"
status() {
	tail -n 1 out
}

# ---- CMD dies of Ctrl-C, as programs do
$press 1 0 "$cuflight" run -q -o plain -- "$fake" --end=forever --chunks=5 >out
same status "$(status)" 'status 130'
whole plain.cuft
same records "$(about plain.cuft 'records(one)')" 500
same end "$(about plain.cuft 'one["facts"]["end"]')" killed

# ---- CMD handles it, cleans up, and its own exit status counts
$press 1 0 "$cuflight" run -q -o handled -- sh -c "trap 'echo cleaning up; exit 5' INT; echo ready; while :; do sleep 0.05; done" >out
same status "$(status)" 'status 5'
says out "cleaning up"
whole handled.cuft

# ---- CMD takes its time; whoever waits is told; the second Ctrl-C stops the waiting, not the program
cat >stubborn <<-'SCRIPT'
	#!/bin/sh
	trap '' INT
	"$1" --wait=4000 --chunks=5 >published &
	echo ready
	wait
SCRIPT
chmod +x stubborn
SECONDS=0
$press 2 1.5 "$cuflight" run --no-summary -o twice -- ./stubborn "$fake" >out
same status "$(status)" 'status 130'
says out "waiting for ./stubborn to end"
says out "stopped waiting; 1 process goes on, unrecorded"
[ $SECONDS -lt 4 ] || fail "it waited for CMD all the same"
whole twice.cuft
same records "$(about twice.cuft 'records(one)')" 500
same end "$(about twice.cuft 'one["facts"]["end"]')" running

# ---- two TERM within five seconds do the same
"$cuflight" run -q -o terms -- sh -c "trap '' TERM; : >deaf; \"$fake\" --wait=6000 --chunks=5 >published" >out 2>err &
wait_for 10 test -e deaf
SECONDS=0
kill -TERM $!
sleep 1
kill -TERM $!
wait $!
same 'status after two TERM' $? 143
[ $SECONDS -lt 4 ] || fail "it waited for CMD all the same"
whole terms.cuft

# ---- two Ctrl-C far apart are two first ones
cat >patient <<-'SCRIPT'
	#!/bin/sh
	trap 'echo again' INT
	echo ready
	for i in 1 2 3 4; do sleep 2 & wait; done
	exit 9
SCRIPT
chmod +x patient
$press 2 5.5 "$cuflight" run -q -o apart -- ./patient >out
same status "$(status)" 'status 9'

# ---- CMD has ended, what it started has not: one Ctrl-C is enough
$press 1 0 "$cuflight" run -q -o after -- sh -c "trap '' INT; \"$fake\" --wait=5000 >published & (sleep 0.5; echo ready) & exit 4" >out
same status "$(status)" 'status 4'
whole after.cuft

# ---- signals sent to cuflight by a process are for CMD
for s in TERM:7 HUP:8 USR1:10 USR2:12 INT:2 QUIT:3; do
	rm -f ready
	# A shell's background programs ignore INT and QUIT.
	env --default-signal=INT,QUIT "$cuflight" run -q -o "sent-${s%:*}" -- sh -c "trap 'exit ${s#*:}' ${s%:*}; : >ready; while :; do sleep 0.05; done" >out 2>err &
	wait_for 10 test -e ready
	kill -"${s%:*}" $!
	wait $!
	same "status after ${s%:*}" $? "${s#*:}"
	whole "sent-${s%:*}.cuft"
done

# ---- but not what CMD sends us; and with CMD gone they end the waiting
expect 0 "$cuflight" run -q -o parent -- sh -c 'trap "exit 6" USR1; kill -USR1 $PPID; sleep 0.3; exit 0'
"$cuflight" run -q -o gone -- sh -c "\"$fake\" --wait=5000 >published & exit 4" >out 2>err &
wait_for 10 test -e gone.cuft
sleep 0.5
SECONDS=0
kill -TERM $!
wait $!
same 'status after TERM' $? 4
[ $SECONDS -lt 3 ] || fail "it went on waiting"
whole gone.cuft

# ---- CMD has the dispositions and the mask that cuflight was started with
expect 0 "$cuflight" run -q -o mask -- sh -c 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status'
(
	trap '' PIPE HUP
	grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status >plain
	"$cuflight" run -q -o mask2 -- grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status >recorded
)
same 'signal dispositions' "$(cat recorded)" "$(cat plain)"
same 'process group' "$("$cuflight" run -q -o group -- sh -c 'ps -o pgid= -p $$ $PPID | sort -u | wc -l')" 1
exit 0
