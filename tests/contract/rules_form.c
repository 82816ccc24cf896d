/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/contract/rules.h"

#define SECRET "kZ7-canary-q4Wn-lwcred-check"

/*
 * Everything that the module can do, once, as far as its capabilities go.  What comes of it is for
 * other rules.
 */
static void use_state(struct fixture *fixture, void *state)
{
    AUTO_RECEIVED received = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct lwc_identity absent = fixture_only_profile("no-such-profile");
    const uint32_t caps = fixture->backend.caps;
    struct listed listed;

    if ((caps & LWC_CAP_STORE) != 0 && (caps & LWC_CAP_ERASE) != 0) {
        (void)fixture_store(fixture, state, &identity, SECRET, strlen(SECRET), 0, LWC_OK);
    }
    if ((caps & LWC_CAP_LIST) != 0) {
        (void)fixture_list(fixture, state, "", &listed);
    }
    if ((caps & LWC_CAP_READ) != 0) {
        (void)fixture_find(fixture, state, &identity, &received);
        (void)fixture_find(fixture, state, &absent, &received);
    }
    if ((caps & LWC_CAP_ERASE) != 0) {
        (void)fixture_erase(fixture, state, &identity, LWC_OK);
        (void)fixture_erase(fixture, state, &absent, LWC_OK);
    }
    fixture->said[0] = '\0';
}

static bool use_all(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};

    if (!fixture_open_state(fixture, &opened)) {
        return false;
    }
    use_state(fixture, opened.state);
    return true;
}

bool rule_open_close(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};

    if (!fixture_open_state(fixture, &opened)) {
        return false;
    }
    fixture->backend.close(NULL);
    return true;
}

bool rule_open_unknown_argument(struct fixture *fixture)
{
    static const char *const argv[] = {"no-such-argument=1"};
    char untouched = 0;
    void *state = &untouched;
    struct lwc_error err = {0};
    enum lwc_code code = fixture->backend.open(&fixture->host, 1, argv, &state, &err);

    if (code == LWC_OK) {
        fixture->backend.close(state);
    }
    if (code != LWC_E_INVALID) {
        return fixture_say(fixture, "open() answered %s", lwc_code_name(code));
    }
    return state == &untouched ? true
                               : fixture_say(fixture, "open() failed and changed *state_out");
}

/* The arguments lie in pages that are unmapped after open(): a later read crashes. */
bool rule_open_copies_arguments(struct fixture *fixture)
{
    size_t len = fixture->argc * sizeof(char *) + 1;
    const char *const *argv = fixture->argv;
    AUTO_OPENED opened = {0};
    char *pages = NULL;
    char **copy = NULL;
    char *at = NULL;
    bool is_open = false;

    for (size_t i = 0; i < fixture->argc; i++) {
        len += strlen(argv[i]) + 1;
    }
    pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return fixture_say(fixture, "no memory");
    }
    copy = (char **)(void *)pages;
    at = pages + fixture->argc * sizeof(char *);
    for (size_t i = 0; i < fixture->argc; i++) {
        copy[i] = at;
        at = stpcpy(at, argv[i]) + 1;
    }
    fixture->argv = (const char *const *)copy;
    is_open = fixture_open_state(fixture, &opened);
    fixture->argv = argv;
    (void)mprotect(pages, len, PROT_NONE);
    if (is_open) {
        use_state(fixture, opened.state);
    }
    return is_open;
}

bool rule_failure_text(struct fixture *fixture)
{
    static const char *const argv[] = {"no-such-argument=1"};
    struct lwc_error err = {0};
    void *state = NULL;
    enum lwc_code code = fixture->backend.open(&fixture->host, 1, argv, &state, &err);

    fixture_judge_error(fixture, code, &err);
    if (code == LWC_OK) {
        fixture->backend.close(state);
    }
    if (!use_all(fixture)) {
        return false;
    }
    return fixture->defect[0] == '\0' ? true : fixture_say(fixture, "%s", fixture->defect);
}

bool rule_no_output(struct fixture *fixture)
{
    return use_all(fixture);
}

/* State that a module shares with the whole process. */
struct process {
    mode_t umask;
    char directory[4096];
    char locale[256];
    sigset_t mask;
    struct sigaction actions[NSIG];
    size_t variables;
    unsigned long environment; /* a checksum */
};

extern char **environ;

static void process_look(struct process *process)
{
    const char *locale = setlocale(LC_ALL, NULL);

    memset(process, 0, sizeof *process);
    process->umask = umask(077);
    (void)umask(process->umask);
    if (getcwd(process->directory, sizeof process->directory) == NULL) {
        process->directory[0] = '\0';
    }
    (void)snprintf(process->locale, sizeof process->locale, "%s", locale != NULL ? locale : "");
    (void)sigprocmask(SIG_BLOCK, NULL, &process->mask);
    for (int i = 1; i < NSIG; i++) {
        (void)sigaction(i, NULL, &process->actions[i]);
    }
    for (char **variable = environ; *variable != NULL; variable++) {
        process->variables++;
        for (const char *at = *variable; *at != '\0'; at++) {
            process->environment = process->environment * 31 + (unsigned char)*at;
        }
    }
}

