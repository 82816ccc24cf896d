/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_OBTAIN_CTX_H
#define CORE_TOKEN_OBTAIN_CTX_H

#include <lwcred/types.h>

#include "base/clock.h"
#include "cache/cache.h"
#include "cache/dependency.h"
#include "flight/flight.h"
#include "stack/stack.h"

/* Everything that a search for a token uses.  Borrowed. */
struct lwc_obtain_ctx {
    struct lwc_stack *stack;
    const struct lwc_conf *conf;
    const struct lwc_host *host;
    const struct lwc_clock *clock;
    struct lwc_dependencies *dependencies; /* filled by the host while backends are asked */
    bool external;                         /* modules may come from $LWCRED_BACKEND_DIR */
    struct lwc_flight **flight;            /* set while backends are asked, for the host; or NULL */
    bool can_ask;                          /* a person can be asked */
    enum lwc_cache_mode mode;
};

#endif
