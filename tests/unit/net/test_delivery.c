/* SPDX-License-Identifier: Apache-2.0 */
#include "net/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

/* A target and a source that do as they are told, and note what they get. */
struct fixture {
    struct lwc_http_request request;
    struct lwc_http_target target;
    struct lwc_http_source source;
    struct lwc_http_reply reply;
    struct lwc_delivery delivery;
    bool takes;
    enum lwc_code begin_code;
    enum lwc_code write_code;
    unsigned begins;
    int status;
    char text[1024]; /* headers and body */
    const char *body;
    size_t too_much;
};

static enum lwc_code begin_reply(void *data, const struct lwc_http_reply *head, bool *is_taken_out,
                                 struct lwc_error *err)
{
    struct fixture *f = data;

    f->begins++;
    f->status = head->status;
    *is_taken_out = f->takes;
    return f->begin_code == LWC_OK ? LWC_OK : lwc_fail(err, f->begin_code, "not wanted");
}

static void add_text(struct fixture *f, const char *text, size_t len)
{
    const size_t used = strlen(f->text);

    assert_true(used + len < sizeof f->text);
    memcpy(f->text + used, text, len);
    f->text[used + len] = '\0';
}

static enum lwc_code take_header(void *data, const char *name, const char *value,
                                 struct lwc_error *err)
{
    (void)err;
    add_text(data, name, strlen(name));
    add_text(data, "=", 1);
    add_text(data, value, strlen(value));
    add_text(data, ";", 1);
    return LWC_OK;
}

static enum lwc_code write_body(void *data, const void *bytes, size_t len, struct lwc_error *err)
{
    struct fixture *f = data;

    if (f->write_code != LWC_OK) {
        return lwc_fail(err, f->write_code, "the disk is full");
    }
    add_text(f, bytes, len);
    return LWC_OK;
}

static enum lwc_code read_body(void *data, void *bytes, size_t room, size_t *len_out,
                               struct lwc_error *err)
{
    struct fixture *f = data;
    const size_t len = strlen(f->body) < room ? strlen(f->body) : room;

    (void)err;
    memcpy(bytes, f->body, len);
    f->body += len;
    *len_out = len + f->too_much;
    return LWC_OK;
}

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.takes = true};
    f->target = (struct lwc_http_target){
        .data = f, .begin = begin_reply, .header = take_header, .write = write_body};
    f->source = (struct lwc_http_source){.data = f, .len = -1, .read = read_body};
    f->request.target = &f->target;
    f->request.source = &f->source;
    lwc_http_reply_clear(&f->reply);
    assert_int_equal(lwc_buf_new(64, &f->reply.body, NULL), LWC_OK);
    f->delivery = (struct lwc_delivery){.request = &f->request,
                                        .reply = &f->reply,
                                        .headers = {.reply = &f->reply, .retry_at = -1}};
}

static void fixture_clear(struct fixture *f)
{
    lwc_delivery_clear(&f->delivery);
    lwc_http_reply_clear(&f->reply);
}
#define AUTO_FIXTURE LWC_AUTO(struct fixture, fixture_clear)

static void feed_headers(struct fixture *f, const char *text)
{
    while (*text != '\0') {
        const size_t len = strcspn(text, "\n") + 1;

        assert_true(lwc_delivery_header(&f->delivery, text, len));
        text += len;
    }
}

static void final_reply_is_handed_on(void **state)
{
    AUTO_FIXTURE f;

    (void)state;
    fixture_init(&f);
    feed_headers(&f,
                 "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA:  b c \r\nno colon\r\n"
                 ": no name\r\nD:\r\n\r\n");
    assert_int_equal(f.begins, 0);
    assert_true(lwc_delivery_write(&f.delivery, "one ", 4));
    assert_true(lwc_delivery_write(&f.delivery, "two", 3));
    feed_headers(&f, "Trailer: x\r\n\r\n");
    assert_true(lwc_delivery_end(&f.delivery));
    assert_int_equal(f.begins, 1);
    assert_int_equal(f.status, 200);
    assert_string_equal(f.text, "A=b c;D=;one two");
    assert_int_equal(lwc_buf_len(f.reply.body), 0);
}

