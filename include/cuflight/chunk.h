/*
 * chunk.h: the one unit of data, byte for byte the same in the ring and in the trace file.
 *
 *   +----------------------+ 0
 *   | struct chunk_header  |  96 bytes: select by time, kind and process, detect a gap, skip: from here alone
 *   +----------------------+ header_size
 *   | struct chunk_stream  |  16 bytes each, `streams` of them: the directory
 *   |  ...                 |
 *   +----------------------+
 *   | stream bytes         |  in the directory's order, each `stored` bytes, no padding between
 *   |  ...                 |
 *   +----------------------+ size (a multiple of 8, zero-padded)
 *
 * Rules.
 *  - Little-endian. Only explicitly sized types.
 *  - Self-contained: a chunk is decoded with nothing but itself and the process's permanent strings. Every
 *    predictor below starts afresh in each chunk.
 *  - All records of a chunk are of one kind and one process.
 *  - crc is CRC-32 (IEEE 802.3, the one of zlib and PNG) over the whole chunk with the crc field taken as
 * zero.
 *  - A reader skips streams whose field or encoding it does not know, and refuses a chunk whose version is
 * newer.
 *  - header_size may grow; fields are added at its end.
 *
 * Columns. Records are described by SITES: a site is one distinct combination of the static fields (a
 * kernel's name, grid, graph node ...). A chunk has a table of its sites; FIELD_SITE says for each record
 * which it is, and the site's history predicts the record's dynamic fields, so that a loop costs only what
 * was new in it. Values are stored as streams of bytes: an integer sequence is cut into byte planes (all
 * lowest bytes, then all second bytes ...), one stream a plane, planes that are all zero at the top left out.
 * zigzag(v) = v<<1 ^ v>>63. All arithmetic is modulo 2^64.
 *
 *   ENC_CONST       every record has `value`; no bytes
 *   ENC_BYTES       the bytes themselves (FIELD_DICT, FIELD_RAW); no planes
 *   ENC_PLAIN       count values
 *   ENC_SITE        one value a site: zigzag(v[s] - v[s-1]), v[-1] = 0
 *   ENC_SITE_INDEX  count symbols: 0 = the site last seen after this pair of predecessors, else site + 1.
 *                   Context: slot(a, b) of CHUNK_CONTEXTS entries, where b is the previous record's site and
 * a the one before (both start as 0); slot = (a * 0x9e3779b1 ^ b * 0x85ebca6b) mod 2^32 >> 18; an entry
 *                   starts as 0 and is set to the record's site after each record.
 *   ENC_DURATION    zigzag(d - p), p = the site's mean duration so far (below)
 *   ENC_START       zigzag(t - (end + p)), end = start + duration of the record before in the site's lane (d
 * = 0 for kinds without durations), p = the site's mean gap t - end so far. The first record of a lane is
 *                   zigzag(t - first_time of the header) instead and leaves the mean alone
 *   ENC_STEP        zigzag(v - (last + s)), last = the previous record's v (0 at first), s = v - last as it
 * was the last time this site was seen (0 at first) ENC_LAST        zigzag(v - l), l = the site's previous v
 * (0 at first)
 *
 * Mean, of a site's values x: none at first, p = 0; the first x makes m = x * 16; each further one
 * m += (x * 16 - m) >> 3 (arithmetic shift); p = (m + 8) >> 4.
 */
#ifndef CUFLIGHT_CHUNK_H
#define CUFLIGHT_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#define CHUNK_MAGIC	  0x4b434643u /* "CFCK" */
#define CHUNK_FILL	  0x4c464643u /* "CFFL", in the ring only: nothing more up to the ring's end */
#define CHUNK_VERSION	  1
#define CHUNK_ALIGN	  8
#define CHUNK_CONTEXTS	  16384u
#define CHUNK_MAX_RECORDS 65536u      /* a writer seals at this many */
#define CHUNK_MAX_SIZE	  (16u << 20) /* a reader refuses more */
#define CHUNK_MAX_RAW	  (64u << 20) /* the same, decompressed */

