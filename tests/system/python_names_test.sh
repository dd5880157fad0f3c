#!/usr/bin/env bash
# Shows that the methods in the table of engines, and all that the stand-ins for them have, are in the engines' released
# sources. Those are not kept here: fetch them with
#     python3 -m pip download --no-deps --only-binary :all: -d .deps/engines vllm sglang transformers
# (400 MB; TensorRT-LLM's is 2 GB: unpack its sources there instead.)
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
command -v python3 >/dev/null || skip "no python3"
shopt -s nullglob
archives=("$CUFLIGHT_ROOT"/.deps/engines/*)
# The stand-ins have what the table has, whether there is something to compare with or not.
python3 "$CUFLIGHT_ROOT/tests/python/names.py" "$CUFLIGHT_ROOT/libinject/engines.c" \
	"$CUFLIGHT_ROOT/tests/python/standin" "${archives[@]}" >names || fail "$(grep MISSING names)"
cat names
[ "$failures" = 0 ] || finish
[ ${#archives[@]} -gt 0 ] || skip "no released sources in .deps/engines"
[ -s names ] || fail "nothing could be compared: ${archives[*]}"
finish
