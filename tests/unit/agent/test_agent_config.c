/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/json.h"
#include "tests/support/tmpdir.h"

#define OLD "0a1bOLD"
#define NEW "0a1bNEW"
#define URL "https://api.fra.lacework.net"

static const struct {
    const char *name;
    const char *before;
    const char *url;
    const char *after; /* NULL: refused, for the reason in why */
    const char *why;
} edits[] = {
    {"new file", "", NULL, "{\"tokens\":{\"AccessToken\":\"" NEW "\"}}\n", NULL},
    {"new file with a server", "", URL,
     "{\"tokens\":{\"AccessToken\":\"" NEW "\"},\"serverurl\":\"" URL "\"}\n", NULL},
    {"install.sh", "{\"tokens\":{\"AccessToken\":\"" OLD "\"}}", NULL,
     "{\"tokens\":{\"AccessToken\":\"" NEW "\"}}", NULL},
    {"docs", "{\"tokens\":{\"accesstoken\":\"" OLD "\"},\"serverurl\":\"https://x.lacework.net\"}",
     NULL, "{\"tokens\":{\"accesstoken\":\"" NEW "\"},\"serverurl\":\"https://x.lacework.net\"}",
     NULL},
    {"all else stays",
     "\n{ \"Tags\" : {\"b\":1.50e+3,\"a\":[ 1,2 ]},\r\n\t\"TOKENS\":\t{ \"AccessToken\" : \"" OLD
     "\" , \"other\":\"" OLD "\"} ,\"u\":\"\\u00e9\\/\", \"big\":12345678901234567890}  \n\n",
     NULL,
     "\n{ \"Tags\" : {\"b\":1.50e+3,\"a\":[ 1,2 ]},\r\n\t\"TOKENS\":\t{ \"AccessToken\" : \"" NEW
     "\" , \"other\":\"" OLD "\"} ,\"u\":\"\\u00e9\\/\", \"big\":12345678901234567890}  \n\n",
     NULL},
    {"the server changes",
     "{\"ServerURL\":\"https://a.lacework.net\",\"tokens\":{\"AccessToken\":\"" OLD "\"}}", URL,
     "{\"ServerURL\":\"" URL "\",\"tokens\":{\"AccessToken\":\"" NEW "\"}}", NULL},
    {"the server comes first", "{\n  \"tokens\": {\"AccessToken\": \"" OLD "\"}\n}\n", URL,
     "{\n  \"serverurl\":\"" URL "\",\n  \"tokens\": {\"AccessToken\": \"" NEW "\"}\n}\n", NULL},
    {"no tokens", "{\"tags\":{}}", NULL, "{\"tokens\":{\"AccessToken\":\"" NEW "\"},\"tags\":{}}",
     NULL},
    {"no token in tokens", "{\"tokens\":{ }}", NULL, "{\"tokens\":{\"AccessToken\":\"" NEW "\" }}",
     NULL},
    {"empty object", "{}", URL,
     "{\"serverurl\":\"" URL "\",\"tokens\":{\"AccessToken\":\"" NEW "\"}}", NULL},
    {"escaped name", "{\"tokens\":{\"\\u0041ccessToken\":\"" OLD "\"}}", NULL,
     "{\"tokens\":{\"\\u0041ccessToken\":\"" NEW "\"}}", NULL},
    {"a name inside another", "{\"x\":{\"tokens\":{\"AccessToken\":\"" OLD "\"}}}", NULL,
     "{\"tokens\":{\"AccessToken\":\"" NEW "\"},\"x\":{\"tokens\":{\"AccessToken\":\"" OLD "\"}}}",
     NULL},
    {"byte order mark", "\xef\xbb\xbf{\"tokens\":{\"AccessToken\":\"" OLD "\"}}", NULL,
     "\xef\xbb\xbf{\"tokens\":{\"AccessToken\":\"" NEW "\"}}", NULL},
    {"two spellings", "{\"tokens\":{\"AccessToken\":\"a1\",\"accesstoken\":\"b2\"}}", NULL, NULL,
     "\"AccessToken\" is there twice"},
    {"two tokens in lines", "{\"tokens\":{},\n\n\"Tokens\":{}}", NULL, NULL,
     "line 3: \"tokens\" is there twice"},
    {"two tokens", "{\"tokens\":{},\"Tokens\":{}}", NULL, NULL, "\"tokens\" is there twice"},
    {"two servers", "{\"serverurl\":\"a\",\"serverUrl\":\"b\"}", NULL, NULL,
     "\"serverurl\" is there twice"},
    {"token no text in lines", "{\n\"tokens\":{\n\"AccessToken\":7}}", NULL, NULL,
     "line 3: \"AccessToken\" is not a text"},
    {"token no text", "{\"tokens\":{\"AccessToken\":7}}", NULL, NULL,
     "\"AccessToken\" is not a text"},
    {"tokens no object", "{\"tokens\":[]}", NULL, NULL, "\"tokens\" is not an object"},
    {"server no text", "{\"serverurl\":null}", NULL, NULL, "\"serverurl\" is not a text"},
    {"array", "[{}]", NULL, NULL, "no JSON object"},
    {"cut", "{\"tokens\":{\"AccessToken\":\"" OLD, NULL, NULL, "cut short at line 1, byte 34"},
    {"comment", "{ // mine\n}", NULL, NULL, "no string where one must be at line 1, byte 3"},
    {"trailing comma", "{\"a\":1,}", NULL, NULL, "no string where one must be at line 1, byte 8"},
    {"mark alone", "\xef\xbb\xbf", NULL, NULL, "it is empty"},
};

