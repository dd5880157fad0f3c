/*
 * inject_headers_test.c: the values and layouts that libinject/ declares for itself are those of NVIDIA's
 * headers: of CUPTI and of NVTX, where they are installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#if __has_include(<cupti.h>) && __has_include(<nvtx3/nvToolsExt.h>)

#include <cupti.h>
#include <nvtx3/nvToolsExt.h>

#include "libinject/cupti_api.h"
#include "libinject/nvtx_api.h"
#include "wire/cupti_record.h"

#define SAME_FUNCTION(a, b) assert_true(__builtin_types_compatible_p(a, b))

static void test_cupti_values(void **state)
{
	(void)state;
	assert_int_equal(CUPTI_OK, CUPTI_SUCCESS);
	assert_int_equal(CUPTI_MULTIPLE_SUBSCRIBERS, CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);
	assert_int_equal(ATTRIBUTE_DEVICE_BUFFER_SIZE, CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_SIZE);
	assert_int_equal(ATTRIBUTE_DEVICE_BUFFER_POOL_LIMIT, CUPTI_ACTIVITY_ATTR_DEVICE_BUFFER_POOL_LIMIT);
	assert_int_equal(ATTRIBUTE_ZEROED_OUT_BUFFER, CUPTI_ACTIVITY_ATTR_ZEROED_OUT_ACTIVITY_BUFFER);
	assert_int_equal(DOMAIN_DRIVER, CUPTI_CB_DOMAIN_DRIVER_API);
	assert_int_equal(DOMAIN_RUNTIME, CUPTI_CB_DOMAIN_RUNTIME_API);
	assert_int_equal(THREAD_ID_SYSTEM, CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM);
	assert_int_equal(ACTIVITY_KERNEL, CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
	assert_int_equal(ACTIVITY_MEMCPY_PEER, CUPTI_ACTIVITY_KIND_MEMCPY2);
	assert_int_equal(ACTIVITY_STREAM, CUPTI_ACTIVITY_KIND_STREAM);
#if CUPTI_API_VERSION >= 21
	assert_int_equal(ATTRIBUTE_PER_THREAD_BUFFER, CUPTI_ACTIVITY_ATTR_PER_THREAD_ACTIVITY_BUFFER);
#endif
#if CUPTI_API_VERSION >= 20
	assert_int_equal(DOMAIN_STATE, CUPTI_CB_DOMAIN_STATE);
	assert_int_equal(STATE_FATAL_ERROR, CUPTI_CBID_STATE_FATAL_ERROR);
#endif
}

/* The functions are called through pointers of our own making: same number and size of arguments. */
static void test_cupti_functions(void **state)
{
	(void)state;
	SAME_FUNCTION(__typeof__(&cuptiGetVersion), CUptiResult (*)(uint32_t *));
	SAME_FUNCTION(__typeof__(&cuptiGetTimestamp), CUptiResult (*)(uint64_t *));
	SAME_FUNCTION(__typeof__(&cuptiGetResultString), CUptiResult (*)(CUptiResult, const char **));
	SAME_FUNCTION(__typeof__(&cuptiSetThreadIdType), CUptiResult (*)(CUpti_ActivityThreadIdType));
	SAME_FUNCTION(__typeof__(&cuptiActivitySetAttribute),
		      CUptiResult (*)(CUpti_ActivityAttribute, size_t *, void *));
	SAME_FUNCTION(__typeof__(&cuptiActivityRegisterCallbacks),
		      CUptiResult (*)(CUpti_BuffersCallbackRequestFunc, CUpti_BuffersCallbackCompleteFunc));
	SAME_FUNCTION(CUpti_BuffersCallbackRequestFunc, cupti_buffer_requested);
	SAME_FUNCTION(CUpti_BuffersCallbackCompleteFunc,
		      void (*)(CUcontext, uint32_t, uint8_t *, size_t, size_t));
	SAME_FUNCTION(__typeof__(&cuptiActivityEnable), CUptiResult (*)(CUpti_ActivityKind));
	SAME_FUNCTION(__typeof__(&cuptiActivityDisable), CUptiResult (*)(CUpti_ActivityKind));
	SAME_FUNCTION(__typeof__(&cuptiActivityFlushAll), CUptiResult (*)(uint32_t));
	SAME_FUNCTION(__typeof__(&cuptiActivityGetNextRecord),
		      CUptiResult (*)(uint8_t *, size_t, CUpti_Activity **));
	SAME_FUNCTION(__typeof__(&cuptiActivityGetNumDroppedRecords),
		      CUptiResult (*)(CUcontext, uint32_t, size_t *));
	SAME_FUNCTION(__typeof__(&cuptiGetCallbackName),
		      CUptiResult (*)(CUpti_CallbackDomain, uint32_t, const char **));
	SAME_FUNCTION(__typeof__(&cuptiSubscribe),
		      CUptiResult (*)(CUpti_SubscriberHandle *, CUpti_CallbackFunc, void *));
	SAME_FUNCTION(
		__typeof__(&cuptiEnableCallback),
		CUptiResult (*)(uint32_t, CUpti_SubscriberHandle, CUpti_CallbackDomain, CUpti_CallbackId));
#if CUPTI_API_VERSION >= 130000
	SAME_FUNCTION(__typeof__(&cuptiSubscribe_v2),
		      CUptiResult (*)(CUpti_SubscriberHandle *, CUpti_CallbackFunc, void *,
				      CUpti_SubscriberParams *));
	assert_int_equal(sizeof(struct cupti_subscriber_params), CUpti_SubscriberParams_STRUCT_SIZE);
	assert_int_equal(offsetof(struct cupti_subscriber_params, old_name),
			 offsetof(CUpti_SubscriberParams, oldSubscriberName));
	assert_int_equal(SUBSCRIBER_NAME_BYTES, CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN);
#endif
	assert_int_equal(sizeof(CUptiResult), sizeof(int));
	assert_int_equal(sizeof(CUpti_ActivityKind), sizeof(uint32_t));
	assert_int_equal(sizeof(CUpti_CallbackId), sizeof(uint32_t));
}

