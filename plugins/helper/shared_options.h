/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_SHARED_OPTIONS_H
#define PLUGINS_HELPER_SHARED_OPTIONS_H

#include "plugins/helper/command.h"

/*
 * Options that every command has, and those that several may have.  An option of one command alone
 * stands in its file.
 */

/* Options of the program, in the order of its help text; ends in NULL. */
extern const struct lwc_option *const lwc_program_options[];

extern const struct lwc_option lwc_opt_profile;
extern const struct lwc_option lwc_opt_account;
extern const struct lwc_option lwc_opt_service;
extern const struct lwc_option lwc_opt_config;
extern const struct lwc_option lwc_opt_no_prompt;
extern const struct lwc_option lwc_opt_timeout;
extern const struct lwc_option lwc_opt_json;
extern const struct lwc_option lwc_opt_quiet;
extern const struct lwc_option lwc_opt_verbose;
extern const struct lwc_option lwc_opt_version;
extern const struct lwc_option lwc_opt_help;

extern const struct lwc_option lwc_opt_format;
extern const struct lwc_option lwc_opt_ttl;
extern const struct lwc_option lwc_opt_min_valid;
extern const struct lwc_option lwc_opt_sub_account;
extern const struct lwc_option lwc_opt_org_access;
extern const struct lwc_option lwc_opt_key_id;
extern const struct lwc_option lwc_opt_secret_file;
extern const struct lwc_option lwc_opt_secret_stdin;
extern const struct lwc_option lwc_opt_backend;
extern const struct lwc_option lwc_opt_api_url;
extern const struct lwc_option lwc_opt_no_verify;
extern const struct lwc_option lwc_opt_replace;
extern const struct lwc_option lwc_opt_from;
extern const struct lwc_option lwc_opt_dry_run;
extern const struct lwc_option lwc_opt_delete_source;

#endif
