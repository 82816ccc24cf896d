/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/util.h"

#define REFUSED INT64_C(-1)

struct date_case {
    const char *text;
    int64_t at;
};

static void check(bool (*parse)(const char *text, size_t len, int64_t *unix_out),
                  const struct date_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t at = REFUSED;

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &at), cases[i].at != REFUSED);
        assert_true(at == cases[i].at);
    }
}

static void parse_takes_rfc3339_only(void **state)
{
    static const struct date_case cases[] = {
        {"2021-08-18T08:00:00.000Z", 1629273600},
        {"2021-08-18T08:00:00Z", 1629273600},
        {"2021-08-18T08:00:00.Z", REFUSED},
        {"2021-08-18T08:00:00.123456789Z", 1629273600},
        {"2021-08-18T10:00:00+02:00", 1629273600},
        {"2021-08-18T10:00:00.5+0200", 1629273600},
        {"2021-08-18T02:30:00-05:30", 1629273600},
        {"2021-08-18T08:00:00-00:00", 1629273600},
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2038-01-19T03:14:08Z", INT64_C(2147483648)},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"1969-12-31T23:59:59Z", REFUSED},
        {"1970-01-01T00:00:00+00:01", REFUSED},
        {"0000-01-01T00:00:00Z", REFUSED},
        {"10000-01-01T00:00:00Z", REFUSED},
        {"2021-02-29T00:00:00Z", REFUSED},
        {"2100-02-29T00:00:00Z", REFUSED},
        {"2021-13-01T00:00:00Z", REFUSED},
        {"2021-00-01T00:00:00Z", REFUSED},
        {"2021-04-31T00:00:00Z", REFUSED},
        {"2021-04-00T00:00:00Z", REFUSED},
        {"2021-08-18T24:00:00Z", REFUSED},
        {"2021-08-18T08:60:00Z", REFUSED},
        {"2021-08-18T08:00:61Z", REFUSED},
        {"2021-08-18T08:00:00.1234567890Z", REFUSED},
        {"2021-08-18T08:00:00", REFUSED},
        {"2021-08-18T08:00:00z", REFUSED},
        {"2021-08-18 08:00:00Z", REFUSED},
        {"2021-08-18T08:00:00Z ", REFUSED},
        {" 2021-08-18T08:00:00Z", REFUSED},
        {"2021-08-18T08:00:00+24:00", REFUSED},
        {"2021-08-18T08:00:00+01:60", REFUSED},
        {"2021-08-18T08:00:00+1", REFUSED},
        {"2021-08-18T08:00Z", REFUSED},
        {"2021-8-18T08:00:00Z", REFUSED},
        {"2021-08-18", REFUSED},
        {"Aug 18 2021 08:00", REFUSED},
        {"1629273600", REFUSED},
        {"-021-08-18T08:00:00Z", REFUSED},
        {"", REFUSED},
    };

    (void)state;
    check(lwc_date_parse, cases, LWC_ARRAY_LEN(cases));
}

static void parse_http_takes_the_fixed_form_only(void **state)
{
    static const struct date_case cases[] = {
        {"Wed, 18 Aug 2021 08:00:00 GMT", 1629273600},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799)},
        {"Wednesday, 18-Aug-21 08:00:00 GMT", REFUSED},
        {"Wed Aug 18 08:00:00 2021", REFUSED},
        {"Wed, 18 Aug 2021 08:00:00 UTC", REFUSED},
        {"Wed, 18 Aug 2021 08:00:00 GMT ", REFUSED},
        {"Wed, 18 Aug 2021 08:00:00", REFUSED},
        {"Wed, 31 Feb 2021 08:00:00 GMT", REFUSED},
        {"Wed, 18 aug 2021 08:00:00 GMT", REFUSED},
        {"Xyz, 18 Aug 2021 08:00:00 GMT", REFUSED},
        {"Wed, 18 Aug 1969 08:00:00 GMT", REFUSED},
        {"Wed, 18 Aug 2021 25:00:00 GMT", REFUSED},
        {"W", REFUSED},
        {"", REFUSED},
    };

    (void)state;
    check(lwc_date_parse_http, cases, LWC_ARRAY_LEN(cases));
}

/* The end is where @len says, not where a NUL stands. */
static void parse_cut_anywhere_is_refused(void **state)
{
    static const char text[] = "2021-08-18T08:00:00.000+02:00";
    static const char http[] = "Wed, 18 Aug 2021 08:00:00 GMT";
    int64_t at = REFUSED;

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        assert_false(lwc_date_parse(text, len, &at));
    }
    for (size_t len = 0; len < sizeof http - 1; len++) {
        assert_false(lwc_date_parse_http(http, len, &at));
    }
    assert_true(at == REFUSED);
}

/* Every day from 1970 to 2200, against the C library. */
static void format_agrees_with_gmtime_and_parses_back(void **state)
{
    (void)state;
    for (int64_t at = 0; at < INT64_C(7258118400); at += 86400 + 3661) {
        char text[LWC_DATE_LEN];
        char expected[LWC_DATE_LEN];
        time_t seconds = (time_t)at;
        struct tm tm = {0};
        int64_t back = REFUSED;

        assert_non_null(gmtime_r(&seconds, &tm));
        assert_true(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
        lwc_date_format(at, text);
        assert_string_equal(text, expected);
        assert_true(lwc_date_parse(text, strlen(text), &back));
        assert_true(back == at);
    }
}

static void format_beyond_the_calendar_is_held_at_its_ends(void **state)
{
    char text[LWC_DATE_LEN];

    (void)state;
    lwc_date_format(INT64_MIN, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    lwc_date_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_takes_rfc3339_only),
        cmocka_unit_test(parse_http_takes_the_fixed_form_only),
        cmocka_unit_test(parse_cut_anywhere_is_refused),
        cmocka_unit_test(format_agrees_with_gmtime_and_parses_back),
        cmocka_unit_test(format_beyond_the_calendar_is_held_at_its_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
