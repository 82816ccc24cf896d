# SPDX-License-Identifier: Apache-2.0
# lwcred: the only makefile.  "make help" lists targets and knobs.

CC = gcc
# The C++ compiler that goes with CC: gcc-13 and g++-13, clang and clang++.
CXX = $(subst clang,clang++,$(subst gcc,g++,$(CC)))
CFLAGS ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)
CPPFLAGS ?=
LDFLAGS ?=
PKG_CONFIG ?= pkg-config
INSTALL ?= install
LDCONFIG ?= /sbin/ldconfig
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
DESTDIR ?=
SAN ?=
WERROR ?= 0
STATIC ?= 1
CURL ?=
V ?=
T ?=
AS_USER ?=
BUILD ?= build

comma := ,
lparen := (
CCNAME := $(notdir $(firstword $(CC)))
O := $(BUILD)/$(CCNAME)-$(if $(SAN),$(subst $(comma),+,$(SAN)),plain)
VERSION := $(shell sed -n 's/^\#define LWC_VERSION "\(.*\)"/\1/p' core/include/lwcred/types.h)
SOMAJOR := 0
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(patsubst $(O)/%,%,$@)')

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wcast-qual -Wwrite-strings -Wundef -Wnull-dereference -Wpointer-arith -Wimplicit-fallthrough \
	$(if $(filter 1,$(WERROR)),-Werror)
# Flags that not every compiler and machine has: those that this one takes.
TRY_FLAGS := -fcf-protection -mbranch-protection=standard -fstack-clash-protection -ffile-prefix-map=/there=.
TAKEN := $(if $(filter help clean,$(MAKECMDGOALS)),,$(shell contrib/try-flags.sh '$(O)/try-flags' '$(CC)' $(TRY_FLAGS)))
# Objects do not depend on the folder in which they are made.
TAKEN := $(patsubst -ffile-prefix-map=%,-ffile-prefix-map='$(CURDIR)'=.,$(TAKEN))
# Without optimisation the C library warns, and who asks for another level gets that.
FORTIFY := $(if $(or $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),$(filter -O0,$(lastword -O0 $(filter -O%,$(CFLAGS))))),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN := -fstack-protector-strong -fno-strict-aliasing $(TAKEN) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer,$(FORTIFY))
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -ffunction-sections \
	-fdata-sections -pthread $(WARN) $(HARDEN) -Icore/include -Icore -I.
# C++, in one module: without the warnings that are for C alone, and without the two checks of the
# sanitisers whose run-time parts are in C++ and not in the programs of the tests.
BASE_CXXFLAGS := -std=c++17 $(filter-out -std=% -Wstrict-prototypes -Wmissing-prototypes,$(BASE_CFLAGS)) \
	-Wmissing-declarations -fvisibility-inlines-hidden -D_GLIBCXX_ASSERTIONS $(if $(SAN),-fno-sanitize=vptr$(if $(findstring clang,$(CXX)),$(comma)function))
BASE_LDFLAGS := -pthread $(filter -ffile-prefix-map=%,$(TAKEN)) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections \
	$(if $(SAN),-fsanitize=$(SAN))
SHARED_LDFLAGS := -shared $(if $(SAN),,-Wl,-z,defs)

