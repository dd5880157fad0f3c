#!/usr/bin/env bash
# Shows that the trimmed zstd of the library (scripts/zstd-trim) gives the same bytes as the whole one at every
# level that it keeps, and valid frames at the others.
set -euo pipefail
cc=${CC:-gcc}

cat >pack.c <<'END'
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Text-like, noisy and constant stretches, from a fixed seed. */
static void fill(uint8_t *p, size_t n)
{
	uint32_t x = 12345;
	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = i / 3000 % 3 == 0 ? x >> 24 : i / 3000 % 3 == 1 ? "correlation"[(x >> 24) % 11] : i >> 7;
	}
}

int main(int argc, char **argv)
{
	static const int levels[] = {-5, -1, 1, 2, 3};
	size_t max = 600000, bound = ZSTD_compressBound(max);
	uint8_t *in = malloc(max), *out = malloc(bound);
	fill(in, max);
	if (argc > 1) {
		uint8_t *back = malloc(max);
		size_t size = ZSTD_compress(out, bound, in, max, atoi(argv[1]));
		printf("level %s: %zu of %zu bytes\n", argv[1], size, max);
		return ZSTD_decompress(back, max, out, size) != max || memcmp(back, in, max);
	}
	for (unsigned l = 0; l < sizeof(levels) / sizeof(*levels); l++) {
		for (size_t n = 1; n < max; n += n / 3 + 1) {
			size_t size = ZSTD_compress(out, bound, in, n, levels[l]);
			uint64_t hash = 14695981039346656037u;
			if (ZSTD_isError(size))
				return 1;
			for (size_t i = 0; i < size; i++)
				hash = (hash ^ out[i]) * 1099511628211u;
			printf("%d %zu %zu %016llx\n", levels[l], n, size, (unsigned long long)hash);
		}
	}
	return 0;
}
END
"$CUFLIGHT_ROOT/scripts/zstd-trim" "$cc" "$("$cc" -print-file-name=libzstd.a)" trimmed.a
"$cc" -O1 -o whole pack.c -lzstd
"$cc" -O1 -o trimmed pack.c trimmed.a -lpthread
./whole >whole.txt
./trimmed >trimmed.txt
cmp whole.txt trimmed.txt
echo "$(wc -l <whole.txt) frames are the same"
for level in 4 5 7 9 12 15 19; do
	./trimmed $level
done
