/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "base/util.h"

/*
 * The prompt runs in a child on a terminal of its own; what it got comes back over a pipe, so
 * that the terminal shows only what a user would see.
 */

#define WAIT_MS 20000
#define SCREEN_LEN 8192

struct session {
    pid_t pid;
    int terminal; /* the user's end                                                       */
    int slave;    /* keeps the terminal, and its modes, after the child's end             */
    int result;   /* "CODE ANSWER"                                                        */
    char screen[SCREEN_LEN];
    size_t shown;
    size_t matched;
};

static bool works; /* the child goes on after its answer */

static void child(uint32_t flags, int result)
{
    struct lwc_buf *answer = NULL;
    struct lwc_error err = {0};
    enum lwc_code code = lwc_prompt_ask("Passphrase", flags, &answer, &err);

    (void)dprintf(result, "%d %s", (int)code, answer == NULL ? err.msg : lwc_buf_text(answer));
    lwc_buf_free(&answer);
    if (works) {
        (void)close(result);
        (void)pause(); /* the answer is used: a signal ends that */
    }
    lwc_prompt_release();
    _exit(0);
}

static void start(struct session *session, uint32_t flags)
{
    int result[2];

    *session = (struct session){.pid = -1};
    assert_int_equal(pipe(result), 0);
    assert_int_equal(openpty(&session->terminal, &session->slave, NULL, NULL, NULL), 0);
    session->pid = fork();
    assert_true(session->pid >= 0);
    if (session->pid == 0) {
        (void)login_tty(dup(session->slave));
        child(flags, result[1]);
    }
    (void)close(result[1]);
    session->result = result[0];
}

/* Reads the terminal until it shows @text behind what was expected before. */
static void expect(struct session *session, const char *text)
{
    struct pollfd wait = {.fd = session->terminal, .events = POLLIN};
    const char *found = NULL;

    while ((found = strstr(session->screen + session->matched, text)) == NULL) {
        ssize_t got = 0;

        assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
        got = read(session->terminal, session->screen + session->shown,
                   sizeof session->screen - 1 - session->shown);
        assert_true(got > 0);
        session->shown += (size_t)got;
    }
    session->matched = (size_t)(found - session->screen) + strlen(text);
}

static void type(const struct session *session, const char *text)
{
    assert_int_equal(write(session->terminal, text, strlen(text)), (ssize_t)strlen(text));
}

static bool has_echo(const struct session *session)
{
    struct termios modes;

    assert_int_equal(tcgetattr(session->slave, &modes), 0);
    return (modes.c_lflag & ECHO) != 0;
}

