/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <keyutils.h>

#include "base/util.h"
#include "cache/place.h"
#include "tests/support/keys.h"

/* A call of libkeyutils that fails with @sys, @times times (-1: always). */
enum keyring_call {
    CALL_NONE,
    CALL_ADD,
    CALL_SEARCH,
    CALL_READ,
    CALL_SETPERM,
    CALL_TIMEOUT,
    CALL_LINK,
    CALL_LIST
};
static struct {
    enum keyring_call call;
    int sys;
    int times;
} fault;
static size_t calls;
static bool other_uid;
static bool is_fatal; /* the call ends the process instead */

key_serial_t __wrap_add_key(const char *type, const char *text, const void *bytes, size_t len,
                            key_serial_t ring);
key_serial_t __real_add_key(const char *type, const char *text, const void *bytes, size_t len,
                            key_serial_t ring);
long __wrap_keyctl_search(key_serial_t ring, const char *type, const char *text, key_serial_t to);
long __real_keyctl_search(key_serial_t ring, const char *type, const char *text, key_serial_t to);
long __wrap_keyctl_read(key_serial_t key, char *bytes, size_t len);
long __real_keyctl_read(key_serial_t key, char *bytes, size_t len);
long __wrap_keyctl_setperm(key_serial_t key, key_perm_t permissions);
long __real_keyctl_setperm(key_serial_t key, key_perm_t permissions);
long __wrap_keyctl_set_timeout(key_serial_t key, unsigned life_s);
long __real_keyctl_set_timeout(key_serial_t key, unsigned life_s);
long __wrap_keyctl_link(key_serial_t key, key_serial_t ring);
long __real_keyctl_link(key_serial_t key, key_serial_t ring);
int __wrap_keyctl_read_alloc(key_serial_t key, void **bytes_out);
int __real_keyctl_read_alloc(key_serial_t key, void **bytes_out);
uid_t __wrap_geteuid(void);
uid_t __real_geteuid(void);

static bool fails(enum keyring_call call)
{
    calls++;
    if (fault.call != call || fault.times == 0) {
        return false;
    }
    if (is_fatal) {
        (void)raise(SIGKILL);
    }
    fault.times -= fault.times > 0 ? 1 : 0;
    errno = fault.sys;
    return true;
}

key_serial_t __wrap_add_key(const char *type, const char *text, const void *bytes, size_t len,
                            key_serial_t ring)
{
    return fails(CALL_ADD) ? -1 : __real_add_key(type, text, bytes, len, ring);
}

long __wrap_keyctl_search(key_serial_t ring, const char *type, const char *text, key_serial_t to)
{
    return fails(CALL_SEARCH) ? -1 : __real_keyctl_search(ring, type, text, to);
}

long __wrap_keyctl_read(key_serial_t key, char *bytes, size_t len)
{
    return fails(CALL_READ) ? -1 : __real_keyctl_read(key, bytes, len);
}

long __wrap_keyctl_setperm(key_serial_t key, key_perm_t permissions)
{
    return fails(CALL_SETPERM) ? -1 : __real_keyctl_setperm(key, permissions);
}

long __wrap_keyctl_set_timeout(key_serial_t key, unsigned life_s)
{
    return fails(CALL_TIMEOUT) ? -1 : __real_keyctl_set_timeout(key, life_s);
}

long __wrap_keyctl_link(key_serial_t key, key_serial_t ring)
{
    return fails(CALL_LINK) ? -1 : __real_keyctl_link(key, ring);
}

int __wrap_keyctl_read_alloc(key_serial_t key, void **bytes_out)
{
    return fails(CALL_LIST) ? -1 : __real_keyctl_read_alloc(key, bytes_out);
}

uid_t __wrap_geteuid(void)
{
    return other_uid ? __real_geteuid() + 1 : __real_geteuid();
}

static void fault_set(enum keyring_call call, int sys)
{
    fault.call = call;
    fault.sys = sys;
    fault.times = -1;
}

static int setup(void **state)
{
    fault_set(CALL_NONE, 0);
    other_uid = false;
    is_fatal = false;
    return keys_setup(state);
}

static int teardown(void **state)
{
    fault_set(CALL_NONE, 0);
    other_uid = false;
    return keys_teardown(state);
}

/* Every call of a keyring has @action; a process-wide filter cannot be taken back. */
static void filter(uint32_t action)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, action),
    };
    struct sock_fprog program = {.len = LWC_ARRAY_LEN(code), .filter = code};

    keys_must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, 100);
    keys_must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0, 101);
}

static void count_name(void *data, const char *name)
{
    (void)name;
    *(size_t *)data += 1;
}

