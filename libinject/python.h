/*
 * python.h: calls of a Python method as edges of iterations. CPython's audit hook shows when a module begins
 * to run; the class it defines is looked at when it is made, and the method is wrapped. Nothing of Python is
 * needed to build this, nothing is installed in the program, and nothing of it is changed but that one class.
 *
 * Works on CPython 3.8 and later. What is not there, or does not work, leaves the program as it is.
 */
#ifndef INJECT_PYTHON_H
#define INJECT_PYTHON_H

/*
 * Watch for a method, "module:Class.method", or with NULL for those of the known engines (engines.c). From
 * the constructor, before Python is initialised; or later, on any thread: a class that is there already is
 * then wrapped as soon as Python's main thread comes round. A second call does nothing. 0; -ENOENT: no Python
 * in this process; -EINVAL: not of that form; -ENOSYS: a Python too old for it (told in the session log where
 * a method was asked for).
 */
int python_start(const char *method);

#endif
