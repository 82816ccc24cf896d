/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong in one way: that it may block is found out when it is too late. */
#include "tests/modules/late.h"

LATE_BACKEND("bad-late-blocking", LWC_CAP_READ, LWC_CAP_READ | LWC_CAP_BLOCKING)
