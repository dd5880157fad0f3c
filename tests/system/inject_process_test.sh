#!/usr/bin/env bash
# Shows what becomes of a recording when the process forks, execs, exits, leaves by _exit or is killed: a child has
# a ring of its own and leaves its parent's alone, handles from before the fork stay good, a ring says whether its
# process said good-bye, and what was published before a kill is there.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
need_nvtx
nvtx=$programs/inject_nvtx

# fork() and a raw clone(2), which runs no handlers.
for how in fork clone; do
	record "$nvtx" $how
	[ "$status" = 0 ] || fail "$how: status $status"
	[ "$(rings)" = 2 ] || fail "$how: $(rings) rings"
	expect 2 '^ring closed lived '
	expect 1 '^nvtx 112=5 .* name=before '
	expect 1 '^nvtx 112=5 .* name=after '
	# Each ring by itself.
	for ring in session/rings/*.ring; do
		"$programs/inject_ring_dump" "$ring" >dump
		if grep -q 'name=before ' dump; then
			expect 5 '^nvtx' "$how: the parent's events"
		else
			expect 3 '^nvtx' "$how: the child's events"
		fi
		expect 1 '^nvtx 112=1 .* domain=shared domain name=shared string '
		pid=$(sed -n 's/^fact pid //p' dump)
		[ "$(grep '^nvtx' dump | grep -cv " 19=$pid ")" = 0 ] || fail "$how: threads of another process"
	done
done

record "$nvtx" exec
[ "$(rings)" = 2 ] || fail "exec: $(rings) rings"
expect 1 '^ring armed died ' "the image before the exec"
expect 1 '^ring closed lived ' "the image after"
expect 1 '^nvtx 112=1 .* name=range 0 '

# 20 events, half a second, and the end in question. Published every 200 ms: they are there whatever the end.
for how in exit _exit kill abort; do
	record bash -c "exec '$nvtx' $how" 2>/dev/null
	expect 20 '^nvtx' "events before $how"
	case $how in
	exit) expect 1 '^ring closed lived liveness=0 ' ;;
	*) expect 1 '^ring armed died ' "a ring whose process is dead after $how" ;;
	esac
done

# Forks of a process that has recorded nothing: no thread that Python would warn of, no ring.
cat >forks.py <<'P'
import os
for _ in range(20):
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
print(len(os.listdir("/proc/self/task")))
P
record python3 -W error forks.py
[ "$(cat output)" = 1 ] || fail "forks: $(cat output)"
[ "$(rings)" = 0 ] || fail "forks without an event made $(rings) rings"
finish
