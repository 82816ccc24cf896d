/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/git_request.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/safefile.h"

static enum lwc_code parse(const char *text, struct lwc_git_request *request, struct lwc_error *err)
{
    return lwc_git_request_parse(text, strlen(text), request, err);
}

static void parse_malformed_requests_are_refused(void **state)
{
#define TEXT(literal) literal, sizeof literal - 1
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        const char *says;
    } cases[] = {
        {"no sign", TEXT("protocol=https\nhost\n\n"), "line 2: no '='"},
        {"no key", TEXT("=https\n"), "line 1: no key"},
        {"NUL in a value", TEXT("host=acme\0.lacework.net\n"), "line 1: control byte"},
        {"NUL in a key", TEXT("ho\0st=acme\n"), "line 1: control byte"},
        {"CR in a value", TEXT("host=acme\r.lacework.net\n"), "line 1: control byte"},
        {"two CR at the end", TEXT("host=acme.lacework.net\r\r\n"), "line 1: control byte"},
        {"CR at the end of input", TEXT("host=acme.lacework.net\r"), "line 1: control byte"},
        {"a CR alone", TEXT("\r"), "line 1: control byte"},
        {"escape", TEXT("username=\033[31m\n"), "line 1: control byte"},
        {"tab", TEXT("path=a\tb\n"), "line 1: control byte"},
        {"DEL", TEXT("path=a\177b\n"), "line 1: control byte"},
        {"control byte in what is ignored", TEXT("wwwauth[]=a\001\n"), "line 1: control byte"},
        {"protocol twice", TEXT("protocol=https\nprotocol=https\n"), "'protocol' for the second"},
        {"host twice", TEXT("host=a\nhost=b\n"), "line 2: 'host' for the second"},
        {"password twice, one empty", TEXT("password=\npassword=b\n"), "'password'"},
        {"url twice", TEXT("url=https://a\nurl=https://a\n"), "'url' for the second"},
        {"url after host", TEXT("host=a\nurl=https://b/\n"), "'url' and 'host'"},
        {"url before host", TEXT("url=https://b/\nhost=a\n"), "'url' and 'host'"},
        {"url and protocol", TEXT("protocol=https\nurl=https://b/\n"), "'url' and 'protocol'"},
        {"url and username", TEXT("username=a\nurl=https://b@c/\n"), "'url' and 'username'"},
        {"url with LF", TEXT("url=https://acme.lacework.net%0ahost=evil/\n"), "control byte"},
        {"url with CR", TEXT("url=https://acme.lacework.net%0D/\n"), "control byte"},
        {"url with NUL", TEXT("url=https://acme.lacework.net%00/\n"), "control byte"},
        {"url without scheme", TEXT("url=acme.lacework.net\n"), "no scheme"},
        {"url with broken escape", TEXT("url=https://a%2/\n"), "broken percent escape"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_git_request request = {.text = NULL};
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].name);
        assert_int_equal(lwc_git_request_parse(cases[i].text, cases[i].len, &request, &err),
                         LWC_E_INVALID);
        assert_int_equal(err.code, LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].says));
        assert_null(request.decoded);
        assert_false(lwc_git_request_has(&request, LWC_GIT_HOST));
    }
}

static void parse_error_never_shows_a_value(void **state)
{
    static const char *const cases[] = {
        "password=_planted\001\n",
        "_planted-without-sign\n",
        "password=a\npassword=_planted\n",
        "url=https://k:_planted%zz@acme.lacework.net/\n",
        "url=_planted\n",
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_git_request request = {.text = NULL};
        struct lwc_error err = {0};

        print_message("%s", cases[i]);
        assert_int_equal(parse(cases[i], &request, &err), LWC_E_INVALID);
        assert_null(strstr(err.msg, "_planted"));
        assert_null(strstr(err.hint, "_planted"));
    }
}

