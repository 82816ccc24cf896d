/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. The directory of the locks is ours, mode 0700, no link, on a tmpfs, below a directory that
 *     nobody else can change: no other user can hold, remove or forge a lock or a memo.
 *  2. It depends on nothing but the effective uid.
 *  3. Every wait is bounded.
 *  4. Only who holds a file's lock writes or removes it; it is removed only under its own name.
 *     Who leaves gives the lock back, whatever forks of this process still hold.
 *  5. A memo is judged whole before it is believed; what is damaged was never there.
 */
#include "token/flight.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/safefile.h"
#include "base/util.h"
#include "token/memo.h"

#define RUNTIME_DIR "/run/user"
#define SHARED_DIR "/dev/shm"
#define SLOTS 2
#define PAUSE_MS 50
#define SLOT_NAME_LEN (LWC_HASH_HEX_LEN + 2)
#define DIR_TEXT_LEN 64

/* fd is the locked file of slot held; without a lock held is SLOTS. */
struct lwc_flight {
    struct lwc_path dir;
    char names[SLOTS][SLOT_NAME_LEN];
    size_t held;
    int fd;
};

enum memo_state { MEMO_NONE, MEMO_RUN_OUT, MEMO_LIVE };

/* Open directory @name in @parent (AT_FDCWD: a path) and look at it; LWC_E_UNSAFE: not on a tmpfs.
 */
static enum lwc_code dir_open(int parent, const char *name, int *fd_out, struct stat *st_out,
                              struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct statfs fs;

    if (fd < 0 || fstat(fd, st_out) != 0 || fstatfs(fd, &fs) != 0) {
        return lwc_fail_sys(err, lwc_path_code(errno), errno, "cannot open it");
    }
    if (fs.f_type != TMPFS_MAGIC) {
        return lwc_fail(err, LWC_E_UNSAFE, "not on a tmpfs");
    }
    *fd_out = LWC_TAKE_FD(fd);
    return LWC_OK;
}

static enum lwc_code private_check(const struct stat *st, struct lwc_error *err)
{
    if (st->st_uid != geteuid()) {
        return lwc_fail(err, LWC_E_UNSAFE, "belongs to uid %u, not to uid %u", st->st_uid,
                        geteuid());
    }
    if ((st->st_mode & 0777) != S_IRWXU) {
        return lwc_fail(err, LWC_E_UNSAFE, "has mode %04o, not 0700", st->st_mode & 07777u);
    }
    return LWC_OK;
}

/* Others may make entries in it, but not take ours away. */
static enum lwc_code shared_check(const struct stat *st, struct lwc_error *err)
{
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st->st_mode & S_ISVTX) == 0) {
        return lwc_fail(err, LWC_E_UNSAFE, "can be written by others (mode %04o)",
                        st->st_mode & 07777u);
    }
    return lwc_path_owner_check("it", st->st_uid, err);
}

static enum lwc_code ours_make(int base, const char *name, struct lwc_error *err)
{
    if (mkdirat(base, name, S_IRWXU) != 0) {
        return errno == EEXIST ? LWC_OK : lwc_fail_sys(err, LWC_E_IO, errno, "cannot make it");
    }
    /* For a caller with an umask that takes from the owner, too. */
    if (fchmodat(base, name, S_IRWXU, 0) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot set its mode");
    }
    return LWC_OK;
}

/* Open our directory in @base, made if missing; whoever made it, it is judged. */
static enum lwc_code ours_open(int base, const char *name, int *fd_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};
    enum lwc_code code = dir_open(base, name, &fd, &st, err);

    if (code == LWC_E_NOT_FOUND) {
        code = ours_make(base, name, err);
        code = code == LWC_OK ? dir_open(base, name, &fd, &st, err) : code;
    }
    if (code == LWC_OK) {
        code = private_check(&st, err);
    }
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(fd);
    }
    return code;
}

typedef enum lwc_code check_fn(const struct stat *st, struct lwc_error *err);

/* Anything wrong with it: LWC_E_UNAVAILABLE. */
static enum lwc_code place_open(const char *base, check_fn *base_check, const char *name,
                                struct lwc_path *path_out, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int base_fd = -1;
    struct stat st = {0};
    enum lwc_code code = dir_open(AT_FDCWD, base, &base_fd, &st, err);

    if (code == LWC_OK) {
        code = base_check(&st, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_UNAVAILABLE, "directory %s", base);
    }
    if (asprintf(&path.dir, "%s/%s", base, name) < 0) {
        path.dir = NULL;
        return lwc_fail_nomem(err);
    }
    code = ours_open(base_fd, name, &path.dir_fd, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_UNAVAILABLE, "directory %s", path.dir);
    }
    *path_out = path;
    path = (struct lwc_path)LWC_PATH_INIT;
    return LWC_OK;
}

