# Test programs that need more than libc.

# Speaks the recorded side's part of the contracts, so it needs them.
LDLIBS-tests/programs/collector_fake_process = $(LIBWIRE) $(ZSTD_A)
$(O)/tests/programs/collector_fake_process: $(LIBWIRE)

LDLIBS-tests/programs/inject_ring_dump = $(LIBWIRE) $(ZSTD_A)
$(O)/tests/programs/inject_ring_dump: $(LIBWIRE)
