# Builds everything; no configure step. `make help` lists what there is to make and to set.
#
# It works by wildcards: a new .c in wire/, libinject/, collector/, collector/reports/, collector/exports/,
# tests/unit/ (NAME_test.c), tests/programs/, tests/bench/ or tests/fuzz/ (NAME_fuzz.c) is built without a
# change here. A directory with needs of its own has a build.mk, included below; it may add targets
# to EXTRA (built by `make all`) and to TEST_EXTRA (built by `make tests`).

comma := ,
VERSION := 0.1.0

O      ?= build$(if $(FUZZ),-fuzz)$(if $(SAN),-$(subst $(comma),-,$(SAN)))
ifeq ($(strip $(O)),)
$(error O= names no directory; leave it out for build/)
endif
SAN    ?=
FUZZ   ?=
WERROR ?=
V      ?=
PREFIX ?= /usr/local

CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
AR      ?= ar
PYTHON  ?= python3

# CUDA_HOME: the environment's, else what scripts/setup found. Only .cu files need it.
-include .deps/cuda.mk
NVCC := $(wildcard $(if $(CUDA_HOME),$(CUDA_HOME)/bin/nvcc))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(patsubst $(O)/%,%,$(2)))

# ------------------------------------------------------------------------------------------------ flags

CFLAGS ?= -O2 -g
CF_CPPFLAGS := -D_GNU_SOURCE -DCUFLIGHT_VERSION='"$(VERSION)"' -I. -Iinclude
CF_CFLAGS   := -std=gnu11 -Wall -Wextra $(if $(WERROR),-Werror) -fPIC -fvisibility=hidden -fno-common \
	       -ffunction-sections -fdata-sections $(CFLAGS)
SAN_FLAGS   := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CF_CFLAGS   += $(SAN_FLAGS) $(if $(FUZZ),-fsanitize=fuzzer-no-link)
CF_LDFLAGS  := -Wl,--gc-sections $(SAN_FLAGS) $(LDFLAGS)

# Static, so that library and collector run where none of these is installed. `-print-file-name` answers with
# the bare name where the archive is missing; scripts/setup installs them.
archive   = $(shell $(CC) -print-file-name=$(1))
ZSTD_A   := $(call archive,libzstd.a)
SQLITE_A := $(call archive,libsqlite3.a)
JANSSON_A := $(call archive,libjansson.a)

# ------------------------------------------------------------------------------------------------ sources

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))

