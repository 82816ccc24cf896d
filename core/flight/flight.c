/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. Every wait is bounded.
 *  2. Only the holder of a file's lock writes or removes it; it is removed only under its own name.
 *     Leaving gives the lock back, whatever forks of this process still hold.
 *  3. A file that has a stamp in it is never locked for long by a process other than the one that
 *     the stamp names: one that a dead holder left behind is removed, not used again.
 *  4. A stamp is checked whole before it is believed; a holder without one is believed to be alive
 *     for a moment.
 */
#include "flight/flight.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/safefile.h"
#include "base/util.h"
#include "flight/flight_dir.h"

#define SLOTS 4
#define PAUSE_MAX_MS 50
#define SLOT_NAME_LEN (LWC_HASH_HEX_LEN + 2)
#define NO_PID_NAMESPACE 0

#define STAMP_MAGIC "LWCSLOT2"
#define STAMP_MAGIC_LEN 8
#define STAY_MAX_MS 300000    /* of one stamp */
#define UNSTAMPED_MAX_MS 1000 /* between taking a lock and stamping its file */
#define CONFIRM_MS 100        /* a file may be about to be removed */
#define STATE_CHECK_MS 200

/* Says who holds a lock: the bytes of its file, for processes of this machine and this boot. */
struct stamp {
    char magic[STAMP_MAGIC_LEN];
    uint64_t pid_namespace;
    int64_t pid;
    int64_t taken_ms; /* boot clock */
    int64_t until_ms;
    int64_t is_asking;
};

/* fd is the locked file of slot held; without a lock held is SLOTS. */
struct lwc_flight {
    struct lwc_path dir;
    char names[SLOTS][SLOT_NAME_LEN];
    size_t held;
    int fd;
    struct stamp stamp;
};

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

static void flight_free(struct lwc_flight **flight)
{
    if (*flight != NULL) {
        lwc_lock_give(&(*flight)->fd);
        lwc_path_clear(&(*flight)->dir);
        free(LWC_TAKE(*flight));
    }
}

static enum lwc_code flight_new(const char *name, struct lwc_flight **flight_out,
                                struct lwc_error *err)
{
    LWC_AUTO(struct lwc_flight *, flight_free) flight = NULL;
    enum lwc_code code = LWC_OK;

    if (!lwc_flight_name_is_good(name)) {
        return lwc_fail(err, LWC_E_INTERNAL, "name of a flight is not a hash");
    }
    flight = calloc(1, sizeof *flight);
    if (flight == NULL) {
        return lwc_fail_nomem(err);
    }
    flight->fd = -1;
    flight->held = SLOTS;
    flight->dir = (struct lwc_path)LWC_PATH_INIT;
    for (size_t i = 0; i < SLOTS; i++) {
        (void)snprintf(flight->names[i], sizeof flight->names[i], "%s.%zu", name, i + 1);
    }
    code = lwc_flight_dir_open(&flight->dir, err);
    if (code == LWC_OK) {
        *flight_out = LWC_TAKE(flight);
    }
    return code;
}

static uint64_t own_pid_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : NO_PID_NAMESPACE;
}

/* Best effort: a holder without a stamp is passed after a moment. */
static void stamp_write(const struct lwc_flight *flight)
{
    if (pwrite(flight->fd, &flight->stamp, sizeof flight->stamp, 0) !=
        (ssize_t)sizeof flight->stamp) {
        (void)!ftruncate(flight->fd, 0);
    }
}

static void stamp_stay(struct lwc_flight *flight, int64_t stay_ms)
{
    stay_ms = stay_ms < STAY_MAX_MS ? stay_ms : STAY_MAX_MS;
    flight->stamp.until_ms = now_ms() + LWC_FLIGHT_MARGIN_MS + stay_ms;
    flight->stamp.is_asking = 0;
}

static void stamp_first(struct lwc_flight *flight, int64_t stay_ms)
{
    flight->stamp = (struct stamp){
        .magic = STAMP_MAGIC,
        .pid_namespace = own_pid_namespace(),
        .pid = getpid(),
        .taken_ms = now_ms(),
    };
    stamp_stay(flight, stay_ms);
    stamp_write(flight);
}

