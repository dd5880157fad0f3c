#!/usr/bin/env bash
# Shows what happens when another tool has CUPTI's one subscription (error 39): the program is not harmed, NVTX is recorded, and the reason,
# with the holder's name where CUPTI tells it, stands in the message and in the file.
set -euo pipefail
fail() { echo "FAIL: $*"; exit 1; }
decode=$CUFLIGHT_BUILD/examples/decode cuflight=$CUFLIGHT_BUILD/cuflight
[ -x "$decode" ] || { echo "examples/decode is not built: no nvcc"; exit 77; }

# busy CUPTI HOLDER
busy() {
	SIMGPU_CUPTI=$1 SIMGPU_FAULT=subscribe-busy "$cuflight" run --force -o busy.cuft -- \
		"$CUFLIGHT_ROOT/scripts/simgpu" "$decode" --steps 10 --json >done.json 2>err || fail "$1: the program was harmed: $(cat err)"
	python3 -c 'import json; assert json.load(open("done.json"))["graph_launches"] == 10' || fail "$1: the program did not do its work"
	grep -q "NVTX only: another tool in this process uses CUPTI (error 39): $2" err || fail "$1: not told: $(cat err)"
	"$cuflight" info busy.cuft >info
	grep -q "recording  *NVTX only: .*error 39" info || fail "$1: the file does not say why: $(cat info)"
	"$cuflight" report -r nvtx_sum -f csv busy.cuft >nvtx.csv 2>/dev/null
	grep -q ',:decode$\|,decode$' nvtx.csv || fail "$1: no NVTX: $(cat nvtx.csv)"
	"$cuflight" report -r cuda_gpu_kern_sum busy.cuft >kernels 2>&1
	grep -q 'does not contain CUDA kernel data' kernels || fail "$1: kernels, from where? $(cat kernels)"
}

busy 13.0 "Nsight Systems (simulated)"
busy 12.4 "CUPTI does not say which"
