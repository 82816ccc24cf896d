/* SPDX-License-Identifier: Apache-2.0 */
/* Stack files on disk: found, judged, included. */
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/file.h"
#include "tests/support/tmpdir.h"

static void put(const struct tmpdir *dir, const char *name, const char *text)
{
    tmpdir_write(dir, name, text, strlen(text), 0600);
}

static void load_nothing_there_gives_the_built_in_stack(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_CONF conf = NULL;

    setenv("XDG_CONFIG_HOME", dir->path, 1);
    assert_int_equal(lwc_conf_load(NULL, NULL, &conf, NULL), LWC_OK);
    assert_string_equal(conf->source, "built-in");
    assert_string_equal(conf->lines[0].backend, "env");
    assert_string_equal(conf->lines[1].backend, "file");
}

static void load_finds_the_service_before_the_default(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_CONF own = NULL;
    LWC_AUTO_CONF other = NULL;

    setenv("XDG_CONFIG_HOME", dir->path, 1);
    tmpdir_mkdir(dir, "lwcred", 0700);
    tmpdir_mkdir(dir, "lwcred/stack.d", 0700);
    tmpdir_write(dir, "lwcred/stack.d/git", "lookup required one\n", 20, 0600);
    tmpdir_write(dir, "lwcred/stack.d/default", "lookup required two\n", 20, 0644);
    assert_int_equal(lwc_conf_load("git", NULL, &own, NULL), LWC_OK);
    assert_string_equal(own->lines[0].backend, "one");
    assert_int_equal(lwc_conf_load("cargo", NULL, &other, NULL), LWC_OK);
    assert_string_equal(other->lines[0].backend, "two");
}

/* As the XDG base directories are defined: a relative one counts as none. */
static void load_with_relative_config_home_uses_home(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_CONF conf = NULL;

    setenv("XDG_CONFIG_HOME", "relative", 1);
    setenv("HOME", dir->path, 1);
    tmpdir_mkdir(dir, ".config", 0700);
    tmpdir_mkdir(dir, ".config/lwcred", 0700);
    tmpdir_mkdir(dir, ".config/lwcred/stack.d", 0700);
    put(dir, ".config/lwcred/stack.d/default", "lookup required three\n");
    assert_int_equal(lwc_conf_load(NULL, NULL, &conf, NULL), LWC_OK);
    assert_string_equal(conf->lines[0].backend, "three");
}

static void load_refuses_what_others_can_write(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_conf *conf = NULL;
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "stack", "lookup required one\n", 20, 0666);
    assert_int_equal(lwc_conf_load(NULL, tmpdir_join(dir, "stack", path), &conf, NULL),
                     LWC_E_UNSAFE);
    assert_null(conf);
}

static void load_named_file_that_is_missing_is_an_error(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_conf *conf = NULL;
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    assert_int_equal(lwc_conf_load(NULL, tmpdir_join(dir, "none", path), &conf, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "none"));
    assert_int_equal(lwc_conf_load("../default", NULL, &conf, NULL), LWC_E_INVALID);
    assert_null(conf);
}

