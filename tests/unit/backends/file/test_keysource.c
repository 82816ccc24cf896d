/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/file/keysource.h"
#include "base/util.h"
#include "tests/support/store_fixture.h"

static struct lwc_keysource source_of(struct store_fixture *fixture)
{
    return (struct lwc_keysource){.host = &fixture->host, .path = fixture->path};
}

static void passphrase_file_is_read_as_it_is_written(void **state)
{
    static const struct {
        const char *name;
        const char *content;
        const char *passphrase; /* NULL: refused */
    } cases[] = {
        {"plain", "horse", "horse"},
        {"LF", "horse\n", "horse"},
        {"CRLF", "horse\r\n", "horse"},
        {"two LF", "horse\n\n", "horse\n"},
        {"CR", "horse\r", "horse\r"},
        {"blanks", " horse \n", " horse "},
        {"not ASCII", "h\xc3\xb6rse\xff\n", "h\xc3\xb6rse\xff"},
        {"empty", "", NULL},
        {"LF only", "\n", NULL},
        {"CRLF only", "\r\n", NULL},
    };
    struct store_fixture *fixture = *state;
    char path[TMPDIR_PATH_LEN];

    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", tmpdir_join(&fixture->dir, "pass", path));
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_keysource source = source_of(fixture);
        const char *want = cases[i].passphrase;
        enum lwc_code code = LWC_OK;

        tmpdir_write(&fixture->dir, "pass", cases[i].content, strlen(cases[i].content), 0600);
        code = lwc_keysource_read(&source, NULL);
        if (code != (want != NULL ? LWC_OK : LWC_E_INVALID) ||
            (want != NULL && !lwc_buf_equal(source.passphrase, want, strlen(want)))) {
            fail_msg("%s", cases[i].name);
        }
        lwc_keysource_forget(&source);
    }
}

static void passphrase_of_4096_bytes_is_the_longest(void **state)
{
    struct store_fixture *fixture = *state;
    char long_one[LWC_PASSPHRASE_MAX + 2];
    struct lwc_keysource source = source_of(fixture);

    memset(long_one, 'x', sizeof long_one);
    long_one[LWC_PASSPHRASE_MAX] = '\0';
    store_fixture_use_passphrase(fixture, long_one);
    assert_int_equal(lwc_keysource_read(&source, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(source.passphrase), LWC_PASSPHRASE_MAX);
    lwc_keysource_forget(&source);
    long_one[LWC_PASSPHRASE_MAX] = 'x';
    long_one[LWC_PASSPHRASE_MAX + 1] = '\0';
    store_fixture_use_passphrase(fixture, long_one);
    assert_int_equal(lwc_keysource_read(&source, NULL), LWC_E_INVALID);
    assert_null(source.passphrase);
}

static void unusable_setting_is_invalid_and_never_not_found(void **state)
{
    static const struct {
        const char *setting;
        const char *value;
        const char *words;
    } cases[] = {
        {"LWCRED_PASSPHRASE_FILE", "/nonexistent/passphrase", "LWCRED_PASSPHRASE_FILE: /nonex"},
        {"LWCRED_PASSPHRASE_FILE", "/", "LWCRED_PASSPHRASE_FILE"},
        {"LWCRED_PASSPHRASE_FD", "0", "not a descriptor above 2"},
        {"LWCRED_PASSPHRASE_FD", "2", "not a descriptor above 2"},
        {"LWCRED_PASSPHRASE_FD", "-1", "not a descriptor above 2"},
        {"LWCRED_PASSPHRASE_FD", "3x", "not a descriptor above 2"},
        {"LWCRED_PASSPHRASE_FD", "99999999999", "not a descriptor above 2"},
        {"LWCRED_PASSPHRASE_FD", "1023", "descriptor 1023: Bad file descriptor"},
    };
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_keysource source = source_of(fixture);
        struct lwc_error err = {0};

        store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", NULL);
        store_fixture_set(fixture, "LWCRED_PASSPHRASE_FD", NULL);
        store_fixture_set(fixture, cases[i].setting, cases[i].value);
        if (lwc_keysource_read(&source, &err) != LWC_E_INVALID ||
            strstr(err.msg, cases[i].words) == NULL) {
            fail_msg("%s=%s: %s", cases[i].setting, cases[i].value, err.msg);
        }
    }
}

