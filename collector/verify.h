/*
 * verify.h: what `cuflight verify` knows about the file it is reading, and the checks of one chunk's
 * contents.
 */
#ifndef COLLECTOR_VERIFY_H
#define COLLECTOR_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/chunk_read.h"

struct verify_process {
	uint64_t id;
	uint64_t next[2];   /* sequence expected: its own chunks', the collector's about it */
	uint64_t missing;   /* chunks */
	uint64_t first_gap; /* offset */
	uint64_t losses;    /* records that its final counters or LOST events give as lost */
	bool seen;	    /* one of its own chunks */
	uint64_t strings;   /* STRING records so far */
};

struct verify {
	int fd;
	uint64_t size;
	uint8_t *bytes; /* read last */
	size_t capacity;
	struct chunk_decoder *decoder;

	struct verify_process *processes; /* the session (0) among them */
	size_t process_count;
	struct file_index_entry *noted; /* every chunk, as the index should have it */
	size_t noted_count, noted_capacity;
	size_t indexed; /* entries of the index seen */

	uint64_t chunks, records, newer, cut;
	uint64_t index_offset; /* 0: none yet */
	bool complete;	       /* a footer */
	uint64_t problems;
};

/* Print what is wrong at an offset of the file. */
void verify_problem(struct verify *v, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Remember a chunk for the comparison with the index. 0 or -ENOMEM. */
int verify_note(struct verify *v, const struct chunk_header *h, uint64_t at);
/* Compare one index chunk, in v->bytes, with what was noted. 0 or -ENOMEM. */
int verify_index(struct verify *v, const struct chunk_header *h, uint64_t at);
/* Decode every column of the chunk in v->bytes and check what can be checked. 0 or -ENOMEM. */
int verify_chunk(struct verify *v, struct verify_process *p, const struct chunk_header *h, uint64_t at);
void verify_free(struct verify *v); /* leaves fd open */

#endif
