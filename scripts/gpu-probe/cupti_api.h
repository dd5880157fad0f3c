/*
 * libcupti at run time: found by dlopen, called through a table, so that the probe links nothing of CUDA and
 * measures the copy that the program itself uses. Shared by probe.c, strides.c and facts.c.
 */
#ifndef GPU_PROBE_CUPTI_API_H
#define GPU_PROBE_CUPTI_API_H

#include <cuda.h>
#include <cupti.h>
#include <stddef.h>
#include <stdint.h>

/* Any of these may be missing in a given library: test the pointer before the call. */
#define CUPTI_API_FUNCTIONS(X)                                                                               \
	X(cuptiGetVersion)                                                                                   \
	X(cuptiGetResultString)                                                                              \
	X(cuptiGetTimestamp)                                                                                 \
	X(cuptiSetThreadIdType)                                                                              \
	X(cuptiSubscribe)                                                                                    \
	X(cuptiUnsubscribe)                                                                                  \
	X(cuptiEnableCallback)                                                                               \
	X(cuptiEnableDomain)                                                                                 \
	X(cuptiGetCallbackName)                                                                              \
	X(cuptiGetGraphId)                                                                                   \
	X(cuptiGetGraphNodeId)                                                                               \
	X(cuptiGetGraphExecId)                                                                               \
	X(cuptiGetStreamIdEx)                                                                                \
	X(cuptiActivityRegisterCallbacks)                                                                    \
	X(cuptiActivityEnable)                                                                               \
	X(cuptiActivityDisable)                                                                              \
	X(cuptiActivityFlushAll)                                                                             \
	X(cuptiActivityFlushPeriod)                                                                          \
	X(cuptiActivityGetAttribute)                                                                         \
	X(cuptiActivitySetAttribute)                                                                         \
	X(cuptiActivityGetNextRecord)                                                                        \
	X(cuptiActivityGetNumDroppedRecords)                                                                 \
	X(cuptiActivityEnableLatencyTimestamps)

struct cupti_api {
	void *library;
	char path[1024];
	uint32_t version; /* what cuptiGetVersion says; 0: it says nothing */
#define CUPTI_API_MEMBER(name) __typeof__(&name) name;
	CUPTI_API_FUNCTIONS(CUPTI_API_MEMBER)
#undef CUPTI_API_MEMBER
	/* 13.0 and later; its parameter structure is declared only by those headers, hence the plain pointer.
	 */
	CUptiResult (*cuptiSubscribe_v2)(CUpti_SubscriberHandle *, CUpti_CallbackFunc, void *, void *params);
};

/*
 * Open `path`, or where it is NULL: the copy already in the process, else PROBE_CUPTI, what the loader finds
 * by name, CUDA_HOME, /usr/local/cuda, and PROBE_CUPTI_LAST (where `run` names a Python wheel's copy).
 * Returns 0 or -ENOENT; `error` (may be NULL) then points to the loader's last message. The library is never
 * closed.
 */
int cupti_open(struct cupti_api *api, const char *path, const char **error);

/* The library's name for a result, never NULL. */
const char *cupti_result(const struct cupti_api *api, CUptiResult result);

#define CUPTI_KINDS 128 /* kinds to ask for: those of the headers, and room for newer libraries */

/*
 * How far the library's own cuptiActivityGetNextRecord steps over a record of each kind, read off a scratch
 * buffer filled with the kind's number; 0: the library refuses the kind. Needs no GPU and no driver.
 * Returns how many kinds it knows, or -ENOSYS.
 */
int cupti_strides(const struct cupti_api *api, uint32_t stride[CUPTI_KINDS]);

#endif
