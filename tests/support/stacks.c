/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/stacks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/parse.h"
#include "tests/support/modules.h"

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    struct stacks *stacks = data;

    assert_null(strchr(text, '\n'));
    stacks->asked += strncmp(text, "stack: ", 7) == 0;
    stacks->warnings += level == LWC_LOG_WARNING;
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)flags;
    (void)answer;
    return lwc_fail(err, LWC_E_LOCKED, "%s: cannot ask: not interactive", text);
}

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return getenv(name);
}

static void host_depends(void *data, const char *path)
{
    (void)data;
    (void)path;
}

static void host_asking(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static int64_t host_remaining_ms(void *data)
{
    (void)data;
    return 10000;
}

void stacks_open(struct stacks *stacks, const char *text)
{
    struct lwc_error err = {0};

    modules_use_test_ones();
    memset(stacks, 0, sizeof *stacks);
    stacks->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                     .size = sizeof stacks->host,
                                     .data = stacks,
                                     .log = host_log,
                                     .prompt = host_prompt,
                                     .setting = host_setting,
                                     .remaining_ms = host_remaining_ms,
                                     .depends = host_depends,
                                     .asking = host_asking};
    if (lwc_conf_parse(text, strlen(text), "test", &stacks->conf, &err) != LWC_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(lwc_stack_open(stacks->conf, &stacks->host, true, &stacks->stack, &err),
                     LWC_OK);
}

void stacks_close(struct stacks *stacks)
{
    lwc_stack_close(&stacks->stack);
    lwc_conf_free(&stacks->conf);
}
