/*
 * memory_kinds.c: as the CUPTI header (cupti_activity.h) numbers them and nsys exports and prints them.
 */
#include "collector/memory_kinds.h"

#include <stddef.h>

#define COPY(label)                                                                                          \
	{                                                                                                    \
		label, "[CUDA memcpy " label "]"                                                             \
	}
static const struct {
	const char *label, *operation;
} copies[] = {
	COPY("Unknown"),	  COPY("Host-to-Device"), COPY("Device-to-Host"),  COPY("Host-to-Array"),
	COPY("Array-to-Host"),	  COPY("Array-to-Array"), COPY("Array-to-Device"), COPY("Device-to-Array"),
	COPY("Device-to-Device"), COPY("Host-to-Host"),	  COPY("Peer-to-Peer"),
};
#define COPIES (sizeof(copies) / sizeof(copies[0]))

static const char *const memories[] = {"Pageable", "Pinned",	    "Device",	      "Array",
				       "Managed",  "Device Static", "Managed Static", "Unknown"};

const char *copy_kind_label(uint64_t copy_kind)
{
	return copy_kind < COPIES ? copies[copy_kind].label : NULL;
}

const char *copy_kind_operation(uint64_t copy_kind)
{
	return copies[copy_kind < COPIES ? copy_kind : 0].operation;
}

uint32_t memory_kind_number(uint64_t cupti_kind)
{
	return cupti_kind >= 1 && cupti_kind <= MEMORY_KIND_UNKNOWN ? (uint32_t)cupti_kind - 1
								    : MEMORY_KIND_UNKNOWN;
}

const char *memory_kind_label(uint32_t number)
{
	return number <= MEMORY_KIND_UNKNOWN ? memories[number] : NULL;
}
