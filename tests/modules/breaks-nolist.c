/* SPDX-License-Identifier: Apache-2.0 */
/* The same without list(): some rules are for such backends alone. */
#define BREAKS_NAME "breaks-nolist"
#define BREAKS_CAPS_NOT LWC_CAP_LIST
#include "tests/modules/breaks.c"
