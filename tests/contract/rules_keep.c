/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/contract/rules.h"

static bool comes_back_whole(struct fixture *fixture, void *state,
                             const struct lwc_identity *identity)
{
    AUTO_RECEIVED received = {0};

    if (!fixture_store(fixture, state, identity, "s", 1, 0, LWC_OK) ||
        fixture_find(fixture, state, identity, &received) != LWC_OK) {
        return false;
    }
    if (!fixture_same(&received.identity.id, identity)) {
        return fixture_say(fixture, "a member of the identity was lost or changed");
    }
    return fixture_erase(fixture, state, identity, LWC_OK);
}

bool rule_identity_whole(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity full = fixture_sample(FIXTURE_ONE);
    struct lwc_identity sparse = fixture_sample(FIXTURE_ONE);

    sparse.origin = "";
    sparse.sub_account = "";
    sparse.flags = 0;
    return fixture_open_state(fixture, &opened) && comes_back_whole(fixture, opened.state, &full) &&
           comes_back_whole(fixture, opened.state, &sparse);
}

/* Labels of 49 letters and a dot, then the rest: @len in all, of the account's alphabet. */
static void fill_host(char *out, size_t len)
{
    memset(out, 'a', len);
    for (size_t i = 49; i + 1 < len; i += 50) {
        out[i] = '.';
    }
    out[len] = '\0';
}

bool rule_identity_longest(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_LONGEST);
    char account[LWC_ACCOUNT_MAX + 1];
    char origin[LWC_ORIGIN_MAX + 1];
    char key_id[LWC_KEY_ID_MAX + 1] = {0};
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1] = {0};

    fill_host(account, sizeof account - 1);
    (void)snprintf(origin, sizeof origin, "%s:65535", account);
    memset(key_id, 'K', sizeof key_id - 1);
    memset(sub_account, '~', sizeof sub_account - 1);
    identity.account = account;
    identity.origin = origin;
    identity.key_id = key_id;
    identity.sub_account = sub_account;
    return fixture_open_state(fixture, &opened) &&
           comes_back_whole(fixture, opened.state, &identity);
}

bool rule_identity_malformed(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity newline = fixture_sample(FIXTURE_ONE);
    struct lwc_identity slash = fixture_sample("../lwcred-check");
    struct lwc_identity empty = fixture_sample("");
    struct lwc_identity host = fixture_sample(FIXTURE_ONE);

    newline.key_id = "CHECK_\nhost=evil.example";
    host.account = "evil.example/";
    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &newline, "s", 1, 0, LWC_E_INVALID) &&
           fixture_store(fixture, opened.state, &slash, "s", 1, 0, LWC_E_INVALID) &&
           fixture_store(fixture, opened.state, &empty, "s", 1, 0, LWC_E_INVALID) &&
           fixture_store(fixture, opened.state, &host, "s", 1, 0, LWC_E_INVALID);
}

bool rule_token_kept(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);

    identity.kind = LWC_KIND_TOKEN;
    identity.key_id = "";
    return fixture_open_state(fixture, &opened) &&
           comes_back_whole(fixture, opened.state, &identity);
}

bool rule_profile_case(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity lower = fixture_sample(FIXTURE_TWO);
    struct lwc_identity upper = fixture_sample(FIXTURE_TWO_UPPER);

    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &lower, "lower", 5, 0, LWC_OK) &&
           fixture_store(fixture, opened.state, &upper, "upper", 5, 0, LWC_OK) &&
           fixture_has(fixture, opened.state, &lower, "lower", 5) &&
           fixture_has(fixture, opened.state, &upper, "upper", 5) &&
           fixture_erase(fixture, opened.state, &lower, LWC_OK) &&
           fixture_erase(fixture, opened.state, &upper, LWC_OK);
}

bool rule_replace_on_demand(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);

    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &identity, "one", 3, 0, LWC_OK) &&
           fixture_store(fixture, opened.state, &identity, "two", 3, 0, LWC_E_INVALID) &&
           fixture_has(fixture, opened.state, &identity, "one", 3) &&
           fixture_store(fixture, opened.state, &identity, "two", 3, LWC_STORE_REPLACE, LWC_OK) &&
           fixture_has(fixture, opened.state, &identity, "two", 3) &&
           fixture_erase(fixture, opened.state, &identity, LWC_OK);
}