static void passphrase_file_that_others_write_is_unsafe(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_keysource source = source_of(fixture);
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(&fixture->dir, "pass", "x", 1, 0622);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", tmpdir_join(&fixture->dir, "pass", path));
    assert_int_equal(lwc_keysource_read(&source, NULL), LWC_E_UNSAFE);
}

static void passphrase_file_may_be_a_link(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_keysource source = source_of(fixture);
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(&fixture->dir, "data", "horse\n", 6, 0444);
    assert_int_equal(symlink("data", tmpdir_join(&fixture->dir, "link", path)), 0);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", path);
    assert_int_equal(lwc_keysource_read(&source, NULL), LWC_OK);
    assert_true(lwc_buf_equal(source.passphrase, "horse", 5));
    lwc_keysource_forget(&source);
}

static void descriptor_is_read_once(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_keysource source = source_of(fixture);
    struct lwc_error err = {0};
    char number[16];
    int ends[2] = {-1, -1};

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "horse\n", 6), 6);
    close(ends[1]);
    (void)snprintf(number, sizeof number, "%d", ends[0]);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FD", number);
    assert_true(lwc_keysource_is_given(&source));
    assert_int_equal(lwc_keysource_read(&source, NULL), LWC_OK);
    assert_int_equal(lwc_keysource_read(&source, NULL), LWC_OK);
    assert_true(lwc_buf_equal(source.passphrase, "horse", 5));
    lwc_keysource_forget(&source);
    assert_int_equal(lwc_keysource_read(&source, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "read before"));
    close(ends[0]);
}

static void file_and_descriptor_together_are_invalid(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_keysource source = source_of(fixture);
    struct lwc_error err = {0};

    assert_int_equal(lwc_keysource_check(&source, &err), LWC_OK);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", "/x");
    assert_int_equal(lwc_keysource_check(&source, &err), LWC_OK);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FD", "3");
    assert_int_equal(lwc_keysource_check(&source, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "both set"));
    assert_string_not_equal(err.hint, "");
}

static void key_file_is_judged(void **state)
{
    static const struct {
        const char *name;
        size_t len;
        mode_t mode;
        enum lwc_code code;
    } cases[] = {
        {"32 bytes", 32, 0600, LWC_OK},
        {"64 KiB", 65536, 0600, LWC_OK},
        {"readable by others", 32, 0444, LWC_OK},
        {"31 bytes", 31, 0600, LWC_E_INVALID},
        {"empty", 0, 0600, LWC_E_INVALID},
        {"over 64 KiB", 65537, 0600, LWC_E_INVALID},
        {"writable by others", 32, 0602, LWC_E_UNSAFE},
    };
    struct store_fixture *fixture = *state;
    LWC_AUTO_FREE uint8_t *zeros = calloc(1, 65537);

    assert_non_null(zeros);
    store_fixture_set(fixture, "LWCRED_KEY_FILE", fixture->key_path);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_keysource source = source_of(fixture);
        LWC_AUTO_BUF content = NULL;
        struct lwc_error err = {0};

        (void)unlink(fixture->key_path);
        tmpdir_write(&fixture->dir, "store.key", zeros, cases[i].len, cases[i].mode);
        if (lwc_keysource_key_file(&source, &content, &err) != cases[i].code ||
            (content != NULL) != (cases[i].code == LWC_OK)) {
            fail_msg("%s: %s", cases[i].name, err.msg);
        }
    }
}

static void missing_key_file_is_invalid_with_a_cure(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_keysource source = source_of(fixture);
    LWC_AUTO_BUF content = NULL;
    struct lwc_error err = {0};

    store_fixture_set(fixture, "LWCRED_KEY_FILE", fixture->key_path);
    assert_int_equal(lwc_keysource_key_file(&source, &content, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, fixture->key_path));
    assert_non_null(strstr(err.hint, "head -c 32 /dev/urandom"));
    assert_int_equal(access(fixture->key_path, F_OK), -1);
}

static void ask_when_nobody_answers_is_locked_with_the_ways_out(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_keysource source = source_of(fixture);
    LWC_AUTO_BUF answer = NULL;
    struct lwc_error err = {0};

    assert_int_equal(lwc_keysource_ask(&source, "Passphrase for", 0, &answer, &err), LWC_E_LOCKED);
    assert_non_null(strstr(err.hint, "LWCRED_PASSPHRASE_FILE"));
    assert_non_null(strstr(err.hint, "LWCRED_PASSPHRASE_FD"));
    assert_non_null(strstr(err.hint, "LWCRED_KEY_FILE"));
    assert_non_null(strstr(fixture->question, fixture->path));
    fixture->host.prompt = NULL;
    memset(&err, 0, sizeof err);
    assert_int_equal(lwc_keysource_ask(&source, "Passphrase for", 0, &answer, &err), LWC_E_LOCKED);
    assert_string_not_equal(err.hint, "");
    assert_null(answer);
}

