/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/contract/fixture.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "module/module.h"
#include "tests/contract/in_host.h"

bool bench_say(struct bench *bench, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(bench->said, sizeof bench->said, fmt, args);
    va_end(args);
    return false;
}

static void canary_look(struct bench *bench, const char *text)
{
    if (bench->canary != NULL && strstr(text, bench->canary) != NULL) {
        bench->canary_seen = true;
    }
}

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    (void)level;
    canary_look(data, text);
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct bench *bench = data;

    (void)flags;
    (void)answer;
    canary_look(bench, text);
    bench->prompts += !bench->in_quiet;
    bench->prompts_quiet += bench->in_quiet;
    return lwc_fail(err, LWC_E_LOCKED, "%s: cannot ask: not interactive", text);
}

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return getenv(name);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t host_remaining_ms(void *data)
{
    const struct bench *bench = data;
    int64_t left_ms = bench->deadline_ms - now_ms();

    return left_ms > 0 ? left_ms : 0;
}

static void host_depends(void *data, const char *path)
{
    canary_look(data, path);
}

static void host_asking(void *data, const char *text)
{
    canary_look(data, text);
}

static const char *text_of(const char *variable)
{
    const char *text = getenv(variable);

    return text != NULL ? text : "";
}

void bench_init(struct bench *bench)
{
    bench->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                    .size = sizeof bench->host,
                                    .data = bench,
                                    .log = host_log,
                                    .prompt = host_prompt,
                                    .setting = host_setting,
                                    .remaining_ms = host_remaining_ms,
                                    .depends = host_depends,
                                    .asking = host_asking};
    bench->held = (struct lwc_identity)LWC_IDENTITY_ANY;
    bench->held.profile = text_of("CHECK_PROFILE");
    bench->held.account = text_of("CHECK_ACCOUNT");
    bench->held.key_id = text_of("CHECK_KEY_ID");
    bench->held_secret = getenv("CHECK_SECRET");
}

/* A path is loaded as it is; the name that the descriptor must have is that of the file. */
static enum lwc_code load_path(struct bench *bench, struct lwc_error *err)
{
    const char *slash = strrchr(bench->module, '/');
    const char *file = slash != NULL ? slash + 1 : bench->module;
    size_t len = strlen(file);
    char dir[PATH_MAX] = ".";
    char whole[PATH_MAX];
    char name[LWC_BACKEND_NAME_MAX + 1];
    enum lwc_code code;

    if (len < 4 || !lwc_streq(file + len - 3, ".so") || !lwc_backend_name_ok(file, len - 3)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "'%s': the file of a backend is its name, 1 to %d of a-z, 0-9 and '-', "
                        "with .so behind it",
                        file, LWC_BACKEND_NAME_MAX);
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)len - 3, file);
    if (slash != NULL) {
        (void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - bench->module), bench->module);
    }
    if (bench->in_host && realpath(dir[0] != '\0' ? dir : "/", whole) != NULL) {
        (void)setenv("LWCRED_BACKEND_DIR", whole, 1); /* where the host finds it */
    }
    code = lwc_module_load_at(dir[0] != '\0' ? dir : "/", name, &bench->backend, err);
    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "'%s/%s' is not installed", dir, file);
    }
    return code;
}

bool bench_load(struct bench *bench)
{
    struct lwc_error err = {0};
    size_t len = strlen(bench->module);
    bool is_path = strchr(bench->module, '/') != NULL ||
                   (len > 3 && lwc_streq(bench->module + len - 3, ".so"));
    enum lwc_code code =
        is_path ? load_path(bench, &err)
                : lwc_module_load(bench->module, lwc_module_external_dir(), &bench->backend, &err);

    if (code == LWC_OK && bench->in_host) {
        through_host(&bench->backend);
    }
    if (code == LWC_OK) {
        return true;
    }
    return bench_say(bench, "%s%s%s", err.msg, err.hint[0] != '\0' ? "; " : "", err.hint);
}

void bench_judge_error(struct bench *bench, enum lwc_code code, const struct lwc_error *err)
{
    size_t len = strnlen(err->msg, sizeof err->msg);
    const char *what = NULL;

    canary_look(bench, len < sizeof err->msg ? err->msg : "");
    canary_look(bench, strnlen(err->hint, sizeof err->hint) < sizeof err->hint ? err->hint : "");
    if (code == LWC_OK || (code == LWC_E_NOT_FOUND && len == 0) || bench->defect[0] != '\0') {
        return;
    }
    if (len == sizeof err->msg || strnlen(err->hint, sizeof err->hint) == sizeof err->hint) {
        what = "a text without an end";
    } else if (err->code != code) {
        what = "another code in the record";
    } else if (len == 0) {
        what = "no text";
    } else if (lwc_text_has_control(err->msg, len) ||
               lwc_text_has_control(err->hint, strlen(err->hint))) {
        what = "a control character in the text";
    }
    if (what != NULL) {
        (void)snprintf(bench->defect, sizeof bench->defect, "a failure (%s) has %s",
                       lwc_code_name(code), what);
    }
}

void opened_close(struct opened *opened)
{
    if (opened->backend != NULL) {
        opened->backend->close(opened->state);
    }
    opened->backend = NULL;
}

void received_clear(struct received *received)
{
    lwc_buf_free(&received->secret);
}

bool bench_open_state(struct bench *bench, struct opened *opened)
{
    struct lwc_error err = {0};
    enum lwc_code code;

    bench->in_quiet = true;
    code = bench->backend.open(&bench->host, bench->argc, bench->argv, &opened->state, &err);
    bench->in_quiet = false;
    bench_judge_error(bench, code, &err);
    if (code != LWC_OK) {
        return bench_say(bench, "open() answered %s: %s", lwc_code_name(code), err.msg);
    }
    opened->backend = &bench->backend;
    return true;
}

