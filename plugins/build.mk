# SPDX-License-Identifier: Apache-2.0
# The program: all folders below plugins/, with the main function of plugins/helper.

HELPER_SRC := $(call sources,plugins/* plugins/*/*)
$(eval $(call archive,helper,$(filter-out %/main.c,$(HELPER_SRC))))

HELPER := $(O)/bin/lw-credential-helper
$(eval $(call program,bin,lw-credential-helper,$(call obj,plugins/helper/main.c) $(call lib,helper) $(CORE_LIBS),\
	$$(LIBS_STATIC)))
$(call installed,755,BINDIR,$(O)/install/lw-credential-helper)
$(call installed_link,BINDIR,git-credential-lacework,lw-credential-helper)

all: $(HELPER)
