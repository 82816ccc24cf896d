/* SPDX-License-Identifier: Apache-2.0 */
#include "flight/failure_name.h"

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

#include "base/util.h"
#include "cache/cache.h"
#include "tests/support/stacks.h"

static const char *moved; /* a namespace file that is another one */
static int terminal;      /* of this process, in /proc/self/stat */
static pid_t pid;

int __wrap_stat(const char *path, struct stat *st);
int __real_stat(const char *path, struct stat *st);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
ssize_t __real_read(int fd, void *bytes, size_t len);
pid_t __wrap_getpid(void);

int __wrap_stat(const char *path, struct stat *st)
{
    int result = __real_stat(path, st);

    st->st_ino += lwc_streq(path, moved) ? 1 : 0;
    return result;
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    char line[128];
    ssize_t got = __real_read(fd, bytes, len);

    if (got <= 0 || memchr(bytes, ')', (size_t)got) == NULL) {
        return got;
    }
    (void)snprintf(line, sizeof line, "7 (a) b) S 1 7 7 %d 7 0", terminal);
    memcpy(bytes, line, strlen(line));
    return (ssize_t)strlen(line);
}

pid_t __wrap_getpid(void)
{
    return pid;
}

static const uint8_t who[LWC_HASH_LEN] = "0123456789abcdef0123456789abcde";
static const uint8_t someone_else[LWC_HASH_LEN] = "0123456789abcdef0123456789abcdE";
static const struct lwc_failure_demand none;
static struct stacks stacks;

static int setup(void **state)
{
    (void)state;
    moved = "";
    terminal = 0;
    pid = 4711;
    stacks_open(&stacks, "lookup sufficient answer a\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stacks_close(&stacks);
    return 0;
}

/* The names under test: each with all that it may depend on. */

typedef void name_fn(uint8_t name_out[LWC_HASH_LEN]);

static void name_exchange(uint8_t name_out[LWC_HASH_LEN])
{
    lwc_failure_name_exchange(who, &stacks.host, &none, name_out);
}

static void name_answer(uint8_t name_out[LWC_HASH_LEN])
{
    lwc_failure_name_answer("aa", &stacks.host, true, &none, name_out);
}

static void name_rate(uint8_t name_out[LWC_HASH_LEN])
{
    const struct lwc_identity identity = {.profile = "p",
                                          .account = "acme.lacework.net",
                                          .origin = "",
                                          .key_id = "ACME_1",
                                          .sub_account = ""};

    lwc_failure_name_rate(&identity, name_out);
}

static void name_place(uint8_t name_out[LWC_HASH_LEN])
{
    const struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};

    lwc_failure_name_place(cache.mode, cache.sealing != NULL, &stacks.host, name_out);
}

static const char *const network[] = {
    "HTTPS_PROXY", "https_proxy",      "ALL_PROXY",     "all_proxy",    "NO_PROXY",
    "no_proxy",    "LWCRED_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF"};
static const char *const stores[] = {
    "LWCRED_KEY_FILE", "LWCRED_PASSPHRASE_FILE", "LWCRED_NO_PROMPT", "CI",
    "DISPLAY",         "WAYLAND_DISPLAY",        "XAUTHORITY",       "LWCRED_PASSPHRASE_FD"};
static const char *const directories[] = {"XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "HOME"};

static void expect_variables(name_fn *name, const char *const *variables, size_t count,
                             bool is_changed)
{
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];

    for (size_t i = 0; i < count; i++) {
        unsetenv(variables[i]);
    }
    name(base);
    for (size_t i = 0; i < count; i++) {
        print_message("%s\n", variables[i]);
        setenv(variables[i], "/one", 1);
        name(other);
        unsetenv(variables[i]);
        assert_int_equal(memcmp(base, other, LWC_HASH_LEN) != 0, is_changed);
    }
    name(other);
    assert_memory_equal(base, other, LWC_HASH_LEN);
}

static void names_change_with_the_variables_that_matter(void **state)
{
    (void)state;
    expect_variables(name_exchange, network, LWC_ARRAY_LEN(network), true);
    expect_variables(name_answer, network, LWC_ARRAY_LEN(network), true);
    expect_variables(name_answer, stores, LWC_ARRAY_LEN(stores), true);
    expect_variables(name_place, directories, LWC_ARRAY_LEN(directories), true);
    expect_variables(name_exchange, stores, LWC_ARRAY_LEN(stores), false);
    expect_variables(name_rate, network, LWC_ARRAY_LEN(network), false);
}

