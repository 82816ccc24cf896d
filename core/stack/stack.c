/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/stack.h"

#include <stdlib.h>
#include <string.h>

#include "stack/backend.h"

struct lwc_stack {
    const struct lwc_conf *conf;
    const struct lwc_host *host;
    struct lwc_stack_backend **line_units; /* one pointer a line, into units */
    struct lwc_stack_backend **units;
    size_t unit_count;
};

/* What a walk knows so far: PAM's impression and status. */
struct verdict {
    enum { UNDECIDED, GOOD, BAD } impression;
    enum lwc_code code;
    struct lwc_error why;
    struct lwc_error absence; /* the first reason for LWC_E_NOT_FOUND that has a text */
};

void lwc_stack_close(struct lwc_stack **stack)
{
    if (stack == NULL || *stack == NULL) {
        return;
    }
    for (size_t i = 0; i < (*stack)->unit_count; i++) {
        lwc_backend_free(&(*stack)->units[i]);
    }
    free((*stack)->units);
    free((*stack)->line_units);
    free(*stack);
    *stack = NULL;
}

static struct lwc_stack_backend *unit_for(struct lwc_stack *stack, const struct lwc_conf_line *line,
                                          bool external)
{
    struct lwc_stack_backend *unit = NULL;

    for (size_t i = 0; i < stack->unit_count; i++) {
        if (lwc_backend_serves(stack->units[i], line)) {
            return stack->units[i];
        }
    }
    unit = lwc_backend_new(line, stack->host, external);
    if (unit != NULL) {
        stack->units[stack->unit_count++] = unit;
    }
    return unit;
}

enum lwc_code lwc_stack_open(const struct lwc_conf *conf, const struct lwc_host *host,
                             bool external, struct lwc_stack **stack_out, struct lwc_error *err)
{
    LWC_AUTO_STACK stack = calloc(1, sizeof *stack);

    if (stack == NULL) {
        return lwc_fail_nomem(err);
    }
    stack->conf = conf;
    stack->host = host;
    stack->units = calloc(conf->count + 1, sizeof(struct lwc_stack_backend *));
    stack->line_units = calloc(conf->count + 1, sizeof(struct lwc_stack_backend *));
    if (stack->units == NULL || stack->line_units == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t i = 0; i < conf->count; i++) {
        stack->line_units[i] = unit_for(stack, &conf->lines[i], external);
        if (stack->line_units[i] == NULL) {
            return lwc_fail_nomem(err);
        }
    }
    *stack_out = LWC_TAKE(stack);
    return LWC_OK;
}

static void decide(struct verdict *verdict, enum lwc_code code, const struct lwc_error *why)
{
    verdict->code = code;
    if (code != LWC_OK) {
        verdict->why = *why;
    }
}

/* PAM's rules for one answer: does it count, and does it end the walk? */
static void weigh(struct verdict *verdict, struct lwc_turn *turn)
{
    const bool spotless = verdict->impression == UNDECIDED ||
                          (verdict->impression == GOOD && verdict->code == LWC_OK);

    switch (turn->action) {
    case LWC_ACT_OK:
    case LWC_ACT_DONE:
        if (spotless) {
            verdict->impression = GOOD;
            decide(verdict, turn->code, turn->why);
        }
        turn->counts = spotless;
        turn->ends = turn->action == LWC_ACT_DONE && verdict->impression == GOOD;
        return;
    case LWC_ACT_BAD:
    case LWC_ACT_DIE:
        turn->counts = verdict->impression != BAD;
        if (turn->counts) {
            verdict->impression = BAD;
            decide(verdict, turn->code, turn->why);
        }
        turn->ends = turn->action == LWC_ACT_DIE;
        return;
    default: /* ignored, or lines are skipped */
        return;
    }
}

static enum lwc_code conclude(const struct verdict *verdict, struct lwc_error *err)
{
    if (verdict->impression == GOOD && verdict->code == LWC_OK) {
        return LWC_OK;
    }
    if (verdict->code != LWC_OK && verdict->code != LWC_E_NOT_FOUND) {
        if (err != NULL) {
            *err = verdict->why;
        }
        return verdict->code;
    }
    if (verdict->absence.msg[0] != '\0') {
        if (err != NULL) {
            *err = verdict->absence;
        }
        return LWC_E_NOT_FOUND;
    }
    return lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT);
}

static void trace(const struct lwc_stack *stack, const struct lwc_stack_backend *unit,
                  enum lwc_code code, const struct lwc_error *why)
{
    struct lwc_error line = {0};

