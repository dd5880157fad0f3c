/*
 * ranges.h: the grammar of what is recorded and when: ranges of iterations, what an iteration is, capture
 * windows, triggers. Text in, structs out; which variable or option the text came from is the caller's
 * business. docs/ranges.md says what each form means.
 */
#ifndef WIRE_RANGES_H
#define WIRE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGES_MAX   64
#define PATTERN_MAX  160
#define TRIGGERS_MAX 4

/* Numbers of iterations, both ends included; last UINT64_MAX: to the end. */
struct range {
	uint64_t first, last;
};

struct ranges {
	uint32_t count;			/* 0: none asked for */
	struct range range[RANGES_MAX]; /* ascending, neither overlapping nor adjacent */
};

/* GLOB[@DOMAIN]: `*` any text, `?` any byte, `\` takes the next byte as it is. */
struct pattern {
	char glob[PATTERN_MAX];
	char domain[PATTERN_MAX];
	bool any_domain; /* no @DOMAIN; an empty one is the default domain */
};

enum iteration_rule_kind {
	ITERATION_AUTO = 0,
	ITERATION_NVTX,
	ITERATION_GRAPH,
	ITERATION_D2H,
	ITERATION_MARK,
	ITERATION_PYTHON,
};

struct iteration_rule {
	uint32_t kind;		     /* enum iteration_rule_kind */
	char text[PATTERN_MAX + 64]; /* as given: the source of what it finds */
	struct pattern pattern;	     /* ITERATION_NVTX */
	char python[PATTERN_MAX];    /* ITERATION_PYTHON: module:Class.method */
};

enum capture_kind {
	CAPTURE_ALL = 0,
	CAPTURE_PROFILER_API,
	CAPTURE_NVTX,
	CAPTURE_ITERATIONS,
	CAPTURE_CONTROL,
	CAPTURE_SIGNAL,
};

enum capture_end {
	CAPTURE_REPEAT = 0, /* record every window, or the first `windows` */
	CAPTURE_STOP,	    /* record one */
	CAPTURE_STOP_EXIT,  /* one, and the collector ends the program after it */
};

struct capture_rule {
	uint32_t kind;		     /* enum capture_kind */
	uint32_t end;		     /* enum capture_end */
	uint32_t windows;	     /* 0: no limit */
	char text[PATTERN_MAX + 64]; /* as given, without its suffix */
	struct pattern pattern;	     /* CAPTURE_NVTX */
};

enum trigger_kind {
	TRIGGER_NONE = 0,
	TRIGGER_ITERATION_TIMES, /* value: thousandths of the median */
	TRIGGER_ITERATION_NS,
	TRIGGER_IDLE_NS,
	TRIGGER_EXIT,
};

struct trigger {
	uint32_t kind; /* enum trigger_kind */
	uint64_t value;
};

struct triggers {
	uint32_t count;
	struct trigger trigger[TRIGGERS_MAX];
};

/* Each is true if the text is well formed; otherwise *out may have been written to. No memory is allocated.
 */
bool ranges_parse(struct ranges *out, const char *text);
bool iteration_rule_parse(struct iteration_rule *out, const char *text);
bool capture_rule_parse(struct capture_rule *out, const char *text);
bool triggers_parse(struct triggers *out, const char *text);

/* The range that holds a number, or NULL. */
const struct range *ranges_find(const struct ranges *r, uint64_t number);
/* The next range that ends at or after a number, or NULL: all are over. */
const struct range *ranges_next(const struct ranges *r, uint64_t number);
/* "10-19,30,40-": at most size - 1 bytes, terminated. */
void ranges_print(const struct ranges *r, char *out, size_t size);
void range_print(const struct range *r, char *out, size_t size);

bool glob_matches(const char *glob, const char *text, size_t length);

#endif
