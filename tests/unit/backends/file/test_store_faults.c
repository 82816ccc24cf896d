/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/file/seal.h"
#include "base/util.h"
#include "tests/support/storevectors.h"

/*
 * The system calls of the write path, each made to fail at its Nth call for every N; and counted,
 * to show what reading does not do.
 */

#define AUTO_STORE LWC_AUTO(struct lwc_store *, lwc_store_free)

enum system_call {
    NONE,
    OPENAT,
    WRITE,
    FSYNC,
    LINKAT,
    RENAMEAT,
    FALLOCATE,
    FCHMOD,
    FSTAT,
    PREAD,
    ANY
};

static const struct {
    const char *name;
    enum system_call call;
    int sys;
} faults[] = {
    {"openat", OPENAT, EMFILE},       {"write", WRITE, ENOSPC},    {"fsync", FSYNC, EIO},
    {"linkat", LINKAT, EPERM},        {"renameat", RENAMEAT, EIO}, {"fchmod", FCHMOD, EROFS},
    {"fallocate", FALLOCATE, ENOSPC}, {"fstat", FSTAT, EIO},       {"pread", PREAD, EIO},
    {"any of them", ANY, EIO},
};

/* The call that fails, at its how-maniest time, and with what. */
static enum system_call failing;
static int countdown;
static int failing_sys;
static int writes_seen;

/* Is it this call's turn to fail? */
static bool fails(enum system_call call)
{
    if (failing == NONE || (failing != ANY && failing != call) || --countdown != 0) {
        return false;
    }
    errno = failing_sys;
    return true;
}

int __real_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_openat(int dir_fd, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode = 0;

    va_start(args, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    writes_seen += (flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC)) != 0;
    return fails(OPENAT) ? -1 : __real_openat(dir_fd, path, flags, mode);
}

/* Also writes only a part of what it is given, as it may. */
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    writes_seen++;
    return fails(WRITE) ? -1 : __real_write(fd, bytes, len > 200 ? 200 : len);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    writes_seen++;
    return fails(FSYNC) ? -1 : __real_fsync(fd);
}

int __real_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    writes_seen++;
    return fails(LINKAT) ? -1 : __real_linkat(from_fd, from, to_fd, to, flags);
}

int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    writes_seen++;
    return fails(RENAMEAT) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    return fails(FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int __real_posix_fallocate(int fd, off_t offset, off_t len);
int __wrap_posix_fallocate(int fd, off_t offset, off_t len);
int __wrap_posix_fallocate(int fd, off_t offset, off_t len)
{
    return fails(FALLOCATE) ? failing_sys : __real_posix_fallocate(fd, offset, len);
}

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
    return fails(FSTAT) ? -1 : __real_fstat(fd, st);
}

ssize_t __real_pread(int fd, void *bytes, size_t len, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t len, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t len, off_t offset)
{
    return fails(PREAD) ? -1 : __real_pread(fd, bytes, len, offset);
}

/* The store holds alpha, and beta if @code says that it was put; no temporary file is left. */
static void assert_old_or_new(struct store_fixture *fixture, const char *name, int n,
                              enum lwc_code code, size_t files)
{
    AUTO_STORE store = store_fixture_store(fixture);
    char secret[256] = "";
    enum lwc_code beta = LWC_OK;

    if (store_fixture_find(store, "alpha", secret, NULL) != LWC_OK ||
        strcmp(secret, "secret a") != 0) {
        fail_msg("%s %d: alpha is lost", name, n);
    }
    beta = store_fixture_find(store, "beta", secret, NULL);
    if (beta != LWC_OK && (beta != LWC_E_NOT_FOUND || code == LWC_OK)) {
        fail_msg("%s %d: beta is lost", name, n);
    }
    if (beta == LWC_OK && strcmp(secret, "secret b") != 0) {
        fail_msg("%s %d: beta is wrong", name, n);
    }
    if (tmpdir_count(&fixture->dir, ".") > files) {
        fail_msg("%s %d: a file is left behind", name, n);
    }
}