static void include_is_looked_up_beside_the_file_that_includes(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    char text[TMPDIR_PATH_LEN + 64];
    LWC_AUTO_CONF conf = NULL;
    struct lwc_error err = {0};

    tmpdir_mkdir(dir, "a", 0700);
    tmpdir_mkdir(dir, "a/b", 0700);
    tmpdir_mkdir(dir, "links", 0700);
    put(dir, "a/one", "lookup required one\n");
    put(dir, "a/b/two", "lookup required two\ninclude ../one\n");
    (void)snprintf(text, sizeof text, "include b/two\ninclude [%s/a/one]\n", dir->path);
    put(dir, "a/top", text);
    assert_int_equal(symlink("../a/top", tmpdir_join(dir, "links/top", path)), 0);
    if (lwc_conf_load(NULL, path, &conf, &err) != LWC_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(conf->count, 3);
    assert_string_equal(conf->lines[0].backend, "two");
    assert_string_equal(conf->lines[1].backend, "one");
    assert_string_equal(conf->lines[2].backend, "one");
    assert_string_equal(conf->lines[1].where.file, tmpdir_join(dir, "a/one", path));
    assert_string_equal(conf->source, tmpdir_join(dir, "links/top", path));
}

static void include_of_home_is_one_of_HOME(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    LWC_AUTO_CONF conf = NULL;

    setenv("HOME", dir->path, 1);
    tmpdir_mkdir(dir, "etc", 0700);
    put(dir, "common", "lookup required home\n");
    put(dir, "etc/top", "include ~/common\n");
    assert_int_equal(lwc_conf_load(NULL, tmpdir_join(dir, "etc/top", path), &conf, NULL), LWC_OK);
    assert_string_equal(conf->lines[0].backend, "home");
}

static void include_goes_round_under_another_name_is_found_out(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    struct lwc_conf *conf = NULL;
    struct lwc_error err = {0};

    put(dir, "top", "include ./alias\n");
    assert_int_equal(symlink("top", tmpdir_join(dir, "alias", path)), 0);
    assert_int_equal(lwc_conf_load(NULL, tmpdir_join(dir, "top", path), &conf, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "the file includes itself: "));
    assert_null(conf);
}

static void include_is_trusted_no_more_than_the_file_itself(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    static const struct {
        const char *name;
        enum lwc_code code;
        const char *msg;
    } cases[] = {
        {"writable", LWC_E_UNSAFE, "can be written by others"},
        {"open/inside", LWC_E_UNSAFE, "can be written by others"},
        {"sticky/inside", LWC_E_UNSAFE, "can be written by others"},
        {"sticky/gone", LWC_E_UNSAFE, "can be written by others"},
        {"~bob/stack", LWC_E_INVALID, "'~bob/stack': no home but one's own is known"},
        {"~", LWC_E_INVALID, "'~': no home but one's own is known"},
        {"fifo", LWC_E_INVALID, "is a FIFO"},
        {"/dev/null", LWC_E_INVALID, "is a character device"},
        {"gone", LWC_E_INVALID, "No such file"},
        {"huge", LWC_E_INVALID, "more than 65536"},
    };

    tmpdir_mkdir(dir, "open", 0777);
    tmpdir_write(dir, "open/inside", "", 0, 0600);
    tmpdir_mkdir(dir, "sticky", 01777);
    tmpdir_write(dir, "sticky/inside", "", 0, 0600);
    /* As in a cloned repository in which the program is started. */
    tmpdir_mkdir(dir, "~bob", 0700);
    put(dir, "~bob/stack", "lookup sufficient env\n");
    assert_int_equal(chdir(dir->path), 0);
    tmpdir_write(dir, "writable", "", 0, 0622);
    assert_int_equal(mkfifo(tmpdir_join(dir, "fifo", path), 0600), 0);
    put(dir, "huge", "");
    assert_int_equal(truncate(tmpdir_join(dir, "huge", path), LWC_CONF_FILE_MAX + 1), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        struct lwc_conf *conf = NULL;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].name);
        (void)snprintf(text, sizeof text, "lookup required env\ninclude %s\n", cases[i].name);
        put(dir, "top", text);
        assert_int_equal(lwc_conf_load(NULL, tmpdir_join(dir, "top", path), &conf, &err),
                         cases[i].code);
        assert_non_null(strstr(err.msg, ":2:9: "));
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_null(conf);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(chdir("/"), 0);
}

static void count_fault(void *data, const struct lwc_conf_place *where,
                        const struct lwc_error *what)
{
    unsigned *codes = data;

    assert_non_null(where->file);
    codes[what->code]++;
}

static void check_tells_faults_of_all_files_once(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    unsigned codes[LWC_E_UNSAFE + 1] = {0};
    struct lwc_conf *conf = NULL;

    put(dir, "top", "include inner\nlokup required env\ninclude writable\ninclude gone\n");
    put(dir, "inner", "lookup requird env\nlookup required\n");
    tmpdir_write(dir, "writable", "", 0, 0622);
    assert_int_equal(
        lwc_conf_check(NULL, tmpdir_join(dir, "top", path), count_fault, codes, &conf, NULL),
        LWC_E_INVALID);
    assert_int_equal(codes[LWC_E_INVALID], 4);
    assert_int_equal(codes[LWC_E_UNSAFE], 1);
    assert_null(conf);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(load_nothing_there_gives_the_built_in_stack),
        IN_DIR(load_finds_the_service_before_the_default),
        IN_DIR(load_with_relative_config_home_uses_home),
        IN_DIR(load_refuses_what_others_can_write),
        IN_DIR(load_named_file_that_is_missing_is_an_error),
        IN_DIR(include_is_looked_up_beside_the_file_that_includes),
        IN_DIR(include_of_home_is_one_of_HOME),
        IN_DIR(include_goes_round_under_another_name_is_found_out),
        IN_DIR(include_is_trusted_no_more_than_the_file_itself),
        IN_DIR(check_tells_faults_of_all_files_once),
    };

    return cmocka_run_group_tests_name("conf_file", tests, NULL, NULL);
}
