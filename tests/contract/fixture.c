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

bool fixture_say(struct fixture *fixture, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(fixture->said, sizeof fixture->said, fmt, args);
    va_end(args);
    return false;
}

static void canary_look(struct fixture *fixture, const char *text)
{
    if (fixture->canary != NULL && strstr(text, fixture->canary) != NULL) {
        fixture->canary_seen = true;
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
    struct fixture *fixture = data;

    (void)flags;
    (void)answer;
    canary_look(fixture, text);
    fixture->prompts += !fixture->in_quiet;
    fixture->prompts_quiet += fixture->in_quiet;
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
    const struct fixture *fixture = data;
    int64_t left_ms = fixture->deadline_ms - now_ms();

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

void fixture_init(struct fixture *fixture)
{
    fixture->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                      .size = sizeof fixture->host,
                                      .data = fixture,
                                      .log = host_log,
                                      .prompt = host_prompt,
                                      .setting = host_setting,
                                      .remaining_ms = host_remaining_ms,
                                      .depends = host_depends,
                                      .asking = host_asking};
    fixture->held = (struct lwc_identity)LWC_IDENTITY_ANY;
    fixture->held.profile = text_of("CHECK_PROFILE");
    fixture->held.account = text_of("CHECK_ACCOUNT");
    fixture->held.key_id = text_of("CHECK_KEY_ID");
    fixture->held_secret = getenv("CHECK_SECRET");
}

/* A path is loaded as it is; the name that the descriptor must have is that of the file. */
static enum lwc_code load_path(struct fixture *fixture, struct lwc_error *err)
{
    const char *slash = strrchr(fixture->module, '/');
    const char *file = slash != NULL ? slash + 1 : fixture->module;
    size_t len = strlen(file);
    char dir[PATH_MAX] = ".";
    char whole[PATH_MAX];
    char name[LWC_BACKEND_NAME_MAX + 1];
    enum lwc_code code;

    if (len < 4 || !lwc_streq(file + len - 3, ".so") || !lwc_backend_name_is_valid(file, len - 3)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "'%s': the file of a backend is its name, 1 to %d of a-z, 0-9 and '-', "
                        "with .so behind it",
                        file, LWC_BACKEND_NAME_MAX);
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)len - 3, file);
    if (slash != NULL) {
        (void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - fixture->module), fixture->module);
    }
    if (fixture->in_host && realpath(dir[0] != '\0' ? dir : "/", whole) != NULL) {
        (void)setenv("LWCRED_BACKEND_DIR", whole, 1); /* where the host finds it */
    }
    code = lwc_module_load_at(dir[0] != '\0' ? dir : "/", name, &fixture->backend, err);
    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "'%s/%s' is not installed", dir, file);
    }
    return code;
}

bool fixture_load(struct fixture *fixture)
{
    struct lwc_error err = {0};
    size_t len = strlen(fixture->module);
    bool is_path = strchr(fixture->module, '/') != NULL ||
                   (len > 3 && lwc_streq(fixture->module + len - 3, ".so"));
    enum lwc_code code = is_path ? load_path(fixture, &err)
                                 : lwc_module_load(fixture->module, lwc_module_external_dir(),
                                                   &fixture->backend, &err);

    if (code == LWC_OK && fixture->in_host) {
        in_host_wrap(&fixture->backend);
    }
    if (code == LWC_OK) {
        return true;
    }
    return fixture_say(fixture, "%s%s%s", err.msg, err.hint[0] != '\0' ? "; " : "", err.hint);
}

