#!/usr/bin/env bash
# Shows that the library and the collector ask no more of a machine than is promised: what they need, the
# newest GLIBC version, strong references, exports against the export map, size.
set -euo pipefail
exec "$CUFLIGHT_ROOT/scripts/abi-check" "$CUFLIGHT_BUILD/libcuflight.so" "$CUFLIGHT_BUILD/cuflight" \
	"$CUFLIGHT_ROOT/libinject/libcuflight.map"
