/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/write.h"

#include <stdio.h>
#include <string.h>

#include "stack/lookup.h"
#include "stack/survey.h"

/* One probe or store on its way through the lines. */
struct keeping {
    const struct lwc_identity *identity;
    const void *secret;
    size_t len;
    uint32_t flags;
    char done_in[LWC_BACKEND_NAME_MAX + 1];
};

/*
 * One removal on its way through the lines.
 *
 * secret  to compare before removing; NULL: do not.
 * silent  the first backend that may hold the credential still; code LWC_OK: none.
 * absent  the first reason for LWC_E_NOT_FOUND.
 */
struct removal {
    const struct lwc_identity *identity;
    const void *secret;
    size_t len;
    lwc_removed_fn *visit;
    void *data;
    size_t removed;
    struct lwc_error silent;
    struct lwc_error absent;
};

/* Where a profile is kept already. */
struct holder {
    const char *profile;
    bool is_held;
    char backend[LWC_BACKEND_NAME_MAX + 1];
};

static enum lwc_code compare_profile(void *data, const struct lwc_identity *identity,
                                     struct lwc_error *err)
{
    struct holder *holder = data;

    (void)err;
    holder->is_held = holder->is_held || lwc_streq(holder->profile, identity->profile);
    return LWC_OK;
}

static enum lwc_code look_in(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct holder *holder = data;
    const struct lwc_visitor visitor = {.data = holder, .visit = compare_profile};
    struct lwc_error why = {0};
    enum lwc_code code;

    if (holder->is_held || !lwc_backend_can(unit, LWC_CAP_LIST | LWC_CAP_STORE)) {
        return LWC_OK;
    }
    code = lwc_lookup_list(unit, &visitor, &why);
    if (code == LWC_E_UNAVAILABLE || code == LWC_E_FAILED) {
        lwc_backend_warn(unit, "backend '%s' cannot be asked, and may hold profile '%s': %s",
                         lwc_backend_name(unit), holder->profile, why.msg);
        return LWC_OK;
    }
    if (code == LWC_OK && holder->is_held) {
        (void)snprintf(holder->backend, sizeof holder->backend, "%s", lwc_backend_name(unit));
    } else if (code != LWC_OK && err != NULL) {
        *err = why;
    }
    return code;
}

/* Which backend must take it?  Leaves *only alone where any may. */
static enum lwc_code choose(struct lwc_stack *stack, uint32_t flags, struct holder *holder,
                            const char **only, struct lwc_error *err)
{
    enum lwc_code code = lwc_stack_each(stack, LWC_OP_LOOKUP, look_in, NULL, holder, err);

    if (code == LWC_OK && !holder->is_held) {
        code = lwc_stack_each(stack, LWC_OP_STORE, look_in, NULL, holder, err);
    }
    if (code != LWC_OK || !holder->is_held) {
        return code;
    }
    if ((flags & LWC_STORE_REPLACE) == 0) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "profile '%s' exists in backend '%s'",
                                 holder->profile, holder->backend),
                        "replace it with --replace, or choose another --profile");
    }
    if (*only != NULL && !lwc_streq(*only, holder->backend)) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "profile '%s' is kept in backend '%s'",
                                 holder->profile, holder->backend),
                        "remove it there first: a stored key never changes its place by itself");
    }
    *only = holder->backend;
    return LWC_OK;
}

static void note_done(struct keeping *keeping, const struct lwc_stack_backend *unit)
{
    if (keeping->done_in[0] == '\0') {
        (void)snprintf(keeping->done_in, sizeof keeping->done_in, "%s", lwc_backend_name(unit));
    }
}

static enum lwc_code probe_in(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    enum lwc_code code = lwc_backend_probe(unit, LWC_CAP_STORE, err);

    if (code == LWC_OK) {
        note_done(data, unit);
    }
    return code;
}

static enum lwc_code store_in(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct keeping *keeping = data;
    enum lwc_code code = lwc_backend_probe(unit, LWC_CAP_STORE, err);

    /* A secret goes to none that cannot keep it. */
    if (code == LWC_OK) {
        code = lwc_backend_store(unit, keeping->identity, keeping->secret, keeping->len,
                                 keeping->flags, err);
    }
    if (code == LWC_OK) {
        note_done(keeping, unit);
    }
    return code;
}

static enum lwc_code secret_fits(struct lwc_stack_backend *unit, const struct removal *removal,
                                 const struct lwc_identity *picked, struct lwc_error *err)
{
    struct lwc_identity_copy identity;
    LWC_AUTO_BUF secret = NULL;
    enum lwc_code code = lwc_backend_find(unit, picked, &identity, &secret, err);

    if (code == LWC_OK && !lwc_buf_equal(secret, removal->secret, removal->len)) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "another secret is stored");
    }
    return code;
}

