/*
 * python_wrap.c: the wrapper around a method, a few lines of Python with native functions at both ends. A
 * wrapper that is a Python function keeps what a C function would lose: binding, super(), inspect, async.
 */
#include "libinject/python_wrap.h"

#include <string.h>

#include "libinject/iteration.h"
#include "wire/atomic.h"

struct python_target python_targets[PYTHON_TARGETS];
/* Which of them makes the edges; -1: none yet. */
static int32_t active = -1;

/*
 * wrap() returns None or what is wrong. The edge is made inside the `try`, so that an exception between the
 * two (Ctrl-C) cannot leave an iteration open. What inspect and pickle look at is taken over as
 * functools.wraps() does; that is not imported, to disturb the order of imports in nothing.
 */
static const char source[] =
	"def wrap(owner, name, part, begin, end, mark):\n"
	"    for c in owner.__mro__:\n"
	"        if name in c.__dict__:\n"
	"            found = c.__dict__[name]\n"
	"            break\n"
	"    else:\n"
	"        return 'the class has no such method'\n"
	"    kind = type(found) if isinstance(found, (staticmethod, classmethod)) else None\n"
	"    method = found.__func__ if kind else found\n"
	"    if isinstance(method, type) or not callable(method):\n"
	"        return 'that is not a method'\n"
	"    inner = method\n"
	"    for _ in range(100):\n"
	"        inner = getattr(inner, '__wrapped__', inner)\n"
	"    flags = getattr(getattr(inner, '__code__', None), 'co_flags', 0)\n"
	"    if flags & 0x220:\n"
	"        return 'that is a generator'\n"
	"    if flags & 0x80:\n"
	"        async def call(*args, **kwargs):\n"
	"            mark(kwargs)\n"
	"            return await method(*args, **kwargs)\n"
	"    elif part == 'mark':\n"
	"        def call(*args, **kwargs):\n"
	"            mark(kwargs)\n"
	"            return method(*args, **kwargs)\n"
	"    elif part == 'last':\n"
	"        def call(*args, **kwargs):\n"
	"            try:\n"
	"                return method(*args, **kwargs)\n"
	"            finally:\n"
	"                end(2)\n"
	"    elif part == 'first':\n"
	"        def call(*args, **kwargs):\n"
	"            result = 0\n"
	"            try:\n"
	"                begin(kwargs)\n"
	"                result = method(*args, **kwargs)\n"
	"                return result\n"
	"            finally:\n"
	"                end(result is None)\n"
	"    else:\n"
	"        def call(*args, **kwargs):\n"
	"            try:\n"
	"                begin(kwargs)\n"
	"                return method(*args, **kwargs)\n"
	"            finally:\n"
	"                end(0)\n"
	"    hints = '__annotate__' if hasattr(call, '__annotate__') else '__annotations__'\n"
	"    for a in ('__module__', '__name__', '__qualname__', '__doc__', '__type_params__', hints):\n"
	"        try:\n"
	"            setattr(call, a, getattr(method, a))\n"
	"        except (AttributeError, TypeError):\n"
	"            pass\n"
	"    call.__dict__.update(getattr(method, '__dict__', {}))\n"
	"    call.__wrapped__ = method\n"
	"    setattr(owner, name, kind(call) if kind else call)\n";

/* What end() is told. */
enum python_end {
	END_RETURNED = 0,
	END_GOES_ON = 1, /* the iteration lasts until END_LAST, or the next call */
	END_LAST = 2,
};

/* Calls of the wrapped method that this thread is in, and whether they have begun an iteration that has not
   ended: it may outlast the call. */
static __thread struct {
	uint32_t depth;
	bool open;
} here;

void python_wrap_forget(void)
{
	here.depth = 0;
	here.open = false;
}

/*
 * The native functions' `self` is the tuple (index,). The first call decides which target counts, until one
 * of a better engine is called: classes are imported that are never used. NULL: this one does not.
 */
static const struct python_method *active_method(PyObject *self)
{
	int32_t index = (int32_t)python.PyLong_AsLong(python.PyTuple_GetItem(self, 0));
	int32_t now = load_relaxed(&active);
	const struct python_method *m = python_targets[index].method;

	if (index == now)
		return m;
	if (now >= 0 && python_targets[now].method->rank < m->rank)
		return NULL;
	iteration_edge_source(python_targets[index].source);
	store_relaxed(&active, index);
	return m;
}

