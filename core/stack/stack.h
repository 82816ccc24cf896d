/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_STACK_H
#define CORE_STACK_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/error.h"
#include "conf/conf.h"
#include "stack/backend.h"

/*
 * The backends of a stack and the walk over its lines.  A backend that stands in several lines with
 * the same arguments is opened once: unlocked for one operation, it stays so for the next.
 *
 * Not for two threads at once on one stack.
 */
struct lwc_stack;

/*
 * @conf  borrowed until close.
 * @host  services for the backends; borrowed until close.
 * @external  allow modules from $LWCRED_BACKEND_DIR.
 */
enum lwc_code lwc_stack_open(const struct lwc_conf *conf, const struct lwc_host *host,
                             bool external, struct lwc_stack **stack_out, struct lwc_error *err)
    LWC_RESULT;

/* Close all backends; sets *stack to NULL.  NULL is allowed. */
void lwc_stack_close(struct lwc_stack **stack);
#define LWC_AUTO_STACK LWC_AUTO(struct lwc_stack *, lwc_stack_close)

/*
 * Asks one backend during a walk.  The returned code, as an outcome, selects from the line's action
 * table.
 */
typedef enum lwc_code lwc_stack_step(void *data, struct lwc_stack_backend *backend,
                                     struct lwc_error *err);

/* Text of LWC_E_NOT_FOUND where no backend gave a reason. */
#define LWC_ABSENT "no such credential"

/*
 * Result of one line of a walk.
 *
 * is_asked  false: an earlier line skipped this one, and the members below say nothing.
 * code      returned by the step.
 * why       describes code unless that is LWC_OK.
 * action    of the line's control for code (conf.h).
 * counts    code entered into the result: no earlier failure overruled the action.
 * ends      the walk ends here.
 */
struct lwc_turn {
    const struct lwc_conf_line *line;
    struct lwc_stack_backend *backend;
    bool is_asked;
    enum lwc_code code;
    const struct lwc_error *why;
    uint16_t action;
    bool counts;
    bool ends;
};
typedef void lwc_stack_watch(void *data, const struct lwc_turn *turn);

/*
 * Walk the lines of @op in order, by PAM's rules (pam.conf(5)):
 *
 *   ok      the answer becomes that of the stack, unless a failure counted before
 *   done    as ok; the walk ends, unless a failure counted before
 *   bad     the stack has failed; the first failure is its answer
 *   die     as bad; the walk ends
 *   ignore  the answer does not count
 *   number  as ignore; skips that many lines
 *
 * @watch  sees each line up to the end of the walk, with its result.  May be NULL.
 * Returns LWC_OK if the stack as a whole succeeded; else the code that decided, with the backend's
 * text in @err; LWC_E_NOT_FOUND if no line decided, or if a line made a failure of what it found,
 * with the first reason that a backend gave.
 */
enum lwc_code lwc_stack_walk(struct lwc_stack *stack, enum lwc_op op, lwc_stack_step *step,
                             lwc_stack_watch *watch, void *data, struct lwc_error *err) LWC_RESULT;

/*
 * Ask each line of @op in order, without regard to controls; a backend in several lines once.
 *
 * @watch  sees each line after its answer; no turn counts or ends the walk.  May be NULL.
 * Returns LWC_OK, or the first failure other than LWC_E_NOT_FOUND and LWC_E_UNAVAILABLE, which
 * @watch alone sees.
 */
enum lwc_code lwc_stack_each(struct lwc_stack *stack, enum lwc_op op, lwc_stack_step *step,
                             lwc_stack_watch *watch, void *data, struct lwc_error *err) LWC_RESULT;

/*
 * Ask the first line of @op that names @backend, without regard to its control.  Returns
 * LWC_E_INVALID if there is no such line.
 */
enum lwc_code lwc_stack_only(struct lwc_stack *stack, enum lwc_op op, const char *backend,
                             lwc_stack_step *step, void *data, struct lwc_error *err) LWC_RESULT;

/*
 * Return whether every line of @op names a backend that is linked in: a walk over them loads no
 * module, opens no store, asks no person and waits for nothing.
 */
bool lwc_stack_is_builtin(const struct lwc_stack *stack, enum lwc_op op);

/* Return the backend of line @index of the stack's lwc_conf. */
struct lwc_stack_backend *lwc_stack_backend_at(struct lwc_stack *stack, size_t index);

/* Visit each backend of the stack once, with its descriptor, or NULL and the reason. */
typedef void lwc_stack_name_fn(void *data, const char *name, const struct lwc_backend *backend,
                               const struct lwc_error *why);
void lwc_stack_backends(struct lwc_stack *stack, lwc_stack_name_fn *visit, void *data);

#endif
