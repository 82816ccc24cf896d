/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "backends/secret-service/item.h"
#include "base/text.h"
#include "base/util.h"

/* Attributes as the test has them: the names of the table, some of them missing or different. */
struct table {
    struct lwc_item_attribute attribute[LWC_ITEM_ATTRIBUTES];
    size_t count;
};

static const char *table_get(void *data, const char *name)
{
    const struct table *table = data;

    for (size_t i = 0; i < table->count; i++) {
        if (table->attribute[i].name != NULL && lwc_streq(table->attribute[i].name, name)) {
            return table->attribute[i].value;
        }
    }
    return NULL;
}

static void table_set(struct table *table, const char *name, const char *value)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->attribute[i].name != NULL && lwc_streq(table->attribute[i].name, name)) {
            table->attribute[i].value = value;
            return;
        }
    }
    fail_msg("no attribute %s", name);
}

static const struct lwc_identity full = {.profile = "prod",
                                         .account = "acme.lacework.net",
                                         .origin = "localhost:8443",
                                         .key_id = "ACME_0123",
                                         .sub_account = "emea",
                                         .kind = LWC_KIND_ACCESS_KEY,
                                         .flags = LWC_ID_ORG_ACCESS};

static struct table table_of(const struct lwc_identity *id)
{
    struct table table = {.count = LWC_ITEM_ATTRIBUTES};

    lwc_item_attributes(id, table.attribute);
    return table;
}

static void attributes_of_an_identity_are_those_of_the_manual(void **state)
{
    static const struct lwc_item_attribute expected[LWC_ITEM_ATTRIBUTES] = {
        {"profile", "prod"},
        {"account", "acme.lacework.net"},
        {"origin", "localhost:8443"},
        {"key-id", "ACME_0123"},
        {"sub-account", "emea"},
        {"kind", "access-key"},
        {"flags", "org-access"},
        {"lwcred-format", "1"},
        {"xdg:schema", "net.lacework.AccessKey"}};
    struct table table = table_of(&full);

    (void)state;
    for (size_t i = 0; i < LWC_ITEM_ATTRIBUTES; i++) {
        assert_string_equal(table_get(&table, expected[i].name), expected[i].value);
    }
}

static void identities_come_back_from_their_attributes(void **state)
{
    struct lwc_identity ids[] = {full, full, full};
    struct lwc_error err = {0};

    (void)state;
    ids[1].origin = ids[1].sub_account = "";
    ids[1].flags = 0;
    ids[2].key_id = "";
    ids[2].kind = LWC_KIND_TOKEN;
    for (size_t i = 0; i < LWC_ARRAY_LEN(ids); i++) {
        struct table table = table_of(&ids[i]);
        struct lwc_identity_copy back;

        assert_int_equal(lwc_item_identity(table_get, &table, &back, &err), LWC_OK);
        assert_true(lwc_item_is_same(&back.id, &ids[i]));
        assert_false(i != 0 && lwc_item_is_same(&back.id, &full));
    }
}

static void identity_without_what_may_be_left_out_is_read(void **state)
{
    static const char *const optional[] = {"origin", "sub-account", "flags"};
    struct table table = table_of(&full);
    struct lwc_identity_copy back;
    struct lwc_error err = {0};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(optional); i++) {
        table_set(&table, optional[i], NULL);
    }
    assert_int_equal(lwc_item_identity(table_get, &table, &back, &err), LWC_OK);
    assert_string_equal(back.origin, "");
    assert_string_equal(back.sub_account, "");
    assert_int_equal(back.id.flags, 0);
    assert_string_equal(back.key_id, "ACME_0123");
}

static void identity_of_what_is_not_ours_is_refused(void **state)
{
    static char too_long[LWC_PROFILE_MAX + 2];
    static const struct {
        const char *name;
        const char *value;
        const char *says;
    } cases[] = {
        {"xdg:schema", NULL, "another schema"},
        {"xdg:schema", "org.freedesktop.Secret.Generic", "another schema"},
        {"lwcred-format", NULL, "'lwcred-format' is not 1"},
        {"lwcred-format", "2", "'lwcred-format' is not 1"},
        {"lwcred-format", "", "'lwcred-format' is not 1"},
        {"profile", NULL, "'profile' is missing"},
        {"profile", "", "profile"},
        {"profile", "../up", "profile"},
        {"profile", "a\nb", "profile"},
        {"profile", too_long, "profile"},
        {"account", NULL, "'account' is missing"},
        {"account", "ACME.lacework.net", "account"},
        {"account", "evil.example/", "account"},
        {"origin", "a b", "origin"},
        {"key-id", "with blank", "key id"},
        {"key-id", "", "key id"},
        {"sub-account", "a\x1b[0m", "sub-account"},
        {"kind", NULL, "'kind'"},
        {"kind", "", "'kind'"},
        {"kind", "any", "'kind'"},
        {"flags", "org-access,more", "'flags'"},
    };

    (void)state;
    memset(too_long, 'a', sizeof too_long - 1);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct table table = table_of(&full);
        struct lwc_identity_copy back;
        struct lwc_error err = {0};

        table_set(&table, cases[i].name, cases[i].value);
        if (lwc_item_identity(table_get, &table, &back, &err) != LWC_E_INVALID ||
            strstr(err.msg, cases[i].says) == NULL) {
            fail_msg("case %zu (%s): %s", i, cases[i].name, err.msg);
        }
    }
}

static void label_names_the_key_for_a_person(void **state)
{
    struct lwc_identity token = full;
    char label[LWC_ITEM_LABEL_LEN];

    (void)state;
    lwc_item_label(&full, label);
    assert_string_equal(label, "Lacework access key ACME_0123 (profile prod, acme.lacework.net)");
    token.key_id = "";
    token.kind = LWC_KIND_TOKEN;
    lwc_item_label(&token, label);
    assert_string_equal(label, "Lacework token (profile prod, acme.lacework.net)");
}

static void label_of_the_longest_identity_is_whole(void **state)
{
    static char profile[LWC_PROFILE_MAX + 1];
    static char account[LWC_ACCOUNT_MAX + 1];
    static char key_id[LWC_KEY_ID_MAX + 1];
    struct lwc_identity id = full;
    char label[LWC_ITEM_LABEL_LEN];

    (void)state;
    memset(profile, 'p', LWC_PROFILE_MAX);
    memset(account, 'a', LWC_ACCOUNT_MAX);
    memset(key_id, 'K', LWC_KEY_ID_MAX);
    id.profile = profile;
    id.account = account;
    id.key_id = key_id;
    lwc_item_label(&id, label);
    assert_non_null(strstr(label, account));
    assert_int_equal(label[strlen(label) - 1], ')');
    assert_false(lwc_text_has_control(label, strlen(label)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_of_an_identity_are_those_of_the_manual),
        cmocka_unit_test(identities_come_back_from_their_attributes),
        cmocka_unit_test(identity_without_what_may_be_left_out_is_read),
        cmocka_unit_test(identity_of_what_is_not_ours_is_refused),
        cmocka_unit_test(label_names_the_key_for_a_person),
        cmocka_unit_test(label_of_the_longest_identity_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
