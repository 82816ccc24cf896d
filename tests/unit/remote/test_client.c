/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "remote/child.h"
#include "stack/backend.h"
#include "tests/support/host_fixture.h"

#define HANG_MS 20000 /* much longer than any of the faults may take */

/* The machine's clock, which a test can put on. */
static int64_t later_ms;

const struct lwc_clock *__real_lwc_clock_system(void);
const struct lwc_clock *__wrap_lwc_clock_system(void);

static int64_t boot_ms(void *data)
{
    (void)data;
    return lwc_clock_boot_ms(__real_lwc_clock_system()) + later_ms;
}

const struct lwc_clock *__wrap_lwc_clock_system(void)
{
    static const struct lwc_clock clock = {.boot_ms = boot_ms};

    return &clock;
}

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

static void all_functions_work_across(void **state)
{
    struct host_fixture fixture;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_error err = {0};
    LWC_AUTO_BUF secret = NULL;
    unsigned count = 0;

    (void)state;
    host_fixture_open(&fixture, "");
    assert_int_equal(lwc_client_open(fixture.hosted, &err), LWC_OK);
    assert_int_equal(host_fixture_store(&fixture, "p", "a\0\n\xff", 4, &err), LWC_OK);
    assert_int_equal(host_fixture_store(&fixture, "p", "b", 1, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "blocking: profile 'p' is taken");
    assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_OK);
    assert_int_equal(count, 1);
    assert_int_equal(host_fixture_find(&fixture, "p", &secret, &err), LWC_OK);
    assert_true(lwc_buf_equal(secret, "a\0\n\xff", 4));
    lwc_buf_free(&secret);
    assert_int_equal(fixture.backend.unlock(fixture.hosted, &err), LWC_OK);
    assert_int_equal(fixture.backend.lock(fixture.hosted, &err), LWC_OK);
    assert_int_equal(fixture.backend.probe(fixture.hosted, LWC_CAP_STORE, &err), LWC_OK);
    assert_int_equal(fixture.backend.probe(fixture.hosted, LWC_CAP_ERASE, &err), LWC_E_DENIED);
    query.profile = "p";
    assert_int_equal(fixture.backend.erase(fixture.hosted, &query, &err), LWC_OK);
    assert_int_equal(host_fixture_find(&fixture, "p", &secret, &err), LWC_E_NOT_FOUND);
    assert_null(secret);
    assert_int_equal(host_fixture_children(), 1);
    host_fixture_close(&fixture);
}

static void all_services_work_across(void **state)
{
    static const struct {
        const char *typed;
        const char *wanted;
    } cases[] = {
        {"horse", "set=a setting same=1 unset=1 code=0 typed=horse why= left=1 "},
        {NULL, "set=a setting same=1 unset=1 code=4 typed= why=backend 'blocking': Passphrase: "
               "cannot ask: not interactive left=1 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct host_fixture fixture;
        char pid[32];
        unsigned count = 0;

        host_fixture_open(&fixture, "at=list fault=services");
        fixture.typed = cases[i].typed;
        assert_int_equal(host_fixture_list(&fixture, &count, NULL), LWC_OK);
        assert_non_null(strstr(fixture.logged, cases[i].wanted));
        (void)snprintf(pid, sizeof pid, "pid=%d", (int)getpid());
        assert_null(strstr(fixture.logged, pid));
        assert_int_equal(fixture.prompts, 1);
        assert_string_equal(fixture.depended, "/etc/hostname");
        host_fixture_close(&fixture);
    }
}

/* A caller that keeps account of settings thus knows all on which an answer can depend. */
static void each_variable_of_the_host_is_read_as_a_setting(void **state)
{
    struct host_fixture fixture;
    const char *name = NULL;
    unsigned count = 0;
    size_t index = 0;

    (void)state;
    host_fixture_open(&fixture, "");
    assert_string_equal(fixture.settings, "");
    assert_int_equal(host_fixture_list(&fixture, &count, NULL), LWC_OK);
    for (; (name = lwc_child_variable(index)) != NULL; index++) {
        char word[64];

        print_message("%s\n", name);
        (void)snprintf(word, sizeof word, "%s ", name);
        assert_non_null(strstr(fixture.settings, word));
    }
    assert_true(index > 10);
    host_fixture_close(&fixture);
}

/* Tells whether @text lies in writable memory of this process beside the mapping that @text is in. */
static bool memory_holds(const char *text, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    bool is_found = false;
    char line[512];

    assert_non_null(maps);
    assert_true(mem >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long begin = 0;
        unsigned long end = 0;
        char mode[8] = "";
        char *copy = NULL;
        ssize_t count = 0;

        if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) != 3 || mode[1] != 'w' ||
            (begin <= (uintptr_t)text && (uintptr_t)text < end) || end - begin > (64ul << 20)) {
            continue;
        }
        copy = mmap(NULL, end - begin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(copy != MAP_FAILED);
        count = pread(mem, copy, end - begin, (off_t)begin);
        is_found = is_found || (count > 0 && memmem(copy, (size_t)count, text, len) != NULL);
        assert_int_equal(munmap(copy, end - begin), 0);
    }
    assert_int_equal(close(mem), 0);
    assert_int_equal(fclose(maps), 0);
    return is_found;
}

