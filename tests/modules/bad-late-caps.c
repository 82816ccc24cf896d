/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong in one way: a module that may block, and says less once it is loaded. */
#include "tests/modules/late.h"

LATE_BACKEND("bad-late-caps", LWC_CAP_READ | LWC_CAP_BLOCKING, LWC_CAP_BLOCKING)
