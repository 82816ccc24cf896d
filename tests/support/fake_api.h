/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_API_H
#define TESTS_SUPPORT_FAKE_API_H

#include <stdint.h>

#include "api/load.h"
#include "base/clock.h"

/*
 * An API and clocks that do what the test says, and remember what they were asked.  A test that
 * wants them wraps lwc_api_load:
 *
 *     enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
 *     { return fake_api_load(net_out, err); }
 */
struct fake_api {
    enum lwc_code load;
    enum lwc_code code; /* of each exchange                                                 */
    int64_t wait_s;     /* in the error                                                     */
    const char *token;  /* NULL: none is given                                              */
    int64_t lifetime_s; /* 0: as long as was asked for                                      */
    int64_t takes_ms;   /* each exchange, once it was sent                                  */
    int64_t wall_s;
    int64_t boot_ms;
    unsigned exchanges;
    int64_t ttl_s;
    char authority[LWC_ORIGIN_MAX + 1];
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1];
    char secret[64];
    uint32_t flags;
};

extern struct fake_api fake_api;
extern const struct lwc_clock fake_api_clock;

/* A good API; some time in 2023. */
void fake_api_reset(void);
enum lwc_code fake_api_load(const struct lwc_api **net_out, struct lwc_error *err);

#endif
