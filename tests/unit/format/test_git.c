/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/identity.h"
#include "base/safefile.h"
#include "base/util.h"

static enum lwc_code read_text(const char *text, struct lwc_format_request *request)
{
    LWC_AUTO_CLOSE int fd = memfd_create("request", MFD_CLOEXEC);
    const struct lwc_format_input input = {.fd = fd, .deadline_ms = LWC_NO_DEADLINE};

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    return lwc_format_git.ask(&input, request, NULL);
}

static void read_keeps_host_as_asked_and_as_account(void **state)
{
    struct lwc_format_request request = {.given = false};

    (void)state;
    assert_int_equal(read_text("capability[]=authtype\nprotocol=https\n"
                               "host=Acme.Lacework.Net:443\nusername=ACME_01\n",
                               &request),
                     LWC_OK);
    assert_true(request.given);
    assert_false(request.foreign);
    assert_true(request.authtype);
    assert_string_equal(request.host, "Acme.Lacework.Net:443");
    assert_string_equal(request.account, "acme.lacework.net");
    assert_string_equal(request.key_id, "ACME_01");
}

static void terminal_is_not_read(void **state)
{
    const struct lwc_format_input input = {.fd = -1, .deadline_ms = LWC_NO_DEADLINE};
    struct lwc_format_request request = {.given = false};

    (void)state;
    assert_int_equal(lwc_format_git.ask(&input, &request, NULL), LWC_OK);
    assert_false(request.given);
}

static void read_other_protocol_is_foreign(void **state)
{
    struct lwc_format_request request = {.given = false};

    (void)state;
    assert_int_equal(read_text("protocol=http\nhost=acme.lacework.net\n", &request), LWC_OK);
    assert_true(request.given);
    assert_true(request.foreign);
    assert_string_equal(request.host, "");
}

static void read_malformed_request_leaves_output(void **state)
{
    struct lwc_format_request request = {.host = "before"};

    (void)state;
    assert_int_equal(read_text("host=a\nhost=b\n", &request), LWC_E_INVALID);
    assert_string_equal(request.host, "before");
    assert_false(request.given);
}

static void write_answers_as_the_caller_can_read(void **state)
{
    static const struct lwc_identity identity = {
        .profile = "prod",
        .account = "acme.lacework.net",
        .origin = "",
        .key_id = "",
        .sub_account = "",
    };
    static const struct {
        const char *name;
        struct lwc_format_request request;
        int64_t expires_at;
        const char *text;
    } cases[] = {
        {"bearer",
         {.given = true, .authtype = true, .host = "ACME.lacework.net"},
         1800000000,
         "capability[]=authtype\nauthtype=Bearer\ncredential=tok-en\nephemeral=1\n"
         "password_expiry_utc=1800000000\n"},
        {"password",
         {.given = true, .host = "ACME.lacework.net:443"},
         1800000000,
         "protocol=https\nhost=ACME.lacework.net:443\nusername=x-lw-token\npassword=tok-en\n"
         "password_expiry_utc=1800000000\n"},
        {"unknown expiry",
         {.given = true, .authtype = true, .host = "a"},
         0,
         "capability[]=authtype\nauthtype=Bearer\ncredential=tok-en\nephemeral=1\n"},
        {"no request",
         {.given = false},
         0,
         "protocol=https\nhost=acme.lacework.net\nusername=x-lw-token\npassword=tok-en\n"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const struct lwc_format_answer answer = {
            .token = "tok-en",
            .source = "file",
            .expires_at = cases[i].expires_at,
            .expires_in = 10,
            .identity = &identity,
            .request = &cases[i].request,
        };
        LWC_AUTO_BUF out = NULL;

        print_message("%s\n", cases[i].name);
        assert_int_equal(lwc_buf_new(16, &out, NULL), LWC_OK);
        assert_int_equal(lwc_format_git.write(&answer, out, NULL), LWC_OK);
        assert_string_equal(lwc_buf_text(out), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_keeps_host_as_asked_and_as_account),
        cmocka_unit_test(terminal_is_not_read),
        cmocka_unit_test(read_other_protocol_is_foreign),
        cmocka_unit_test(read_malformed_request_leaves_output),
        cmocka_unit_test(write_answers_as_the_caller_can_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
