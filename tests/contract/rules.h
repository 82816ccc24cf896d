/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_RULES_H
#define TESTS_CONTRACT_RULES_H

#include "tests/contract/fixture.h"

/*
 * The rules of lwcred/backend.h that a program can observe, one function each.  A rule returns
 * true if it is kept; else it has said what was wrong with fixture_say().  Every fault that a module
 * can have breaks one rule, as far as possible: a rule looks at one thing only.
 */
enum rule_flag {
    RULE_NEEDS_HELD = 1u << 0,    /* applies if the caller described a credential that is held */
    RULE_NEEDS_PROBE = 1u << 1,   /* applies if the module has probe()                         */
    RULE_NEEDS_CONTROL = 1u << 3, /* applies if the module has control()                   */
    RULE_PRINTS = 1u << 2,        /* is broken if anything was printed                         */
};

struct rule {
    const char *name;
    const char *text;  /* what must hold                      */
    uint32_t caps;     /* without these it does not apply     */
    uint32_t caps_not; /* with one of these it does not apply */
    uint32_t flags;    /* enum rule_flag                      */
    bool (*kept)(struct fixture *fixture);
};

extern const struct rule rules[];
extern const size_t rule_count;

#define READ_WRITE (LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE)
#define READ_WRITE_LIST (READ_WRITE | LWC_CAP_LIST)

/* rules_form.c: the module as a guest in a process */
bool rule_open_close(struct fixture *fixture);
bool rule_open_unknown_argument(struct fixture *fixture);
bool rule_open_copies_arguments(struct fixture *fixture);
bool rule_failure_text(struct fixture *fixture);
bool rule_no_output(struct fixture *fixture);
bool rule_process_untouched(struct fixture *fixture);
bool rule_descriptors_closed(struct fixture *fixture);
bool rule_no_child_left(struct fixture *fixture);
bool rule_prompt_declared(struct fixture *fixture);
bool rule_secret_in_no_text(struct fixture *fixture);
bool rule_unlock_lock(struct fixture *fixture);
bool rule_probe_changes_nothing(struct fixture *fixture);

/* rules_control.c: control() */
bool rule_control_unknown_verb(struct fixture *fixture);
bool rule_control_records(struct fixture *fixture);
bool rule_control_ends(struct fixture *fixture);

/* rules_find.c: find() and list() */
bool rule_held_found(struct fixture *fixture);
bool rule_held_listed(struct fixture *fixture);
bool rule_absent_not_found(struct fixture *fixture);
bool rule_find_by_each_member(struct fixture *fixture);
bool rule_find_every_member_counts(struct fixture *fixture);
bool rule_find_several_invalid(struct fixture *fixture);
bool rule_find_gives_once(struct fixture *fixture);
bool rule_find_passes_failure_on(struct fixture *fixture);
bool rule_list_asks_nothing(struct fixture *fixture);
bool rule_list_each_once(struct fixture *fixture);
bool rule_list_whole(struct fixture *fixture);
bool rule_list_ends(struct fixture *fixture);

/* rules_keep.c: store() and erase() */
bool rule_identity_whole(struct fixture *fixture);
bool rule_identity_longest(struct fixture *fixture);
bool rule_identity_malformed(struct fixture *fixture);
bool rule_token_kept(struct fixture *fixture);
bool rule_profile_case(struct fixture *fixture);
bool rule_replace_on_demand(struct fixture *fixture);
bool rule_secret_any_bytes(struct fixture *fixture);
bool rule_secret_largest(struct fixture *fixture);
bool rule_secret_empty(struct fixture *fixture);
bool rule_secret_oversize(struct fixture *fixture);
bool rule_next_process_finds(struct fixture *fixture);
bool rule_states_agree(struct fixture *fixture);
bool rule_erase_absent(struct fixture *fixture);
bool rule_erase_one(struct fixture *fixture);
bool rule_erase_every_member_counts(struct fixture *fixture);

#endif