static volatile sig_atomic_t children_ended;

static void on_child(int number)
{
    (void)number;
    children_ended++;
}

static void must_be_unavailable(const struct keys *keys)
{
    struct sigaction before;
    struct sigaction after;
    size_t visited = 0;

    keys_must(sigaction(SIGSYS, NULL, &before) == 0, 1);
    (void)signal(SIGCHLD, on_child);
    keys_must(lwc_place_keyring.read(keys->name, keys->bytes, NULL) == LWC_E_UNAVAILABLE, 2);
    keys_must(lwc_place_keyring.write(keys->name, "x", 1, KEYS_LIFE_S, NULL) == LWC_E_UNAVAILABLE,
              3);
    keys_must(lwc_place_keyring.remove(keys->name, NULL) == LWC_E_UNAVAILABLE, 4);
    keys_must(lwc_place_keyring.each(count_name, &visited, NULL) == LWC_E_UNAVAILABLE, 5);
    keys_must(visited == 0, 6);
    keys_must(children_ended == 0, 7);
    keys_must(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD, 8);
    keys_must(sigaction(SIGSYS, NULL, &after) == 0, 9);
    keys_must(after.sa_handler == before.sa_handler, 10);
}

static void killed(const struct keys *keys)
{
    filter(SECCOMP_RET_KILL_PROCESS);
    must_be_unavailable(keys);
}

static void trapped(const struct keys *keys)
{
    filter(SECCOMP_RET_TRAP);
    must_be_unavailable(keys);
}

static void forbidden(const struct keys *keys)
{
    filter(SECCOMP_RET_ERRNO | EPERM);
    must_be_unavailable(keys);
}

static void unknown(const struct keys *keys)
{
    filter(SECCOMP_RET_ERRNO | ENOSYS);
    must_be_unavailable(keys);
}

static void harmless(const struct keys *keys)
{
    filter(SECCOMP_RET_ALLOW);
    keys_must(lwc_place_keyring.write(keys->name, "text", 4, KEYS_LIFE_S, NULL) == LWC_OK, 10);
    keys_must_hold(keys, "text", 11);
}

static void any_call_under_a_fatal_filter_is_unavailable(void **state)
{
    keys_in_child(killed, *state);
    keys_in_child(trapped, *state);
}

static void any_call_under_a_refusing_filter_is_unavailable(void **state)
{
    keys_in_child(forbidden, *state);
    keys_in_child(unknown, *state);
}

static void keyring_under_a_harmless_filter_works(void **state)
{
    keys_in_child(harmless, *state);
    keys_assert_holds(*state, "text");
}

static void read_costs_two_calls(void **state)
{
    const struct keys *keys = *state;

    keys_write(keys, "text");
    calls = 0;
    keys_assert_holds(keys, "text");
    assert_int_equal(calls, 2);
}

static void failing_read_is_a_miss_or_unavailable(void **state)
{
    static const struct {
        int sys;
        enum lwc_code code;
    } cases[] = {
        {ENOKEY, LWC_E_NOT_FOUND},       {EKEYEXPIRED, LWC_E_NOT_FOUND},
        {EKEYREVOKED, LWC_E_NOT_FOUND},  {EKEYREJECTED, LWC_E_NOT_FOUND},
        {EACCES, LWC_E_NOT_FOUND},       {EPERM, LWC_E_UNAVAILABLE},
        {ENOSYS, LWC_E_UNAVAILABLE},     {EDQUOT, LWC_E_UNAVAILABLE},
        {EOPNOTSUPP, LWC_E_UNAVAILABLE},
    };
    const struct keys *keys = *state;

    keys_write(keys, "text");
    for (size_t i = 0; i < 2 * LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("%s: %s\n", i % 2 == 0 ? "search" : "read", strerror(cases[i / 2].sys));
        fault_set(i % 2 == 0 ? CALL_SEARCH : CALL_READ, cases[i / 2].sys);
        assert_int_equal(lwc_place_keyring.read(keys->name, keys->bytes, &err), cases[i / 2].code);
        assert_int_equal(err.code, cases[i / 2].code);
        assert_int_equal(err.sys, cases[i / 2].sys);
        assert_int_equal(lwc_buf_len(keys->bytes), 0);
    }
}

