/*
 * report_list.c: which reports there are.
 */
#include <string.h>

#include "collector/reports/reports.h"

const struct report *const report_list[] = {
	&report_cuda_api_sum,
	&report_cuda_gpu_kern_sum,
	&report_cuda_gpu_mem_size_sum,
	&report_cuda_gpu_mem_time_sum,
	&report_cuda_gpu_trace,
	&report_nvtx_sum,
	NULL,
};

const struct report *const report_default[] = {
	&report_nvtx_sum,
	&report_cuda_api_sum,
	&report_cuda_gpu_kern_sum,
	&report_cuda_gpu_mem_time_sum,
	&report_cuda_gpu_mem_size_sum,
	NULL,
};

const struct report *report_find(const char *name)
{
	for (size_t i = 0; report_list[i]; i++)
		if (!strcmp(name, report_list[i]->name) ||
		    (report_list[i]->old_name && !strcmp(name, report_list[i]->old_name)))
			return report_list[i];
	return NULL;
}
