/*
 * python_api.h: the part of CPython's C interface that is used here, found by name in the process: the
 * library is built without Python and loads into programs that have none. Every function is exported by
 * CPython 3.8 to 3.13, whether libpython is shared or part of the executable.
 */
#ifndef INJECT_PYTHON_API_H
#define INJECT_PYTHON_API_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An object that is only handed on. */
typedef struct python_object PyObject;
typedef PyObject *(*python_function)(PyObject *self, PyObject *argument);
typedef PyObject *(*python_function_keywords)(PyObject *self, PyObject *arguments, PyObject *keywords);
typedef int (*python_audit_hook)(const char *event, PyObject *arguments, void *data);

/* struct PyMethodDef; Python keeps the address. */
struct python_method_definition {
	const char *name;
	void (*function)(void);
	int flags;
	const char *doc;
};

#define PYTHON_METH_VARARGS  1
#define PYTHON_METH_KEYWORDS 2
#define PYTHON_METH_O	     8
#define PYTHON_FILE_INPUT    257 /* Py_file_input */

/* PyMemAllocatorEx */
struct python_allocator {
	void *context;
	void *(*malloc)(void *context, size_t size);
	void *(*calloc)(void *context, size_t count, size_t size);
	void *(*realloc)(void *context, void *block, size_t size);
	void (*free)(void *context, void *block);
};
#define PYTHON_DOMAIN_RAW 0 /* PYMEM_DOMAIN_RAW */

/* X(result, name, parameters) */
#define PYTHON_FUNCTIONS(X)                                                                                  \
	X(int, PySys_AddAuditHook, (python_audit_hook hook, void *data))                                     \
	X(void, PyMem_GetAllocator, (int domain, struct python_allocator *allocator))                        \
	X(void, PyMem_SetAllocator, (int domain, struct python_allocator *allocator))                        \
	X(int, Py_IsInitialized, (void))                                                                     \
	X(int, Py_AddPendingCall, (int (*function)(void *), void *data))                                     \
	X(void, Py_IncRef, (PyObject * object))                                                              \
	X(void, Py_DecRef, (PyObject * object))                                                              \
	X(void, PyErr_Fetch, (PyObject * *type, PyObject * *value, PyObject * *trace))                       \
	X(void, PyErr_Restore, (PyObject * type, PyObject * value, PyObject * trace))                        \
	X(void, PyErr_Clear, (void))                                                                         \
	X(PyObject *, PyObject_GetAttrString, (PyObject * object, const char *name))                         \
	X(int, PyObject_SetAttrString, (PyObject * object, const char *name, PyObject *value))               \
	X(PyObject *, PyObject_Call, (PyObject * callable, PyObject * arguments, PyObject * keywords))       \
	X(PyObject *, PyObject_CallObject, (PyObject * callable, PyObject * arguments))                      \
	X(int, PyObject_IsTrue, (PyObject * object))                                                         \
	X(const char *, PyUnicode_AsUTF8, (PyObject * text))                                                 \
	X(long, PyLong_AsLong, (PyObject * number))                                                          \
	X(PyObject *, PyBool_FromLong, (long value))                                                         \
	X(PyObject *, PyTuple_GetItem, (PyObject * tuple, ssize_t index))                                    \
	X(PyObject *, PyDict_New, (void))                                                                    \
	X(PyObject *, PyDict_GetItemString, (PyObject * dict, const char *key))                              \
	X(int, PyDict_SetItemString, (PyObject * dict, const char *key, PyObject *value))                    \
	X(PyObject *, Py_BuildValue, (const char *format, ...))                                              \
	X(PyObject *, PyCFunction_NewEx,                                                                     \
	  (struct python_method_definition * definition, PyObject * self, PyObject * module))                \
	X(PyObject *, PyEval_GetBuiltins, (void))                                                            \
	X(PyObject *, PyImport_AddModule, (const char *name))                                                \
	X(PyObject *, PyImport_GetModuleDict, (void))                                                        \
	X(PyObject *, PyRun_StringFlags,                                                                     \
	  (const char *source, int start, PyObject *globals, PyObject *locals, void *flags))

struct python_api {
#define PYTHON_MEMBER(result, name, parameters) result(*name) parameters;
	PYTHON_FUNCTIONS(PYTHON_MEMBER)
#undef PYTHON_MEMBER
};

extern struct python_api python;

/* 0; -ENOENT: no Python here. -ENOSYS: a Python without a function that is needed; its name in *missing. */
int python_api_find(const char **missing);

/* PySys_AddAuditHook() before Python is initialised. The hook passes the events that begin with 'c' on. */
int python_hook_early(python_audit_hook hook);
void python_hook_ends(const char *event);

#endif