static void edits_change_the_two_values_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(edits); i++) {
        const struct lwc_agent_change change = {.token = NEW, .url = edits[i].url};
        LWC_AUTO_BUF out = NULL;
        LWC_AUTO_JSON json = NULL;
        struct lwc_error err = {0};
        enum lwc_code code = LWC_OK;
        const char *after = edits[i].after;

        assert_int_equal(lwc_buf_new(64, &out, NULL), LWC_OK);
        code = lwc_agent_config_edit(edits[i].before, strlen(edits[i].before), &change, out, &err);
        if (after == NULL) {
            if (code != LWC_E_INVALID || strstr(err.msg, edits[i].why) == NULL ||
                strstr(err.msg, OLD) != NULL) {
                fail_msg("%s: %d, %s", edits[i].name, code, err.msg);
            }
            continue;
        }
        if (code != LWC_OK || !lwc_streq(lwc_buf_text(out), after)) {
            fail_msg("%s: %d, %s: %s", edits[i].name, code, err.msg, lwc_buf_text(out));
        }
        after += strncmp(after, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        assert_int_equal(lwc_json_parse(after, strlen(after), &json, &err), LWC_OK);
    }
}

static void tokens_have_the_form_that_the_installer_takes(void **state)
{
    static const struct {
        const char *token;
        enum lwc_code code;
    } cases[] = {
        {"ab", LWC_OK},
        {"0a-1b", LWC_OK},
        {"0123456789012345678901234567890123456789012345678901234", LWC_OK},
        {"012345678901234567890123456789012345678901234567890123456", LWC_OK},
        {"0123456789012345678901234567890123456789012345678901234567", LWC_E_INVALID},
        {"", LWC_E_INVALID},
        {"a", LWC_E_INVALID},
        {"-ab", LWC_E_INVALID},
        {"ab-", LWC_E_INVALID},
        {"a\"b", LWC_E_INVALID},
        {"a b", LWC_E_INVALID},
        {"a\nb", LWC_E_INVALID},
        {"a_b", LWC_E_INVALID},
        {"\xc3\xa9"
         "ab",
         LWC_E_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};
        const char *token = cases[i].token;

        if (lwc_agent_token_check(token, strlen(token), &err) != cases[i].code) {
            fail_msg("%s: %s", token, err.msg);
        }
        if (strlen(token) > 3) {
            assert_null(strstr(err.msg, token));
        }
    }
}