static void what_was_sent_and_received_is_wiped(void **state)
{
    struct host_fixture fixture;
    char secret[40];
    struct lwc_buf *found = NULL;
    unsigned count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof secret; i++) {
        secret[i] = (char)('a' + (i * 7 + (size_t)getpid()) % 26);
    }
    host_fixture_open(&fixture, "");
    assert_int_equal(host_fixture_store(&fixture, "p", secret, sizeof secret, NULL), LWC_OK);
    assert_false(memory_holds(secret, sizeof secret));
    assert_int_equal(host_fixture_find(&fixture, "p", &found, NULL), LWC_OK);
    assert_true(memory_holds(secret, sizeof secret));
    lwc_buf_free(&found);
    assert_false(memory_holds(secret, sizeof secret));
    host_fixture_close(&fixture);

    host_fixture_open(&fixture, "at=list fault=services");
    fixture.typed = secret;
    secret[sizeof secret - 1] = '\0';
    assert_int_equal(host_fixture_list(&fixture, &count, NULL), LWC_OK);
    memset(fixture.logged, 0, sizeof fixture.logged); /* the module tells it for the test */
    assert_false(memory_holds(secret, sizeof secret - 1));
    host_fixture_close(&fixture);
}

static void the_host_is_confined(void **state)
{
    struct host_fixture fixture;
    unsigned count = 0;

    (void)state;
    (void)setenv("LW_API_SECRET", "_secret", 1);
    host_fixture_open(&fixture, "at=list fault=confinement");
    assert_int_equal(host_fixture_list(&fixture, &count, NULL), LWC_OK);
    assert_non_null(strstr(fixture.logged,
                           "umask=77 core=0 dumpable=0 nnp=1 fds=4 secret=none path=set "
                           "cwd=/ sid=1 socket=kept"));
    (void)unsetenv("LW_API_SECRET");
    host_fixture_close(&fixture);
}

/* Faults in list(), and their messages. */
static const struct {
    const char *fault;
    const char *msg;
} faults[] = {
    {"sleep", "did not answer within 1 s"},
    {"stop", "did not answer within 1 s"},
    {"stop-group", "did not answer within 1 s"},
    {"crash", "crashed (SIGSEGV)"},
    {"exit", "ended with status 7"},
    {"leave", "backend 'blocking' ended"},
    {"close-end", "did not answer within 1 s"},
    {"shut", "backend 'blocking' ended"},
    {"half", "ended in mid-answer"},
    {"half-sleep", "did not answer within 1 s"},
    {"big", "sent a frame of 2147483647 bytes"},
    {"unknown", "sent a frame of the unknown type 99"},
    {"malformed", "sent a malformed answer"},
    {"nul", "sent a log line that is malformed"},
    {"put", "sent a secret where none is due"},
    {"flood-log", "sent more than 1000 times a log line"},
    {"flood-zero", "sent a frame out of turn"},
    {"drip", "did not answer within 1 s"},
    {"drip-log", "did not answer within 1 s"},
    {"child-and-leave", "backend 'blocking' ended"},
    {"child-and-sleep", "did not answer within 1 s"},
};

