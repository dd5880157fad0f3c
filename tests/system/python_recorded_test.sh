#!/usr/bin/env bash
# Shows that calls of a Python method are recorded as iterations, numbered from 0 in each process and with the
# method for their source: found by itself (auto), or named; and that no Python is touched unasked.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
command -v python3 >/dev/null || skip "no python3"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' || skip "python3 is older than 3.8"
calls=$CUFLIGHT_ROOT/tests/python/calls.py
export STANDIN=$CUFLIGHT_ROOT/tests/python/standin TRUTH=$PWD/truth PYTHONDONTWRITEBYTECODE=1

# recorded COUNT SOURCE: iterations 0 to COUNT - 1, once each, and no others
recorded()
{
	[ "$status" = 0 ] && [ ! -s output ] || fail "status $status: $(cat output)"
	expect "$1" '^iteration ' "iterations"
	expect "$1" "^iteration name=$2 " "iterations of $2"
	for ((i = 0; i < $1; i++)); do
		expect 1 "^iteration .* 129=$i " "iteration $i"
	done
}

CUFLIGHT_ITERATION=auto record python3 "$calls" vllm
recorded 9 python:vllm.v1.worker.gpu_model_runner:GPUModelRunner.execute_model
CUFLIGHT_ITERATION=auto record python3 -I -S "$calls" sglang
recorded 7 python:sglang.srt.managers.scheduler:Scheduler.run_batch
CUFLIGHT_ITERATION=python:work:Base.step record python3 "$calls" base_step
recorded 5 python:work:Base.step
# Each process counts for itself; the one that forks keeps its own.
CUFLIGHT_ITERATION=python:work:Forking.step record python3 "$calls" inside_fork
expect 3 '^iteration name=python:work:Forking.step '
expect 2 '^iteration .* 129=0 '
# Nothing was asked for: Python is left alone.
record python3 "$calls" vllm
expect 0 '^iteration '
# Another rule: the engine's method is not looked for.
CUFLIGHT_ITERATION=mark record python3 "$calls" vllm
expect 0 '^iteration '
[ ! -e session/rings ] || [ "$(rings)" = 0 ] || fail "a ring of a process that marks nothing"
finish