static void servers_are_regions_or_hosts_of_the_vendor(void **state)
{
    static const struct {
        const char *word;
        const char *url; /* NULL: refused */
    } cases[] = {
        {"us", "https://api.lacework.net"},
        {"US", "https://api.lacework.net"},
        {"us-02", "https://aprodus2.agent.lacework.net"},
        {"eu", URL},
        {"ANZ", "https://auprodn1.agent.lacework.net"},
        {"https://agent.lacework.net", "https://agent.lacework.net"},
        {"https://AGENT.lacework.net", "https://agent.lacework.net"},
        {"http://agent.lacework.net", NULL},
        {"https://agent.lacework.net:8443", NULL},
        {"https://lacework.net", NULL},
        {"https://.lacework.net", NULL},
        {"https://evil.example/x.lacework.net", NULL},
        {"https://evillacework.net", NULL},
        {"https://a.lacework.net.evil.example", NULL},
        {"https://a.lacework.net/", "https://a.lacework.net"},
        {"https://a.lacework.net/path", NULL},
        {"https://user@a.lacework.net", NULL},
        {"https://a\"b.lacework.net", NULL},
        {"agent.lacework.net", NULL},
        {"mars", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char url[LWC_AGENT_URL_MAX + 1] = "";
        enum lwc_code code = lwc_agent_url_parse(cases[i].word, url, NULL);

        if (cases[i].url == NULL ? code != LWC_E_INVALID
                                 : code != LWC_OK || !lwc_streq(url, cases[i].url)) {
            fail_msg("%s: %d %s", cases[i].word, code, url);
        }
    }
}

static void accounts_with_a_cluster_need_a_server(void **state)
{
    const char *region = NULL;

    (void)state;
    assert_false(lwc_agent_url_is_needed("acme.lacework.net", &region));
    assert_true(lwc_agent_url_is_needed("acme.fra.lacework.net", &region));
    assert_string_equal(region, "eu");
    assert_true(lwc_agent_url_is_needed("acme.other.lacework.net", &region));
    assert_null(region);
    assert_false(lwc_agent_url_is_needed("mock.example", &region));
}

/* A change of the file config.json in the directory of the test. */
static enum lwc_code write_config(const struct tmpdir *dir, const char *name, const char *token,
                                  enum lwc_agent_outcome *outcome, struct lwc_error *err)
{
    const struct lwc_agent_change change = {.token = token, .timeout_ms = 1000, .umask = 022};
    char path[TMPDIR_PATH_LEN];

    return lwc_agent_config_write(tmpdir_join(dir, name, path), &change, outcome, err);
}

static mode_t mode_of(const struct tmpdir *dir, const char *name)
{
    char path[TMPDIR_PATH_LEN];
    struct stat st = {0};

    assert_int_equal(stat(tmpdir_join(dir, name, path), &st), 0);
    return st.st_mode & 07777u;
}

#define FILE_OLD "{\"tokens\":{\"AccessToken\":\"" OLD "\"},\"x\":1}"
#define FILE_NEW "{\"tokens\":{\"AccessToken\":\"" NEW "\"},\"x\":1}"

static void file_is_made_then_changed_then_left_alone(void **state)
{
    const struct tmpdir *dir = *state;
    enum lwc_agent_outcome outcome = LWC_AGENT_UNCHANGED;

    assert_int_equal(write_config(dir, "c.json", OLD, &outcome, NULL), LWC_OK);
    assert_int_equal(outcome, LWC_AGENT_CREATED);
    assert_int_equal(mode_of(dir, "c.json"), 0640);
    assert_int_equal(write_config(dir, "c.json", NEW, &outcome, NULL), LWC_OK);
    assert_int_equal(outcome, LWC_AGENT_CHANGED);
    tmpdir_assert_text(dir, "c.json", "{\"tokens\":{\"AccessToken\":\"" NEW "\"}}\n");
    assert_int_equal(write_config(dir, "c.json", NEW, &outcome, NULL), LWC_OK);
    assert_int_equal(outcome, LWC_AGENT_UNCHANGED);
    assert_int_equal(tmpdir_count(dir, "."), 1);
}

static void mode_and_attributes_stay(void **state)
{
    static const mode_t modes[] = {0600, 0640, 0644, 0700, 0604};
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    char value[8] = "";
    bool has_attributes = false;

    for (size_t i = 0; i < LWC_ARRAY_LEN(modes); i++) {
        enum lwc_agent_outcome outcome = LWC_AGENT_UNCHANGED;

        tmpdir_write(dir, "c.json", FILE_OLD, strlen(FILE_OLD), modes[i]);
        has_attributes = setxattr(tmpdir_join(dir, "c.json", path), "user.note", "mine", 4, 0) == 0;
        assert_int_equal(write_config(dir, "c.json", NEW, &outcome, NULL), LWC_OK);
        tmpdir_assert_text(dir, "c.json", FILE_NEW);
        assert_int_equal(mode_of(dir, "c.json"), modes[i]);
        assert_int_equal(getxattr(path, "user.note", value, sizeof value), has_attributes ? 4 : -1);
        assert_int_equal(unlink(path), 0);
    }
}

static void write_plain(const struct tmpdir *dir)
{
    tmpdir_write(dir, "c.json", FILE_OLD, strlen(FILE_OLD), 0640);
}

static void make_link(const struct tmpdir *dir)
{
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "real", FILE_OLD, strlen(FILE_OLD), 0640);
    assert_int_equal(symlink("real", tmpdir_join(dir, "c.json", path)), 0);
}

