/*
 * nvtx_api.h: what a tool needs of NVTX 3's injection interface, declared here so that no CUDA package is
 * needed to build. Values and layouts: nvtx3/nvtxDetail/nvtxTypes.h and nvtx3/nvToolsExt.h of NVTX 3;
 * tests/unit/inject_headers_test.c compares them where those headers are present.
 */
#ifndef INJECT_NVTX_API_H
#define INJECT_NVTX_API_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

enum nvtx_export_table_id {
	NVTX_TABLE_CALLBACKS = 1,
	NVTX_TABLE_VERSION = 3,
};

enum nvtx_module {
	NVTX_MODULE_CORE = 1,
	NVTX_MODULE_CORE2 = 5,
};

/* Index in a module's table. */
enum nvtx_core {
	CORE_MARK_EX = 1,
	CORE_MARK_A,
	CORE_MARK_W,
	CORE_START_EX,
	CORE_START_A,
	CORE_START_W,
	CORE_END,
	CORE_PUSH_EX,
	CORE_PUSH_A,
	CORE_PUSH_W,
	CORE_POP,
	CORE_NAME_CATEGORY_A,
	CORE_NAME_CATEGORY_W,
	CORE_NAME_THREAD_A,
	CORE_NAME_THREAD_W,
	CORE_ENTRIES,
};

enum nvtx_core2 {
	CORE2_MARK_EX = 1,
	CORE2_START_EX,
	CORE2_END,
	CORE2_PUSH_EX,
	CORE2_POP,
	CORE2_RESOURCE_CREATE,
	CORE2_RESOURCE_DESTROY,
	CORE2_NAME_CATEGORY_A,
	CORE2_NAME_CATEGORY_W,
	CORE2_REGISTER_STRING_A,
	CORE2_REGISTER_STRING_W,
	CORE2_CREATE_A,
	CORE2_CREATE_W,
	CORE2_DESTROY,
	CORE2_INITIALIZE,
	CORE2_ENTRIES,
};

typedef void (*nvtx_function)(void);

struct nvtx_callbacks_table {
	size_t struct_size;
	/* *table: array of pointers to the module's function pointers; non-zero on success. */
	int (*get_module_table)(uint32_t module, nvtx_function ***table, unsigned int *size);
};

typedef const void *(*nvtx_get_export_table)(uint32_t id);

enum nvtx_message_type {
	MESSAGE_ASCII = 1,
	MESSAGE_WIDE = 2,
	MESSAGE_REGISTERED = 3,
};

enum nvtx_color_type {
	COLOR_ARGB = 1,
};

/* Payload types with a value in the event itself. */
enum nvtx_payload_type {
	PAYLOAD_NONE = 0,
	PAYLOAD_UINT64 = 1,
	PAYLOAD_INT64 = 2,
	PAYLOAD_DOUBLE = 3,
	PAYLOAD_UINT32 = 4,
	PAYLOAD_INT32 = 5,
	PAYLOAD_FLOAT = 6,
};

/* What nvtxRangePush and nvtxRangePop answer when the level is not kept. */
#define NVTX_LEVEL_UNKNOWN (-2)

struct nvtx_attributes {
	uint16_t version;
	uint16_t size;
	uint32_t category;
	int32_t color_type;
	uint32_t color;
	int32_t payload_type;
	int32_t reserved;
	union {
		uint64_t u64;
		uint32_t u32;
	} payload;
	int32_t message_type;
	union {
		const char *ascii;
		const wchar_t *wide;
		const void *registered;
	} message;
};

#endif
