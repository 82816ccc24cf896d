/* SPDX-License-Identifier: Apache-2.0 */
#include "base/paths.h"

const char lwc_lib_dir[] = LWC_LIB_DIR;
const char lwc_libexec_dir[] = LWC_LIBEXEC_DIR;
const char lwc_sysconf_dir[] = LWC_SYSCONF_DIR;