/* On a disk; in memory lie the secrets that Kubernetes or systemd mounts. */
static bool in_memory;

int __wrap_statfs(const char *path, struct statfs *fs);
int __wrap_statfs(const char *path, struct statfs *fs)
{
    (void)path;
    *fs = (struct statfs){.f_type = in_memory ? TMPFS_MAGIC : 0xEF53};
    return 0;
}

static void file_that_others_can_read_is_used_with_one_warning(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
        bool in_memory;
        size_t warnings;
    } cases[] = {
        {"private", 0600, false, 0},
        {"readable", 0644, false, 1},
        {"readable by the group", 0640, false, 1},
        {"mounted", 0644, true, 0},
    };
    struct store_fixture *fixture = *state;
    char path[TMPDIR_PATH_LEN];

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_keysource source = source_of(fixture);
        LWC_AUTO_BUF key = NULL;
        LWC_AUTO_BUF again = NULL;

        store_fixture_use_key_file(fixture);
        tmpdir_write(&fixture->dir, "pass", "horse", 5, cases[i].mode);
        store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE",
                          tmpdir_join(&fixture->dir, "pass", path));
        assert_int_equal(chmod(fixture->key_path, cases[i].mode), 0);
        in_memory = cases[i].in_memory;
        fixture->warnings = 0;
        fixture->log[0] = '\0';
        assert_int_equal(lwc_keysource_key_file(&source, &key, NULL), LWC_OK);
        assert_int_equal(lwc_keysource_key_file(&source, &again, NULL), LWC_OK);
        assert_int_equal(lwc_keysource_read(&source, NULL), LWC_OK);
        if (fixture->warnings != cases[i].warnings ||
            (fixture->warnings > 0 && strstr(fixture->log, "can be read by others") == NULL)) {
            fail_msg("%s: %s", cases[i].name, fixture->log);
        }
        lwc_keysource_forget(&source);
    }
}

static void short_new_passphrase_is_taken_with_a_warning(void **state)
{
    static const struct {
        const char *passphrase;
        size_t warnings;
    } cases[] = {{"abc", 1}, {"1234567", 1}, {"12345678", 0}};
    struct store_fixture *fixture = *state;

    for (size_t given = 0; given < 2; given++) {
        for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
            struct lwc_keysource source = source_of(fixture);

            fixture->warnings = 0;
            fixture->asked = 0;
            fixture->answers[0] = cases[i].passphrase;
            if (given == 1) {
                store_fixture_use_passphrase(fixture, cases[i].passphrase);
            }
            assert_int_equal(lwc_keysource_choose(&source, NULL), LWC_OK);
            assert_int_equal(fixture->warnings, cases[i].warnings);
            assert_int_equal(fixture->asked, given == 0);
            lwc_keysource_forget(&source);
        }
    }
}

static void choose_asks_twice_and_refuses_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_keysource source = source_of(fixture);

    fixture->answers[0] = "";
    fixture->answers[1] = "horse";
    assert_int_equal(lwc_keysource_choose(&source, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_keysource_choose(&source, NULL), LWC_OK);
    assert_int_equal(fixture->flags, LWC_PROMPT_TWICE);
    assert_int_equal(lwc_keysource_choose(&source, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 2);
    assert_true(lwc_buf_equal(source.passphrase, "horse", 5));
    lwc_keysource_forget(&source);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(passphrase_file_is_read_as_it_is_written),
        TEST(passphrase_of_4096_bytes_is_the_longest),
        TEST(unusable_setting_is_invalid_and_never_not_found),
        TEST(passphrase_file_that_others_write_is_unsafe),
        TEST(passphrase_file_may_be_a_link),
        TEST(descriptor_is_read_once),
        TEST(file_and_descriptor_together_are_invalid),
        TEST(key_file_is_judged),
        TEST(missing_key_file_is_invalid_with_a_cure),
        TEST(ask_when_nobody_answers_is_locked_with_the_ways_out),
        TEST(file_that_others_can_read_is_used_with_one_warning),
        TEST(short_new_passphrase_is_taken_with_a_warning),
        TEST(choose_asks_twice_and_refuses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
