/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST, beside the list in place.h:
 *  1. No keyring call in a process with a seccomp filter before a child has survived one.
 *  2. The user keyring is that of the real uid: none where the effective uid is another.
 *  3. A key is in the user keyring only with its permissions and its end, also if we are killed in
 *     the middle: it is made complete in the thread keyring, which dies with us, and then linked.
 *  4. The caller's signal handlers and children are as they were, and so are its keyrings but for
 *     a thread keyring, which is as it was or empty.
 *  5. Our keys never take more than our share of the user's quota (quota.h).
 */
#include "base/join.h"
#include "cache/place.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <keyutils.h>

#include "base/util.h"
#include "cache/entry.h"
#include "cache/quota.h"

#define KEY_TYPE "user"
#define KEY_PREFIX "lwcred:"
#define KEY_TEXT_LEN (sizeof KEY_PREFIX - 1 + LWC_HASH_HEX_LEN)
#define KEY_NONE 0 /* the number of no key: calls with it fail and change nothing */
#define DESCRIPTION_LEN 256
#define DESCRIPTION_FIELDS 4 /* type;uid;gid;permissions; and then the key's own text */

/* By default only who possesses a key can read it, and a new session possesses nothing. */
#define KEY_PERMISSIONS (KEY_POS_ALL | KEY_USR_ALL)

static bool survivable;

/*
 * No core file of a child that is killed on purpose; and if the program around us has a handler
 * for such a signal, it must not run on in the child.
 */
static void probe_in_child(void)
{
    char byte = 0;

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)signal(SIGSYS, SIG_DFL);
    (void)add_key(KEY_TYPE, KEY_PREFIX, &byte, sizeof byte, KEY_NONE);
    (void)keyctl_search(KEY_NONE, KEY_TYPE, KEY_PREFIX, 0);
    (void)keyctl_read(KEY_NONE, &byte, sizeof byte);
    (void)keyctl_describe(KEY_NONE, &byte, sizeof byte);
    (void)keyctl_setperm(KEY_NONE, KEY_PERMISSIONS);
    (void)keyctl_set_timeout(KEY_NONE, 1);
    (void)keyctl_link(KEY_NONE, KEY_NONE);
    (void)keyctl_unlink(KEY_NONE, KEY_NONE);
    (void)keyctl_revoke(KEY_NONE);
    _exit(0);
}

/*
 * clone() with no flag is a fork() that runs no handlers and whose end sends no SIGCHLD: the
 * program around us does not notice.
 */
static bool child_survives(void)
{
    long pid = syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
    int status = 0;

    if (pid == 0) {
        probe_in_child();
    }
    while (pid > 0 && waitpid((pid_t)pid, &status, __WALL) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void probe_once(void)
{
    survivable = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0 || child_survives();
}

static enum lwc_code is_usable(struct lwc_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, probe_once);
    if (!survivable) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "kernel keyring: a seccomp filter forbids it");
    }
    if (getuid() != geteuid()) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "kernel keyring: it belongs to uid %u, not to %u",
                        getuid(), geteuid());
    }
    return LWC_OK;
}

/* Checks that there is a keyring to ask, and makes the text of the key. */
static enum lwc_code begin_call(const char *name, char text_out[static KEY_TEXT_LEN],
                                struct lwc_error *err)
{
    if (!lwc_place_is_name(name)) {
        return lwc_fail(err, LWC_E_INVALID, "kernel keyring: not the name of an entry");
    }
    (void)lwc_join(text_out, KEY_TEXT_LEN, LWC_PARTS(KEY_PREFIX, name));
    return is_usable(err);
}

/* Returns whether @sys concerns this key alone, not the keyring. */
static bool is_miss(int sys)
{
    static const int misses[] = {ENOKEY, EKEYEXPIRED, EKEYREVOKED, EKEYREJECTED, EACCES};

    for (size_t i = 0; i < LWC_ARRAY_LEN(misses); i++) {
        if (misses[i] == sys) {
            return true;
        }
    }
    return false;
}

static enum lwc_code fail_read(int sys, struct lwc_error *err)
{
    return lwc_fail_sys(err, is_miss(sys) ? LWC_E_NOT_FOUND : LWC_E_UNAVAILABLE, sys,
                        "kernel keyring");
}