cflags_of = $(shell $(PKG_CONFIG) --cflags $(1))
libs_of = $(shell $(PKG_CONFIG) --libs $(1))
LIBS_CORE := $(call libs_of,libsodium libkeyutils)
# The program starts hundreds of times an hour: what it always needs is linked into it.
LIBS_HELPER := $(if $(filter 1,$(STATIC)),-l:libsodium.a -l:libkeyutils.a,$(LIBS_CORE))
LIBS_HOST := $(if $(filter 1,$(STATIC)),-l:libsodium.a,$(call libs_of,libsodium))
# CURL=DIRECTORY: a libcurl that was built for us alone (contrib/libcurl), linked into net.so.
ifneq ($(CURL),)
CURL_A := $(wildcard $(CURL)/lib/libcurl.a)
$(if $(CURL_A),,$(error CURL=$(CURL): no lib/libcurl.a there; contrib/libcurl/build.sh makes it))
endif
CURL_CONFIG := $(if $(CURL),PKG_CONFIG_LIBDIR='$(abspath $(CURL))/lib/pkgconfig' $(PKG_CONFIG) --static,$(PKG_CONFIG))
CFLAGS_CURL := $(patsubst -I%,-isystem %,$(shell $(CURL_CONFIG) --cflags libcurl))
LIBS_CURL := $(shell $(CURL_CONFIG) --libs libcurl)
LIBS_NET := $(LIBS_CURL) $(call libs_of,libcjson libsodium libssl libcrypto)
# Asked for only where tests are linked: who only builds has no cmocka.
LIBS_CMOCKA = $(eval LIBS_CMOCKA := $(call libs_of,cmocka))$(LIBS_CMOCKA)

