/*
 * iteration_summary.h: a recording's iterations and windows in a line each, for the summary.
 */
#ifndef COLLECTOR_ITERATION_SUMMARY_H
#define COLLECTOR_ITERATION_SUMMARY_H

#include <stddef.h>

#include "collector/report.h"

struct iteration_summary {
	char iterations[256], windows[256]; /* "": there are none */
};

int iteration_summary(struct report_run *run, struct iteration_summary *out); /* 0 or -errno */

#endif