static const char *process_difference(const struct process *before, const struct process *after)
{
    for (int i = 1; i < NSIG; i++) {
        if (before->actions[i].sa_handler != after->actions[i].sa_handler) {
            return "a signal handler";
        }
        if (sigismember(&before->mask, i) != sigismember(&after->mask, i)) {
            return "the signal mask";
        }
    }
    if (before->umask != after->umask) {
        return "the umask";
    }
    if (!lwc_streq(before->locale, after->locale)) {
        return "the locale";
    }
    if (!lwc_streq(before->directory, after->directory)) {
        return "the working directory";
    }
    return before->variables != after->variables || before->environment != after->environment
               ? "the environment"
               : NULL;
}

bool rule_process_untouched(struct fixture *fixture)
{
    static struct process before;
    static struct process after;
    const char *changed = NULL;

    process_look(&before);
    if (!use_all(fixture)) {
        return false;
    }
    process_look(&after);
    changed = process_difference(&before, &after);
    return changed == NULL ? true : fixture_say(fixture, "it changed %s", changed);
}

static size_t descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

/* A descriptor that a library opens once may stay; descriptors left by each use accumulate. */
bool rule_descriptors_closed(struct fixture *fixture)
{
    const unsigned uses = 4;
    size_t before = 0;
    size_t after = 0;

    for (unsigned i = 0; i <= uses; i++) {
        if (!use_all(fixture)) {
            return false;
        }
        if (i == 0) {
            before = descriptors();
        }
    }
    /* A thread of a library may close its own a little later. */
    for (unsigned tries = 0; tries < 20 && (after = descriptors()) >= before + uses; tries++) {
        (void)usleep(50000);
    }
    return after < before + uses
               ? true
               : fixture_say(fixture, "%zu more after %u uses", after - before, uses);
}

bool rule_no_child_left(struct fixture *fixture)
{
    pid_t pid = 0;

    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!use_all(fixture)) {
        return false;
    }
    pid = waitpid(-1, NULL, WNOHANG);
    if (pid < 0 && errno == ECHILD) {
        return true;
    }
    return fixture_say(fixture, pid > 0 ? "a dead child was not waited for" : "a child still runs");
}

bool rule_prompt_declared(struct fixture *fixture)
{
    if (!use_all(fixture)) {
        return false;
    }
    return fixture->prompts == 0 ? true
                                 : fixture_say(fixture, "it asked %u times", fixture->prompts);
}

/* Failures on purpose, with a secret at hand. */
bool rule_secret_in_no_text(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct lwc_identity malformed = fixture_sample("../bad");
    const size_t len = strlen(SECRET);

    fixture->canary = SECRET;
    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &identity, SECRET, len, 0, LWC_OK)) {
        return false;
    }
    (void)fixture_store(fixture, opened.state, &identity, SECRET, len, 0, LWC_E_INVALID);
    (void)fixture_store(fixture, opened.state, &malformed, SECRET, len, 0, LWC_E_INVALID);
    (void)fixture_has(fixture, opened.state, &identity, SECRET, len);
    (void)fixture_erase(fixture, opened.state, &identity, LWC_OK);
    (void)fixture_erase(fixture, opened.state, &identity, LWC_E_NOT_FOUND);
    return !fixture->canary_seen ? true : fixture_say(fixture, "the secret stood in a text");
}

bool rule_unlock_lock(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct lwc_error err = {0};

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    if (fixture->backend.unlock(opened.state, &err) != LWC_OK ||
        fixture->backend.lock(opened.state, &err) != LWC_OK ||
        fixture->backend.unlock(opened.state, &err) != LWC_OK) {
        return fixture_say(fixture, "unlock() or lock() failed: %s", err.msg);
    }
    return fixture_has(fixture, opened.state, &identity, "s", 1) &&
           fixture_erase(fixture, opened.state, &identity, LWC_OK);
}

bool rule_probe_changes_nothing(struct fixture *fixture)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = fixture_sample(FIXTURE_ONE);
    struct lwc_error err = {0};

    if (!fixture_open_state(fixture, &opened) ||
        !fixture_store(fixture, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    if (fixture->backend.probe(opened.state, LWC_CAP_STORE, &err) != LWC_OK) {
        return fixture_say(fixture, "probe() failed: %s", err.msg);
    }
    return fixture_has(fixture, opened.state, &identity, "s", 1) &&
           fixture_erase(fixture, opened.state, &identity, LWC_OK);
}
