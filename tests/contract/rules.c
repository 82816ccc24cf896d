/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/contract/rules.h"

#include <string.h>

#define READ_WRITE (LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE)

static bool opens_and_closes(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);

    bench->backend.close(NULL);
    return opened.state != NULL;
}

static bool unknown_argument_is_invalid(struct bench *bench)
{
    static const char *const argv[] = {"no-such-argument=1"};
    struct opened opened = {.backend = &bench->backend};
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.open(&bench->host, 1, argv, &opened.state, &err);

    if (code == LWC_OK) {
        opened_close(&opened);
    }
    if (code != LWC_E_INVALID || opened.state != NULL) {
        return bench_say(bench, "open() answered %s", lwc_code_name(code));
    }
    return err.code == code && err.msg[0] != '\0' ? true
                                                  : bench_say(bench, "the failure has no text");
}

static bool held_is_found(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);

    if (opened.state == NULL || bench->held_secret == NULL) {
        return opened.state != NULL;
    }
    return bench_has(bench, opened.state, &bench->held, bench->held_secret,
                     strlen(bench->held_secret));
}

static bool held_is_listed(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct listed listed;

    if (opened.state == NULL || !bench_list(bench, opened.state, bench->held.profile, &listed)) {
        return false;
    }
    if (listed.hits != (bench->held_secret != NULL ? 1u : 0u)) {
        return bench_say(bench, "bench_list() named it %u times", listed.hits);
    }
    return true;
}

static bool absent_is_absent(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity by_profile = bench_only_profile("no-such-profile");
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    struct lwc_identity by_key_id = LWC_IDENTITY_ANY;

    by_account.account = "no-such-account.lacework.net";
    by_key_id.key_id = "NOSUCH_00";
    return opened.state != NULL && bench_lacks(bench, opened.state, &by_profile) &&
           bench_lacks(bench, opened.state, &by_account) &&
           bench_lacks(bench, opened.state, &by_key_id);
}

static bool stored_is_found_by_each_member(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("members");
    struct lwc_identity by_account = LWC_IDENTITY_ANY;
    struct lwc_identity by_origin = LWC_IDENTITY_ANY;
    struct lwc_identity by_key_id = LWC_IDENTITY_ANY;
    struct lwc_identity by_profile = bench_only_profile("members");

    by_account.account = identity.account;
    by_origin.account = identity.origin;
    by_key_id.key_id = identity.key_id;
    return opened.state != NULL && bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) &&
           bench_has(bench, opened.state, &identity, "s", 1) &&
           bench_has(bench, opened.state, &by_profile, "s", 1) &&
           bench_has(bench, opened.state, &by_account, "s", 1) &&
           bench_has(bench, opened.state, &by_origin, "s", 1) &&
           bench_has(bench, opened.state, &by_key_id, "s", 1) &&
           bench_erase(bench, opened.state, &by_profile, LWC_OK) &&
           bench_lacks(bench, opened.state, &by_profile);
}

static bool identity_comes_back_whole(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    AUTO_RECEIVED received = {0};
    struct lwc_identity identity = bench_sample("whole");
    const struct lwc_identity *back = &received.identity.id;

    if (opened.state == NULL || !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) ||
        bench_find(bench, opened.state, &identity, &received) != LWC_OK) {
        return false;
    }
    if (!lwc_streq(back->profile, identity.profile) ||
        !lwc_streq(back->account, identity.account) || !lwc_streq(back->origin, identity.origin) ||
        !lwc_streq(back->key_id, identity.key_id) ||
        !lwc_streq(back->sub_account, identity.sub_account) || back->kind != identity.kind ||
        back->flags != identity.flags) {
        return bench_say(bench, "a member of the identity was lost or changed");
    }
    return bench_erase(bench, opened.state, &identity, LWC_OK);
}

