/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every combination of control and outcome in stacks of up to three lines, against a model of PAM's
 * rules that was written from the text of pam.conf(5): it works on words and calls itself, where
 * the stack works on tables and loops.  What lint says of a stack must be so in every case.
 */
#include "conf/parse.h"
#include "stack/stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/lint.h"
#include "tests/support/stacks.h"

#define LINES_MAX 3

static const struct {
    const char *name;
    enum lwc_code code;
} outcomes[] = {
    {"success", LWC_OK},      {"not_found", LWC_E_NOT_FOUND}, {"locked", LWC_E_LOCKED},
    {"denied", LWC_E_DENIED}, {"invalid", LWC_E_INVALID},     {"unavailable", LWC_E_UNAVAILABLE},
    {"error", LWC_E_IO},
};
#define OUTCOMES (sizeof outcomes / sizeof outcomes[0])

/* How it stands in a file, and what pam.conf(5), and for "sufficient" lwcred.conf(5), say it is. */
static const struct {
    const char *written;
    const char *means;
} controls[] = {
    {"required", " success=ok default=bad "},
    {"requisite", " success=ok default=die "},
    {"sufficient", " success=done not_found=ignore unavailable=ignore default=die "},
    {"optional", " success=ok default=ignore "},
    {"[success=ok locked=done default=ignore]", " success=ok locked=done default=ignore "},
    {"[success=1 default=ignore]", " success=1 default=ignore "},
    {"[success=bad not_found=ok default=2]", " success=bad not_found=ok default=2 "},
    {"[default=die unavailable=1 success=done]", " success=done unavailable=1 default=die "},
    {"[success=die default=done]", " success=die default=done "},
    {"[not_found=ignore default=ok]", " not_found=ignore default=ok "},
};
#define CONTROLS (sizeof controls / sizeof controls[0])

/* A case: control and outcome of each line. */
struct play {
    size_t lines;
    size_t control[LINES_MAX];
    size_t outcome[LINES_MAX];
    unsigned asked; /* a bit for each line */
};

/* The word behind "NAME=" in the control, or behind "default=". */
static const char *action_of(const struct play *play, size_t line)
{
    const char *means = controls[play->control[line]].means;
    char key[32];
    const char *found = NULL;

    (void)snprintf(key, sizeof key, " %s=", outcomes[play->outcome[line]].name);
    found = strstr(means, key);
    return found != NULL ? found + strlen(key) : strstr(means, "default=") + strlen("default=");
}

static bool says(const char *action, const char *word)
{
    return strncmp(action, word, strlen(word)) == 0 && action[strlen(word)] == ' ';
}

/*
 * Computes the result of the stack from @line on.  @former: the outcome so far, -1 for none;
 * @failed: whether it is a module's failure.
 */
static enum lwc_code model(struct play *play, size_t line, int former, bool failed)
{
    const char *action = NULL;
    bool over = false;

    if (line >= play->lines) {
        return former < 0 || (failed && former == 0) ? LWC_E_NOT_FOUND : outcomes[former].code;
    }
    action = action_of(play, line);
    play->asked |= 1u << line;
    if (action[0] >= '1' && action[0] <= '9') { /* "jump over the next N modules" */
        return model(play, line + 1 + (size_t)(action[0] - '0'), former, failed);
    }
    if (says(action, "bad") || says(action, "die")) { /* "the first in the stack to fail" */
        former = failed ? former : (int)play->outcome[line];
        failed = true;
        over = says(action, "die");
    } else if (!says(action, "ignore")) {
        /* "if the former state of the stack would lead to a return of PAM_SUCCESS" */
        former = !failed && former <= 0 ? (int)play->outcome[line] : former;
        /* "unless there was a non-ignored module failure before" */
        over = says(action, "done") && !failed;
    }
    return model(play, over ? play->lines : line + 1, former, failed);
}

/* Does a line skip more lines than follow it, for any outcome? */
static bool overshoots(const struct play *play)
{
    for (size_t i = 0; i < play->lines; i++) {
        for (const char *at = controls[play->control[i]].means; (at = strchr(at, '=')); at++) {
            if (at[1] >= '1' && at[1] <= '9' && i + (size_t)(at[1] - '0') >= play->lines) {
                return true;
            }
        }
    }
    return false;
}

static void write_stack(const struct play *play, char text[256])
{
    size_t used = 0;

    for (size_t i = 0; i < play->lines; i++) {
        used += (size_t)snprintf(text + used, 256 - used, "lookup %s %c\nstore required other\n",
                                 controls[play->control[i]].written, "abc"[i]);
    }
}

