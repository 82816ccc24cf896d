/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/candidates.h"

#include <string.h>

#include "base/hints.h"
#include "base/join.h"

static void add_name(struct lwc_candidates *candidates, const struct lwc_identity *identity)
{
    size_t used = strlen(candidates->names);

    (void)lwc_join(candidates->names + used, sizeof candidates->names - used,
                   LWC_PARTS(used > 0 ? ", " : "", identity->profile,
                             identity->key_id[0] != '\0' ? " (" : "", identity->key_id,
                             identity->key_id[0] != '\0' ? ")" : ""));
}

enum lwc_code lwc_candidates_add(void *data, const struct lwc_identity *identity,
                                 struct lwc_error *err)
{
    struct lwc_candidates *candidates = data;
    bool is_default = lwc_streq(identity->profile, "default");

    if (!lwc_identity_matches(candidates->query, identity) ||
        (candidates->query->kind == LWC_KIND_ANY && !candidates->has_every_kind &&
         !lwc_kind_makes_tokens(identity->kind))) {
        return LWC_OK;
    }
    add_name(candidates, identity);
    if (candidates->count++ == 0 || (is_default && !candidates->is_default)) {
        candidates->is_default = is_default;
        return lwc_identity_copy(identity, &candidates->best, err);
    }
    return LWC_OK;
}

enum lwc_code lwc_candidates_refuse(const struct lwc_candidates *candidates, struct lwc_error *err)
{
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID, "several credentials fit: %s", candidates->names),
                    LWC_HINT_CHOOSE);
}

static enum lwc_code pick_candidate(struct lwc_stack_backend *backend,
                                    struct lwc_candidates *candidates, lwc_backend_list_fn *list,
                                    struct lwc_identity_copy *picked_out, struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = candidates, .visit = lwc_candidates_add};
    enum lwc_code code = list(backend, &visitor, err);

    if (code != LWC_OK) {
        return code;
    }
    if (candidates->count == 0) {
        return LWC_E_NOT_FOUND;
    }
    if (candidates->count > 1 && !candidates->is_default) {
        return lwc_candidates_refuse(candidates, err);
    }
    return lwc_identity_copy(&candidates->best.id, picked_out, err);
}

enum lwc_code lwc_candidates_pick(struct lwc_stack_backend *backend,
                                  const struct lwc_identity *query, lwc_backend_list_fn *list,
                                  struct lwc_identity_copy *picked_out, struct lwc_error *err)
{
    struct lwc_candidates candidates = {.query = query};

    return pick_candidate(backend, &candidates, list, picked_out, err);
}

enum lwc_code lwc_candidates_pick_kept(struct lwc_stack_backend *backend,
                                       const struct lwc_identity *query, lwc_backend_list_fn *list,
                                       struct lwc_identity_copy *picked_out, struct lwc_error *err)
{
    struct lwc_candidates candidates = {.query = query,
                                        .has_every_kind = lwc_is_set(query->profile)};

    return pick_candidate(backend, &candidates, list, picked_out, err);
}