static void failing_write_is_unavailable_and_leaves_no_key(void **state)
{
    static const struct {
        enum keyring_call call;
        int sys;
    } cases[] = {
        {CALL_ADD, EPERM},      {CALL_ADD, ENOSYS},    {CALL_ADD, EDQUOT},
        {CALL_ADD, EACCES},     {CALL_ADD, ENOMEM},    {CALL_ADD, EKEYREVOKED},
        {CALL_SETPERM, EACCES}, {CALL_SETPERM, EPERM}, {CALL_SETPERM, ENOSYS},
        {CALL_TIMEOUT, EACCES}, {CALL_TIMEOUT, EPERM}, {CALL_TIMEOUT, EOPNOTSUPP},
        {CALL_LINK, EDQUOT},    {CALL_LINK, EPERM},    {CALL_LINK, ENFILE},
    };
    const struct keys *keys = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("call %d: %s\n", (int)cases[i].call, strerror(cases[i].sys));
        fault_set(cases[i].call, cases[i].sys);
        assert_int_equal(lwc_place_keyring.write(keys->name, "text", 4, KEYS_LIFE_S, &err),
                         LWC_E_UNAVAILABLE);
        assert_int_equal(err.sys, cases[i].sys);
        assert_int_equal(keys_find(keys), -1);
        assert_int_equal(errno, ENOKEY);
        assert_int_equal(keyctl_search(KEY_SPEC_THREAD_KEYRING, "user", keys->text, 0), -1);
    }
}

/* A token without an end would stay until the machine goes down. */
static void writer_killed_in_the_middle_leaves_the_keyring_as_it_was(void **state)
{
    static const enum keyring_call at[] = {CALL_SETPERM, CALL_TIMEOUT, CALL_LINK};
    const struct keys *keys = *state;

    for (size_t i = 0; i < 2 * LWC_ARRAY_LEN(at); i++) {
        const bool is_renewal = i >= LWC_ARRAY_LEN(at);
        int status = 0;
        pid_t pid = 0;

        print_message("%s, call %d\n", is_renewal ? "renewal" : "first", (int)at[i % 3]);
        if (is_renewal) {
            keys_write(keys, "old");
        }
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            fault_set(at[i % 3], 0);
            is_fatal = true;
            (void)!lwc_place_keyring.write(keys->name, "new", 3, KEYS_LIFE_S, NULL);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        if (is_renewal) {
            keys_assert_holds(keys, "old");
        } else {
            keys_assert_missed(keys);
        }
    }
}

static void used_up_quota_says_so(void **state)
{
    const struct keys *keys = *state;
    struct lwc_error err = {0};

    fault_set(CALL_ADD, EDQUOT);
    assert_int_equal(lwc_place_keyring.write(keys->name, "text", 4, KEYS_LIFE_S, &err),
                     LWC_E_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "quota"));
    assert_non_null(strstr(err.hint, "keyctl show @u"));
}

static void failing_remove_and_each_are_unavailable(void **state)
{
    static const int errors[] = {EPERM, ENOSYS};
    const struct keys *keys = *state;
    size_t visited = 0;

    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        print_message("%s\n", strerror(errors[i]));
        fault_set(CALL_SEARCH, errors[i]);
        assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_E_UNAVAILABLE);
        fault_set(CALL_LIST, errors[i]);
        assert_int_equal(lwc_place_keyring.each(count_name, &visited, NULL), LWC_E_UNAVAILABLE);
    }
    assert_int_equal(visited, 0);
}

static void another_effective_uid_has_no_keyring(void **state)
{
    const struct keys *keys = *state;

    keys_write(keys, "text");
    other_uid = true;
    calls = 0;
    assert_int_equal(lwc_place_keyring.read(keys->name, keys->bytes, NULL), LWC_E_UNAVAILABLE);
    assert_int_equal(lwc_place_keyring.write(keys->name, "x", 1, KEYS_LIFE_S, NULL),
                     LWC_E_UNAVAILABLE);
    assert_int_equal(calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    /* First of all: whether the keyring may be asked is found out once in a process. */
    static const struct CMUnitTest filtered[] = {
        TEST(any_call_under_a_fatal_filter_is_unavailable),
        TEST(any_call_under_a_refusing_filter_is_unavailable),
    };
    static const struct CMUnitTest unfiltered[] = {
        TEST(keyring_under_a_harmless_filter_works),
        TEST(read_costs_two_calls),
        TEST(failing_read_is_a_miss_or_unavailable),
        TEST(failing_write_is_unavailable_and_leaves_no_key),
        TEST(writer_killed_in_the_middle_leaves_the_keyring_as_it_was),
        TEST(used_up_quota_says_so),
        TEST(failing_remove_and_each_are_unavailable),
        TEST(another_effective_uid_has_no_keyring),
    };
    int failed = cmocka_run_group_tests(filtered, NULL, NULL);

    return failed + cmocka_run_group_tests(unfiltered, NULL, NULL);
}
