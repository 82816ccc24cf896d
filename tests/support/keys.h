/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_KEYS_H
#define TESTS_SUPPORT_KEYS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/crypto.h"

/*
 * A cmocka fixture: an entry in the real kernel keyring, under a unique name.
 * Helpers fail the test where they fail.
 */

#define KEYS_LIFE_S 60
#define KEYS_TEXT_LEN 128

struct keys {
    char name[LWC_HASH_HEX_LEN];
    char text[KEYS_TEXT_LEN]; /* as the kernel knows it */
    struct lwc_buf *bytes;    /* what was read */
};

/*
 * Waits, ten seconds at most, until the kernel has given half of this user's quota of keys free: it
 * counts a removed key until it has collected it, and 200 are all that an ordinary user has.
 */
void keys_wait_for_room(void);

/* *state is the struct keys.  Nothing is asked of the place, so that the first test can do that. */
int keys_setup(void **state);

/* Removes the key in any state. */
int keys_teardown(void **state);

/* The number of the key, or -1 with errno. */
long keys_find(const struct keys *keys);

void keys_write(const struct keys *keys, const char *text);
void keys_assert_holds(const struct keys *keys, const char *text);
void keys_assert_missed(const struct keys *keys);

/* Run @body in a child that is forked now.  In there, what does not hold ends it with @status. */
void keys_in_child(void (*body)(const struct keys *keys), const struct keys *keys);
void keys_must(bool holds, int status);
void keys_must_hold(const struct keys *keys, const char *text, int status);

#endif
