#!/usr/bin/env bash
# Shows that our demangler spells as NVIDIA's cu++filt does, which nsys agrees with: on the functions of the C++
# libraries of this machine, at least 99 of 100. What is left are constructors and destructors, of which cu++filt says
# more, and slips of cu++filt's own; no kernel is one. Skipped where there is no cu++filt.
# timeout: 300
set -u
for filt in "$CUFLIGHT_ROOT/.deps/bin/cu++filt" "${CUDA_HOME:-/usr/local/cuda}/bin/cu++filt" cu++filt; do
	[ "$(echo _Z1fi | "$filt" 2>/dev/null)" = "f(int)" ] && break
done

if [ "$(echo _Z1fi | "$filt" 2>/dev/null)" != "f(int)" ]; then
	echo "no cu++filt here (scripts/setup --oracle unpacks one)"
	exit 77
fi
for library in /usr/lib/*-linux-gnu/libstdc++.so.6 /usr/lib/*-linux-gnu/libLLVM*.so* /usr/lib/*-linux-gnu/libclang*.so*; do
	if [ -f "$library" ]; then nm -D --defined-only "$library" 2>/dev/null; fi
done | awk '{ sub(/@.*/, "", $NF); print $NF }' | grep -E '^_Z[^TG]' | sort -u >all
# The same 20,000 every time: every n-th.
awk -v n=$(($(wc -l <all) / 20000 + 1)) 'NR % n == 0' all >symbols
[ "$(wc -l <symbols)" -gt 1000 ] || { echo "fewer than 1000 C++ symbols on this machine"; exit 77; }

"$filt" <symbols | sed 's/ \[subobject\]$//; s/ \[deleting\]$//' >nvidia
"$CUFLIGHT_BUILD/tests/programs/demangle_lines" <symbols >ours
paste symbols ours nvidia | awk -F'\t' '$2 != $3' >different
total=$(wc -l <symbols) different=$(wc -l <different)
echo "$((total - different)) of $total names equal"
[ $((different * 100)) -le "$total" ] && exit 0
head -n 5 different | cut -c 1-1000
exit 1
