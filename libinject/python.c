/*
 * python.c: finding the class. The audit hook sees the code of every module before it runs. When that of a
 * wanted module comes, builtins.__build_class__ is replaced until its class has been made: whichever way it
 * is imported, the method is wrapped before anybody can call it.
 */
#include "libinject/python.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "libinject/engines.h"
#include "libinject/python_api.h"
#include "libinject/python_wrap.h"
#include "libinject/session.h"
#include "wire/atomic.h"

/* The user's method; of a form that engines.c's table has too. */
static struct {
	char module[METHOD_NAME], owner[METHOD_NAME], method[METHOD_NAME];
	struct python_method entry;
} asked;

static uint32_t watched;      /* targets whose class has not been made */
static PyObject *replacement; /* our __build_class__, where it is in place; under the GIL */
static __thread bool busy;    /* our own Python code makes events too */

/* Targets are shared by all threads; under the GIL, but for a Python without one. */
static bool settle(uint32_t index, uint32_t state)
{
	uint32_t was = PYTHON_WATCHED;

	if (!__atomic_compare_exchange_n(&python_targets[index].state, &was, state, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_fetch_sub(&watched, 1, __ATOMIC_ACQ_REL);
	return true;
}

static void attach(uint32_t index, PyObject *class)
{
	const char *error;

	if (!settle(index, PYTHON_WRAPPED))
		return;
	error = python_wrap(index, class);
	if (!error)
		return;
	store_relaxed(&python_targets[index].state, PYTHON_GIVEN_UP);
	session_log("%s marks no iterations: %s", python_targets[index].source, error);
}

/* Is attribute `name` of an object this text? Leaves no Python error. */
static bool attribute_is(PyObject *object, const char *name, const char *wanted)
{
	PyObject *value = python.PyObject_GetAttrString(object, name);
	const char *text = value ? python.PyUnicode_AsUTF8(value) : NULL;
	bool same = text && !strcmp(text, wanted);

	if (value)
		python.Py_DecRef(value);
	if (!text)
		python.PyErr_Clear();
	return same;
}

/* The class has just been made: is it one we wait for? */
static void look_at_class(PyObject *class)
{
	for (uint32_t i = 0; i < PYTHON_TARGETS && load_relaxed(&watched); i++)
		if (load_relaxed(&python_targets[i].state) == PYTHON_WATCHED &&
		    attribute_is(class, "__qualname__", python_targets[i].method->owner) &&
		    attribute_is(class, "__module__", python_targets[i].method->module))
			attach(i, class);
}

static void restore_build_class(PyObject *original)
{
	PyObject *builtins = python.PyImport_AddModule("builtins"), *now = NULL;

	if (builtins)
		now = python.PyObject_GetAttrString(builtins, "__build_class__");
	/* Somebody may have replaced ours in turn; it does no harm there. */
	if (now && now == replacement)
		python.PyObject_SetAttrString(builtins, "__build_class__", original);
	if (now)
		python.Py_DecRef(now);
	replacement = NULL;
}

/* In place of builtins.__build_class__, which is `original`. */
static PyObject *build_class(PyObject *original, PyObject *arguments, PyObject *keywords)
{
	PyObject *class = python.PyObject_Call(original, arguments, keywords);

	if (class && !busy) {
		busy = true;
		look_at_class(class);
		if (!load_relaxed(&watched) && replacement)
			restore_build_class(original);
		python.PyErr_Clear();
		busy = false;
	}
	return class;
}

static void replace_build_class(void)
{
	static struct python_method_definition definition = {"__build_class__", (void (*)(void))build_class,
							     PYTHON_METH_VARARGS | PYTHON_METH_KEYWORDS,
							     NULL};
	PyObject *builtins = python.PyImport_AddModule("builtins"), *original, *ours;

	if (!builtins)
		return;
	original = python.PyObject_GetAttrString(builtins, "__build_class__");
	if (original && original != replacement) {
		ours = python.PyCFunction_NewEx(&definition, original, NULL);
		if (ours && !python.PyObject_SetAttrString(builtins, "__build_class__", ours))
			replacement = ours; /* compared, never used: the module holds the reference */
		if (ours)
			python.Py_DecRef(ours);
	}
	if (original)
		python.Py_DecRef(original);
}

/* Could this be the file of the module? Its last part decides; the class's __module__ is looked at later. */
static bool file_of(const char *file, const char *module)
{
	const char *dot = strrchr(module, '.'), *name = dot ? dot + 1 : module, *slash = strrchr(file, '/');
	size_t length = strlen(name);

	if (!strcmp(module, "__main__"))
		return true;
	if (slash && !strncmp(slash + 1, "__init__.", 9))
		return (size_t)(slash - file) > length && slash[-(ptrdiff_t)length - 1] == '/' &&
		       !strncmp(slash - length, name, length);
	file = slash ? slash + 1 : file;
	return !strncmp(file, name, length) && file[length] == '.';
}

/* Event "exec": a module, or any text, begins to run. */
static void look_at_code(PyObject *arguments)
{
	PyObject *type, *value, *trace, *name = NULL;
	const char *file = NULL;

	python.PyErr_Fetch(&type, &value, &trace);
	name = python.PyObject_GetAttrString(python.PyTuple_GetItem(arguments, 0), "co_filename");
	if (name)
		file = python.PyUnicode_AsUTF8(name);
	for (uint32_t i = 0; file && i < PYTHON_TARGETS; i++)
		if (load_relaxed(&python_targets[i].state) == PYTHON_WATCHED &&
		    file_of(file, python_targets[i].method->module)) {
			replace_build_class();
			break;
		}
	if (name)
		python.Py_DecRef(name);
	python.PyErr_Clear();
	python.PyErr_Restore(type, value, trace);
}

/* Never anything but 0: that would be an exception in the program. */
static int hook(const char *event, PyObject *arguments, void *data)
{
	(void)data;
	if (event[0] == 'c')
		python_hook_ends(event);
	if (load_relaxed(&watched) && event[0] == 'e' && !strcmp(event, "exec") && !busy) {
		busy = true;
		look_at_code(arguments);
		busy = false;
	}
	return 0;
}

/* The class Outer.Inner of a module that is there, a new reference; NULL without a Python error. */
static PyObject *loaded_class(const struct python_method *m)
{
	char path[METHOD_NAME], *rest = path, *name;
	PyObject *at = python.PyDict_GetItemString(python.PyImport_GetModuleDict(), m->module), *next;

	if (!at)
		return NULL;
	strcpy(path, m->owner);
	python.Py_IncRef(at);
	while (at && (name = strsep(&rest, "."))) {
		next = python.PyObject_GetAttrString(at, name);
		python.Py_DecRef(at);
		at = next;
	}
	if (!at)
		python.PyErr_Clear();
	return at;
}

/* Python runs already. On its main thread, with the GIL, between two steps of the program. */
static int start_late(void *data)
{
	PyObject *class;

	(void)data;
	busy = true;
	if (python.PySys_AddAuditHook(hook, NULL))
		python.PyErr_Clear();
	for (uint32_t i = 0; i < PYTHON_TARGETS && python_targets[i].method; i++) {
		class = loaded_class(python_targets[i].method);
		if (class) {
			attach(i, class);
			python.Py_DecRef(class);
		}
	}
	busy = false;
	return 0;
}

static void add(const struct python_method *m)
{
	struct python_target *t = &python_targets[watched];

	t->method = m;
	snprintf(t->source, sizeof(t->source), "python:%s:%s.%s", m->module, m->owner, m->method);
	store_release(&t->state, PYTHON_WATCHED);
	store_release(&watched, watched + 1);
}

/* A method that the table has is taken as it stands there, with what belongs to its iterations. */
static const struct python_method *asked_method(void)
{
	for (const struct python_method *m = engines; m->module; m++)
		if (!strcmp(m->module, asked.module) && !strcmp(m->owner, asked.owner) &&
		    !strcmp(m->method, asked.method))
			return m;
	asked.entry.module = asked.module;
	asked.entry.owner = asked.owner;
	asked.entry.method = asked.method;
	return &asked.entry;
}

int python_start(const char *method)
{
	static uint32_t started;
	const char *missing = NULL;
	int err;

	if (__atomic_exchange_n(&started, 1, __ATOMIC_ACQ_REL))
		return 0;
	if (method && python_method_parse(method, asked.module, asked.owner, asked.method))
		return -EINVAL;
	err = python_api_find(&missing);
	if (err == -ENOENT)
		store_release(&started, 0); /* it may come with a library that is loaded later */
	else if (err && method)
		session_log("python:%s marks no iterations: this Python has no %s (3.8 is needed)", method,
			    missing);
	if (err)
		return err;
	pthread_atfork(NULL, NULL, python_wrap_forget);
	if (method)
		add(asked_method());
	else
		for (const struct python_method *m = engines; m->module; m++)
			add(m);
	if (python.Py_IsInitialized())
		python.Py_AddPendingCall(start_late, NULL);
	else
		python_hook_early(hook);
	return 0;
}
