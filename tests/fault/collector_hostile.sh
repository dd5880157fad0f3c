#!/usr/bin/env bash
# Shows that a process whose shared memory is damaged or hostile costs itself its records and nobody else: the collector goes
# on, says so, counts it, and what it writes is a whole file.
. "$CUFLIGHT_ROOT/tests/collector.bash"

# beside KIND OPTIONS...: a hostile process beside a good one, whose 1000 records must be there
beside() {
	local kind=$1
	shift
	expect 0 timeout 30 "$cuflight" run --no-summary -o "$kind" -f -- sh -c \
		"\"$fake\" --tag=bad --bad=$kind $* & \"$fake\" --tag=good --pace=5000 & wait; exit 0"
	whole "$kind.cuft"
	same "records of the good process beside $kind" \
		"$(about "$kind.cuft" 'sum(records(q) for q in p if q["facts"].get("tag") == "good")')" 1000
}
bad() {
	about "$1.cuft" "[($2) for q in p if q['facts'].get('tag') != 'good']"
}

# ---- refused before anything of it is read
for kind in hello size seal abi regions setup; do
	beside $kind --wait=300
	says err ") is not recorded: "
	same "processes in $kind" "$(bad $kind 1)" '[]'
done

# ---- some chunks are damaged: the others are there, the loss is counted in records
beside checksum
says err "a damaged chunk in its ring was left out"
same 'checksum' "$(bad checksum 'records(q), q["losses"]')" "[(500, {'bad_chunk': 5})]"
beside process
same 'process' "$(bad process 'records(q), q["losses"]')" "[(0, {'bad_chunk': 1000})]"
beside kind
same 'kind' "$(bad kind 'records(q), q["losses"]')" "[(0, {'bad_chunk': 10})]"

# ---- what follows cannot be found: it is skipped and counted, what comes later is there
for kind in magic chunksize position; do
	beside $kind --pace=30000
	[ "$(bad $kind 'q["losses"]["bad_chunk"] > 0')" = '[True]' ] || fail "$kind: $(bad $kind 'q["losses"]')"
done
same 'magic' "$(bad magic 'records(q)')" '[900]'
beside tail --chunks=300 --pace=1000

# ---- the table of names
beside permanent
says err "its table of names is damaged"
same 'permanent' "$(bad permanent 'records(q)')" '[1000]'

# ---- a ring file that is cut short under the collector's hands (SIGBUS)
CUFLIGHT_DIR=$PWD/cut beside truncate --file --wait=1500 --end=forever '& sleep 3; kill -KILL $!'
says err "was cut short"
[ ! -e cut ] || fail "the session directory was left: $(find cut)"

# ---- a connection that says nothing
expect 0 timeout 30 "$cuflight" run -q -o silent -- sh -c "
	python3 -c 'import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(os.environ[\"CUFLIGHT_DIR\"] + \"/socket\")
time.sleep(1)' & \"$fake\"; wait"
same 'records' "$(about silent.cuft 'records(one)')" 1000
exit 0