void fixture_judge_error(struct fixture *fixture, enum lwc_code code, const struct lwc_error *err)
{
    size_t len = strnlen(err->msg, sizeof err->msg);
    const char *what = NULL;

    canary_look(fixture, len < sizeof err->msg ? err->msg : "");
    canary_look(fixture, strnlen(err->hint, sizeof err->hint) < sizeof err->hint ? err->hint : "");
    if (code == LWC_OK || (code == LWC_E_NOT_FOUND && len == 0) || fixture->defect[0] != '\0') {
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
        (void)snprintf(fixture->defect, sizeof fixture->defect, "a failure (%s) has %s",
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

bool fixture_open_state(struct fixture *fixture, struct opened *opened)
{
    struct lwc_error err = {0};
    enum lwc_code code;

    fixture->in_quiet = true;
    code =
        fixture->backend.open(&fixture->host, fixture->argc, fixture->argv, &opened->state, &err);
    fixture->in_quiet = false;
    fixture_judge_error(fixture, code, &err);
    if (code != LWC_OK) {
        return fixture_say(fixture, "open() answered %s: %s", lwc_code_name(code), err.msg);
    }
    opened->backend = &fixture->backend;
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

enum lwc_code fixture_find(struct fixture *fixture, void *state, const struct lwc_identity *query,
                           struct received *received)
{
    const struct lwc_sink sink = {.data = received, .put = receive};
    struct lwc_error err = {0};
    enum lwc_code code = fixture->backend.find(state, query, &sink, &err);

    fixture_judge_error(fixture, code, &err);
    if (code != LWC_OK) {
        fixture_say(fixture, "find() answered %s: %s", lwc_code_name(code), err.msg);
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

bool fixture_list(struct fixture *fixture, void *state, const char *profile, struct listed *listed)
{
    const struct lwc_visitor visitor = {.data = listed, .visit = count};
    struct lwc_error err = {0};
    enum lwc_code code;

    memset(listed, 0, sizeof *listed);
    listed->profile = profile;
    fixture->in_quiet = true;
    code = fixture->backend.list(state, &visitor, &err);
    fixture->in_quiet = false;
    fixture_judge_error(fixture, code, &err);
    if (code != LWC_OK && code != LWC_E_NOT_FOUND) {
        return fixture_say(fixture, "list() answered %s: %s", lwc_code_name(code), err.msg);
    }
    return true;
}

struct lwc_identity fixture_sample(const char *profile)
{
    return (struct lwc_identity){.profile = profile,
                                 .account = "lwcred-check.lacework.net",
                                 .origin = "127.0.0.1:8443",
                                 .key_id = "CHECK_0123456789ABCDEF",
                                 .sub_account = "prod-business",
                                 .kind = LWC_KIND_ACCESS_KEY,
                                 .flags = LWC_ID_ORG_ACCESS};
}

struct lwc_identity fixture_only_profile(const char *profile)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;

    query.profile = profile;
    return query;
}

bool fixture_same(const struct lwc_identity *one, const struct lwc_identity *other)
{
    return lwc_streq(one->profile, other->profile) && lwc_streq(one->account, other->account) &&
           lwc_streq(one->origin, other->origin) && lwc_streq(one->key_id, other->key_id) &&
           lwc_streq(one->sub_account, other->sub_account) && one->kind == other->kind &&
           one->flags == other->flags;
}

bool fixture_store(struct fixture *fixture, void *state, const struct lwc_identity *identity,
                   const void *secret, size_t len, uint32_t flags, enum lwc_code expected)
{
    struct lwc_error err = {0};
    enum lwc_code code = fixture->backend.store(state, identity, secret, len, flags, &err);

    fixture_judge_error(fixture, code, &err);
    if (code != expected) {
        return fixture_say(fixture, "store() answered %s instead of %s: %s", lwc_code_name(code),
                           lwc_code_name(expected), err.msg);
    }
    return true;
}

bool fixture_erase(struct fixture *fixture, void *state, const struct lwc_identity *query,
                   enum lwc_code expected)
{
    struct lwc_error err = {0};
    enum lwc_code code = fixture->backend.erase(state, query, &err);

    fixture_judge_error(fixture, code, &err);
    if (code != expected) {
        return fixture_say(fixture, "erase() answered %s instead of %s: %s", lwc_code_name(code),
                           lwc_code_name(expected), err.msg);
    }
    return true;
}

bool fixture_has(struct fixture *fixture, void *state, const struct lwc_identity *query,
                 const void *secret, size_t len)
{
    AUTO_RECEIVED received = {0};

    if (fixture_find(fixture, state, query, &received) != LWC_OK) {
        return false;
    }
    if (received.secret == NULL) {
        return fixture_say(fixture, "find() answered ok and gave nothing");
    }
    if (!lwc_buf_equal(received.secret, secret, len)) {
        return fixture_say(fixture, "another secret came back (%zu bytes for %zu)",
                           lwc_buf_len(received.secret), len);
    }
    if (!lwc_identity_matches(query, &received.identity.id)) {
        return fixture_say(fixture, "another credential came back: %s",
                           received.identity.id.profile);
    }
    return true;
}

bool fixture_lacks(struct fixture *fixture, void *state, const struct lwc_identity *query)
{
    AUTO_RECEIVED received = {0};
    enum lwc_code code = fixture_find(fixture, state, query, &received);

    if (code != LWC_E_NOT_FOUND) {
        return fixture_say(fixture, "find() of what is absent answered %s", lwc_code_name(code));
    }
    if (received.puts != 0) {
        return fixture_say(fixture, "the sink was called for what is absent");
    }
    return true;
}

void fixture_sweep(struct fixture *fixture)
{
    static const char *const profiles[] = {FIXTURE_ONE, FIXTURE_TWO, FIXTURE_TWO_UPPER,
                                           FIXTURE_LONGEST};
    AUTO_OPENED opened = {0};

    if ((fixture->backend.caps & LWC_CAP_ERASE) == 0 || !fixture_open_state(fixture, &opened)) {
        return;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(profiles); i++) {
        struct lwc_identity query = fixture_only_profile(profiles[i]);

        (void)fixture->backend.erase(opened.state, &query, &(struct lwc_error){0});
    }
}
