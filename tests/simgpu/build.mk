# The simulated GPU: libcuda.so.1 and both libcudart in $(O)/simgpu/lib, each libcupti in a directory of its own,
# because several of them on one search path would be taken for one another. scripts/simgpu picks.

SIM   := $(O)/simgpu
SIM_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra $(if $(WERROR),-Werror) -fPIC -fvisibility=hidden -I. $(CFLAGS)

sim-obj = $(patsubst tests/simgpu/%.c,$(SIM)/obj/$(1)/%.o,$(2))
SIM_CUDA_SRC := $(wildcard tests/simgpu/core/*.c tests/simgpu/driver/*.c)
SIM_CUDART_SRC := $(wildcard tests/simgpu/runtime/*.c)
SIM_CUPTI_SRC := $(wildcard tests/simgpu/cupti/*.c)

SIM_TARGETS := $(SIM)/lib/libcuda.so.1 $(SIM)/lib/libcudart.so.12 $(SIM)/lib/libcudart.so.13 \
	       $(SIM)/cupti-11.8/libcupti.so.11.8 $(SIM)/cupti-12.4/libcupti.so.12 $(SIM)/cupti-13.0/libcupti.so.13
EXTRA += $(SIM_TARGETS)

# $(1) directory of objects, $(2) flags
define sim-objects
$(SIM)/obj/$(1)/%.o: tests/simgpu/%.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$$(CC) $$(SIM_CFLAGS) $(2) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call sim-objects,cuda,))
$(eval $(call sim-objects,cudart12,-DSIM_CUDART=12))
$(eval $(call sim-objects,cudart13,-DSIM_CUDART=13))
$(eval $(call sim-objects,cupti11.8,-DSIM_CUPTI=1108))
$(eval $(call sim-objects,cupti12.4,-DSIM_CUPTI=1204))
$(eval $(call sim-objects,cupti13.0,-DSIM_CUPTI=1300))

# As NVIDIA's: libcuda's symbols carry no version, all others the library's name. libcupti is also `libcupti.so`.
$(SIM)/lib/libcuda.so.1: $(call sim-obj,cuda,$(SIM_CUDA_SRC))
$(SIM)/lib/libcudart.so.12: $(call sim-obj,cudart12,$(SIM_CUDART_SRC))
$(SIM)/lib/libcudart.so.13: $(call sim-obj,cudart13,$(SIM_CUDART_SRC))
$(SIM)/cupti-11.8/libcupti.so.11.8: $(call sim-obj,cupti11.8,$(SIM_CUPTI_SRC))
$(SIM)/cupti-12.4/libcupti.so.12: $(call sim-obj,cupti12.4,$(SIM_CUPTI_SRC))
$(SIM)/cupti-13.0/libcupti.so.13: $(call sim-obj,cupti13.0,$(SIM_CUPTI_SRC))
$(SIM_TARGETS):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)printf '%s { global: *; };\n' $(@F) > $@.map
	$(Q)$(CC) -shared -o $@ $(filter %.o,$^) -Wl,-soname,$(@F) -Wl,-z,defs \
		$(if $(filter libcuda.so.1,$(@F)),,-Wl$(comma)--version-script=$@.map) -lpthread -ldl -lm
	$(Q)$(if $(findstring libcupti,$@),ln -sf $(@F) $(@D)/libcupti.so)

# What judges the simulator: clients of CUPTI written to NVIDIA's headers, and a comparison of our idea of the binary
# interface with theirs.
TEST_EXTRA += $(SIM)/client/inject_count.so
$(SIM)/client/%.so: tests/simgpu/client/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(SIM_CFLAGS) $(if $(CUDA_HOME),-isystem $(CUDA_HOME)/include) -shared -MMD -MP -MF $@.d -o $@ $< \
		-lpthread -ldl
$(SIM)/client/%: tests/simgpu/client/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(SIM_CFLAGS) $(if $(CUDA_HOME),-isystem $(CUDA_HOME)/include) -MMD -MP -MF $@.d -o $@ $< -lpthread -ldl

ifneq ($(if $(CUDA_HOME),$(wildcard $(CUDA_HOME)/include/cupti.h)),)
TEST_EXTRA += $(SIM)/client/cupti_trace.so $(SIM)/client/cupti_rules
# These numbers are CUDA 13.0's: older headers lack some of the names, newer ones have longer structures.
ifneq ($(shell grep -s 'define CUPTI_API_VERSION 13000' $(CUDA_HOME)/include/cupti_version.h),)
TEST_EXTRA += $(SIM)/abi_check
$(SIM)/abi_check: $(wildcard tests/simgpu/abi_check/* tests/simgpu/abi/*) tests/simgpu/sim.h
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(SIM_CFLAGS) -isystem $(CUDA_HOME)/include -o $@ $(filter %.c,$^)
endif
endif
