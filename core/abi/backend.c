/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything of lwcred/backend.h that host and backend must agree about, as objects whose debug
 * information abidw(1) reads.  Limits are recorded as the sizes of arrays.  Part of no program.
 */
#include <lwcred/backend.h>

#define RECORD __attribute__((visibility("default")))

extern struct lwc_backend lwc_abi_backend;
extern struct lwc_host lwc_abi_host;
extern struct lwc_identity lwc_abi_identity;
extern struct lwc_sink lwc_abi_sink;
extern struct lwc_visitor lwc_abi_visitor;
extern struct lwc_field lwc_abi_field;
extern struct lwc_reporter lwc_abi_reporter;
extern struct lwc_error lwc_abi_error;
extern struct lwc_abi_words lwc_abi_words;
extern struct lwc_abi_limits lwc_abi_limits;

struct lwc_abi_words {
    enum lwc_code code;
    enum lwc_cap cap;
    enum lwc_kind kind;
    enum lwc_identity_flag identity_flag;
    enum lwc_log_level log_level;
    enum lwc_prompt_flag prompt_flag;
    enum lwc_store_flag store_flag;
};

struct lwc_abi_limits {
    char abi_major[LWC_ABI_MAJOR(LWC_BACKEND_ABI)];
    char caps_known[LWC_CAPS_KNOWN];
    char backend_name[LWC_BACKEND_NAME_MAX];
    char backend_summary[LWC_BACKEND_SUMMARY_MAX];
    char backend_needs[LWC_BACKEND_NEEDS_MAX];
    char profile[LWC_PROFILE_MAX];
    char account[LWC_ACCOUNT_MAX];
    char origin[LWC_ORIGIN_MAX];
    char key_id[LWC_KEY_ID_MAX];
    char sub_account[LWC_SUB_ACCOUNT_MAX];
    char secret[LWC_SECRET_MAX];
    char verb[LWC_VERB_MAX];
    char verb_args[LWC_VERB_ARGS_MAX];
    char verb_arg[LWC_VERB_ARG_MAX];
    char field_name[LWC_FIELD_NAME_MAX];
    char field_value[LWC_FIELD_VALUE_MAX];
    char fields[LWC_FIELDS_MAX];
    char records[LWC_RECORDS_MAX];
};

RECORD struct lwc_backend lwc_abi_backend;
RECORD struct lwc_host lwc_abi_host;
RECORD struct lwc_identity lwc_abi_identity;
RECORD struct lwc_sink lwc_abi_sink;
RECORD struct lwc_visitor lwc_abi_visitor;
RECORD struct lwc_field lwc_abi_field;
RECORD struct lwc_reporter lwc_abi_reporter;
RECORD struct lwc_error lwc_abi_error;
RECORD struct lwc_abi_words lwc_abi_words;
RECORD struct lwc_abi_limits lwc_abi_limits;
