/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. Every wait is bounded.
 *  2. Only the holder of a file's lock writes or removes the file, and removes it only under its
 *     own name.  Leaving releases the lock even if forks of this process still have it open.
 *  3. A process that a stamp does not name never locks that stamp's file for long: a file that a
 *     dead holder left behind is removed, not used again.
 *  4. All of a stamp is checked before it counts; a holder without a stamp counts as alive for a
 *     moment.
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

/* Names the holder of a lock: the bytes of its file, for processes of this machine and boot. */
struct stamp {
    char magic[STAMP_MAGIC_LEN];
    uint64_t pid_namespace;
    int64_t pid;
    int64_t taken_ms; /* boot clock */
    int64_t until_ms;
    int64_t is_asking;
};

/* fd is the locked file of slot @held; without a lock, held is SLOTS. */
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

/* Writes the stamp, best effort: other processes pass a holder without a stamp after a moment. */
static void stamp_write(const struct lwc_flight *flight)
{
    if (pwrite(flight->fd, &flight->stamp, sizeof flight->stamp, 0) !=
        (ssize_t)sizeof flight->stamp) {
        (void)!ftruncate(flight->fd, 0);
    }
}

static void stamp_extend(struct lwc_flight *flight, int64_t stay_ms)
{
    stay_ms = stay_ms < STAY_MAX_MS ? stay_ms : STAY_MAX_MS;
    flight->stamp.until_ms = now_ms() + LWC_FLIGHT_MARGIN_MS + stay_ms;
    flight->stamp.is_asking = 0;
}

static void stamp_create(struct lwc_flight *flight, int64_t stay_ms)
{
    flight->stamp = (struct stamp){
        .magic = STAMP_MAGIC,
        .pid_namespace = own_pid_namespace(),
        .pid = getpid(),
        .taken_ms = now_ms(),
    };
    stamp_extend(flight, stay_ms);
    stamp_write(flight);
}

/* Reads the stamp of slot @slot; returns false without a stamp. */
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

/* Returns whether the process is stopped, by /proc/PID/stat; the name there may hold any byte. */
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
 * Removes the name of the locked file @fd, if the file still has that name, and releases the lock.
 */
static void slot_remove(const struct lwc_flight *flight, size_t slot, int fd)
{
    const char *name = flight->names[slot];
    struct stat opened;
    struct stat named;

    if (fstat(fd, &opened) == 0 &&
        fstatat(flight->dir.dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        opened.st_dev == named.st_dev && opened.st_ino == named.st_ino) {
        (void)unlinkat(flight->dir.dir_fd, name, 0); /* on failure, the next process removes it */
    }
    lwc_lock_give(&fd);
}

/* Takes the lock of @slot if it is free; returns LWC_E_BUSY if it is held. */
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
            stamp_create(flight, stay_ms);
            return LWC_OK;
        }
        slot_remove(flight, slot, fd); /* left by a dead holder */
    }
}

/* The holder of a lock as seen by a waiting process. */
struct lock_holder {
    bool is_set;
    bool has_stamp;
    bool is_stopped;
    struct stamp stamp;
    int64_t seen_ms;    /* first seen */
    int64_t checked_ms; /* state last read */
    int64_t overdue_ms; /* first seen to stay too long; 0: not too long */
};

/* A caller's way through the slots; it waits for the holder of @slot. */
struct slot_wait {
    const struct lwc_flight_times *times;
    int64_t end_ms;
    int64_t limit_ms;
    struct lock_holder holders[SLOTS];
    size_t slot;
    bool has_changed; /* another holder followed */
};

static bool is_same_holder(const struct lock_holder *holder, bool has_stamp,
                           const struct stamp *stamp)
{
    if (holder->has_stamp != has_stamp) {
        return false;
    }
    return !has_stamp ||
           (holder->stamp.pid == stamp->pid && holder->stamp.taken_ms == stamp->taken_ms &&
            holder->stamp.pid_namespace == stamp->pid_namespace);
}

/* Reads the holder of @slot.  Returns whether the holder has changed. */
static bool holder_update(struct lock_holder *holder, const struct lwc_flight *flight, size_t slot)
{
    struct stamp stamp = {.pid = 0};
    int64_t now = now_ms();
    bool has_stamp = stamp_read(flight, slot, &stamp);
    bool has_changed = holder->is_set && !is_same_holder(holder, has_stamp, &stamp);

    if (!holder->is_set || has_changed) {
        *holder = (struct lock_holder){
            .is_set = true, .has_stamp = has_stamp, .seen_ms = now, .checked_ms = -STATE_CHECK_MS};
    }
    holder->stamp = stamp;
    if (has_stamp && now - holder->checked_ms >= STATE_CHECK_MS) {
        holder->checked_ms = now;
        holder->is_stopped = is_stopped(&stamp);
    }
    if (!has_stamp || stamp.is_asking != 0 || now <= stamp.until_ms) {
        holder->overdue_ms = 0;
    } else if (holder->overdue_ms == 0) {
        holder->overdue_ms = now;
    }
    return has_changed;
}

/* Returns whether to wait for the holder. */
static bool is_worth_waiting(const struct lock_holder *holder)
{
    int64_t now = now_ms();

    if (!holder->has_stamp) {
        return now - holder->seen_ms < UNSTAMPED_MAX_MS;
    }
    return !holder->is_stopped &&
           (holder->overdue_ms == 0 || now - holder->overdue_ms < CONFIRM_MS);
}

/* Takes the first free lock, past holders that are not worth waiting for; LWC_E_BUSY: wait. */
static enum lwc_code slots_try(struct lwc_flight *flight, struct slot_wait *wait,
                               struct lwc_error *err)
{
    for (size_t slot = 0; slot < SLOTS; slot++) {
        enum lwc_code code = slot_take(flight, slot, wait->times->stay_ms, err);

        if (code != LWC_E_BUSY) {
            return code;
        }
        wait->slot = slot;
        wait->has_changed = holder_update(&wait->holders[slot], flight, slot) || wait->has_changed;
        if (is_worth_waiting(&wait->holders[slot])) {
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

/* Returns the time left to wait; a person's time to answer does not count. */
static int64_t wait_left(struct slot_wait *wait)
{
    int64_t now = now_ms();

    if (wait->holders[wait->slot].stamp.is_asking != 0) {
        wait->end_ms = now + wait->times->wait_ms;
    }
    return (wait->end_ms < wait->limit_ms ? wait->end_ms : wait->limit_ms) - now;
}

static enum lwc_code wait_end(const struct slot_wait *wait, struct lwc_error *err)
{
    if (wait->has_changed) {
        return LWC_OK;
    }
    return lwc_fail(err, LWC_E_BUSY, "held by another process%s",
                    wait->holders[wait->slot].stamp.is_asking != 0
                        ? ", which waits for an answer at its prompt"
                        : "");
}

static enum lwc_code slots_wait(struct lwc_flight *flight, const struct lwc_flight_times *times,
                                struct lwc_error *err)
{
    int64_t start_ms = now_ms();
    int64_t asked_ms = times->asked_ms > times->wait_ms ? times->asked_ms : times->wait_ms;
    struct slot_wait wait = {
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
        stamp_extend(flight, stay_ms);
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
