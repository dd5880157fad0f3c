#!/usr/bin/env bash
# Shows that a recording of nothing says why: nobody used CUDA, or programs did (they have a libcuda.so.1 mapped) and could
# not be recorded, because they are static, have an environment of their own, raised privileges, or another root.
. "$CUFLIGHT_ROOT/tests/collector.bash"

# A program that has what looks like CUDA's driver library mapped, for a second.
head -c 65536 /dev/zero >libcuda.so.1
cat >maps.c <<-'C'
	#include <fcntl.h>
	#include <sys/mman.h>
	#include <unistd.h>
	int main(void)
	{
		int fd = open("/tmp/PLACE/libcuda.so.1", O_RDONLY);
		void *p = mmap(0, 65536, PROT_READ, MAP_PRIVATE, fd, 0);
		usleep(1200000);
		return p == MAP_FAILED;
	}
C
place=$(mktemp -d /tmp/cuflight-nothing.XXXXXX)
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
cp libcuda.so.1 "$place/"
sed -i "s,/tmp/PLACE,$place," maps.c
gcc -o "$place/maps" maps.c || fail gcc

# ---- nobody used CUDA
expect 3 "$cuflight" run -o a -- sh -c 'sleep 0.1; exit 3'
says err "nothing was recorded: no process was seen to use CUDA or NVTX"
whole a.cuft

# ---- the library was in it, CUDA was not initialised
expect 0 "$cuflight" run -o b -- "$place/maps"
says err "(maps) loaded CUDA and was not recorded: recording did not start in it"

# ---- an environment of its own
expect 0 "$cuflight" run -o c -- env -i "$place/maps"
says err "(maps) loaded CUDA and was not recorded: it was started with an environment of its own"
[ "$(about c.cuft '[k for k in i["session"] if k.startswith("unrecorded.")] != []')" = True ] || fail "the file does not say it"

# ---- one that is too long to be read: nothing is said of it that is not known
long=$(head -c 100000 /dev/zero | tr '\0' x)
expect 0 "$cuflight" run -o c2 -- env -i A="$long" B="$long" C="$long" "$place/maps"
says err "(maps) loaded CUDA and was not recorded: "
silent_about err "environment of its own"

# ---- beside one that was recorded it is told all the same
expect 0 "$cuflight" run -o d --no-summary -- sh -c "\"$fake\"; env -i \"$place/maps\""
says err "environment of its own"
silent_about err "nothing was recorded"

# ---- a static program: told before it starts, too
if gcc -static -o "$place/static" maps.c 2>/dev/null; then
	expect 0 "$cuflight" run -o e -- "$place/static"
	says err "will not be recorded itself: it is statically linked"
	says err "(static) loaded CUDA and was not recorded: it is statically linked"
	expect 0 "$cuflight" run -o e2 -- sh -c "\"$place/static\""
	says err "(static) loaded CUDA and was not recorded: it is statically linked"
else
	echo "no static libc: the static program was left out"
fi

# ---- raised privileges: set-user-ID root, started by somebody else
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$place/maps" "$place/setuid"
	chmod 4755 "$place/setuid"
	mkdir -m 700 "$place/work" && chown 65534:65534 "$place/work"
	cp "$cuflight" "$CUFLIGHT_BUILD/libcuflight.so" "$place/"
	chmod 755 "$place/cuflight"
	(cd "$place/work" && env -u XDG_RUNTIME_DIR setpriv --reuid=65534 --regid=65534 --clear-groups \
		../cuflight run -o f -- ../setuid) >out 2>err || fail "set-user-ID program"
	says err "will not be recorded itself: it is set-user-ID"
	# ---- another root
	if unshare --mount true 2>/dev/null; then
		mkdir "$place/root"
		expect 0 "$cuflight" run -o g --no-summary -- unshare --mount sh -c "
			mount --bind / \"$place/root\" && mount -t tmpfs none \"$place/root$CUFLIGHT_BUILD\" 2>/dev/null
			LD_PRELOAD= exec env LD_PRELOAD=\"$CUFLIGHT_BUILD/libcuflight.so\" chroot \"$place/root\" \"$place/maps\""
		says err "(maps) loaded CUDA and was not recorded: it runs in a container or chroot"
	fi
else
	echo "not root: the set-user-ID program and the other root were left out"
fi
exit 0
