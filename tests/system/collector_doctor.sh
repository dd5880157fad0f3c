#!/usr/bin/env bash
# Shows that `cuflight doctor` finds what is there and what is not, says what to do, and that its exit status is its verdict.
# Needs no GPU: drivers and libcupti are stand-ins of a few lines.
. "$CUFLIGHT_ROOT/tests/collector.bash"
unset CUDA_HOME CUDA_PATH

# stand_in FILE CODE: a shared library
stand_in() {
	mkdir -p "$(dirname "$1")"
	echo "$2" | gcc -shared -fPIC -x c -o "$1" -Wl,-soname,"$(basename "$1")" - || fail "gcc"
}
driver() {
	stand_in "$1/libcuda.so.1" "
		#include <string.h>
		#include <unistd.h>
		int cuDriverGetVersion(int *v) { *v = 12040; return 0; }
		int cuInit(unsigned f) { $2 }
		int cuDeviceGetCount(int *n) { *n = $3; return 0; }
		int cuDeviceGet(int *d, int i) { *d = i; return 0; }
		int cuDeviceGetName(char *s, int n, int d) { strncpy(s, \"Stand-in GPU\", n); return 0; }"
}
stand_in cupti/libcupti.so.12 'int cuptiGetVersion(unsigned *v) { *v = 22; return 0; }'
export CUFLIGHT_CUPTI=$PWD/cupti

# ---- all is well
driver good 'return 0;' 8
LD_LIBRARY_PATH=$PWD/good expect 0 "$cuflight" doctor
says out "CUDA 12.4, $PWD/good/libcuda.so.1"
says out "8 x Stand-in GPU"
says out "API 22, $PWD/cupti/libcupti.so.12"
says out "$CUFLIGHT_BUILD/libcuflight.so loads into other programs"
says out "MiB a recorded process"
says out "ns a record"
says out "Recording would work here"
grep -q $'\033' out && fail "colours in a file"

# ---- what can be wrong with the driver
expect 1 "$cuflight" doctor
says out "FAIL  driver"
says out "Recording of CUDA would not work here"
driver none 'return 100;' 0
LD_LIBRARY_PATH=$PWD/none CUDA_VISIBLE_DEVICES=9 expect 1 "$cuflight" doctor
says out "FAIL  devices      the driver finds no device"
says out "CUDA_VISIBLE_DEVICES (now 9)"
driver crash '*(volatile int *)0 = 1; return 0;' 1
LD_LIBRARY_PATH=$PWD/crash expect 1 "$cuflight" doctor
says out "signal 11"
# An injection variable is not obeyed by the check itself.
LD_LIBRARY_PATH=$PWD/good CUDA_INJECTION64_PATH=/opt/other.so expect 1 "$cuflight" doctor
says out "CUDA_INJECTION64_PATH=/opt/other.so"
says out "unset CUDA_INJECTION64_PATH"
export LD_LIBRARY_PATH=$PWD/good

# ---- libcupti
CUFLIGHT_CUPTI=/no/such/place expect 1 "$cuflight" doctor
says out "CUFLIGHT_CUPTI=/no/such/place is not there"
stand_in newer/libcupti.so.13 'int cuptiGetVersion(unsigned *v) { *v = 130001; return 0; }'
CUFLIGHT_CUPTI=$PWD/newer expect 1 "$cuflight" doctor
says out "of CUDA 13.0, newer than the driver"
mkdir broken && echo "no library" >broken/libcupti.so.12
CUFLIGHT_CUPTI=$PWD/broken expect 1 "$cuflight" doctor
says out "cannot be loaded"
mkdir -p toolkit/extras/CUPTI/lib64 && cp cupti/libcupti.so.12 toolkit/extras/CUPTI/lib64
env -u CUFLIGHT_CUPTI CUDA_HOME="$PWD/toolkit" "$cuflight" doctor >out 2>err
says out "$PWD/toolkit/extras/CUPTI/lib64/libcupti.so.12"

# ---- the rest of the system
CUFLIGHT_LIB=/no/libcuflight.so expect 1 "$cuflight" doctor
says out "FAIL  library"
CUFLIGHT_SLOTS=many expect 1 "$cuflight" doctor
says out "CUFLIGHT_SLOTS=many is not understood"
(ulimit -f 1000 && expect 1 "$cuflight" doctor && says out "ulimit -f unlimited") || exit 1
mkdir -m 755 open
CUFLIGHT_DIR=$PWD/open expect 1 "$cuflight" doctor
says out "FAIL  session"
[ -z "$(ls open)" ] || fail "something was left in the session directory"

# ---- where programs with LD_PRELOAD alone leave their rings
own=runtime/cuflight-$(id -u)
mkdir -m 700 runtime && mkdir -m 755 "$own"
XDG_RUNTIME_DIR=$PWD/runtime expect 0 "$cuflight" doctor
says out "warn  session      $PWD/$own is open to other users"
says out "chmod 700 $PWD/$own"
chmod 700 "$own"
XDG_RUNTIME_DIR=$PWD/runtime expect 0 "$cuflight" doctor
silent_about out "warn  session"
XDG_RUNTIME_DIR=$PWD/nowhere expect 0 "$cuflight" doctor
says out "warn  session      $PWD/nowhere/cuflight-$(id -u) cannot be made: No such file or directory"
exit 0
