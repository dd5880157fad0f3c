#!/usr/bin/env bash
# Shows that a process hands its ring to the collector that listens, waits for nobody, and that the memory tells
# the process's death and what it had published, seen from the other side.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
need_nvtx
mkdir -m 700 session

cat >collector.py <<'P'
"""A collector of nothing: listen, start MODE, take the ring, save it when the process is gone."""
import array, mmap, os, socket, struct, subprocess, sys, time

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind("session/socket")
listener.listen(int(sys.argv[2]))
listener.settimeout(20)
env = dict(os.environ, CUFLIGHT_DIR=os.getcwd() + "/session", LD_PRELOAD=os.environ["LIBRARY"])
begin = time.monotonic()
process = subprocess.Popen([os.environ["PROGRAM"], *sys.argv[1].split()], env=env)
if len(sys.argv) > 3:  # never accepted while the process lives
    process.wait()
    print("ended", time.monotonic() - begin < 5)
connection, _ = listener.accept()
data, control, flags, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
magic, abi, pid, _, ring, size = struct.unpack("<IIIIQQ", data)
fd = array.array("i", control[0][2])[0]
print("hello", magic == 0x4F4C4C48, abi, pid == process.pid, ring != 0, os.fstat(fd).st_size == size)
print("closed", connection.recv(1) == b"")
memory = mmap.mmap(fd, size)
try:
    os.ftruncate(fd, 4096)
    print("shrunk")
except PermissionError:
    print("sealed")
process.wait()
time.sleep(0.05)
with open("ring", "wb") as f:
    f.write(memory[:])
P

# take MODE BACKLOG [LATE]: what collector.py says is in ./said, what the ring holds in ./dump
take()
{
	rm -f session/socket ring
	PROGRAM=$programs/inject_nvtx LIBRARY=$library timeout 60 python3 collector.py "$@" >said 2>&1 ||
		fail "collector.py $*: $(tail -n 3 said)"
	"$programs/inject_ring_dump" ring >dump || fail "$*: the ring cannot be read"
	for line in 'hello True 1 True True True' 'closed True' sealed; do
		grep -qx "$line" said || fail "$*: not '$line': $(cat said)"
	done
	[ ! -e session/rings ] || fail "$*: a named ring beside it"
	[ ! -e session/log ] || fail "$*: $(cat session/log)"
}

take "pairs 1000" 8
expect 1 '^ring closed lived liveness=0 policy=drain losses= '
expect 1000 '^nvtx 112=1 '

take kill 8
expect 1 '^ring armed died liveness=1073741824 '
expect 20 '^nvtx'

# Nobody answers as long as the process lives.
take "pairs 1000" 8 late
grep -qx 'ended True' said || fail "waited for the collector: $(cat said)"
expect 1000 '^nvtx 112=1 '

# Only the oldest are kept when nobody takes them away; what found no room is counted.
CUFLIGHT_RING_SIZE=256K CUFLIGHT_PUBLISH=10ms take "pairs 300000" 8
lost=$(sed -n 's/^ring .*ring_full:\([0-9]*\),.*/\1/p' dump)
[ "${lost:-0}" -gt 0 ] || fail "nothing was lost in a full ring"
expect 1 '^nvtx 112=1 .* name=range 0 '
all=$(sed -n 's/^ring .* records=\([0-9]*\) .*/\1/p' dump)
kept=$(count '^(nvtx|clock|iteration)')
[ $((kept + lost)) = "$all" ] || fail "$kept kept and $lost lost, of $all"

# A listener whose queue is full: after a moment the ring goes into a file.
cat >deaf.py <<'P'
import os, socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind("session/socket")
listener.listen(0)
waiting = []
for _ in range(3):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(False)
    try:
        s.connect("session/socket")
    except BlockingIOError:
        pass
    waiting.append(s)
env = dict(os.environ, CUFLIGHT_DIR=os.getcwd() + "/session", LD_PRELOAD=os.environ["LIBRARY"])
sys.exit(subprocess.run([os.environ["PROGRAM"], "pairs", "10"], env=env).returncode)
P
rm -rf session && mkdir -m 700 session
PROGRAM=$programs/inject_nvtx LIBRARY=$library timeout 60 python3 deaf.py || fail "a deaf collector: status $?"
dump
expect 20 '^nvtx'
finish
