/*
 * chunk_check.c: is this a chunk, and is it whole? From the header and the checksum alone.
 */
#include <errno.h>
#include <string.h>

#include "wire/chunk_read.h"
#include "wire/crc32.h"

int chunk_peek(const void *p, size_t available, struct chunk_header *out)
{
	if (available < sizeof(*out))
		return -EAGAIN;
	memcpy(out, p, sizeof(*out));
	if (out->magic != CHUNK_MAGIC || out->size % CHUNK_ALIGN || out->size > CHUNK_MAX_SIZE ||
	    out->header_size < sizeof(*out) || out->header_size > out->size)
		return -EBADMSG;
	if (out->version > CHUNK_VERSION)
		return -EPROTONOSUPPORT;
	if (out->count > CHUNK_MAX_RECORDS || out->sites > out->count || out->raw_size > CHUNK_MAX_RAW ||
	    out->streams > (out->size - out->header_size) / sizeof(struct chunk_stream))
		return -EBADMSG;
	return available < out->size ? -EAGAIN : 0;
}

int chunk_check(const void *p, size_t available, struct chunk_header *out)
{
	static const uint32_t zero;
	const size_t after = offsetof(struct chunk_header, crc) + sizeof(out->crc);
	int err = chunk_peek(p, available, out);
	uint32_t crc;

	/* In every version the checksum lies where it does: damage is not taken for a newer chunk. */
	if (err && (err != -EPROTONOSUPPORT || available < out->size))
		return err;
	crc = crc32_update(0, p, offsetof(struct chunk_header, crc));
	crc = crc32_update(crc, &zero, sizeof(zero));
	crc = crc32_update(crc, (const uint8_t *)p + after, out->size - after);
	return crc == out->crc ? err : -EILSEQ;
}
