/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/hints.h"
#include "base/join.h"
#include "module/module.h"

struct lwc_stack {
    const struct lwc_conf *conf;
    const struct lwc_host *host;
    struct lwc_stack_backend **line_backends; /* one pointer a line, into backends */
    struct lwc_stack_backend **backends;
    size_t backend_count;
};

/* State of a walk: PAM's impression and status. */
struct walk_state {
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
    for (size_t i = 0; i < (*stack)->backend_count; i++) {
        lwc_backend_free(&(*stack)->backends[i]);
    }
    free((*stack)->backends);
    free((*stack)->line_backends);
    free(*stack);
    *stack = NULL;
}

static struct lwc_stack_backend *use_backend(struct lwc_stack *stack,
                                             const struct lwc_conf_line *line, bool external)
{
    struct lwc_stack_backend *backend = NULL;

    for (size_t i = 0; i < stack->backend_count; i++) {
        if (lwc_backend_is_for_line(stack->backends[i], line)) {
            return stack->backends[i];
        }
    }
    backend = lwc_backend_new(line, stack->host, external);
    if (backend != NULL) {
        stack->backends[stack->backend_count++] = backend;
    }
    return backend;
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
    stack->backends = calloc(conf->count + 1, sizeof(struct lwc_stack_backend *));
    stack->line_backends = calloc(conf->count + 1, sizeof(struct lwc_stack_backend *));
    if (stack->backends == NULL || stack->line_backends == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t i = 0; i < conf->count; i++) {
        stack->line_backends[i] = use_backend(stack, &conf->lines[i], external);
        if (stack->line_backends[i] == NULL) {
            return lwc_fail_nomem(err);
        }
    }
    *stack_out = LWC_TAKE(stack);
    return LWC_OK;
}

static void set_status(struct walk_state *state, enum lwc_code code, const struct lwc_error *why)
{
    state->code = code;
    if (code != LWC_OK) {
        state->why = *why;
    }
}

/* Applies PAM's rules to one answer: sets whether it counts and whether it ends the walk. */
static void weigh_turn(struct walk_state *state, struct lwc_turn *turn)
{
    const bool spotless =
        state->impression == UNDECIDED || (state->impression == GOOD && state->code == LWC_OK);

    switch (turn->action) {
    case LWC_ACT_OK:
    case LWC_ACT_DONE:
        if (spotless) {
            state->impression = GOOD;
            set_status(state, turn->code, turn->why);
        }
        turn->counts = spotless;
        turn->ends = turn->action == LWC_ACT_DONE && state->impression == GOOD;
        return;
    case LWC_ACT_BAD:
    case LWC_ACT_DIE:
        turn->counts = state->impression != BAD;
        if (turn->counts) {
            state->impression = BAD;
            set_status(state, turn->code, turn->why);
        }
        turn->ends = turn->action == LWC_ACT_DIE;
        return;
    default: /* ignored, or lines are skipped */
        return;
    }
}

static enum lwc_code conclude_walk(const struct walk_state *state, struct lwc_error *err)
{
    if (state->impression == GOOD && state->code == LWC_OK) {
        return LWC_OK;
    }
    if (state->code != LWC_OK && state->code != LWC_E_NOT_FOUND) {
        return lwc_error_pass(err, state->code, &state->why);
    }
    if (state->absence.msg[0] != '\0') {
        return lwc_error_pass(err, LWC_E_NOT_FOUND, &state->absence);
    }
    return lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT);
}

static void trace_turn(const struct lwc_stack *stack, const struct lwc_stack_backend *backend,
                       enum lwc_code code, const struct lwc_error *why)
{
    struct lwc_error line = {0};

    if (code == LWC_OK) {
        (void)lwc_join(line.msg, sizeof line.msg,
                       LWC_PARTS("stack: ", lwc_backend_name(backend), ": ok"));
    } else {
        lwc_describe(&line, code, "stack: %s: %s%s%s", lwc_backend_name(backend),
                     lwc_code_name(code), why->msg[0] != '\0' ? ": " : "", why->msg);
    }
    stack->host->log(stack->host->data, LWC_LOG_TRACE, line.msg);
}

