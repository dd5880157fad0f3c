/*
 * memory_kinds.h: nsys's numbers and names for copies and memory, which are not CUPTI's.
 */
#ifndef COLLECTOR_MEMORY_KINDS_H
#define COLLECTOR_MEMORY_KINDS_H

#include <stdint.h>

#define MEMORY_KIND_UNKNOWN 7u

/* "[CUDA memcpy Host-to-Device]" for a CUpti_ActivityMemcpyKind. Never NULL. */
const char *copy_kind_operation(uint64_t copy_kind);
/* "Host-to-Device"; NULL beyond the last one. The numbers are nsys's too. */
const char *copy_kind_label(uint64_t copy_kind);
/* CUpti_ActivityMemoryKind in nsys's numbers: 0 pageable, 1 pinned, 2 device, ... */
uint32_t memory_kind_number(uint64_t cupti_kind);
/* "Pageable", "Pinned" ... for nsys's number; NULL beyond the last one. */
const char *memory_kind_label(uint32_t number);

#define MEMSET_OPERATION "[CUDA memset]"

#endif
