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

# A libcupti that misbehaves, and one that lacks a function.
CUPTI_FAKES := $(O)/tests/programs/cupti_fake.so $(O)/tests/programs/cupti_fake_without_names.so
TEST_EXTRA += $(CUPTI_FAKES)
$(CUPTI_FAKES): tests/programs/cupti_fake/cupti_fake.c libinject/cupti_api.h
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CF_CPPFLAGS) $(CF_CFLAGS) $(if $(findstring without,$@),-DFAKE_WITHOUT_NAMES) -shared -o $@ $<

# Makes recordings for reports, exports and benchmarks to be tried on.
LDLIBS-tests/programs/make_trace = $(LIBCOLLECTOR) $(COLLECTOR_LIBS)
$(O)/tests/programs/make_trace: $(LIBCOLLECTOR) $(LIBWIRE)
LDLIBS-tests/programs/demangle_lines = $(LIBCOLLECTOR) $(COLLECTOR_LIBS)
$(O)/tests/programs/demangle_lines: $(LIBCOLLECTOR) $(LIBWIRE)