static void make_hard_link(const struct tmpdir *dir)
{
    char path[TMPDIR_PATH_LEN];
    char other[TMPDIR_PATH_LEN];

    write_plain(dir);
    assert_int_equal(link(tmpdir_join(dir, "c.json", path), tmpdir_join(dir, "other", other)), 0);
}

static void make_read_only(const struct tmpdir *dir)
{
    tmpdir_write(dir, "c.json", FILE_OLD, strlen(FILE_OLD), 0440);
}

static void make_writable(const struct tmpdir *dir)
{
    tmpdir_write(dir, "c.json", FILE_OLD, strlen(FILE_OLD), 0660);
}

static void make_directory(const struct tmpdir *dir)
{
    tmpdir_mkdir(dir, "c.json", 0700);
}

static void make_empty(const struct tmpdir *dir)
{
    tmpdir_write(dir, "c.json", "", 0, 0640);
}

static void make_huge(const struct tmpdir *dir)
{
    LWC_AUTO_FREE char *text = malloc(1024 * 1024 + 1);

    assert_non_null(text);
    memset(text, ' ', 1024 * 1024 + 1);
    tmpdir_write(dir, "c.json", text, 1024 * 1024 + 1, 0640);
}

static void make_other_owner(const struct tmpdir *dir)
{
    char path[TMPDIR_PATH_LEN];

    write_plain(dir);
    /* As an ordinary user this test has nothing of another user's to offer: the mode refuses. */
    if (geteuid() == 0) {
        assert_int_equal(chown(tmpdir_join(dir, "c.json", path), 65534, 65534), 0);
    } else {
        assert_int_equal(chmod(tmpdir_join(dir, "c.json", path), 0662), 0);
    }
}

static const struct {
    void (*make)(const struct tmpdir *dir);
    enum lwc_code code;
    const char *why;
} unusable[] = {
    {make_link, LWC_E_UNSAFE, "symbolic link"},
    {make_hard_link, LWC_E_UNSAFE, "hard link"},
    {make_read_only, LWC_E_IO, "read-only"},
    {make_writable, LWC_E_UNSAFE, "written by others"},
    {make_directory, LWC_E_INVALID, "directory"},
    {make_empty, LWC_E_INVALID, "empty"},
    {make_huge, LWC_E_INVALID, "more than"},
    {make_other_owner, LWC_E_UNSAFE, "c.json"},
};

static void unusable_files_are_refused_and_stay(void **state)
{
    const struct tmpdir *dir = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(unusable); i++) {
        enum lwc_agent_outcome outcome = LWC_AGENT_CREATED;
        struct lwc_error err = {0};
        char path[TMPDIR_PATH_LEN];
        struct stat before = {0};
        struct stat after = {0};
        size_t entries = 0;

        unusable[i].make(dir);
        assert_int_equal(lstat(tmpdir_join(dir, "c.json", path), &before), 0);
        entries = tmpdir_count(dir, ".");
        if (write_config(dir, "c.json", NEW, &outcome, &err) != unusable[i].code ||
            strstr(err.msg, unusable[i].why) == NULL) {
            fail_msg("%zu: %d, %s", i, err.code, err.msg);
        }
        assert_int_equal(lstat(path, &after), 0);
        assert_int_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_mode, before.st_mode);
        assert_int_equal(tmpdir_count(dir, "."), entries);
        assert_int_equal(remove(path), 0);
        (void)remove(tmpdir_join(dir, "other", path));
        (void)remove(tmpdir_join(dir, "real", path));
    }
}

static void file_without_a_directory_is_refused(void **state)
{
    enum lwc_agent_outcome outcome = LWC_AGENT_CREATED;
    struct lwc_error err = {0};

    assert_int_equal(write_config(*state, "no/c.json", NEW, &outcome, &err), LWC_E_INVALID);
    assert_string_equal(err.hint, "install the agent, or make the directory, first");
    assert_int_equal(write_config(*state, "c.json/", NEW, &outcome, &err), LWC_E_INVALID);
}

