#!/usr/bin/env bash
# Shows that `cuflight run` is to CMD as if it were not there: input, output, arguments, environment and exit status; and
# that a wrong call is told before CMD is started.
. "$CUFLIGHT_ROOT/tests/collector.bash"

# ---- status and streams
expect 0 "$cuflight" run -o a -- true
expect 1 "$cuflight" run -o b -- false
expect 42 "$cuflight" run -o c -- sh -c 'exit 42'
expect 137 "$cuflight" run -o d -- sh -c 'kill -KILL $$'
expect 143 "$cuflight" run -o e -- sh -c 'kill -TERM $$'
echo hello | "$cuflight" run -q -o f -- sh -c 'cat; echo "$#:$2"; echo oops >&2' - one 'two  words' >out 2>err
same stdout "$(cat out)" "hello
2:two  words"
says err oops
same 'lines on stdout' "$("$cuflight" run -o g -- echo only 2>/dev/null)" only

# ---- CMD's own words that look like options are CMD's
expect 0 "$cuflight" run -q -o h echo --help -q
same arguments "$(cat out)" "--help -q"

# ---- what cannot be started
expect 127 "$cuflight" run -o x1 -- no-such-program-at-all
says err "no-such-program-at-all: no such program"
echo text >not-executable
expect 126 "$cuflight" run -o x2 -- ./not-executable
says err "./not-executable cannot be executed: Permission denied"
printf '#!/no/such/interpreter\n' >orphan
chmod +x orphan
expect 127 "$cuflight" run -o x3 -- ./orphan
says err "interpreter"
for f in x1 x2 x3; do
	[ ! -e $f.cuft ] || fail "$f.cuft was left though nothing ran"
done

# ---- and what -f would have replaced is still there, with nothing beside it
echo precious >old.cuft
expect 127 "$cuflight" run -f -o old -- no-such-program-at-all
expect 126 "$cuflight" run -f -o old -- ./not-executable
expect 127 "$cuflight" run -f -o old -- ./orphan
same 'the old file' "$(cat old.cuft)" precious
same 'files' "$(ls -d old*)" old.cuft

# ---- wrong calls: status 2, CMD not started
usage() {
	expect 2 "$cuflight" "$@"
	[ ! -e started ] || fail "CMD was started: $*"
	[ ! -s out ] || fail "stdout is not empty: $*"
}
usage
usage rum
says err "did you mean run?"
usage stats
says err "did you mean report?"
usage run
usage run --outptu x -- touch started
says err "did you mean --output?"
usage run --max-size lots -- touch started
usage run --max-size 10 -- touch started
usage run -o '%z' -- touch started
usage run -o '%q{CUFLIGHT_TEST_UNSET}' -- touch started
says err CUFLIGHT_TEST_UNSET
usage run -o '' -- touch started
usage run -o - -- touch started
says err "does not go to stdout"
usage run -o /dev/null -- touch started
says err "it is no file"
usage run -o
usage verify
usage info a.cuft b.cuft
usage info --format xml a.cuft
usage doctor now
CUFLIGHT_RING_SIZE=huge usage run -o y -- touch started
says err "CUFLIGHT_RING_SIZE=huge is not understood; an example: CUFLIGHT_RING_SIZE=8M (256K to 1G)"
CUFLIGHT_RING_SIZE=64 usage run -o y -- touch started
says err "CUFLIGHT_RING_SIZE=64 is below 256K (256K to 1G)"
CUFLIGHT_FLUSH=20s usage run -o y -- touch started
says err "CUFLIGHT_FLUSH=20s is above 10s (10ms to 10s)"
CUFLIGHT_MODE=fly usage run -o y -- touch started
says err "(drain, flight)"
expect 0 env CUFLIGHT_RINGSIZE=1M OTHER=1 CUFLIGHT_TEST_OF_SOMEBODY=1 "$cuflight" run -q -o typo -- true
says err "no variable CUFLIGHT_RINGSIZE is known; did you mean CUFLIGHT_RING_SIZE?"
silent_about err SOMEBODY

