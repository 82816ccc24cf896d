/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/exec/complaint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define SECRET "_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define NOISE_LEN 300

/* The message for @said, from a program that was given @withheld and wrote @answered. */
static void show(const char *said, size_t len, const char *withheld, const char *answered,
                 char out[static LWC_COMPLAINT_LEN + 2])
{
    LWC_AUTO_BUF answer = NULL;
    struct lwc_complaint complaint = {.len = 0};

    assert_int_equal(lwc_buf_copy(answered, strlen(answered), &answer, NULL), LWC_OK);
    lwc_complaint_add(&complaint, said, len);
    lwc_complaint_show(&complaint, withheld, answer, out);
}

static void show_gives_the_first_line_unless_it_holds_a_secret(void **state)
{
    static const struct {
        const char *said;
        const char *withheld;
        const char *answered;
        const char *shown;
    } cases[] = {
        {"", NULL, "", ""},
        {"\nsecond", NULL, "", ""},
        {"no bus here\nmore", NULL, "", ": no bus here"},
        {"no \033[31mbus", SECRET, "", ": no \\x1b[31mbus"},
        {"got " SECRET, SECRET, "", ""},
        {"got " SECRET, NULL, "username=x\npassword=" SECRET "\n", ""},
        {"got " SECRET, NULL, "password=" SECRET, ""},
        {"got " SECRET, NULL, SECRET, ""},
        {"got " SECRET, NULL, "credential=" SECRET "\n", ""},
        {"got " SECRET, NULL, "unheard-of=" SECRET "\n", ""},
        {"password=other", NULL, "", ""},
        {"x password=other", NULL, "", ""},
        {"credential=other", NULL, "", ""},
        {"oauth_refresh_token=other", NULL, "", ""},
        {"bad passphrase", NULL, "password=" SECRET "\n", ": bad passphrase"},
        {"no key ACME_01 of acme.lacework.net", SECRET,
         "protocol=https\nhost=acme.lacework.net\nusername=ACME_01\n",
         ": no key ACME_01 of acme.lacework.net"},
        {"short ab", NULL, "password=ab\n", ""},
        {"short", NULL, "password=\n", ": short"},
        {"first\n" SECRET, SECRET, "", ": first"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char out[LWC_COMPLAINT_LEN + 2];

        show(cases[i].said, strlen(cases[i].said), cases[i].withheld, cases[i].answered, out);
        if (strcmp(out, cases[i].shown) != 0) {
            fail_msg("case %zu: '%s'", i, out);
        }
    }
}

static bool holds_part(const char *text)
{
    bool found = false;

    for (size_t i = 0; i + LWC_COMPLAINT_SHARED < sizeof SECRET; i++) {
        char part[LWC_COMPLAINT_SHARED + 1] = "";

        memcpy(part, &SECRET[i], LWC_COMPLAINT_SHARED);
        found = found || strstr(text, part) != NULL;
    }
    return found;
}

/* The secret begins at each place of the line, and @first to @last of it is what is written. */
static void secret_is_never_shown_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t before = 0; before < NOISE_LEN; before++) {
        for (size_t first = 0; first + LWC_COMPLAINT_SHARED < sizeof SECRET; first += 3) {
            char said[NOISE_LEN + sizeof SECRET] = "";
            char out[LWC_COMPLAINT_LEN + 2];

            memset(said, '-', before);
            memcpy(said + before, &SECRET[first], sizeof SECRET - first);
            for (size_t len = before; len <= strlen(said); len += 5) {
                show(said, len, SECRET, "", out);
                assert_false(holds_part(out));
                show(said, len, NULL, "password=" SECRET "\n", out);
                assert_false(holds_part(out));
            }
        }
    }
}

static void add_keeps_what_there_is_room_for(void **state)
{
    struct lwc_complaint complaint = {.len = 0};
    char said[LWC_COMPLAINT_LEN];

    (void)state;
    memset(said, 'a', sizeof said);
    lwc_complaint_add(&complaint, said, 150);
    assert_int_equal(complaint.len, 150);
    lwc_complaint_add(&complaint, said, 150);
    assert_int_equal(complaint.len, LWC_COMPLAINT_LEN);
    lwc_complaint_add(&complaint, said, sizeof said);
    assert_int_equal(complaint.len, LWC_COMPLAINT_LEN);
    assert_memory_equal(complaint.text, said, LWC_COMPLAINT_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(show_gives_the_first_line_unless_it_holds_a_secret),
        cmocka_unit_test(secret_is_never_shown_however_it_is_cut),
        cmocka_unit_test(add_keeps_what_there_is_room_for),
    };

    return cmocka_run_group_tests_name("complaint", tests, NULL, NULL);
}
