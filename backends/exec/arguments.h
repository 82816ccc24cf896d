/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_EXEC_ARGUMENTS_H
#define BACKENDS_EXEC_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * The arguments of a line in a stack file, and what they say about credentials.  Git's protocol
 * knows a host, a user name and a password: all else of an identity comes from the line.
 *
 *   command=/PATH      the program
 *   arg=TEXT           an argument for it, before the operation; may be repeated
 *   account=ACCOUNT    the line is for this account alone; else for any below lacework.net
 *   profile=NAME       the profile of its credential: "default" if not said.  Only with account=;
 *                      without that it is the first label of the account
 *   key-id=ID          the one user name that counts
 *   origin=URL         where the secret goes, if not to the account; also the host that is asked for
 *   sub-account=NAME, org-access
 *   timeout=DURATION   for one run of the program; 10 s if not said
 */
struct lwc_exec_line {
    char *path;
    char **argv; /* path, the arg= ones, the operation, NULL */
    size_t argc; /* with the operation                       */
    char account[LWC_ACCOUNT_MAX + 1];
    char origin[LWC_ORIGIN_MAX + 1];
    char profile[LWC_PROFILE_MAX + 1];
    char key_id[LWC_KEY_ID_MAX + 1];
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1];
    uint32_t flags;
    int64_t timeout_s;
};

/* Read the arguments.  @line is cleared with lwc_exec_line_clear(), also after a failure. */
enum lwc_code lwc_exec_line_read(struct lwc_exec_line *line, size_t argc, const char *const *argv,
                                 struct lwc_error *err) LWC_RESULT;
void lwc_exec_line_clear(struct lwc_exec_line *line);

/* An identity and the text in it that is no part of a line. */
struct lwc_exec_target {
    struct lwc_identity identity;
    char account[LWC_ACCOUNT_MAX + 1];
    char profile[LWC_PROFILE_MAX + 1];
};

/*
 * Which credential of this line could be meant by @query?  False: none, and the program need not
 * be asked.  Borrows from @line and @query; the key id is "" where the program will say it.
 */
bool lwc_exec_line_target(const struct lwc_exec_line *line, const struct lwc_identity *query,
                          struct lwc_exec_target *target);

/*
 * Would @identity, stored through this line, come back as it is?  LWC_E_INVALID names the member
 * that would not.
 */
enum lwc_code lwc_exec_line_takes(const struct lwc_exec_line *line,
                                  const struct lwc_identity *identity, struct lwc_error *err)
    LWC_RESULT;

#endif