/* Reads the stamp in slot @slot; false if there is none. */
static bool stamp_read(const struct lwc_flight *flight, size_t slot, struct stamp *stamp_out)
{
    LWC_AUTO_CLOSE int fd = openat(flight->dir.dir_fd, flight->names[slot],
                                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stamp stamp;

    if (fd < 0 || pread(fd, &stamp, sizeof stamp, 0) != (ssize_t)sizeof stamp ||
        memcmp(stamp.magic, STAMP_MAGIC, STAMP_MAGIC_LEN) != 0 || stamp.pid <= 0 ||
        stamp.taken_ms < 0 || stamp.taken_ms > now_ms() || stamp.until_ms < stamp.taken_ms) {
        return false;
    }
    *stamp_out = stamp;
    return true;
}

/* Is the process stopped, as /proc/PID/stat tells?  Its name may hold anything. */
static bool is_stopped(const struct stamp *stamp)
{
    LWC_AUTO_CLOSE int fd = -1;
    char path[64];
    char text[512];
    const char *name_end = NULL;
    ssize_t len = 0;

    if (stamp->pid_namespace == NO_PID_NAMESPACE || stamp->pid_namespace != own_pid_namespace()) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/proc/%lld/stat", (long long)stamp->pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (len <= 0) {
        return false;
    }
    text[len] = '\0';
    name_end = strrchr(text, ')');
    return name_end != NULL && strncmp(name_end, ") T", 3) == 0;
}

/*
 * Removes the locked file @fd from under its name, if it still has that name, and gives the lock
 * back.
 */
static void slot_remove(const struct lwc_flight *flight, size_t slot, int fd)
{
    const char *name = flight->names[slot];
    struct stat opened;
    struct stat named;

    if (fstat(fd, &opened) == 0 &&
        fstatat(flight->dir.dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        opened.st_dev == named.st_dev && opened.st_ino == named.st_ino) {
        (void)unlinkat(flight->dir.dir_fd, name, 0); /* stays: the next process removes it */
    }
    lwc_lock_give(&fd);
}

/* Takes the lock of @slot if it is free.  LWC_E_BUSY: it is held. */
static enum lwc_code slot_take(struct lwc_flight *flight, size_t slot, int64_t stay_ms,
                               struct lwc_error *err)
{
    for (;;) {
        int fd = -1;
        struct stat st;
        enum lwc_code code = lwc_lock_take(&flight->dir, flight->names[slot], 0, &fd, err);

        if (code != LWC_OK) {
            return code;
        }
        if (fstat(fd, &st) == 0 && st.st_size == 0) {
            flight->held = slot;
            flight->fd = fd;
            stamp_first(flight, stay_ms);
            return LWC_OK;
        }
        slot_remove(flight, slot, fd); /* a dead holder's */
    }
}

/* The holder of one lock as a waiter has come to know it. */
struct sight {
    bool is_set;
    bool has_stamp;
    bool is_stopped;
    struct stamp stamp;
    int64_t seen_ms;    /* first seen */
    int64_t checked_ms; /* its state was looked up */
    int64_t overdue_ms; /* first seen to stay too long; 0: it does not */
};

/* One caller's way through the slots; it waits for the holder of @slot. */
struct wait {
    const struct lwc_flight_times *times;
    int64_t end_ms;
    int64_t limit_ms;
    struct sight sights[SLOTS];
    size_t slot;
    bool has_changed; /* one holder followed the other */
};

static bool is_same_holder(const struct sight *sight, bool has_stamp, const struct stamp *stamp)
{
    if (sight->has_stamp != has_stamp) {
        return false;
    }
    return !has_stamp ||
           (sight->stamp.pid == stamp->pid && sight->stamp.taken_ms == stamp->taken_ms &&
            sight->stamp.pid_namespace == stamp->pid_namespace);
}

/* Looks at the holder of @slot.  Returns whether another one was seen before. */
static bool sight_update(struct sight *sight, const struct lwc_flight *flight, size_t slot)
{
    struct stamp stamp = {.pid = 0};
    int64_t now = now_ms();
    bool has_stamp = stamp_read(flight, slot, &stamp);
    bool has_changed = sight->is_set && !is_same_holder(sight, has_stamp, &stamp);

    if (!sight->is_set || has_changed) {
        *sight = (struct sight){
            .is_set = true, .has_stamp = has_stamp, .seen_ms = now, .checked_ms = -STATE_CHECK_MS};
    }
    sight->stamp = stamp;
    if (has_stamp && now - sight->checked_ms >= STATE_CHECK_MS) {
        sight->checked_ms = now;
        sight->is_stopped = is_stopped(&stamp);
    }
    if (!has_stamp || stamp.is_asking != 0 || now <= stamp.until_ms) {
        sight->overdue_ms = 0;
    } else if (sight->overdue_ms == 0) {
        sight->overdue_ms = now;
    }
    return has_changed;
}

/* Is the holder one to wait for? */
static bool is_worth_waiting(const struct sight *sight)
{
    int64_t now = now_ms();

    if (!sight->has_stamp) {
        return now - sight->seen_ms < UNSTAMPED_MAX_MS;
    }
    return !sight->is_stopped && (sight->overdue_ms == 0 || now - sight->overdue_ms < CONFIRM_MS);
}

/* Takes the first lock that is free or whose holder is not worth waiting for; LWC_E_BUSY: wait. */
static enum lwc_code slots_try(struct lwc_flight *flight, struct wait *wait, struct lwc_error *err)
{
    for (size_t slot = 0; slot < SLOTS; slot++) {
        enum lwc_code code = slot_take(flight, slot, wait->times->stay_ms, err);

        if (code != LWC_E_BUSY) {
            return code;
        }
        wait->slot = slot;
        wait->has_changed = sight_update(&wait->sights[slot], flight, slot) || wait->has_changed;
        if (is_worth_waiting(&wait->sights[slot])) {
            return LWC_E_BUSY;
        }
    }
    return LWC_OK; /* without a lock */
}

static void pause_ms(int64_t ms)
{
    const struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&span, NULL); /* waking early does no harm */
}

