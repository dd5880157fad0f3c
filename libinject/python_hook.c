/*
 * python_hook.c: the audit hook from before Python is initialised. Python takes the memory of its entry from
 * the allocator of that moment, the plain one, and frees it when it ends with the allocator of then: under -X
 * dev or PYTHONMALLOC=debug that one finds a block without its guard bytes and aborts the program. So the
 * block is remembered, and kept from such a free().
 */
#include "libinject/python_api.h"

#include <stddef.h>
#include <string.h>

static struct python_allocator early, last;
static void *entry;

static void *remember_malloc(void *context, size_t size)
{
	void *block = early.malloc(context, size);

	if (!entry)
		entry = block;
	return block;
}

static void free_but_entry(void *context, void *block)
{
	if (block != entry)
		last.free(context, block);
}

int python_hook_early(python_audit_hook hook)
{
	struct python_allocator remembering;
	int err;

	python.PyMem_GetAllocator(PYTHON_DOMAIN_RAW, &early);
	remembering = early;
	remembering.malloc = remember_malloc;
	python.PyMem_SetAllocator(PYTHON_DOMAIN_RAW, &remembering);
	err = python.PySys_AddAuditHook(hook, NULL);
	python.PyMem_SetAllocator(PYTHON_DOMAIN_RAW, &early);
	return err;
}

void python_hook_ends(const char *event)
{
	struct python_allocator now;

	if (!entry || strcmp(event, "cpython._PySys_ClearAuditHooks"))
		return;
	python.PyMem_GetAllocator(PYTHON_DOMAIN_RAW, &last);
	if (last.free == early.free)
		return;
	now = last;
	now.free = free_but_entry;
	python.PyMem_SetAllocator(PYTHON_DOMAIN_RAW, &now);
}
