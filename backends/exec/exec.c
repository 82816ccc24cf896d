/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend "exec": any git credential helper as a place for access keys.  The host is that of
 * the account, or its origin; the user name is the key id, the password the secret.
 *
 * MUST:
 *  1. A program is asked about Lacework's own hosts and those that its line names, and no other.
 *  2. What it answers is given only as the credential that was asked for.
 *  3. "It has nothing" is an answer only of a program that ended well. A program that is not
 *     installed is unavailable, which a stack may pass over; one that ran and failed, crashed or
 *     ran out of time is LWC_E_FAILED, which no control word but "optional" passes over.
 *  4. What was stored or erased is asked for again: git's helpers fail without a word.
 */
#include <stdlib.h>
#include <string.h>

#include <lwcred/backend.h>

#include "backends/exec/arguments.h"
#include "backends/exec/process.h"
#include "backends/exec/protocol.h"
#include "base/clock.h"
#include "base/hints.h"
#include "base/identity.h"
#include "base/util.h"

#define BUFFER_LEN 4096

/* The user name with which our own git helper hands out tokens: git may have had them stored. */
#define TOKEN_USERNAME "x-lw-token"

struct exec {
    const struct lwc_host *host;
    struct lwc_exec_line line;
};

/*
 * A run of the program; @in is its stdout.  @known is the secret that the program was given before,
 * or NULL; no message shows a part of that secret.
 */
struct exchange {
    const struct exec *exec;
    struct lwc_ask message;
    const char *known;
    size_t known_len;
    struct lwc_buf *out;
    struct lwc_buf *in;
    struct lwc_exec_answer answer;
};

static void exchange_clear(struct exchange *exchange)
{
    lwc_buf_free(&exchange->out);
    lwc_buf_free(&exchange->in);
}
#define AUTO_EXCHANGE LWC_AUTO(struct exchange, exchange_clear)

static enum lwc_code exchange_init(struct exchange *exchange, const struct exec *exec,
                                   const struct lwc_identity *identity, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    *exchange = (struct exchange){
        .exec = exec,
        .message = {.host = lwc_identity_authority(identity), .username = identity->key_id}};
    code = lwc_buf_new(BUFFER_LEN, &exchange->out, err);
    return code == LWC_OK ? lwc_buf_new(BUFFER_LEN, &exchange->in, err) : code;
}

/* The secret of the exchange, which is handed over or was before. */
static void exchange_knows(struct exchange *exchange, const void *secret, size_t len)
{
    exchange->known = secret;
    exchange->known_len = len;
}

static enum lwc_code run_program(struct exchange *exchange, const char *operation,
                                 struct lwc_error *err)
{
    const struct exec *exec = exchange->exec;
    const struct lwc_exec_line *line = &exec->line;
    const struct lwc_process program = {.host = exec->host,
                                        .path = line->path,
                                        .argv = line->argv,
                                        .timeout_ms = line->timeout_s * 1000};
    LWC_AUTO_BUF withheld = NULL;
    const char *text = NULL;
    enum lwc_code code = lwc_ask_write(&exchange->message, exchange->out, err);

    if (code == LWC_OK && exchange->known != NULL) {
        code = lwc_buf_copy(exchange->known, exchange->known_len, &withheld, err);
        text = code == LWC_OK ? lwc_buf_text(withheld) : NULL;
    }
    if (code != LWC_OK) {
        return code;
    }
    line->argv[line->argc] = strdup(operation);
    if (line->argv[line->argc] == NULL) {
        return lwc_fail_nomem(err);
    }
    code = lwc_process_run(&program, exchange->out, text, exchange->in, err);
    free(line->argv[line->argc]);
    line->argv[line->argc] = NULL;
    return code;
}

/* Ask for the credential.  LWC_E_NOT_FOUND: the program said that it has none. */
static enum lwc_code get_answer(struct exchange *exchange, struct lwc_error *err)
{
    const char *path = exchange->exec->line.path;
    struct lwc_exec_answer *answer = &exchange->answer;
    enum lwc_code code = run_program(exchange, "get", err);

    if (code == LWC_OK) {
        code = lwc_exec_answer_read(&exchange->message, exchange->in,
                                    lwc_clock_wall_s(lwc_clock_system()), answer, err);
        code = code == LWC_OK ? LWC_OK : lwc_wrap(err, code, "'%s'", path);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (answer->is_refused) {
        return lwc_fail(err, LWC_E_LOCKED, "'%s' declined, and said to ask no other helper", path);
    }
    return answer->password == NULL || lwc_streq(answer->username, TOKEN_USERNAME) ? LWC_E_NOT_FOUND
                                                                                   : LWC_OK;
}

static enum lwc_code exec_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                               void **state_out, struct lwc_error *err)
{
    struct exec *exec = calloc(1, sizeof *exec);
    enum lwc_code code = LWC_OK;

    if (exec == NULL) {
        return lwc_fail_nomem(err);
    }
    exec->host = host;
    code = lwc_exec_line_read(&exec->line, argc, argv, err);
    if (code != LWC_OK) {
        lwc_exec_line_clear(&exec->line);
        free(exec);
        return code;
    }
    *state_out = exec;
    return LWC_OK;
}

static void exec_close(void *state)
{
    struct exec *exec = state;

    if (exec != NULL) {
        lwc_exec_line_clear(&exec->line);
        free(exec);
    }
}