static void reply_without_a_body_begins_at_its_end(void **state)
{
    AUTO_FIXTURE f;

    (void)state;
    fixture_init(&f);
    feed_headers(&f, "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n");
    assert_true(lwc_delivery_end(&f.delivery));
    assert_int_equal(f.status, 204);
    assert_string_equal(f.text, "A=b;");
}

static void start_of_a_reply_that_is_not_taken_is_kept(void **state)
{
    static char piece[LWC_HTTP_MESSAGE_MAX - 1];
    AUTO_FIXTURE f;

    (void)state;
    fixture_init(&f);
    f.takes = false;
    feed_headers(&f, "HTTP/1.1 401 No\r\nA: b\r\n\r\n");
    assert_true(lwc_delivery_write(&f.delivery, piece, sizeof piece));
    assert_true(lwc_delivery_write(&f.delivery, "x", 1));
    assert_int_equal(lwc_buf_len(f.reply.body), LWC_HTTP_MESSAGE_MAX);
    assert_false(lwc_delivery_write(&f.delivery, "y", 1));
    assert_int_equal(f.delivery.limit, LWC_HTTP_LIMIT_ENOUGH);
    assert_int_equal(lwc_buf_len(f.reply.body), LWC_HTTP_MESSAGE_MAX);
    assert_string_equal(f.text, "");
}

static void body_without_a_target_is_limited(void **state)
{
    static char piece[LWC_HTTP_BODY_MAX];
    AUTO_FIXTURE f;

    (void)state;
    fixture_init(&f);
    f.request.target = NULL;
    feed_headers(&f, "HTTP/1.1 200 OK\r\n\r\n");
    assert_true(lwc_delivery_write(&f.delivery, piece, sizeof piece));
    assert_false(lwc_delivery_write(&f.delivery, "y", 1));
    assert_int_equal(f.delivery.limit, LWC_HTTP_LIMIT_BODY);
}

static void failure_of_the_target_stops_the_transfer(void **state)
{
    static const struct {
        enum lwc_code begin_code;
        enum lwc_code write_code;
        const char *text;
    } cases[] = {
        {LWC_E_NETWORK, LWC_OK, "not wanted"},
        {LWC_OK, LWC_E_IO, "the disk is full"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        AUTO_FIXTURE f;

        fixture_init(&f);
        f.begin_code = cases[i].begin_code;
        f.write_code = cases[i].write_code;
        feed_headers(&f, "HTTP/1.1 200 OK\r\n\r\n");
        assert_false(lwc_delivery_write(&f.delivery, "x", 1));
        assert_int_equal(f.delivery.limit, LWC_HTTP_LIMIT_CALLBACK);
        assert_string_equal(f.delivery.why.msg, cases[i].text);
    }
}

static void source_gives_what_it_promised(void **state)
{
    static const struct {
        const char *body;
        int64_t len;
        size_t too_much;
        const char *why; /* NULL: good */
    } cases[] = {
        {"abcdef", -1, 0, NULL},
        {"abcdef", 6, 0, NULL},
        {"", 0, 0, NULL},
        {"abcdef", 7, 0, "ended before the length"},
        {"abcdef", -1, 9, "more than was asked for"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        AUTO_FIXTURE f;
        char room[4];
        size_t len = 1;
        bool goes_on = true;

        fixture_init(&f);
        f.body = cases[i].body;
        f.source.len = cases[i].len;
        f.too_much = cases[i].too_much;
        while (goes_on && len > 0) {
            goes_on = lwc_delivery_read(&f.delivery, room, sizeof room, &len);
        }
        assert_int_equal(goes_on, cases[i].why == NULL);
        if (cases[i].why != NULL) {
            assert_non_null(strstr(f.delivery.why.msg, cases[i].why));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(final_reply_is_handed_on),
        cmocka_unit_test(reply_without_a_body_begins_at_its_end),
        cmocka_unit_test(start_of_a_reply_that_is_not_taken_is_kept),
        cmocka_unit_test(body_without_a_target_is_limited),
        cmocka_unit_test(failure_of_the_target_stops_the_transfer),
        cmocka_unit_test(source_gives_what_it_promised),
    };

    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