static void a_fault_is_a_failure_in_time_and_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct host_fixture fixture;
        struct lwc_error err = {0};
        char args[64];
        int64_t begun_ms = now_ms();
        unsigned count = 0;

        print_message("%s\n", faults[i].fault);
        (void)snprintf(args, sizeof args, "timeout=1 at=list fault=%s", faults[i].fault);
        host_fixture_open(&fixture, args);
        assert_int_equal(lwc_client_open(fixture.hosted, &err), LWC_OK);
        assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_E_FAILED);
        print_message("  %s\n", err.msg);
        assert_non_null(strstr(err.msg, faults[i].msg));
        assert_non_null(strstr(err.msg, "backend 'blocking'"));
        assert_int_equal(host_fixture_children(), 0);
        assert_true(now_ms() - begun_ms < HANG_MS);
        host_fixture_close(&fixture);
    }
}

static void a_fault_in_each_function_is_a_failure(void **state)
{
    static const char *const places[] = {"open", "find", "store"};
    static const char *const what[] = {"sleep", "crash", "half"};

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct host_fixture fixture;
        struct lwc_buf *secret = NULL;
        const char *place = places[i / 3];
        char args[64];
        enum lwc_code code = LWC_OK;

        print_message("%s %s\n", place, what[i % 3]);
        (void)snprintf(args, sizeof args, "timeout=1s at=%s fault=%s", place, what[i % 3]);
        host_fixture_open(&fixture, args);
        code = strcmp(place, "find") == 0 ? host_fixture_find(&fixture, "p", &secret, NULL)
                                          : host_fixture_store(&fixture, "p", "s", 1, NULL);
        assert_int_equal(code, LWC_E_FAILED);
        assert_null(secret);
        assert_int_equal(host_fixture_children(), 0);
        host_fixture_close(&fixture);
    }
}

static void a_fault_in_close_leaves_nothing(void **state)
{
    static const char *const what[] = {"sleep",  "crash", "stop",    "half",
                                       "asking", "child", "drip-log"};

    (void)state;
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        struct host_fixture fixture;
        char args[64];
        int64_t begun_ms = now_ms();

        print_message("%s\n", what[i]);
        (void)snprintf(args, sizeof args, "at=close fault=%s", what[i]);
        host_fixture_open(&fixture, args);
        assert_int_equal(lwc_client_open(fixture.hosted, NULL), LWC_OK);
        host_fixture_close(&fixture);
        assert_true(now_ms() - begun_ms < HANG_MS);
    }
}

static void after_a_fault_no_host_is_started_for_a_while(void **state)
{
    struct host_fixture fixture;
    struct lwc_error first = {0};
    struct lwc_error second = {0};
    unsigned count = 0;

    (void)state;
    host_fixture_open(&fixture, "timeout=1 at=list fault=sleep");
    assert_int_equal(host_fixture_list(&fixture, &count, &first), LWC_E_FAILED);
    assert_int_equal(host_fixture_store(&fixture, "p", "s", 1, &second), LWC_E_FAILED);
    assert_string_equal(first.msg, second.msg);
    assert_string_equal(first.hint, second.hint);
    assert_int_equal(lwc_client_open(fixture.hosted, &second), LWC_E_FAILED);
    assert_int_equal(host_fixture_children(), 0);
    host_fixture_close(&fixture);
}

static void a_minute_after_a_fault_a_host_is_started_again(void **state)
{
    struct host_fixture fixture;
    struct lwc_error err = {0};
    unsigned count = 0;

    (void)state;
    host_fixture_open(&fixture, "at=list fault=crash");
    assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_E_FAILED);
    fixture.left_ms += 120000;
    later_ms = 55000;
    assert_int_equal(host_fixture_store(&fixture, "p", "s", 1, &err), LWC_E_FAILED);
    assert_non_null(strstr(err.msg, "crashed (SIGSEGV)"));
    later_ms = 61000;
    assert_int_equal(host_fixture_store(&fixture, "p", "s", 1, &err), LWC_OK);
    later_ms = 0;
    host_fixture_close(&fixture);
}

/* The one child is the host's first process; its end ends all. */
static void kill_host(void)
{
    char path[64];
    char list[64] = "";
    FILE *file = NULL;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(list, sizeof list, file));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(kill((pid_t)strtol(list, NULL, 10), SIGKILL), 0);
}

