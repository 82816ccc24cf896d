/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/contract/bench.h"

#include <stdarg.h>
#include <stdio.h>

bool bench_say(struct bench *bench, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(bench->said, sizeof bench->said, fmt, args);
    va_end(args);
    return false;
}

void opened_close(struct opened *opened)
{
    if (opened->state != NULL) {
        opened->backend->close(opened->state);
    }
}
void received_clear(struct received *received)
{
    lwc_secret_free(&received->secret);
}
struct opened bench_open_state(struct bench *bench)
{
    struct opened opened = {.backend = &bench->backend};
    struct lwc_error err = {0};

    if (bench->backend.open(&bench->host, bench->argc, bench->argv, &opened.state, &err) !=
        LWC_OK) {
        bench_say(bench, "open() failed: %s", err.msg);
        opened.state = NULL;
    }
    return opened;
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
    lwc_secret_free(&received->secret);
    return code == LWC_OK ? lwc_secret_copy(bytes, len, &received->secret, err) : code;
}

enum lwc_code bench_find(struct bench *bench, void *state, const struct lwc_identity *query,
                         struct received *received)
{
    const struct lwc_sink sink = {.data = received, .put = receive};
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.find(state, query, &sink, &err);

    if (code != LWC_OK) {
        bench_say(bench, "bench_find() answered %s: %s", lwc_code_name(code), err.msg);
    }
    return code;
}

static enum lwc_code count(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    struct listed *listed = data;
    enum lwc_code code = lwc_identity_check(identity, err);

    listed->total++;
    listed->hits += lwc_streq(identity->profile, listed->profile);
    return code;
}

bool bench_list(struct bench *bench, void *state, const char *profile, struct listed *listed)
{
    const struct lwc_visitor visitor = {.data = listed, .visit = count};
    struct lwc_error err = {0};
    enum lwc_code code;

    *listed = (struct listed){.profile = profile};
    code = bench->backend.list(state, &visitor, &err);
    if (code != LWC_OK && code != LWC_E_NOT_FOUND) {
        return bench_say(bench, "bench_list() answered %s: %s", lwc_code_name(code), err.msg);
    }
    return true;
}

struct lwc_identity bench_sample(const char *profile)
{
    return (struct lwc_identity){.profile = profile,
                                 .account = "acme.lacework.net",
                                 .origin = "127.0.0.1:8443",
                                 .key_id = "ACME_0123456789ABCDEF",
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

bool bench_store(struct bench *bench, void *state, const struct lwc_identity *identity,
                 const void *secret, size_t len, uint32_t flags, enum lwc_code expected)
{
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.store(state, identity, secret, len, flags, &err);

    if (code != expected) {
        return bench_say(bench, "bench_store() answered %s instead of %s: %s", lwc_code_name(code),
                         lwc_code_name(expected), err.msg);
    }
    return true;
}

bool bench_erase(struct bench *bench, void *state, const struct lwc_identity *query,
                 enum lwc_code expected)
{
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.erase(state, query, &err);

    if (code != expected) {
        return bench_say(bench, "bench_erase() answered %s instead of %s: %s", lwc_code_name(code),
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
    if (received.puts != 1) {
        return bench_say(bench, "the sink was called %u times", received.puts);
    }
    if (!lwc_secret_equal(received.secret, secret, len)) {
        return bench_say(bench, "another secret came back (%zu bytes for %zu)",
                         lwc_secret_len(received.secret), len);
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
        return bench_say(bench, "bench_find() of what is absent answered %s", lwc_code_name(code));
    }
    if (received.puts != 0) {
        return bench_say(bench, "the sink was called for what is absent");
    }
    return true;
}