# ---- help and version
expect 0 "$cuflight" --version
grep -qE '^cuflight [0-9]+\.[0-9]+' out || fail "no version"
expect 0 "$cuflight" --help
for command in run collect report export info verify doctor; do
	says out "  $command "
done
for command in run collect info verify doctor; do
	expect 0 "$cuflight" $command --help
	says out "Usage: cuflight $command"
	expect 0 "$cuflight" help $command
done
expect 0 "$cuflight" run -o x --help
expect 0 "$cuflight" help variables
says out "256K to 1G; default 8M; as in CUFLIGHT_RING_SIZE=8M"
says out "drain, flight; as in"

# ---- the file: named, not overwritten, replaced on request, closed to a directory that is not there
echo precious >keep.cuft
expect 1 "$cuflight" run -o keep -- touch started
says err "keep.cuft exists already"
[ ! -e started ] || fail "CMD was started"
same 'the old file' "$(cat keep.cuft)" precious
says err "touch was not started"
expect 0 "$cuflight" run -o keep --force -- true
whole keep.cuft
same 'files' "$(ls -d keep*)" keep.cuft
expect 1 "$cuflight" run -o no/such/directory/x -- touch started
[ ! -e started ] || fail "CMD was started"
says err "cannot create no/such/directory/x.cuft: No such file or directory; -o"
says err "touch was not started"
mkdir folder.cuft
expect 1 "$cuflight" run -f -o folder -- touch started
says err "no file that --force could replace"
expect 0 env RANK=3 "$cuflight" run -o 'r%q{RANK}-%n' -- true
expect 0 env RANK=3 "$cuflight" run -o 'r%q{RANK}-%n' -- true
whole r3-1.cuft
whole r3-2.cuft
mkdir default
(cd default && expect 0 "$cuflight" run -- sh -c "echo \$\$; exec \"$fake\"" && [ -e "cuflight-$(head -n 1 out)-1.cuft" ]) ||
	fail "default name"
# ---- nothing to record and no name asked for: no file
mkdir empty
(cd empty && expect 0 "$cuflight" run -- true && says err "no file was kept" && [ -z "$(find . -name '*.cuft')" ]) || fail "an empty file"
# ---- a run inside a run: the outer one says where the inner one's recording is
expect 0 "$cuflight" run -o around -- "$cuflight" run -q -o within -- "$fake"
says err "$fake and what it started is in a recording of its own: within.cuft"
whole around.cuft
whole within.cuft

# ---- the environment
expect 0 env LD_PRELOAD=libdl.so.2 CUDA_INJECTION64_PATH=/other/tool "$cuflight" run -q -o env -- env
says out "LD_PRELOAD=libdl.so.2:$CUFLIGHT_BUILD/libcuflight.so"
says out "CUDA_INJECTION64_PATH=/other/tool"
says out "NVTX_INJECTION64_PATH=$CUFLIGHT_BUILD/libcuflight.so"
session=$(sed -n 's/^CUFLIGHT_DIR=//p' out)
[ -n "$session" ] || fail "no CUFLIGHT_DIR"
[ ! -e "$session" ] || fail "$session was left behind"
expect 0 env CUFLIGHT_DIR="$PWD/mine" "$cuflight" run -q -o env2 -- env
says out "CUFLIGHT_DIR=$PWD/mine"
[ ! -e mine ] || fail "the session directory was left behind"
mkdir -m 755 open
expect 1 env CUFLIGHT_DIR="$PWD/open" "$cuflight" run -o z -- touch started
says err "chmod 700"
expect 1 env CUFLIGHT_LIB=/nonexistent.so "$cuflight" run -o z -- touch started
[ ! -e started ] || fail "CMD was started"

# ---- run within run: the inner one has a session and a file of its own
expect 0 "$cuflight" run -q -o outer -- sh -c "\"$fake\"; \"$cuflight\" run -q -o inner -- \"$fake\" --chunks=3"
same 'the inner process' "$(about inner.cuft 'records(one)')" 300
same 'the outer process' "$(about outer.cuft 'records(one)')" 1000

exit 0