static enum lwc_code place_find(struct lwc_path *path, struct lwc_error *err)
{
    char runtime[DIR_TEXT_LEN];
    char name[DIR_TEXT_LEN];

    (void)snprintf(runtime, sizeof runtime, RUNTIME_DIR "/%u", geteuid());
    (void)snprintf(name, sizeof name, "lwcred-%u", geteuid());
    if (place_open(runtime, private_check, "lwcred", path, NULL) == LWC_OK) {
        return LWC_OK;
    }
    return place_open(SHARED_DIR, shared_check, name, path, err);
}

static void flight_free(struct lwc_flight **flight)
{
    if (*flight != NULL) {
        lwc_auto_close_(&(*flight)->fd);
        lwc_path_clear(&(*flight)->dir);
        free(LWC_TAKE(*flight));
    }
}

static enum lwc_code flight_new(const char *name, struct lwc_flight **flight_out,
                                struct lwc_error *err)
{
    LWC_AUTO(struct lwc_flight *, flight_free) flight = NULL;
    enum lwc_code code = LWC_OK;

    if (strlen(name) != LWC_HASH_HEX_LEN - 1 || strspn(name, "0123456789abcdef") != strlen(name)) {
        return lwc_fail(err, LWC_E_INTERNAL, "name of a flight is not a hash");
    }
    flight = calloc(1, sizeof *flight);
    if (flight == NULL) {
        return lwc_fail_nomem(err);
    }
    flight->fd = -1;
    flight->dir = (struct lwc_path)LWC_PATH_INIT;
    for (size_t i = 0; i < SLOTS; i++) {
        (void)snprintf(flight->names[i], sizeof flight->names[i], "%s.%zu", name, i + 1);
    }
    code = place_find(&flight->dir, err);
    if (code == LWC_OK) {
        *flight_out = LWC_TAKE(flight);
    }
    return code;
}

static enum lwc_code slot_take(struct lwc_flight *flight, size_t slot, int64_t wait_ms,
                               struct lwc_error *err)
{
    flight->held = slot;
    return lwc_lock_take(&flight->dir, flight->names[slot], wait_ms, &flight->fd, err);
}

/* What of a file changes with its holder: who leaves removes it, or writes a memo. */
struct trace {
    ino_t inode;
    struct timespec written;
};

static struct trace slot_trace(const struct lwc_flight *flight, size_t slot)
{
    struct stat st = {0};

    if (fstatat(flight->dir.dir_fd, flight->names[slot], &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return (struct trace){0};
    }
    return (struct trace){.inode = st.st_ino, .written = st.st_mtim};
}

static bool slot_changed(const struct lwc_flight *flight, size_t slot, const struct trace *then)
{
    struct trace now = slot_trace(flight, slot);

    return now.inode != then->inode || now.written.tv_sec != then->written.tv_sec ||
           now.written.tv_nsec != then->written.tv_nsec;
}

static void pause_ms(int64_t ms)
{
    const struct timespec span = {.tv_nsec = ms * 1000000};

    (void)nanosleep(&span, NULL); /* waking early does no harm */
}

/* The second stage: any lock that comes free. */
static enum lwc_code any_take(struct lwc_flight *flight, int64_t wait_ms, struct lwc_error *err)
{
    const struct lwc_clock *clock = lwc_clock_system();
    int64_t end_ms = lwc_clock_boot_ms(clock) + wait_ms;
    enum lwc_code code = LWC_E_BUSY;

    for (;;) {
        int64_t left_ms = end_ms - lwc_clock_boot_ms(clock);

        for (size_t i = 0; i < SLOTS && code == LWC_E_BUSY; i++) {
            code = slot_take(flight, SLOTS - 1 - i, 0, err);
        }
        if (code != LWC_E_BUSY || left_ms <= 0) {
            return code;
        }
        pause_ms(left_ms < PAUSE_MS ? left_ms : PAUSE_MS);
    }
}

/*
 * Half of the time for the first lock, what is left for any.  A trace is of a holder's file only if
 * it is taken once the lock was found held.
 */
static enum lwc_code slots_try(struct lwc_flight *flight, int64_t wait_ms, struct lwc_error *err)
{
    struct trace traces[SLOTS];
    enum lwc_code code = slot_take(flight, 0, 0, err);

    if (code != LWC_E_BUSY) {
        return code;
    }
    traces[0] = slot_trace(flight, 0);
    code = slot_take(flight, 0, wait_ms / SLOTS, err);
    if (code == LWC_E_BUSY) {
        code = slot_take(flight, 1, 0, err);
    }
    if (code != LWC_E_BUSY) {
        return code;
    }
    traces[1] = slot_trace(flight, 1);
    code = any_take(flight, wait_ms - wait_ms / SLOTS, err);
    for (size_t i = 0; i < SLOTS && code == LWC_E_BUSY; i++) {
        if (slot_changed(flight, i, &traces[i])) {
            flight->held = SLOTS;
            code = LWC_OK;
        }
    }
    return code;
}

enum lwc_code lwc_flight_enter(const char *name, int64_t wait_ms, struct lwc_flight **flight_out,
                               struct lwc_error *err)
{
    LWC_AUTO(struct lwc_flight *, flight_free) flight = NULL;
    enum lwc_code code = flight_new(name, &flight, err);

