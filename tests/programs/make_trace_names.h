/*
 * make_trace_names.h: kernel names for make_trace.c: of the families that inference and training run, and
 * such as break careless printers.
 */
#ifndef TESTS_MAKE_TRACE_NAMES_H
#define TESTS_MAKE_TRACE_NAMES_H

#include <stddef.h>

static const char *const kernel_names[] = {
	"_Z9vectorAddPKfS0_Pfi",
	"_Z7rmsnormIfLi128EEvPT_PKS0_i",
	"_ZN5layer14residual_scaleIffEEvPT_PKT0_fi",
	"_ZN4attn13decode_kernelILi128ELi64ELb0EEEvPKfPfii",
	"_ZN4attn14prefill_kernelILi128ELi128ELb1ENS_6paddedEEEvT2_",
	"_ZN12_GLOBAL__N_17softmaxIfLi6EEEvPT_PKS1_i",
	"_ZZN3ops9normalizeEvENKUlfE_clEf",
	"gemm_bf16_128x256_tn",
	"gemm_bf16_64x64_splitk_reduce",
	"_Z13gather_kernelILi16ElEvPcS0_PT0_illllb",
};

#define NAME(s)                                                                                              \
	{                                                                                                    \
		s, sizeof(s) - 1                                                                             \
	}
static const struct {
	const char *text;
	size_t length;
} strange_names[] = {
	NAME("with \"quotes\" in it"),
	NAME("with, comma"),
	NAME("\"all, of it\""),
	NAME("line\nend and\ttab"),
	NAME("\xc3\xa9t\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x9a\x80"),
	NAME("not \xff\xfe UTF-8 \xc3"),
	NAME("nul \0 inside"),
	NAME("\x1b[31mred\x1b[0m"),
	NAME("_Z"),
	NAME("_Z999foo"),
	NAME(""),
	NAME("back\\slash 'single' `tick` $(x) %s"),
};
#undef NAME

#endif
