/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/backend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/stacks.h"

#define HELD "hold=p:acme.lacework.net:ACME_0:s"

/* A backend made from the one line of a stack file. */
struct fixture {
    struct stacks stacks;
    struct lwc_stack_backend *backend;
};

static void fixture_open(struct fixture *fixture, const char *line)
{
    stacks_open(&fixture->stacks, line);
    fixture->backend =
        lwc_backend_new(&fixture->stacks.conf->lines[0], &fixture->stacks.host, true);
    assert_non_null(fixture->backend);
}

static void fixture_close(struct fixture *fixture)
{
    lwc_backend_free(&fixture->backend);
    assert_null(fixture->backend);
    stacks_close(&fixture->stacks);
}

static enum lwc_code find_p(struct lwc_stack_backend *backend, struct lwc_buf **secret_out,
                            struct lwc_error *err)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_identity_copy identity;

    query.profile = "p";
    return lwc_backend_find(backend, &query, &identity, secret_out, err);
}

static void find_good_module_gives_the_secret(void **state)
{
    struct fixture fixture;
    LWC_AUTO_BUF secret = NULL;

    (void)state;
    fixture_open(&fixture, "lookup required answer " HELD "\n");
    assert_string_equal(lwc_backend_name(fixture.backend), "answer");
    assert_int_equal(find_p(fixture.backend, &secret, NULL), LWC_OK);
    assert_true(lwc_buf_equal(secret, "s", 1));
    fixture_close(&fixture);
}

static void find_lying_module_is_caught(void **state)
{
    static const struct {
        const char *line;
        enum lwc_code code;
        const char *msg;
    } cases[] = {
        {HELD " lie=other", LWC_E_INVALID, "answered with another credential"},
        {HELD " lie=silent", LWC_E_INTERNAL, "did not give it"},
        {HELD " lie=twice", LWC_E_INTERNAL, "broke the rules of its sink"},
        {"find=4 lie=mute", LWC_E_LOCKED, "gave no reason (locked)"},
        {"find=99", LWC_E_INTERNAL, "unknown code 99"},
        {"find=-1", LWC_E_INTERNAL, "unknown code"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128] = "lookup required answer ";
        struct fixture fixture;
        struct lwc_buf *secret = NULL;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].line);
        fixture_open(&fixture, strcat(line, cases[i].line));
        assert_int_equal(find_p(fixture.backend, &secret, &err), cases[i].code);
        assert_null(secret);
        assert_non_null(strstr(err.msg, cases[i].msg));
        fixture_close(&fixture);
    }
}

static void calls_without_the_capability_are_refused(void **state)
{
    struct fixture fixture;
    struct lwc_identity identity = LWC_IDENTITY_ANY;
    struct lwc_error err = {0};

    (void)state;
    fixture_open(&fixture, "lookup required env\n");
    assert_true(lwc_backend_can(fixture.backend, LWC_CAP_READ | LWC_CAP_LIST));
    assert_false(lwc_backend_can(fixture.backend, LWC_CAP_READ | LWC_CAP_STORE));
    assert_int_equal(lwc_backend_store(fixture.backend, &identity, "s", 1, 0, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "backend 'env' cannot store");
    assert_int_equal(lwc_backend_erase(fixture.backend, &identity, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "backend 'env' cannot erase");
    assert_int_equal(lwc_backend_probe(fixture.backend, LWC_CAP_STORE, &err), LWC_E_INVALID);
    assert_int_equal(lwc_backend_probe(fixture.backend, LWC_CAP_READ, &err), LWC_OK);
    fixture_close(&fixture);
}

static void a_bad_module_stays_bad_and_says_why_each_time(void **state)
{
    struct fixture fixture;
    const struct lwc_error *why = NULL;

    (void)state;
    fixture_open(&fixture, "lookup required bad-major\n");
    for (int i = 0; i < 2; i++) {
        struct lwc_buf *secret = NULL;
        struct lwc_error err = {0};

        assert_int_equal(find_p(fixture.backend, &secret, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, "ABI 2"));
    }
    assert_null(lwc_backend_descriptor(fixture.backend, &why));
    assert_int_equal(why->code, LWC_E_INVALID);
    assert_false(lwc_backend_can(fixture.backend, 0));
    fixture_close(&fixture);
}

static void an_open_that_fails_is_reported(void **state)
{
    struct fixture fixture;
    struct lwc_buf *secret = NULL;
    struct lwc_error err = {0};

    (void)state;
    fixture_open(&fixture, "lookup required env no-such-argument\n");
    assert_int_equal(find_p(fixture.backend, &secret, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "no-such-argument"));
    fixture_close(&fixture);
}

static void serves_compares_name_and_arguments(void **state)
{
    static const struct {
        const char *line;
        bool serves;
    } cases[] = {
        {"lookup required answer a b\n", true},  {"store optional answer a b\n", true},
        {"lookup required answer a\n", false},   {"lookup required answer a c\n", false},
        {"lookup required answer b a\n", false}, {"lookup required env a b\n", false},
    };
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, "lookup required answer a b\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stacks other;

        stacks_open(&other, cases[i].line);
        assert_int_equal(lwc_backend_is_for_line(fixture.backend, &other.conf->lines[0]),
                         cases[i].serves);
        stacks_close(&other);
    }
    fixture_close(&fixture);
}

/* Runs out of descriptors for one call, in the real loader. */
static void a_backend_is_tried_again_after_a_failure_of_the_moment(void **state)
{
    struct fixture fixture;
    struct lwc_error err = {0};
    struct rlimit before;
    struct rlimit few;
    LWC_AUTO_BUF secret = NULL;
    int lowest = dup(STDIN_FILENO);
    enum lwc_code code = LWC_OK;

    (void)state;
    fixture_open(&fixture, "lookup required answer " HELD "\n");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(close(lowest), 0);
    for (int more = 0; more < 2; more++) {
        few = before;
        few.rlim_cur = (rlim_t)(lowest + more);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        code = find_p(fixture.backend, &secret, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(code, LWC_E_IO);
        assert_int_equal(err.sys, EMFILE);
    }
    assert_int_equal(find_p(fixture.backend, &secret, &err), LWC_OK);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_good_module_gives_the_secret),
        cmocka_unit_test(find_lying_module_is_caught),
        cmocka_unit_test(calls_without_the_capability_are_refused),
        cmocka_unit_test(a_bad_module_stays_bad_and_says_why_each_time),
        cmocka_unit_test(a_backend_is_tried_again_after_a_failure_of_the_moment),
        cmocka_unit_test(an_open_that_fails_is_reported),
        cmocka_unit_test(serves_compares_name_and_arguments),
    };

    return cmocka_run_group_tests_name("backend", tests, NULL, NULL);
}
