/*
 * config.h: what the CUFLIGHT_ variables ask of a recorded process. The process reads them once, when the
 * library is loaded, and copies them: programs overwrite their own environment (setproctitle). The collector
 * reads them to refuse malformed ones before it starts anything. docs/inside.md lists them for users.
 */
#ifndef WIRE_CONFIG_H
#define WIRE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/ranges.h"
#include "wire/ringbuf.h"

#define CONFIG_PATH 1024 /* longest path taken from a variable, terminator included */

enum config_mode {
	MODE_UNSET = 0,
	MODE_DRAIN,
	MODE_FLIGHT,
};

enum config_clock {
	CLOCK_AUTO = 0,
	CLOCK_TSC,
	CLOCK_CNTVCT,
	CLOCK_GETTIME,
};

/* How records outside windows are held back. */
enum config_gate {
	GATE_UNSET = 0, /* as GATE_RECORD */
	GATE_RECORD,	/* CUPTI goes on; what it delivers is dropped */
};

struct config {
	char dir[CONFIG_PATH];	 /* CUFLIGHT_DIR; without it, where the default session directory lies */
	char cupti[CONFIG_PATH]; /* CUFLIGHT_CUPTI: a libcupti, or a directory with one; "": search */
	bool dir_given;		 /* dir is the session directory itself */
	uint32_t mode;		 /* enum config_mode */
	uint32_t clock;		 /* enum config_clock */
	uint32_t slots, slot_size, pages, page_size, names_size;
	uint64_t ring_size;
	uint32_t flush_ms, publish_ms;
	uint64_t device_buffer_size;  /* 0: CUPTI's default, as it is for the next */
	uint32_t device_buffer_limit; /* buffers a context */

	/* What is recorded, and when. */
	struct ranges ranges;
	bool ranges_given;   /* by CUFLIGHT_RANGES */
	bool ranges_foreign; /* by TLLM_PROFILE_START_STOP: TensorRT-LLM's own cudaProfilerStart wins */
	struct iteration_rule iteration;
	struct capture_rule capture;
	struct triggers triggers;
	uint32_t delay_ms, duration_ms; /* 0: none */
	uint32_t gate;			/* enum config_gate */

	/* The first malformed variable; variable is NULL if all are well. */
	struct {
		const char *variable;
		char text[64]; /* cut */
		const char *example;
	} bad;
};

/* What a variable takes, for people. */
struct config_variable {
	const char *name;
	char values[64];   /* "256K to 1G", "drain, flight"; "" no short way to say it */
	char standard[16]; /* its value when it is not set; "" none */
	const char *example;
};

/* environment: as `environ`. Allocates nothing. */
void config_read(struct config *c, char *const *environment);
/* What is wrong with the malformed variable: "NAME=TEXT is ...". */
void config_complaint(const struct config *c, char *out, size_t size);
/* The i-th of all variables; false when there are no more. */
bool config_variable(size_t i, struct config_variable *out);
/* The ring that the configuration asks for. */
void config_ring(const struct config *c, struct ring_config *ring);
/* The value of a variable in an environment, or NULL. Unlike getenv() it never ends up in bash's own. */
const char *config_lookup(char *const *environment, const char *name);

#endif