/* Waits for the child and returns its wait status; @result_out is what it got. */
static int finish(struct session *session, char result_out[SCREEN_LEN])
{
    int status = 0;
    size_t len = 0;
    ssize_t got = 0;

    do {
        got = read(session->result, result_out + len, SCREEN_LEN - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    result_out[len] = '\0';
    assert_int_equal(waitpid(session->pid, &status, 0), session->pid);
    assert_true(has_echo(session));
    assert_int_equal(close(session->terminal) + close(session->slave) + close(session->result), 0);
    return status;
}

static void hidden_answer_is_read_and_not_shown(void **state)
{
    struct session session;
    char result[SCREEN_LEN];

    (void)state;
    start(&session, 0);
    expect(&session, "Passphrase: ");
    assert_false(has_echo(&session));
    type(&session, "pl an\xc3\xa4ted\n");
    assert_int_equal(finish(&session, result), 0);
    assert_string_equal(result, "0 pl an\xc3\xa4ted");
    assert_null(strstr(session.screen, "an"));
}

static void echoed_answer_is_shown(void **state)
{
    struct session session;
    char result[SCREEN_LEN];

    (void)state;
    start(&session, LWC_PROMPT_ECHO);
    expect(&session, "Passphrase: ");
    type(&session, "acme\n");
    expect(&session, "acme");
    assert_int_equal(finish(&session, result), 0);
    assert_string_equal(result, "0 acme");
}

static void nothing_typed_is_declined(void **state)
{
    static const char *const cases[] = {"\n", "\004"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct session session;
        char result[SCREEN_LEN];

        start(&session, 0);
        expect(&session, "Passphrase: ");
        type(&session, cases[i]);
        assert_int_equal(finish(&session, result), 0);
        assert_string_equal(result, "4 declined: nothing was typed");
    }
}

static void overlong_answer_is_refused_not_cut(void **state)
{
    struct session session;
    char result[SCREEN_LEN];
    char line[LWC_PROMPT_LINE_MAX + 3];

    (void)state;
    memset(line, 'x', sizeof line);
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = '\0';
    start(&session, 0);
    expect(&session, "Passphrase: ");
    type(&session, line);
    assert_int_equal(finish(&session, result), 0);
    assert_string_equal(result, "2 answer longer than 4000 bytes");
}

static void answer_with_nul_is_refused_not_cut(void **state)
{
    static const char line[] = "AB\0CD\n";
    struct session session;
    char result[SCREEN_LEN];

    (void)state;
    start(&session, LWC_PROMPT_ECHO);
    expect(&session, "Passphrase: ");
    assert_int_equal(write(session.terminal, line, sizeof line - 1), sizeof line - 1);
    assert_int_equal(finish(&session, result), 0);
    assert_string_equal(result, "2 answer with a NUL byte in it");
}

static void twice_compares_and_tries_again(void **state)
{
    struct session session;
    char result[SCREEN_LEN];

    (void)state;
    start(&session, LWC_PROMPT_TWICE);
    expect(&session, "Passphrase: ");
    type(&session, "one\n");
    expect(&session, "(again): ");
    type(&session, "other\n");
    expect(&session, "differ");
    expect(&session, "Passphrase: ");
    type(&session, "two\n");
    expect(&session, "(again): ");
    type(&session, "two\n");
    assert_int_equal(finish(&session, result), 0);
    assert_string_equal(result, "0 two");
}

static void twice_gives_up_after_three_tries(void **state)
{
    struct session session;
    char result[SCREEN_LEN];

    (void)state;
    start(&session, LWC_PROMPT_TWICE);
    for (int i = 0; i < 3; i++) {
        expect(&session, "Passphrase: ");
        type(&session, "one\n");
        expect(&session, "(again): ");
        type(&session, "other\n");
    }
    assert_int_equal(finish(&session, result), 0);
    assert_string_equal(result, "4 two different answers, 3 times");
}

static void signals_restore_the_terminal_and_kill(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(signals); i++) {
        struct session session;
        char result[SCREEN_LEN];
        int status = 0;

        print_message("%s\n", strsignal(signals[i]));
        start(&session, 0);
        expect(&session, "Passphrase: ");
        type(&session, "half an answer");
        assert_int_equal(kill(session.pid, signals[i]), 0);
        status = finish(&session, result);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_string_equal(result, "");
    }
}

static void stop_restores_the_terminal_and_asks_again(void **state)
{
    struct session session;
    char result[SCREEN_LEN];
    int status = 0;

    (void)state;
    start(&session, 0);
    expect(&session, "Passphrase: ");
    /* SIGTSTP is ignored by the kernel in an orphaned process group: SIGSTOP cannot stand in. */
    assert_int_equal(kill(session.pid, SIGTSTP), 0);
    expect(&session, "Passphrase: ");
    type(&session, "later\n");
    status = finish(&session, result);
    assert_int_equal(status, 0);
    assert_string_equal(result, "0 later");
}

/* Reads what the child got, whose work goes on. */
static void read_result(const struct session *session, char result_out[SCREEN_LEN])
{
    ssize_t got = 0;
    size_t len = 0;

    while ((got = read(session->result, result_out + len, SCREEN_LEN - 1 - len)) > 0) {
        len += (size_t)got;
    }
    result_out[len] = '\0';
}

static void nothing_is_shown_while_a_hidden_answer_is_used(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    (void)state;
    works = true;
    for (size_t i = 0; i < LWC_ARRAY_LEN(signals); i++) {
        struct session session;
        char result[SCREEN_LEN];
        int status = 0;

        start(&session, 0);
        expect(&session, "Passphrase: ");
        type(&session, "one\n");
        read_result(&session, result);
        assert_string_equal(result, "0 one");
        assert_false(has_echo(&session));
        type(&session, "typed on");
        assert_int_equal(kill(session.pid, signals[i]), 0);
        status = finish(&session, result);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_null(strstr(session.screen, "typed on"));
    }
    works = false;
}

static void echo_is_there_while_a_shown_answer_is_used(void **state)
{
    struct session session;
    char result[SCREEN_LEN];

    (void)state;
    works = true;
    start(&session, LWC_PROMPT_ECHO);
    expect(&session, "Passphrase: ");
    type(&session, "one\n");
    read_result(&session, result);
    assert_true(has_echo(&session));
    assert_int_equal(kill(session.pid, SIGTERM), 0);
    assert_true(WIFSIGNALED(finish(&session, result)));
    works = false;
}

static void no_terminal_is_locked_with_a_hint(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        struct lwc_buf *answer = NULL;
        struct lwc_error err = {0};

        (void)setsid();
        _exit(lwc_prompt_ask("Passphrase", 0, &answer, &err) == LWC_E_LOCKED && answer == NULL &&
                      err.hint[0] != '\0' && lwc_streq(err.msg, "no terminal to ask on")
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_answer_is_read_and_not_shown),
        cmocka_unit_test(echoed_answer_is_shown),
        cmocka_unit_test(nothing_typed_is_declined),
        cmocka_unit_test(overlong_answer_is_refused_not_cut),
        cmocka_unit_test(answer_with_nul_is_refused_not_cut),
        cmocka_unit_test(twice_compares_and_tries_again),
        cmocka_unit_test(twice_gives_up_after_three_tries),
        cmocka_unit_test(signals_restore_the_terminal_and_kill),
        cmocka_unit_test(stop_restores_the_terminal_and_asks_again),
        cmocka_unit_test(nothing_is_shown_while_a_hidden_answer_is_used),
        cmocka_unit_test(echo_is_there_while_a_shown_answer_is_used),
        cmocka_unit_test(no_terminal_is_locked_with_a_hint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