static enum lwc_code receive(void *data, const struct lwc_identity *identity, const void *bytes,
                             size_t len, struct lwc_error *err)
{
    struct received *received = data;
    enum lwc_code code;

    received->puts++;
    if (identity == NULL) {
        return lwc_fail(err, LWC_E_INTERNAL, "no identity given to the sink");
    }
    code = lwc_identity_copy(identity, &received->identity, err);
    lwc_buf_free(&received->secret);
    return code == LWC_OK ? lwc_buf_copy(bytes, len, &received->secret, err) : code;
}

enum lwc_code bench_find(struct bench *bench, void *state, const struct lwc_identity *query,
                         struct received *received)
{
    const struct lwc_sink sink = {.data = received, .put = receive};
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.find(state, query, &sink, &err);

    bench_judge_error(bench, code, &err);
    if (code != LWC_OK) {
        bench_say(bench, "find() answered %s: %s", lwc_code_name(code), err.msg);
    }
    return code;
}

static enum lwc_code count(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    struct listed *listed = data;
    enum lwc_code code = lwc_identity_check(identity, err);

    listed->total++;
    if (code == LWC_OK && lwc_streq(identity->profile, listed->profile)) {
        listed->hits++;
        code = lwc_identity_copy(identity, &listed->last_hit, err);
    }
    return code;
}

bool bench_list(struct bench *bench, void *state, const char *profile, struct listed *listed)
{
    const struct lwc_visitor visitor = {.data = listed, .visit = count};
    struct lwc_error err = {0};
    enum lwc_code code;

    memset(listed, 0, sizeof *listed);
    listed->profile = profile;
    bench->in_quiet = true;
    code = bench->backend.list(state, &visitor, &err);
    bench->in_quiet = false;
    bench_judge_error(bench, code, &err);
    if (code != LWC_OK && code != LWC_E_NOT_FOUND) {
        return bench_say(bench, "list() answered %s: %s", lwc_code_name(code), err.msg);
    }
    return true;
}

struct lwc_identity bench_sample(const char *profile)
{
    return (struct lwc_identity){.profile = profile,
                                 .account = "lwcred-check.lacework.net",
                                 .origin = "127.0.0.1:8443",
                                 .key_id = "CHECK_0123456789ABCDEF",
                                 .sub_account = "prod-business",
                                 .kind = LWC_KIND_ACCESS_KEY,
                                 .flags = LWC_ID_ORG_ACCESS};
}

struct lwc_identity bench_only_profile(const char *profile)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;

    query.profile = profile;
    return query;
}

bool bench_same(const struct lwc_identity *one, const struct lwc_identity *other)
{
    return lwc_streq(one->profile, other->profile) && lwc_streq(one->account, other->account) &&
           lwc_streq(one->origin, other->origin) && lwc_streq(one->key_id, other->key_id) &&
           lwc_streq(one->sub_account, other->sub_account) && one->kind == other->kind &&
           one->flags == other->flags;
}

bool bench_store(struct bench *bench, void *state, const struct lwc_identity *identity,
                 const void *secret, size_t len, uint32_t flags, enum lwc_code expected)
{
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.store(state, identity, secret, len, flags, &err);

    bench_judge_error(bench, code, &err);
    if (code != expected) {
        return bench_say(bench, "store() answered %s instead of %s: %s", lwc_code_name(code),
                         lwc_code_name(expected), err.msg);
    }
    return true;
}

bool bench_erase(struct bench *bench, void *state, const struct lwc_identity *query,
                 enum lwc_code expected)
{
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.erase(state, query, &err);

    bench_judge_error(bench, code, &err);
    if (code != expected) {
        return bench_say(bench, "erase() answered %s instead of %s: %s", lwc_code_name(code),
                         lwc_code_name(expected), err.msg);
    }
    return true;
}

bool bench_has(struct bench *bench, void *state, const struct lwc_identity *query,
               const void *secret, size_t len)
{
    AUTO_RECEIVED received = {0};

    if (bench_find(bench, state, query, &received) != LWC_OK) {
        return false;
    }
    if (received.secret == NULL) {
        return bench_say(bench, "find() answered ok and gave nothing");
    }
    if (!lwc_buf_equal(received.secret, secret, len)) {
        return bench_say(bench, "another secret came back (%zu bytes for %zu)",
                         lwc_buf_len(received.secret), len);
    }
    if (!lwc_identity_matches(query, &received.identity.id)) {
        return bench_say(bench, "another credential came back: %s", received.identity.id.profile);
    }
    return true;
}

bool bench_lacks(struct bench *bench, void *state, const struct lwc_identity *query)
{
    AUTO_RECEIVED received = {0};
    enum lwc_code code = bench_find(bench, state, query, &received);

    if (code != LWC_E_NOT_FOUND) {
        return bench_say(bench, "find() of what is absent answered %s", lwc_code_name(code));
    }
    if (received.puts != 0) {
        return bench_say(bench, "the sink was called for what is absent");
    }
    return true;
}

void bench_sweep(struct bench *bench)
{
    static const char *const profiles[] = {BENCH_ONE, BENCH_TWO, BENCH_TWO_UPPER, BENCH_LONGEST};
    AUTO_OPENED opened = {0};

    if ((bench->backend.caps & LWC_CAP_ERASE) == 0 || !bench_open_state(bench, &opened)) {
        return;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(profiles); i++) {
        struct lwc_identity query = bench_only_profile(profiles[i]);

        (void)bench->backend.erase(opened.state, &query, &(struct lwc_error){0});
    }
}
