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

int obtainbed_setup(void **state)
{
    const struct tmpdir *dir = NULL;

    setenv("TMPDIR", "/dev/shm", 1); /* a runtime directory is on a tmpfs */
    if (tmpdir_setup(state) != 0) {
        return 1;
    }
    dir = *state;
    setenv("XDG_RUNTIME_DIR", dir->path, 1);
    world_reset();
    return 0;
}

void obtainbed_open(struct obtainbed *bed, const char *profile, const char *key)
{
    obtainbed_open_behind(bed, "", profile, key);
}

void obtainbed_open_behind(struct obtainbed *bed, const char *lines, const char *profile,
                           const char *key)
{
    memset(bed, 0, sizeof *bed);
    (void)snprintf(bed->stack, sizeof bed->stack,
                   "%slookup sufficient answer hold=%s:acme.lacework.net:%s-%ld:s3cret\n", lines,
                   profile, key, (long)getpid());
    stacks_open(&bed->stacks, bed->stack);
    bed->obtain = (struct lwc_obtain){.stack = bed->stacks.stack,
                                      .conf = bed->stacks.conf,
                                      .host = &bed->stacks.host,
                                      .clock = &world_clock,
                                      .witnesses = &bed->witnesses,
                                      .mode = LWC_CACHE_RUNTIME};
}

void obtainbed_close(struct obtainbed *bed)
{
    stacks_close(&bed->stacks);
    lwc_dependencies_clear(&bed->witnesses);
}

int64_t obtainbed_get(struct obtainbed *bed, struct lwc_query query, enum lwc_code expected)
{
    LWC_AUTO_TOKEN token = NULL;
    int64_t left_s = -1;
    enum lwc_code code;

    bed->err = (struct lwc_error){0};
    bed->stacks.asked = 0;
    bed->stacks.warnings = 0;
    code = lwc_obtain_token(&bed->obtain, &query, &token, &bed->err);
    if (code != expected) {
        fail_msg("%d instead of %d: %s", code, expected, bed->err.msg);
    }
    if (code == LWC_OK) {
        left_s = lwc_token_expires_in(token);
        assert_string_equal(lwc_token_identity(token)->account, "acme.lacework.net");
        assert_string_equal(lwc_token_source(token), "answer");
    } else {
        assert_null(token);
        assert_int_equal(bed->err.code, code);
    }
    return left_s;
}
