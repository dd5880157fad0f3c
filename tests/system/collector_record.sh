#!/usr/bin/env bash
# Shows that what processes publish is in the file, all of it, however they end: one, two at once, 64 at once, one that
# starts another, one that comes and goes between two rounds; and that the file says how each ended.
. "$CUFLIGHT_ROOT/tests/collector.bash"

ends() {
	about "$1" '" ".join(sorted(q["facts"]["end"] + (" " + q["facts"]["end_status"] if "end_status" in q["facts"] else "") for q in p))'
}
# all_there FILE: as many records as the processes say (file out), no loss
all_there() {
	whole "$1"
	same "records in $1" "$(about "$1" 'sum(map(records, p))')" "$(published)"
	same "losses in $1" "$(about "$1" '[q["losses"] for q in p if q["losses"] or not q["losses_final"]]')" '[]'
}

# ---- one process, each way to end
expect 0 "$cuflight" run -q -o closed -- "$fake"
all_there closed.cuft
same end "$(ends closed.cuft)" exited
same name "$(about closed.cuft 'one["name"]')" fake
same command "$(about closed.cuft 'i["session"]["command"][0].endswith("collector_fake_process")')" True
same 'bytes' "$(about closed.cuft '0 < one["kinds"]["kernel"]["bytes"] < i["size"]')" True

expect 7 "$cuflight" run -q -o exit7 -- "$fake" --end=_exit
all_there exit7.cuft
same end "$(ends exit7.cuft)" '_exit exit 7'

expect 137 "$cuflight" run -q -o killed -- "$fake" --end=kill --pace=1000
all_there killed.cuft
same end "$(ends killed.cuft)" 'killed signal 9'

expect 0 "$cuflight" run -q -o exec -- "$fake" --end=exec
all_there exec.cuft
same end "$(ends exec.cuft)" exec

# A grandchild, reaped by its parent and not by us.
expect 0 "$cuflight" run -q -o grand -- sh -c "\"$fake\" --end=kill --pace=1000; sleep 0.2; exit 0"
all_there grand.cuft
case $(ends grand.cuft) in unknown | 'killed signal 9') ;; *) fail "grandchild: $(ends grand.cuft)" ;; esac

# One that leaves by _exit and is reaped by its parent was not killed: what is not known is not said.
expect 0 "$cuflight" run -q -o left -- sh -c "\"$fake\" --end=_exit --pace=1000; exit 0"
all_there left.cuft
case $(ends left.cuft) in unknown | '_exit exit 7') ;; *) fail "grandchild: $(ends left.cuft)" ;; esac

# ---- a process that outlives CMD belongs to the recording
expect 3 "$cuflight" run -q -o orphan -- sh -c "\"$fake\" --wait=700 & exit 3"
all_there orphan.cuft
same end "$(ends orphan.cuft)" exited

# ---- two at once, with different names of kernels
expect 0 "$cuflight" run -q -o two -- sh -c "\"$fake\" --tag=a --names=5 --chunks=50 --pace=2000 & \"$fake\" --tag=b --chunks=30 --pace=3000 & wait"
all_there two.cuft
same processes "$(about two.cuft 'sorted((q["facts"]["tag"], records(q)) for q in p)')" "[('a', 5000), ('b', 3000)]"

# ---- many at once
SECONDS=0
expect 0 "$cuflight" run -q -o many -- sh -c "for i in \$(seq 64); do \"$fake\" --tag=\$i --wait=300 & done; wait"
all_there many.cuft
same processes "$(about many.cuft 'len(p), len(set(q["id"] for q in p))')" '(64, 64)'
[ $SECONDS -lt 20 ] || fail "64 processes took $SECONDS s"

# ---- many that come and go one after another, more quickly than the collector looks
expect 0 "$cuflight" run -q -o quick -- sh -c "for i in \$(seq 40); do \"$fake\" --chunks=2; done"
all_there quick.cuft
same processes "$(about quick.cuft 'len(p)')" 40

# ---- more than the ring holds (1 MB), at a pace that the collector can follow
expect 0 "$cuflight" run -q -o long -- "$fake" --chunks=1500 --records=1000 --pace=300
all_there long.cuft
[ "$(stat -c %s long.cuft)" -gt 2000000 ] || fail "long.cuft is small: $(stat -c %s long.cuft)"

# ---- what recording took is said: by the collector for any ring, from what the process's helper counted
[ "$(about long.cuft 'float(one["facts"]["helper_ms"]) >= 0')" = True ] || fail "$(about long.cuft 'one["facts"]')"
"$cuflight" info long.cuft >out
says out "ms of CPU time on cuflight's thread"

# ---- a ring that lies in rings/ as a file is found, and gone afterwards
expect 0 "$cuflight" run -q -o file -- sh -c "\"$fake\" --file --wait=1500; ls \"\$CUFLIGHT_DIR/rings\" >left"
all_there file.cuft

# ---- a file that is still written can be read
"$cuflight" run -q -o growing -- "$fake" --chunks=200 --pace=20000 >out 2>err &
has_records() {
	[ "$(about growing.cuft 'sum(map(records, p)) > 1000' 2>&1)" = True ]
}
wait_for 10 has_records
"$cuflight" verify growing.cuft >verify.out && fail "verify takes a growing file for complete"
says verify.out "what is there is well"
wait
all_there growing.cuft
exit 0
