/*
 * nvtx_install.c: what NVTX calls once in every module that carries it, and the calls that are no events:
 * domains, registered strings, names.
 */
#include <errno.h>

#include "libinject/inject.h"
#include "libinject/nvtx.h"

/* nvtxDomainCreate and its like: they allocate, so they are guarded, and errno is the caller's. */
#define GUARDED(action)                                                                                      \
	do {                                                                                                 \
		int saved = errno;                                                                           \
                                                                                                             \
		if (nvtx_enter(&nvtx_thread)) {                                                              \
			action;                                                                              \
			nvtx_leave(&nvtx_thread);                                                            \
		}                                                                                            \
		errno = saved;                                                                               \
	} while (0)

static void *register_string_a(struct nvtx_text *domain, const char *text)
{
	void *handle = NULL;

	(void)domain; /* a string means the same in all of them */
	GUARDED(handle = nvtx_text_get(STRING_NVTX_REGISTERED, text));
	return handle;
}

static void *register_string_w(struct nvtx_text *domain, const wchar_t *text)
{
	void *handle = NULL;

	(void)domain;
	GUARDED(handle = nvtx_text_get_wide(STRING_NVTX_REGISTERED, text));
	return handle;
}

static void *domain_create_a(const char *name)
{
	void *handle = NULL;

	GUARDED(handle = nvtx_text_get(STRING_NVTX_DOMAIN, name));
	return handle;
}

static void *domain_create_w(const wchar_t *name)
{
	void *handle = NULL;

	GUARDED(handle = nvtx_text_get_wide(STRING_NVTX_DOMAIN, name));
	return handle;
}

/* The handle stays: another thread may be using it, and the same name will give it again. */
static void domain_destroy(struct nvtx_text *domain)
{
	(void)domain;
}

static void domain_category_a(struct nvtx_text *domain, uint32_t category, const char *name)
{
	GUARDED(nvtx_name_category(domain, category, name));
}

static void domain_category_w(struct nvtx_text *domain, uint32_t category, const wchar_t *name)
{
	GUARDED(nvtx_name_category_wide(domain, category, name));
}

static void category_a(uint32_t category, const char *name)
{
	domain_category_a(NULL, category, name);
}

static void category_w(uint32_t category, const wchar_t *name)
{
	domain_category_w(NULL, category, name);
}

static void thread_a(uint32_t thread, const char *name)
{
	GUARDED(nvtx_name_thread(thread, name));
}

static void thread_w(uint32_t thread, const wchar_t *name)
{
	GUARDED(nvtx_name_thread_wide(thread, name));
}

/* nvtxInitialize: nothing to do, and the first event makes the ring. */
static void initialize(const void *reserved)
{
	(void)reserved;
}

#define ENTRY(index, function) [index] = (nvtx_function)(void (*)(void))(function)

/* Resources and the CUDA modules (names of devices, streams, events) are left to NVTX's no-operation. */
static const nvtx_function core[CORE_ENTRIES] = {
	ENTRY(CORE_MARK_EX, nvtx_mark_ex),
	ENTRY(CORE_MARK_A, nvtx_mark_a),
	ENTRY(CORE_MARK_W, nvtx_mark_w),
	ENTRY(CORE_START_EX, nvtx_start_ex),
	ENTRY(CORE_START_A, nvtx_start_a),
	ENTRY(CORE_START_W, nvtx_start_w),
	ENTRY(CORE_END, nvtx_end),
	ENTRY(CORE_PUSH_EX, nvtx_push_ex),
	ENTRY(CORE_PUSH_A, nvtx_push_a),
	ENTRY(CORE_PUSH_W, nvtx_push_w),
	ENTRY(CORE_POP, nvtx_pop),
	ENTRY(CORE_NAME_CATEGORY_A, category_a),
	ENTRY(CORE_NAME_CATEGORY_W, category_w),
	ENTRY(CORE_NAME_THREAD_A, thread_a),
	ENTRY(CORE_NAME_THREAD_W, thread_w),
};

static const nvtx_function core2[CORE2_ENTRIES] = {
	ENTRY(CORE2_MARK_EX, nvtx_domain_mark),
	ENTRY(CORE2_START_EX, nvtx_domain_start),
	ENTRY(CORE2_END, nvtx_domain_end),
	ENTRY(CORE2_PUSH_EX, nvtx_domain_push),
	ENTRY(CORE2_POP, nvtx_domain_pop),
	ENTRY(CORE2_NAME_CATEGORY_A, domain_category_a),
	ENTRY(CORE2_NAME_CATEGORY_W, domain_category_w),
	ENTRY(CORE2_REGISTER_STRING_A, register_string_a),
	ENTRY(CORE2_REGISTER_STRING_W, register_string_w),
	ENTRY(CORE2_CREATE_A, domain_create_a),
	ENTRY(CORE2_CREATE_W, domain_create_w),
	ENTRY(CORE2_DESTROY, domain_destroy),
	ENTRY(CORE2_INITIALIZE, initialize),
};

static bool install(const struct nvtx_callbacks_table *callbacks, uint32_t module,
		    const nvtx_function *functions, unsigned int count)
{
	nvtx_function **table = NULL;
	unsigned int size = 0;

	if (!callbacks->get_module_table(module, &table, &size) || !table)
		return false;
	for (unsigned int i = 1; i < count && i < size; i++)
		if (functions[i] && table[i])
			*table[i] = functions[i];
	return true;
}

int InitializeInjectionNvtx2(nvtx_get_export_table get_table)
{
	const struct nvtx_callbacks_table *callbacks;
	bool any;

	/* 0 makes NVTX forget about us: its calls cost nothing then. */
	if (!get_table || load_relaxed(&recorder.state) == RECORDER_OFF)
		return 0;
	callbacks = get_table(NVTX_TABLE_CALLBACKS);
	if (!callbacks || callbacks->struct_size < sizeof(*callbacks))
		return 0;
	any = install(callbacks, NVTX_MODULE_CORE, core, CORE_ENTRIES);
	any |= install(callbacks, NVTX_MODULE_CORE2, core2, CORE2_ENTRIES);
	return any;
}

/* NVTX 2 (libnvToolsExt) looks for this name and passes the same. */
int InitializeInjectionNvtx(nvtx_get_export_table get_table)
{
	return InitializeInjectionNvtx2(get_table);
}
