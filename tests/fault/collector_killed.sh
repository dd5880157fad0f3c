#!/usr/bin/env bash
# Shows that a collector that is killed harms nobody: CMD goes on, the file can be read up to where it was, and another
# collector can take over what is left; and that damaged, cut, foreign and newer files are told as what they are.
. "$CUFLIGHT_ROOT/tests/collector.bash"

# ---- SIGKILL of the collector
export CUFLIGHT_DIR=$PWD/session
"$cuflight" run -o killed -- sh -c "\"$fake\" --chunks=60 --pace=30000 --tag=first >published; echo done >survived" &
collector=$!
wait_for 10 test -e killed.cuft
sleep 0.8
kill -KILL $collector
wait $collector 2>/dev/null
wait_for 10 test -e survived
"$cuflight" verify killed.cuft >verify.out && fail "verify takes it for complete"
says verify.out "what is there is well"
[ "$(about killed.cuft 'records(one) >= 1000')" = True ] || fail "$(about killed.cuft 'records(one)') records"
same complete "$(about killed.cuft 'i["complete"]')" False
# The session it left can be served again, and what starts in it is recorded.
expect 0 "$cuflight" run -q -o again -- "$fake"
whole again.cuft
unset CUFLIGHT_DIR

# ---- files that are not what they should be
expect 0 "$cuflight" run -q -o good -- "$fake"
python3 - <<-'PYTHON'
	good = open("good.cuft", "rb").read()
	def write(name, content):
	    open(name + ".cuft", "wb").write(bytes(content))
	def changed(at, byte):
	    copy = bytearray(good)
	    copy[at] = byte
	    return copy
	write("empty", b"")
	write("text", b"this is no recording" * 100)
	write("short", good[:40])
	write("header", good[:64])
	write("newer", changed(8, 2))
	write("flipped", changed(len(good) // 2, good[len(good) // 2] ^ 4))
	write("index", changed(len(good) - 100, good[len(good) - 100] ^ 4))
	write("footer", changed(len(good) - 20, good[len(good) - 20] ^ 4))
	write("inserted", good[:2000] + bytes(48) + good[2000:])
	write("zeros", good + bytes(4096))
	for n in range(64, len(good), 997):
	    write("cut%d" % n, good[:n])
PYTHON
for f in empty text short newer; do
	expect 1 "$cuflight" info $f.cuft
	cp err info.said
	expect 1 "$cuflight" verify $f.cuft
	same "what verify says of $f" "$(cat err)" "$(cat info.said)"
	silent_about out damaged
done
expect 1 "$cuflight" verify newer.cuft
says err "made by a newer cuflight"
silent_about err damaged
expect 1 "$cuflight" info no-such-file.cuft
expect 1 "$cuflight" verify no-such-file.cuft
expect 1 "$cuflight" verify /tmp
for f in flipped index footer inserted zeros; do
	expect 1 timeout 20 "$cuflight" verify $f.cuft
	says out ": damaged"
	"$cuflight" info $f.cuft >out 2>err
	[ $? -lt 2 ] || fail "info: status $?"
done
for f in cut*.cuft header.cuft; do
	expect 1 timeout 20 "$cuflight" verify "$f"
	says out "there is no index"
	says out "what is there is well"
	expect 0 "$cuflight" info "$f"
	says out "not complete"
done

# ---- any byte of a file may be anything: no crash, no endless loop. The seed is fixed.
python3 - "$cuflight" <<-'PYTHON' || fail "verify or info did not survive"
	import random, subprocess, sys
	good = open("good.cuft", "rb").read()
	random.seed(1)
	for n in range(60):
	    copy = bytearray(good)
	    for _ in range(random.choice((1, 3, 30))):
	        at = random.randrange(64, len(copy) - 32) # the footer has bytes that mean nothing
	        copy[at] = good[at] ^ random.randrange(1, 256)
	    open("fuzzed.cuft", "wb").write(copy)
	    for command in ("verify", "info"):
	        status = subprocess.run([sys.argv[1], command, "fuzzed.cuft"], stdout=subprocess.DEVNULL,
	                                stderr=subprocess.DEVNULL, timeout=20).returncode
	        if status not in (0, 1):
	            sys.exit("status %d of %s in round %d" % (status, command, n))
	        if command == "verify" and status == 0:
	            sys.exit("verify found nothing in round %d" % n)
PYTHON
exit 0
