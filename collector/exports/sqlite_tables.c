/*
 * sqlite_tables.c: nsys's tables as data: their columns, those of them that are written, and the enumerations
 * that rows refer to. Columns that are not written are there and NULL.
 */
#include "collector/exports/sqlite_tables.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "collector/memory_kinds.h"

/*
 * Columns in nsys's order, separated by spaces. "!": NOT NULL; ":T" text, ":R" real, else integer; ":K" the
 * integer primary key; "-" before it: not written.
 */
static const struct {
	const char *name, *columns;
} tables[SQLITE_TABLES] = {
	[TABLE_STRINGS] = {"StringIds", "id!:K value!:T"},
	[TABLE_KERNEL] =
		{"CUPTI_ACTIVITY_KIND_KERNEL",
		 "start! end! deviceId! contextId! -greenContextId streamId! correlationId globalPid "
		 "demangledName! shortName! mangledName launchType cacheConfig registersPerThread! gridX! "
		 "gridY! gridZ! blockX! blockY! blockZ! staticSharedMemory! dynamicSharedMemory! "
		 "localMemoryPerThread! localMemoryTotal! gridId! sharedMemoryExecuted graphNodeId "
		 "sharedMemoryLimitConfig -qmdBulkReleaseDone -qmdPreexitDone -qmdLastCtaDone graphId "
		 "clusterX clusterY clusterZ clusterSchedulingPolicy maxPotentialClusterSize "
		 "maxActiveClusters -sharedMemoryRequestedPercentage"},
	[TABLE_MEMCPY] =
		{"CUPTI_ACTIVITY_KIND_MEMCPY",
		 "start! end! deviceId! contextId! -greenContextId streamId! correlationId globalPid "
		 "bytes! copyKind! -deprecatedSrcId srcKind dstKind srcDeviceId srcContextId dstDeviceId "
		 "dstContextId -migrationCause graphNodeId -virtualAddress copyCount"},
	[TABLE_MEMSET] =
		{"CUPTI_ACTIVITY_KIND_MEMSET",
		 "start! end! deviceId! contextId! -greenContextId streamId! correlationId globalPid "
		 "value! bytes! graphNodeId memKind"},
	[TABLE_RUNTIME] =
		{"CUPTI_ACTIVITY_KIND_RUNTIME",
		 "start! end! eventClass! globalTid correlationId nameId! returnValue! -callchainId"},
	[TABLE_OVERHEAD] = {"CUPTI_ACTIVITY_KIND_OVERHEAD",
			    "start! end! eventClass! globalTid correlationId nameId overheadType!"},
	[TABLE_NVTX] =
		{"NVTX_EVENTS",
		 "start! end eventType! rangeId category color text:T globalTid endGlobalTid textId domainId "
		 "uint64Value int64Value doubleValue:R uint32Value int32Value floatValue:R -jsonTextId "
		 "-jsonText:T -binaryData:T"},
	[TABLE_PROCESSES] = {"PROCESSES", "globalPid pid name:T"},
	[TABLE_THREAD_NAMES] = {"ThreadNames", "nameId! -priority globalTid"},
	[TABLE_GPU] =
		{"TARGET_INFO_GPU",
		 "vmId! id! name:T -busLocation:T isDiscrete l2CacheSize totalMemory memoryBandwidth "
		 "clockRate "
		 "smCount -pwGpuId uuid:T -luid -chipName:T cuDevice -ctxswDevPath:T -ctrlDevPath:T "
		 "-revision "
		 "-nodeMask -constantMemory -maxIPC -maxRegistersPerBlock -maxShmemPerBlock "
		 "-maxShmemPerBlockOptin -maxShmemPerSm -maxRegistersPerSm -threadsPerWarp -asyncEngines "
		 "-maxWarpsPerSm -maxBlocksPerSm -maxThreadsPerBlock -maxBlockDimX -maxBlockDimY "
		 "-maxBlockDimZ -maxGridDimX -maxGridDimY -maxGridDimZ computeMajor computeMinor smMajor "
		 "smMinor"},
	[TABLE_CUDA_DEVICE] = {"TARGET_INFO_CUDA_DEVICE", "gpuId cudaId! pid! uuid:T numMultiprocessors"},
	[TABLE_CUDA_CONTEXT] = {"TARGET_INFO_CUDA_CONTEXT_INFO",
				"nullStreamId! hwId! vmId! processId! deviceId! contextId! -parentContextId "
				"-isGreenContext -numMultiprocessors"},
	[TABLE_CUDA_STREAM] = {"TARGET_INFO_CUDA_STREAM",
			       "streamId! hwId! vmId! processId! contextId! priority! flag!"},
	[TABLE_SESSION_START] = {"TARGET_INFO_SESSION_START_TIME",
				 "utcEpochNs utcTime:T localTime:T systemClockNs"},
	[TABLE_ANALYSIS] = {"ANALYSIS_DETAILS", "globalVid! duration! startTime! stopTime!"},
	[TABLE_META_EXPORT] = {"META_DATA_EXPORT", "name!:T value:T"},
	[TABLE_META_CAPTURE] = {"META_DATA_CAPTURE", "name!:T value:T"},
};