static void parse_reads_every_way_to_write_it(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        bool authtype;
    } cases[] = {
        {"as git", "capability[]=authtype\nprotocol=https\nhost=h\nusername=u\n", true},
        {"empty line", "protocol=https\nhost=h\nusername=u\n\n", false},
        {"CRLF", "protocol=https\r\nhost=h\r\nusername=u\r\n\r\n", false},
        {"no newline at the end", "protocol=https\nhost=h\nusername=u", false},
        {"text behind it", "protocol=https\nhost=h\nusername=u\n\nhost=x\nrubbish\n", false},
        {"unknown keys", "new=1\nnew=2\nprotocol=https\nhost=h\nusername=u\nstate[]=x\n", false},
        {"wwwauth", "wwwauth[]=Bearer\nwwwauth[]=a=b\nprotocol=https\nhost=h\nusername=u\n", false},
        {"capabilities",
         "capability[]=state\nhost=h\ncapability[]=authtype\nprotocol=https\n"
         "username=u\n",
         true},
        {"list reset", "capability[]=authtype\ncapability[]=\nhost=h\nprotocol=https\nusername=u\n",
         false},
        {"url", "url=https://u@h/\n", false},
        {"url and username", "username=u\nurl=https://h\n", false},
        {"escaped url", "url=https://%75@%68/%2e\n", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_GIT_REQUEST request = {.text = NULL};

        print_message("%s\n", cases[i].name);
        assert_int_equal(parse(cases[i].text, &request, NULL), LWC_OK);
        assert_true(lwc_git_request_is(&request, LWC_GIT_PROTOCOL, "https"));
        assert_true(lwc_git_request_is(&request, LWC_GIT_HOST, "h"));
        assert_true(lwc_git_request_is(&request, LWC_GIT_USERNAME, "u"));
        assert_false(lwc_git_request_has(&request, LWC_GIT_PASSWORD));
        assert_int_equal(request.authtype, cases[i].authtype);
        assert_false(request.empty);
    }
}

static void parse_empty_line_alone_is_an_empty_request(void **state)
{
    struct lwc_git_request request = {.text = NULL};

    (void)state;
    assert_int_equal(parse("\n", &request, NULL), LWC_OK);
    assert_true(request.empty);
    assert_int_equal(parse("\r\nhost=a\n", &request, NULL), LWC_OK);
    assert_true(request.empty);
}

static void parse_value_may_hold_signs_and_be_empty(void **state)
{
    struct lwc_git_request request = {.text = NULL};

    (void)state;
    assert_int_equal(parse("password=a=b==\nhost=\nusername= x \n", &request, NULL), LWC_OK);
    assert_true(lwc_git_request_is(&request, LWC_GIT_PASSWORD, "a=b=="));
    assert_true(lwc_git_request_has(&request, LWC_GIT_HOST));
    assert_true(lwc_git_request_is(&request, LWC_GIT_HOST, ""));
    assert_true(lwc_git_request_is(&request, LWC_GIT_USERNAME, " x "));
}

/* "key=xxx...\n" of @len bytes in all. */
static char *long_line(size_t len)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "path=", 5);
    text[len - 1] = '\n';
    text[len] = '\0';
    return text;
}

static void parse_line_length_has_a_cap(void **state)
{
    LWC_AUTO_FREE char *longest = long_line(LWC_GIT_LINE_CAP);
    LWC_AUTO_FREE char *longer = long_line(LWC_GIT_LINE_CAP + 1);
    struct lwc_git_request request = {.text = NULL};

    (void)state;
    assert_int_equal(parse(longest, &request, NULL), LWC_OK);
    assert_int_equal(parse(longer, &request, NULL), LWC_E_INVALID);
}

static void parse_request_length_has_a_cap(void **state)
{
    static const char line[] = "wwwauth[]=0123\n";
    static char text[LWC_GIT_REQUEST_CAP + 2 * sizeof line];
    struct lwc_git_request request = {.text = NULL};
    size_t len = 0;

    (void)state;
    while (len + sizeof line - 1 <= LWC_GIT_REQUEST_CAP) {
        memcpy(text + len, line, sizeof line - 1);
        len += sizeof line - 1;
    }
    assert_int_equal(lwc_git_request_parse(text, len, &request, NULL), LWC_OK);
    memcpy(text + len, line, sizeof line - 1);
    len += sizeof line - 1;
    assert_int_equal(lwc_git_request_parse(text, len, &request, NULL), LWC_E_INVALID);
}

