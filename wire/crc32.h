/*
 * crc32.h: CRC-32 as in IEEE 802.3, zlib and PNG (reflected polynomial 0xedb88320).
 */
#ifndef WIRE_CRC32_H
#define WIRE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continue `crc` (0 to begin with) over size bytes. Any thread. */
uint32_t crc32_update(uint32_t crc, const void *bytes, size_t size);

#endif