WIRE_OBJ      := $(call obj,$(wildcard wire/*.c))
INJECT_OBJ    := $(call obj,$(wildcard libinject/*.c))
COLLECTOR_OBJ := $(call obj,$(filter-out collector/main.c,$(wildcard collector/*.c collector/reports/*.c \
		   collector/exports/*.c)))
MAIN_OBJ      := $(call obj,$(wildcard collector/main.c))

LIBWIRE      := $(O)/libwire.a
LIBCOLLECTOR := $(O)/libcollector.a
LIBINJECT    := $(O)/libinject.a
LIBCUFLIGHT  := $(if $(INJECT_OBJ),$(O)/libcuflight.so)
CUFLIGHT     := $(if $(MAIN_OBJ),$(O)/cuflight)

UNIT     := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*_test.c))
BENCH    := $(patsubst %.c,$(O)/%,$(wildcard tests/bench/*.c))
FUZZERS  := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/*_fuzz.c))
PROGRAMS := $(patsubst %.c,$(O)/%,$(wildcard tests/programs/*.c))
EXAMPLES := $(if $(NVCC),$(patsubst %.cu,$(O)/%,$(wildcard examples/*.cu)))
CU_TESTS := $(if $(NVCC),$(patsubst %.cu,$(O)/%,$(wildcard tests/programs/*.cu)))
EXTRA      :=
TEST_EXTRA :=

.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all lib collector examples tests
all: lib collector examples

# After the default goal, before the rules that use EXTRA.
-include $(wildcard tests/*/build.mk)

all: $(EXTRA) $(if $(LIBCUFLIGHT),$(O)/include-check)
lib: $(LIBCUFLIGHT)
collector: $(CUFLIGHT)
examples: $(EXAMPLES)
tests: all $(UNIT) $(PROGRAMS) $(CU_TESTS) $(TEST_EXTRA)

# What is shipped starts on this glibc, whatever it was built on: it is linked against stand-ins for glibc
# (scripts/glibc-floor/stubs says how) in place of -lc and -lm. Not under sanitizers, which need the real one.
GLIBC_FLOOR := 2.28
FLOOR       := $(O)/glibc-floor
ifeq ($(SAN),)
FLOOR_STUBS := $(FLOOR)/libc.so.6
FLOOR_OLD   := $(FLOOR)/libold.a
FLOOR_START := $(call obj,scripts/glibc-floor/start.c)
SHIPPED_ZSTD := $(FLOOR)/libzstd.a
LD_SO       := $(wildcard $(foreach l,ld-linux-x86-64.so.2 ld-linux-aarch64.so.1,$(call archive,$(l))))
FLOOR_LIBC  := $(FLOOR_OLD) $(FLOOR)/libc.so.6 $(call archive,libc_nonshared.a) -lgcc -Wl,--as-needed $(LD_SO)
LIB_LIBC    := -nodefaultlibs $(FLOOR_LIBC)
EXE_LIBC    := -nodefaultlibs $(FLOOR_START) $(FLOOR)/libm.so.6 -Wl,--no-as-needed $(FLOOR)/libpthread.so.0 \
	       $(FLOOR)/libdl.so.2 $(FLOOR_LIBC)
else
SHIPPED_ZSTD := $(ZSTD_A)
LIB_LIBC    :=
EXE_LIBC    := -lpthread -ldl -lm
endif

# ------------------------------------------------------------------------------------------------ rules

$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CF_CPPFLAGS) $(CF_CFLAGS) $(CPPFLAGS) $(CFLAGS-$*) -MMD -MP -c -o $@ $<

# What runs in somebody else's process uses static thread-local storage: no call, no allocation, no lock.
$(WIRE_OBJ) $(INJECT_OBJ): CF_CFLAGS += -ftls-model=initial-exec -include wire/glibc_compat.h

# Rebuilt whole: an archive keeps members whose source is gone.
define ar-rule
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
endef
$(LIBWIRE): $(WIRE_OBJ)
	$(ar-rule)
$(LIBCOLLECTOR): $(COLLECTOR_OBJ)
	$(ar-rule)
$(LIBINJECT): $(INJECT_OBJ)
	$(ar-rule)

$(FLOOR_STUBS): scripts/glibc-floor/stubs
	$(call say,GEN,$@)
	$(Q)scripts/glibc-floor/stubs $(CC) $(FLOOR) $(GLIBC_FLOOR)
$(FLOOR)/libold.a: $(call obj,scripts/glibc-floor/stat.c scripts/glibc-floor/isoc23.c)
	$(ar-rule)
$(FLOOR)/libzstd.a: scripts/zstd-trim $(wildcard $(ZSTD_A))
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)scripts/zstd-trim $(CC) $(ZSTD_A) $@

EXPORT_MAP := $(wildcard libinject/libcuflight.map)
$(O)/libcuflight.so: $(INJECT_OBJ) $(LIBWIRE) $(EXPORT_MAP) $(FLOOR_STUBS) $(FLOOR_OLD) $(SHIPPED_ZSTD)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -o $@ $(INJECT_OBJ) $(LIBWIRE) $(SHIPPED_ZSTD) $(LIB_LIBC) $(CF_LDFLAGS) \
		-Wl,-soname,libcuflight.so $(if $(SAN),,-Wl$(comma)-z$(comma)defs) -Wl,--exclude-libs,ALL \
		$(if $(EXPORT_MAP),-Wl$(comma)--version-script=$(EXPORT_MAP))