struct chunk_header {
	uint32_t magic;
	uint16_t version;
	uint16_t header_size;
	uint32_t size; /* whole chunk, bytes, a multiple of CHUNK_ALIGN */
	uint32_t crc;
	uint16_t kind;	    /* enum event_kind */
	uint16_t flags;	    /* enum chunk_flag */
	uint32_t count;	    /* records; 0 is legal for permanent chunks without any */
	int64_t first_time; /* smallest start, ns; 0 with last_time 0: no times */
	int64_t last_time;  /* largest end, ns */
	uint64_t process;  /* the ring's process id (random); 0: written by the collector about the session */
	uint64_t sequence; /* counts a process's chunks from 0, without gaps unless chunks were lost.
			      Chunks that the collector writes carry their own count */
	uint32_t generation; /* of the process's ring */
	uint32_t streams;
	uint32_t sites;
	uint32_t lost;	   /* records this process lost, by any cause, since its previous chunk; saturates */
	uint64_t raw_size; /* sum of the streams' raw sizes */
	/* EVENT_PERMANENT: the number (event.h: text reference) of the first STRING record in it, or of the
	   next if it has none; 0: not said. So a chunk that is damaged does not shift the numbers after it.
	 */
	uint64_t first_string;
	uint64_t reserved;
};

enum chunk_flag {
	CHUNK_BY_COLLECTOR = 1, /* written by the collector, not copied from a ring; own sequence */
	CHUNK_SALVAGED = 2,	/* by the collector, from what a process had open */
	CHUNK_CLOCK_STEP = 4,	/* a clock was stepped while these records were made: times may be off */
};

enum chunk_encoding {
	ENC_CONST = 0,
	ENC_BYTES = 1,
	ENC_PLAIN = 2,
	ENC_SITE = 3,
	ENC_SITE_INDEX = 4,
	ENC_DURATION = 5,
	ENC_START = 6,
	ENC_STEP = 7,
	ENC_LAST = 8,
};

enum chunk_codec {
	CODEC_NONE = 0,
	CODEC_ZSTD = 1,
	CODEC_ZERO = 2, /* raw bytes, all zero; stored is 0 */
};

struct chunk_stream {
	uint16_t field;	  /* enum event_field */
	uint8_t encoding; /* enum chunk_encoding */
	uint8_t codec;	  /* enum chunk_codec */
	uint8_t plane;	  /* which byte of the values, 0 the lowest */
	uint8_t planes;	  /* how many planes the column has; they follow one another */
	uint16_t reserved;
	union {
		struct {
			uint32_t raw;	 /* bytes after decompression */
			uint32_t stored; /* bytes in the chunk */
		};
		uint64_t value; /* ENC_CONST */
	};
};

_Static_assert(sizeof(struct chunk_header) == 96, "chunk header is 96 bytes");
_Static_assert(offsetof(struct chunk_header, crc) == 12, "crc at 12");
_Static_assert(offsetof(struct chunk_header, first_time) == 24, "first_time at 24");
_Static_assert(offsetof(struct chunk_header, process) == 40, "process at 40");
_Static_assert(offsetof(struct chunk_header, raw_size) == 72, "raw_size at 72");
_Static_assert(sizeof(struct chunk_stream) == 16, "directory entry is 16 bytes");

/*
 * Trace file (.cuft): struct file_header, chunks one after another in the order they arrived, and, once the
 * recording is complete, chunks of kind EVENT_INDEX (FIELD_RAW: struct file_index_entry, one for every chunk
 * before the first of them, at most CHUNK_MAX_RECORDS a chunk) followed by struct file_footer. Append-only. A
 * file without a footer is read by walking the chunks to the last whole one.
 */
#define FILE_MAGIC	  "CUFLIGHT"
#define FILE_FOOTER_MAGIC "CUFTEND\n"
#define FILE_VERSION	  1

struct file_header {
	char magic[8];
	uint32_t version; /* a reader refuses a newer one */
	uint32_t header_size;
	int64_t created;   /* CLOCK_REALTIME, ns */
	int64_t monotonic; /* CLOCK_MONOTONIC at the same moment, ns: start of the session's time */
	uint64_t session;  /* random */
	uint64_t reserved[3];
};

struct file_index_entry {
	uint64_t offset;
	uint64_t process;
	int64_t first_time;
	int64_t last_time;
	uint32_t size;
	uint32_t count;
	uint16_t kind;
	uint16_t flags;
	uint32_t lost;
};

struct file_footer {
	uint64_t index_offset; /* of the first EVENT_INDEX chunk; they reach up to the footer */
	uint64_t file_size;    /* footer included */
	uint64_t reserved;
	char magic[8];
};

_Static_assert(sizeof(struct file_header) == 64, "file header");
_Static_assert(sizeof(struct file_index_entry) == 48, "file index entry");
_Static_assert(sizeof(struct file_footer) == 32, "file footer");

#endif