# What is built, from what.
BASE_SRC := $(filter-out core/base/paths.c,$(wildcard core/base/*.c))
# core/api is loaded with core/net on the first exchange, all but the loader itself.
NET_SRC := $(wildcard core/net/*.c) $(filter-out core/api/load.c,$(wildcard core/api/*.c))
# Backends that are linked in (core/module/builtin.c) and those that are modules.
BUILTIN := env
CORE_SRC := $(wildcard $(patsubst %,core/%/*.c,conf module remote stack cache flight token library)) \
	core/api/load.c $(wildcard $(BUILTIN:%=backends/%/*.c))
HOST_SRC := $(wildcard core/host/*.c)
HELPER_SRC := $(wildcard plugins/helper/*.c plugins/helper/commands/*.c plugins/format/*.c)
BACKENDS := $(notdir $(patsubst %/,%,$(dir $(wildcard backends/*/*.c))))
BACKENDS := $(filter-out $(BUILTIN),$(sort $(BACKENDS)))
# The packages that a backend needs beyond libsodium, which see its folder only.
PKGS_secret-service := libsecret-1
PKGS_lacework-cli := tomlplusplus
LACKING := $(foreach b,$(BACKENDS),$(if $(PKGS_$(b)),$(shell $(PKG_CONFIG) --exists $(PKGS_$(b)) || echo $(b))))
# Backends with a part in C++, which hold their own copy of its library.
CXX_BACKENDS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard backends/*/*.cpp)))))
HAS_CXX := $(if $(CXX_BACKENDS),$(shell command -v $(firstword $(CXX)) 2>/dev/null))
LACKING := $(sort $(LACKING) $(if $(HAS_CXX),,$(CXX_BACKENDS)))
CXX_BACKENDS := $(filter-out $(LACKING),$(CXX_BACKENDS))
BACKENDS := $(filter-out $(LACKING),$(BACKENDS))
$(foreach b,$(LACKING),$(info not built: backend $(b), which needs $(PKGS_$(b))$(if $(wildcard backends/$(b)/*.cpp), and $(CXX))))
UNIT_SRC := $(shell find tests/unit -name 'test_*.c' | sort)
# Tests of a backend that is not built are not, either.
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
OF_LACKING := $(if $(LACKING),$(shell grep -lE $(LACKING:%=-e '"backends/%/') $(UNIT_SRC) $(FUZZ_SRC)))
UNIT_SRC := $(filter-out $(OF_LACKING),$(UNIT_SRC))
FUZZ_SRC := $(filter-out $(OF_LACKING),$(FUZZ_SRC))
# The race detector is for tests in which threads meet.
ifeq ($(SAN),thread)
UNIT_SRC := $(filter %/test_arena.c %/test_child.c %/test_context.c %/test_load.c %/test_buffer.c %/test_buffer.c %/test_threads.c tests/unit/flight/%,$(UNIT_SRC))
FUZZ_SRC :=
T := $(if $(T),$(T),test_)
endif
TESTMOD_SRC := $(wildcard tests/modules/*.c)
SECCOMP_RUN_SRC := tests/support/seccomp-run.c
KEEP_SRC := tests/support/keep.c
SUPPORT_SRC := $(filter-out $(SECCOMP_RUN_SRC) $(KEEP_SRC),$(wildcard tests/support/*.c))

obj = $(patsubst %.c,$(O)/obj/%.o,$(1:.cpp=.c))
backend_src = $(wildcard backends/$(1)/*.c backends/$(1)/*.cpp)
HELPER := $(O)/bin/lw-credential-helper
HOST := $(O)/libexec/lwcred/lwcred-backend-host
LIBSO := $(O)/lib/liblwcred.so.$(VERSION)
MODULES := $(BACKENDS:%=$(O)/lib/lwcred/backends/%.so)
NETSO := $(O)/lib/lwcred/net.so
UNIT := $(patsubst %.c,$(O)/tests/%,$(notdir $(UNIT_SRC)))
FUZZ := $(patsubst tests/fuzz/%.c,$(O)/tests/%,$(FUZZ_SRC))
TESTMOD := $(patsubst tests/modules/%.c,$(O)/tests/modules/%.so,$(TESTMOD_SRC))
CONTRACT := $(O)/tests/lwcred-backend-check
SECCOMP_RUN := $(O)/tests/seccomp-run
KEEP := $(O)/tests/keep

.PHONY: all check check-on test check-valgrind install uninstall installcheck clean help demo fmt fmt-check \
	style tests fuzz bench bench-programs abi-check abi-update FORCE
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

all: $(HELPER) $(HOST) $(LIBSO) $(MODULES) $(NETSO) $(O)/lwcred.pc

help:
	@echo 'Targets: all (default), check, test (check without the style), check-valgrind, install, uninstall, installcheck, clean,'
	@echo '         demo, fmt, fmt-check, style, fuzz, bench, abi-check, abi-update, help'
	@echo 'Knobs:   CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PKG_CONFIG LDCONFIG PREFIX BINDIR LIBDIR LIBEXECDIR INCLUDEDIR'
	@echo '         MANDIR SYSCONFDIR DESTDIR BUILD=dir SAN=address,undefined WERROR=0|1 V=1'
	@echo '         SAN=thread (make check: the race detector over the tests in which threads meet)'
	@echo '         STATIC=0|1 (1: libsodium and libkeyutils are linked into the program)'
	@echo '         CURL=dir (a libcurl for HTTPS alone, made by contrib/libcurl, is linked into net.so)'
	@echo '         FUZZ_SECONDS=60 (make fuzz: time for each target), FUZZ_SECONDS_conf=60 (for fuzz_conf)'
	@echo '         BENCH_ARGS=--rounds=N (make bench)'
	@echo '         T=pattern (make check: only the tests whose name matches)'
	@echo '         RELEASE=trixie or ARCH=arm64, s390x (make check-on, as root: in a fresh Debian)'
	@echo '         AS_USER=name (make check as root: the tests run as that user)'
	@echo 'Now:     CC=$(CC) PREFIX=$(PREFIX) output in $(O)'

# Flags: everything is rebuilt when they change.
FLAGS := $(STATIC) $(LIBS_CURL) $(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) $(CXX) $(BASE_CXXFLAGS) $(CXXFLAGS) $(BASE_LDFLAGS) $(LDFLAGS)
PATHS_BUILD := -DLWC_LIB_DIR='"$(abspath $(O))/lib/lwcred"' -DLWC_SYSCONF_DIR='"$(SYSCONFDIR)/lwcred"' \
	-DLWC_LIBEXEC_DIR='"$(abspath $(O))/libexec/lwcred"'
PATHS_INSTALL := -DLWC_LIB_DIR='"$(LIBDIR)/lwcred"' -DLWC_SYSCONF_DIR='"$(SYSCONFDIR)/lwcred"' \
	-DLWC_LIBEXEC_DIR='"$(LIBEXECDIR)/lwcred"'

stamp = $(shell mkdir -p $(O); echo '$(subst ','\'',$(2))' >$(O)/$(1).new; \
	cmp -s $(O)/$(1).new $(O)/$(1) && rm -f $(O)/$(1).new || mv $(O)/$(1).new $(O)/$(1))
ifeq ($(filter help clean,$(MAKECMDGOALS)),)
$(call stamp,flags.stamp,$(FLAGS))
$(call stamp,paths.stamp,$(PATHS_BUILD) $(PATHS_INSTALL))
endif

$(O)/obj/%.o: %.c $(O)/flags.stamp
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/obj/%.o: %.cpp $(O)/flags.stamp
	$(call say,CXX)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(BASE_CXXFLAGS) $(filter-out -D%,$(PKG_CFLAGS)) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(call obj,core/net/http.c core/net/http_failure.c tests/bench/curl_post.c tests/unit/net/test_http_program.c): PKG_CFLAGS := $(CFLAGS_CURL)
define pkg_cflags
$(O)/obj/backends/$(1)/%.o: PKG_CFLAGS := $(patsubst -I%,-isystem %,$(call cflags_of,$(PKGS_$(1))))
endef
$(foreach b,$(BACKENDS),$(if $(PKGS_$(b)),$(eval $(call pkg_cflags,$(b)))))

# The same file twice: paths of this build tree for the tests, and those of the installation.
$(O)/obj/core/paths-build.o: core/base/paths.c $(O)/flags.stamp $(O)/paths.stamp
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) $(PATHS_BUILD) -MMD -MP -c -o $@ $<

$(O)/obj/core/paths-install.o: core/base/paths.c $(O)/flags.stamp $(O)/paths.stamp
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) $(PATHS_INSTALL) -MMD -MP -c -o $@ $<

define archive
	$(call say,AR)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $^
endef
$(O)/obj/libbase.a: $(call obj,$(BASE_SRC))
	$(archive)
$(O)/obj/libcore.a: $(call obj,$(CORE_SRC))
	$(archive)
$(O)/obj/libnet.a: $(call obj,$(NET_SRC))
	$(archive)
$(O)/obj/libhelper.a: $(call obj,$(filter-out %/main.c,$(HELPER_SRC)))
	$(archive)
$(O)/obj/libhost.a: $(call obj,$(filter-out %/main.c,$(HOST_SRC)))
	$(archive)
$(O)/obj/libsupport.a: $(call obj,$(SUPPORT_SRC))
	$(archive)

define link_program
	$(call say,LD)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE_LDFLAGS) -pie $(LDFLAGS) -o $@
endef

CORE_LIBS := $(O)/obj/libcore.a $(O)/obj/libbase.a
$(HELPER): $(call obj,plugins/helper/main.c) $(O)/obj/libhelper.a $(CORE_LIBS) $(O)/obj/core/paths-build.o
	$(link_program) $^ $(LIBS_HELPER) -ldl
$(O)/install/lw-credential-helper: $(call obj,plugins/helper/main.c) $(O)/obj/libhelper.a $(CORE_LIBS) $(O)/obj/core/paths-install.o
	$(link_program) $^ $(LIBS_HELPER) -ldl

HOST_LIBS := $(O)/obj/libhost.a $(CORE_LIBS)
$(HOST): $(call obj,core/host/main.c) $(HOST_LIBS) $(O)/obj/core/paths-build.o
	$(link_program) $^ $(LIBS_HOST) -ldl
	$(Q)chmod go-w $@ $(@D)
$(O)/install/lwcred-backend-host: $(call obj,core/host/main.c) $(HOST_LIBS) $(O)/obj/core/paths-install.o
	$(link_program) $^ $(LIBS_HOST) -ldl

LINKER = $(CC)
define link_shared
	$(call say,LD)
	$(Q)mkdir -p $(@D) && chmod go-w $(@D)
	$(Q)$(LINKER) $(BASE_LDFLAGS) $(SHARED_LDFLAGS) $(LDFLAGS) -o $@
endef
LIBSO_LINK = -Wl,-soname,liblwcred.so.$(SOMAJOR) -Wl,--version-script=core/liblwcred.map \
	-Wl,--whole-archive $(O)/obj/libcore.a -Wl,--no-whole-archive $(O)/obj/libbase.a
$(LIBSO): $(CORE_LIBS) $(O)/obj/core/paths-build.o core/liblwcred.map
	$(link_shared) $(LIBSO_LINK) $(O)/obj/core/paths-build.o $(LIBS_CORE) -ldl
	$(Q)ln -sf $(@F) $(@D)/liblwcred.so.$(SOMAJOR)
	$(Q)ln -sf $(@F) $(@D)/liblwcred.so
$(O)/install/liblwcred.so.$(VERSION): $(CORE_LIBS) $(O)/obj/core/paths-install.o core/liblwcred.map
	$(link_shared) $(LIBSO_LINK) $(O)/obj/core/paths-install.o $(LIBS_CORE) -ldl

$(NETSO): $(O)/obj/libnet.a $(O)/obj/libbase.a core/api/net.map $(CURL_A)
	$(link_shared) -Wl,--version-script=core/api/net.map -Wl,--whole-archive $(O)/obj/libnet.a \
		-Wl,--no-whole-archive $(O)/obj/libbase.a $(LIBS_NET)
	$(Q)chmod go-w $@

# C++ and its library stay inside the module: no version of it meets that of the program, and what
# it frees is wiped (backends/lacework-cli/toml.cpp).
CXX_MODULES := $(CXX_BACKENDS:%=$(O)/lib/lwcred/backends/%.so)
$(CXX_MODULES): LINKER = $(CXX) -static-libstdc++ -static-libgcc

# One rule for all backends.
.SECONDEXPANSION:
$(MODULES): $(O)/lib/lwcred/backends/%.so: $$(call obj,$$(call backend_src,$$*)) $(O)/obj/libbase.a backends/backend.map
	$(link_shared) -Wl,--version-script=backends/backend.map $(filter %.o,$^) $(O)/obj/libbase.a \
		$(call libs_of,libsodium $(if $(filter $*,$(CXX_BACKENDS)),,$(PKGS_$*)))
	$(Q)chmod go-w $@

$(O)/lwcred.pc: core/lwcred.pc.in core/include/lwcred/types.h $(O)/paths.stamp
	$(call say,GEN)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@BINDIR@|$(BINDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' $< >$@

# Tests.  A unit test may use every object of the project; "__wrap_NAME(" in it wraps NAME.
ALL_BACKEND_OBJ := $(foreach b,$(BACKENDS),$(filter-out %/$(b).o,$(call obj,$(call backend_src,$(b)))))
LIBS_CXX := $(if $(CXX_BACKENDS),-lstdc++)
$(O)/obj/libbackends.a: $(ALL_BACKEND_OBJ)
	$(archive)
TEST_LIBS := $(O)/obj/libsupport.a $(O)/obj/libhelper.a $(O)/obj/libhost.a $(O)/obj/libbackends.a $(O)/obj/libcore.a \
	$(O)/obj/libnet.a $(O)/obj/libbase.a $(O)/obj/core/paths-build.o
wraps_of = $(shell sed -n 's/.*__wrap_\([A-Za-z0-9_]*\)$(lparen).*/-Wl,--wrap=\1/p' $(1) | sort -u)
define link_unit
$(O)/tests/$(basename $(notdir $(1))): $(call obj,$(1)) $(TEST_LIBS)
	$$(link_program) $$< $$(call wraps_of,$(1)) -Wl,--start-group $$(TEST_LIBS) -Wl,--end-group \
		$$(LIBS_CMOCKA) $$(LIBS_CORE) $$(LIBS_NET) $$(LIBS_CXX) -ldl
