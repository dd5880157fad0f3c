#!/usr/bin/env bash
# Shows that programs which use neither CUDA nor NVTX do not notice the library: same output, same status, no
# file, no thread; that setuid and static programs and clean environments are left alone; that children inherit
# it, and that nobody else's injection is overridden.
set -u
# shellcheck source=tests/system/inject.bash
. "$(dirname "$0")/inject.bash"
export XDG_RUNTIME_DIR=$PWD/runtime
mkdir runtime

# same COMMAND...: output and status are those without the library, and nothing is left behind
same()
{
	local wanted got
	wanted=$(timeout 60 "$@" >wanted 2>&1 </dev/null; echo $?)
	got=$(LD_PRELOAD=$library timeout 60 "$@" >got 2>&1 </dev/null; echo $?)
	[ "$got" = "$wanted" ] || fail "$*: status $got, not $wanted"
	cmp -s wanted got || fail "$*: output differs: $(diff wanted got | head -n 5)"
	[ -z "$(ls runtime)" ] || fail "$* left $(ls runtime)"
}

same bash -c 'echo $((6 * 7)); exit 3'
same bash -c 'x=1; export x; env -i A=b /usr/bin/env'
same bash -c 'kill -TERM $$'
same /bin/true
same python3 -c 'pass'
same python3 -c 'import threading, os; print(threading.active_count(), len(os.listdir("/proc/self/task")))'
same python3 -W error -c 'import os; os.fork() or os._exit(0); os.wait()'
same python3 -c 'import subprocess; print(subprocess.run(["/usr/bin/env"], env={"A": "b"}, stdout=-1).stdout)'

# A static program never loads it; one that is setuid is not touched by it.
printf 'int main(void) { return 5; }\n' >static.c
if gcc -static -o static static.c 2>/dev/null; then
	same ./static
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cat >setuid.c <<'C'
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
int main(void)
{
	char line[1024];
	FILE *maps = fopen("/proc/self/maps", "r");
	printf("secure %lu\n", getauxval(AT_SECURE));
	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "libcuflight.so"))
			printf("%s", line);
	return 0;
}
C
	gcc -o setuid setuid.c && chmod 4755 setuid && chmod 755 .
	same setpriv --reuid=65534 --regid=65534 --clear-groups ./setuid
	grep -qx 'secure 1' got || fail "the setuid program is none: $(cat got)"
fi

# Something is preloaded already: both are loaded, in this order.
printf 'int other(void) { return 1; }\n' >other.c
gcc -shared -fPIC -o other.so other.c
LD_PRELOAD=$PWD/other.so:$library bash -c 'maps=$(</proc/$$/maps); grep -c "r-xp.*\(other.so\|libcuflight.so\)" <<<"$maps"' >got
[ "$(cat got)" = 2 ] || fail "with another library preloaded: $(cat got)"

# Children inherit the variables, whether a shell starts them or not.
LD_PRELOAD=$library bash -c 'bash -c "echo \$CUDA_INJECTION64_PATH \$NVTX_INJECTION64_PATH"' >got
[ "$(cat got)" = "$library $library" ] || fail "variables in a child: $(cat got)"
LD_PRELOAD=$library python3 -c 'import os; print(os.environ["CUDA_INJECTION64_PATH"], os.environ["NVTX_INJECTION64_PATH"])' >got
[ "$(cat got)" = "$library $library" ] || fail "variables in python: $(cat got)"
# A relative path is made absolute: the next program may be started elsewhere.
(cd "$CUFLIGHT_BUILD" && LD_PRELOAD=./libcuflight.so /usr/bin/env) | grep -qx "CUDA_INJECTION64_PATH=$library" ||
	fail "a relative LD_PRELOAD"
# What somebody else set stays.
CUDA_INJECTION64_PATH=/other/tool.so LD_PRELOAD=$library /usr/bin/env >got
grep -qx CUDA_INJECTION64_PATH=/other/tool.so got || fail "CUDA_INJECTION64_PATH was overridden"
grep -qx "NVTX_INJECTION64_PATH=$library" got || fail "NVTX_INJECTION64_PATH was not set beside it"
[ "$(grep -c INJECTION64 got)" = 2 ] || fail "$(grep INJECTION64 got)"

# The whole of it in system calls: none but those of the loader.
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	LD_PRELOAD=$library strace -o trace /bin/true
	lines=$(sed -n '/libcuflight.so/,$p' trace | grep -cE 'clone|socket|creat|O_CREAT|O_WRONLY|O_RDWR|memfd|futex')
	[ "$lines" = 0 ] || fail "system calls at start: $(grep -E 'clone|socket|creat|O_CREAT|memfd|futex' trace)"
fi
finish
