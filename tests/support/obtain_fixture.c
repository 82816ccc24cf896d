/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/obtain_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <lwcred.h>

#include "tests/support/fake_api.h"
#include "token/token.h"

int obtain_fixture_setup(void **state)
{
    const struct tmpdir *dir = NULL;

    setenv("TMPDIR", "/dev/shm", 1); /* a runtime directory is on a tmpfs */
    if (tmpdir_setup(state) != 0) {
        return 1;
    }
    dir = *state;
    setenv("XDG_RUNTIME_DIR", dir->path, 1);
    fake_api_reset();
    return 0;
}

void obtain_fixture_open(struct obtain_fixture *fixture, const char *profile, const char *key)
{
    obtain_fixture_open_behind(fixture, "", profile, key);
}

void obtain_fixture_open_behind(struct obtain_fixture *fixture, const char *lines,
                                const char *profile, const char *key)
{
    memset(fixture, 0, sizeof *fixture);
    (void)snprintf(fixture->stack, sizeof fixture->stack,
                   "%slookup sufficient answer hold=%s:acme.lacework.net:%s-%ld:s3cret\n", lines,
                   profile, key, (long)getpid());
    stacks_open(&fixture->stacks, fixture->stack);
    fixture->obtain = (struct lwc_obtain_ctx){.stack = fixture->stacks.stack,
                                              .conf = fixture->stacks.conf,
                                              .host = &fixture->stacks.host,
                                              .clock = &fake_api_clock,
                                              .dependencies = &fixture->dependencies,
                                              .mode = LWC_CACHE_RUNTIME};
}

void obtain_fixture_close(struct obtain_fixture *fixture)
{
    stacks_close(&fixture->stacks);
    lwc_dependencies_clear(&fixture->dependencies);
}

int64_t obtain_fixture_get(struct obtain_fixture *fixture, struct lwc_query query,
                           enum lwc_code expected)
{
    LWC_AUTO_TOKEN token = NULL;
    int64_t left_s = -1;
    enum lwc_code code;

    fixture->err = (struct lwc_error){0};
    fixture->stacks.asked = 0;
    fixture->stacks.warnings = 0;
    code = lwc_obtain_token(&fixture->obtain, &query, &token, &fixture->err);
    if (code != expected) {
        fail_msg("%d instead of %d: %s", code, expected, fixture->err.msg);
    }
    if (code == LWC_OK) {
        left_s = lwc_token_expires_in(token);
        assert_string_equal(lwc_token_identity(token)->account, "acme.lacework.net");
        assert_string_equal(lwc_token_source(token), "answer");
    } else {
        assert_null(token);
        assert_int_equal(fixture->err.code, code);
    }
    return left_s;
}
