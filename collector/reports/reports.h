/*
 * reports.h: the reports there are, for report_list.c, and what several of them share.
 */
#ifndef COLLECTOR_REPORTS_H
#define COLLECTOR_REPORTS_H

#include "collector/report.h"

extern const struct report report_cuda_gpu_kern_sum;
extern const struct report report_cuda_gpu_trace;
extern const struct report report_cuda_api_sum;
extern const struct report report_cuda_gpu_mem_time_sum;
extern const struct report report_cuda_gpu_mem_size_sum;
extern const struct report report_nvtx_sum;
/* Not in the list: how long each GPU was busy, for the summary. */
extern const struct report report_gpu_busy;

/* "", "base" or "mangled". 0 or -EINVAL. */
int kernel_spelling(const char *argument, enum text_spelling *spelling);

#endif