struct stage {
    const struct play *play;
    unsigned asked;
};

/* Events in all cases of a stack, and lint's findings on it. */
struct sum {
    unsigned asked;
    bool succeeded;
    unsigned unreached; /* a bit for each line */
    unsigned futile;    /* the same               */
    bool hopeless;
};

static void hear_lint(void *data, const struct lwc_conf_place *where, const struct lwc_error *what)
{
    struct sum *sum = data;

    const unsigned bit = 1u << ((where->line - 1) / 2);

    sum->unreached |= strstr(what->msg, "is never reached") != NULL ? bit : 0;
    sum->futile |= strstr(what->msg, "does not count") != NULL ? bit : 0;
    sum->hopeless = sum->hopeless || strstr(what->msg, "no line of this operation") != NULL;
}

static enum lwc_code act(void *data, struct lwc_stack_backend *backend, struct lwc_error *err)
{
    struct stage *stage = data;
    const size_t line = (size_t)(lwc_backend_name(backend)[0] - 'a');
    const enum lwc_code code = outcomes[stage->play->outcome[line]].code;

    assert_int_equal(stage->asked & (1u << line), 0);
    stage->asked |= 1u << line;
    return code == LWC_OK ? LWC_OK : lwc_fail(err, code, "%c", "abc"[line]);
}

/* Every outcome of the lines of one stack. */
static size_t play_all(struct play *play, const struct stacks *stacks)
{
    struct sum sum = {.asked = 0};
    size_t cases = 1;

    for (size_t i = 0; i < play->lines; i++) {
        cases *= OUTCOMES;
    }
    lwc_conf_lint(stacks->conf, hear_lint, &sum);
    for (size_t i = 0; i < cases; i++) {
        struct stage stage = {.play = play};
        struct lwc_error err = {0};
        enum lwc_code expected = LWC_OK;
        enum lwc_code code = LWC_OK;
        size_t rest = i;

        for (size_t j = 0; j < play->lines; j++, rest /= OUTCOMES) {
            play->outcome[j] = rest % OUTCOMES;
        }
        play->asked = 0;
        expected = model(play, 0, -1, false);
        code = lwc_stack_walk(stacks->stack, LWC_OP_LOOKUP, act, NULL, &stage, &err);
        if (code != expected || stage.asked != play->asked || err.code != code) {
            char text[256];

            write_stack(play, text);
            fail_msg("%soutcomes %s %s %s: got %d asking %x, expected %d asking %x", text,
                     outcomes[play->outcome[0]].name, outcomes[play->outcome[1]].name,
                     outcomes[play->outcome[2]].name, code, stage.asked, expected, play->asked);
        }
        for (size_t j = 0; j < play->lines && code == LWC_OK; j++) {
            assert_false((sum.futile & stage.asked & 1u << j) != 0 && play->outcome[j] == 0);
        }
        sum.asked |= stage.asked;
        sum.succeeded = sum.succeeded || code == LWC_OK;
    }
    assert_int_equal(sum.unreached & sum.asked, 0);
    assert_false(sum.hopeless && sum.succeeded);
    return cases;
}

static size_t walks_of(size_t lines)
{
    size_t stacks_count = 1;
    size_t cases = 0;

    for (size_t i = 0; i < lines; i++) {
        stacks_count *= CONTROLS;
    }
    for (size_t i = 0; i < stacks_count; i++) {
        struct play play = {.lines = lines};
        struct stacks stacks;
        struct lwc_conf *conf = NULL;
        char text[256];
        size_t rest = i;

        for (size_t j = 0; j < lines; j++, rest /= CONTROLS) {
            play.control[j] = rest % CONTROLS;
        }
        write_stack(&play, text);
        if (overshoots(&play)) {
            assert_int_equal(lwc_conf_parse(text, strlen(text), "test", &conf, NULL),
                             LWC_E_INVALID);
            continue;
        }
        stacks_open(&stacks, text);
        cases += play_all(&play, &stacks);
        stacks_close(&stacks);
    }
    return cases;
}

static void walk_of_every_combination_agrees_with_pam(void **state)
{
    static const size_t at_least[] = {0, 40, 3000, 200000};

    (void)state;
    for (size_t lines = 1; lines <= LINES_MAX; lines++) {
        const size_t cases = walks_of(lines);

        print_message("%zu lines: %zu cases\n", lines, cases);
        assert_true(cases >= at_least[lines]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk_of_every_combination_agrees_with_pam),
    };

    return cmocka_run_group_tests_name("stack_pam", tests, NULL, NULL);
}
