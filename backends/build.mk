# SPDX-License-Identifier: Apache-2.0
# One folder, one module; those of BUILTIN (Makefile) are a part of the library instead.

BACKENDS := $(filter-out $(BUILTIN),$(sort $(notdir $(patsubst %/,%,$(dir $(call sources,backends/*))))))
# The packages that a backend needs beyond libsodium, which see its folder only.
PKGS_secret-service := libsecret-1
PKGS_lacework-cli := tomlplusplus

# Backends with a part in C++, which hold their own copy of its library.
CXX_BACKENDS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard backends/*/*.cpp)))))
HAS_CXX := $(if $(CXX_BACKENDS),$(shell command -v $(firstword $(CXX)) 2>/dev/null))
LACKING := $(foreach b,$(BACKENDS),$(if $(PKGS_$(b)),$(shell $(PKG_CONFIG) --exists $(PKGS_$(b)) || echo $(b))))
LACKING := $(sort $(LACKING) $(if $(HAS_CXX),,$(CXX_BACKENDS)))
CXX_BACKENDS := $(filter-out $(LACKING),$(CXX_BACKENDS))
BACKENDS := $(filter-out $(LACKING),$(BACKENDS))
$(foreach b,$(LACKING),$(info not built: backend $(b), which needs $(PKGS_$(b))$(if $(wildcard backends/$(b)/*.cpp), and $(CXX))))

# C++ and its library stay inside the module: no version of it meets that of the program, and what
# it frees is wiped (backends/lacework-cli/toml.cpp).
module_of = $(O)/lib/lwcred/backends/$(1).so
MODULES := $(foreach b,$(BACKENDS),$(call module_of,$(b)))
$(foreach b,$(CXX_BACKENDS),$(call module_of,$(b))): LINKER := $(CXX) -static-libstdc++ -static-libgcc

define backend
$(O)/obj/backends/$(1)/%.o: PKG_CFLAGS := $(if $(PKGS_$(1)),$(patsubst -I%,-isystem %,$(call cflags_of,$(PKGS_$(1)))))
$(call module_of,$(1)): $(call obj,$(call sources,backends/$(1))) $(call lib,base) backends/backend.map
	$$(link_shared) -Wl,--version-script=backends/backend.map $$(filter %.o %.a,$$^) \
		$(call libs_of,libsodium $(if $(filter $(1),$(CXX_BACKENDS)),,$(PKGS_$(1))))
endef
$(foreach b,$(BACKENDS),$(eval $(call backend,$(b))))
$(call installed,644,LIBDIR/lwcred/backends,$(MODULES))

all: $(MODULES)
