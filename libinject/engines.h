/*
 * engines.h: the inference engines whose iterations are known by the name of a Python method, and the method
 * that a user names. Names and numbers only; python.c finds and wraps them.
 */
#ifndef INJECT_ENGINES_H
#define INJECT_ENGINES_H

#include <stdbool.h>
#include <stdint.h>

#define METHOD_NAME 256 /* longest module, class or method name, terminator included */

struct python_method {
	const char *engine; /* as told to the user; NULL: the user's own */
	const char *module; /* as in sys.modules */
	const char *owner;  /* the class; of a nested one Outer.Inner */
	const char *method;
	/* An iteration goes on after `method` has returned None, until this method returns. NULL, or missing
	   in the class: it ends with `method`. */
	const char *last;
	const char *dummy; /* a keyword argument that, when true, makes the call no iteration */
	bool mark;	   /* no end: an iteration lasts until the next call */
	uint32_t rank;	   /* when several are found the lowest counts */
};

/* Lowest rank first; ends with a NULL module. */
extern const struct python_method engines[];

/* "module:Class.method" taken apart, into room of METHOD_NAME bytes each. 0, or -EINVAL: not of this form. */
int python_method_parse(const char *text, char *module, char *owner, char *method);

#endif
