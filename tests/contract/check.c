/* SPDX-License-Identifier: Apache-2.0 */
/* lwcred-backend-check: hold a backend to the rules of lwcred/backend.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lwcred.h>

#include "base/text.h"
#include "tests/contract/rules.h"
#include "tests/contract/sandbox.h"

#define PROGRAM "lwcred-backend-check"
#define STATUS_BROKEN 1
#define STATUS_USAGE 2
#define TIMEOUT_MAX_S 3600

/* A run: the module, and a single rule, or NULL for all. */
struct check {
    struct fixture fixture;
    const struct rule *only;
    const struct rule *rule; /* under test */
    int64_t timeout_ms;
    size_t broken;
    size_t skipped;
};

static const char usage_line[] =
    "usage: " PROGRAM " [--host] [--timeout SECONDS] [--rule RULE] MODULE [[--] ARGUMENT...]\n"
    "       " PROGRAM " --list | --help | --version\n";

static const char help_text[] =
    "\n"
    "Holds a backend to the rules of lwcred/backend.h and names each that is broken.\n"
    "\n"
    "  MODULE             a file, NAME.so or with a '/' in it; else an installed backend's name\n"
    "  ARGUMENT...        for the backend's open(), as in a stack file\n"
    "  --host             in a backend host, where a backend that is BLOCKING runs\n"
    "  --rule RULE        try this rule alone\n"
    "  --timeout SECONDS  for each rule; default 30\n"
    "  --list             the rules\n"
    "\n"
    "Stores, replaces and erases profiles whose names begin with 'lwcred-check-', and no other.\n"
    "What a backend that cannot store holds is said by CHECK_PROFILE, CHECK_ACCOUNT,\n"
    "CHECK_KEY_ID and CHECK_SECRET.\n"
    "\n"
    "Exit status: 0 all rules that apply are kept, 1 one is broken, 2 usage.\n"
    "\n"
    "Example:\n"
    "  " PROGRAM " ./folder.so -- path=/tmp/keys\n";

static int usage(const char *what, const char *word)
{
    char text[128];

    lwc_text_printable(text, sizeof text, word, strlen(word));
    fprintf(stderr, PROGRAM ": %s%s\n%s", what, text, usage_line);
    return STATUS_USAGE;
}

static int list_rules(void)
{
    for (size_t i = 0; i < rule_count; i++) {
        printf("%-25s  %s\n", rules[i].name, rules[i].text);
    }
    return 0;
}

static void set_deadline(struct check *check)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    check->fixture.deadline_ms =
        (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + check->timeout_ms;
}

static void say(struct sandbox_verdict *verdict, const char *text)
{
    lwc_text_printable(verdict->said, sizeof verdict->said, text, strlen(text));
}

static void try_load(void *data, struct sandbox_verdict *verdict)
{
    struct check *check = data;

    set_deadline(check);
    verdict->kept = fixture_load(&check->fixture);
    say(verdict, check->fixture.said);
}

static const char *cap_name(uint32_t caps)
{
    static const struct {
        uint32_t cap;
        const char *name;
    } names[] = {
        {LWC_CAP_READ, "READ"},         {LWC_CAP_STORE, "STORE"},   {LWC_CAP_ERASE, "ERASE"},
        {LWC_CAP_LIST, "LIST"},         {LWC_CAP_UNLOCK, "UNLOCK"}, {LWC_CAP_PROMPTS, "PROMPTS"},
        {LWC_CAP_BLOCKING, "BLOCKING"},
    };
    size_t i = 0;

    while (i + 1 < LWC_ARRAY_LEN(names) && (names[i].cap & caps) == 0) {
        i++;
    }
    return names[i].name;
}

/* Does the rule under test apply?  If not, says why. */
static bool applies(const struct check *check, struct sandbox_verdict *verdict)
{
    const struct fixture *fixture = &check->fixture;
    const struct rule *rule = check->rule;
    uint32_t lacking = rule->caps & ~fixture->backend.caps;
    uint32_t unwanted = rule->caps_not & fixture->backend.caps;

    if ((lacking | unwanted) != 0) {
        (void)snprintf(verdict->said, sizeof verdict->said, "%s is %sdeclared",
                       cap_name(lacking != 0 ? lacking : unwanted), lacking != 0 ? "not " : "");
    } else if ((rule->flags & RULE_NEEDS_HELD) != 0 && fixture->held_secret == NULL) {
        say(verdict, "CHECK_SECRET is not set");
    } else if ((rule->flags & RULE_NEEDS_PROBE) != 0 && fixture->backend.probe == NULL) {
        say(verdict, "there is no probe()");
    } else if ((rule->flags & RULE_NEEDS_CONTROL) != 0 && fixture->backend.control == NULL) {
        say(verdict, "there is no control()");
    }
    return verdict->said[0] == '\0';
}

/* A rule that is not to be tried leaves kept true and the reason in said. */
static void try_rule(void *data, struct sandbox_verdict *verdict)
{
    struct check *check = data;

    try_load(data, verdict);
    if (!verdict->kept || !applies(check, verdict)) {
        return;
    }
    check->fixture.said[0] = '\0';
    verdict->kept = check->rule->kept(&check->fixture);
    say(verdict, verdict->kept ? "" : check->fixture.said);
}

