/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_STACK_H
#define CORE_STACK_STACK_H

#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "conf/conf.h"

/*
 * The backends of a stack, loaded when first needed, and the walk over its lines.  A backend
 * that stands in several lines with the same arguments is opened once, so that what it unlocked
 * for one operation serves the next.  A module that could not be loaded is not tried again.
 *
 * Not for two threads at once on one stack.
 */
struct lwc_stack;

/* One backend with one set of arguments. */
struct lwc_stack_backend;

/*
 * @conf  borrowed until close.
 * @host  services for the backends; borrowed until close.
 * @external  may modules come from $LWCRED_BACKEND_DIR?
 */
enum lwc_code lwc_stack_open(const struct lwc_conf *conf, const struct lwc_host *host,
                             bool external, struct lwc_stack **stack_out, struct lwc_error *err)
    LWC_RESULT;

/* Close all backends; sets *stack to NULL.  NULL is allowed. */
void lwc_stack_close(struct lwc_stack **stack);
#define LWC_AUTO_STACK LWC_AUTO(struct lwc_stack *, lwc_stack_close)

/*
 * One backend's turn in a walk.  Its code, as an outcome, is looked up in the line's action
 * table.
 */
typedef enum lwc_code lwc_stack_step(void *data, struct lwc_stack_backend *unit,
                                     struct lwc_error *err);

/* The text of LWC_E_NOT_FOUND where no backend gave a reason. */
#define LWC_ABSENT "no such credential"

/*
 * What one line of a walk came to.
 *
 * is_asked  false: an earlier line skipped it, and the rest says nothing.
 * code      what the step returned; @why describes it unless it is LWC_OK.
 * action    what the control makes of that (conf.h).
 * counts    it entered into the result: the action was not overruled by an earlier failure.
 * ends      the walk ends here.
 */
struct lwc_turn {
    const struct lwc_conf_line *line;
    struct lwc_stack_backend *unit;
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
 *   ok      the answer becomes that of the stack, if all that counted before was success
 *   done    the same, and the walk ends, unless a failure counted before
 *   bad     the stack has failed; the first failure is its answer
 *   die     the same, and the walk ends
 *   ignore  the answer does not count; a number: nor do the lines that it skips
 *
 * @watch  sees every line up to where the walk ends, after it was weighed.  May be NULL.
 * Returns LWC_OK if the stack as a whole succeeded; else the code that decided, with the
 * backend's name and text in @err; LWC_E_NOT_FOUND if no line decided, or one decided that what
 * it found is a failure, with the first reason that a backend gave.
 */
enum lwc_code lwc_stack_walk(struct lwc_stack *stack, enum lwc_op op, lwc_stack_step *step,
                             lwc_stack_watch *watch, void *data, struct lwc_error *err) LWC_RESULT;

/*
 * Each line of @op in order, whatever it answers; a backend that several lines name is asked once.
 *
 * @watch  sees every line after it answered; nothing counts or ends the walk.  May be NULL.
 * Returns LWC_OK, or the first failure other than LWC_E_NOT_FOUND and LWC_E_UNAVAILABLE, of which
 * @watch is told.
 */
enum lwc_code lwc_stack_each(struct lwc_stack *stack, enum lwc_op op, lwc_stack_step *step,
                             lwc_stack_watch *watch, void *data, struct lwc_error *err) LWC_RESULT;

/*
 * The first line of @op that names @backend, whatever its control.  None: LWC_E_INVALID.
 */
enum lwc_code lwc_stack_only(struct lwc_stack *stack, enum lwc_op op, const char *backend,
                             lwc_stack_step *step, void *data, struct lwc_error *err) LWC_RESULT;

/* The backend of line @index of the stack's lwc_conf. */
struct lwc_stack_backend *lwc_stack_unit_at(struct lwc_stack *stack, size_t index);

/* Every backend that the stack names, once each: its descriptor, or NULL and why not. */
typedef void lwc_stack_name_fn(void *data, const char *name, const struct lwc_backend *backend,
                               const struct lwc_error *why);
void lwc_stack_backends(struct lwc_stack *stack, lwc_stack_name_fn *visit, void *data);

const char *lwc_backend_name(const struct lwc_stack_backend *unit);

/* Was it found and loaded, or if it may block, read?  Loads it. */
bool lwc_backend_is_loaded(struct lwc_stack_backend *unit);

/* Log a warning, unless the same one about @unit was the last and is less than a minute old. */
void lwc_backend_warn(struct lwc_stack_backend *unit, const char *fmt, ...) LWC_PRINTF(2, 3);

/*
 * Load and open it, whether its needs are met or not: it judges its arguments.  (Where one of
 * the other functions has to open it, LWC_E_INVALID names file and line, too.)
 */
enum lwc_code lwc_backend_try(struct lwc_stack_backend *unit, struct lwc_error *err) LWC_RESULT;

/* Can it do all of @caps?  Loads it; false if that fails. */
bool lwc_backend_can(struct lwc_stack_backend *unit, uint32_t caps);

/*
 * The functions of the backend, loading and opening it first; one that it does not have is
 * LWC_E_INVALID.  What it hands out is checked: an identity outside the limits is
 * LWC_E_INVALID, and a failure without text gets one.  A backend that cannot list lists nothing.
 */
enum lwc_code lwc_backend_list(struct lwc_stack_backend *unit, const struct lwc_visitor *visitor,
                               struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_backend_find(struct lwc_stack_backend *unit, const struct lwc_identity *query,
                               struct lwc_identity_copy *identity_out, struct lwc_buf **secret_out,
                               struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_backend_probe(struct lwc_stack_backend *unit, uint32_t cap, struct lwc_error *err)
    LWC_RESULT;
enum lwc_code lwc_backend_store(struct lwc_stack_backend *unit, const struct lwc_identity *identity,
                                const void *secret, size_t len, uint32_t flags,
                                struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_backend_erase(struct lwc_stack_backend *unit, const struct lwc_identity *query,
                                struct lwc_error *err) LWC_RESULT;

#endif
