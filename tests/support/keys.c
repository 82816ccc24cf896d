/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <keyutils.h>

#include "base/util.h"
#include "cache/place.h"

static bool has_room(void)
{
    LWC_AUTO_FREE char *line = NULL;
    size_t size = 0;
    FILE *file = fopen("/proc/key-users", "re");
    bool room = true;

    while (file != NULL && getline(&line, &size, file) > 0) {
        unsigned int uid = 0;
        long keys = 0;
        long keys_max = 0;
        long bytes = 0;
        long bytes_max = 0;

        if (sscanf(line, " %u: %*d %*d/%*d %ld/%ld %ld/%ld", &uid, &keys, &keys_max, &bytes,
                   &bytes_max) == 5 &&
            uid == geteuid()) {
            room = keys * 2 < keys_max && bytes * 2 < bytes_max;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return room;
}

void keys_wait_for_room(void)
{
    const struct timespec nap = {.tv_nsec = 10 * 1000 * 1000};

    for (int tries = 0; tries < 1000 && !has_room(); tries++) {
        (void)nanosleep(&nap, NULL);
    }
}

int keys_setup(void **state)
{
    struct keys *keys = calloc(1, sizeof *keys);
    uint8_t hash[LWC_HASH_LEN];

    keys_wait_for_room();
    if (keys == NULL || lwc_buf_new(0, &keys->bytes, NULL) != LWC_OK) {
        free(keys);
        return -1;
    }
    lwc_random(hash, sizeof hash);
    lwc_hash_hex(hash, keys->name);
    (void)snprintf(keys->text, sizeof keys->text, "lwcred:%s", keys->name);
    *state = keys;
    return 0;
}

long keys_find(const struct keys *keys)
{
    return keyctl_search(KEY_SPEC_USER_KEYRING, "user", keys->text, 0);
}

int keys_teardown(void **state)
{
    struct keys *keys = *state;
    /* An update gives back even what had expired or was revoked. */
    long key = add_key("user", keys->text, "x", 1, KEY_SPEC_USER_KEYRING);
    long result = key < 0 ? -1 : keyctl_unlink((key_serial_t)key, KEY_SPEC_USER_KEYRING);

    lwc_buf_free(&keys->bytes);
    free(keys);
    return result == 0 ? 0 : -1;
}

void keys_write(const struct keys *keys, const char *text)
{
    assert_int_equal(lwc_place_keyring.write(keys->name, text, strlen(text), KEYS_LIFE_S, NULL),
                     LWC_OK);
}

void keys_assert_holds(const struct keys *keys, const char *text)
{
    assert_int_equal(lwc_place_keyring.read(keys->name, keys->bytes, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(keys->bytes), strlen(text));
    assert_string_equal(lwc_buf_text(keys->bytes), text);
}

void keys_assert_missed(const struct keys *keys)
{
    assert_int_equal(lwc_buf_append(keys->bytes, "old", 3, NULL), LWC_OK);
    assert_int_equal(lwc_place_keyring.read(keys->name, keys->bytes, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_buf_len(keys->bytes), 0);
}

void keys_in_child(void (*body)(const struct keys *keys), const struct keys *keys)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        body(keys);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* cmocka's assertions are for the process that runs the tests. */
void keys_must(bool holds, int status)
{
    if (!holds) {
        _exit(status);
    }
}

void keys_must_hold(const struct keys *keys, const char *text, int status)
{
    keys_must(lwc_place_keyring.read(keys->name, keys->bytes, NULL) == LWC_OK, status);
    keys_must(strcmp(lwc_buf_text(keys->bytes), text) == 0, status);
}