COLLECTOR_ARCHIVES = $(LIBWIRE) $(SQLITE_A) $(JANSSON_A) $(ZSTD_A)
COLLECTOR_LIBS = $(COLLECTOR_ARCHIVES) -lpthread -ldl -lm

$(O)/cuflight: $(MAIN_OBJ) $(LIBCOLLECTOR) $(LIBWIRE) $(FLOOR_STUBS) $(FLOOR_OLD) $(FLOOR_START)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $(MAIN_OBJ) $(LIBCOLLECTOR) $(COLLECTOR_ARCHIVES) $(EXE_LIBC) $(CF_LDFLAGS)

# A unit test links what it tests statically: inject_NAME_test.c the injected library's objects, every other
# one the collector's.
$(O)/tests/unit/inject_%_test: $(O)/obj/tests/unit/inject_%_test.o $(LIBINJECT) $(LIBWIRE)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $< $(LIBINJECT) $(LIBWIRE) $(ZSTD_A) $(CF_LDFLAGS) -lcmocka -lpthread -ldl -lm

$(O)/tests/unit/%_test: $(O)/obj/tests/unit/%_test.o $(LIBCOLLECTOR) $(LIBWIRE)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $< $(LIBCOLLECTOR) $(COLLECTOR_LIBS) $(CF_LDFLAGS) -lcmocka

$(O)/tests/bench/%: $(O)/obj/tests/bench/%.o $(LIBCOLLECTOR) $(LIBWIRE)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $< $(LIBCOLLECTOR) $(COLLECTOR_LIBS) $(CF_LDFLAGS)

$(O)/tests/fuzz/%_fuzz: $(O)/obj/tests/fuzz/%_fuzz.o $(LIBCOLLECTOR) $(LIBWIRE)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -fsanitize=fuzzer -o $@ $< $(LIBCOLLECTOR) $(COLLECTOR_LIBS) $(CF_LDFLAGS)

# Programs that tests record. LDFLAGS-tests/programs/NAME and LDLIBS-tests/programs/NAME, set in a build.mk,
# are added for one of them.
$(O)/tests/programs/%: $(O)/obj/tests/programs/%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $< $(CF_LDFLAGS) $(LDFLAGS-tests/programs/$*) $(LDLIBS-tests/programs/$*) -lpthread -ldl -lm

# The runtime is linked dynamically: the simulated GPU stands in for it. PTX beside one real architecture:
# runs on everything from Turing on.
NVCC_FLAGS ?= -O2 -std=c++17 -gencode arch=compute_90,code=sm_90 -gencode arch=compute_75,code=compute_75
$(O)/%: %.cu
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(NVCC) -cudart shared $(NVCC_FLAGS) -Iinclude -I$(CUDA_HOME)/include -MMD -MF $@.d -o $@ $< \
		-L$(CUDA_HOME)/lib64 -Xlinker --enable-new-dtags -Xlinker -rpath,$(CUDA_HOME)/lib64 -ldl

# libinject/ and collector/ share only include/ and wire/. The dependency files know what was really included.
$(O)/include-check: $(INJECT_OBJ) $(WIRE_OBJ) $(COLLECTOR_OBJ) $(MAIN_OBJ)
	$(call say,CHECK,includes)
	$(Q)scripts/include-check $(O)
	@touch $@

# ------------------------------------------------------------------------------------------------ running

.PHONY: setup test unit demo bench soak fuzz
setup:
	@scripts/setup

# Setting up may find CUDA, which this make has not read yet: the rest is a make of its own.
test: setup
	@$(MAKE) --no-print-directory O=$(O) tests
	@CUFLIGHT_BUILD=$(O) tests/run $(TESTS)

unit: $(UNIT)
	@CUFLIGHT_BUILD=$(O) tests/run unit