/* Changes the file, as another program would, when the edit is about to end. */
static const struct tmpdir *meddled;
static void (*meddle)(const struct tmpdir *dir);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    if (meddled != NULL && (mode & S_IRGRP) != 0) {
        const struct tmpdir *dir = meddled;

        meddled = NULL;
        meddle(dir);
    }
    return __real_fchmod(fd, mode);
}

#define FILE_OTHER "{\"tokens\":{\"AccessToken\":\"0a1bXXX\"}}"
static void rewrite(const struct tmpdir *dir)
{
    tmpdir_write(dir, "c.json", FILE_OTHER, strlen(FILE_OTHER), 0640);
}

static void replace(const struct tmpdir *dir)
{
    char from[TMPDIR_PATH_LEN];
    char to[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "d.json", FILE_OTHER, strlen(FILE_OTHER), 0640);
    assert_int_equal(rename(tmpdir_join(dir, "d.json", from), tmpdir_join(dir, "c.json", to)), 0);
}

static void change_by_another_in_mid_edit_wins(void **state)
{
    static void (*const ways[])(const struct tmpdir *) = {rewrite, replace};
    const struct tmpdir *dir = *state;

    for (size_t i = 0; i < 2 * LWC_ARRAY_LEN(ways); i++) {
        enum lwc_agent_outcome outcome = LWC_AGENT_CREATED;
        struct lwc_error err = {0};
        char path[TMPDIR_PATH_LEN];

        if (i < LWC_ARRAY_LEN(ways)) {
            write_plain(dir); /* otherwise it is made in mid-edit */
        }
        meddled = dir;
        meddle = ways[i % LWC_ARRAY_LEN(ways)];
        assert_int_equal(write_config(dir, "c.json", NEW, &outcome, &err), LWC_E_BUSY);
        assert_non_null(strstr(err.msg, "changed by another program"));
        tmpdir_assert_text(dir, "c.json", FILE_OTHER);
        assert_int_equal(tmpdir_count(dir, "."), 1);
        assert_int_equal(unlink(tmpdir_join(dir, "c.json", path)), 0);
    }
}

static void reading_gives_the_token_and_whether_there_is_a_server(void **state)
{
    static const struct {
        const char *text; /* NULL: no file */
        const char *token;
        bool has_url;
    } cases[] = {
        {NULL, NULL, false},
        {"{}", NULL, false},
        {"{\"serverurl\":\"x\"}", NULL, true},
        {FILE_OLD, OLD, false},
        {"\xef\xbb\xbf{\"Tokens\":{\"ACCESSTOKEN\":\"q\\u0041\"},\"ServerUrl\":\"\"}", "qA", true},
    };
    const struct tmpdir *dir = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF token = NULL;
        char path[TMPDIR_PATH_LEN];
        bool has_url = !cases[i].has_url;

        if (cases[i].text != NULL) {
            tmpdir_write(dir, "c.json", cases[i].text, strlen(cases[i].text), 0640);
        }
        assert_int_equal(
            lwc_agent_config_read(tmpdir_join(dir, "c.json", path), &has_url, &token, NULL),
            LWC_OK);
        assert_int_equal(has_url, cases[i].has_url);
        assert_int_equal(token != NULL, cases[i].token != NULL);
        if (token != NULL) {
            assert_string_equal(lwc_buf_text(token), cases[i].token);
        }
    }
}

#define DIR_TEST(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_change_the_two_values_and_nothing_else),
        cmocka_unit_test(tokens_have_the_form_that_the_installer_takes),
        cmocka_unit_test(servers_are_regions_or_hosts_of_the_vendor),
        cmocka_unit_test(accounts_with_a_cluster_need_a_server),
        DIR_TEST(file_is_made_then_changed_then_left_alone),
        DIR_TEST(mode_and_attributes_stay),
        DIR_TEST(unusable_files_are_refused_and_stay),
        DIR_TEST(file_without_a_directory_is_refused),
        DIR_TEST(change_by_another_in_mid_edit_wins),
        DIR_TEST(reading_gives_the_token_and_whether_there_is_a_server),
    };

    return cmocka_run_group_tests_name("agent_config", tests, NULL, NULL);
}
