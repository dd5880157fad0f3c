#!/usr/bin/env bash
# timeout: 400
# Shows that the calls of a Python method are the edges of iterations, call by call: for the known engines (by
# stand-ins with their names) and for a user's own method of any sort, however the module is imported, in
# threads, children and interpreters of every version at hand, with -I and -S; and that the program sees
# nothing of it. What becomes of the edges is not tested here: a counter stands in for the recorder.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
edges=$CUFLIGHT_BUILD/tests/python/edges.so
calls=$CUFLIGHT_ROOT/tests/python/calls.py
export STANDIN=$CUFLIGHT_ROOT/tests/python/standin PYTHONDONTWRITEBYTECODE=1
export EDGES=$PWD/edges TRUTH=$PWD/truth EDGES_LIBRARY=$edges
[ -e "$edges" ] || skip "tests/python/edges.so is not built"

# One of each version there is: the system's, and those of pyenv and uv.
pythons=()
seen=' '
for p in "$(command -v python3)" /usr/bin/python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3 \
	"${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/cpython-3.*/bin/python3; do
	[ -x "$p" ] || continue
	id=$("$p" -c 'import sys; print("%d.%d:%s" % (sys.version_info[:2] + (sys.base_prefix,)))' 2>/dev/null)
	version=${id%%:*}
	[ -n "$id" ] && [ "${version#3.}" -ge 8 ] && [[ $seen != *" $id "* ]] || continue
	seen+="$id "
	pythons+=("$p")
done
[ ${#pythons[@]} -gt 0 ] || skip "no Python of 3.8 or later"
echo "interpreters:$seen"

# run METHOD [OPTION...] CASE: the edges of every process are what it says they are
run()
{
	local method=$1 wanted got
	shift
	set -- "${@:1:$#-1}" "$calls" "${!#}"
	rm -f edges truth
	touch edges truth
	if ! EDGES_METHOD=$method LD_PRELOAD=$edges timeout 60 "$python" "$@" >output 2>&1; then
		fail "$python $* ($method): $(tail -n 3 output)"
		return
	fi
	[ ! -s output ] || fail "$python $* ($method) prints $(cat output)"
	wanted=$(sed 's/begin=\([0-9]*\)/begin=\1 end=\1/' truth | sort)
	got=$(sed -n 's/^[0-9]* \(.* open=[0-9]*\) .*/\1/p' edges | sed 's/ open=0$//' | sort)
	[ "$got" = "$wanted" ] || fail "$python $* ($method): edges $got, calls $wanted; $(grep ^log edges)"
}

# told PATTERN: the last run's log
told()
{
	grep -q "^log.*$1" edges || fail "$python: not told: $1; $(cat edges)"
}

# from SOURCE: what the last run's edges are said to come from
from()
{
	grep -q " source=python:$1\$" edges || fail "$python: not from $1: $(cat edges)"
}

for python in "${pythons[@]}"; do
	for options in "" "-I" "-S" "-I -S"; do
		# shellcheck disable=SC2086
		run auto $options vllm
	done
	from vllm.v1.worker.gpu_model_runner:GPUModelRunner.execute_model
	run auto vllm_old
	run auto vllm2
	from vllm.v1.worker.gpu.model_runner:GPUModelRunner.execute_model
	run auto sglang
	from sglang.srt.managers.scheduler:Scheduler.run_batch
	run auto tensorrt
	run auto hugging
	run auto hugging_then_vllm
	from vllm.v1.worker.gpu_model_runner:GPUModelRunner.execute_model
	# the user names a method of the table
	run vllm.v1.worker.gpu.model_runner:GPUModelRunner.execute_model vllm2

	run work:Work.step step
	run work:Base.step base_step
	run work:Work.decorated decorated
	run work:Work.static static
	run work:Work.of_class of_class
	run work:Work.inherited inherited
	run work:Work.Inner.step inner
	run work:Work.coroutine coroutine
	run work:Work.generator left_alone
	told 'generator marks no iterations: that is a generator'
	run work:Work.attribute left_alone
	told 'that is not a method'
	run work:Work.missing left_alone
	told 'the class has no such method'
	run work:Work.step threads
	run work:Forking.step inside_fork

	for HOW in zip pyc package spec exec thread; do
		export HOW
		run work:Work.step imports
	done
	for HOW in fork spawn forkserver; do
		export HOW
		run work:Work.step processes
		run work:Work.step -I -S processes
	done
	run __main__:Main.step main_class
	EDGES_LATE=1 run work:Work.step late

	run work:Work.step guarded
	told 'Work.step marks no iterations'
	FINDERS=$("$python" -c 'import sys; print(len(sys.meta_path))')
	export FINDERS
	run work:Work.step untouched
	run work:Work.step -X dev -W error step
done
finish
