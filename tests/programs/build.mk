# Test programs that need more than libc.

# Speaks the recorded side's part of the contracts, so it needs them.
LDLIBS-tests/programs/collector_fake_process = $(LIBWIRE) $(ZSTD_A)
$(O)/tests/programs/collector_fake_process: $(LIBWIRE)

LDLIBS-tests/programs/inject_ring_dump = $(LIBWIRE) $(ZSTD_A)
$(O)/tests/programs/inject_ring_dump: $(LIBWIRE)

# NVTX's headers come with CUDA; without them the program says that it was skipped.
ifneq ($(CUDA_HOME),)
CFLAGS-tests/programs/inject_nvtx := -isystem $(CUDA_HOME)/include
endif

# Writes and reads whole files with the product's own code.
LDLIBS-tests/programs/format_rows = $(LIBCOLLECTOR) $(COLLECTOR_LIBS)
$(O)/tests/programs/format_rows: $(LIBCOLLECTOR) $(LIBWIRE)
