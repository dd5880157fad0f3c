/*
 * doctor.h: `cuflight doctor`'s checks and how they report. Each check is one line or a few: what was found,
 * whether that lets recording work, and what to do if not.
 */
#ifndef COLLECTOR_DOCTOR_H
#define COLLECTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_NOTE, /* neither good nor bad */
	DOCTOR_WARN, /* recording works, with a restriction */
	DOCTOR_FAIL, /* it does not */
};

struct doctor {
	unsigned int warnings, failures;
	bool colour;
	char *library;	    /* libcuflight.so, NULL: not found */
	int driver_version; /* cuDriverGetVersion: 12040 is CUDA 12.4; 0: no driver */
};

void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *topic, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* What to do about the line before. */
void doctor_advise(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Run f in a child that may crash or hang: at most timeout_ms. What it prints to `out` comes back in text
 * (size bytes, terminated). Its return value, 128 + a signal's number, or -ETIMEDOUT or another -errno.
 */
int doctor_in_child(int (*f)(void *argument, FILE *out), void *argument, int timeout_ms, char *text,
		    size_t size);

/* The checks, in the order in which they are printed. */
void doctor_library(struct doctor *d);	    /* our own: found, loads, reaches programs */
void doctor_driver(struct doctor *d);	    /* libcuda, the kernel's module, devices */
void doctor_cupti(struct doctor *d);	    /* every libcupti that may be used */
void doctor_other_tools(struct doctor *d);  /* who else wants CUPTI's one subscription */
void doctor_permissions(struct doctor *d);  /* performance counters */
void doctor_memory(struct doctor *d);	    /* for rings, per process and for eight */
void doctor_session(struct doctor *d);	    /* the session directory and its socket */
void doctor_surroundings(struct doctor *d); /* container, Python */
void doctor_cost(struct doctor *d);	    /* measured here */

#endif