static enum lwc_code fail_write(int sys, struct lwc_error *err)
{
    enum lwc_code code = LWC_E_UNAVAILABLE;

    if (sys == EDQUOT) {
        return lwc_hint(err,
                        lwc_fail_sys(err, code, sys, "kernel keyring: the user's quota is used up"),
                        "see what uses it with: keyctl show @u");
    }
    return lwc_fail_sys(err, code, sys, "kernel keyring");
}

/* Returns the length of the key, and reads at most @cap bytes; *room_out NULL: no memory. */
static long read_key(key_serial_t serial, size_t cap, struct lwc_buf *bytes, uint8_t **room_out)
{
    *room_out = lwc_buf_reserve(bytes, cap);
    return *room_out != NULL ? keyctl_read(serial, (char *)*room_out, cap) : -1;
}

static enum lwc_code keyring_read(const char *name, struct lwc_buf *bytes, struct lwc_error *err)
{
    char text[KEY_TEXT_LEN];
    uint8_t *room = NULL;
    long serial = -1;
    long len = -1;
    enum lwc_code code = begin_call(name, text, err);

    lwc_buf_reset(bytes);
    if (code != LWC_OK) {
        return code;
    }
    serial = keyctl_search(KEY_SPEC_USER_KEYRING, KEY_TYPE, text, 0);
    if (serial < 0) {
        return fail_read(errno, err);
    }
    len = read_key((key_serial_t)serial, LWC_ENTRY_USUAL, bytes, &room);
    if (len > (long)LWC_ENTRY_USUAL && len <= (long)LWC_ENTRY_MAX) {
        len = read_key((key_serial_t)serial, LWC_ENTRY_MAX, bytes, &room);
    }
    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    if (len < 0) {
        return fail_read(errno, err);
    }
    if ((size_t)len > LWC_ENTRY_MAX) {
        lwc_buf_reset(bytes);
        return lwc_fail(err, LWC_E_NOT_FOUND, "kernel keyring: an entry of %ld bytes", len);
    }
    lwc_buf_grow(bytes, (size_t)len);
    return LWC_OK;
}

/* Returns false, and writes nothing, if the key is not ours or cannot be read. */
static bool read_name(key_serial_t serial, char name_out[static LWC_HASH_HEX_LEN])
{
    char text[DESCRIPTION_LEN];
    const char *at = text;
    int len = keyctl_describe(serial, text, sizeof text);

    if (len < 0 || (size_t)len > sizeof text || strncmp(text, KEY_TYPE ";", sizeof KEY_TYPE) != 0) {
        return false;
    }
    for (size_t i = 0; i < DESCRIPTION_FIELDS && at != NULL; i++) {
        at = strchr(at, ';');
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL || strncmp(at, KEY_PREFIX, sizeof KEY_PREFIX - 1) != 0 ||
        !lwc_place_is_name(at + sizeof KEY_PREFIX - 1)) {
        return false;
    }
    memcpy(name_out, at + sizeof KEY_PREFIX - 1, LWC_HASH_HEX_LEN);
    return true;
}

/* Lists all keys in the user keyring, in a block to be freed; returns -1 with errno. */
static long ring_list(key_serial_t **serials_out)
{
    void *block = NULL;
    int len = keyctl_read_alloc(KEY_SPEC_USER_KEYRING, &block);

    if (len < 0) {
        return -1;
    }
    *serials_out = block;
    return len / (long)sizeof **serials_out;
}

/* Finds a key that a search refuses to give; returns KEY_NONE without such a key. */
static key_serial_t find_unsearchable(const char *name)
{
    LWC_AUTO_FREE key_serial_t *serials = NULL;
    char found[LWC_HASH_HEX_LEN];
    long count = ring_list(&serials);

    for (long i = 0; i < count; i++) {
        if (read_name(serials[i], found) && lwc_streq(found, name)) {
            return serials[i];
        }
    }
    return KEY_NONE;
}

/* Revokes the key first: other links must not keep it alive. */
static bool remove_key(key_serial_t serial)
{
    (void)keyctl_revoke(serial); /* not allowed for every key; unlinking decides */
    return keyctl_unlink(serial, KEY_SPEC_USER_KEYRING) == 0 || errno == ENOENT;
}

