/*
 * crc32.c: CRC-32 eight bytes a step ("slicing by 8"). The tables are computed by the first caller; two
 * callers at once compute the same values, so that no lock is needed, and the flag is set last.
 */
#include "wire/crc32.h"

#include <string.h>

#include "wire/atomic.h"

static uint32_t table[8][256];
static int table_ready;

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
		store_relaxed(&table[0][i], c);
	}
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = load_relaxed(&table[0][i]);

		for (int slice = 1; slice < 8; slice++) {
			c = load_relaxed(&table[0][c & 255]) ^ c >> 8;
			store_relaxed(&table[slice][i], c);
		}
	}
	store_release(&table_ready, 1); /* partner: the acquire in crc32_update */
}

uint32_t crc32_update(uint32_t crc, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	if (!load_acquire(&table_ready))
		make_table();
	crc = ~crc;
	for (; size >= 8; size -= 8, p += 8) {
		uint32_t a = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
				    (uint32_t)p[3] << 24);

		crc = table[7][a & 255] ^ table[6][a >> 8 & 255] ^ table[5][a >> 16 & 255] ^
		      table[4][a >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
	}
	for (; size; size--, p++)
		crc = table[0][(crc ^ *p) & 255] ^ crc >> 8;
	return ~crc;
}