/* A descriptor from which @text can be read. */
static int input_of(const char *text)
{
    int fd = memfd_create("request", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    return fd;
}

static void read_ends_at_the_empty_line_of_an_open_pipe(void **state)
{
    static const char *const cases[] = {"host=h\n\n", "host=h\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_GIT_REQUEST request = {.text = NULL};
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], cases[i], strlen(cases[i])), (ssize_t)strlen(cases[i]));
        assert_int_equal(lwc_git_request_read(ends[0], LWC_NO_DEADLINE, &request, NULL), LWC_OK);
        assert_true(lwc_git_request_is(&request, LWC_GIT_HOST, "h"));
        assert_int_equal(close(ends[0]), 0);
        assert_int_equal(close(ends[1]), 0);
    }
}

static void read_end_of_input_ends_a_request(void **state)
{
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};
    LWC_AUTO_CLOSE int fd = input_of("protocol=https\nhost=h\nusername=u");

    (void)state;
    assert_int_equal(lwc_git_request_read(fd, LWC_NO_DEADLINE, &request, NULL), LWC_OK);
    assert_true(lwc_git_request_is(&request, LWC_GIT_USERNAME, "u"));
}

static void read_nothing_is_no_request(void **state)
{
    struct lwc_git_request request = {.text = NULL};
    LWC_AUTO_CLOSE int fd = input_of("");

    (void)state;
    assert_int_equal(lwc_git_request_read(fd, LWC_NO_DEADLINE, &request, NULL), LWC_E_NOT_FOUND);
    assert_null(request.text);
}

static void read_of_a_request_that_does_not_end_is_given_up(void **state)
{
    static const char *const cases[] = {"", "host=h\n", "host=h\npass"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_git_request request = {.text = NULL};
        struct lwc_error err = {0};
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], cases[i], strlen(cases[i])), (ssize_t)strlen(cases[i]));
        assert_int_equal(lwc_git_request_read(ends[0], lwc_clock_boot_ms(lwc_clock_system()) + 50,
                                              &request, &err),
                         LWC_E_INVALID);
        assert_non_null(strstr(err.msg, "did not come in time"));
        assert_null(request.text);
        assert_int_equal(close(ends[0]), 0);
        assert_int_equal(close(ends[1]), 0);
    }
}

static void read_endless_input_is_refused(void **state)
{
    struct lwc_git_request request = {.text = NULL};
    struct lwc_error err = {0};
    LWC_AUTO_CLOSE int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(lwc_git_request_read(fd, LWC_NO_DEADLINE, &request, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "65536"));
    assert_null(request.text);
}

static void read_closed_input_is_an_io_error(void **state)
{
    struct lwc_git_request request = {.text = NULL};

    (void)state;
    assert_int_equal(lwc_git_request_read(-1, LWC_NO_DEADLINE, &request, NULL), LWC_E_IO);
}

