#!/usr/bin/env bash
# Shows that `cuflight clean` removes rings of dead processes and empty sessions, and nothing of those that live.
. "$CUFLIGHT_ROOT/tests/collector.bash"
nvtx=$CUFLIGHT_BUILD/tests/programs/inject_nvtx
export XDG_RUNTIME_DIR=$PWD

mkdir -m 700 cuflight-run-dead cuflight-run-open
chmod 755 cuflight-run-open
CUFLIGHT_DIR=$PWD/cuflight-run-dead LD_PRELOAD=$CUFLIGHT_BUILD/libcuflight.so "$nvtx" >/dev/null 2>&1
ls cuflight-run-dead/rings/*.ring >/dev/null || fail "no ring was left"
expect 0 "$cuflight" clean --dry-run
[ -e cuflight-run-dead ] || fail "--dry-run removed something"
"$cuflight" run -q -o live -- sleep 30 &
run=$!
wait_for 10 sh -c 'ls -d cuflight-run-??????/socket'
expect 0 "$cuflight" clean cuflight-run-dead cuflight-run-open cuflight-run-??????
[ ! -e cuflight-run-dead ] || fail "it is still there"
[ -e cuflight-run-open ] || fail "a directory that is open to others was removed"
ls -d cuflight-run-??????/socket >/dev/null || fail "a live session was removed"
kill $run
wait $run 2>/dev/null
exit 0
