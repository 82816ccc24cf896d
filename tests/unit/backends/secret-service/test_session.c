/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "backends/secret-service/session.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

/* A host with settings from a table. */
struct fake {
    const char *settings[4][2];
    int64_t left_ms;
    char depends[TMPDIR_PATH_LEN];
};

static const char *fake_setting(void *data, const char *name)
{
    const struct fake *fake = data;

    for (size_t i = 0; i < LWC_ARRAY_LEN(fake->settings); i++) {
        if (fake->settings[i][0] != NULL && lwc_streq(fake->settings[i][0], name)) {
            return fake->settings[i][1];
        }
    }
    return NULL;
}

static int64_t fake_remaining_ms(void *data)
{
    return ((struct fake *)data)->left_ms;
}

static void fake_depends(void *data, const char *path)
{
    struct fake *fake = data;

    (void)snprintf(fake->depends, sizeof fake->depends, "%s", path);
}

static struct lwc_host host_of(struct fake *fake)
{
    return (struct lwc_host){.abi = LWC_BACKEND_ABI,
                             .size = sizeof(struct lwc_host),
                             .data = fake,
                             .setting = fake_setting,
                             .remaining_ms = fake_remaining_ms,
                             .depends = fake_depends};
}

static void bus_is_taken_from_its_address(void **state)
{
    static const struct {
        const char *address;
        enum lwc_code code;
    } cases[] = {{"unix:path=/run/user/1000/bus", LWC_OK},
                 {"unix:abstract=/tmp/x;unix:path=/y", LWC_OK},
                 {"tcp:host=localhost,port=1", LWC_OK},
                 {"autolaunch:", LWC_E_UNAVAILABLE},
                 {"unix:path=/y;autolaunch:scope=x", LWC_E_UNAVAILABLE},
                 {"unixexec:path=/bin/sh,argv1=-c", LWC_E_UNAVAILABLE},
                 {"", LWC_E_UNAVAILABLE}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fake fake = {.settings = {{"DBUS_SESSION_BUS_ADDRESS", cases[i].address}}};
        const struct lwc_host host = host_of(&fake);
        struct lwc_error err = {0};

        if (lwc_session_bus(&host, &err) != cases[i].code) {
            fail_msg("case %zu: %s", i, err.msg);
        }
    }
}

static void bus_without_an_address_is_the_socket_of_the_session(void **state)
{
    struct tmpdir *dir = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[TMPDIR_PATH_LEN];
    struct fake fake = {.settings = {{"XDG_RUNTIME_DIR", dir->path}}};
    const struct lwc_host host = host_of(&fake);
    struct lwc_error err = {0};
    LWC_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(lwc_session_bus(&host, &err), LWC_E_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "holds no bus"));
    assert_non_null(strstr(err.hint, "backend 'file'"));
    assert_int_equal(mkdir(tmpdir_join(dir, "bus", path), 0700), 0);
    assert_int_equal(lwc_session_bus(&host, &err), LWC_E_UNAVAILABLE);
    assert_int_equal(rmdir(path), 0);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(lwc_session_bus(&host, &err), LWC_OK);
    fake.settings[0][0] = "NOTHING";
    assert_int_equal(lwc_session_bus(&host, &err), LWC_E_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "XDG_RUNTIME_DIR are not set"));
    assert_int_equal(unlink(path), 0);
}

static void user_is_asked_only_where_he_sees_it(void **state)
{
    static const struct {
        const char *settings[2][2];
        const char *says; /* NULL: may be asked */
    } cases[] = {
        {{{"DISPLAY", ":0"}}, NULL},
        {{{"WAYLAND_DISPLAY", "wayland-0"}}, NULL},
        {{{"DISPLAY", ":0"}, {"LWCRED_NO_PROMPT", ""}}, NULL},
        {{{"DISPLAY", ":0"}, {"LWCRED_NO_PROMPT", "0"}}, NULL},
        {{{"DISPLAY", ":0"}, {"CI", "false"}}, NULL},
        {{{NULL}}, "no display"},
        {{{"DISPLAY", ""}}, "no display"},
        {{{"DISPLAY", ":0"}, {"LWCRED_NO_PROMPT", "1"}}, "cannot ask: not interactive"},
        {{{"DISPLAY", ":0"}, {"LWCRED_NO_PROMPT", "what"}}, "cannot ask: not interactive"},
        {{{"DISPLAY", ":0"}, {"CI", "true"}}, "cannot ask: not interactive"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fake fake = {0};
        const struct lwc_host host = host_of(&fake);
        const char *silence = NULL;

        memcpy(fake.settings, cases[i].settings, sizeof cases[i].settings);
        silence = lwc_session_silence(&host);
        if ((silence == NULL) != (cases[i].says == NULL) ||
            (silence != NULL && strstr(silence, cases[i].says) == NULL)) {
            fail_msg("case %zu: %s", i, silence != NULL ? silence : "may be asked");
        }
    }
}

static void limit_is_a_little_less_than_what_is_left(void **state)
{
    static const struct {
        int64_t left_ms;
        int64_t timeout_ms;
        int64_t limit_ms;
    } cases[] = {{60000, 10000, 9500}, {60000, 2000, 1750}, {800, 10000, 700}, {0, 2000, 0}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fake fake = {.left_ms = cases[i].left_ms};
        const struct lwc_host host = host_of(&fake);

        assert_int_equal(lwc_session_limit_ms(&host, cases[i].timeout_ms), cases[i].limit_ms);
    }
}

static void answer_depends_on_the_keyring_files(void **state)
{
    static const struct {
        const char *settings[2][2];
        const char *path;
    } cases[] = {{{{"HOME", "/h"}}, "/h/.local/share/keyrings"},
                 {{{"HOME", "/h"}, {"XDG_DATA_HOME", "/d"}}, "/d/keyrings"},
                 {{{"HOME", "/h"}, {"XDG_DATA_HOME", "relative"}}, "/h/.local/share/keyrings"},
                 {{{"HOME", "relative"}}, ""},
                 {{{NULL}}, ""}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fake fake = {0};
        const struct lwc_host host = host_of(&fake);

        memcpy(fake.settings, cases[i].settings, sizeof cases[i].settings);
        lwc_session_depend(&host);
        assert_string_equal(fake.depends, cases[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bus_is_taken_from_its_address),
        cmocka_unit_test_setup_teardown(bus_without_an_address_is_the_socket_of_the_session,
                                        tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test(user_is_asked_only_where_he_sees_it),
        cmocka_unit_test(limit_is_a_little_less_than_what_is_left),
        cmocka_unit_test(answer_depends_on_the_keyring_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
