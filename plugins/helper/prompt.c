/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/safefile.h"
#include "base/util.h"
#include "plugins/helper/output.h"

#define TRIES 3
#define READ_CAP 8192u

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/* Set by the signal handler. */
static volatile sig_atomic_t caught;

static void note_signal(int signal)
{
    caught = signal;
}

/* State of a question: the terminal, and the settings to restore. */
struct dialogue {
    int fd;
    bool hidden;
    struct termios cooked;
    sigset_t mask;
    struct sigaction actions[LWC_ARRAY_LEN(watched)];
};

/* Signals are blocked except while waiting, so that none arrives between a check and a read. */
static void watch_signals(struct dialogue *dialogue)
{
    struct sigaction action = {.sa_handler = note_signal};
    sigset_t block;

    (void)sigemptyset(&block);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < LWC_ARRAY_LEN(watched); i++) {
        (void)sigaddset(&block, watched[i]);
    }
    caught = 0;
    (void)sigprocmask(SIG_BLOCK, &block, &dialogue->mask);
    for (size_t i = 0; i < LWC_ARRAY_LEN(watched); i++) {
        (void)sigaction(watched[i], NULL, &dialogue->actions[i]);
        if (dialogue->actions[i].sa_handler != SIG_IGN) {
            (void)sigaction(watched[i], &action, NULL);
        }
    }
}

static void unwatch_signals(const struct dialogue *dialogue, bool is_held)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(watched) && !is_held; i++) {
        (void)sigaction(watched[i], &dialogue->actions[i], NULL);
    }
    if (caught != 0) {
        (void)raise(caught);
    }
    (void)sigprocmask(SIG_SETMASK, &dialogue->mask, NULL);
}

static enum lwc_code open_terminal(struct dialogue *dialogue, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    dialogue->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (dialogue->fd >= 0 && tcgetattr(dialogue->fd, &dialogue->cooked) == 0) {
        return LWC_OK;
    }
    code = errno == ENXIO || errno == ENOENT || errno == ENOTTY
               ? lwc_fail(err, LWC_E_LOCKED, "no terminal to ask on")
               : lwc_fail_sys(err, LWC_E_LOCKED, errno, "no terminal to ask on");
    return lwc_hint(err, code,
                    "run it in a terminal, or give what is missing by an option, a "
                    "variable or a file; see lw-credential-helper(1)");
}

static bool silence_terminal(const struct dialogue *dialogue)
{
    struct termios quiet = dialogue->cooked;

    quiet.c_lflag |= ICANON | ISIG;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    return tcsetattr(dialogue->fd, TCSAFLUSH, &quiet) == 0;
}

/*
 * A terminal without echo while a hidden answer is used, and the settings to restore.  Also used by
 * the signal handler; fd is -1 if no terminal is held.
 */
static struct {
    volatile sig_atomic_t fd;
    struct termios cooked;
    struct sigaction actions[LWC_ARRAY_LEN(watched)];
} held = {.fd = -1};

/* Restores the held terminal, unless another job has it: tcsetattr() would stop this process. */
void lwc_prompt_release(void)
{
    const int fd = held.fd;

    if (fd < 0) {
        return;
    }
    held.fd = -1;
    if (tcgetpgrp(fd) == getpgrp()) {
        (void)tcsetattr(fd, TCSAFLUSH, &held.cooked);
    }
    (void)close(fd);
    for (size_t i = 0; i < LWC_ARRAY_LEN(watched); i++) {
        (void)sigaction(watched[i], &held.actions[i], NULL);
    }
}

/* Restores the terminal; the signal takes effect when the handler returns. */
static void release_and_raise(int signal)
{
    const int sys = errno;

    lwc_prompt_release();
    (void)raise(signal);
    errno = sys;
}

