# SPDX-License-Identifier: Apache-2.0
# lwcred.  "make help" lists targets and knobs; core/, backends/, plugins/ and tests/ say in a build.mk
# what they build, by the templates of this file.

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

.PHONY: all check check-on test check-valgrind install uninstall installcheck clean help demo fmt fmt-check \
	style tests fuzz bench bench-programs abi-check abi-update
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

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

# What core, backends, plugins and tests need of the compiler and of one another.
cflags_of = $(shell $(PKG_CONFIG) --cflags $(1))
libs_of = $(shell $(PKG_CONFIG) --libs $(1))
# sources: FOLDERS.  Their files, in an order that is everywhere the same.
sources = $(sort $(wildcard $(1:%=%/*.c) $(1:%=%/*.cpp)))
obj = $(patsubst %.c,$(O)/obj/%.o,$(1:.cpp=.c))
lib = $(1:%=$(O)/obj/lib%.a)
PATHS_OF_BUILD := $(O)/obj/core/paths-build.o
PATHS_OF_INSTALL := $(O)/obj/core/paths-install.o
# Backends that are linked in (core/module/builtin.c); the others are modules.
BUILTIN := env

# Flags: everything is rebuilt when they change.
stamp = $(if $(filter help clean,$(MAKECMDGOALS)),,$(shell mkdir -p $(O); echo '$(subst ','\'',$(2))' >$(O)/$(1).new; \
	cmp -s $(O)/$(1).new $(O)/$(1) && rm -f $(O)/$(1).new || mv $(O)/$(1).new $(O)/$(1)))

define compile_c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
endef
$(O)/obj/%.o: %.c $(O)/flags.stamp
	$(compile_c)

$(O)/obj/%.o: %.cpp $(O)/flags.stamp
	$(call say,CXX)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(BASE_CXXFLAGS) $(filter-out -D%,$(PKG_CFLAGS)) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# archive: NAME,SOURCES
define archive
$(call lib,$(1)): $(call obj,$(2))
	$$(call say,AR)
	$$(Q)mkdir -p $$(@D) && rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^
endef

# To be followed by objects and libraries.  The library refuses files that others may write.
LINKER = $(CC)
LINK_MODE = -pie
define link_program
	$(call say,LD)
	$(Q)mkdir -p $(@D) && chmod go-w $(@D)
	$(Q)umask go-w && $(LINKER) $(BASE_LDFLAGS) $(LINK_MODE) $(LDFLAGS) -o $@
endef
define link_shared
	$(call say,LD)
	$(Q)mkdir -p $(@D) && chmod go-w $(@D)
	$(Q)umask go-w && $(LINKER) $(BASE_LDFLAGS) $(SHARED_LDFLAGS) $(LDFLAGS) -o $@
endef

# twice: FOLDER,NAME.  The same with the paths of the build tree, and with those of the installation.
define twice
$(O)/$(1)/$(2): $(PATHS_OF_BUILD)
$(O)/install/$(2): $(PATHS_OF_INSTALL)
endef
# program: FOLDER,NAME,OBJECTS,LIBRARIES
define program
$(call twice,$(1),$(2))
$(O)/$(1)/$(2) $(O)/install/$(2): $(3)
	$$(link_program) $$^ $(4) -ldl
endef

# installed: MODE,FOLDER,FILES[,NAME] and installed_link: FOLDER,NAME,TARGET.  FOLDER opens with the
# name of a knob: LIBDIR/lwcred.  "make uninstall" removes the same names.
installed = $(eval INSTALLED += $(foreach f,$(3),$(1):$(2):$(or $(4),$(notdir $(f))):$(f)))
installed_link = $(eval LINKED += link:$(1):$(2):$(3))

include core/build.mk backends/build.mk plugins/build.mk tests/build.mk

$(call stamp,flags.stamp,$(STATIC) $(LIBS_CURL) $(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) $(CXX) $(BASE_CXXFLAGS) \
	$(CXXFLAGS) $(BASE_LDFLAGS) $(LDFLAGS))

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

demo: all
	$(Q)O='$(abspath $(O))' contrib/demo.sh

clean:
	rm -rf $(BUILD)

# Installation: directories are made, files have fixed modes.
$(foreach m,$(wildcard docs/*.[1-9]),$(call installed,644,MANDIR/man$(subst .,,$(suffix $(m))),$(m)))
$(foreach c,$(wildcard contrib/completion/*.bash),$(call installed,644,BASHCOMPDIR,$(c),$(basename $(notdir $(c)))))

# folder: LIBDIR/lwcred.  target and put: an entry of INSTALLED or LINKED.
field = $(word $(1),$(subst :, ,$(2)))
knob = $(firstword $(subst /, ,$(1)))
folder = $(DESTDIR)$($(knob))$(patsubst $(knob)%,%,$(1))
target = '$(call folder,$(call field,2,$(1)))/$(call field,3,$(1))'
put = $(if $(filter link:%,$(1)),ln -sf,$(INSTALL) -m $(call field,1,$(1))) $(call field,4,$(1)) $(target)
define newline


endef
reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
FOLDERS := $(sort $(foreach i,$(INSTALLED) $(LINKED),$(call field,2,$(i))))
install: all $(foreach i,$(INSTALLED),$(call field,4,$(i)))
	$(INSTALL) -d $(foreach f,$(FOLDERS),'$(call folder,$(f))')
	$(foreach i,$(INSTALLED) $(LINKED),$(call put,$(i))$(newline))
ifeq ($(DESTDIR),)
	@if ! $(LDCONFIG) -v -N 2>/dev/null | grep -q '^$(LIBDIR):'; then \
		echo 'note: no directory of /etc/ld.so.conf: programs with liblwcred need -Wl,-rpath,$(LIBDIR)'; \
	elif [ "$$(id -u)" = 0 ]; then $(LDCONFIG); \
	else echo 'note: programs with liblwcred start once root has run $(LDCONFIG)'; fi
endif

uninstall:
	rm -f $(foreach i,$(INSTALLED) $(LINKED),$(call target,$(i)))
	-rmdir $(foreach f,$(call reverse,$(FOLDERS)),$(if $(findstring /lwcred,$(f)),'$(call folder,$(f))'))

installcheck:
	'$(DESTDIR)$(BINDIR)/lw-credential-helper' --version
	'$(DESTDIR)$(LIBEXECDIR)/lwcred/lwcred-backend-host'; test $$? -eq 2 # nothing to do by hand

-include $(shell find $(O)/obj $(ABI_DIR) -name '*.d' 2>/dev/null)