static void all_names_are_of_one_network_and_mount_namespace(void **state)
{
    static name_fn *const names[] = {name_exchange, name_answer, name_rate, name_place};
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        moved = "";
        names[i](base);
        moved = "/proc/self/ns/net";
        names[i](other);
        assert_memory_not_equal(base, other, LWC_HASH_LEN);
        moved = "/proc/self/ns/mnt";
        names[i](other);
        assert_memory_not_equal(base, other, LWC_HASH_LEN);
        moved = "/proc/self/ns/user";
        names[i](other);
        assert_memory_equal(base, other, LWC_HASH_LEN);
    }
}

static void names_change_with_the_demand(void **state)
{
    static const struct lwc_failure_demand demands[] = {{.granted_s = 1}, {.min_valid_s = 1}};
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(demands); i++) {
        name_exchange(base);
        lwc_failure_name_exchange(who, &stacks.host, &demands[i], other);
        assert_memory_not_equal(base, other, LWC_HASH_LEN);
        name_answer(base);
        lwc_failure_name_answer("aa", &stacks.host, true, &demands[i], other);
        assert_memory_not_equal(base, other, LWC_HASH_LEN);
    }
    name_exchange(base);
    lwc_failure_name_exchange(someone_else, &stacks.host, &none, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
    name_answer(base);
    lwc_failure_name_answer("ab", &stacks.host, true, &none, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
}

static void rate_name_is_of_the_key_alone(void **state)
{
    struct lwc_identity identity = {.profile = "other",
                                    .account = "acme.lacework.net",
                                    .origin = "",
                                    .key_id = "ACME_1",
                                    .sub_account = "sub",
                                    .flags = LWC_ID_ORG_ACCESS};
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];

    (void)state;
    name_rate(base);
    lwc_failure_name_rate(&identity, other);
    assert_memory_equal(base, other, LWC_HASH_LEN);
    identity.key_id = "ACME_2";
    lwc_failure_name_rate(&identity, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
    identity.key_id = "ACME_1";
    identity.origin = "localhost:1";
    lwc_failure_name_rate(&identity, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
}

/* A person at another terminal may know the passphrase. */
static void answer_name_changes_with_the_terminal_where_a_person_can_be_asked(void **state)
{
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];

    (void)state;
    name_answer(base);
    terminal = 34817;
    name_answer(other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
    lwc_failure_name_answer("aa", &stacks.host, false, &none, base);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
    terminal = 34818;
    lwc_failure_name_answer("aa", &stacks.host, false, &none, other);
    assert_memory_equal(base, other, LWC_HASH_LEN);
}

/* A name that means another file in each process. */
static void answer_name_is_of_this_process_where_its_passphrase_is(void **state)
{
    static const struct {
        const char *variable;
        const char *value;
        bool is_own;
    } cases[] = {
        {"LWCRED_PASSPHRASE_FD", "3", true},
        {"LWCRED_PASSPHRASE_FILE", "/dev/fd/63", true},
        {"LWCRED_PASSPHRASE_FILE", "/dev/stdin", true},
        {"LWCRED_PASSPHRASE_FILE", "/proc/self/fd/3", true},
        {"LWCRED_PASSPHRASE_FILE", "/run/secrets/passphrase", false},
        {"LWCRED_PASSPHRASE_FILE", "", false},
    };
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s=%s\n", cases[i].variable, cases[i].value);
        setenv(cases[i].variable, cases[i].value, 1);
        pid = 4711;
        name_answer(base);
        pid = 4712;
        name_answer(other);
        unsetenv(cases[i].variable);
        assert_int_equal(memcmp(base, other, LWC_HASH_LEN) != 0, cases[i].is_own);
    }
}

static void place_name_is_of_what_the_cache_allows(void **state)
{
    struct lwc_cache cache = {.mode = LWC_CACHE_RUNTIME};
    LWC_AUTO_BUF sealing = NULL;
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];

    (void)state;
    name_place(base);
    lwc_failure_name_place(cache.mode, cache.sealing != NULL, &stacks.host, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
    assert_int_equal(lwc_buf_copy("s", 1, &sealing, NULL), LWC_OK);
    cache = (struct lwc_cache){.mode = LWC_CACHE_AUTO, .sealing = sealing};
    lwc_failure_name_place(cache.mode, cache.sealing != NULL, &stacks.host, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_change_with_the_variables_that_matter),
        TEST(all_names_are_of_one_network_and_mount_namespace),
        TEST(names_change_with_the_demand),
        TEST(rate_name_is_of_the_key_alone),
        TEST(answer_name_changes_with_the_terminal_where_a_person_can_be_asked),
        TEST(answer_name_is_of_this_process_where_its_passphrase_is),
        TEST(place_name_is_of_what_the_cache_allows),
    };

    return cmocka_run_group_tests_name("failure_name", tests, NULL, NULL);
}
