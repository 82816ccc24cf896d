/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/contract/rules.h"

bool rule_held_found(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};

    return fixture_open_state(fixture, &opened) &&
           fixture_has(fixture, opened.state, &fixture->held, fixture->held_secret,
                       strlen(fixture->held_secret));
}

bool rule_held_listed(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct listed listed;

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_list(fixture, opened.state, fixture->held.profile, &listed)) {
        return false;
    }
    return listed.hits == 1 ? true : fixture_say(fixture, "list() named it %u times", listed.hits);
}

bool rule_absent_not_found(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity by_profile = fixture_only_profile("no-such-profile");
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    struct lwc_identity by_key_id = LWC_IDENTITY_ANY;

    by_account.account = "no-such-account.lacework.net";
    by_key_id.key_id = "NOSUCH_00";
    return fixture_open_state(fixture, &opened) &&
           fixture_lacks(fixture, opened.state, &by_profile) &&
           fixture_lacks(fixture, opened.state, &by_account) &&
           fixture_lacks(fixture, opened.state, &by_key_id);
}

bool rule_find_by_each_member(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    struct lwc_identity by_origin = LWC_IDENTITY_ANY;
    struct lwc_identity by_key_id = LWC_IDENTITY_ANY;
    struct lwc_identity by_profile = fixture_only_profile(FIXTURE_ONE);

    by_account.account = identity.account;
    by_origin.account = identity.origin;
    by_key_id.key_id = identity.key_id;
    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK) &&
           fixture_has(fixture, opened.state, &identity, "s", 1) &&
           fixture_has(fixture, opened.state, &by_profile, "s", 1) &&
           fixture_has(fixture, opened.state, &by_account, "s", 1) &&
           fixture_has(fixture, opened.state, &by_origin, "s", 1) &&
           fixture_has(fixture, opened.state, &by_key_id, "s", 1) &&
           fixture_erase(fixture, opened.state, &by_profile, LWC_OK);
}

bool rule_find_every_member_counts(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct lwc_identity other_account = fixture_only_profile(FIXTURE_ONE);
    struct lwc_identity other_key_id = fixture_only_profile(FIXTURE_ONE);
    struct lwc_identity other_kind = fixture_only_profile(FIXTURE_ONE);

    other_account.account = "other.lacework.net";
    other_key_id.key_id = "OTHER_00";
    other_kind.kind = LWC_KIND_TOKEN;
    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK) &&
           fixture_lacks(fixture, opened.state, &other_account) &&
           fixture_lacks(fixture, opened.state, &other_key_id) &&
           fixture_lacks(fixture, opened.state, &other_kind) &&
           fixture_erase(fixture, opened.state, &identity, LWC_OK);
}

bool rule_find_several_invalid(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    AUTO_RECEIVED received = {0};
    struct lwc_identity one = fixture_sample(FIXTURE_ONE);
    struct lwc_identity two = fixture_sample(FIXTURE_TWO);
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    enum lwc_code code = LWC_OK;

    by_account.account = one.account;
    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &one, "s", 1, 0, LWC_OK) ||
        !fixture_store(fixture, opened.state, &two, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = fixture_find(fixture, opened.state, &by_account, &received);
    if (code != LWC_E_INVALID) {
        return fixture_say(fixture, "find() answered %s where two fit", lwc_code_name(code));
    }
    return fixture_erase(fixture, opened.state, &one, LWC_OK) &&
           fixture_erase(fixture, opened.state, &two, LWC_OK);
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

bool rule_find_gives_once(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    unsigned puts = 0;
    const struct lwc_sink sink = {.data = &puts, .put = count_put};

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    (void)fixture->backend.find(opened.state, &identity, &sink, &(struct lwc_error){0});
    if (puts != 1) {
        return puts < 1000 ? fixture_say(fixture, "the sink was called %u times", puts)
                           : fixture_say(fixture, "the sink was given no identity");
    }
    return fixture_erase(fixture, opened.state, &identity, LWC_OK);
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

bool rule_find_passes_failure_on(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    const struct lwc_sink sink = {.put = refuse_put};
    struct lwc_error err = {0};
    enum lwc_code code;

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = fixture->backend.find(opened.state, &identity, &sink, &err);
    if (code != LWC_E_IO) {
        return fixture_say(fixture, "find() answered %s", lwc_code_name(code));
    }
    return fixture_erase(fixture, opened.state, &identity, LWC_OK);
}

bool rule_list_asks_nothing(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct listed listed;

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_list(fixture, opened.state, "", &listed)) {
        return false;
    }
    return fixture->prompts_quiet == 0 ? true : fixture_say(fixture, "open() or list() asked");
}

bool rule_list_each_once(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct listed before;
    struct listed after;

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_list(fixture, opened.state, FIXTURE_ONE, &before) ||
        !fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK) ||
        !fixture_list(fixture, opened.state, FIXTURE_ONE, &after) ||
        !fixture_erase(fixture, opened.state, &identity, LWC_OK)) {
        return false;
    }
    if (before.hits != 0 || after.hits != 1 || after.total != before.total + 1) {
        return fixture_say(fixture, "%u hits in %u, after storing one %u in %u", before.hits,
                           before.total, after.hits, after.total);
    }
    return true;
}

bool rule_list_whole(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct listed listed;

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK) ||
        !fixture_list(fixture, opened.state, FIXTURE_ONE, &listed)) {
        return false;
    }
    if (listed.hits == 0 || !fixture_same(&identity, &listed.last_hit.id)) {
        return fixture_say(fixture, "a member of the identity was lost or changed");
    }
    return fixture_erase(fixture, opened.state, &identity, LWC_OK);
}

static enum lwc_code refuse_visit(void *data, const struct lwc_identity *identity,
                                  struct lwc_error *err)
{
    unsigned *visits = data;

    (void)identity;
    (*visits)++;
    return lwc_fail(err, LWC_E_BUSY, "enough");
}

bool rule_list_ends(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity one = fixture_sample(FIXTURE_ONE);
    struct lwc_identity two = fixture_sample(FIXTURE_TWO);
    unsigned visits = 0;
    const struct lwc_visitor visitor = {.data = &visits, .visit = refuse_visit};
    struct lwc_error err = {0};
    enum lwc_code code;

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &one, "s", 1, 0, LWC_OK) ||
        !fixture_store(fixture, opened.state, &two, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = fixture->backend.list(opened.state, &visitor, &err);
    if (code != LWC_E_BUSY || visits != 1) {
        return fixture_say(fixture, "list() answered %s after %u visits", lwc_code_name(code),
                           visits);
    }
    return fixture_erase(fixture, opened.state, &one, LWC_OK) &&
           fixture_erase(fixture, opened.state, &two, LWC_OK);
}
