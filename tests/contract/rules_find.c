/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/contract/rules.h"

bool rule_held_found(struct bench *bench)
{
    AUTO_OPENED opened = {0};

    return bench_open_state(bench, &opened) &&
           bench_has(bench, opened.state, &bench->held, bench->held_secret,
                     strlen(bench->held_secret));
}

bool rule_held_listed(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct listed listed;

    if (!bench_open_state(bench, &opened) ||
        !bench_list(bench, opened.state, bench->held.profile, &listed)) {
        return false;
    }
    return listed.hits == 1 ? true : bench_say(bench, "list() named it %u times", listed.hits);
}

bool rule_absent_not_found(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity by_profile = bench_only_profile("no-such-profile");
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    struct lwc_identity by_key_id = LWC_IDENTITY_ANY;

    by_account.account = "no-such-account.lacework.net";
    by_key_id.key_id = "NOSUCH_00";
    return bench_open_state(bench, &opened) && bench_lacks(bench, opened.state, &by_profile) &&
           bench_lacks(bench, opened.state, &by_account) &&
           bench_lacks(bench, opened.state, &by_key_id);
}

bool rule_find_by_each_member(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    struct lwc_identity by_origin = LWC_IDENTITY_ANY;
    struct lwc_identity by_key_id = LWC_IDENTITY_ANY;
    struct lwc_identity by_profile = bench_only_profile(BENCH_ONE);

    by_account.account = identity.account;
    by_origin.account = identity.origin;
    by_key_id.key_id = identity.key_id;
    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) &&
           bench_has(bench, opened.state, &identity, "s", 1) &&
           bench_has(bench, opened.state, &by_profile, "s", 1) &&
           bench_has(bench, opened.state, &by_account, "s", 1) &&
           bench_has(bench, opened.state, &by_origin, "s", 1) &&
           bench_has(bench, opened.state, &by_key_id, "s", 1) &&
           bench_erase(bench, opened.state, &by_profile, LWC_OK);
}

bool rule_find_every_member_counts(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct lwc_identity other_account = bench_only_profile(BENCH_ONE);
    struct lwc_identity other_key_id = bench_only_profile(BENCH_ONE);
    struct lwc_identity other_kind = bench_only_profile(BENCH_ONE);

    other_account.account = "other.lacework.net";
    other_key_id.key_id = "OTHER_00";
    other_kind.kind = LWC_KIND_TOKEN;
    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) &&
           bench_lacks(bench, opened.state, &other_account) &&
           bench_lacks(bench, opened.state, &other_key_id) &&
           bench_lacks(bench, opened.state, &other_kind) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

bool rule_find_several_invalid(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    AUTO_RECEIVED received = {0};
    struct lwc_identity one = bench_sample(BENCH_ONE);
    struct lwc_identity two = bench_sample(BENCH_TWO);
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    enum lwc_code code = LWC_OK;

    by_account.account = one.account;
    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &one, "s", 1, 0, LWC_OK) ||
        !bench_store(bench, opened.state, &two, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = bench_find(bench, opened.state, &by_account, &received);
    if (code != LWC_E_INVALID) {
        return bench_say(bench, "find() answered %s where two fit", lwc_code_name(code));
    }
    return bench_erase(bench, opened.state, &one, LWC_OK) &&
           bench_erase(bench, opened.state, &two, LWC_OK);
}

static enum lwc_code count_put(void *data, const struct lwc_identity *identity, const void *bytes,
                               size_t len, struct lwc_error *err)
{
    unsigned *puts = data;

    (void)bytes;
    (void)len;
    (void)err;
    *puts += identity != NULL ? 1 : 1000;
    return LWC_OK;
}

bool rule_find_gives_once(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    unsigned puts = 0;
    const struct lwc_sink sink = {.data = &puts, .put = count_put};

    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    (void)bench->backend.find(opened.state, &identity, &sink, &(struct lwc_error){0});
    if (puts != 1) {
        return puts < 1000 ? bench_say(bench, "the sink was called %u times", puts)
                           : bench_say(bench, "the sink was given no identity");
    }
    return bench_erase(bench, opened.state, &identity, LWC_OK);
}

static enum lwc_code refuse_put(void *data, const struct lwc_identity *identity, const void *bytes,
                                size_t len, struct lwc_error *err)
{
    (void)data;
    (void)identity;
    (void)bytes;
    (void)len;
    return lwc_fail(err, LWC_E_IO, "the sink is full");
}

bool rule_find_passes_failure_on(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    const struct lwc_sink sink = {.put = refuse_put};
    struct lwc_error err = {0};
    enum lwc_code code;

    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = bench->backend.find(opened.state, &identity, &sink, &err);
    if (code != LWC_E_IO) {
        return bench_say(bench, "find() answered %s", lwc_code_name(code));
    }
    return bench_erase(bench, opened.state, &identity, LWC_OK);
}

bool rule_list_asks_nobody(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct listed listed;

    if (!bench_open_state(bench, &opened) || !bench_list(bench, opened.state, "", &listed)) {
        return false;
    }
    return bench->prompts_quiet == 0 ? true : bench_say(bench, "open() or list() asked");
}

bool rule_list_each_once(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct listed before;
    struct listed after;

    if (!bench_open_state(bench, &opened) || !bench_list(bench, opened.state, BENCH_ONE, &before) ||
        !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) ||
        !bench_list(bench, opened.state, BENCH_ONE, &after) ||
        !bench_erase(bench, opened.state, &identity, LWC_OK)) {
        return false;
    }
    if (before.hits != 0 || after.hits != 1 || after.total != before.total + 1) {
        return bench_say(bench, "%u hits in %u, after storing one %u in %u", before.hits,
                         before.total, after.hits, after.total);
    }
    return true;
}

bool rule_list_whole(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct listed listed;

    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) ||
        !bench_list(bench, opened.state, BENCH_ONE, &listed)) {
        return false;
    }
    if (listed.hits == 0 || !bench_same(&identity, &listed.last_hit.id)) {
        return bench_say(bench, "a member of the identity was lost or changed");
    }
    return bench_erase(bench, opened.state, &identity, LWC_OK);
}

static enum lwc_code refuse_visit(void *data, const struct lwc_identity *identity,
                                  struct lwc_error *err)
{
    unsigned *visits = data;

    (void)identity;
    (*visits)++;
    return lwc_fail(err, LWC_E_BUSY, "enough");
}

bool rule_list_ends(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity one = bench_sample(BENCH_ONE);
    struct lwc_identity two = bench_sample(BENCH_TWO);
    unsigned visits = 0;
    const struct lwc_visitor visitor = {.data = &visits, .visit = refuse_visit};
    struct lwc_error err = {0};
    enum lwc_code code;

    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &one, "s", 1, 0, LWC_OK) ||
        !bench_store(bench, opened.state, &two, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = bench->backend.list(opened.state, &visitor, &err);
    if (code != LWC_E_BUSY || visits != 1) {
        return bench_say(bench, "list() answered %s after %u visits", lwc_code_name(code), visits);
    }
    return bench_erase(bench, opened.state, &one, LWC_OK) &&
           bench_erase(bench, opened.state, &two, LWC_OK);
}