static bool secret_comes_back(struct fixture *fixture, const uint8_t *bytes, size_t len)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);

    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &identity, bytes, len, 0, LWC_OK) &&
           fixture_has(fixture, opened.state, &identity, bytes, len) &&
           fixture_erase(fixture, opened.state, &identity, LWC_OK);
}

/* NUL, newlines and what is no UTF-8 stand at the beginning, in the middle and at the end. */
bool rule_secret_any_bytes(struct fixture *fixture)
{
    uint8_t bytes[768];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    return secret_comes_back(fixture, bytes, sizeof bytes) &&
           secret_comes_back(fixture, bytes, 1) && secret_comes_back(fixture, bytes + 10, 1);
}

bool rule_secret_largest(struct fixture *fixture)
{
    static uint8_t bytes[LWC_SECRET_MAX];

    memset(bytes, 'a', sizeof bytes);
    return secret_comes_back(fixture, bytes, sizeof bytes);
}

static bool size_is_refused(struct fixture *fixture, const void *bytes, size_t len)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);

    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &identity, bytes, len, 0, LWC_E_INVALID);
}

bool rule_secret_empty(struct fixture *fixture)
{
    return size_is_refused(fixture, "", 0);
}

bool rule_secret_oversize(struct fixture *fixture)
{
    static uint8_t bytes[LWC_SECRET_MAX + 1];

    memset(bytes, 'a', sizeof bytes);
    return size_is_refused(fixture, bytes, sizeof bytes);
}

/* Stores in a child; what it says is lost with it, its exit status is enough. */
static bool stored_by_a_child(struct fixture *fixture, const struct lwc_identity *identity)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct opened opened = {0};
        bool stored = fixture_open_state(fixture, &opened) &&
                      fixture_store(fixture, opened.state, identity, "kept", 4, 0, LWC_OK);

        opened_close(&opened);
        _exit(stored ? 0 : 1);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        return fixture_say(fixture, "another process could not store it");
    }
    return true;
}

bool rule_next_process_finds(struct fixture *fixture)
{
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    AUTO_OPENED opened = {0};

    return stored_by_a_child(fixture, &identity) && fixture_open_state(fixture, &opened) &&
           fixture_has(fixture, opened.state, &identity, "kept", 4) &&
           fixture_erase(fixture, opened.state, &identity, LWC_OK);
}

bool rule_states_agree(struct fixture *fixture)
{
    AUTO_OPENED one = {0};
    AUTO_OPENED two = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);

    return fixture_open_state(fixture, &one) && fixture_open_state(fixture, &two) &&
           fixture_lacks(fixture, two.state, &identity) &&
           fixture_store(fixture, one.state, &identity, "first", 5, 0, LWC_OK) &&
           fixture_has(fixture, two.state, &identity, "first", 5) &&
           fixture_store(fixture, two.state, &identity, "second", 6, LWC_STORE_REPLACE, LWC_OK) &&
           fixture_has(fixture, one.state, &identity, "second", 6) &&
           fixture_erase(fixture, one.state, &identity, LWC_OK) &&
           fixture_lacks(fixture, two.state, &identity);
}

bool rule_erase_absent(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity query = fixture_only_profile("no-such-profile");

    return fixture_open_state(fixture, &opened) &&
           fixture_erase(fixture, opened.state, &query, LWC_E_NOT_FOUND);
}

bool rule_erase_one(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity one = fixture_sample(FIXTURE_ONE);
    struct lwc_identity two = fixture_sample(FIXTURE_TWO);

    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &one, "1", 1, 0, LWC_OK) &&
           fixture_store(fixture, opened.state, &two, "2", 1, 0, LWC_OK) &&
           fixture_erase(fixture, opened.state, &one, LWC_OK) &&
           fixture_lacks(fixture, opened.state, &one) &&
           fixture_has(fixture, opened.state, &two, "2", 1) &&
           fixture_erase(fixture, opened.state, &two, LWC_OK);
}

bool rule_erase_every_member_counts(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct lwc_identity other = fixture_only_profile(FIXTURE_ONE);

    other.key_id = "OTHER_00";
    return fixture_open_state(fixture, &opened) &&
           fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK) &&
           fixture_erase(fixture, opened.state, &other, LWC_E_NOT_FOUND) &&
           fixture_has(fixture, opened.state, &identity, "s", 1) &&
           fixture_erase(fixture, opened.state, &identity, LWC_OK);
}
