# SPDX-License-Identifier: Apache-2.0
# The library, the backend host and net.so.  Each folder of core/ that is not named here is a part
# of the library.

BASE_SRC := $(filter-out core/base/paths.c,$(call sources,core/base))
NET_SRC := $(call sources,core/net)
# core/api is loaded with core/net on the first exchange, all but the loader itself.
API_SRC := $(filter-out core/api/load.c,$(call sources,core/api))
HOST_SRC := $(call sources,core/host)
CORE_SRC := $(filter-out core/abi/% core/base/% $(NET_SRC) $(API_SRC) $(HOST_SRC),$(call sources,core/*)) \
	$(call sources,$(BUILTIN:%=backends/%))

LIBS_CORE := $(call libs_of,libsodium libkeyutils)
# The program starts hundreds of times an hour: what it always needs is linked into it.
LIBS_STATIC := $(if $(filter 1,$(STATIC)),-l:libsodium.a -l:libkeyutils.a,$(LIBS_CORE))
# CURL=DIRECTORY: a libcurl that was built for us alone (contrib/libcurl), linked into net.so.
ifneq ($(CURL),)
CURL_A := $(wildcard $(CURL)/lib/libcurl.a)
$(if $(CURL_A),,$(error CURL=$(CURL): no lib/libcurl.a there; contrib/libcurl/build.sh makes it))
endif
CURL_CONFIG := $(if $(CURL),PKG_CONFIG_LIBDIR='$(abspath $(CURL))/lib/pkgconfig' $(PKG_CONFIG) --static,$(PKG_CONFIG))
CFLAGS_CURL := $(patsubst -I%,-isystem %,$(shell $(CURL_CONFIG) --cflags libcurl))
LIBS_CURL := $(shell $(CURL_CONFIG) --libs libcurl)
LIBS_NET := $(LIBS_CURL) $(call libs_of,libcjson libsodium libssl libcrypto)
$(O)/obj/core/net/%.o: PKG_CFLAGS := $(CFLAGS_CURL)

$(eval $(call archive,base,$(BASE_SRC)))
$(eval $(call archive,net,$(NET_SRC)))
$(eval $(call archive,api,$(API_SRC)))
$(eval $(call archive,core,$(CORE_SRC)))
$(eval $(call archive,host,$(filter-out %/main.c,$(HOST_SRC))))
CORE_LIBS := $(call lib,core base)

# One file twice: with the paths of this build tree for the tests, and with those of the installation.
PATHS_BUILD := -DLWC_LIB_DIR='"$(abspath $(O))/lib/lwcred"' -DLWC_SYSCONF_DIR='"$(SYSCONFDIR)/lwcred"' \
	-DLWC_LIBEXEC_DIR='"$(abspath $(O))/libexec/lwcred"'
PATHS_INSTALL := -DLWC_LIB_DIR='"$(LIBDIR)/lwcred"' -DLWC_SYSCONF_DIR='"$(SYSCONFDIR)/lwcred"' \
	-DLWC_LIBEXEC_DIR='"$(LIBEXECDIR)/lwcred"'
$(call stamp,paths.stamp,$(PATHS_BUILD) $(PATHS_INSTALL))
$(PATHS_OF_BUILD): PKG_CFLAGS := $(PATHS_BUILD)
$(PATHS_OF_INSTALL): PKG_CFLAGS := $(PATHS_INSTALL)
$(PATHS_OF_BUILD) $(PATHS_OF_INSTALL): core/base/paths.c $(O)/flags.stamp $(O)/paths.stamp
	$(compile_c)

HOST := $(O)/libexec/lwcred/lwcred-backend-host
$(eval $(call program,libexec/lwcred,lwcred-backend-host,$(call obj,core/host/main.c) $(call lib,host) $(CORE_LIBS),\
	$$(LIBS_STATIC)))
$(call installed,755,LIBEXECDIR/lwcred,$(O)/install/lwcred-backend-host)

# The library, twice like a program.
LIBSO_NAME := liblwcred.so.$(VERSION)
LIBSO := $(O)/lib/$(LIBSO_NAME)
$(eval $(call twice,lib,$(LIBSO_NAME)))
$(LIBSO) $(O)/install/$(LIBSO_NAME): $(CORE_LIBS) core/liblwcred.map
	$(link_shared) -Wl,-soname,liblwcred.so.$(SOMAJOR) -Wl,--version-script=core/liblwcred.map -Wl,--whole-archive \
		$(call lib,core) -Wl,--no-whole-archive $(call lib,base) $(filter %.o,$^) $(LIBS_CORE) -ldl
	$(Q)ln -sf $(@F) $(@D)/liblwcred.so.$(SOMAJOR)
	$(Q)ln -sf $(@F) $(@D)/liblwcred.so
$(call installed,755,LIBDIR,$(O)/install/$(LIBSO_NAME))
$(call installed_link,LIBDIR,liblwcred.so.$(SOMAJOR),$(LIBSO_NAME))
$(call installed_link,LIBDIR,liblwcred.so,$(LIBSO_NAME))
$(call installed,644,INCLUDEDIR,$(wildcard core/include/*.h))
$(call installed,644,INCLUDEDIR/lwcred,$(wildcard core/include/lwcred/*.h))

NETSO := $(O)/lib/lwcred/net.so
$(NETSO): $(call lib,api net base) core/api/net.map $(CURL_A)
	$(link_shared) -Wl,--version-script=core/api/net.map -Wl,--whole-archive $(call lib,api) \
		-Wl,--no-whole-archive $(call lib,net base) $(LIBS_NET)
$(call installed,644,LIBDIR/lwcred,$(NETSO))

$(O)/lwcred.pc: core/lwcred.pc.in core/include/lwcred/types.h $(O)/paths.stamp
	$(call say,GEN)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@BINDIR@|$(BINDIR)|' -e 's|@VERSION@|$(VERSION)|' $< >$@
$(call installed,644,LIBDIR/pkgconfig,$(O)/lwcred.pc)

all: $(HOST) $(LIBSO) $(NETSO) $(O)/lwcred.pc

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
