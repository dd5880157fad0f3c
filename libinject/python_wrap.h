/*
 * python_wrap.h: one method of a class, wrapped so that its calls are iterations. Between python.c, which
 * finds the class, and python_wrap.c. Everything here needs the GIL.
 */
#ifndef INJECT_PYTHON_WRAP_H
#define INJECT_PYTHON_WRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "libinject/engines.h"
#include "libinject/python_api.h"

#define PYTHON_TARGETS 8

enum python_state {
	PYTHON_UNUSED = 0,
	PYTHON_WATCHED, /* its class has not been made yet */
	PYTHON_WRAPPED,
	PYTHON_GIVEN_UP,
};

struct python_target {
	const struct python_method *method;
	uint32_t state;			  /* enum python_state; read by every thread */
	char source[3 * METHOD_NAME + 8]; /* "python:module:Class.method" */
};

extern struct python_target python_targets[PYTHON_TARGETS];
/* Wrap the method of target `index` in its class. NULL: done; else why not, in words. Leaves no Python error.
 */
const char *python_wrap(uint32_t index, PyObject *class);
/* Of a child made by fork: no call is under way. */
void python_wrap_forget(void);

#endif
