# The record layouts are compared with NVIDIA's own headers where there are any.
ifneq ($(CUDA_HOME),)
CFLAGS-tests/unit/cupti_record_test := -isystem $(CUDA_HOME)/include
CFLAGS-tests/unit/inject_headers_test := -isystem $(CUDA_HOME)/include
endif
