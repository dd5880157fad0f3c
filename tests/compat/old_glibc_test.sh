#!/usr/bin/env bash
# Shows that the library loads into the programs of an old Debian, also when every symbol is bound at once,
# and that the collector starts there.
set -euo pipefail
root=$CUFLIGHT_ROOT/.deps/old-root
sudo=()

if [ ! -x "$root/bin/true" ]; then
	echo "no old Debian root: scripts/setup --dev makes one in .deps/old-root"
	exit 77
fi
if [ "$(id -u)" != 0 ]; then
	sudo=(sudo -n)
	"${sudo[@]}" true 2>/dev/null || { echo "chroot needs root or sudo without a password"; exit 77; }
fi

"${sudo[@]}" mkdir -p "$root/opt"
in=/opt/cuflight.$$
trap '"${sudo[@]}" rm -rf "$root$in"' EXIT
"${sudo[@]}" mkdir "$root$in"
"${sudo[@]}" cp "$CUFLIGHT_BUILD/libcuflight.so" "$CUFLIGHT_BUILD/cuflight" "$root$in"
so=$in/libcuflight.so

# old COMMAND...: in the old root; the dynamic linker's complaints go to stderr, and it goes on without the library.
old() {
	"${sudo[@]}" chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin "$@"
}

# silent NAME COMMAND...: exits 0 and prints nothing.
silent() {
	local name=$1 out
	shift
	out=$(old "$@" 2>&1) || { echo "$name: status $?: $out"; exit 1; }
	[ -z "$out" ] || { echo "$name: $out"; exit 1; }
	echo "ok: $name"
}

echo "old root: $(old getconf GNU_LIBC_VERSION)"
loaded=$(old LD_TRACE_LOADED_OBJECTS=1 LD_PRELOAD=$so /bin/true)
[[ $loaded = *"$so "* ]] || { echo "the library is not loaded"; exit 1; }
silent "/bin/true" LD_PRELOAD=$so /bin/true
silent "/bin/true, bound at once" LD_PRELOAD=$so LD_BIND_NOW=1 /bin/true
silent "a shell with children" LD_PRELOAD=$so LD_BIND_NOW=1 /bin/bash -c '/bin/true; /bin/true | /bin/cat'
silent "perl" LD_PRELOAD=$so LD_BIND_NOW=1 /usr/bin/perl -e 1
help=$(old LD_BIND_NOW=1 $in/cuflight --help)
echo "${help%%$'\n'*}"
echo "ok: the collector starts"
