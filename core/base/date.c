/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"

#define DAY_S 86400

/* The text that is left to read. */
struct date_scan {
    const char *at;
    const char *end;
};

struct civil {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

static bool take_char(struct date_scan *scan, char wanted)
{
    if (scan->at == scan->end || *scan->at != wanted) {
        return false;
    }
    scan->at++;
    return true;
}

/* Takes exactly @digits digits. */
static bool take_number(struct date_scan *scan, int digits, int *number_out)
{
    int number = 0;

    for (int i = 0; i < digits; i++) {
        if (scan->at == scan->end || *scan->at < '0' || *scan->at > '9') {
            return false;
        }
        number = number * 10 + (*scan->at++ - '0');
    }
    *number_out = number;
    return true;
}

/* Takes a name from the @count in @names; *index_out counts from 0. */
static bool take_name(struct date_scan *scan, const char *const *names, int count, int *index_out)
{
    for (int i = 0; i < count; i++) {
        size_t len = strlen(names[i]);

        if ((size_t)(scan->end - scan->at) >= len && memcmp(scan->at, names[i], len) == 0) {
            scan->at += len;
            *index_out = i;
            return true;
        }
    }
    return false;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static bool civil_is_valid(const struct civil *c)
{
    return c->year >= 1970 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
           c->second <= 60; /* a leap second counts as the one after it */
}

/* Days from 0000-03-01, so that the leap day ends a year (proleptic Gregorian calendar). */
static int64_t civil_to_unix(const struct civil *c)
{
    int64_t year = c->month > 2 ? c->year : c->year - 1;
    int64_t month = c->month > 2 ? c->month - 3 : c->month + 9;
    int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
                   c->day - 1 - 719468;

    return days * DAY_S + c->hour * 3600 + c->minute * 60 + c->second;
}

static bool take_fraction(struct date_scan *scan)
{
    int digits = 0;

    if (!take_char(scan, '.')) {
        return true;
    }
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        scan->at++;
        digits++;
    }
    return digits >= 1 && digits <= 9;
}

/* Takes Z, +hh:mm or +hhmm, or these with a minus. */
static bool take_zone(struct date_scan *scan, int *offset_s_out)
{
    int hours = 0;
    int minutes = 0;
    int sign = 1;

    if (take_char(scan, 'Z')) {
        *offset_s_out = 0;
        return true;
    }
    if (take_char(scan, '-')) {
        sign = -1;
    } else if (!take_char(scan, '+')) {
        return false;
    }
    if (!take_number(scan, 2, &hours)) {
        return false;
    }
    (void)take_char(scan, ':'); /* may be left out */
    if (!take_number(scan, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_s_out = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_time(struct date_scan *scan, struct civil *c)
{
    return take_number(scan, 2, &c->hour) && take_char(scan, ':') &&
           take_number(scan, 2, &c->minute) && take_char(scan, ':') &&
           take_number(scan, 2, &c->second);
}

bool lwc_date_parse(const char *text, size_t len, int64_t *unix_out)
{
    struct date_scan scan = {.at = text, .end = text + len};
    struct civil c = {0};
    int offset_s = 0;
    int64_t at = 0;

    if (!take_number(&scan, 4, &c.year) || !take_char(&scan, '-') ||
        !take_number(&scan, 2, &c.month) || !take_char(&scan, '-') ||
        !take_number(&scan, 2, &c.day) || !take_char(&scan, 'T') || !take_time(&scan, &c) ||
        !take_fraction(&scan) || !take_zone(&scan, &offset_s) || scan.at != scan.end ||
        !civil_is_valid(&c)) {
        return false;
    }
    at = civil_to_unix(&c) - offset_s;
    if (at < 0) {
        return false;
    }
    *unix_out = at;
    return true;
}

bool lwc_date_parse_http(const char *text, size_t len, int64_t *unix_out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char *const comma[] = {", "};
    static const char *const gmt[] = {" GMT"};
    struct date_scan scan = {.at = text, .end = text + len};
    struct civil c = {0};
    int month = 0;
    int ignored = 0;

    if (!take_name(&scan, days, 7, &ignored) || !take_name(&scan, comma, 1, &ignored) ||
        !take_number(&scan, 2, &c.day) || !take_char(&scan, ' ') ||
        !take_name(&scan, months, 12, &month) || !take_char(&scan, ' ') ||
        !take_number(&scan, 4, &c.year) || !take_char(&scan, ' ') || !take_time(&scan, &c) ||
        !take_name(&scan, gmt, 1, &ignored) || scan.at != scan.end) {
        return false;
    }
    c.month = month + 1;
    if (!civil_is_valid(&c)) {
        return false;
    }
    *unix_out = civil_to_unix(&c);
    return true;
}

/* The reverse of civil_to_unix(), for days since 1970-01-01. */
static struct civil civil_from_days(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil c = {0};

    c.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    c.month = (int)(month < 10 ? month + 3 : month - 9);
    c.year = (int)(year_of_era + era * 400 + (c.month <= 2 ? 1 : 0));
    return c;
}

void lwc_date_format(int64_t unix_s, char text_out[LWC_DATE_LEN])
{
    const int64_t last = INT64_C(253402300799); /* 9999-12-31T23:59:59Z */
    int64_t at = unix_s < 0 ? 0 : unix_s > last ? last : unix_s;
    struct civil c = civil_from_days(at / DAY_S);
    int second = (int)(at % DAY_S);

    /* Bounded numbers: the compiler checks the buffer against the widest form of each. */
    (void)snprintf(text_out, LWC_DATE_LEN, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                   (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
                   (unsigned)second / 3600 % 24, (unsigned)second / 60 % 60, (unsigned)second % 60);
}
