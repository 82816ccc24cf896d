/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_OBTAIN_FIXTURE_H
#define TESTS_SUPPORT_OBTAIN_FIXTURE_H

#include <stdint.h>

#include "tests/support/stacks.h"
#include "tests/support/tmpdir.h"
#include "token/obtain.h"

/*
 * A stack with one key, the API and the clocks of world.h, and a cache in a runtime directory of
 * its own.  The test wraps lwc_api_load as world.h says.
 */
struct obtainbed {
    struct stacks stacks;
    struct lwc_dependencies witnesses;
    struct lwc_obtain obtain;
    struct lwc_error err;
    char stack[256];
};

/* cmocka fixture: *state is the struct tmpdir. */
int obtainbed_setup(void **state);

/* The key is @key-PID: each test has one of its own, for what a flight remembers outlives it. */
void obtainbed_open(struct obtainbed *bed, const char *profile, const char *key);
/* The same with @lines in front of the line that holds the key. */
void obtainbed_open_behind(struct obtainbed *bed, const char *lines, const char *profile,
                           const char *key);
void obtainbed_close(struct obtainbed *bed);

/* Gets a token and forgets it; how long it lived, or -1.  Fails the test for any other code. */
int64_t obtainbed_get(struct obtainbed *bed, struct lwc_query query, enum lwc_code expected);

#endif