static enum lwc_code exec_find(void *state, const struct lwc_identity *query,
                               const struct lwc_sink *sink, struct lwc_error *err)
{
    const struct exec *exec = state;
    struct lwc_exec_target target;
    AUTO_EXCHANGE exchange = {0};
    enum lwc_code code = LWC_OK;

    if (!lwc_exec_line_target(&exec->line, query, &target)) {
        return LWC_E_NOT_FOUND;
    }
    exec->host->depends(exec->host->data, exec->line.path);
    code = exchange_init(&exchange, exec, &target.identity, err);
    if (code == LWC_OK) {
        code = get_answer(&exchange, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    target.identity.key_id = exchange.answer.username;
    return sink->put(sink->data, &target.identity, exchange.answer.password,
                     exchange.answer.password_len, err);
}

static enum lwc_code fail_not_kept(const struct exec *exec, struct lwc_error *err)
{
    return lwc_hint(
        err,
        lwc_fail(err, LWC_E_FAILED, "'%s' ended well and did not keep the key", exec->line.path),
        "if a daemon keeps what it is given, that must run already");
}

/* Is it there now, with this secret? */
static enum lwc_code confirm_kept(const struct exec *exec, const struct lwc_identity *identity,
                                  const void *secret, size_t len, struct lwc_error *err)
{
    AUTO_EXCHANGE exchange = {0};
    LWC_AUTO_BUF kept = NULL;
    enum lwc_code code = exchange_init(&exchange, exec, identity, err);

    if (code == LWC_OK) {
        exchange_knows(&exchange, secret, len);
        code = get_answer(&exchange, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        return fail_not_kept(exec, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_copy(exchange.answer.password, exchange.answer.password_len, &kept, err);
    }
    return code == LWC_OK && !lwc_buf_equal(kept, secret, len) ? fail_not_kept(exec, err) : code;
}

static enum lwc_code forget_key(struct exchange *exchange, struct lwc_error *err)
{
    AUTO_EXCHANGE again = {0};
    struct lwc_identity gone = LWC_IDENTITY_ANY;
    enum lwc_code code = LWC_OK;

    gone.account = exchange->message.host;
    gone.key_id = exchange->answer.username;
    code = exchange_init(&again, exchange->exec, &gone, err);
    if (code == LWC_OK) {
        again.message.password = exchange->answer.password;
        again.message.password_len = exchange->answer.password_len;
        exchange_knows(&again, exchange->answer.password, exchange->answer.password_len);
        code = run_program(&again, "erase", err);
    }
    again.message.password = NULL;
    if (code == LWC_OK) {
        code = get_answer(&again, err);
        if (code == LWC_OK) {
            return lwc_fail(err, LWC_E_FAILED, "'%s' ended well and did not forget the key",
                            exchange->exec->line.path);
        }
    }
    return code == LWC_E_NOT_FOUND ? LWC_OK : code;
}

/* A key of that host which is there already: of its profile there is one only. */
static enum lwc_code look_for_old(const struct exec *exec, const struct lwc_identity *identity,
                                  uint32_t flags, struct exchange *old, bool *found_out,
                                  struct lwc_error *err)
{
    struct lwc_identity any = *identity;
    enum lwc_code code = LWC_OK;

    any.key_id = exec->line.key_id;
    code = exchange_init(old, exec, &any, err);
    if (code == LWC_OK) {
        code = get_answer(old, err);
    }
    if (code == LWC_OK && (flags & LWC_STORE_REPLACE) == 0) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "profile '%s' exists in '%s'",
                                 identity->profile, exec->line.path),
                        LWC_HINT_EXISTS);
    }
    *found_out = code == LWC_OK;
    return code == LWC_E_NOT_FOUND ? LWC_OK : code;
}

static enum lwc_code exec_store(void *state, const struct lwc_identity *identity,
                                const void *secret, size_t len, uint32_t flags,
                                struct lwc_error *err)
{
    const struct exec *exec = state;
    AUTO_EXCHANGE old = {0};
    AUTO_EXCHANGE exchange = {0};
    bool has_old = false;
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code == LWC_OK) {
        code = lwc_exec_line_takes(&exec->line, identity, err);
    }
    if (code == LWC_OK) {
        code = look_for_old(exec, identity, flags, &old, &has_old, err);
    }
    if (code == LWC_OK) {
        code = exchange_init(&exchange, exec, identity, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    exchange.message.password = secret;
    exchange.message.password_len = len;
    exchange_knows(&exchange, secret, len);
    code = run_program(&exchange, "store", err);
    if (code == LWC_OK) {
        code = confirm_kept(exec, identity, secret, len, err);
    }
    if (code == LWC_OK && has_old && !lwc_streq(old.answer.username, identity->key_id)) {
        code = forget_key(&old, err);
    }
    return code;
}

static enum lwc_code exec_erase(void *state, const struct lwc_identity *query,
                                struct lwc_error *err)
{
    const struct exec *exec = state;
    struct lwc_exec_target target;
    AUTO_EXCHANGE exchange = {0};
    enum lwc_code code = LWC_OK;

    if (!lwc_exec_line_target(&exec->line, query, &target)) {
        return LWC_E_NOT_FOUND;
    }
    code = exchange_init(&exchange, exec, &target.identity, err);
    if (code == LWC_OK) {
        code = get_answer(&exchange, err);
    }
    return code == LWC_OK ? forget_key(&exchange, err) : code;
}

const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "exec",
    .summary = "any git credential helper, named in the stack file",
    .caps = LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_BLOCKING,
    .open = exec_open,
    .close = exec_close,
    .find = exec_find,
    .store = exec_store,
    .erase = exec_erase,
};