static void test_nvtx_indices(void **state)
{
	(void)state;
	assert_int_equal(NVTX_TABLE_CALLBACKS, NVTX_ETID_CALLBACKS);
	assert_int_equal(NVTX_MODULE_CORE, NVTX_CB_MODULE_CORE);
	assert_int_equal(NVTX_MODULE_CORE2, NVTX_CB_MODULE_CORE2);
	assert_int_equal(CORE_MARK_EX, NVTX_CBID_CORE_MarkEx);
	assert_int_equal(CORE_MARK_W, NVTX_CBID_CORE_MarkW);
	assert_int_equal(CORE_START_A, NVTX_CBID_CORE_RangeStartA);
	assert_int_equal(CORE_END, NVTX_CBID_CORE_RangeEnd);
	assert_int_equal(CORE_PUSH_EX, NVTX_CBID_CORE_RangePushEx);
	assert_int_equal(CORE_POP, NVTX_CBID_CORE_RangePop);
	assert_int_equal(CORE_NAME_CATEGORY_A, NVTX_CBID_CORE_NameCategoryA);
	assert_int_equal(CORE_NAME_THREAD_W, NVTX_CBID_CORE_NameOsThreadW);
	assert_int_equal(CORE_ENTRIES, NVTX_CBID_CORE_SIZE);
	assert_int_equal(CORE2_MARK_EX, NVTX_CBID_CORE2_DomainMarkEx);
	assert_int_equal(CORE2_END, NVTX_CBID_CORE2_DomainRangeEnd);
	assert_int_equal(CORE2_POP, NVTX_CBID_CORE2_DomainRangePop);
	assert_int_equal(CORE2_NAME_CATEGORY_W, NVTX_CBID_CORE2_DomainNameCategoryW);
	assert_int_equal(CORE2_REGISTER_STRING_A, NVTX_CBID_CORE2_DomainRegisterStringA);
	assert_int_equal(CORE2_CREATE_A, NVTX_CBID_CORE2_DomainCreateA);
	assert_int_equal(CORE2_DESTROY, NVTX_CBID_CORE2_DomainDestroy);
	assert_int_equal(CORE2_INITIALIZE, NVTX_CBID_CORE2_Initialize);
	assert_int_equal(CORE2_ENTRIES, NVTX_CBID_CORE2_SIZE);
}

static void test_nvtx_attributes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct nvtx_attributes), sizeof(nvtxEventAttributes_t));
	assert_int_equal(offsetof(struct nvtx_attributes, category),
			 offsetof(nvtxEventAttributes_t, category));
	assert_int_equal(offsetof(struct nvtx_attributes, color_type),
			 offsetof(nvtxEventAttributes_t, colorType));
	assert_int_equal(offsetof(struct nvtx_attributes, payload_type),
			 offsetof(nvtxEventAttributes_t, payloadType));
	assert_int_equal(offsetof(struct nvtx_attributes, payload), offsetof(nvtxEventAttributes_t, payload));
	assert_int_equal(offsetof(struct nvtx_attributes, message_type),
			 offsetof(nvtxEventAttributes_t, messageType));
	assert_int_equal(offsetof(struct nvtx_attributes, message), offsetof(nvtxEventAttributes_t, message));
	assert_int_equal(MESSAGE_ASCII, NVTX_MESSAGE_TYPE_ASCII);
	assert_int_equal(MESSAGE_WIDE, NVTX_MESSAGE_TYPE_UNICODE);
	assert_int_equal(MESSAGE_REGISTERED, NVTX_MESSAGE_TYPE_REGISTERED);
	assert_int_equal(COLOR_ARGB, NVTX_COLOR_ARGB);
	assert_int_equal(PAYLOAD_UINT64, NVTX_PAYLOAD_TYPE_UNSIGNED_INT64);
	assert_int_equal(PAYLOAD_DOUBLE, NVTX_PAYLOAD_TYPE_DOUBLE);
	assert_int_equal(PAYLOAD_UINT32, NVTX_PAYLOAD_TYPE_UNSIGNED_INT32);
	assert_int_equal(PAYLOAD_FLOAT, NVTX_PAYLOAD_TYPE_FLOAT);
	assert_int_equal(NVTX_LEVEL_UNKNOWN, NVTX_NO_PUSH_POP_TRACKING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cupti_values),
		cmocka_unit_test(test_cupti_functions),
		cmocka_unit_test(test_nvtx_indices),
		cmocka_unit_test(test_nvtx_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	printf("skipped: no cupti.h and nvtx3/nvToolsExt.h to compare with (CUDA_HOME)\n");
	return 77;
}

#endif