demo:
	@scripts/setup --demo
	@$(MAKE) --no-print-directory O=$(O) all
	@scripts/demo $(O)

bench: $(BENCH) $(PROGRAMS) all
	@CUFLIGHT_BUILD=$(abspath $(O)) CUFLIGHT_ROOT=$(CURDIR) tests/bench/run
soak: tests
	@CUFLIGHT_BUILD=$(abspath $(O)) CUFLIGHT_ROOT=$(CURDIR) tests/soak/run

# FUZZ=1 with clang instruments everything; the goal itself builds that way in a directory of its own.
FUZZ_SECONDS ?= 20
ifeq ($(FUZZ),)
fuzz:
	@$(MAKE) --no-print-directory O=$(O)/fuzz CC=clang SAN=address,undefined FUZZ=1 fuzz
else
fuzz: $(FUZZERS)
	@scripts/fuzz $(O) $(FUZZ_SECONDS)
endif

# ------------------------------------------------------------------------------------------------ checking

C_FILES  = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.cu' '*.cuh' 2>/dev/null)
SH_FILES = $(shell git grep --untracked -lE '^\#!.*\b(ba)?sh\b' 2>/dev/null) $(wildcard scripts/*.sh)

.PHONY: format format-check shellcheck lint
format:
	clang-format -i $(C_FILES)
format-check:
	@clang-format --dry-run -Werror $(C_FILES)
shellcheck:
	@shellcheck -x -S warning $(sort $(SH_FILES))
# The counts of warnings in system headers, which are not shown, come on stderr.
LINT_FILES = $(filter wire/%.c libinject/%.c collector/%.c tests/unit/%.c,$(C_FILES))
lint:
	@mkdir -p $(O)
	@printf '%s\n' $(LINT_FILES) | xargs -P 2 -n 6 sh -c 'clang-tidy --quiet "$$@" -- $(subst ",\",$(subst ',,$(CF_CPPFLAGS))) \
		-std=gnu11' - 2>$(O)/lint.err || { grep -v ' generated' $(O)/lint.err; exit 1; }

# ------------------------------------------------------------------------------------------------ shipping

.PHONY: install dist clean help
install: lib collector
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/cuflight
	install -s -m 755 $(O)/cuflight $(DESTDIR)$(PREFIX)/bin/
	install -s -m 755 $(O)/libcuflight.so $(DESTDIR)$(PREFIX)/lib/
	install -m 644 $(wildcard include/cuflight/*.h) $(DESTDIR)$(PREFIX)/include/cuflight/

dist: lib collector
	@scripts/dist $(O) $(VERSION)

clean:
	rm -rf $(O)

help:
	@echo 'make             library, collector, simulated GPU, examples (with nvcc), into $(O)/'
	@echo 'make demo        set up, build, record examples/decode (simulated where there is no GPU)'
	@echo 'make test        set up, build, run the tests       TESTS="PART_OF_NAME ..." runs some'
	@echo 'make unit        build and run the unit tests only, for SAN='
	@echo 'make bench|soak  measure; run the long tests'
	@echo 'make fuzz        each fuzzer for FUZZ_SECONDS=20, with clang'
	@echo 'make lib|collector|examples|tests   build one part'
	@echo 'make format|format-check|shellcheck|lint'
	@echo 'make install     PREFIX=$(PREFIX) DESTDIR='
	@echo 'make dist        dist/cuflight-$(VERSION)-linux-ARCH.tar.gz, for any machine with glibc $(GLIBC_FLOOR)'
	@echo 'make clean       remove $(O)/'
	@echo
	@echo 'O=DIR            build there                        CC=clang       compiler'
	@echo 'SAN=address,undefined  or SAN=thread                WERROR=1       warnings are errors'
	@echo 'V=1              show commands                      CUDA_HOME=DIR  toolkit for .cu files'

-include $(shell find $(O) -name '*.d' 2>/dev/null)
