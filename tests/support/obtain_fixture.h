/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_OBTAIN_FIXTURE_H
#define TESTS_SUPPORT_OBTAIN_FIXTURE_H

#include <stdint.h>

#include "tests/support/stacks.h"
#include "tests/support/tmpdir.h"
#include "token/obtain.h"

/*
 * A stack with one key, the API and the clocks of fake_api.h, and a cache in a runtime directory of
 * its own.  The test wraps lwc_api_load as fake_api.h says.
 */
struct obtain_fixture {
    struct stacks stacks;
    struct lwc_dependencies dependencies;
    struct lwc_obtain_ctx obtain;
    struct lwc_error err;
    char stack[256];
};

/* cmocka fixture: *state is the struct tmpdir. */
int obtain_fixture_setup(void **state);

/* The key is @key-PID: each test has one of its own, for what a flight remembers outlives it. */
void obtain_fixture_open(struct obtain_fixture *fixture, const char *profile, const char *key);
/* The same with @lines in front of the line that holds the key. */
void obtain_fixture_open_behind(struct obtain_fixture *fixture, const char *lines,
                                const char *profile, const char *key);
void obtain_fixture_close(struct obtain_fixture *fixture);

/* Gets a token and forgets it; how long it lived, or -1.  Fails the test for any other code. */
int64_t obtain_fixture_get(struct obtain_fixture *fixture, struct lwc_query query,
                           enum lwc_code expected);

#endif
