# What the collector's tests share; they source it. Every check that fails says where and ends the test.
set -uo pipefail
cuflight=$CUFLIGHT_BUILD/cuflight
fake=$CUFLIGHT_BUILD/tests/programs/collector_fake_process

fail() {
	echo "line ${BASH_LINENO[${#BASH_LINENO[@]} - 2]}: $*"
	for f in out err; do
		[ -s "$f" ] && echo "--- $f" && tail -n 20 "$f"
	done
	exit 1
}

# expect STATUS COMMAND...: its output goes to the files out and err.
expect() {
	local wanted=$1 status
	shift
	"$@" >out 2>err
	status=$?
	[ "$status" = "$wanted" ] || fail "status $status, not $wanted: $*"
}

# says FILE TEXT / silent_about FILE TEXT: the text is in a line of the file / in none.
says() {
	grep -qF -e "$2" "$1" || fail "$1 does not say: $2"
}
silent_about() {
	! grep -qF -e "$2" "$1" || fail "$1 says: $2"
}

# same WHAT GOT WANTED
same() {
	[ "$2" = "$3" ] || fail "$1: $2, not $3"
}

# about FILE EXPRESSION: an expression of Python over `i`, what `cuflight info --format json` says, and `p`, its processes
# (`one` is the only one).
about() {
	"$cuflight" info --format json "$1" 2>info.err >info.json || fail "info: $(cat info.err)"
	python3 - "$2" <<-'PYTHON'
		import json, sys
		i = json.load(open("info.json"))
		p = i["processes"]
		one = p[0] if len(p) == 1 else None
		records = lambda q: sum(k["records"] for n, k in q["kinds"].items() if n != "permanent")
		print(eval(sys.argv[1]))
	PYTHON
}

# whole FILE: verify has nothing to say against it.
whole() {
	"$cuflight" verify "$1" >verify.out 2>&1 || fail "$(cat verify.out)"
}

# published: the sum of what fake processes wrote to stdout (file out).
published() {
	sed -n 's/.*"published": \([0-9]*\).*/\1/p' out | paste -sd+ | bc
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $deadline ] || fail "waited too long for: $*"
		sleep 0.05
	done
}
