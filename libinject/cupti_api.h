/*
 * cupti_api.h: the part of CUPTI's interface that is used here, declared so that no CUDA package is needed to
 * build and none is linked. Values and types: NVIDIA's cupti_activity.h, cupti_callbacks.h, cupti_result.h;
 * tests/unit/inject_headers_test.c compares them where those headers are present.
 */
#ifndef INJECT_CUPTI_API_H
#define INJECT_CUPTI_API_H

#include <stddef.h>
#include <stdint.h>

enum cupti_result {
	CUPTI_OK = 0,
	CUPTI_MULTIPLE_SUBSCRIBERS = 39,
};

/* CUpti_ActivityAttribute. */
enum cupti_attribute {
	ATTRIBUTE_DEVICE_BUFFER_SIZE = 0,	/* size_t */
	ATTRIBUTE_DEVICE_BUFFER_POOL_LIMIT = 2, /* size_t */
	ATTRIBUTE_ZEROED_OUT_BUFFER = 5,	/* uint8_t */
	ATTRIBUTE_PER_THREAD_BUFFER = 9,	/* uint8_t; since 12.3 */
};

/* CUpti_CallbackDomain. */
enum cupti_domain {
	DOMAIN_DRIVER = 1,
	DOMAIN_RUNTIME = 2,
	DOMAIN_STATE = 6, /* since 12.2 */
};

/* Callback ids of what opens and closes a window (cupti_driver_cbid.h, cupti_runtime_cbid.h; 11.8 to 13.x).
 */
#define DRIVER_PROFILER_START  308
#define DRIVER_PROFILER_STOP   309
#define RUNTIME_PROFILER_START 171
#define RUNTIME_PROFILER_STOP  172

/* The first field of CUpti_CallbackData. */
#define CALLBACK_SITE_ENTER   0
#define CALLBACK_SITE_EXIT    1

#define STATE_FATAL_ERROR     1 /* CUPTI_CBID_STATE_FATAL_ERROR */
#define THREAD_ID_SYSTEM      1 /* CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM: gettid */
#define SUBSCRIBER_NAME_BYTES 64

/* CUpti_SubscriberParams of cuptiSubscribe_v2 (13.0). */
struct cupti_subscriber_params {
	size_t size;
	const char *name;
	char *old_name;
	size_t old_name_size;
};

typedef void (*cupti_buffer_requested)(uint8_t **buffer, size_t *size, size_t *max_records);
typedef void (*cupti_buffer_completed)(void *context, uint32_t stream, uint8_t *buffer, size_t size,
				       size_t valid);
typedef void (*cupti_callback)(void *data, uint32_t domain, uint32_t id, const void *callback_data);

/* X(member, symbol, required, arguments): every function that is looked up. All return a CUptiResult. */
#define CUPTI_FUNCTIONS(X)                                                                                   \
	X(get_version, cuptiGetVersion, 1, (uint32_t *))                                                     \
	X(get_timestamp, cuptiGetTimestamp, 1, (uint64_t *))                                                 \
	X(get_result_string, cuptiGetResultString, 0, (uint32_t, const char **))                             \
	X(set_thread_id_type, cuptiSetThreadIdType, 0, (uint32_t))                                           \
	X(set_attribute, cuptiActivitySetAttribute, 1, (uint32_t, size_t *, void *))                         \
	X(register_callbacks, cuptiActivityRegisterCallbacks, 1,                                             \
	  (cupti_buffer_requested, cupti_buffer_completed))                                                  \
	X(enable, cuptiActivityEnable, 1, (uint32_t))                                                        \
	X(disable, cuptiActivityDisable, 1, (uint32_t))                                                      \
	X(flush_all, cuptiActivityFlushAll, 1, (uint32_t))                                                   \
	X(next_record, cuptiActivityGetNextRecord, 1, (uint8_t *, size_t, void **))                          \
	X(dropped_records, cuptiActivityGetNumDroppedRecords, 1, (void *, uint32_t, size_t *))               \
	X(callback_name, cuptiGetCallbackName, 1, (uint32_t, uint32_t, const char **))                       \
	X(subscribe, cuptiSubscribe, 1, (void **, cupti_callback, void *))                                   \
	X(subscribe_v2, cuptiSubscribe_v2, 0,                                                                \
	  (void **, cupti_callback, void *, struct cupti_subscriber_params *))                               \
	X(enable_callback, cuptiEnableCallback, 0, (uint32_t, void *, uint32_t, uint32_t))

#define CUPTI_MEMBER(member, symbol, required, arguments) int(*member) arguments;
struct cupti_api {
	CUPTI_FUNCTIONS(CUPTI_MEMBER)
};
#undef CUPTI_MEMBER

#endif
