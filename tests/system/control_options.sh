#!/usr/bin/env bash
# Shows that the options of `run` and the lines of a command file say what is recorded, that malformed ones are refused before the program
# starts, and that --mode=flight saves at a trigger, at `cuflight dump` and at the end.
. "$CUFLIGHT_ROOT/tests/collector.bash"
decode=$CUFLIGHT_BUILD/examples/decode
[ -x "$decode" ] || { echo "examples/decode is not built: no nvcc"; exit 77; }
export CUFLIGHT_DIR=$PWD/session

for bad in --ranges=10-x --capture=nothing --delay=soon --mode=slow --trigger=never --command-file=none; do
	expect 2 "$cuflight" run $bad -- touch started
	[ ! -e started ] || fail "the program was started in spite of $bad"
done
echo "what=this" >file
expect 2 "$cuflight" run --command-file file -- touch started
says err "file, line 1"

printf '# which\n ranges = 5-6\niteration=nvtx:iteration *\n' >file
expect 0 "$cuflight" run -q --command-file file -o file -- "$CUFLIGHT_ROOT/scripts/simgpu" "$decode" --layers 2 --steps 40
expect 0 "$cuflight" run -q --ranges 7 --command-file file -o option -- "$CUFLIGHT_ROOT/scripts/simgpu" "$decode" --layers 2 --steps 40
same "ranges of the file" "$(about file.cuft 'one["facts"]["ranges"]')" 5-6
same "ranges of the option" "$(about option.cuft 'one["facts"]["ranges"]')" 7

"$cuflight" run --no-summary --mode flight --trigger 'iteration>4.0x' -o flight -- "$CUFLIGHT_ROOT/scripts/simgpu" "$decode" --layers 2 --pace 1000 --steps 2500 \
	--slow-at 600 >run.out 2>&1 &
run=$!
wait_for 20 grep -q "a trigger" run.out
expect 0 "$cuflight" dump -q
wait $run
whole flight.cuft
[ "$(about flight.cuft 'records(one) > 10000')" = True ] || fail "$(about flight.cuft 'records(one)') records"
exit 0