/* Put beta while the @n-th @call fails.  False when there are not so many calls. */
static bool put_with_fault(struct store_fixture *fixture, size_t fault, int n)
{
    AUTO_STORE store = store_fixture_store(fixture);
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    failing_sys = faults[fault].sys;
    countdown = n;
    failing = faults[fault].call;
    code = store_fixture_put(store, "beta", "secret b", &err);
    failing = NONE;
    if (code == LWC_E_NOT_FOUND || (code != LWC_OK && err.msg[0] == '\0')) {
        fail_msg("%s %d: code %d, '%s'", faults[fault].name, n, (int)code, err.msg);
    }
    /* The store, the one before, the lock, the key and what remembers the generation. */
    assert_old_or_new(fixture, faults[fault].name, n, code, 5);
    return countdown <= 0;
}

static void put_with_any_call_failing_leaves_old_or_new(void **state)
{
    struct store_fixture *fixture = *state;
    LWC_AUTO_FREE uint8_t *before = NULL;
    size_t len = 0;

    store_fixture_use_key_file(fixture);
    {
        AUTO_STORE store = store_fixture_store(fixture);

        assert_int_equal(store_fixture_put(store, "alpha", "secret a", NULL), LWC_OK);
    }
    before = store_fixture_read(fixture->path, &len);
    for (size_t fault = 0; fault < LWC_ARRAY_LEN(faults); fault++) {
        int n = 1;

        for (; put_with_fault(fixture, fault, n); n++) {
            store_fixture_write(fixture->path, before, len);
        }
        store_fixture_write(fixture->path, before, len);
        if (n == 1) {
            fail_msg("%s is never called", faults[fault].name);
        }
    }
}

static void first_put_with_any_call_failing_leaves_none_or_a_store(void **state)
{
    struct store_fixture *fixture = *state;
    bool more = true;

    store_fixture_use_key_file(fixture);
    for (int n = 1; more; n++) {
        AUTO_STORE store = store_fixture_store(fixture);
        AUTO_STORE again = store_fixture_store(fixture);
        char secret[256];
        enum lwc_code code = LWC_OK;

        (void)unlink(fixture->path);
        failing_sys = EIO;
        countdown = n;
        failing = ANY;
        code = store_fixture_put(store, "alpha", "secret a", NULL);
        failing = NONE;
        more = countdown <= 0;
        if (store_fixture_find(again, "alpha", secret, NULL) !=
            (access(fixture->path, F_OK) == 0 ? LWC_OK : LWC_E_NOT_FOUND)) {
            fail_msg("call %d: neither none nor a store", n);
        }
        if (code == LWC_OK && access(fixture->path, F_OK) != 0) {
            fail_msg("call %d: no store", n);
        }
    }
}

static void rename_that_fails_leaves_the_store_as_it_was(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    LWC_AUTO_FREE uint8_t *before = NULL;
    LWC_AUTO_FREE uint8_t *after = NULL;
    size_t before_len = 0;
    size_t after_len = 0;

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "alpha", "secret a", NULL), LWC_OK);
    before = store_fixture_read(fixture->path, &before_len);
    failing_sys = EIO;
    countdown = 2; /* the first one keeps the previous generation */
    failing = RENAMEAT;
    assert_int_equal(store_fixture_put(store, "beta", "secret b", NULL), LWC_E_IO);
    failing = NONE;
    after = store_fixture_read(fixture->path, &after_len);
    assert_int_equal(after_len, before_len);
    assert_memory_equal(after, before, before_len);
}

/* Makes written records wrong: in their MAC, or in the sealed secret. */
static enum { TRUE_SEALS, WRONG_MAC, OTHER_SECRET } lie;

/* Where another host, which our lock does not reach, writes a store while ours is made. */
static struct store_fixture *intruded;

