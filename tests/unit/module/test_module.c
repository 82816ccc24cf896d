/* SPDX-License-Identifier: Apache-2.0 */
#include "module/module.h"

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

#include "base/paths.h"
#include "tests/support/modules.h"
#include "tests/support/tmpdir.h"

#define FILE_SO "lib/lwcred/backends/file.so"

static enum lwc_code load(const char *name, struct lwc_backend *backend_out, struct lwc_error *err)
{
    return lwc_module_load(name, lwc_module_external_dir(), backend_out, err);
}

static void load_own_backend_is_found_in_the_compiled_in_directory(void **state)
{
    struct lwc_backend backend = {0};

    (void)state;
    assert_int_equal(lwc_module_load("env", NULL, &backend, NULL), LWC_OK);
    assert_string_equal(backend.name, "env");
    assert_non_null(backend.find);
    assert_null(backend.store);
}

static void load_bad_module_is_refused_with_its_own_reason(void **state)
{
    static const struct {
        const char *name;
        const char *reason;
    } cases[] = {
        {"bad-symbol", "has no symbol 'lwc_backend'"},
        {"bad-major", "was built for ABI 2, this version speaks 1"},
        {"bad-size", "descriptor of 16 bytes is too short"},
        {"bad-name", "calls itself 'another'"},
        {"bad-no-name", "calls itself ''"},
        {"bad-no-summary", "has no summary"},
        {"bad-needs", "needs what no host understands"},
        {"bad-caps", "unknown capabilities 0x80000000"},
        {"bad-no-open", "lacks the function open()"},
        {"bad-no-close", "lacks the function close()"},
        {"bad-no-find", "lacks the function find()"},
        {"bad-no-store", "lacks the function store()"},
        {"bad-no-unlock", "lacks the function unlock()"},
        {"bad-late-caps", "is another one when it is loaded than in its file"},
        {"bad-late-blocking", "is another one when it is loaded than in its file"},
    };

    (void)state;
    modules_use_test_ones();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_backend backend = {0};
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].name);
        assert_int_equal(load(cases[i].name, &backend, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].reason));
        assert_null(backend.open);
    }
}

static void load_missing_module_is_unavailable(void **state)
{
    struct lwc_backend backend;
    struct lwc_error err = {0};

    (void)state;
    modules_use_test_ones();
    assert_int_equal(load("no-such-module", &backend, &err), LWC_E_UNAVAILABLE);
    assert_string_equal(err.msg, "backend 'no-such-module' is not installed");
}

static void load_external_module_only_where_allowed(void **state)
{
    struct lwc_backend backend;

    (void)state;
    modules_use_test_ones();
    assert_int_equal(load("answer", &backend, NULL), LWC_OK);
    assert_int_equal(lwc_module_load("answer", NULL, &backend, NULL), LWC_E_UNAVAILABLE);
}

static void load_name_that_is_a_path_is_refused(void **state)
{
    static const char *const names[] = {
        "", "../env", "/tmp/x", "env.so", "Env", "e_v", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct lwc_backend backend;

        assert_int_equal(load(names[i], &backend, NULL), LWC_E_INVALID);
    }
}

/* @built: as below the build directory. */
static void copy_module(const struct tmpdir *dir, const char *built, const char *name, mode_t mode)
{
    static char bytes[4 * 1024 * 1024];
    char path[TMPDIR_PATH_LEN];
    size_t len;
    FILE *from;

    snprintf(path, sizeof path, "%s/../../%s", lwc_lib_dir, built);
    from = fopen(path, "re");
    assert_non_null(from);
    len = fread(bytes, 1, sizeof bytes, from);
    assert_true(len > 0 && len < sizeof bytes);
    assert_int_equal(fclose(from), 0);
    tmpdir_write(dir, name, bytes, len, mode);
}

static enum lwc_code load_object(const char *dir, const char *file, struct lwc_error *err)
{
    const void *data = NULL;

    return lwc_module_object(dir, file, "lwc_backend", &data, err);
}

static void object_that_others_can_write_is_unsafe(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    copy_module(dir, FILE_SO, "group.so", 0664);
    copy_module(dir, FILE_SO, "world.so", 0646);
    copy_module(dir, FILE_SO, "good.so", 0644);
    tmpdir_mkdir(dir, "open", 0777);
    copy_module(dir, FILE_SO, "open/file.so", 0644);
    assert_int_equal(load_object(dir->path, "group.so", &err), LWC_E_UNSAFE);
    assert_int_equal(load_object(dir->path, "world.so", &err), LWC_E_UNSAFE);
    assert_int_equal(load_object(tmpdir_join(dir, "open", path), "file.so", &err), LWC_E_UNSAFE);
    tmpdir_mkdir(dir, "sticky", 01777);
    copy_module(dir, FILE_SO, "sticky/file.so", 0644);
    assert_int_equal(load_object(tmpdir_join(dir, "sticky", path), "file.so", &err), LWC_E_UNSAFE);
    assert_non_null(strstr(err.msg, "sticky can be written by others"));
    assert_int_equal(load_object(dir->path, "good.so", &err), LWC_OK);
}

