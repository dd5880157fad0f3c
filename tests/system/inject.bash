# For the tests of the injected library, which source it: recording a program into named rings (no collector),
# and looking into them. Not a test.

library=$CUFLIGHT_BUILD/libcuflight.so
programs=$CUFLIGHT_BUILD/tests/programs
failures=0

fail()
{
	echo "FAIL: $*"
	failures=$((failures + 1))
}

skip()
{
	echo "skipped: $*"
	exit 77
}

# record COMMAND...: run it with the library preloaded and a fresh session directory ./session. Its output is in
# ./output, its exit status in $status, what the rings hold, newest process last, in ./dump.
record()
{
	rm -rf session
	mkdir -m 700 session
	record_more "$@"
}

# The same into the session that is there.
record_more()
{
	CUFLIGHT_DIR=$PWD/session LD_PRELOAD=$library timeout 60 "$@" >output 2>&1
	status=$?
	dump
}

dump()
{
	: >dump
	for ring in session/rings/*.ring; do
		[ ! -e "$ring" ] || "$programs/inject_ring_dump" "$ring" >>dump || fail "$ring cannot be read"
	done
	! grep -q 'damaged chunk' dump || fail "a damaged chunk"
}

# count PATTERN: lines of the dump that match
count()
{
	grep -cE -e "$1" dump
}

# expect NUMBER PATTERN [WHAT]
expect()
{
	local got
	got=$(count "$2")
	[ "$got" = "$1" ] || fail "${3:-$2}: $got, not $1"
}

rings()
{
	find session/rings -name '*.ring' 2>/dev/null | wc -l
}

need_nvtx()
{
	[ -x "$programs/inject_nvtx" ] || skip "tests/programs/inject_nvtx is not built"
	"$programs/inject_nvtx" pairs 0 >output 2>&1 || skip "$(tail -n 1 output)"
}

finish()
{
	[ "$failures" = 0 ] || exit 1
	exit 0
}