enum lwc_code __wrap_lwc_seal_finish(const struct lwc_buf *master, uint8_t *bytes, size_t len,
                                     struct lwc_error *err);
enum lwc_code __real_lwc_seal_finish(const struct lwc_buf *master, uint8_t *bytes, size_t len,
                                     struct lwc_error *err);
enum lwc_code __wrap_lwc_seal_finish(const struct lwc_buf *master, uint8_t *bytes, size_t len,
                                     struct lwc_error *err)
{
    enum lwc_code code = __real_lwc_seal_finish(master, bytes, len, err);

    if (intruded != NULL) {
        store_fixture_use_vector(intruded, "store-several.lwc");
        intruded = NULL;
    }
    if (lie == WRONG_MAC) {
        bytes[len - LWC_FORMAT_TRAILER_LEN] ^= 1;
        store_fixture_fix_digest(bytes, len);
    }
    return code;
}

enum lwc_code __wrap_lwc_seal_record(const struct lwc_buf *master, const uint8_t *nonce,
                                     struct lwc_seal_ad ad, const void *secret, size_t len,
                                     uint8_t *sealed_out, struct lwc_error *err);
enum lwc_code __real_lwc_seal_record(const struct lwc_buf *master, const uint8_t *nonce,
                                     struct lwc_seal_ad ad, const void *secret, size_t len,
                                     uint8_t *sealed_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_seal_record(const struct lwc_buf *master, const uint8_t *nonce,
                                     struct lwc_seal_ad ad, const void *secret, size_t len,
                                     uint8_t *sealed_out, struct lwc_error *err)
{
    const void *sealed = lie == OTHER_SECRET ? "another!" : secret;

    assert_true(lie != OTHER_SECRET || len == strlen("another!"));
    return __real_lwc_seal_record(master, nonce, ad, sealed, len, sealed_out, err);
}

static void what_reads_back_wrong_does_not_take_the_stores_place(void **state)
{
    static const enum lwc_code codes[] = {
        [WRONG_MAC] = LWC_E_CORRUPT, [OTHER_SECRET] = LWC_E_INTERNAL};
    struct store_fixture *fixture = *state;

    store_fixture_use_key_file(fixture);
    {
        AUTO_STORE store = store_fixture_store(fixture);

        assert_int_equal(store_fixture_put(store, "alpha", "secret a", NULL), LWC_OK);
    }
    for (size_t i = WRONG_MAC; i <= OTHER_SECRET; i++) {
        AUTO_STORE store = store_fixture_store(fixture);
        enum lwc_code code = LWC_OK;

        lie = i;
        code = store_fixture_put(store, "beta", "secret b", NULL);
        lie = TRUE_SEALS;
        assert_int_equal(code, codes[i]);
        assert_old_or_new(fixture, "lie", (int)i, code, 5);
    }
}

static void store_that_changed_in_spite_of_the_lock_is_not_written_over(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_use_key_file(fixture);
    for (int first = 0; first < 2; first++) {
        AUTO_STORE store = store_fixture_store(fixture);
        struct lwc_error err = {0};
        char names[1024];
        char previous[TMPDIR_PATH_LEN];

        if (first == 0) {
            (void)unlink(fixture->path);
        }
        intruded = fixture;
        assert_int_equal(store_fixture_put(store, "mine", "secret", &err), LWC_E_BUSY);
        assert_null(intruded);
        assert_non_null(strstr(err.msg, "in spite of the lock"));
        assert_int_equal(store_fixture_list(store, names, NULL), LWC_OK);
        assert_string_equal(names, "Prod.eu default lab token zz-agent@host");
        /* The store, lock and key, later what remembers generations: no temporary file. */
        assert_int_equal(tmpdir_count(&fixture->dir, "."), first == 0 ? 3 : 4);
        assert_int_equal(store_fixture_put(store, "mine", "secret", &err), LWC_OK);
        assert_int_equal(unlink(tmpdir_join(&fixture->dir, "keys.lwc.prev", previous)), 0);
        store_fixture_use_vector(fixture, "store-keyfile.lwc");
    }
}

/* A single key seals all records: using a nonce twice would reveal both secrets. */
static void every_seal_has_a_nonce_of_its_own(void **state)
{
    static const uint8_t zero[LWC_FORMAT_NONCE_LEN];
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    uint8_t nonces[3][LWC_FORMAT_NONCE_LEN];

    store_fixture_use_key_file(fixture);
    for (size_t i = 0; i < LWC_ARRAY_LEN(nonces); i++) {
        LWC_AUTO_FORMAT format = {0};
        LWC_AUTO_FREE uint8_t *bytes = NULL;
        char key_id[LWC_KEY_ID_MAX + 1];
        const struct lwc_identity id = store_fixture_identity("alpha", key_id);
        size_t len = 0;

        assert_int_equal(lwc_store_put(store, &id, "same", 4, LWC_STORE_REPLACE, NULL), LWC_OK);
        bytes = store_fixture_read(fixture->path, &len);
        assert_int_equal(lwc_format_parse(bytes, len, &format, NULL), LWC_OK);
        memcpy(nonces[i], format.records[0].bytes + LWC_FORMAT_RECORD_AT_NONCE, sizeof nonces[i]);
        assert_memory_not_equal(nonces[i], i == 0 ? zero : nonces[i - 1], sizeof zero);
    }
    assert_memory_not_equal(nonces[2], nonces[0], sizeof zero);
}

static void reading_writes_nothing_and_takes_no_lock(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    char names[1024];
    char secret[256];
    size_t entries = 0;

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    store_fixture_use_key_file(fixture);
    store_fixture_set(fixture, "HOME", NULL); /* nowhere to remember the generation */
    entries = tmpdir_count(&fixture->dir, ".");
    store = store_fixture_store(fixture);
    writes_seen = 0;
    assert_int_equal(store_fixture_list(store, names, NULL), LWC_OK);
    assert_int_equal(store_fixture_find(store, "default", secret, NULL), LWC_OK);
    assert_int_equal(lwc_store_unlock(store, NULL), LWC_OK);
    assert_int_equal(writes_seen, 0);
    assert_int_equal(fixture->warnings, 0);
    assert_int_equal(tmpdir_count(&fixture->dir, "."), entries);
}

static bool read_only;

int __real_faccessat(int dir_fd, const char *path, int mode, int flags);
int __wrap_faccessat(int dir_fd, const char *path, int mode, int flags);
int __wrap_faccessat(int dir_fd, const char *path, int mode, int flags)
{
    if (read_only && (mode & W_OK) != 0) {
        errno = EROFS;
        return -1;
    }
    return __real_faccessat(dir_fd, path, mode, flags);
}

static void probe_of_a_place_that_is_read_only_is_io_and_asks_nobody(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    struct lwc_error err = {0};

    tmpdir_join(&fixture->dir, "a/b/c/keys.lwc", fixture->path);
    store = store_fixture_store(fixture);
    fixture->answers[0] = "horse";
    read_only = true;
    assert_int_equal(lwc_store_probe(store, LWC_CAP_STORE, &err), LWC_E_IO);
    read_only = false;
    assert_int_equal(err.sys, EROFS);
    assert_int_equal(fixture->asked, 0);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(put_with_any_call_failing_leaves_old_or_new),
        TEST(first_put_with_any_call_failing_leaves_none_or_a_store),
        TEST(rename_that_fails_leaves_the_store_as_it_was),
        TEST(what_reads_back_wrong_does_not_take_the_stores_place),
        TEST(store_that_changed_in_spite_of_the_lock_is_not_written_over),
        TEST(every_seal_has_a_nonce_of_its_own),
        TEST(reading_writes_nothing_and_takes_no_lock),
        TEST(probe_of_a_place_that_is_read_only_is_io_and_asks_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
