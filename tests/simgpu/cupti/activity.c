/* The activity API's switches: kinds, attributes, flushing, external correlation ids. */
#include <stdlib.h>
#include <string.h>

#include "tests/simgpu/cupti/cupti.h"

bool cupti_zeroed;
bool cupti_per_thread = SIM_CUPTI >= 1300;
size_t cupti_pool_operations = 250 * 100000;

/* By number; `since` the CUDA version that brought it. */
static struct attribute {
	uint8_t size;
	uint16_t since;
	uint64_t value;
} attributes[] = {
	[0] = {8, 0, 3200000},
	[1] = {8, 0, 8 << 20},
	[2] = {8, 0, 250},
	[3] = {8, 0, 25000},
	[4] = {8, 0, 250},
	[5] = {1, 0, 0},
	[6] = {8, 0, 3},
	[7] = {8, 0, 3},
	[8] = {1, 0, 0},
	[9] = {1, 1203, SIM_CUPTI >= 1300},
	[10] = {8, 1204, 16 << 20},
};

static CUptiResult attribute(int attr, size_t *size, void *value, struct attribute **out)
{
	INIT();
	if (!size || !value || attr < 0 || (size_t)attr >= sizeof(attributes) / sizeof(*attributes) ||
	    attributes[attr].since > SIM_CUPTI)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*out = &attributes[attr];
	return *size < (*out)->size ? cupti_fail(CUPTI_SIZE_NOT_SUFFICIENT) : CUPTI_OK;
}

API cuptiActivityGetAttribute(int attr, size_t *size, void *value);
API cuptiActivityGetAttribute(int attr, size_t *size, void *value)
{
	struct attribute *a = NULL;
	CUptiResult r = attribute(attr, size, value, &a);

	if (a && !r)
		memcpy(value, &a->value, a->size);
	return r;
}

API cuptiActivitySetAttribute(int attr, size_t *size, void *value);
API cuptiActivitySetAttribute(int attr, size_t *size, void *value)
{
	struct attribute *a = NULL;
	CUptiResult r = attribute(attr, size, value, &a);

	if (!a || r)
		return r;
	if (attr == 9 && buffers_registered())
		core->misuse(
			"PER_THREAD_ACTIVITY_BUFFER was set after the buffer callbacks had been registered");
	if ((attr == 0 || attr == 2 || attr == 6) && core->initialized())
		core->misuse("an attribute of the device buffers was set after CUDA had been initialised");
	a->value = 0;
	memcpy(&a->value, value, a->size);
	cupti_zeroed = attributes[5].value != 0;
	cupti_per_thread = attributes[9].value != 0;
	/* 32 bytes an operation, whence the documented 100,000 in 3,200,000 bytes */
	cupti_pool_operations = attributes[2].value * (attributes[0].value / 32);
	return CUPTI_OK;
}

static void context_again(struct sim_ctx *ctx)
{
	records_context(ctx);
}

/* Kinds that are known but not simulated are accepted and yield nothing; docs/simgpu.md names them. */
static CUptiResult enable(uint32_t kind, bool dump)
{
	INIT();
	if (kind >= KIND_MAX || !cupti_strides[kind])
		return cupti_fail(CUPTI_INVALID_KIND);
	if ((kind == KIND_KERNEL && cupti_on(KIND_CONCURRENT_KERNEL)) ||
	    (kind == KIND_CONCURRENT_KERNEL && cupti_on(KIND_KERNEL)))
		return cupti_fail(CUPTI_NOT_COMPATIBLE);
	if (!(cupti_enabled >> kind & 1)) {
		cupti_enabled |= 1ull << kind;
		/* Devices exist once cuInit has succeeded; enabling later still tells of them. */
		if (kind == KIND_DEVICE && core->initialized())
			records_device();
	}
	if (dump && kind == KIND_CONTEXT)
		core->each_ctx(context_again);
	return CUPTI_OK;
}

API cuptiActivityEnable(uint32_t kind);
API cuptiActivityEnable(uint32_t kind)
{
	return enable(kind, false);
}

/* Also writes records of what exists already. */
API cuptiActivityEnableAndDump(uint32_t kind);
API cuptiActivityEnableAndDump(uint32_t kind)
{
	return enable(kind, true);
}

API cuptiActivityDisable(uint32_t kind);
API cuptiActivityDisable(uint32_t kind)
{
	INIT();
	if (kind >= KIND_MAX || !cupti_strides[kind])
		return cupti_fail(CUPTI_INVALID_KIND);
	cupti_enabled &= ~(1ull << kind);
	return CUPTI_OK;
}

/* Enabling for one context enables for all: the simulator keeps one set of kinds. */
API cuptiActivityEnableContext(CUcontext ctx, uint32_t kind);
API cuptiActivityEnableContext(CUcontext ctx, uint32_t kind)
{
	return ctx ? enable(kind, false) : cupti_fail(CUPTI_INVALID_CONTEXT);
}

API cuptiActivityDisableContext(CUcontext ctx, uint32_t kind);
API cuptiActivityDisableContext(CUcontext ctx, uint32_t kind)
{
	return ctx ? cuptiActivityDisable(kind) : cupti_fail(CUPTI_INVALID_CONTEXT);
}

API cuptiActivityRegisterCallbacks(CUpti_RequestFunc request, CUpti_CompleteFunc complete);
API cuptiActivityRegisterCallbacks(CUpti_RequestFunc request, CUpti_CompleteFunc complete)
{
	INIT();
	if (!request || !complete)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	buffers_register(request, complete);
	return CUPTI_OK;
}

API cuptiActivityFlushAll(uint32_t flag);
API cuptiActivityFlushAll(uint32_t flag)
{
	int64_t start;
	CUptiResult r;

	INIT();
	if (cupti_inside > SIM_DOMAIN_RUNTIME)
		core->misuse("cuptiActivityFlushAll from a callback that is not an API callback");
	start = core->now();
	r = buffers_flush(flag & 1);
	records_overhead(OVERHEAD_FLUSH, start, core->now());
	return r ? cupti_fail(r) : CUPTI_OK;
}

/* Deprecated; context and stream are ignored. */
API cuptiActivityFlush(CUcontext ctx, uint32_t stream, uint32_t flag);
API cuptiActivityFlush(CUcontext ctx, uint32_t stream, uint32_t flag)
{
	(void)ctx, (void)stream;
	return cuptiActivityFlushAll(flag);
}

API cuptiActivityFlushPeriod(uint32_t ms);
API cuptiActivityFlushPeriod(uint32_t ms)
{
	INIT();
	buffers_period(ms);
	return CUPTI_OK;
}

API cuptiActivityGetNumDroppedRecords(CUcontext ctx, uint32_t stream, size_t *dropped);
API cuptiActivityGetNumDroppedRecords(CUcontext ctx, uint32_t stream, size_t *dropped)
{
	(void)ctx, (void)stream;
	INIT();
	if (!dropped)
		return cupti_fail(CUPTI_INVALID_PARAMETER);
	*dropped = buffers_dropped();
	return CUPTI_OK;
}

/* Off and forgotten. Buffers not yet handed over are lost, as when it is not preceded by a flush. */
API cuptiFinalize(void);
API cuptiFinalize(void)
{
	INIT();
	cupti_enabled = 0;
	callbacks_reset();
	return CUPTI_OK;
}
