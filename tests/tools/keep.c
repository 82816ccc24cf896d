/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep store PROFILE BACKEND [ARGUMENT...] <SECRET
 * keep find  PROFILE BACKEND [ARGUMENT...] >SECRET
 *
 * A secret of any bytes into a backend and back, by way of a stack: lw-credential-helper takes
 * access keys only, which are text.  Exit status: that of the helper.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/append.h"
#include "base/safefile.h"
#include "conf/conf.h"
#include "conf/parse.h"
#include "stack/stack.h"

/* Arguments of a step over the stack. */
struct keep_ctx {
    struct lwc_identity identity;
    struct lwc_buf *secret;
};

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    if (level == LWC_LOG_WARNING) {
        fprintf(stderr, "keep: %s\n", text);
    }
}

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return getenv(name);
}

static int64_t host_remaining_ms(void *data)
{
    (void)data;
    return 30000;
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

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)flags;
    (void)answer;
    return lwc_fail(err, LWC_E_LOCKED, "%s: cannot ask: not interactive", text);
}

static enum lwc_code store(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct keep_ctx *keeping = data;
    enum lwc_code code =
        lwc_fd_read(STDIN_FILENO, LWC_SECRET_MAX, LWC_NO_DEADLINE, keeping->secret, err);

    return code != LWC_OK
               ? code
               : lwc_backend_store(unit, &keeping->identity, lwc_buf_bytes(keeping->secret),
                                   lwc_buf_len(keeping->secret), LWC_STORE_REPLACE, err);
}

static enum lwc_code find(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct keep_ctx *keeping = data;
    struct lwc_identity_copy identity;
    LWC_AUTO_BUF found = NULL;
    enum lwc_code code = lwc_backend_find(unit, &keeping->identity, &identity, &found, err);

    if (code == LWC_OK &&
        fwrite(lwc_buf_bytes(found), 1, lwc_buf_len(found), stdout) != lwc_buf_len(found)) {
        return lwc_fail(err, LWC_E_IO, "cannot write");
    }
    return code;
}

static enum lwc_code run(char **argv, struct keep_ctx *keeping, struct lwc_error *err)
{
    const struct lwc_host host = {.abi = LWC_BACKEND_ABI,
                                  .size = sizeof host,
                                  .log = host_log,
                                  .prompt = host_prompt,
                                  .setting = host_setting,
                                  .remaining_ms = host_remaining_ms,
                                  .depends = host_depends,
                                  .asking = host_asking};
    LWC_AUTO_BUF text = NULL;
    LWC_AUTO_CONF conf = NULL;
    LWC_AUTO_STACK stack = NULL;
    enum lwc_code code = lwc_buf_new(LWC_SECRET_MAX, &keeping->secret, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(256, &text, err);
    }
    if (code == LWC_OK) {
        code = lwc_text_append(text, err, "lookup required");
    }
    for (size_t i = 2; code == LWC_OK && argv[i] != NULL; i++) {
        code = lwc_text_append(text, err, " %s", argv[i]);
    }
    if (code != LWC_OK ||
        (code = lwc_conf_parse(lwc_buf_text(text), lwc_buf_len(text), "arguments", &conf, err)) !=
            LWC_OK ||
        (code = lwc_stack_open(conf, &host, true, &stack, err)) != LWC_OK) {
        return code;
    }
    return lwc_stack_only(stack, LWC_OP_LOOKUP, argv[2], lwc_streq(argv[0], "store") ? store : find,
                          keeping, err);
}

int main(int argc, char **argv)
{
    struct lwc_error err = {0};
    struct keep_ctx keeping = {.identity = LWC_IDENTITY_ANY};
    enum lwc_code code = LWC_E_INVALID;

    if (argc < 4) {
        fprintf(stderr, "usage: keep store|find PROFILE BACKEND [ARGUMENT...]\n");
        return LWC_E_INVALID;
    }
    keeping.identity.profile = argv[2];
    if (lwc_streq(argv[1], "store")) {
        keeping.identity.account = "acme.lacework.net";
        keeping.identity.key_id = "ACME_0123";
        keeping.identity.kind = LWC_KIND_ACCESS_KEY;
    }
    code = run(argv + 1, &keeping, &err);
    lwc_buf_free(&keeping.secret);
    if (code != LWC_OK) {
        fprintf(stderr, "keep: %s\n", err.msg);
    }
    return (int)code;
}