static bool taken_profile_needs_replace(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("taken");

    return opened.state != NULL &&
           bench_store(bench, opened.state, &identity, "one", 3, 0, LWC_OK) &&
           bench_store(bench, opened.state, &identity, "two", 3, 0, LWC_E_INVALID) &&
           bench_has(bench, opened.state, &identity, "one", 3) &&
           bench_store(bench, opened.state, &identity, "two", 3, LWC_STORE_REPLACE, LWC_OK) &&
           bench_has(bench, opened.state, &identity, "two", 3) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

static bool any_bytes_come_back(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("bytes");
    uint8_t bytes[768];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    return opened.state != NULL &&
           bench_store(bench, opened.state, &identity, bytes, sizeof bytes, 0, LWC_OK) &&
           bench_has(bench, opened.state, &identity, bytes, sizeof bytes) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

static bool largest_secret_comes_back(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("largest");
    static uint8_t bytes[LWC_SECRET_MAX];

    memset(bytes, 0xa5, sizeof bytes);
    return opened.state != NULL &&
           bench_store(bench, opened.state, &identity, bytes, sizeof bytes, 0, LWC_OK) &&
           bench_has(bench, opened.state, &identity, bytes, sizeof bytes) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

static bool empty_and_oversize_secrets_are_refused(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("sizes");
    static uint8_t bytes[LWC_SECRET_MAX + 1];

    return opened.state != NULL &&
           bench_store(bench, opened.state, &identity, "", 0, 0, LWC_E_INVALID) &&
           bench_store(bench, opened.state, &identity, bytes, sizeof bytes, 0, LWC_E_INVALID) &&
           bench_lacks(bench, opened.state, &identity);
}

static bool malformed_identities_are_refused(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity newline = bench_sample("bad");
    struct lwc_identity slash = bench_sample("../bad");
    struct lwc_identity host = bench_sample("bad");

    newline.key_id = "ACME_\nhost=evil.example";
    host.account = "evil.example/";
    return opened.state != NULL &&
           bench_store(bench, opened.state, &newline, "s", 1, 0, LWC_E_INVALID) &&
           bench_store(bench, opened.state, &slash, "s", 1, 0, LWC_E_INVALID) &&
           bench_store(bench, opened.state, &host, "s", 1, 0, LWC_E_INVALID);
}

static bool stored_survives_close(struct bench *bench)
{
    struct lwc_identity identity = bench_sample("survivor");

    {
        AUTO_OPENED opened = bench_open_state(bench);

        if (opened.state == NULL ||
            !bench_store(bench, opened.state, &identity, "kept", 4, 0, LWC_OK)) {
            return false;
        }
    }
    AUTO_OPENED again = bench_open_state(bench);

    return again.state != NULL && bench_has(bench, again.state, &identity, "kept", 4) &&
           bench_erase(bench, again.state, &identity, LWC_OK);
}

static bool two_states_see_each_other(struct bench *bench)
{
    AUTO_OPENED one = bench_open_state(bench);
    AUTO_OPENED two = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("shared");

    return one.state != NULL && two.state != NULL && bench_lacks(bench, two.state, &identity) &&
           bench_store(bench, one.state, &identity, "first", 5, 0, LWC_OK) &&
           bench_has(bench, two.state, &identity, "first", 5) &&
           bench_store(bench, two.state, &identity, "second", 6, LWC_STORE_REPLACE, LWC_OK) &&
           bench_has(bench, one.state, &identity, "second", 6) &&
           bench_erase(bench, one.state, &identity, LWC_OK) &&
           bench_lacks(bench, two.state, &identity);
}

static bool erase_of_absent_is_not_found(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity query = bench_only_profile("no-such-profile");

    return opened.state != NULL && bench_erase(bench, opened.state, &query, LWC_E_NOT_FOUND);
}

static bool erase_takes_one_and_leaves_others(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity one = bench_sample("one");
    struct lwc_identity two = bench_sample("two");

    return opened.state != NULL && bench_store(bench, opened.state, &one, "1", 1, 0, LWC_OK) &&
           bench_store(bench, opened.state, &two, "2", 1, 0, LWC_OK) &&
           bench_erase(bench, opened.state, &one, LWC_OK) &&
           bench_lacks(bench, opened.state, &one) && bench_has(bench, opened.state, &two, "2", 1) &&
           bench_erase(bench, opened.state, &two, LWC_OK);
}

static bool list_names_each_once(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("listed");
    struct listed before;
    struct listed after;

    if (opened.state == NULL || !bench_list(bench, opened.state, "listed", &before) ||
        !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) ||
        !bench_list(bench, opened.state, "listed", &after) ||
        !bench_erase(bench, opened.state, &identity, LWC_OK)) {
        return false;
    }
    if (before.hits != 0 || after.hits != 1 || after.total != before.total + 1) {
        return bench_say(bench, "%u hits in %u, then %u in %u", before.hits, before.total,
                         after.hits, after.total);
    }
    return true;
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

static bool failing_sink_is_passed_on(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("sink");
    const struct lwc_sink sink = {.put = refuse_put};
    struct lwc_error err = {0};
    enum lwc_code code;

    if (opened.state == NULL || !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = bench->backend.find(opened.state, &identity, &sink, &err);
    if (code != LWC_E_IO) {
        return bench_say(bench, "bench_find() answered %s", lwc_code_name(code));
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

static bool failing_visitor_ends_the_list(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity one = bench_sample("visit-1");
    struct lwc_identity two = bench_sample("visit-2");
    unsigned visits = 0;
    const struct lwc_visitor visitor = {.data = &visits, .visit = refuse_visit};
    struct lwc_error err = {0};
    enum lwc_code code;

    if (opened.state == NULL || !bench_store(bench, opened.state, &one, "s", 1, 0, LWC_OK) ||
        !bench_store(bench, opened.state, &two, "s", 1, 0, LWC_OK)) {
        return false;
    }
    code = bench->backend.list(opened.state, &visitor, &err);
    if (code != LWC_E_BUSY || visits != 1) {
        return bench_say(bench, "bench_list() answered %s after %u visits", lwc_code_name(code),
                         visits);
    }
    return bench_erase(bench, opened.state, &one, LWC_OK) &&
           bench_erase(bench, opened.state, &two, LWC_OK);
}

static bool unlock_and_lock_work(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_identity identity = bench_sample("locks");
    struct lwc_error err = {0};

    if (opened.state == NULL || !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    if (bench->backend.unlock(opened.state, &err) != LWC_OK ||
        bench->backend.lock(opened.state, &err) != LWC_OK ||
        bench->backend.unlock(opened.state, &err) != LWC_OK) {
        return bench_say(bench, "unlock() or lock() failed: %s", err.msg);
    }
    return bench_has(bench, opened.state, &identity, "s", 1) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

static bool probe_changes_nothing(struct bench *bench)
{
    AUTO_OPENED opened = bench_open_state(bench);
    struct lwc_error err = {0};
    struct listed before;
    struct listed after;

    if (opened.state == NULL || bench->backend.probe == NULL) {
        return opened.state != NULL;
    }
    if (!bench_list(bench, opened.state, "", &before)) {
        return false;
    }
    if (bench->backend.probe(opened.state, LWC_CAP_STORE, &err) != LWC_OK) {
        return bench_say(bench, "probe() failed: %s", err.msg);
    }
    return bench_list(bench, opened.state, "", &after) && before.total == after.total
               ? true
               : bench_say(bench, "probe() changed the store");
}

#define WITH_LIST (READ_WRITE | LWC_CAP_LIST)

const struct rule rules[] = {
    {"open gives a state, close takes it and NULL", 0, opens_and_closes},
    {"an unknown argument is invalid", 0, unknown_argument_is_invalid},
    {"what is held is found", LWC_CAP_READ, held_is_found},
    {"what is held is listed once", LWC_CAP_LIST, held_is_listed},
    {"what is absent is not found", LWC_CAP_READ, absent_is_absent},
    {"probe changes nothing", LWC_CAP_STORE | LWC_CAP_LIST, probe_changes_nothing},
    {"profile, account, origin and key id each find", READ_WRITE, stored_is_found_by_each_member},
    {"an identity comes back whole", READ_WRITE, identity_comes_back_whole},
    {"a taken profile is overwritten only on demand", READ_WRITE, taken_profile_needs_replace},
    {"a secret of any bytes comes back", READ_WRITE, any_bytes_come_back},
    {"a secret of the largest size comes back", READ_WRITE, largest_secret_comes_back},
    {"empty and oversize secrets are refused", READ_WRITE, empty_and_oversize_secrets_are_refused},
    {"malformed identities are refused", READ_WRITE, malformed_identities_are_refused},
    {"what is stored survives close", READ_WRITE, stored_survives_close},
    {"two states see each other's changes", READ_WRITE, two_states_see_each_other},
    {"erasing what is absent is not found", LWC_CAP_ERASE, erase_of_absent_is_not_found},
    {"erase takes one and leaves the others", READ_WRITE, erase_takes_one_and_leaves_others},
    {"list names each credential once", WITH_LIST, list_names_each_once},
    {"a failure of the sink is passed on", READ_WRITE, failing_sink_is_passed_on},
    {"a failure of the visitor ends the list", WITH_LIST, failing_visitor_ends_the_list},
    {"unlock and lock work", READ_WRITE | LWC_CAP_UNLOCK, unlock_and_lock_work},
};
const size_t rule_count = sizeof rules / sizeof rules[0];
