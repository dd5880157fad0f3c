/*
 * inject.h: what the library exports (libcuflight.map).
 */
#ifndef INJECT_INJECT_H
#define INJECT_INJECT_H

#include "libinject/nvtx_api.h"

#define EXPORTED __attribute__((visibility("default")))

/* The driver calls it inside cuInit, having loaded the library named by CUDA_INJECTION64_PATH. Always 1: 0
   would make it unload the library and try again. */
EXPORTED int InitializeInjection(void);

/* NVTX calls it at the first call of every module, having loaded the library of NVTX_INJECTION64_PATH. 1:
   installed, 0: not wanted. */
EXPORTED int InitializeInjectionNvtx2(nvtx_get_export_table get_table);
EXPORTED int InitializeInjectionNvtx(nvtx_get_export_table get_table);

/* What cuflight/cuflight.h finds, and Python's ctypes. */
EXPORTED void cuflight_iteration(int64_t number);
EXPORTED void cuflight_iteration_end(void);

#endif