static void account_takes_only_what_can_be_ours(void **state)
{
    static const struct {
        const char *text;
        const char *account; /* NULL: none */
    } cases[] = {
        {"protocol=https\nhost=acme.lacework.net\n", "acme.lacework.net"},
        {"protocol=https\nhost=ACME.Lacework.NET\n", "acme.lacework.net"},
        {"protocol=https\nhost=acme.lacework.net:443\n", "acme.lacework.net"},
        {"protocol=https\nhost=acme.lacework.net:8443\n", "acme.lacework.net:8443"},
        {"protocol=https\nhost=127.0.0.1:18443\n", "127.0.0.1:18443"},
        {"url=https://acme.lacework.net:443/a/b\n", "acme.lacework.net"},
        {"protocol=http\nhost=acme.lacework.net\n", NULL},
        {"protocol=HTTPS\nhost=acme.lacework.net\n", NULL},
        {"host=acme.lacework.net\n", NULL},
        {"protocol=https\n", NULL},
        {"protocol=https\nhost=\n", NULL},
        {"protocol=https\nhost=:443\n", NULL},
        {"protocol=https\nhost=acme.lacework.net.\n", NULL},
        {"protocol=https\nhost=acme.lacework.net:443:443\n", NULL},
        {"protocol=https\nhost=me@acme.lacework.net\n", NULL},
        {"protocol=https\nhost=acme%2elacework.net\n", NULL},
        {"protocol=https\nhost=acme.lacework.net/\n", NULL},
        {"protocol=https\nhost= acme.lacework.net\n", NULL},
        {"protocol=https\nhost=acme..lacework.net\n", NULL},
        {"protocol=https\nhost=\xd0\xb0"
         "cme.lacework.net\n",
         NULL},
        {"url=https://me@evil@acme.lacework.net/\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_GIT_REQUEST request = {.text = NULL};
        char account[LWC_ORIGIN_MAX + 1] = "before";

        print_message("%s", cases[i].text);
        assert_int_equal(parse(cases[i].text, &request, NULL), LWC_OK);
        assert_int_equal(lwc_git_request_account(&request, account), cases[i].account != NULL);
        assert_string_equal(account, cases[i].account != NULL ? cases[i].account : "before");
    }
}

static void account_overlong_host_is_none(void **state)
{
    char text[LWC_ORIGIN_MAX + 64] = "protocol=https\nhost=";
    char account[LWC_ORIGIN_MAX + 1] = "before";
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};

    (void)state;
    memset(text + strlen(text), 'a', LWC_ORIGIN_MAX + 5);
    assert_int_equal(parse(text, &request, NULL), LWC_OK);
    assert_false(lwc_git_request_account(&request, account));
    assert_string_equal(account, "before");
}

static void key_id_takes_no_token_user_and_no_rubbish(void **state)
{
    static const struct {
        const char *text;
        const char *key_id;
    } cases[] = {
        {"username=ACME_0123\n", "ACME_0123"},
        {"username=x-lw-token\n", NULL},
        {"username=\n", NULL},
        {"username=a b\n", NULL},
        {"username=\"a\"\n", NULL},
        {"host=h\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_GIT_REQUEST request = {.text = NULL};
        char key_id[LWC_KEY_ID_MAX + 1] = "before";

        print_message("%s", cases[i].text);
        assert_int_equal(parse(cases[i].text, &request, NULL), LWC_OK);
        assert_int_equal(lwc_git_request_key_id(&request, key_id), cases[i].key_id != NULL);
        assert_string_equal(key_id, cases[i].key_id != NULL ? cases[i].key_id : "before");
    }
}

static void key_id_overlong_is_none(void **state)
{
    char text[LWC_KEY_ID_MAX + 32] = "username=";
    char key_id[LWC_KEY_ID_MAX + 1] = "";
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};

    (void)state;
    memset(text + strlen(text), 'A', LWC_KEY_ID_MAX + 1);
    assert_int_equal(parse(text, &request, NULL), LWC_OK);
    assert_false(lwc_git_request_key_id(&request, key_id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_malformed_requests_are_refused),
        cmocka_unit_test(parse_error_never_shows_a_value),
        cmocka_unit_test(parse_reads_every_way_to_write_it),
        cmocka_unit_test(parse_empty_line_alone_is_an_empty_request),
        cmocka_unit_test(parse_value_may_hold_signs_and_be_empty),
        cmocka_unit_test(parse_line_length_has_a_cap),
        cmocka_unit_test(parse_request_length_has_a_cap),
        cmocka_unit_test(read_ends_at_the_empty_line_of_an_open_pipe),
        cmocka_unit_test(read_end_of_input_ends_a_request),
        cmocka_unit_test(read_nothing_is_no_request),
        cmocka_unit_test(read_of_a_request_that_does_not_end_is_given_up),
        cmocka_unit_test(read_endless_input_is_refused),
        cmocka_unit_test(read_closed_input_is_an_io_error),
        cmocka_unit_test(account_takes_only_what_can_be_ours),
        cmocka_unit_test(account_overlong_host_is_none),
        cmocka_unit_test(key_id_takes_no_token_user_and_no_rubbish),
        cmocka_unit_test(key_id_overlong_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
