#!/usr/bin/env bash
# Shows that SIGKILL at any moment loses nothing that CUPTI had delivered: 20 moments chosen at random (`make soak`: 500).
# timeout: 300
[ -x "$CUFLIGHT_BUILD/examples/decode" ] || { echo "examples/decode is not built: no nvcc"; exit 77; }
exec python3 "$CUFLIGHT_ROOT/tests/fault/kill_program.py" 20