/* A person's time is not the waiter's patience. */
static int64_t wait_left(struct wait *wait)
{
    int64_t now = now_ms();

    if (wait->sights[wait->slot].stamp.is_asking != 0) {
        wait->end_ms = now + wait->times->wait_ms;
    }
    return (wait->end_ms < wait->limit_ms ? wait->end_ms : wait->limit_ms) - now;
}

static enum lwc_code wait_end(const struct wait *wait, struct lwc_error *err)
{
    if (wait->has_changed) {
        return LWC_OK;
    }
    return lwc_fail(err, LWC_E_BUSY, "held by another process%s",
                    wait->sights[wait->slot].stamp.is_asking != 0
                        ? ", which waits for an answer at its prompt"
                        : "");
}

static enum lwc_code slots_wait(struct lwc_flight *flight, const struct lwc_flight_times *times,
                                struct lwc_error *err)
{
    int64_t start_ms = now_ms();
    int64_t asked_ms = times->asked_ms > times->wait_ms ? times->asked_ms : times->wait_ms;
    struct wait wait = {
        .times = times, .end_ms = start_ms + times->wait_ms, .limit_ms = start_ms + asked_ms};
    int64_t step_ms = 1;

    for (;;) {
        enum lwc_code code = slots_try(flight, &wait, err);
        int64_t left_ms = 0;

        if (code != LWC_E_BUSY) {
            return code;
        }
        left_ms = wait_left(&wait);
        if (left_ms <= 0) {
            return wait_end(&wait, err);
        }
        pause_ms(step_ms < left_ms ? step_ms : left_ms);
        step_ms = step_ms * 2 < PAUSE_MAX_MS ? step_ms * 2 : PAUSE_MAX_MS;
    }
}

enum lwc_code lwc_flight_enter(const char *name, const struct lwc_flight_times *times,
                               struct lwc_flight **flight_out, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_flight *, flight_free) flight = NULL;
    enum lwc_code code = flight_new(name, &flight, err);

    if (flight != NULL) {
        code = slots_wait(flight, times, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code == LWC_E_BUSY ? code : LWC_E_UNAVAILABLE, "single flight");
    }
    *flight_out = LWC_TAKE(flight);
    return LWC_OK;
}

bool lwc_flight_has_lock(const struct lwc_flight *flight)
{
    return flight != NULL && flight->held < SLOTS;
}

void lwc_flight_ask(struct lwc_flight *flight)
{
    if (lwc_flight_has_lock(flight)) {
        flight->stamp.is_asking = 1;
        stamp_write(flight);
    }
}

void lwc_flight_stay(struct lwc_flight *flight, int64_t stay_ms)
{
    if (lwc_flight_has_lock(flight)) {
        stamp_stay(flight, stay_ms);
        stamp_write(flight);
    }
}

void lwc_flight_leave(struct lwc_flight **flight)
{
    if (lwc_flight_has_lock(*flight)) {
        slot_remove(*flight, (*flight)->held, LWC_TAKE_FD((*flight)->fd));
    }
    flight_free(flight);
}
