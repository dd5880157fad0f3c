# Measured through NVTX's own headers where there are any.
ifneq ($(CUDA_HOME),)
CFLAGS-tests/bench/nvtx_push_pop := -isystem $(CUDA_HOME)/include
endif