endef
$(foreach test,$(UNIT_SRC),$(eval $(call link_unit,$(test))))
$(FUZZ): $(O)/tests/%: $(O)/obj/tests/fuzz/%.o $(O)/obj/tests/fuzz/replay.o $(TEST_LIBS)
	$(link_program) $< $(O)/obj/tests/fuzz/replay.o -Wl,--start-group $(TEST_LIBS) -Wl,--end-group \
		$(LIBS_CORE) $(LIBS_NET) $(LIBS_CXX) -ldl
$(UNIT) $(FUZZ) $(O)/bench/curl_post: $(CURL_A)
$(TESTMOD): $(O)/tests/modules/%.so: $(O)/obj/tests/modules/%.o
	$(link_shared) $<
	$(Q)chmod go-w $@
CONTRACT_OBJ := $(call obj,$(wildcard tests/contract/*.c))
$(CONTRACT): $(CONTRACT_OBJ) $(CORE_LIBS) $(O)/obj/core/paths-build.o
	$(link_program) $^ $(LIBS_HELPER) -ldl
$(O)/install/lwcred-backend-check: $(CONTRACT_OBJ) $(CORE_LIBS) $(O)/obj/core/paths-install.o
	$(link_program) $^ $(LIBS_HELPER) -ldl

$(SECCOMP_RUN): $(call obj,$(SECCOMP_RUN_SRC))
	$(link_program) $^
$(KEEP): $(call obj,$(KEEP_SRC)) $(CORE_LIBS) $(O)/obj/core/paths-build.o
	$(link_program) $^ $(LIBS_CORE) -ldl

# With T only those programs that it names are built.
named_by_T = $(if $(T),$(foreach p,$(1),$(if $(strip $(foreach t,$(T),$(findstring $(t),$(notdir $(p))))),$(p))),$(1))
tests: all $(call named_by_T,$(UNIT) $(FUZZ)) $(TESTMOD) $(SECCOMP_RUN) $(KEEP) $(CONTRACT)

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

style: fmt-check
	$(Q)tests/checks/style.sh
	@echo 'style: nothing found'

C_FILES = $(shell find core backends plugins tests contrib -name '*.[ch]' -o -name '*.cpp')
fmt:
	$(Q)clang-format -i $(C_FILES)
# Each version of clang-format has a taste of its own; the project has that of one.
CLANG_FORMAT_MAJOR := 14
fmt-check:
	$(Q)major=$$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/'); \
	if [ "$$major" = $(CLANG_FORMAT_MAJOR) ]; then clang-format --dry-run --Werror $(C_FILES); \
	else echo "style: formats are not judged: this is clang-format $$major, the project's is $(CLANG_FORMAT_MAJOR)"; fi

# One minute of real fuzzing for each target, from the corpus in the tree.
fuzz:
	$(Q)tests/fuzz/run.sh

# Speed, in an optimised build of its own; tests/bench/README says what is measured and how.
BENCH := $(addprefix $(O)/bench/,measure openssl_post curl_post threads grow_store)
$(O)/bench/measure: $(O)/obj/tests/bench/measure.o
	$(call say,LD)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -static $(LDFLAGS) -o $@ $<
$(O)/bench/openssl_post: $(O)/obj/tests/bench/openssl_post.o
	$(link_program) $< $(call libs_of,openssl)
$(O)/bench/curl_post: $(O)/obj/tests/bench/curl_post.o
	$(link_program) $< $(LIBS_CURL)
$(O)/bench/threads: $(O)/obj/tests/bench/threads.o $(LIBSO)
	$(link_program) $< $(LIBSO) -Wl,-rpath,'$$ORIGIN/../lib'
$(O)/bench/grow_store: $(O)/obj/tests/bench/grow_store.o $(O)/obj/libbackends.a $(O)/obj/libbase.a
	$(link_program) $^ $(LIBS_CORE)

bench-programs: all $(BENCH)
bench:
	$(Q)$(MAKE) --no-print-directory BUILD='$(BUILD)/bench' CFLAGS=-O2 SAN= bench-programs
	$(Q)O='$(abspath $(BUILD))/bench/$(CCNAME)-plain' CURL='$(CURL)' tests/bench/bench.py $(BENCH_ARGS)

# The ABI of both public headers, as core/abi/*.abi has it on record; core/liblwcred.map says what
# may change.  Built here whatever CC and SAN are, so that the record depends on the source alone.
ABI_CC ?= gcc
ABI_DIR := $(BUILD)/abi
ABI_CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -Icore/include -Icore -I. -g -O0
ABI_LIB_OBJ := $(patsubst %.c,$(ABI_DIR)/%.o,$(CORE_SRC) $(BASE_SRC) core/base/paths.c)
ABIDW := abidw --headers-dir core/include --drop-private-types --exported-interfaces-only \
	--no-show-locs --no-corpus-path --no-comp-dir-path --no-elf-needed --no-architecture
$(ABI_DIR)/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(ABI_CC) $(ABI_CFLAGS) $(PATHS_INSTALL) -MMD -MP -c -o $@ $<
$(ABI_DIR)/liblwcred.so: $(ABI_LIB_OBJ) core/liblwcred.map
	$(Q)$(ABI_CC) -shared -Wl,-soname,liblwcred.so.$(SOMAJOR) -Wl,--version-script=core/liblwcred.map \
		-o $@ $(ABI_LIB_OBJ) $(LIBS_CORE) -ldl
$(ABI_DIR)/backend.so: $(ABI_DIR)/core/abi/backend.o
	$(Q)$(ABI_CC) -shared -o $@ $<
$(ABI_DIR)/%.abi: $(ABI_DIR)/%.so
	$(Q)$(ABIDW) --out-file $@ $<

# From 2.6 on abidiff takes a changed size of an object, which is a changed limit here, for harmless.
ABIDIFF := abidiff --harmless
ABI_NAMES := liblwcred backend
abi-check: $(ABI_NAMES:%=$(ABI_DIR)/%.abi)
	$(Q)for name in $(ABI_NAMES); do \
		$(ABIDIFF) core/abi/$$name.abi $(ABI_DIR)/$$name.abi || { \
		echo "the ABI is not what core/abi/$$name.abi says; if that is meant: make abi-update" >&2; exit 1; }; done

abi-update: $(ABI_NAMES:%=$(ABI_DIR)/%.abi)
	$(Q)cp $^ core/abi/

demo: all
	$(Q)O='$(abspath $(O))' contrib/demo.sh

clean:
	rm -rf $(BUILD)

# Installation: directories are made, files have fixed modes, uninstall removes the same names.
MAN1 := $(wildcard docs/*.1)
MAN3 := $(wildcard docs/*.3)
MAN5 := $(wildcard docs/*.5)
MAN7 := $(wildcard docs/*.7)
MAN8 := $(wildcard docs/*.8)
D = $(DESTDIR)
install: all $(O)/install/lw-credential-helper $(O)/install/lwcred-backend-check \
		$(O)/install/lwcred-backend-host $(O)/install/liblwcred.so.$(VERSION)
	$(INSTALL) -d '$(D)$(BINDIR)' '$(D)$(LIBEXECDIR)/lwcred' '$(D)$(LIBDIR)/lwcred/backends' \
		'$(D)$(LIBDIR)/pkgconfig' '$(D)$(INCLUDEDIR)/lwcred' '$(D)$(MANDIR)/man1' '$(D)$(MANDIR)/man3' '$(D)$(MANDIR)/man5' '$(D)$(MANDIR)/man7' \
		'$(D)$(MANDIR)/man8' '$(D)$(BASHCOMPDIR)'
	$(INSTALL) -m 755 $(O)/install/lw-credential-helper '$(D)$(BINDIR)/lw-credential-helper'
	ln -sf lw-credential-helper '$(D)$(BINDIR)/git-credential-lacework'
	$(INSTALL) -m 755 $(O)/install/lwcred-backend-check '$(D)$(BINDIR)/lwcred-backend-check'
	$(INSTALL) -m 755 $(O)/install/lwcred-backend-host '$(D)$(LIBEXECDIR)/lwcred/lwcred-backend-host'
	$(INSTALL) -m 755 $(O)/install/liblwcred.so.$(VERSION) '$(D)$(LIBDIR)/liblwcred.so.$(VERSION)'
	ln -sf liblwcred.so.$(VERSION) '$(D)$(LIBDIR)/liblwcred.so.$(SOMAJOR)'
	ln -sf liblwcred.so.$(VERSION) '$(D)$(LIBDIR)/liblwcred.so'
	$(INSTALL) -m 644 $(NETSO) '$(D)$(LIBDIR)/lwcred/net.so'
	$(INSTALL) -m 644 $(MODULES) '$(D)$(LIBDIR)/lwcred/backends/'
	$(INSTALL) -m 644 core/include/lwcred.h '$(D)$(INCLUDEDIR)/lwcred.h'
	$(INSTALL) -m 644 $(wildcard core/include/lwcred/*.h) '$(D)$(INCLUDEDIR)/lwcred/'
	$(INSTALL) -m 644 $(O)/lwcred.pc '$(D)$(LIBDIR)/pkgconfig/lwcred.pc'
	$(INSTALL) -m 644 $(MAN1) '$(D)$(MANDIR)/man1/'
	$(INSTALL) -m 644 $(MAN3) '$(D)$(MANDIR)/man3/'
	$(INSTALL) -m 644 $(MAN5) '$(D)$(MANDIR)/man5/'
	$(INSTALL) -m 644 $(MAN7) '$(D)$(MANDIR)/man7/'
	$(INSTALL) -m 644 $(MAN8) '$(D)$(MANDIR)/man8/'
	$(INSTALL) -m 644 contrib/completion/lw-credential-helper.bash '$(D)$(BASHCOMPDIR)/lw-credential-helper'
ifeq ($(DESTDIR),)
	@if ! $(LDCONFIG) -v -N 2>/dev/null | grep -q '^$(LIBDIR):'; then \
		echo 'note: no directory of /etc/ld.so.conf: programs with liblwcred need -Wl,-rpath,$(LIBDIR)'; \
	elif [ "$$(id -u)" = 0 ]; then $(LDCONFIG); \
	else echo 'note: programs with liblwcred start once root has run $(LDCONFIG)'; fi
endif

uninstall:
	rm -f '$(D)$(BINDIR)/lw-credential-helper' '$(D)$(BINDIR)/git-credential-lacework' \
		'$(D)$(BINDIR)/lwcred-backend-check' \
		'$(D)$(LIBEXECDIR)/lwcred/lwcred-backend-host' \
		'$(D)$(LIBDIR)/liblwcred.so.$(VERSION)' '$(D)$(LIBDIR)/liblwcred.so.$(SOMAJOR)' \
		'$(D)$(LIBDIR)/liblwcred.so' '$(D)$(LIBDIR)/lwcred/net.so' '$(D)$(INCLUDEDIR)/lwcred.h' \
		'$(D)$(LIBDIR)/pkgconfig/lwcred.pc' '$(D)$(BASHCOMPDIR)/lw-credential-helper' \
		$(foreach b,$(BACKENDS),'$(D)$(LIBDIR)/lwcred/backends/$(b).so') \
		$(foreach h,$(notdir $(wildcard core/include/lwcred/*.h)),'$(D)$(INCLUDEDIR)/lwcred/$(h)') \
		$(foreach m,$(notdir $(MAN1)),'$(D)$(MANDIR)/man1/$(m)') \
		$(foreach m,$(notdir $(MAN3)),'$(D)$(MANDIR)/man3/$(m)') \
		$(foreach m,$(notdir $(MAN5)),'$(D)$(MANDIR)/man5/$(m)') \
		$(foreach m,$(notdir $(MAN7)),'$(D)$(MANDIR)/man7/$(m)') \
		$(foreach m,$(notdir $(MAN8)),'$(D)$(MANDIR)/man8/$(m)')
	-rmdir '$(D)$(LIBEXECDIR)/lwcred' '$(D)$(LIBDIR)/lwcred/backends' '$(D)$(LIBDIR)/lwcred' '$(D)$(INCLUDEDIR)/lwcred'

installcheck:
	'$(D)$(BINDIR)/lw-credential-helper' --version
	'$(D)$(LIBEXECDIR)/lwcred/lwcred-backend-host'; test $$? -eq 2 # nothing to do by hand

-include $(shell find $(O)/obj $(ABI_DIR) -name '*.d' 2>/dev/null)
