/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/git_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_part(const struct lwc_slice *part, const char *text)
{
    if (text == NULL) {
        assert_null(part->at);
        return;
    }
    assert_non_null(part->at);
    assert_int_equal(part->len, strlen(text));
    assert_memory_equal(part->at, text, part->len);
}

static void split_takes_a_url_apart_as_git_does(void **state)
{
    static const struct {
        const char *url;
        const char *parts[LWC_GIT_URL_PARTS]; /* protocol, username, password, host, path */
    } cases[] = {
        {"https://h", {"https", NULL, NULL, "h", NULL}},
        {"https://h/", {"https", NULL, NULL, "h", NULL}},
        {"https://h:8443//a/b//", {"https", NULL, NULL, "h:8443", "a/b"}},
        {"https://u@h/p", {"https", "u", NULL, "h", "p"}},
        {"https://u:p@h", {"https", "u", "p", "h", NULL}},
        {"https://u:p:q@h", {"https", "u", "p:q", "h", NULL}},
        {"https://:p@h", {"https", "", "p", "h", NULL}},
        {"https://u@v@h", {"https", "u", NULL, "v@h", NULL}},
        {"https://h/u@v:w", {"https", NULL, NULL, "h", "u@v:w"}},
        {"https://h?x@y", {"https", NULL, NULL, "h", "?x@y"}},
        {"https://h#x", {"https", NULL, NULL, "h", "#x"}},
        {"https://u%40v:%3a@h%2e/%20", {"https", "u@v", ":", "h.", " "}},
        {"https:///p", {"https", NULL, NULL, "", "p"}},
        {"a://b://c", {"a", NULL, NULL, "b:", "c"}},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_slice parts[LWC_GIT_URL_PARTS] = {{0}};
        LWC_AUTO_BUF decoded = NULL;

        print_message("%s\n", cases[i].url);
        assert_int_equal(
            lwc_git_url_split(cases[i].url, strlen(cases[i].url), parts, &decoded, NULL), LWC_OK);
        for (size_t p = 0; p < LWC_GIT_URL_PARTS; p++) {
            assert_part(&parts[p], cases[i].parts[p]);
        }
    }
}

static void split_malformed_url_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "h",
        "://h",
        "https:/h",
        "https://h%",
        "https://%4",
        "https://%4g",
        "https://h/%g4",
        "https://u%0a@",
        "https://h%0D",
        "https://%00",
        "https://h/%1f",
        "https://h/%7F",
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_slice parts[LWC_GIT_URL_PARTS] = {{0}};
        struct lwc_buf *decoded = NULL;

        print_message("%s\n", cases[i]);
        assert_int_equal(lwc_git_url_split(cases[i], strlen(cases[i]), parts, &decoded, NULL),
                         LWC_E_INVALID);
        assert_null(decoded);
        assert_null(parts[LWC_GIT_URL_PROTOCOL].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_takes_a_url_apart_as_git_does),
        cmocka_unit_test(split_malformed_url_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
