# SPDX-License-Identifier: Apache-2.0
# Units, fuzz targets, modules with faults, lwcred-backend-check, what scenarios need, benchmarks.

UNIT_SRC := $(shell find tests/unit -name 'test_*.c' | LC_ALL=C sort)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
# Tests of a backend that is not built are not, either.
OF_LACKING := $(if $(LACKING),$(shell grep -lE $(LACKING:%=-e '"backends/%/') $(UNIT_SRC) $(FUZZ_SRC)))
UNIT_SRC := $(filter-out $(OF_LACKING),$(UNIT_SRC))
FUZZ_SRC := $(filter-out $(OF_LACKING),$(FUZZ_SRC))
# The race detector is for tests in which threads meet.
ifeq ($(SAN),thread)
UNIT_SRC := $(shell grep -l pthread_create $(UNIT_SRC)) $(filter tests/unit/flight/%,$(UNIT_SRC))
FUZZ_SRC :=
T := $(if $(T),$(T),test_)
endif

UNIT := $(patsubst %.c,$(O)/tests/%,$(notdir $(UNIT_SRC)))
$(if $(filter-out $(words $(UNIT)),$(words $(sort $(UNIT)))),$(error two files of tests/unit have one name))
FUZZ := $(patsubst tests/fuzz/%.c,$(O)/tests/%,$(FUZZ_SRC))
TESTMOD := $(patsubst tests/modules/%.c,$(O)/tests/modules/%.so,$(call sources,tests/modules))
TOOLS := $(patsubst tests/tools/%.c,$(O)/tests/%,$(call sources,tests/tools))
CONTRACT := $(O)/tests/lwcred-backend-check
BENCH := $(patsubst tests/bench/%.c,$(O)/bench/%,$(call sources,tests/bench))
# Asked for only where tests are linked: who only builds has no cmocka.
LIBS_CMOCKA = $(eval LIBS_CMOCKA := $(call libs_of,cmocka))$(LIBS_CMOCKA)
LIBS_CXX := $(if $(CXX_BACKENDS),-lstdc++)

# A unit test may use every object of the project; "__wrap_NAME(" in it, or in a fake of tests/support whose
# header it includes, wraps NAME.
$(eval $(call archive,support,$(call sources,tests/support)))
$(eval $(call archive,backends,$(foreach b,$(BACKENDS),$(filter-out %/$(b).c,$(call sources,backends/$(b))))))
TEST_LIBS := $(call lib,support helper host backends core api net base) $(PATHS_OF_BUILD)
$(call obj,$(UNIT_SRC) $(call sources,tests/bench)): PKG_CFLAGS := $(CFLAGS_CURL)
fakes_of = $(shell sed -n 's!^\#include "\(tests/support/fake_library\)\.h"$$!\1.c!p' $(1))
wraps_of = $(shell sed -n 's/.*__wrap_\([A-Za-z0-9_]*\)$(lparen).*/-Wl,--wrap=\1/p' $(1) $(fakes_of) | sort -u)
define link_test
	$(link_program) $(filter %.o,$(filter-out $(PATHS_OF_BUILD),$^)) $(1) -Wl,--start-group $(TEST_LIBS) -Wl,--end-group \
		$(2) $(LIBS_CORE) $(LIBS_NET) $(LIBS_CXX) -ldl
endef
define unit
$(O)/tests/$(basename $(notdir $(1))): $(call obj,$(1)) $(TEST_LIBS) $(CURL_A)
	$$(call link_test,$$(call wraps_of,$(1)),$$(LIBS_CMOCKA))
endef
$(foreach test,$(UNIT_SRC),$(eval $(call unit,$(test))))
$(FUZZ): $(O)/tests/%: $(O)/obj/tests/fuzz/%.o $(O)/obj/tests/fuzz/replay.o $(TEST_LIBS) $(CURL_A)
	$(link_test)
$(TESTMOD): $(O)/tests/modules/%.so: $(O)/obj/tests/modules/%.o
	$(link_shared) $<
NET_ALONE := $(O)/tests/net-alone
$(filter-out $(NET_ALONE),$(TOOLS)): $(O)/tests/%: $(O)/obj/tests/tools/%.o $(CORE_LIBS) $(PATHS_OF_BUILD)
	$(link_program) $^ $(LIBS_CORE) -ldl
# All of core/net with core/base and nothing else, no unused part left out: what the fleet links.
$(NET_ALONE): $(O)/obj/tests/tools/net-alone.o $(call lib,net base) $(CURL_A)
	$(link_program) -Wl,--no-gc-sections $< -Wl,--whole-archive $(call lib,net) -Wl,--no-whole-archive \
		$(call lib,base) $(LIBS_NET) -ldl
$(eval $(call program,tests,lwcred-backend-check,$(call obj,$(call sources,tests/contract)) $(CORE_LIBS),$$(LIBS_STATIC)))
$(call installed,755,BINDIR,$(O)/install/lwcred-backend-check)

# With T only those programs that it names are built.
named_by_T = $(if $(T),$(foreach p,$(1),$(if $(strip $(foreach t,$(T),$(findstring $(t),$(notdir $(p))))),$(p))),$(1))
tests: all $(call named_by_T,$(UNIT) $(FUZZ)) $(TESTMOD) $(TOOLS) $(CONTRACT)

RUN_TESTS = O='$(abspath $(O))' CC='$(CC)' SAN='$(SAN)' AS_USER='$(AS_USER)' tests/run.sh $(T)
# A finding of the style, in which newer tools may have another taste, keeps no test from running.
check: tests
	$(Q)style=0; $(MAKE) --no-print-directory style || style=1; $(RUN_TESTS) && exit $$style

test: tests
	$(Q)$(RUN_TESTS)

check-valgrind: tests
	$(Q)WRAPPER=valgrind $(RUN_TESTS)

# The same on another Debian release (RELEASE=trixie), or for another machine (ARCH=arm64).
RELEASE ?= $(shell . /etc/os-release && echo $$VERSION_CODENAME)
check-on:
	$(Q)T='$(T)' BUILD='$(BUILD)' tests/check-on.sh '$(RELEASE)' $(ARCH)

# One minute of real fuzzing for each target, from the corpus in the tree.
fuzz:
	$(Q)tests/fuzz/run.sh

# Speed, in an optimised build of its own; tests/bench/README says what is measured and how.
$(O)/bench/measure: LINK_MODE := -static
$(O)/bench/openssl_post: BENCH_LIBS := $(call libs_of,openssl)
$(O)/bench/curl_call: BENCH_LIBS := $(LIBS_CURL)
$(O)/bench/curl_call: $(CURL_A)
$(O)/bench/threads: BENCH_LIBS := $(LIBSO) -Wl,-rpath,'$$ORIGIN/../lib'
$(O)/bench/threads: $(LIBSO)
$(O)/bench/grow_store: BENCH_LIBS := $(call lib,backends base) $(LIBS_CORE)
$(O)/bench/grow_store: $(call lib,backends base)
$(BENCH): $(O)/bench/%: $(O)/obj/tests/bench/%.o
	$(link_program) $(filter %.o,$^) $(BENCH_LIBS)

bench-programs: all $(BENCH)
bench:
	$(Q)$(MAKE) --no-print-directory BUILD='$(BUILD)/bench' CFLAGS=-O2 SAN= bench-programs
	$(Q)O='$(abspath $(BUILD))/bench/$(CCNAME)-plain' CURL='$(CURL)' tests/bench/bench.py $(BENCH_ARGS)