/* A call of itself, or of the base class's method through super(), is part of the iteration. */
static PyObject *begin(PyObject *self, PyObject *keywords)
{
	const struct python_method *m = active_method(self);

	if (m && !here.depth++) {
		PyObject *dummy = m->dummy ? python.PyDict_GetItemString(keywords, m->dummy) : NULL;

		if (here.open)
			iteration_edge(EDGE_END, -1);
		here.open = !dummy || !python.PyObject_IsTrue(dummy);
		if (here.open)
			iteration_edge(EDGE_BEGIN, -1);
	}
	return python.PyBool_FromLong(0);
}

static PyObject *mark(PyObject *self, PyObject *keywords)
{
	(void)keywords;
	if (active_method(self))
		iteration_edge(EDGE_MARK, -1);
	return python.PyBool_FromLong(0);
}

static PyObject *end(PyObject *self, PyObject *how)
{
	long what = python.PyLong_AsLong(how);

	if (active_method(self)) {
		/* None where the call was interrupted before begin(), or another target counted then. */
		if (what != END_LAST && here.depth)
			here.depth--;
		if (!here.depth && here.open && what != END_GOES_ON) {
			here.open = false;
			iteration_edge(EDGE_END, -1);
		}
	}
	return python.PyBool_FromLong(0);
}

/*
 * Why these names: cloudpickle (Ray) copies classes of __main__ by value, wrappers and all, and pickle stores
 * a method of a C object as getattr(self, name). In another process that gives the method of a plain tuple,
 * which takes the same arguments and does nothing.
 */
#define NATIVE_NAME "__contains__"

static struct python_method_definition definitions[] = {
	{NATIVE_NAME, (void (*)(void))begin, PYTHON_METH_O, NULL},
	{NATIVE_NAME, (void (*)(void))end, PYTHON_METH_O, NULL},
	{NATIVE_NAME, (void (*)(void))mark, PYTHON_METH_O, NULL},
};

/* A new reference, or NULL with a Python error. */
static PyObject *wrap_function(void)
{
	PyObject *globals = python.PyDict_New(), *name = python.Py_BuildValue("s", "cuflight"), *wrap = NULL;

	if (globals && name &&
	    !python.PyDict_SetItemString(globals, "__builtins__", python.PyEval_GetBuiltins()) &&
	    !python.PyDict_SetItemString(globals, "__name__", name)) {
		PyObject *none = python.PyRun_StringFlags(source, PYTHON_FILE_INPUT, globals, globals, NULL);

		if (none) {
			python.Py_DecRef(none);
			wrap = python.PyDict_GetItemString(globals, "wrap");
			if (wrap)
				python.Py_IncRef(wrap);
		}
	}
	if (name)
		python.Py_DecRef(name);
	if (globals)
		python.Py_DecRef(globals);
	return wrap;
}

/* Call wrap(class, name, part, begin, end, mark). NULL: done. */
static const char *call_wrap(PyObject *wrap, uint32_t index, PyObject *class, const char *name,
			     const char *part)
{
	PyObject *self = python.Py_BuildValue("(i)", (int)index), *arguments = NULL, *answer = NULL;
	const char *error = "Python refuses";

	if (self)
		arguments = python.Py_BuildValue("OssNNN", class, name, part,
						 python.PyCFunction_NewEx(&definitions[0], self, NULL),
						 python.PyCFunction_NewEx(&definitions[1], self, NULL),
						 python.PyCFunction_NewEx(&definitions[2], self, NULL));
	if (arguments)
		answer = python.PyObject_CallObject(wrap, arguments);
	if (answer) {
		static char text[64]; /* under the GIL */
		const char *words = python.PyObject_IsTrue(answer) ? python.PyUnicode_AsUTF8(answer) : NULL;

		error = words ? strncpy(text, words, sizeof(text) - 1) : NULL;
		python.Py_DecRef(answer);
	}
	if (arguments)
		python.Py_DecRef(arguments);
	if (self)
		python.Py_DecRef(self);
	return error;
}

static bool has(PyObject *class, const char *name)
{
	PyObject *method = python.PyObject_GetAttrString(class, name);

	if (method)
		python.Py_DecRef(method);
	else
		python.PyErr_Clear();
	return method;
}

const char *python_wrap(uint32_t index, PyObject *class)
{
	const struct python_method *m = python_targets[index].method;
	bool last = m->last && has(class, m->last);
	PyObject *wrap = wrap_function();
	const char *error = "Python refuses";

	if (wrap) {
		error = call_wrap(wrap, index, class, m->method, m->mark ? "mark" : last ? "first" : "whole");
		if (!error && last)
			error = call_wrap(wrap, index, class, m->last, "last");
		python.Py_DecRef(wrap);
	}
	python.PyErr_Clear();
	return error;
}