struct column {
	char name[64];
	const char *type;
	bool not_null, key, written;
};

/* The next column of a table's list, or false at its end. */
static bool next_column(const char **list, struct column *c)
{
	size_t length = strcspn(*list, " "), name = strcspn(*list, " !:");
	const char *at = *list;

	if (!length)
		return false;
	*c = (struct column){.type = "INTEGER", .written = *at != '-'};
	snprintf(c->name, sizeof(c->name), "%.*s", (int)(name - !c->written), at + !c->written);
	for (size_t i = name; i < length; i++) {
		c->not_null |= at[i] == '!';
		c->key |= at[i] == 'K';
		if (at[i] == 'T')
			c->type = "TEXT";
		else if (at[i] == 'R')
			c->type = "REAL";
	}
	*list += length + strspn(at + length, " ");
	return true;
}

static void append(char *sql, size_t size, const char *text)
{
	size_t used = strlen(sql);

	snprintf(sql + used, size - used, "%s", text);
}

int sqlite_table_create(sqlite3 *db, enum sqlite_table table)
{
	const char *list = tables[table].columns, *separator = " (";
	struct column c;
	char sql[4096] = "CREATE TABLE ";

	append(sql, sizeof(sql), tables[table].name);
	while (next_column(&list, &c)) {
		append(sql, sizeof(sql), separator);
		append(sql, sizeof(sql), c.name);
		append(sql, sizeof(sql), " ");
		append(sql, sizeof(sql), c.type);
		append(sql, sizeof(sql), c.not_null ? " NOT NULL" : "");
		append(sql, sizeof(sql), c.key ? " PRIMARY KEY" : "");
		separator = ", ";
	}
	append(sql, sizeof(sql), ")");
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int sqlite_table_insert(sqlite3 *db, enum sqlite_table table, sqlite3_stmt **statement)
{
	const char *list = tables[table].columns, *separator = " (";
	char sql[4096] = "INSERT INTO ", values[512] = ") VALUES (?";
	struct column c;

	append(sql, sizeof(sql), tables[table].name);
	while (next_column(&list, &c)) {
		if (!c.written)
			continue;
		append(sql, sizeof(sql), separator);
		append(sql, sizeof(sql), c.name);
		if (*separator == ',')
			append(values, sizeof(values), ", ?");
		separator = ", ";
	}
	append(sql, sizeof(sql), values);
	append(sql, sizeof(sql), ")");
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

/* --------------------------------------------------------------------------------------------- enums */

struct enum_row {
	uint32_t id;
	const char *name, *label;
};

static const struct enum_row event_types[] = {
	{33, "NvtxCategory", "NvtxCategory"},
	{34, "NvtxMark", "NvtxMark"},
	{39, "NvtxThread", "NvtxThread"},
	{59, "NvtxPushPopRange", "NvtxPushPopRange"},
	{60, "NvtxStartEndRange", "NvtxStartEndRange"},
	{75, "NvtxDomainCreate", "NvtxDomainCreate"},
	{76, "NvtxDomainDestroy", "NvtxDomainDestroy"},
};

static const struct enum_row event_classes[] = {
	{0, "TRACE_PROCESS_EVENT_CUDA_RUNTIME", "CUDA runtime"},
	{1, "TRACE_PROCESS_EVENT_CUDA_DRIVER", "CUDA driver"},
	{103, "TRACE_PROCESS_EVENT_CUDA_OVERHEAD", "CUDA overhead"},
};

static const struct enum_row copy_kinds[] = {
	{0, "CUDA_MEMCPY_KIND_UNKNOWN", "Unknown"},
	{1, "CUDA_MEMCPY_KIND_HTOD", "Host-to-Device"},
	{2, "CUDA_MEMCPY_KIND_DTOH", "Device-to-Host"},
	{3, "CUDA_MEMCPY_KIND_HTOA", "Host-to-Array"},
	{4, "CUDA_MEMCPY_KIND_ATOH", "Array-to-Host"},
	{5, "CUDA_MEMCPY_KIND_ATOA", "Array-to-Array"},
	{6, "CUDA_MEMCPY_KIND_ATOD", "Array-to-Device"},
	{7, "CUDA_MEMCPY_KIND_DTOA", "Device-to-Array"},
	{8, "CUDA_MEMCPY_KIND_DTOD", "Device-to-Device"},
	{9, "CUDA_MEMCPY_KIND_HTOH", "Host-to-Host"},
	{10, "CUDA_MEMCPY_KIND_PTOP", "Peer-to-Peer"},
	{11, "CUDA_MEMCPY_KIND_UVM_HTOD", "Unified Host-to-Device"},
	{12, "CUDA_MEMCPY_KIND_UVM_DTOH", "Unified Device-to-Host"},
	{13, "CUDA_MEMCPY_KIND_UVM_DTOD", "Unified Device-to-Device"},
};

static const struct enum_row memory_kinds[] = {
	{0, "CUDA_MEMOPR_MEMORY_KIND_PAGEABLE", "Pageable"},
	{1, "CUDA_MEMOPR_MEMORY_KIND_PINNED", "Pinned"},
	{2, "CUDA_MEMOPR_MEMORY_KIND_DEVICE", "Device"},
	{3, "CUDA_MEMOPR_MEMORY_KIND_ARRAY", "Array"},
	{4, "CUDA_MEMOPR_MEMORY_KIND_MANAGED", "Managed"},
	{5, "CUDA_MEMOPR_MEMORY_KIND_DEVICE_STATIC", "Device Static"},
	{6, "CUDA_MEMOPR_MEMORY_KIND_MANAGED_STATIC", "Managed Static"},
	{MEMORY_KIND_UNKNOWN, "CUDA_MEMOPR_MEMORY_KIND_UNKNOWN", "Unknown"},
};

static const struct enum_row launch_types[] = {
	{0, "CUDA_KERNEL_LAUNCH_TYPE_UNKNOWN", "Unknown"},
	{1, "CUDA_KERNEL_LAUNCH_TYPE_REGULAR", "Regular"},
	{2, "CUDA_KERNEL_LAUNCH_TYPE_COOPERATIVE_SINGLE_DEVICE", "Coop Single Device"},
	{3, "CUDA_KERNEL_LAUNCH_TYPE_COOPERATIVE_MULTI_DEVICE", "Coop Multi Device"},
};

static const struct enum_row limit_configs[] = {
	{0, "CUDA_SHARED_MEM_LIMIT_DEFAULT", "Default"},
	{1, "CUDA_SHARED_MEM_LIMIT_OPTIN", "Opt in"},
};

static const struct enum_row cache_configs[] = {
	{0, "CU_FUNC_CACHE_PREFER_NONE", "None"},
	{1, "CU_FUNC_CACHE_PREFER_SHARED", "Shared"},
	{2, "CU_FUNC_CACHE_PREFER_L1", "L1"},
	{3, "CU_FUNC_CACHE_PREFER_EQUAL", "Equal"},
};

static const struct enum_row stream_types[] = {
	{0, "CUPTI_ACTIVITY_STREAM_CREATE_FLAG_UNKNOWN", "Unknown stream type"},
	{1, "CUPTI_ACTIVITY_STREAM_CREATE_FLAG_DEFAULT", "Default stream"},
	{2, "CUPTI_ACTIVITY_STREAM_CREATE_FLAG_NON_BLOCKING", "Non-blocking stream"},
	{3, "CUPTI_ACTIVITY_STREAM_CREATE_FLAG_NULL", "Null stream"},
};

static const struct enum_row overhead_types[] = {
	{0, "OVERHEAD_UNDEFINED", "Undefined"},
	{1, "OVERHEAD_UNKNOWN", "Unknown"},
	{2, "OVERHEAD_DRIVER_COMPILER", "Driver JIT compiler (CUDA)"},
	{3, "OVERHEAD_CUPTI_BUFFER_FLUSH", "Buffer flush (Profiler)"},
	{4, "OVERHEAD_CUPTI_INSTRUMENTATION", "Instrumentation (Profiler)"},
	{5, "OVERHEAD_CUPTI_RESOURCE", "Resource creation/destruction (Profiler)"},
	{6, "OVERHEAD_RUNTIME_TRIGGERED_MODULE_LOADING", "Runtime module loading (CUDA)"},
	{7, "OVERHEAD_LAZY_FUNCTION_LOADING", "Lazy function loading (CUDA)"},
	{8, "OVERHEAD_COMMAND_BUFFER_FULL", "Command buffer full (CUDA)"},
};

#define ENUM(name, rows)                                                                                     \
	{                                                                                                    \
		name, rows, sizeof(rows) / sizeof((rows)[0])                                                 \
	}
static const struct {
	const char *name;
	const struct enum_row *rows;
	size_t count;
} enums[] = {
	ENUM("ENUM_NSYS_EVENT_TYPE", event_types),
	ENUM("ENUM_NSYS_EVENT_CLASS", event_classes),
	ENUM("ENUM_CUDA_MEMCPY_OPER", copy_kinds),
	ENUM("ENUM_CUDA_MEM_KIND", memory_kinds),
	ENUM("ENUM_CUDA_KERNEL_LAUNCH_TYPE", launch_types),
	ENUM("ENUM_CUDA_SHARED_MEM_LIMIT_CONFIG", limit_configs),
	ENUM("ENUM_CUDA_FUNC_CACHE_CONFIG", cache_configs),
	ENUM("ENUM_CUPTI_STREAM_TYPE", stream_types),
	ENUM("ENUM_CUPTI_OVERHEAD_TYPE", overhead_types),
};

static int fill_enum(sqlite3 *db, const char *table, const struct enum_row *rows, size_t count)
{
	char *sql = sqlite3_mprintf("INSERT INTO %s VALUES (?, ?, ?)", table);
	sqlite3_stmt *statement = NULL;
	int rc = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;

	for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
		sqlite3_bind_int64(statement, 1, rows[i].id);
		sqlite3_bind_text(statement, 2, rows[i].name, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 3, rows[i].label, -1, SQLITE_STATIC);
		sqlite3_step(statement);
		rc = sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	sqlite3_free(sql);
	return rc;
}

int sqlite_enums_create(sqlite3 *db)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < sizeof(enums) / sizeof(enums[0]) && rc == SQLITE_OK; i++) {
		char *sql = sqlite3_mprintf(
			"CREATE TABLE %s (id INTEGER NOT NULL PRIMARY KEY, name TEXT, label TEXT)",
			enums[i].name);

		rc = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
		sqlite3_free(sql);
		if (rc == SQLITE_OK)
			rc = fill_enum(db, enums[i].name, enums[i].rows, enums[i].count);
	}
	return rc;
}

/* CUPTI: 0 unknown, 1 driver compiler, then 1 << 16, 2 << 16 ... */
uint32_t sqlite_overhead_type(uint64_t cupti_kind, const char **label)
{
	uint64_t high = cupti_kind >> 16;
	uint32_t type = 1;

	if (cupti_kind == 1)
		type = 2;
	else if (!(cupti_kind & 0xffff) && high >= 1 && high <= 6)
		type = 2 + (uint32_t)high;
	*label = overhead_types[type].label;
	return type;
}