static void try_sweep(void *data, struct sandbox_verdict *verdict)
{
    struct check *check = data;

    try_load(data, verdict);
    if (verdict->kept) {
        fixture_sweep(&check->fixture);
    }
}

/* Also prints the output of a child that crashed or hung, to help find the cause. */
static void report_broken(struct check *check, const char *rule,
                          const struct sandbox_verdict *verdict)
{
    check->broken++;
    printf("BROKEN %s: %s\n", rule, verdict->said);
    if (verdict->printed[0] != '\0') {
        printf("  printed: %s\n", verdict->printed);
    }
}

static bool rule_run(struct check *check, const struct rule *rule)
{
    struct sandbox_verdict verdict = {0};
    struct sandbox_verdict swept = {0};

    check->rule = rule;
    if (!sandbox_run(try_rule, check, check->timeout_ms, &verdict)) {
        return false;
    }
    if (verdict.kept && (rule->flags & RULE_PRINTS) != 0 && verdict.printed[0] != '\0') {
        verdict.kept = false;
        (void)snprintf(verdict.said, sizeof verdict.said, "it prints");
    }
    if (!verdict.kept) {
        report_broken(check, rule->name, &verdict);
        return sandbox_run(try_sweep, check, check->timeout_ms, &swept);
    }
    check->skipped += verdict.said[0] != '\0';
    if (verdict.said[0] != '\0') {
        printf("skip   %s: does not apply, %s\n", rule->name, verdict.said);
    } else {
        printf("ok     %s\n", rule->name);
    }
    return true;
}

/* The module is loaded in the children only: even that can end a process. */
static bool check_run(struct check *check)
{
    struct sandbox_verdict verdict = {0};

    if (!sandbox_run(try_load, check, check->timeout_ms, &verdict)) {
        return false;
    }
    if (!verdict.kept) {
        report_broken(check, "module-loads", &verdict);
        return true;
    }
    printf("ok     module-loads\n");
    for (size_t i = 0; i < rule_count; i++) {
        if ((check->only == NULL || check->only == &rules[i]) && !rule_run(check, &rules[i])) {
            return false;
        }
    }
    return true;
}

static const struct rule *rule_named(const char *name)
{
    for (size_t i = 0; i < rule_count; i++) {
        if (lwc_streq(rules[i].name, name)) {
            return &rules[i];
        }
    }
    return NULL;
}

/* Options that take a value; 0 or an exit status. */
static int option_take(struct check *check, const char *option, const char *value)
{
    int64_t timeout_s = 0;

    if (!lwc_streq(option, "--rule") && !lwc_streq(option, "--timeout")) {
        return usage("unknown option ", option);
    }
    if (value == NULL) {
        return usage("a value is missing behind ", option);
    }
    if (lwc_streq(option, "--rule")) {
        check->only = rule_named(value);
        return check->only != NULL ? 0
                                   : usage("--list shows the rules; there is none named ", value);
    }
    if (!lwc_text_parse_number(value, strlen(value), TIMEOUT_MAX_S, &timeout_s) || timeout_s < 1) {
        return usage("--timeout: 1 to 3600 seconds expected, not ", value);
    }
    check->timeout_ms = timeout_s * 1000;
    return 0;
}

static int command_run(struct check *check, int argc, char **argv)
{
    bool is_separated = argc > 1 && lwc_streq(argv[1], "--");
    int skip = is_separated ? 2 : 1;

    check->fixture.module = argv[0];
    check->fixture.argc = (size_t)(argc - skip);
    check->fixture.argv = (const char *const *)argv + skip;
    fixture_init(&check->fixture);
    if (!check_run(check)) {
        fprintf(stderr, PROGRAM ": no child could be made: %s\n", strerror(errno));
        return STATUS_BROKEN;
    }
    printf("%s: %zu of %zu rules broken, %zu do not apply\n", argv[0], check->broken,
           check->only != NULL ? 2 : rule_count + 1, check->skipped);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, PROGRAM ": cannot write: %s\n", strerror(errno));
        return STATUS_BROKEN;
    }
    return check->broken == 0 ? 0 : STATUS_BROKEN;
}

int main(int argc, char **argv)
{
    static struct check check = {.timeout_ms = 30000};
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at += 2) {
        int status = 0;

        if (lwc_streq(argv[at], "--list")) {
            return list_rules();
        }
        if (lwc_streq(argv[at], "--version")) {
            return printf(PROGRAM " %s\n", LWC_VERSION) < 0;
        }
        if (lwc_streq(argv[at], "--help")) {
            return printf("%s%s", usage_line, help_text) < 0;
        }
        if (lwc_streq(argv[at], "--host")) {
            check.fixture.in_host = true;
            at--;
            continue;
        }
        status = option_take(&check, argv[at], at + 1 < argc ? argv[at + 1] : NULL);
        if (status != 0) {
            return status;
        }
    }
    return at < argc ? command_run(&check, argc - at, argv + at) : usage("no module is named", "");
}