/* Keeps the terminal quiet after a hidden answer.  On false, restore it now. */
static bool hold_terminal(const struct dialogue *dialogue)
{
    const struct sigaction action = {.sa_handler = release_and_raise, .sa_flags = SA_RESTART};
    const int fd = fcntl(dialogue->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (fd < 0) {
        return false;
    }
    held.cooked = dialogue->cooked;
    memcpy(held.actions, dialogue->actions, sizeof held.actions);
    held.fd = fd;
    for (size_t i = 0; i < LWC_ARRAY_LEN(watched); i++) {
        if (held.actions[i].sa_handler != SIG_IGN) {
            (void)sigaction(watched[i], &action, NULL);
        }
    }
    return true;
}

static void restore_terminal(const struct dialogue *dialogue)
{
    enum lwc_code code = LWC_OK;

    if (dialogue->hidden) {
        code = lwc_fd_write(dialogue->fd, "\n", 1, NULL);
        (void)tcsetattr(dialogue->fd, TCSAFLUSH, &dialogue->cooked);
    }
    (void)code;
}

/* Leaves the terminal quiet while a hidden answer is used; otherwise restores it. */
static void end_dialogue(const struct dialogue *dialogue, enum lwc_code code)
{
    const bool is_answered = code == LWC_OK && caught == 0 && dialogue->hidden;
    const bool is_held = is_answered && hold_terminal(dialogue);

    if (is_held) {
        code = lwc_fd_write(dialogue->fd, "\n", 1, NULL);
    } else {
        restore_terminal(dialogue);
    }
    unwatch_signals(dialogue, is_held);
}

/* Waits for a line and appends it to @line without its newline; a signal ends the wait. */
static enum lwc_code read_line(const struct dialogue *dialogue, struct lwc_buf *line,
                               struct lwc_error *err)
{
    struct pollfd wait = {.fd = dialogue->fd, .events = POLLIN};
    uint8_t *room = lwc_buf_reserve(line, READ_CAP);
    ssize_t got = -1;

    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    while (caught == 0 && got < 0) {
        if (ppoll(&wait, 1, NULL, &dialogue->mask) > 0) {
            got = read(dialogue->fd, room, READ_CAP);
        }
        if (got < 0 && errno != EINTR && errno != EAGAIN) {
            return lwc_fail_sys(err, LWC_E_IO, errno, "terminal");
        }
    }
    if (got > 0 && room[got - 1] == '\n') {
        got--;
    }
    lwc_buf_grow(line, got > 0 ? (size_t)got : 0);
    return LWC_OK;
}

static enum lwc_code ask_and_read(struct dialogue *dialogue, const char *text, struct lwc_buf *line,
                                  struct lwc_error *err)
{
    char question[LWC_ERROR_MSG_LEN];
    char clean[LWC_ERROR_MSG_LEN - 8];
    enum lwc_code code = LWC_OK;

    lwc_output_defuse(clean, sizeof clean, text);
    (void)snprintf(question, sizeof question, "%s: ", clean);
    if (dialogue->hidden && !silence_terminal(dialogue)) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "terminal: cannot stop its echo");
    }
    code = lwc_fd_write(dialogue->fd, question, strlen(question), err);
    return code != LWC_OK ? code : read_line(dialogue, line, err);
}

/* Asks once; after a stop by job control, asks again. */
static enum lwc_code ask_once(const char *text, bool hidden, struct lwc_buf *line,
                              struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    lwc_prompt_release();
    do {
        LWC_AUTO_CLOSE int fd = -1;
        struct dialogue dialogue = {.hidden = hidden};

        lwc_buf_reset(line);
        code = open_terminal(&dialogue, err);
        fd = dialogue.fd;
        if (code != LWC_OK) {
            return code;
        }
        watch_signals(&dialogue);
        code = ask_and_read(&dialogue, text, line, err);
        end_dialogue(&dialogue, code);
    } while (caught == SIGTSTP);
    return code;
}

static enum lwc_code check_line(const struct lwc_buf *line, struct lwc_error *err)
{
    if (caught != 0) {
        return lwc_fail(err, LWC_E_LOCKED, "declined: interrupted");
    }
    if (lwc_buf_len(line) == 0) {
        return lwc_fail(err, LWC_E_LOCKED, "declined: nothing was typed");
    }
    /* Control-@ types a NUL; code that takes the answer for text would see its start only. */
    if (memchr(lwc_buf_bytes(line), '\0', lwc_buf_len(line)) != NULL) {
        return lwc_fail(err, LWC_E_INVALID, "answer with a NUL byte in it");
    }
    if (lwc_buf_len(line) > LWC_PROMPT_LINE_MAX) {
        return lwc_hint(
            err, lwc_fail(err, LWC_E_INVALID, "answer longer than %u bytes", LWC_PROMPT_LINE_MAX),
            "give it in a file: a terminal cuts long lines");
    }
    return LWC_OK;
}

static enum lwc_code ask_line(const char *text, bool hidden, struct lwc_buf **line_out,
                              struct lwc_error *err)
{
    LWC_AUTO_BUF line = NULL;
    enum lwc_code code = lwc_buf_new(READ_CAP, &line, err);

    if (code == LWC_OK) {
        code = ask_once(text, hidden, line, err);
    }
    if (code == LWC_OK) {
        code = check_line(line, err);
    }
    if (code == LWC_OK) {
        *line_out = LWC_TAKE(line);
    }
    return code;
}

static enum lwc_code ask_twice(const char *text, bool hidden, struct lwc_buf **answer_out,
                               struct lwc_error *err)
{
    char again[LWC_ERROR_MSG_LEN];

    (void)snprintf(again, sizeof again, "%.*s (again)", LWC_ERROR_MSG_LEN - 16, text);
    for (int i = 0; i < TRIES; i++) {
        LWC_AUTO_BUF first = NULL;
        LWC_AUTO_BUF second = NULL;
        enum lwc_code code = ask_line(text, hidden, &first, err);

        if (code == LWC_OK) {
            code = ask_line(again, hidden, &second, err);
        }
        if (code != LWC_OK) {
            return code;
        }
        if (lwc_buf_equal(first, lwc_buf_bytes(second), lwc_buf_len(second))) {
            *answer_out = LWC_TAKE(first);
            return LWC_OK;
        }
        lwc_output_line("the two differ");
    }
    return lwc_fail(err, LWC_E_LOCKED, "two different answers, %d times", TRIES);
}

enum lwc_code lwc_prompt_ask(const char *text, uint32_t flags, struct lwc_buf **answer_out,
                             struct lwc_error *err)
{
    const bool hidden = (flags & LWC_PROMPT_ECHO) == 0;

    if ((flags & LWC_PROMPT_TWICE) != 0) {
        return ask_twice(text, hidden, answer_out, err);
    }
    return ask_line(text, hidden, answer_out, err);
}