static void a_host_that_ended_while_idle_is_started_anew(void **state)
{
    struct host_fixture fixture;
    struct lwc_buf *secret = NULL;

    (void)state;
    host_fixture_open(&fixture, "");
    assert_int_equal(host_fixture_store(&fixture, "p", "s", 1, NULL), LWC_OK);
    kill_host();
    usleep(200000);
    assert_int_equal(host_fixture_find(&fixture, "p", &secret, NULL), LWC_OK);
    assert_true(lwc_buf_equal(secret, "s", 1));
    lwc_buf_free(&secret);
    host_fixture_close(&fixture);
}

/* A forked process may clean up, as a finalizer does, and harms nothing of its parent's. */
static void a_fork_that_closes_leaves_the_host_alone(void **state)
{
    struct host_fixture fixture;
    struct lwc_buf *secret = NULL;
    struct lwc_error err = {0};
    int status = 0;
    pid_t pid = 0;

    (void)state;
    host_fixture_open(&fixture, "");
    assert_int_equal(host_fixture_store(&fixture, "p", "s", 1, NULL), LWC_OK);
    pid = fork();
    if (pid == 0) {
        (void)alarm(20);
        lwc_client_free(&fixture.hosted);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(host_fixture_find(&fixture, "p", &secret, &err), LWC_OK);
    assert_true(lwc_buf_equal(secret, "s", 1));
    assert_int_equal(host_fixture_children(), 1);
    lwc_buf_free(&secret);
    host_fixture_close(&fixture);
}

static void a_host_of_other_limits_is_started_anew(void **state)
{
    struct host_fixture fixture;
    struct rlimit before;
    struct rlimit few;
    struct lwc_error err = {0};
    unsigned count = 0;

    (void)state;
    host_fixture_open(&fixture, "at=list fault=confinement");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    few = before;
    few.rlim_cur = 1 << 30;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_OK);
    assert_non_null(strstr(fixture.logged, " fsize=1073741824"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_OK);
    assert_null(strstr(fixture.logged, " fsize=1073741824"));
    assert_int_equal(host_fixture_children(), 1);
    host_fixture_close(&fixture);
}

static void a_second_answer_is_never_taken_for_the_next_one(void **state)
{
    struct host_fixture fixture;
    struct lwc_buf *secret = NULL;
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    (void)state;
    host_fixture_open(&fixture, "at=store fault=twice");
    assert_int_equal(host_fixture_store(&fixture, "p", "s", 1, NULL), LWC_OK);
    code = host_fixture_find(&fixture, "q", &secret, &err);
    if (code != LWC_E_NOT_FOUND) { /* it was there in time to be seen before the question */
        assert_int_equal(code, LWC_E_FAILED);
        assert_non_null(strstr(err.msg, "sent a frame out of turn"));
    }
    assert_null(secret);
    host_fixture_close(&fixture);
}

static void asking_lifts_the_own_timeout_and_not_the_callers(void **state)
{
    struct host_fixture fixture;
    struct lwc_error err = {0};
    unsigned count = 0;

    (void)state;
    host_fixture_open(&fixture, "timeout=1 at=list fault=asking-long");
    assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_OK);
    assert_string_equal(fixture.asked, "unlock the keyring");
    host_fixture_close(&fixture);

    host_fixture_open(&fixture, "timeout=1 at=list fault=asking");
    fixture.left_ms = 2500;
    assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_E_FAILED);
    assert_string_equal(err.msg, "backend 'blocking' did not answer before the deadline");
    host_fixture_close(&fixture);
}

static void half_of_the_callers_time_ends_a_call(void **state)
{
    struct host_fixture fixture;
    struct lwc_error err = {0};
    unsigned count = 0;

    (void)state;
    host_fixture_open(&fixture, "timeout=1h at=list fault=sleep");
    fixture.left_ms = 6000;
    assert_int_equal(host_fixture_list(&fixture, &count, &err), LWC_E_FAILED);
    assert_non_null(strstr(err.msg, "backend 'blocking' did not answer within "));
    assert_non_null(strstr(err.msg, " s, half of the time that was left"));
    assert_string_equal(err.hint, "");
    assert_true(fixture.host.remaining_ms(fixture.host.data) > 0);
    host_fixture_close(&fixture);
}

static void a_module_that_keeps_time_has_the_last_word(void **state)
{
    struct host_fixture fixture;
    unsigned count = 0;

    (void)state;
    host_fixture_open(&fixture, "timeout=1 at=list fault=late");
    assert_int_equal(host_fixture_list(&fixture, &count, NULL), LWC_OK);
    host_fixture_close(&fixture);
}