    if (code == LWC_OK) {
        (void)!lwc_fail(&line, LWC_OK, "stack: %s: ok", lwc_backend_name(unit));
    } else {
        (void)!lwc_fail(&line, code, "stack: %s: %s%s%s", lwc_backend_name(unit),
                        lwc_code_name(code), why->msg[0] != '\0' ? ": " : "", why->msg);
    }
    stack->host->log(stack->host->data, LWC_LOG_TRACE, line.msg);
}

static void ask_unit(struct lwc_stack *stack, struct lwc_turn *turn, lwc_stack_step *step,
                     void *data, struct lwc_error *why)
{
    turn->is_asked = true;
    turn->code = step(data, turn->unit, why);
    turn->action = turn->line->actions[lwc_outcome_of(turn->code)];
    trace(stack, turn->unit, turn->code, why);
}

static void take_turn(struct lwc_stack *stack, struct lwc_turn *turn, lwc_stack_step *step,
                      void *data, struct verdict *verdict, struct lwc_error *why)
{
    ask_unit(stack, turn, step, data, why);
    if (turn->code == LWC_E_NOT_FOUND && verdict->absence.msg[0] == '\0') {
        verdict->absence = *why;
    }
    weigh(verdict, turn);
}

enum lwc_code lwc_stack_walk(struct lwc_stack *stack, enum lwc_op op, lwc_stack_step *step,
                             lwc_stack_watch *watch, void *data, struct lwc_error *err)
{
    struct verdict verdict = {.impression = UNDECIDED, .code = LWC_E_NOT_FOUND};
    unsigned skip = 0;
    bool ends = false;

    for (size_t i = 0; i < stack->conf->count && !ends; i++) {
        struct lwc_turn turn = {.line = &stack->conf->lines[i], .unit = stack->line_units[i]};
        struct lwc_error why = {0};

        if (turn.line->op != op) {
            continue;
        }
        turn.why = &why;
        if (skip > 0) {
            skip--;
        } else {
            take_turn(stack, &turn, step, data, &verdict, &why);
            skip = turn.action > LWC_ACT_SKIP ? turn.action - (unsigned)LWC_ACT_SKIP : 0;
        }
        ends = turn.ends;
        if (watch != NULL) {
            watch(data, &turn);
        }
    }
    return conclude(&verdict, err);
}

/* Did an earlier line of the same operation name the same unit? */
static bool seen_before(const struct lwc_stack *stack, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (stack->conf->lines[i].op == stack->conf->lines[index].op &&
            stack->line_units[i] == stack->line_units[index]) {
            return true;
        }
    }
    return false;
}

static bool is_failure(enum lwc_code code)
{
    return code != LWC_OK && code != LWC_E_NOT_FOUND && code != LWC_E_UNAVAILABLE;
}

enum lwc_code lwc_stack_each(struct lwc_stack *stack, enum lwc_op op, lwc_stack_step *step,
                             lwc_stack_watch *watch, void *data, struct lwc_error *err)
{
    enum lwc_code first = LWC_OK;

    for (size_t i = 0; i < stack->conf->count; i++) {
        struct lwc_turn turn = {.line = &stack->conf->lines[i], .unit = stack->line_units[i]};
        struct lwc_error why = {0};

        if (turn.line->op != op || seen_before(stack, i)) {
            continue;
        }
        turn.why = &why;
        ask_unit(stack, &turn, step, data, &why);
        if (watch != NULL) {
            watch(data, &turn);
        }
        if (first == LWC_OK && is_failure(turn.code)) {
            first = turn.code;
            if (err != NULL) {
                *err = why;
            }
        }
    }
    return first;
}

enum lwc_code lwc_stack_only(struct lwc_stack *stack, enum lwc_op op, const char *backend,
                             lwc_stack_step *step, void *data, struct lwc_error *err)
{
    for (size_t i = 0; i < stack->conf->count; i++) {
        if (stack->conf->lines[i].op == op && lwc_streq(stack->conf->lines[i].backend, backend)) {
            return step(data, stack->line_units[i], err);
        }
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID, "no %s line of the stack names backend '%s'",
                             lwc_op_name(op), backend),
                    "'lw-credential-helper backends' lists those of the stack");
}

struct lwc_stack_backend *lwc_stack_unit_at(struct lwc_stack *stack, size_t index)
{
    return stack->line_units[index];
}

void lwc_stack_backends(struct lwc_stack *stack, lwc_stack_name_fn *visit, void *data)
{
    for (size_t i = 0; i < stack->unit_count; i++) {
        const struct lwc_error *why = NULL;
        const struct lwc_backend *backend = lwc_backend_backend(stack->units[i], &why);

        visit(data, lwc_backend_name(stack->units[i]), backend, why);
    }
}
