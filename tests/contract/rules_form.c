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
static void use_state(struct bench *bench, void *state)
{
    AUTO_RECEIVED received = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct lwc_identity absent = bench_only_profile("no-such-profile");
    const uint32_t caps = bench->backend.caps;
    struct listed listed;

    if ((caps & LWC_CAP_STORE) != 0 && (caps & LWC_CAP_ERASE) != 0) {
        (void)bench_store(bench, state, &identity, SECRET, strlen(SECRET), 0, LWC_OK);
    }
    if ((caps & LWC_CAP_LIST) != 0) {
        (void)bench_list(bench, state, "", &listed);
    }
    if ((caps & LWC_CAP_READ) != 0) {
        (void)bench_find(bench, state, &identity, &received);
        (void)bench_find(bench, state, &absent, &received);
    }
    if ((caps & LWC_CAP_ERASE) != 0) {
        (void)bench_erase(bench, state, &identity, LWC_OK);
        (void)bench_erase(bench, state, &absent, LWC_OK);
    }
    bench->said[0] = '\0';
}

static bool use_all(struct bench *bench)
{
    AUTO_OPENED opened = {0};

    if (!bench_open_state(bench, &opened)) {
        return false;
    }
    use_state(bench, opened.state);
    return true;
}

bool rule_open_close(struct bench *bench)
{
    AUTO_OPENED opened = {0};

    if (!bench_open_state(bench, &opened)) {
        return false;
    }
    bench->backend.close(NULL);
    return true;
}

bool rule_open_unknown_argument(struct bench *bench)
{
    static const char *const argv[] = {"no-such-argument=1"};
    char untouched = 0;
    void *state = &untouched;
    struct lwc_error err = {0};
    enum lwc_code code = bench->backend.open(&bench->host, 1, argv, &state, &err);

    if (code == LWC_OK) {
        bench->backend.close(state);
    }
    if (code != LWC_E_INVALID) {
        return bench_say(bench, "open() answered %s", lwc_code_name(code));
    }
    return state == &untouched ? true : bench_say(bench, "open() failed and changed *state_out");
}

/* The arguments lie in pages that are taken away: whoever looks again crashes. */
bool rule_open_copies_arguments(struct bench *bench)
{
    size_t len = bench->argc * sizeof(char *) + 1;
    const char *const *argv = bench->argv;
    AUTO_OPENED opened = {0};
    char *pages = NULL;
    char **copy = NULL;
    char *at = NULL;
    bool is_open = false;

    for (size_t i = 0; i < bench->argc; i++) {
        len += strlen(argv[i]) + 1;
    }
    pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return bench_say(bench, "no memory");
    }
    copy = (char **)(void *)pages;
    at = pages + bench->argc * sizeof(char *);
    for (size_t i = 0; i < bench->argc; i++) {
        copy[i] = at;
        at = stpcpy(at, argv[i]) + 1;
    }
    bench->argv = (const char *const *)copy;
    is_open = bench_open_state(bench, &opened);
    bench->argv = argv;
    (void)mprotect(pages, len, PROT_NONE);
    if (is_open) {
        use_state(bench, opened.state);
    }
    return is_open;
}

bool rule_failure_text(struct bench *bench)
{
    static const char *const argv[] = {"no-such-argument=1"};
    struct lwc_error err = {0};
    void *state = NULL;
    enum lwc_code code = bench->backend.open(&bench->host, 1, argv, &state, &err);

    bench_judge_error(bench, code, &err);
    if (code == LWC_OK) {
        bench->backend.close(state);
    }
    if (!use_all(bench)) {
        return false;
    }
    return bench->defect[0] == '\0' ? true : bench_say(bench, "%s", bench->defect);
}

bool rule_no_output(struct bench *bench)
{
    return use_all(bench);
}

/* What a module shares with all of the process. */
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

bool rule_process_untouched(struct bench *bench)
{
    static struct process before;
    static struct process after;
    const char *changed = NULL;

    process_look(&before);
    if (!use_all(bench)) {
        return false;
    }
    process_look(&after);
    changed = process_difference(&before, &after);
    return changed == NULL ? true : bench_say(bench, "it changed %s", changed);
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

/* What a library opens once for the process may stay; what each use leaves behind piles up. */
bool rule_descriptors_closed(struct bench *bench)
{
    const unsigned uses = 4;
    size_t before = 0;
    size_t after = 0;

    for (unsigned i = 0; i <= uses; i++) {
        if (!use_all(bench)) {
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
    return after < before + uses ? true
                                 : bench_say(bench, "%zu more after %u uses", after - before, uses);
}

bool rule_no_child_left(struct bench *bench)
{
    pid_t pid = 0;

    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!use_all(bench)) {
        return false;
    }
    pid = waitpid(-1, NULL, WNOHANG);
    if (pid < 0 && errno == ECHILD) {
        return true;
    }
    return bench_say(bench, pid > 0 ? "a dead child was not waited for" : "a child still runs");
}

bool rule_prompt_declared(struct bench *bench)
{
    if (!use_all(bench)) {
        return false;
    }
    return bench->prompts == 0 ? true : bench_say(bench, "it asked %u times", bench->prompts);
}

/* Failures on purpose, with a secret at hand. */
bool rule_secret_in_no_text(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct lwc_identity malformed = bench_sample("../bad");
    const size_t len = strlen(SECRET);

    bench->canary = SECRET;
    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &identity, SECRET, len, 0, LWC_OK)) {
        return false;
    }
    (void)bench_store(bench, opened.state, &identity, SECRET, len, 0, LWC_E_INVALID);
    (void)bench_store(bench, opened.state, &malformed, SECRET, len, 0, LWC_E_INVALID);
    (void)bench_has(bench, opened.state, &identity, SECRET, len);
    (void)bench_erase(bench, opened.state, &identity, LWC_OK);
    (void)bench_erase(bench, opened.state, &identity, LWC_E_NOT_FOUND);
    return !bench->canary_seen ? true : bench_say(bench, "the secret stood in a text");
}

bool rule_unlock_lock(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct lwc_error err = {0};

    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    if (bench->backend.unlock(opened.state, &err) != LWC_OK ||
        bench->backend.lock(opened.state, &err) != LWC_OK ||
        bench->backend.unlock(opened.state, &err) != LWC_OK) {
        return bench_say(bench, "unlock() or lock() failed: %s", err.msg);
    }
    return bench_has(bench, opened.state, &identity, "s", 1) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}

bool rule_probe_changes_nothing(struct bench *bench)
{
    AUTO_OPENED opened = {0};
    struct lwc_identity identity = bench_sample(BENCH_ONE);
    struct lwc_error err = {0};

    if (!bench_open_state(bench, &opened) ||
        !bench_store(bench, opened.state, &identity, "s", 1, 0, LWC_OK)) {
        return false;
    }
    if (bench->backend.probe(opened.state, LWC_CAP_STORE, &err) != LWC_OK) {
        return bench_say(bench, "probe() failed: %s", err.msg);
    }
    return bench_has(bench, opened.state, &identity, "s", 1) &&
           bench_erase(bench, opened.state, &identity, LWC_OK);
}