static void a_failing_open_is_reported_each_time_and_leaves_nothing(void **state)
{
    struct host_fixture fixture;
    struct lwc_error err = {0};

    (void)state;
    host_fixture_open(&fixture, "nonsense=1");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lwc_client_open(fixture.hosted, &err), LWC_E_INVALID);
        assert_string_equal(err.msg, "blocking: unknown argument 'nonsense=1'");
        assert_int_equal(host_fixture_children(), 0);
    }
    host_fixture_close(&fixture);
}

static void a_host_with_another_descriptor_than_the_file_is_a_failure(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct host_fixture fixture;
        struct lwc_error err = {0};
        struct lwc_backend other;

        host_fixture_open(&fixture, "");
        other = fixture.descriptor.backend;
        other.abi += i == 0;
        other.caps ^= i == 1 ? LWC_CAP_PROMPTS : 0;
        other.size -= i == 2;
        other.summary = i == 3 ? "another one" : other.summary;
        other.probe = i == 4 ? NULL : other.probe;
        other.needs = i == 5 ? "display:DISPLAY" : other.needs;
        lwc_client_free(&fixture.hosted);
        fixture.hosted =
            lwc_backend_new_client(&other, true, &fixture.host, fixture.argc, fixture.argv);
        assert_int_equal(lwc_client_open(fixture.hosted, &err), LWC_E_FAILED);
        assert_string_equal(err.msg,
                            "backend 'blocking' sent another descriptor than its file has");
        assert_int_equal(host_fixture_children(), 0);
        host_fixture_close(&fixture);
    }
}

static void a_timeout_that_is_no_duration_is_invalid(void **state)
{
    static const char *const values[] = {"timeout=", "timeout=x", "timeout=0", "timeout=-1"};

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct host_fixture fixture;
        struct lwc_error err = {0};

        host_fixture_open(&fixture, values[i]);
        assert_int_equal(lwc_client_open(fixture.hosted, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, values[i]));
        assert_non_null(strstr(err.hint, "s, m, h"));
        assert_int_equal(host_fixture_children(), 0);
        host_fixture_close(&fixture);
    }
}

static void what_is_too_long_to_tell_is_refused_and_harms_nothing(void **state)
{
    static char secret[200000];
    struct host_fixture fixture;
    struct lwc_error err = {0};

    (void)state;
    host_fixture_open(&fixture, "");
    assert_int_equal(host_fixture_store(&fixture, "p", secret, sizeof secret, &err), LWC_E_INVALID);
    assert_int_equal(host_fixture_store(&fixture, "p", secret, LWC_SECRET_MAX, &err), LWC_OK);
    host_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_functions_work_across),
        cmocka_unit_test(all_services_work_across),
        cmocka_unit_test(each_variable_of_the_host_is_read_as_a_setting),
        cmocka_unit_test(what_was_sent_and_received_is_wiped),
        cmocka_unit_test(the_host_is_confined),
        cmocka_unit_test(a_fault_is_a_failure_in_time_and_says_why),
        cmocka_unit_test(a_fault_in_each_function_is_a_failure),
        cmocka_unit_test(a_fault_in_close_leaves_nothing),
        cmocka_unit_test(after_a_fault_no_host_is_started_for_a_while),
        cmocka_unit_test(a_minute_after_a_fault_a_host_is_started_again),
        cmocka_unit_test(a_host_that_ended_while_idle_is_started_anew),
        cmocka_unit_test(a_fork_that_closes_leaves_the_host_alone),
        cmocka_unit_test(a_host_of_other_limits_is_started_anew),
        cmocka_unit_test(a_second_answer_is_never_taken_for_the_next_one),
        cmocka_unit_test(asking_lifts_the_own_timeout_and_not_the_callers),
        cmocka_unit_test(half_of_the_callers_time_ends_a_call),
        cmocka_unit_test(a_module_that_keeps_time_has_the_last_word),
        cmocka_unit_test(a_failing_open_is_reported_each_time_and_leaves_nothing),
        cmocka_unit_test(a_host_with_another_descriptor_than_the_file_is_a_failure),
        cmocka_unit_test(a_timeout_that_is_no_duration_is_invalid),
        cmocka_unit_test(what_is_too_long_to_tell_is_refused_and_harms_nothing),
    };

    return cmocka_run_group_tests_name("hosted", tests, NULL, NULL);
}