static void object_that_is_no_module_is_invalid(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "text.so", "hello world", 11, 0644);
    tmpdir_write(dir, "empty.so", "", 0, 0644);
    tmpdir_write(dir, "cut.so",
                 "\x7f"
                 "ELF\x02\x01\x01",
                 7, 0644);
    tmpdir_mkdir(dir, "dir.so", 0755);
    assert_int_equal(mkfifo(tmpdir_join(dir, "fifo.so", path), 0600), 0);
    assert_int_equal(symlink("/dev/zero", tmpdir_join(dir, "device.so", path)), 0);
    assert_int_equal(load_object(dir->path, "text.so", &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "is not a shared object"));
    assert_int_equal(load_object(dir->path, "empty.so", &err), LWC_E_INVALID);
    assert_int_equal(load_object(dir->path, "cut.so", &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "is cut short"));
    assert_int_equal(load_object(dir->path, "dir.so", &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "is a directory, not a file"));
    assert_int_equal(load_object(dir->path, "fifo.so", &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "is a FIFO, not a file"));
    assert_int_equal(load_object(dir->path, "device.so", &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "is a character device, not a file"));
    assert_int_equal(load_object(dir->path, "none.so", &err), LWC_E_UNAVAILABLE);
}

static void object_that_is_refused_runs_no_code(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_error err = {0};

    modules_use_test_ones();
    copy_module(dir, "tests/modules/constructor.so", "constructor.so", 0666);
    unsetenv("LWC_TEST_CONSTRUCTED");
    assert_int_equal(load_object(dir->path, "constructor.so", &err), LWC_E_UNSAFE);
    assert_null(getenv("LWC_TEST_CONSTRUCTED"));
    copy_module(dir, "tests/modules/constructor.so", "constructor.so", 0644);
    assert_int_equal(load_object(dir->path, "constructor.so", &err), LWC_OK);
    assert_non_null(getenv("LWC_TEST_CONSTRUCTED"));
}

static void object_behind_a_link_of_someone_else_is_unsafe(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_error err = {0};
    char link[TMPDIR_PATH_LEN];
    char target[TMPDIR_PATH_LEN];

    tmpdir_mkdir(dir, "theirs", 0777);
    copy_module(dir, FILE_SO, "theirs/file.so", 0644);
    assert_int_equal(
        symlink(tmpdir_join(dir, "theirs/file.so", target), tmpdir_join(dir, "link.so", link)), 0);
    assert_int_equal(load_object(dir->path, "link.so", &err), LWC_E_UNSAFE);
}

/* A host's current directory is another one than its caller's. */
static void a_directory_that_is_not_absolute_is_refused(void **state)
{
    static const char *const dirs[] = {".", "tests/modules", "../x"};
    struct lwc_backend backend = {0};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(dirs); i++) {
        struct lwc_error err = {0};

        assert_int_equal(lwc_module_load("answer", dirs[i], &backend, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, "is no absolute path"));
        assert_int_equal(lwc_module_load("env", dirs[i], &backend, NULL), LWC_OK);
    }
}

static void a_directory_in_which_others_can_write_holds_no_modules(void **state)
{
    const struct tmpdir *dir = *state;
    struct lwc_backend backend = {0};
    struct lwc_error err = {0};

    tmpdir_write(dir, "answer.so", "", 0, 0600);
    assert_int_equal(chmod(dir->path, 01777), 0);
    assert_int_equal(lwc_module_load_at(dir->path, "answer", &backend, &err), LWC_E_UNSAFE);
    assert_non_null(strstr(err.msg, "can be written by others, sticky or not"));
    assert_int_equal(chmod(dir->path, 0700), 0);
    assert_int_equal(lwc_module_load_at(dir->path, "answer", &backend, &err), LWC_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_own_backend_is_found_in_the_compiled_in_directory),
        cmocka_unit_test(load_bad_module_is_refused_with_its_own_reason),
        cmocka_unit_test(load_missing_module_is_unavailable),
        cmocka_unit_test(load_external_module_only_where_allowed),
        cmocka_unit_test(load_name_that_is_a_path_is_refused),
        cmocka_unit_test(a_directory_that_is_not_absolute_is_refused),
        cmocka_unit_test_setup_teardown(a_directory_in_which_others_can_write_holds_no_modules,
                                        tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(object_that_others_can_write_is_unsafe, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(object_that_is_no_module_is_invalid, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(object_that_is_refused_runs_no_code, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(object_behind_a_link_of_someone_else_is_unsafe,
                                        tmpdir_setup, tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