static enum lwc_code remove_in(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    const struct removal *removal = data;
    const struct lwc_identity *wanted = removal->identity;
    struct lwc_identity_copy picked;
    enum lwc_code code = LWC_OK;

    /* A backend that cannot list picks for itself, and refuses where several fit. */
    if (lwc_backend_can(unit, LWC_CAP_LIST)) {
        code = lwc_lookup_pick(unit, removal->identity, &picked, err);
        wanted = &picked.id;
    }
    if (code == LWC_OK && removal->secret != NULL) {
        code = secret_fits(unit, removal, wanted, err);
    }
    return code == LWC_OK ? lwc_backend_erase(unit, wanted, err) : code;
}

static void note_kept(void *data, const struct lwc_turn *turn)
{
    (void)data;
    lwc_survey_warn(turn);
}

/* Every line passed over the key; what a backend said about it is kept. */
static enum lwc_code not_taken(struct lwc_error *err)
{
    static const char what[] = "no backend of the stack takes a new key";

    if (err != NULL && err->msg[0] != '\0' && !lwc_streq(err->msg, LWC_ABSENT)) {
        return lwc_wrap(err, LWC_E_UNAVAILABLE, "%s", what);
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_UNAVAILABLE, "%s", what),
                    "'lw-credential-helper backends' lists them; with -v each says why");
}

static enum lwc_code keep(struct lwc_stack *stack, const char *only, uint32_t flags,
                          lwc_stack_step *step, struct keeping *keeping,
                          char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct holder holder = {.profile = keeping->identity->profile};
    enum lwc_code code = choose(stack, flags, &holder, &only, err);

    if (code != LWC_OK) {
        return code;
    }
    keeping->flags = flags;
    code = only == NULL ? lwc_stack_walk(stack, LWC_OP_STORE, step, note_kept, keeping, err)
                        : lwc_stack_only(stack, LWC_OP_STORE, only, step, keeping, err);
    if (code == LWC_OK) {
        (void)snprintf(backend_out, LWC_BACKEND_NAME_MAX + 1, "%s", keeping->done_in);
    }
    return code == LWC_E_NOT_FOUND ? not_taken(err) : code;
}

enum lwc_code lwc_stack_probe(struct lwc_stack *stack, const struct lwc_identity *identity,
                              const char *backend, uint32_t flags,
                              char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct keeping keeping = {.identity = identity};

    return keep(stack, backend, flags, probe_in, &keeping, backend_out, err);
}

enum lwc_code lwc_stack_store(struct lwc_stack *stack, const struct lwc_identity *identity,
                              const void *secret, size_t len, const char *backend, uint32_t flags,
                              char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct keeping keeping = {.identity = identity, .secret = secret, .len = len};

    return keep(stack, backend, flags, store_in, &keeping, backend_out, err);
}

static void note_removal(void *data, const struct lwc_turn *turn)
{
    struct removal *removal = data;

    if (turn->code == LWC_OK) {
        removal->removed++;
        removal->visit(removal->data, turn->line->backend, NULL);
    } else if (turn->code == LWC_E_NOT_FOUND && removal->absent.msg[0] == '\0') {
        removal->absent = *turn->why;
    } else if (turn->code != LWC_E_NOT_FOUND &&
               (turn->code != LWC_E_UNAVAILABLE || !lwc_survey_expects(turn))) {
        removal->visit(removal->data, turn->line->backend, turn->why);
        if (removal->silent.code == LWC_OK || removal->silent.code == LWC_E_UNAVAILABLE) {
            removal->silent = *turn->why;
            (void)!lwc_wrap(&removal->silent, turn->code, "backend '%s' may hold it still",
                            turn->line->backend);
        }
    }
}

static enum lwc_code remove_everywhere(struct lwc_stack *stack, struct removal *removal,
                                       struct lwc_error *err)
{
    const struct lwc_error *why = &removal->silent;

    (void)!lwc_stack_each(stack, LWC_OP_ERASE, remove_in, note_removal, removal, NULL);
    if (why->code == LWC_OK && removal->removed > 0) {
        return LWC_OK;
    }
    if (why->code == LWC_OK && removal->absent.msg[0] == '\0') {
        return lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT);
    }
    if (err != NULL) {
        *err = why->code != LWC_OK ? *why : removal->absent;
    }
    return why->code != LWC_OK ? why->code : LWC_E_NOT_FOUND;
}

enum lwc_code lwc_stack_remove(struct lwc_stack *stack, const struct lwc_identity *query,
                               const void *secret, size_t len, const char *backend,
                               lwc_removed_fn *visit, void *data, struct lwc_error *err)
{
    struct removal removal = {
        .identity = query, .secret = secret, .len = len, .visit = visit, .data = data};
    enum lwc_code code = LWC_OK;

    if (backend == NULL) {
        return remove_everywhere(stack, &removal, err);
    }
    code = lwc_stack_only(stack, LWC_OP_ERASE, backend, remove_in, &removal, err);
    if (code == LWC_OK) {
        visit(data, backend, NULL);
    }
    return code;
}
