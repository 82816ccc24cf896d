/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_RULES_H
#define TESTS_CONTRACT_RULES_H

#include "tests/contract/fixture.h"

/*
 * The rules of lwcred/backend.h that a program can observe, one function each.  A rule returns
 * true if it is kept; else it has said what was wrong with bench_say().  Every fault that a module
 * can have breaks one rule, as far as possible: a rule looks at one thing only.
 */
enum rule_flag {
    RULE_NEEDS_HELD = 1u << 0,  /* applies if the caller described a credential that is held */
    RULE_NEEDS_PROBE = 1u << 1, /* applies if the module has probe()                         */
    RULE_PRINTS = 1u << 2,      /* is broken if anything was printed                         */
};

struct rule {
    const char *name;
    const char *text;  /* what must hold                      */
    uint32_t caps;     /* without these it does not apply     */
    uint32_t caps_not; /* with one of these it does not apply */
    uint32_t flags;    /* enum rule_flag                      */
    bool (*kept)(struct bench *bench);
};

extern const struct rule rules[];
extern const size_t rule_count;

#define READ_WRITE (LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE)
#define READ_WRITE_LIST (READ_WRITE | LWC_CAP_LIST)

/* rules_form.c: the module as a guest in a process */
bool rule_open_close(struct bench *bench);
bool rule_open_unknown_argument(struct bench *bench);
bool rule_open_copies_arguments(struct bench *bench);
bool rule_failure_text(struct bench *bench);
bool rule_no_output(struct bench *bench);
bool rule_process_untouched(struct bench *bench);
bool rule_descriptors_closed(struct bench *bench);
bool rule_no_child_left(struct bench *bench);
bool rule_prompt_declared(struct bench *bench);
bool rule_secret_in_no_text(struct bench *bench);
bool rule_unlock_lock(struct bench *bench);
bool rule_probe_changes_nothing(struct bench *bench);

/* rules_find.c: find() and list() */
bool rule_held_found(struct bench *bench);
bool rule_held_listed(struct bench *bench);
bool rule_absent_not_found(struct bench *bench);
bool rule_find_by_each_member(struct bench *bench);
bool rule_find_every_member_counts(struct bench *bench);
bool rule_find_several_invalid(struct bench *bench);
bool rule_find_gives_once(struct bench *bench);
bool rule_find_passes_failure_on(struct bench *bench);
bool rule_list_asks_nobody(struct bench *bench);
bool rule_list_each_once(struct bench *bench);
bool rule_list_whole(struct bench *bench);
bool rule_list_ends(struct bench *bench);

/* rules_keep.c: store() and erase() */
bool rule_identity_whole(struct bench *bench);
bool rule_identity_longest(struct bench *bench);
bool rule_identity_malformed(struct bench *bench);
bool rule_token_kept(struct bench *bench);
bool rule_profile_case(struct bench *bench);
bool rule_replace_on_demand(struct bench *bench);
bool rule_secret_any_bytes(struct bench *bench);
bool rule_secret_largest(struct bench *bench);
bool rule_secret_empty(struct bench *bench);
bool rule_secret_oversize(struct bench *bench);
bool rule_next_process_finds(struct bench *bench);
bool rule_states_agree(struct bench *bench);
bool rule_erase_absent(struct bench *bench);
bool rule_erase_one(struct bench *bench);
bool rule_erase_every_member_counts(struct bench *bench);

#endif
