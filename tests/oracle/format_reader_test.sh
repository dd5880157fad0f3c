#!/usr/bin/env bash
# Shows that docs/format.md says all that a reader needs: format_reader.py, written from that page, reads from files
# with every kind of record exactly what went into them, and from damaged ones what the product's own reader reads.
# timeout: 300
set -u
rows=$CUFLIGHT_BUILD/tests/programs/format_rows
reader=$CUFLIGHT_ROOT/tests/oracle/format_reader.py
export PYTHONDONTWRITEBYTECODE=1
failed=0

fail()
{
	echo "FAIL: $*"
	failed=1
}

# Every Python here that has a way to decompress: that of scripts/setup with the package zstandard, and the system's.
pythons=()
for python in "$CUFLIGHT_ROOT/.deps/venv/bin/python" python3; do
	"$python" -c '
import sys, ctypes
sys.version_info >= (3, 9) or sys.exit(1)
try:
	import zstandard
except ImportError:
	ctypes.CDLL("libzstd.so.1")
' 2>/dev/null && pythons+=("$python")
done
if [ ${#pythons[@]} = 0 ]; then
	echo "no Python 3.9 with the package zstandard or libzstd.so.1"
	exit 77
fi
python=${pythons[0]}

# same FILE: the reader and the product say the same of a file, records and status. Sets $status, leaves got.json.
same()
{
	local product
	"$python" "$reader" "$1" --json >got.json 2>got.err
	status=$?
	"$rows" read "$1" >product.json 2>product.err
	product=$?
	[ $status = $product ] || fail "$1: exit $status, the product's reader $product: $(cat got.err product.err)"
	cmp -s got.json product.json || fail "$1: $(diff got.json product.json | head -n 4 | cut -c 1-300)"
	grep -q Traceback got.err && fail "$1: $(tail -n 3 got.err)"
	[ $status = 0 ] || [ -s got.err ] || fail "$1: exit $status without a word"
}

whole_files_come_back()
{
	"$rows" write whole.cuft 300 >written.json || fail "format_rows write: $?"
	[ "$(wc -l <written.json)" -gt 30000 ] || fail "few records: $(wc -l <written.json)"
	for python in "${pythons[@]}"; do
		same whole.cuft
		[ "$status" = 0 ] || fail "$python: exit $status: $(cat got.err)"
		cmp -s got.json written.json || fail "$python: not what was written: $(diff got.json written.json | head -n 4 | cut -c 1-300)"
	done
	python=${pythons[0]}
}

summary_counts_and_adds_up()
{
	"$python" "$reader" whole.cuft --summary >summary.txt || fail "--summary: exit $?"
	"$python" - <<-'END' || fail "--summary is not the sum of the records"
		import collections, json, sys
		counts, kernels = collections.Counter(), collections.Counter()
		for line in open("written.json"):
		    r = json.loads(line)
		    counts[r["process"], r["kind"]] += 1
		    if r["kind"] == "kernel":
		        kernels[r["duration"]] += 1
		got, total, process = {}, 0, None
		for line in open("summary.txt", errors="replace"):
		    words = line.split()
		    if words[:1] == ["process"]:
		        process = int(words[1].rstrip(":"))
		    elif words[:1] == ["kernel"] and words[2:3] == ["ns"]:
		        total += int(words[1])
		    elif len(words) == 2 and line.startswith("  ") and not line.startswith("   "):
		        got[process, words[0]] = int(words[1])
		sys.exit(got != counts or total != sum(d * n for d, n in kernels.items()))
	END
}

cut_files_are_read_to_the_last_whole_chunk()
{
	local size index at
	"$rows" write small.cuft 25 >written.json
	size=$(stat -c %s small.cuft)
	index=$(od -An -t u8 -j $((size - 32)) -N 8 small.cuft | tr -d ' ')
	for at in 64 100 159 5000 $((size / 3)) $((size / 2 + 1)) $((index - 8)) "$index" $((index + 7)) $((size - 33)) \
		$((size - 32)) $((size - 1)); do
		head -c "$at" small.cuft >cut.cuft
		same cut.cuft
		[ "$status" = 1 ] || fail "cut at $at of $size: exit $status"
		if [ "$at" -ge "$index" ]; then
			cmp -s got.json written.json || fail "cut at $at of $size, behind the records: not all came back"
		elif [ "$at" -gt 60000 ]; then
			[ -s got.json ] || fail "cut at $at of $size: nothing came back"
		fi
	done
	cat small.cuft summary.txt >longer.cuft
	same longer.cuft
	[ "$status" = 1 ] || fail "something behind the footer: exit $status"
	cmp -s got.json written.json || fail "something behind the footer: not all came back"
}

flipped_bits_cost_a_chunk()
{
	local file less=0
	"$python" - <<-'END'
		import struct
		data, at, places, n = open("small.cuft", "rb").read(), 64, [], 0
		while data[at:at + 4] == b"CFCK":
		    size, kind = struct.unpack_from("<I4xH", data, at + 8)
		    # All chunks of permanent records and of the index, and some others: somewhere behind the header, ...
		    if kind in (0x0901, 0x0a01) or n % 11 == 0:
		        places.append(at + 96 + n * 7 % (size - 96))
		    # ... and in each byte of headers, once: size, process, count and all.
		    places.append(at + n % 96)
		    at, n = at + size, n + 1
		places = [p for i, p in enumerate(places) if i % 3 == 0 or data[p & ~7:][:4] == b"CFCK"] + list(range(at, at + 32, 3))
		for i, place in enumerate(places):
		    flipped = bytearray(data)
		    flipped[place] ^= 1 << i % 8
		    open("flipped.%d.cuft" % place, "wb").write(flipped)
	END
	for file in flipped.*.cuft; do
		same "$file"
		[ "$status" = 0 ] || cmp -s got.json written.json || less=$((less + 1))
	done
	[ $less -gt 10 ] || fail "only $less flipped bits cost records"
}

strangers_are_refused()
{
	head -c 63 small.cuft >short.cuft
	: >empty.cuft
	{ printf 'CUFLIGHT\002'; tail -c +10 small.cuft; } >newer.cuft
	for file in short.cuft empty.cuft newer.cuft summary.txt nowhere.cuft; do
		same "$file"
		[ "$status" = 2 ] || fail "$file: exit $status"
		[ ! -s got.json ] || fail "$file: records"
	done
}

whole_files_come_back
summary_counts_and_adds_up
cut_files_are_read_to_the_last_whole_chunk
flipped_bits_cost_a_chunk
strangers_are_refused
exit $failed
