# The source of edges without the recorder: libinject/python*.c and a counter, preloaded by tests/system/python_*.sh.
PYTHON_EDGES := $(O)/tests/python/edges.so
TEST_EXTRA += $(PYTHON_EDGES)
$(PYTHON_EDGES): $(call obj,tests/python/edges.c $(wildcard libinject/python*.c) libinject/engines.c)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -o $@ $^ $(CF_LDFLAGS) -lpthread -ldl
