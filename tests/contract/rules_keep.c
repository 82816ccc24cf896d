/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/contract/rules.h"

static bool comes_back_whole(struct bench *bench, void *state, const struct lwc_identity *identity)
{
    AUTO_RECEIVED received = {0};

    if (!bench_store(bench, state, identity, "s", 1, 0, LWC_OK) ||
        bench_find(bench, state, identity, &received) != LWC_OK) {
        return false;
    }
    if (!bench_same(&received.identity.id, identity)) {
        return bench_say(bench, "a member of the identity was lost or changed");
    }
    return bench_erase(bench, state, identity, LWC_OK);
}

bool rule_identity_whole(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity full = bench_sample(BENCH_ONE);
    struct lwc_identity sparse = bench_sample(BENCH_ONE);

    sparse.origin = "";
    sparse.sub_account = "";
    sparse.flags = 0;
    return bench_open_state(bench, &opened) && comes_back_whole(bench, opened.state, &full) &&
           comes_back_whole(bench, opened.state, &sparse);
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

bool rule_identity_longest(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_LONGEST);
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
    return bench_open_state(bench, &opened) && comes_back_whole(bench, opened.state, &identity);
}

bool rule_identity_malformed(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity newline = bench_sample(BENCH_ONE);
    struct lwc_identity slash = bench_sample("../lwcred-check");
    struct lwc_identity empty = bench_sample("");
    struct lwc_identity host = bench_sample(BENCH_ONE);

    newline.key_id = "CHECK_\nhost=evil.example";
    host.account = "evil.example/";
    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &newline, "s", 1, 0, LWC_E_INVALID) &&
           bench_store(bench, opened.state, &slash, "s", 1, 0, LWC_E_INVALID) &&
           bench_store(bench, opened.state, &empty, "s", 1, 0, LWC_E_INVALID) &&
           bench_store(bench, opened.state, &host, "s", 1, 0, LWC_E_INVALID);
}

bool rule_token_kept(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);

    identity.kind = LWC_KIND_TOKEN;
    identity.key_id = "";
    return bench_open_state(bench, &opened) && comes_back_whole(bench, opened.state, &identity);
}

bool rule_profile_case(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity lower = bench_sample(BENCH_TWO);
    struct lwc_identity upper = bench_sample(BENCH_TWO_UPPER);

    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &lower, "lower", 5, 0, LWC_OK) &&
           bench_store(bench, opened.state, &upper, "upper", 5, 0, LWC_OK) &&
           bench_has(bench, opened.state, &lower, "lower", 5) &&
           bench_has(bench, opened.state, &upper, "upper", 5) &&
           bench_erase(bench, opened.state, &lower, LWC_OK) &&
           bench_erase(bench, opened.state, &upper, LWC_OK);
}

bool rule_replace_on_demand(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);

    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &identity, "one", 3, 0, LWC_OK) &&
           bench_store(bench, opened.state, &identity, "two", 3, 0, LWC_E_INVALID) &&
           bench_has(bench, opened.state, &identity, "one", 3) &&
           bench_store(bench, opened.state, &identity, "two", 3, LWC_STORE_REPLACE, LWC_OK) &&
           bench_has(bench, opened.state, &identity, "two", 3) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

static bool secret_comes_back(struct bench *bench, const uint8_t *bytes, size_t len)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);

    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &identity, bytes, len, 0, LWC_OK) &&
           bench_has(bench, opened.state, &identity, bytes, len) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

/* NUL, newlines and what is no UTF-8 stand at the beginning, in the middle and at the end. */
bool rule_secret_any_bytes(struct bench *bench)
{
    uint8_t bytes[768];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    return secret_comes_back(bench, bytes, sizeof bytes) && secret_comes_back(bench, bytes, 1) &&
           secret_comes_back(bench, bytes + 10, 1);
}

bool rule_secret_largest(struct bench *bench)
{
    static uint8_t bytes[LWC_SECRET_MAX];

    memset(bytes, 'a', sizeof bytes);
    return secret_comes_back(bench, bytes, sizeof bytes);
}

static bool size_is_refused(struct bench *bench, const void *bytes, size_t len)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);

    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &identity, bytes, len, 0, LWC_E_INVALID);
}

bool rule_secret_empty(struct bench *bench)
{
    return size_is_refused(bench, "", 0);
}

bool rule_secret_oversize(struct bench *bench)
{
    static uint8_t bytes[LWC_SECRET_MAX + 1];

    memset(bytes, 'a', sizeof bytes);
    return size_is_refused(bench, bytes, sizeof bytes);
}

/* Stores in a child; what it says is lost with it, its exit status is enough. */
static bool stored_by_a_child(struct bench *bench, const struct lwc_identity *identity)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct opened opened = {0};
        bool stored = bench_open_state(bench, &opened) &&
                      bench_store(bench, opened.state, identity, "kept", 4, 0, LWC_OK);

        opened_close(&opened);
        _exit(stored ? 0 : 1);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        return bench_say(bench, "another process could not store it");
    }
    return true;
}

bool rule_next_process_finds(struct bench *bench)
{
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    AUTO_OPENED opened = {0};

    return stored_by_a_child(bench, &identity) && bench_open_state(bench, &opened) &&
           bench_has(bench, opened.state, &identity, "kept", 4) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

bool rule_states_agree(struct bench *bench)
{
    AUTO_OPENED one = {0};
    AUTO_OPENED two = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);

    return bench_open_state(bench, &one) && bench_open_state(bench, &two) &&
           bench_lacks(bench, two.state, &identity) &&
           bench_store(bench, one.state, &identity, "first", 5, 0, LWC_OK) &&
           bench_has(bench, two.state, &identity, "first", 5) &&
           bench_store(bench, two.state, &identity, "second", 6, LWC_STORE_REPLACE, LWC_OK) &&
           bench_has(bench, one.state, &identity, "second", 6) &&
           bench_erase(bench, one.state, &identity, LWC_OK) &&
           bench_lacks(bench, two.state, &identity);
}

bool rule_erase_absent(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity query = bench_only_profile("no-such-profile");

    return bench_open_state(bench, &opened) &&
           bench_erase(bench, opened.state, &query, LWC_E_NOT_FOUND);
}

bool rule_erase_one(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity one = bench_sample(BENCH_ONE);
    struct lwc_identity two = bench_sample(BENCH_TWO);

    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &one, "1", 1, 0, LWC_OK) &&
           bench_store(bench, opened.state, &two, "2", 1, 0, LWC_OK) &&
           bench_erase(bench, opened.state, &one, LWC_OK) &&
           bench_lacks(bench, opened.state, &one) && bench_has(bench, opened.state, &two, "2", 1) &&
           bench_erase(bench, opened.state, &two, LWC_OK);
}

bool rule_erase_every_member_counts(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct lwc_identity other = bench_only_profile(BENCH_ONE);

    other.key_id = "OTHER_00";
    return bench_open_state(bench, &opened) &&
           bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK) &&
           bench_erase(bench, opened.state, &other, LWC_E_NOT_FOUND) &&
           bench_has(bench, opened.state, &identity, "s", 1) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}