    if (flight != NULL) {
        code = slots_try(flight, wait_ms, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code == LWC_E_BUSY ? code : LWC_E_UNAVAILABLE, "single flight");
    }
    *flight_out = LWC_TAKE(flight);
    return LWC_OK;
}

/* Give locked file @fd back; without a memo in it, it goes. */
static void slot_leave(const struct lwc_flight *flight, size_t slot, int fd)
{
    const char *name = flight->names[slot];
    struct stat opened;
    struct stat named;

    if (fstat(fd, &opened) == 0 && opened.st_size == 0 &&
        fstatat(flight->dir.dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        opened.st_dev == named.st_dev && opened.st_ino == named.st_ino) {
        (void)unlinkat(flight->dir.dir_fd, name, 0); /* stays: the next one removes it */
    }
    (void)flock(fd, LOCK_UN);
    (void)close(fd); /* nothing to lose on a tmpfs */
}

void lwc_flight_leave(struct lwc_flight **flight)
{
    if (*flight != NULL && (*flight)->held < SLOTS) {
        slot_leave(*flight, (*flight)->held, LWC_TAKE_FD((*flight)->fd));
    }
    flight_free(flight);
}

static ssize_t slot_read(const struct lwc_flight *flight, size_t slot, uint8_t *bytes, size_t cap)
{
    LWC_AUTO_CLOSE int other = -1;

    if (slot == flight->held) {
        return pread(flight->fd, bytes, cap, 0);
    }
    other = openat(flight->dir.dir_fd, flight->names[slot],
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return other < 0 ? -1 : pread(other, bytes, cap, 0);
}

/* What is damaged has run out. */
static enum memo_state slot_look(const struct lwc_flight *flight, size_t slot,
                                 const struct lwc_clock *clock, struct lwc_memo *memo_out)
{
    uint8_t bytes[LWC_MEMO_MAX + 1];
    ssize_t len = slot_read(flight, slot, bytes, sizeof bytes);

    if (len <= 0) {
        return MEMO_NONE;
    }
    return lwc_memo_decode(bytes, (size_t)len, memo_out) && lwc_memo_is_live(memo_out, clock)
               ? MEMO_LIVE
               : MEMO_RUN_OUT;
}

static bool file_cut(int fd, size_t len)
{
    return ftruncate(fd, (off_t)len) == 0;
}

/* Best effort: a file that someone else holds stays as it is. */
static void slot_clear(const struct lwc_flight *flight, size_t slot)
{
    int fd = -1;

    if (slot == flight->held) {
        (void)file_cut(flight->fd, 0);
    } else if (lwc_lock_take(&flight->dir, flight->names[slot], 0, &fd, NULL) == LWC_OK) {
        (void)file_cut(fd, 0);
        slot_leave(flight, slot, fd);
    }
}

enum lwc_code lwc_flight_recall(const struct lwc_flight *flight,
                                const uint8_t who[static LWC_HASH_LEN], int64_t since_boot_ms,
                                const struct lwc_clock *clock, struct lwc_error *err)
{
    struct lwc_memo memo;
    struct lwc_error told;
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < SLOTS; i++) {
        enum memo_state state = slot_look(flight, i, clock, &memo);

        if (state == MEMO_RUN_OUT) {
            slot_clear(flight, i);
        } else if (state == MEMO_LIVE && memo.made_ms > since_boot_ms &&
                   memcmp(memo.who, who, LWC_HASH_LEN) == 0) {
            lwc_memo_tell(&memo, clock, err != NULL ? err : &told);
            code = memo.err.code;
        }
    }
    return code;
}

void lwc_flight_remember(struct lwc_flight *flight, const uint8_t who[static LWC_HASH_LEN],
                         const struct lwc_clock *clock, const struct lwc_error *err)
{
    uint8_t bytes[LWC_MEMO_MAX];
    struct lwc_memo memo;
    size_t len = 0;

    if (flight->held == SLOTS || !lwc_memo_make(who, err, clock, &memo)) {
        return;
    }
    len = lwc_memo_encode(&memo, bytes);
    if (pwrite(flight->fd, bytes, len, 0) != (ssize_t)len || !file_cut(flight->fd, len)) {
        (void)file_cut(flight->fd, 0);
    }
}

void lwc_flight_forget(struct lwc_flight *flight)
{
    uint8_t byte = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        if (slot_read(flight, i, &byte, 1) > 0) {
            slot_clear(flight, i);
        }
    }
}