static bool set_up(key_serial_t serial, unsigned int life_s)
{
    return keyctl_setperm(serial, KEY_PERMISSIONS) == 0 && keyctl_set_timeout(serial, life_s) == 0;
}

/* Links the key in place of an older key of that name, regardless of that key's permissions. */
static bool link_key(key_serial_t serial, unsigned int life_s)
{
    return set_up(serial, life_s) && keyctl_link(serial, KEY_SPEC_USER_KEYRING) == 0;
}

static bool write_key(const char *text, const void *bytes, size_t len, unsigned int life_s)
{
    key_serial_t serial = add_key(KEY_TYPE, text, bytes, len, KEY_SPEC_THREAD_KEYRING);
    bool done = false;
    int sys = 0;

    if (serial < 0) {
        return false;
    }
    done = link_key(serial, life_s);
    sys = errno;
    (void)keyctl_unlink(serial, KEY_SPEC_THREAD_KEYRING);
    errno = sys;
    return done;
}

/* Returns the bytes that the kernel counts for our key: text with a NUL, and payload. */
static long count_size(key_serial_t serial)
{
    long len = keyctl_read(serial, NULL, 0);

    return (long)KEY_TEXT_LEN + (len > 0 ? len : 0);
}

/* Returns whether @len bytes fit into our share in place of the key of @name. */
static bool fits_share(const char *name, size_t len)
{
    const struct lwc_quota share = lwc_quota_share();
    LWC_AUTO_FREE key_serial_t *serials = NULL;
    char found[LWC_HASH_HEX_LEN];
    long keys = 1;
    long bytes = (long)(KEY_TEXT_LEN + len);
    long count = ring_list(&serials);

    for (long i = 0; i < count; i++) {
        if (read_name(serials[i], found) && !lwc_streq(found, name)) {
            keys++;
            bytes += count_size(serials[i]);
        }
    }
    return keys <= share.keys && bytes <= share.bytes;
}

/* Limits a life to the range of the kernel, where 0 means "for ever". */
static unsigned int limit_life(int64_t life_s)
{
    if (life_s < 1) {
        return 1;
    }
    return life_s < INT_MAX ? (unsigned int)life_s : INT_MAX;
}

static enum lwc_code keyring_write(const char *name, const void *bytes, size_t len, int64_t life_s,
                                   struct lwc_error *err)
{
    char text[KEY_TEXT_LEN];
    enum lwc_code code = begin_call(name, text, err);

    if (code != LWC_OK) {
        return code;
    }
    if (!fits_share(name, len)) {
        return lwc_fail(err, LWC_E_UNAVAILABLE,
                        "kernel keyring: our share of the user's quota is used up");
    }
    return write_key(text, bytes, len, limit_life(life_s)) ? LWC_OK : fail_write(errno, err);
}

static enum lwc_code keyring_remove(const char *name, struct lwc_error *err)
{
    char text[KEY_TEXT_LEN];
    long serial = -1;
    enum lwc_code code = begin_call(name, text, err);

    if (code != LWC_OK) {
        return code;
    }
    serial = keyctl_search(KEY_SPEC_USER_KEYRING, KEY_TYPE, text, 0);
    if (serial < 0 && !is_miss(errno)) {
        return fail_read(errno, err);
    }
    if (serial < 0) {
        serial = errno == ENOKEY ? KEY_NONE : find_unsearchable(name);
    }
    return serial == KEY_NONE || remove_key((key_serial_t)serial) ? LWC_OK : fail_write(errno, err);
}

static enum lwc_code keyring_each(void (*visit)(void *data, const char *name), void *data,
                                  struct lwc_error *err)
{
    LWC_AUTO_FREE key_serial_t *serials = NULL;
    char name[LWC_HASH_HEX_LEN];
    long count = 0;
    enum lwc_code code = is_usable(err);

    if (code != LWC_OK) {
        return code;
    }
    count = ring_list(&serials);
    if (count < 0) {
        return fail_read(errno, err);
    }
    for (long i = 0; i < count; i++) {
        if (read_name(serials[i], name)) {
            visit(data, name);
        }
    }
    return LWC_OK;
}

const struct lwc_place lwc_place_keyring = {
    .name = "keyring",
    .read = keyring_read,
    .write = keyring_write,
    .remove = keyring_remove,
    .each = keyring_each,
};