static void ask_backend(struct lwc_stack *stack, struct lwc_turn *turn, lwc_stack_step *step,
                        void *data, struct lwc_error *why)
{
    turn->is_asked = true;
    turn->code = step(data, turn->backend, why);
    turn->action = turn->line->actions[lwc_outcome_of(turn->code)];
    trace_turn(stack, turn->backend, turn->code, why);
}

static void take_turn(struct lwc_stack *stack, struct lwc_turn *turn, lwc_stack_step *step,
                      void *data, struct walk_state *state, struct lwc_error *why)
{
    ask_backend(stack, turn, step, data, why);
    if (turn->code == LWC_E_NOT_FOUND && state->absence.msg[0] == '\0') {
        state->absence = *why;
    }
    weigh_turn(state, turn);
}

enum lwc_code lwc_stack_walk(struct lwc_stack *stack, enum lwc_op op, lwc_stack_step *step,
                             lwc_stack_watch *watch, void *data, struct lwc_error *err)
{
    struct walk_state state = {.impression = UNDECIDED, .code = LWC_E_NOT_FOUND};
    unsigned skip = 0;
    bool ends = false;

    for (size_t i = 0; i < stack->conf->count && !ends; i++) {
        struct lwc_turn turn = {.line = &stack->conf->lines[i], .backend = stack->line_backends[i]};
        struct lwc_error why = {0};

        if (turn.line->op != op) {
            continue;
        }
        turn.why = &why;
        if (skip > 0) {
            skip--;
        } else {
            take_turn(stack, &turn, step, data, &state, &why);
            skip = turn.action > LWC_ACT_SKIP ? turn.action - (unsigned)LWC_ACT_SKIP : 0;
        }
        ends = turn.ends;
        if (watch != NULL) {
            watch(data, &turn);
        }
    }
    return conclude_walk(&state, err);
}

/* Returns whether an earlier line of the same operation has the same backend. */
static bool is_repeated(const struct lwc_stack *stack, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (stack->conf->lines[i].op == stack->conf->lines[index].op &&
            stack->line_backends[i] == stack->line_backends[index]) {
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
        struct lwc_turn turn = {.line = &stack->conf->lines[i], .backend = stack->line_backends[i]};
        struct lwc_error why = {0};

        if (turn.line->op != op || is_repeated(stack, i)) {
            continue;
        }
        turn.why = &why;
        ask_backend(stack, &turn, step, data, &why);
        if (watch != NULL) {
            watch(data, &turn);
        }
        if (first == LWC_OK && is_failure(turn.code)) {
            first = lwc_error_pass(err, turn.code, &why);
        }
    }
    return first;
}

enum lwc_code lwc_stack_only(struct lwc_stack *stack, enum lwc_op op, const char *backend,
                             lwc_stack_step *step, void *data, struct lwc_error *err)
{
    for (size_t i = 0; i < stack->conf->count; i++) {
        if (stack->conf->lines[i].op == op && lwc_streq(stack->conf->lines[i].backend, backend)) {
            return step(data, stack->line_backends[i], err);
        }
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID, "no %s line of the stack names backend '%s'",
                             lwc_op_name(op), backend),
                    LWC_HINT_BACKEND);
}

bool lwc_stack_is_builtin(const struct lwc_stack *stack, enum lwc_op op)
{
    bool is_builtin = true;

    for (size_t i = 0; i < stack->conf->count; i++) {
        const struct lwc_conf_line *line = &stack->conf->lines[i];

        is_builtin = is_builtin && (line->op != op || lwc_module_is_builtin(line->backend));
    }
    return is_builtin;
}

struct lwc_stack_backend *lwc_stack_backend_at(struct lwc_stack *stack, size_t index)
{
    return stack->line_backends[index];
}

void lwc_stack_backends(struct lwc_stack *stack, lwc_stack_name_fn *visit, void *data)
{
    for (size_t i = 0; i < stack->backend_count; i++) {
        const struct lwc_error *why = NULL;
        const struct lwc_backend *descriptor = lwc_backend_descriptor(stack->backends[i], &why);

        visit(data, lwc_backend_name(stack->backends[i]), descriptor, why);
    }
}
